"""What is read over HTTP: each room's newest frame."""
