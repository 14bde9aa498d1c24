"""Settings that are right each by itself and can't be had together."""

from __future__ import annotations

from collections.abc import Iterator

from pkggen.errors import Problem
from pkggen.schema import Config


def clashes(config: Config) -> Iterator[Problem]:
    """Yield a problem for each key that another one rules out; the command line's wishes are in ``config``."""
    if config.venv.mode == "packaged":
        yield from _packaged(config)


def _packaged(config: Config) -> Iterator[Problem]:
    if "keep" in config.venv.model_fields_set:
        what = 'keeps earlier releases, and with venv.mode = "packaged" there are none'
        yield Problem(what, "tool.pkggen.venv.keep", "remove it; to go back, install the older package")
    if config.python.source == "system":
        what = 'leaves byte code to the target, and with venv.mode = "packaged" that makes none'
        yield Problem(what, "tool.pkggen.python.source", "embed an interpreter, or leave venv.mode out")
