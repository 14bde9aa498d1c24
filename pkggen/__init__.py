"""pkggen turns a Python project into native packages (.deb, .rpm) that carry all they need."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("pkggen")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0.0.0"
