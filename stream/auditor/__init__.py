"""The witness: recounts what Kafka keeps, and shares no code with what it checks."""
