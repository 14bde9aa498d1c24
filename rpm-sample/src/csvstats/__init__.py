"""Statistics of the number columns of CSV files."""

from importlib.metadata import version

__version__ = version("csvstats")
