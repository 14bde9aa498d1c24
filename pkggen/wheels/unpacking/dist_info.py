"""What a wheel says of itself: WHEEL, METADATA and entry_points.txt.

Sources: the binary distribution format and the core metadata specifications, the entry
points specification.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable
from configparser import ConfigParser
from configparser import Error as ConfigParserError
from dataclasses import dataclass
from email.message import Message

from installer.utils import parse_metadata_file
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.tags import Tag, parse_tag
from packaging.utils import canonicalize_name, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from pkggen.errors import Problem
from pkggen.metadata.headers import read_headers
from pkggen.model import Script

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*")
_VALUE = re.compile(r"(?P<module>[\w.]+)\s*:\s*(?P<attr>[\w.]+)\s*(\[.*\])?", re.ASCII)
# what a venv's bin/ holds already; pip's are its own
_RESERVED = re.compile(r"pythonw?[0-9.]*|activate(\.(csh|fish|nu|ps1|bat|sh)|_this\.py)?|deactivate(\..*)?", re.I)
_PIP = re.compile(r"pip[0-9.]*")
_LONGEST_NAME = 245  # bytes of a command: 255 for a file, less the ending it has while it is written
_LONGEST = 200  # letters of a licence that some projects paste whole


@dataclass(frozen=True, slots=True)
class Identity:
    """Name (normalised), version and tags as a wheel's file name gives them."""

    filename: str
    name: str
    version: Version
    tags: frozenset[Tag]

    @classmethod
    def of(cls, filename: str) -> Identity:
        """Parse ``filename``; raises packaging's InvalidWheelFilename."""
        name, version, _, tags = parse_wheel_filename(filename)
        return cls(filename, str(name), version, tags)


@dataclass(frozen=True, slots=True)
class About:
    """The descriptive part of METADATA, each a single line."""

    summary: str
    licence: str
    homepage: str


def wheel_problems(text: str, where: str) -> list[Problem]:
    """Check the WHEEL file: its version is 1.x. Its tags are told, not checked: installers go by the file name."""
    version = str(parse_metadata_file(text).get("Wheel-Version", "")).strip()
    if version.split(".")[0] == "1":
        return []
    return [Problem(f"Wheel-Version {version or 'missing'} is not supported, 1.x is", where)]


def declared_tags(text: str) -> frozenset[str]:
    """Return the tags that a WHEEL file lists, one by one; what is no tag stays as it is written."""
    tags: set[str] = set()
    for value in parse_metadata_file(text).get_all("Tag", []):
        try:
            tags.update(map(str, parse_tag(str(value).strip())))
        except ValueError:
            tags.add(str(value).strip())
    return frozenset(tags)


def metadata_problems(text: str, identity: Identity, python: str, where: str) -> list[Problem]:
    """Check METADATA against the file name, and Requires-Python against ``python`` ("3.13.5")."""
    message = read_headers(text)
    name, version = str(message.get("Name", "")).strip(), str(message.get("Version", "")).strip()
    problems = []
    if canonicalize_name(name) != identity.name:
        problems.append(Problem(f"Name {name!r} is unlike the file name's {identity.name!r}", where))
    try:
        if Version(version) != identity.version:
            problems.append(Problem(f"Version {version!r} is unlike the file name's {identity.version}", where))
    except InvalidVersion:
        problems.append(Problem(f"Version {version!r} is not a PEP 440 version", where))
    requires = str(message.get("Requires-Python", "") or "").strip()
    try:
        if requires and not SpecifierSet(requires).contains(python, prereleases=True):
            remedy = "choose another version of it, or another interpreter"
            problems.append(Problem(f"it requires Python {requires}, the interpreter is {python}", where, remedy))
    except InvalidSpecifier:
        pass  # old projects write what PEP 440 does not know; installers ignore it
    return problems


def read_about(text: str) -> About:
    """Return summary, licence (License-Expression, else License, else classifiers) and homepage."""
    message = read_headers(text)
    return About(_line(message, "Summary"), _licence(message), _homepage(message))


def read_scripts(text: str, distribution: str, where: str) -> tuple[tuple[Script, ...], list[Problem]]:
    """Return the console and GUI scripts of entry_points.txt, and what is wrong with any of them.

    ``distribution`` is the wheel's normalised name: only pip may have commands called pip.
    """
    parser = ConfigParser(delimiters="=", interpolation=None, strict=True)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    try:
        parser.read_string(text)
    except ConfigParserError as error:
        return (), [Problem(f"can't be read: {str(error).splitlines()[0]}", where)]
    scripts: dict[str, Script] = {}
    problems: list[Problem] = []
    for section in ("console_scripts", "gui_scripts"):
        for name, value in parser.items(section) if parser.has_section(section) else ():
            bad = command_problem(name, distribution)
            match = _VALUE.fullmatch(value.strip())
            if bad:
                problems.append(Problem(f"entry point {name!r}: {bad}", where))
            elif not match or not _is_reference(match["module"], match["attr"]):
                problems.append(Problem(f"entry point {name!r}: {value!r} is not module:attribute", where))
            else:
                scripts[name] = Script(name, match["module"], match["attr"])
    return tuple(scripts[n] for n in sorted(scripts)), problems


def command_problem(name: str, distribution: str) -> str:
    """Return why ``name`` can't be a command in a venv's bin/, or ""."""
    if len(name.encode()) > _LONGEST_NAME:
        return f"its name has {len(name.encode())} bytes, more than {_LONGEST_NAME}"
    if not _NAME.fullmatch(name) or name in {".", ".."}:
        return "not a plain command name"
    if _RESERVED.fullmatch(name) or (_PIP.fullmatch(name) and distribution != "pip"):
        return "the name is reserved: it would replace a command of the environment"
    return ""


def _is_reference(*dotted: str) -> bool:
    return all(part.isidentifier() and not keyword.iskeyword(part) for text in dotted for part in text.split("."))


def _line(message: Message, field: str) -> str:
    value = str(message.get(field, "") or "").strip()
    line = " ".join(value.split())
    return "" if line.upper() == "UNKNOWN" else line


def _licence(message: Message) -> str:
    declared = _line(message, "License-Expression") or _line(message, "License")
    if declared and len(declared) <= _LONGEST:
        return declared
    return " AND ".join(_classified(message.get_all("Classifier", []))) or declared[:_LONGEST]


def _classified(values: Iterable[object]) -> list[str]:
    found = [str(v).split(" :: ") for v in values]
    return sorted({parts[-1].strip() for parts in found if parts[0] == "License" and len(parts) > 1})


def _homepage(message: Message) -> str:
    urls: dict[str, str] = {}
    for value in message.get_all("Project-URL", []):
        label, _, url = " ".join(str(value).split()).partition(",")
        # the specification's own normalisation of well-known labels
        urls.setdefault(re.sub(r"[\W_]+", "", label).lower(), url.strip())
    labels = ("homepage", "source", "sourcecode", "repository", "code", "github", "documentation")
    return _line(message, "Home-page") or next((urls[label] for label in labels if label in urls), "")
