"""Dependency groups of pyproject.toml (PEP 735)."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from packaging.dependency_groups import resolve_dependency_groups

from pkggen.errors import ConfigurationError
from pkggen.reading import parse_toml

if sys.version_info >= (3, 11):
    pass
else:
    pass


def group_requirements(root: Path, groups: Sequence[str]) -> tuple[str, ...]:
    """Return the requirements of ``groups``, includes followed.

    Raises ConfigurationError when a group is not there, malformed or includes itself.
    """
    try:
        data = parse_toml((root / "pyproject.toml").read_text(encoding="utf-8"))
        declared = data.get("dependency-groups", {})
        return tuple(map(str, resolve_dependency_groups(declared, *groups)))
    except OSError as error:
        raise ConfigurationError(f"there are no dependency groups: {error.strerror}", where="pyproject.toml") from error
    except Exception as error:  # a group of exceptions, or whatever malformed data leads the library to
        reasons = getattr(error, "exceptions", (error,))
        words = "; ".join(str(r) for r in reasons)
        raise ConfigurationError(words, where="pyproject.toml: dependency-groups") from error
