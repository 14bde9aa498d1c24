"""Counts what it is told to count."""
