"""Roots that are rpm's own: converted from Debian packages, installed by rpm, owned by rpm.

inventory   what a Debian root holds and which package owns it
spec        that, as one spec with a sub-package for each Debian package
additions   what an Enterprise Linux system has and a Debian one lacks
convert.sh  builds the spec and installs its packages, in a box over the Debian root
recipe      the whole of it
"""
