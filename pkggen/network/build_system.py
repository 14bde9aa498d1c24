"""What a source tree says of its build back-end (PEP 517, PEP 518), as uv reads it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import uv
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from pkggen.errors import ConfigurationError
from pkggen.reading import parse_toml, read_text, table_in, texts_in
from pkggen.run import version_of

_LEGACY = "setuptools.build_meta:__legacy__"


@dataclass(frozen=True, slots=True)
class BuildSystem:
    """``[build-system]``: what it requires, the object that is called, and where in the tree that lies, if there.

    ``constraints`` are uv's ``build-constraint-dependencies``. ``sourced`` tells that ``[tool.uv.sources]`` says
    where something required comes from.
    """

    requires: tuple[str, ...]
    name: str = _LEGACY
    path: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    sourced: bool = False

    def is_uvs_own(self) -> bool:
        """Tell whether uv builds it by itself: then no code of anybody else runs, and nothing is required."""
        if self.name != "uv_build" or self.path or len(self.requires) != 1:
            return False
        asked = Requirement(self.requires[0])
        version = version_of(uv.find_uv_bin()).split()[1]
        return canonicalize_name(asked.name) == "uv-build" and asked.specifier.contains(version)


def read_build_system(tree: Path) -> BuildSystem:
    """Return what pyproject.toml of ``tree`` says; without it, setuptools is meant. Raises ConfigurationError."""
    path = tree / "pyproject.toml"
    try:
        pyproject = parse_toml(read_text(path, path.name)) if path.is_file() else {}
    except ValueError as error:
        raise ConfigurationError(f"not valid TOML: {error}", where=path.name) from error
    uvs = table_in(pyproject, "tool", "uv")
    constraints = texts_in(uvs, "build-constraint-dependencies")
    if "build-system" not in pyproject:
        return BuildSystem(("setuptools>=40.8.0",), constraints=constraints)
    system = table_in(pyproject, "build-system")
    requires = texts_in(system, "requires")
    try:
        names = {canonicalize_name(Requirement(text).name) for text in requires}
    except InvalidRequirement as error:
        what = str(error).splitlines()[0]
        raise ConfigurationError(what, where=f"{path.name}: build-system.requires") from error
    sources = {canonicalize_name(name) for name in table_in(uvs, "sources")}
    return BuildSystem(
        requires,
        str(system.get("build-backend") or _LEGACY),
        texts_in(system, "backend-path"),
        constraints,
        bool(names & sources),
    )
