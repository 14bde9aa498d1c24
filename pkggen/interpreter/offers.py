"""What ``python.source`` could be here: installed, cached and published interpreters."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from dataclasses import dataclass

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from pkggen.errors import PkggenError
from pkggen.interpreter.archive_download import fetch, file_name
from pkggen.interpreter.harvest import local_source
from pkggen.interpreter.local import candidates, describe
from pkggen.interpreter.standalone import Release, find_release, published
from pkggen.model import PythonSpec, Target
from pkggen.store.cache import Cache
from pkggen.terminal.reporter import Reporter


@dataclass(frozen=True, slots=True)
class Offer:
    """One interpreter: ``kind`` is "host", "cached" or "published"; ``source`` is what python.source may say.

    ``obstacle`` says why it can't be embedded, and is empty where it can, as far as that is known
    without making it.
    """

    kind: str
    version: str
    source: str
    name: str
    sha256: str = ""
    obstacle: str = ""


def offers(wanted: SpecifierSet, arch: str, cache: Cache, *, every: bool) -> tuple[Offer, ...]:
    """Return what of ``wanted`` can be had for ``arch``, this machine's own first.

    Of published builds only the newest of each minor version is told, unless ``every``. No network
    is asked: the index of published builds is pbs-installer's.
    """
    own = _installed(wanted) if arch == platform.machine() else ()
    return (*own, *_standalone(wanted, arch, cache, every=every))


def fetch_standalone(spec: PythonSpec, arch: str, cache: Cache, reporter: Reporter, *, offline: bool) -> Release:
    """Bring the build that ``spec`` means into the cache, and return it; errors as those of a build."""
    release = find_release(spec, Target(arch))
    fetch(release.urls, release.sha256, cache, reporter, offline=offline)
    return release


def _installed(wanted: SpecifierSet) -> Iterator[Offer]:
    for path in candidates():
        name = os.fspath(path)
        try:
            found = describe(path)
            local_source(found, ())
        except PkggenError as error:
            yield Offer("host", "", f"host:{name}", name, obstacle=error.problems[0].what)
            continue
        if wanted.contains(found.version, prereleases=True):
            yield Offer("host", found.version, f"host:{name}", os.fspath(found.executable))


def _standalone(wanted: SpecifierSet, arch: str, cache: Cache, *, every: bool) -> Iterator[Offer]:
    told: set[tuple[int, ...]] = set()
    for version, (url, digest) in published(arch).items():
        minor = Version(version).release[:2]
        cached = bool(digest) and cache.blob_path(digest).is_file()
        if wanted.contains(version) and (every or cached or minor not in told):
            yield Offer("cached" if cached else "published", version, version, file_name(url), digest)
            told.add(minor)
