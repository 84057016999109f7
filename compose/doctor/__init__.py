"""Whether this machine and this checkout can run the system, and what helps."""
