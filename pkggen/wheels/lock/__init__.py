"""Locks of every kind, found, read and made, all as PEP 751; no file of a wheel is opened here."""
