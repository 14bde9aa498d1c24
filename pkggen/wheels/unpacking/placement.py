"""Where a wheel's members go below a venv's prefix.

Source: the binary distribution format ("Spreading"); the schemes are sysconfig's for a venv.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from pkggen.errors import Problem
from pkggen.wheels.unpacking.dist_info import Identity, command_problem
from pkggen.wheels.unpacking.record import SIGNATURES
from pkggen.wheels.unpacking.zip_members import Member

_DATA = re.compile(r"(?P<name>[^/]+?)-(?P<version>[^/-]+)\.data")


@dataclass(frozen=True, slots=True)
class Placed:
    """A member and its path below the prefix; ``script``: it comes from ``.data/scripts``."""

    member: Member
    path: str
    script: bool = False


@dataclass(frozen=True, slots=True)
class Placement:
    """The paths of one wheel in the venv of one Python.

    ``library`` is "lib/python3.13", ``info`` the dist-info directory.
    """

    identity: Identity
    library: str
    info: str

    @property
    def site(self) -> str:
        """Return site-packages below the prefix."""
        return f"{self.library}/site-packages"

    def place(self, members: Sequence[Member]) -> tuple[list[Placed], list[Problem]]:
        """Return where each member goes (byte code and signatures are dropped) and what has no place."""
        placed: list[Placed] = []
        problems: list[Problem] = []
        dropped = {f"{self.info}/{name}" for name in ("RECORD", "INSTALLER", "REQUESTED", *SIGNATURES)}
        for member in members:
            if member.name in dropped or "__pycache__" in member.name.split("/"):
                continue
            found = self._placed(member)
            if isinstance(found, str):
                problems.append(Problem(found, f"{self.identity.filename}: {member.name}"))
            else:
                placed.append(found)
        return placed, problems

    def _placed(self, member: Member) -> Placed | str:
        top, _, rest = member.name.partition("/")
        match = _DATA.fullmatch(top) if rest else None
        if not match:
            return Placed(member, f"{self.site}/{member.name}")
        if not self._is_own(match["name"], match["version"]):
            return f"{top} is the data directory of another distribution"
        scheme, _, inner = rest.partition("/")
        if not inner:
            return "a file beside the schemes of the data directory"
        bases = {
            "purelib": f"{self.site}/",
            "platlib": f"{self.site}/",
            "headers": f"include/site/{self.library.removeprefix('lib/')}/{self.identity.name}/",
            "scripts": "bin/",
            "data": "",
        }
        if scheme not in bases:
            return f"unknown scheme {scheme!r} in the data directory"
        return self._checked(member, bases[scheme] + inner, script=scheme == "scripts")

    def _checked(self, member: Member, path: str, *, script: bool) -> Placed | str:
        if path.startswith("bin/"):
            bad = command_problem(path.removeprefix("bin/"), self.identity.name)
            if bad:
                return f"script {path.removeprefix('bin/')!r}: {bad}"
        if path == "pyvenv.cfg":
            return "it would replace the environment's own pyvenv.cfg"
        return Placed(member, path, script)

    def _is_own(self, name: str, version: str) -> bool:
        try:
            same = Version(version.replace("_", "+", 1) if "+" not in version else version) == self.identity.version
        except InvalidVersion:
            same = False
        return canonicalize_name(name) == self.identity.name and same
