"""Turns the reaction log into frames: the state of each room in each window."""
