"""A crowd of clients, as many as one machine can play."""
