"""Byte code, compiled by the target's interpreter; what is compiled, and whether, is said by callers."""
