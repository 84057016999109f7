"""Prepares a checkout: system packages, the Python environment, the jars, the pages.

Runs on a bare Python, before anything is installed: the standard library only.
"""
