"""Accepts reactions over HTTP and appends them to the reaction log in Kafka."""
