"""The same system in containers: each part of the topology in one of its own."""
