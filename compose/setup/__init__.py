"""Prepares a checkout: system packages, the Python environment, the jars.

Runs on a bare Python, before anything is installed: the standard library only.
"""
