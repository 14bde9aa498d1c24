"""What a project says of itself, read from its wheel.

The wheel's METADATA is the one place where name, version, summary and dependencies are the same
for every build back-end (core metadata specification, PEP 566 and later).
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from email.message import Message

from packaging.markers import Environment, default_environment
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from pkggen.errors import ArtefactError, ConfigurationError, Key, Problem
from pkggen.metadata.headers import decoded, read_headers
from pkggen.model import Wheel


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a wheel's METADATA says, as far as a package needs it; text is as the author wrote it."""

    name: str
    version: str
    summary: str
    description: str
    licence: str
    homepage: str
    author: str
    requires: tuple[Requirement, ...]
    requires_python: SpecifierSet
    extras: tuple[str, ...]


UNKNOWN = Metadata("", "", "", "", "", "", "", (), SpecifierSet(), ())  # of a project whose wheel is not there yet


def read_metadata(wheel: Wheel) -> Metadata:
    """Return what the wheel's METADATA says.

    Raises ArtefactError when there is none, or when it is not the name, version and requirements
    of anything.
    """
    try:
        with zipfile.ZipFile(wheel.path) as archive:
            name = next(n for n in archive.namelist() if n.count("/") == 1 and n.endswith(".dist-info/METADATA"))
            message = read_headers(decoded(archive.read(name)))
    except (zipfile.BadZipFile, EOFError) as error:
        remedy = "it is cut short or damaged: get it again"
        raise ArtefactError(f"not a readable wheel: {error}", where=wheel.filename, remedy=remedy) from error
    except (StopIteration, OSError) as error:
        raise ArtefactError("no METADATA in the wheel", where=wheel.filename) from error
    try:
        return _described(message)
    except (InvalidRequirement, InvalidSpecifier) as error:
        raise ArtefactError(f"METADATA can't be used: {str(error).splitlines()[0]}", where=wheel.filename) from error


def _described(message: Message) -> Metadata:
    return Metadata(
        name=_text(message, "Name"),
        version=_text(message, "Version"),
        summary=" ".join(_text(message, "Summary").split()),
        description=_text(message, "Description") or str(message.get_payload()).strip(),
        licence=_text(message, "License-Expression") or _text(message, "License") or _classified(message),
        homepage=_text(message, "Home-page") or _project_url(message),
        author=_author(message),
        requires=tuple(Requirement(str(r)) for r in message.get_all("Requires-Dist", [])),
        requires_python=SpecifierSet(_text(message, "Requires-Python")),
        extras=tuple(str(e) for e in message.get_all("Provides-Extra", [])),
    )


def requirements(metadata: Metadata, extras: tuple[str, ...], environment: Environment | None = None) -> list[str]:
    """Return the requirements that hold with ``extras``, the extra's own marker resolved.

    A requirement of the project on itself (``app[a,b]``, which makes one extra of others) is
    replaced by what those extras require. Raises ConfigurationError when the project does not
    provide an extra asked for.
    """
    there: dict[str, str] = {k: str(v) for k, v in (environment or default_environment()).items()}
    wanted: set[str] = set()
    for requirement in _applying(metadata, _all_extras(metadata, extras, there), there):
        if canonicalize_name(requirement.name) != canonicalize_name(metadata.name):
            wanted.add(str(requirement))
    return sorted(wanted)


def _all_extras(metadata: Metadata, extras: Iterable[str], there: dict[str, str]) -> set[str]:
    """Return ``extras`` and those that the project asks of itself because of them, normalised."""
    provided = {canonicalize_name(e) for e in metadata.extras}
    found: set[str] = set()
    fresh = {str(canonicalize_name(e)) for e in extras}
    while True:
        ConfigurationError.raise_all(
            Problem(
                f"the project has no extra {e!r}",
                Key.of("extras"),
                f"it has: {', '.join(sorted(provided)) or 'none'}",
            )
            for e in sorted(fresh - provided)
        )
        found |= fresh
        itself = [
            r
            for r in _applying(metadata, found, there)
            if canonicalize_name(r.name) == canonicalize_name(metadata.name)
        ]
        fresh = {str(canonicalize_name(e)) for r in itself for e in r.extras} - found
        if not fresh:
            return found


def _applying(metadata: Metadata, extras: Iterable[str], there: dict[str, str]) -> Iterator[Requirement]:
    for requirement in metadata.requires:
        marker = requirement.marker
        if marker is None or "extra" not in str(marker):
            # what depends on the target alone is decided when its lock is read
            yield requirement
        elif any(marker.evaluate(there | {"extra": e}) for e in extras):
            bare = Requirement(str(requirement))
            bare.marker = None
            yield bare


def _text(message: Message, field: str) -> str:
    value = str(message.get(field, "") or "").strip()
    return "" if value == "UNKNOWN" else value


def _classified(message: Message) -> str:
    licences = [str(c).rsplit(" :: ", 1)[-1] for c in message.get_all("Classifier", []) if c.startswith("License :: ")]
    return ", ".join(licences)


def _project_url(message: Message) -> str:
    urls = dict(str(u).split(",", 1) for u in message.get_all("Project-URL", []) if "," in str(u))
    named = {label.strip().lower().replace("-", ""): url.strip() for label, url in urls.items()}
    order = ("homepage", "home", "repository", "source", "sourcecode", "github", "documentation")
    return next((named[n] for n in order if n in named), "")


def _author(message: Message) -> str:
    """Return "Name <mail>" of the maintainer or else the author, "" when the two can't be had."""
    for role in ("Maintainer", "Author"):
        mail = _text(message, f"{role}-email").split(">,")[0]
        if mail:
            mail = mail if mail.endswith(">") or "<" not in mail else mail + ">"
            return mail if "<" in mail else f"{_text(message, role) or mail} <{mail.split(',')[0].strip()}>"
    return ""
