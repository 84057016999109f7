"""How many clusters and workers run: changed while they run, by a person or by load."""
