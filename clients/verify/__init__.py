"""Checks a running system from outside: HTTP and MQTT, and nothing else of it."""
