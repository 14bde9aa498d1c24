"""From what the user asked for to an embedded interpreter."""

from __future__ import annotations

import platform
from pathlib import Path
from urllib.parse import unquote, urlsplit

from packaging.specifiers import SpecifierSet

from pkggen.config.tables import SYSTEM
from pkggen.errors import ArtefactError, ConfigurationError, Key
from pkggen.interpreter.archive import archive_source, directory_source
from pkggen.interpreter.archive_download import fetch, file_name, redact
from pkggen.interpreter.embed import embed
from pkggen.interpreter.harvest import local_source
from pkggen.interpreter.local import choose_local, describe
from pkggen.interpreter.origin import Source
from pkggen.interpreter.pinned_build import FILE, record, recorded
from pkggen.interpreter.selftest import selftest
from pkggen.interpreter.stand_in import with_byte_code
from pkggen.interpreter.standalone import find_release, is_version
from pkggen.interpreter.system import system_interpreter
from pkggen.interpreter.tree import find_layout
from pkggen.interpreter.trim import check_profiles
from pkggen.model import Interpreter, PythonSpec, Target
from pkggen.store.cache import Cache
from pkggen.terminal.reporter import Reporter

_WHERE = Key.of("python", "source")
_FORMS = (
    'use "host", "host:/path/to/python3.12", "system", a version ("3.12", ">=3.11,<3.13"), '
    "or a path or URL of an install_only archive"
)


def resolve_interpreter(
    spec: PythonSpec,
    target: Target,
    cache: Cache,
    reporter: Reporter,
    *,
    requires_python: SpecifierSet,
    root: Path,
    offline: bool,
    locks: Path | None = None,
) -> Interpreter:
    """Return the interpreter that ``spec`` asks for, embedded and proven; relative paths start at ``root``.

    In ``locks`` it is written down which standalone build a version stood for.

    Raises ConfigurationError when ``spec`` is wrong or the version does not satisfy
    ``requires_python``, ArtefactError when the interpreter is unusable for ``target``,
    IntegrityError when a digest is another, StorageError when a download fails.
    """
    check_profiles(spec.keep)
    if spec.source == SYSTEM:
        return with_byte_code(
            system_interpreter(spec, target, requires_python, reporter), spec, cache, reporter,
            root=root, offline=offline,
        )  # fmt: skip
    source = _find_source(
        spec, target, cache, reporter, requires_python=requires_python, root=root, locks=locks, offline=offline
    )  # fmt: skip
    interpreter = embed(source, spec.keep, target, cache, reporter)
    if not requires_python.contains(interpreter.version, prereleases=True):
        raise ConfigurationError(
            f"{source.origin} is Python {interpreter.version}, the project requires {requires_python}",
            where=_WHERE,
            remedy="choose an interpreter that satisfies the project",
        )
    reporter.note(f"Python {interpreter.version} from {source.origin} (sha256 {source.digest})")
    if interpreter.runs_here:
        return interpreter
    return with_byte_code(interpreter, spec, cache, reporter, root=root, offline=offline)


def prove(interpreter: Interpreter, cache: Cache) -> tuple[str, ...]:
    """Run the self-test on an embedded interpreter again; return the common modules that it lacks.

    Raises ArtefactError with all that went wrong.
    """
    with cache.scratch() as scratch:
        return selftest(find_layout(interpreter.tree.root, interpreter.origin), scratch, interpreter.origin)


def _find_source(
    spec: PythonSpec,
    target: Target,
    cache: Cache,
    reporter: Reporter,
    *,
    requires_python: SpecifierSet,
    root: Path,
    locks: Path | None,
    offline: bool,
) -> Source:
    if spec.source == "host" or spec.source.startswith("host:"):
        return _host(spec, target, requires_python=requires_python, root=root)
    if is_version(spec.source):
        return _standalone(spec, target, cache, reporter, requires_python=requires_python, locks=locks, offline=offline)
    if spec.source.startswith(("http://", "https://")):
        return _url(spec, cache, reporter, offline)
    return _path(spec, cache, reporter, root)


def _host(spec: PythonSpec, target: Target, *, requires_python: SpecifierSet, root: Path) -> Source:
    if target.arch != platform.machine():
        raise ArtefactError(
            f"this machine's interpreters are for {platform.machine()}, the target is {target.arch}",
            where=_WHERE, remedy='set python.source to a version ("3.12") or to an archive for that machine',
        )  # fmt: skip
    _, _, path = spec.source.partition(":")
    python = describe(root / path) if path else choose_local(requires_python)
    return local_source(python, spec.keep)


def _standalone(
    spec: PythonSpec,
    target: Target,
    cache: Cache,
    reporter: Reporter,
    *,
    requires_python: SpecifierSet,
    locks: Path | None,
    offline: bool,
) -> Source:
    # who gives a digest has pinned it already
    known = recorded(locks, spec, target.arch) if locks and not spec.sha256 else None
    if known and not requires_python.contains(known.version):
        known = None
    if known is None and spec.frozen and not spec.sha256:
        raise ConfigurationError(
            f"Python {spec.source} for {target.arch} is not in {FILE}, and nothing may be resolved",
            where=_WHERE, remedy=f"build once without --frozen and commit {FILE}, or set python.sha256",
        )  # fmt: skip
    release = known or find_release(spec, target, requires_python)
    path = fetch(release.urls, release.sha256, cache, reporter, offline=offline)
    if locks and not spec.sha256:
        record(locks, spec, target.arch, release, reporter)
    return archive_source(path, release.sha256, cache, origin=f"standalone:{file_name(release.urls[0])}")


def _url(spec: PythonSpec, cache: Cache, reporter: Reporter, offline: bool) -> Source:
    if not spec.sha256:
        raise ConfigurationError(
            f"{redact(spec.source)} has no digest",
            where=Key.of("python", "sha256"),
            remedy="set it to the archive's SHA-256, from where its maker publishes it",
        )
    path = fetch((spec.source,), spec.sha256.lower(), cache, reporter, offline=offline)
    return archive_source(path, spec.sha256, cache, origin=redact(spec.source))


def _path(spec: PythonSpec, cache: Cache, reporter: Reporter, root: Path) -> Source:
    name = unquote(urlsplit(spec.source).path) if spec.source.startswith("file://") else spec.source
    path = root / name
    if path.is_dir():
        return directory_source(path, cache)
    if not path.is_file():
        raise ConfigurationError(f"{spec.source}: no such file or directory", where=_WHERE, remedy=_FORMS)
    source = archive_source(path, spec.sha256, cache)
    if not spec.sha256:
        reporter.note(f'{path.name} is taken as it is; to pin it, set python.sha256 = "{source.digest}"')
    return source
