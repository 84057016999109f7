"""Carries frames and the pulse from Kafka to the main MQTT broker."""
