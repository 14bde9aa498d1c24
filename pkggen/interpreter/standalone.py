"""python-build-standalone's interpreters, by the index that pbs-installer carries."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote

from pbs_installer import get_download_link

from pkggen.errors import ConfigurationError, IntegrityError
from pkggen.interpreter.download import file_name
from pkggen.model import PythonSpec, Target

_VERSION = re.compile(r"3\.\d+(\.\d+)?")
_WHERE = "tool.pkggen.python.source"


@dataclass(frozen=True, slots=True)
class Release:
    """A published archive: its version, the addresses that may have it, and its digest."""

    version: str
    urls: tuple[str, ...]
    sha256: str


def is_version(source: str) -> bool:
    """Tell whether ``python.source`` asks for a standalone build."""
    return _VERSION.fullmatch(source) is not None


def find_release(spec: PythonSpec, target: Target) -> Release:
    """Return the newest published build of version ``spec.source`` ("3.12", "3.12.4") for ``target``.

    ``spec.mirror`` takes the place of everything before the release's date
    (``<mirror>/20250101/cpython-…``, as uv's mirrors are laid out), or of everything before the
    file name. The digest is the index's, or ``spec.sha256``. Raises ConfigurationError for a
    version that is not published.
    """
    try:
        version, (url, digest) = get_download_link(spec.source, arch=target.arch, platform="linux")
    except ValueError as error:
        raise ConfigurationError(
            f"no standalone build of Python {spec.source} for {target.arch} is known",
            where=_WHERE,
            remedy="upgrade pbs-installer, or choose another version",
        ) from error
    sha256 = spec.sha256 or digest or ""
    if not sha256:
        raise IntegrityError(
            f"the index has no digest for {file_name(url)}", where=_WHERE, remedy="set python.sha256 to its SHA-256"
        )
    urls = _mirrored(url, spec.mirror) if spec.mirror else (url,)
    return Release(f"{version.major}.{version.minor}.{version.micro}", urls, sha256.lower())


def _mirrored(url: str, mirror: str) -> tuple[str, ...]:
    base = mirror.rstrip("/")
    date, name = (quote(unquote(part)) for part in url.split("/")[-2:])
    return f"{base}/{date}/{name}", f"{base}/{name}"
