"""python-build-standalone's interpreters, by the index that pbs-installer carries."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version

from pkggen.errors import ConfigurationError, IntegrityError, Key
from pkggen.interpreter.archive_download import file_name
from pkggen.model import PythonSpec, Target

_VERSION = re.compile(r"(3\.\d+(?:\.\d+)?)(t?)")
_RANGE = re.compile(r"[<>=!~]")
_WHERE = Key.of("python", "source")


@dataclass(frozen=True, slots=True)
class Release:
    """A published archive: its version, the addresses that may have it, its digest, and the publisher's address."""

    version: str
    urls: tuple[str, ...]
    sha256: str
    origin: str = ""


def is_version(source: str) -> bool:
    """Tell whether ``python.source`` asks for a standalone build: a version or a range of versions."""
    return _VERSION.fullmatch(source) is not None or _RANGE.match(source) is not None


def versions_of(source: str) -> SpecifierSet:
    """Return which versions ``source`` means: "3.12" any 3.12.x, "3.12.4" that one, ">=3.11,<3.13" those.

    A "t" after a version asks for its free-threaded build.

    Raises ConfigurationError when it is no such thing.
    """
    if match := _VERSION.fullmatch(source):
        return SpecifierSet(f"=={match[1]}" if source.count(".") > 1 else f"=={match[1]}.*")
    try:
        return SpecifierSet(source)
    except InvalidSpecifier as error:
        raise ConfigurationError(
            f"{source!r} is no range of versions", where=_WHERE, remedy='write it as ">=3.11,<3.13"'
        ) from error


def published(arch: str, *, freethreaded: bool = False) -> dict[str, tuple[str, str]]:
    """Return address and digest ("" when unknown) of each version's newest build for ``arch``, newest version first."""
    from pbs_installer._versions import PYTHON_VERSIONS  # noqa: PLC0415 - a large table, seldom looked into

    found = {}
    for version, files in PYTHON_VERSIONS.items():
        file = files.get(("linux", arch, True))
        if file and version.implementation == "cpython" and version.freethreaded == freethreaded:
            found[f"{version.major}.{version.minor}.{version.micro}"] = (file[0], file[1] or "")
    return dict(sorted(found.items(), key=lambda item: Version(item[0]), reverse=True))


def find_release(spec: PythonSpec, target: Target, requires_python: SpecifierSet | None = None) -> Release:
    """Return the newest build for ``target`` whose version ``spec.source`` and ``requires_python`` allow.

    ``spec.mirror`` takes the place of everything before the release's date
    (``<mirror>/20250101/cpython-…``, as uv's mirrors are laid out), or of everything before the
    file name. The digest is the index's, or ``spec.sha256``. Raises ConfigurationError for a
    version that is not published.
    """
    wanted = versions_of(spec.source)
    threads = _VERSION.fullmatch(spec.source)
    known = published(target.arch, freethreaded=threads is not None and bool(threads[2]))
    allowed = [v for v in known if wanted.contains(v)]
    if not allowed:
        raise ConfigurationError(
            f"no standalone build of Python {spec.source} for {target.arch} is known",
            where=_WHERE,
            remedy="upgrade pbs-installer, or choose another version (pkggen python list)",
        )
    # a version that the project does not allow is told later, with the interpreter's own number
    version = next((v for v in allowed if requires_python is None or requires_python.contains(v)), allowed[0])
    url, digest = known[version]
    sha256 = spec.sha256 or digest
    if not sha256:
        raise IntegrityError(
            f"the index has no digest for {file_name(url)}", where=_WHERE, remedy="set python.sha256 to its SHA-256"
        )
    return Release(version, mirrored(url, spec.mirror), sha256.lower(), url)


def mirrored(url: str, mirror: str) -> tuple[str, ...]:
    """Return the addresses at which ``mirror`` may have the publisher's file, or the publisher's when it is empty."""
    if not mirror:
        return (url,)
    base = mirror.rstrip("/")
    date, name = (quote(unquote(part)) for part in url.split("/")[-2:])
    return f"{base}/{date}/{name}", f"{base}/{name}"
