"""requirements.txt: what it asks for and which hashes it allows.

Only what a lock needs is understood here: requirements, their ``--hash`` options, ``-r`` and
``-c`` includes, and the options that say where packages come from. Resolving is uv's task.
Source: pip's "Requirements File Format".
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from pkggen.errors import ConfigurationError, Problem
from pkggen.network.address import filename_of, redacted

_HASH = re.compile(r"\s--hash[=\s]\s*(\S+)")
_COMMENT = re.compile(r"(^|\s)#.*$")
_INDEX_OPTIONS = {"-i": "--index-url", "--index-url": "--index-url", "--extra-index-url": "--extra-index-url"}
_FLAGS = {"--no-index", "--pre", "--require-hashes", "--prefer-binary"}


@dataclass(frozen=True, slots=True)
class Pin:
    """One requirement as written: ``hashes`` are "algorithm:hex"; ``where`` is "file:line"."""

    requirement: Requirement
    hashes: frozenset[str]
    where: str

    @property
    def name(self) -> str:
        """Return the normalised name."""
        return canonicalize_name(self.requirement.name)

    @property
    def exact(self) -> bool:
        """Tell whether one version, and no other, is meant."""
        specifiers = list(self.requirement.specifier)
        return len(specifiers) == 1 and specifiers[0].operator in {"==", "==="} and "*" not in specifiers[0].version


@dataclass(frozen=True, slots=True)
class Requirements:
    """A requirements file with its includes: ``options`` are uv's own words, paths absolute."""

    path: Path
    pins: tuple[Pin, ...]
    constraints: tuple[str, ...] = ()
    options: tuple[str, ...] = ()

    @property
    def hashed(self) -> bool:
        """Tell whether any requirement carries a hash (then, as for pip, all of them must)."""
        return any(pin.hashes for pin in self.pins)


def read_requirements(path: Path) -> Requirements:
    """Read ``path`` and everything it includes.

    Raises ConfigurationError that names file and line of each line that can't be read. The
    project itself (``.`` or ``-e .``) is left out.
    """
    reader = _Reader(path.parent)
    reader.read(path, (), as_constraints=False)
    ConfigurationError.raise_all(reader.problems)
    return Requirements(path, tuple(reader.pins), tuple(reader.constraints), tuple(reader.options))


def logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield (number of the first physical line, text) with comments cut and continuations joined."""
    start, parts = 0, list[str]()
    for number, line in enumerate(text.splitlines(), 1):
        start = start if parts else number
        bare = _COMMENT.sub("", line)
        if bare.endswith("\\"):
            parts.append(bare[:-1])
            continue
        joined = " ".join([*parts, bare]).strip()
        parts = []
        if joined:
            yield start, joined
    if parts and " ".join(parts).strip():
        yield start, " ".join(parts).strip()


class _Reader:
    """Collects the lines of one file and its includes, and what is wrong with them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.pins: list[Pin] = []
        self.constraints: list[str] = []
        self.options: list[str] = []
        self.problems: list[Problem] = []

    def read(self, path: Path, parents: tuple[Path, ...], *, as_constraints: bool) -> None:
        try:
            text = path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            self.problems.append(Problem(f"can't be read: {reason}", str(path)))
            return
        for number, line in logical_lines(text):
            where = f"{path.name}:{number}"
            if line.startswith("-"):
                self._option(line, where, path, (*parents, path), as_constraints=as_constraints)
            elif as_constraints:
                self.constraints.append(_HASH.sub("", f" {line}").strip())
            else:
                self._requirement(line, where)

    def _requirement(self, line: str, where: str) -> None:
        if line in {".", "./"} or line.startswith((".[", "./[")):
            return
        text = _HASH.sub("", line).strip()
        try:
            requirement = Requirement(text)
        except InvalidRequirement as error:
            reason = str(error).splitlines()[0]
            remedy = ""
            if text.startswith((".", "/")) or "://" in text:
                reason = f"{filename_of(text) or redacted(text)} is a path or a URL without a name"
                remedy = "write it as 'name @ URL', or put its wheel into a directory for find-links and pin it"
            self.problems.append(Problem(redacted(reason), where, remedy))
            return
        hashes = frozenset(h.lower() for h in _HASH.findall(line))
        self.pins.append(Pin(requirement, hashes, where))

    def _option(self, line: str, where: str, path: Path, parents: tuple[Path, ...], *, as_constraints: bool) -> None:
        name, _, value = line.replace("=", " ", 1).partition(" ") if line.startswith("--") else line.partition(" ")
        value = " ".join(shlex.split(value)) if value.strip() else ""
        if name in {"-r", "--requirement", "-c", "--constraint"}:
            included = path.parent / value
            if included in parents:
                self.problems.append(Problem(f"{value} includes itself", where))
                return
            self.read(included, parents, as_constraints=as_constraints or name in {"-c", "--constraint"})
        elif name in _INDEX_OPTIONS:
            self.options += [_INDEX_OPTIONS[name], value]
        elif name in {"-f", "--find-links"}:
            self.options += ["--find-links", value if "://" in value else str(path.parent / value)]
        elif name in {"-e", "--editable"}:
            if value.split("[")[0] not in {".", "./"}:
                remedy = "build it to a wheel, put that into a directory for find-links and pin it"
                self.problems.append(Problem(f"editable requirement {redacted(value)}", where, remedy))
        elif name == "--no-index":
            self.options.append(name)
        elif name not in _FLAGS and name not in {"--only-binary", "--no-binary", "--trusted-host"}:
            self.problems.append(Problem(f"unknown option {name}", where))
