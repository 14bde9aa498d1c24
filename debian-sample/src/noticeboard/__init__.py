"""A web service that shows one notice to all who ask."""

from importlib.metadata import version

__version__ = version("noticeboard")
