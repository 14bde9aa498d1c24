"""Signed apt and yum repositories: immutable objects, one head for each channel, and indexes made of them.

What a channel holds is a generation, an object that never changes; its head names the current one
and is switched by compare-and-swap. Indexes are made anew of a generation whenever that is needed.
"""
