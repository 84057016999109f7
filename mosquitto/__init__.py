"""What every MQTT hop agrees on: topics, rights and broker configuration."""
