"""A match with its crowd, during which parts of the system are killed."""
