"""A cluster's worker: relays rooms' frames to the registered clients of its slots."""
