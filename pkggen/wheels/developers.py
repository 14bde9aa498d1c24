"""Distributions that developers work with, and applications seldom run with: told where they are packed unasked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from packaging.utils import canonicalize_name

from pkggen.model import Distribution

# what tests, checks, formats, builds or publishes code, by PyPI's names
_TOOLS = frozenset(
    [
        "autopep8",
        "bandit",
        "black",
        "build",
        "bumpversion",
        "bump2version",
        "check-manifest",
        "codespell",
        "coverage",
        "flake8",
        "hatch",
        "hypothesis",
        "ipdb",
        "isort",
        "mypy",
        "nose",
        "nox",
        "pip-tools",
        "pre-commit",
        "pycodestyle",
        "pyflakes",
        "pylint",
        "pyright",
        "pytest",
        "pytest-asyncio",
        "pytest-cov",
        "pytest-mock",
        "pytest-xdist",
        "ruff",
        "sphinx-autobuild",
        "tox",
        "twine",
        "yapf",
    ]
)


def developers_tools(distributions: Iterable[Distribution]) -> list[Distribution]:
    """Return those of ``distributions`` that are tools for developers."""
    return [d for d in distributions if canonicalize_name(d.wheel.name) in _TOOLS]


def told(stray: Sequence[Distribution], lock: str) -> str:
    """Return the warning of tools that only the file ``lock`` asks for; what they need comes along."""
    names = ", ".join(d.wheel.name for d in stray)
    size = sum(e.size for d in stray for e in d.tree.entries) / 1e6
    return (
        f"{names} ({size:.1f} MB) are packed, with what they need: {lock} asks for these tools for developers, and the "
        "project itself does not. wheels.exclude leaves them out; wheels.lock names another lock"
    )
