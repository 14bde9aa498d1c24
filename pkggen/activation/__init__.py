"""Code that runs on the target, and the contract that the builder keeps with it: the standard library alone.

All of it is shipped as one file, ``lib/activate.pyz``; protocol.py says what that does. Nothing of the
builder belongs here, and what only the builder needs neither.
"""
