"""Readers of finished packages, ``.deb`` and ``.rpm``, as data; nothing is written here, and no other program runs."""
