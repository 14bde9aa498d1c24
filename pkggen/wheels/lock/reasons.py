"""Why uv found no versions, in the words of this project: its own options and folders mean nothing to our users."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from pkggen.errors import Problem

_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
_NO_WHEEL = re.compile(
    rf"Wheels are required for `({_NAME})`|(?:^|\s)({_NAME})(?:\[[^\]]*\])?(?:[<>=!~][^\s`]*)? has no usable wheels"
)
_ONLY_PYTHON = re.compile(
    rf"({_NAME})(\S*) only supports ([<>=!~][^)]*)\)|\b({_NAME})(\S*) depends on Python([<>=!~]\S+)"
)
_UNKNOWN = re.compile(rf"\b({_NAME}) was not found in the (?:package registry|provided package locations)")
_NO_VERSION = re.compile(r"there (?:is no version of|are no versions of) (\S+?),? and ")
_UNREACHED = re.compile(r"Failed to fetch: `?(\S+?)`?$", re.M)
_STATUS = re.compile(r"HTTP status \w+ error \((\d{3} [\w ]+)\)")
_CAUSE = re.compile(r"^\s*(?:cause|Caused by|╰─▶|├─▶):?\s*", re.M)
_MINORS = (13, 12, 11, 10, 14, 9)  # in the order that we would choose a Python in


def source_only(reason: str) -> str:
    """Return the name, normalised, of which uv says that there is only a source archive; "" for other reasons."""
    match = _NO_WHEEL.search(reason)
    return canonicalize_name(match[1] or match[2]) if match else ""


def building(names: Sequence[str]) -> str:
    """Return the way out for what has only a source archive: the line to write, the option, and what it takes."""
    listed = ", ".join(f'"{name}"' for name in names)
    options = " ".join(f"--build {name}" for name in names)
    return (
        f"allow building here what you trust: wheels.build = [{listed}], or {options}; what has C or Rust in it"
        " also needs gcc with the headers of its libraries, or cargo"
    )


def lacking_wheels(names: Sequence[str], where: str) -> Problem:
    """Return the problem of all ``names`` that have only a source archive."""
    what = f"{', '.join(names)} {'have' if len(names) > 1 else 'has'} only source archives, no wheels"
    return Problem(what, where, building(names))


def explained(reason: str, where: str, python: str) -> Problem | None:
    """Return what uv's ``reason`` means; None when it is none of the usual ones.

    ``python`` is the interpreter's minor version ("3.11").
    """
    if match := _ONLY_PYTHON.search(reason):
        name, version, wanted = (match[1], match[2], match[3]) if match[1] else (match[4], match[5], match[6])
        return _other_python(f"{name}{version}", wanted.strip(",. "), where, python)
    if match := _UNKNOWN.search(reason):
        remedy = (
            "check how it is spelled; one of your own comes from wheels.find-links, or from the index in wheels.index"
        )
        return Problem(f"there is no project {match[1]} on the index", where, remedy)
    if match := _NO_VERSION.search(reason):
        remedy = "ask for a version that the index has, or give its wheel through wheels.find-links"
        return Problem(f"there is no {match[1]} on the index", where, remedy)
    return None


def unreachable(reason: str) -> Problem | None:
    """Return the problem of an index that does not answer, or refuses to; None when ``reason`` is another one."""
    match = _UNREACHED.search(reason)
    if match is None:
        return None
    host = urlsplit(match[1]).hostname or match[1]
    if status := _STATUS.search(reason):
        return Problem(f"{host} refuses: {status[1]}", "the index", "check the address in wheels.index, and the login")
    cause = _CAUSE.sub("", reason.splitlines()[-1]).strip()
    remedy = "check the network and the proxy; --offline builds from what is in the cache already"
    return Problem(f"{host} can't be reached: {cause}", "the index", remedy)


def plainly(reason: str) -> str:
    """Return ``reason`` without uv's headline, and without hints that name options of its own."""
    parts = re.split(r"\n\s*\n", reason.removeprefix("No solution found when resolving dependencies").lstrip(":\n "))
    kept = [part for part in parts if not re.search(r"(?<!\w)--[a-z]", part)]
    return "\n".join(_CAUSE.sub("", part).strip() for part in kept) or _CAUSE.sub("", parts[0]).strip()


def _other_python(what: str, wanted: str, where: str, python: str) -> Problem:
    try:
        fitting = [f"3.{m}" for m in _MINORS if SpecifierSet(wanted).contains(f"3.{m}.99")]
    except InvalidSpecifier:
        fitting = []
    better = fitting[0] if fitting else "VERSION"
    remedy = (
        f'package another Python: --python {better}, or python.source = "{better}"; or choose another version of it'
    )
    return Problem(f"{what} needs Python {wanted}, and {python} is to be packaged", where, remedy)
