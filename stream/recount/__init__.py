"""Counts a room again from the raw reactions that Kafka still holds.

A witness after the fact: no code of the counting is used here, nor the header that
spares the stream the values. Whatever the stream did wrong shows as a difference.
"""
