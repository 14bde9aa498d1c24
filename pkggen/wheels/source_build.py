"""Source archives built to wheels, where the user allows it: verified first, checked afterwards.

Building runs the archive's code on the build host, for the build host's platform: with the
Python that runs pkggen, and once more with one of the package's version (uv looks for it) when
what was made is compiled. The result is kept by the archive's digest and the Python, so it is
made once.
"""

from __future__ import annotations

import hashlib
import platform
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from pkggen.archives.sdist import unpack_sdist
from pkggen.archives.zip_times import EARLIEST
from pkggen.errors import ArtefactError, Problem, ToolError
from pkggen.model import Interpreter, Target, Wheel
from pkggen.network.build_pins import BuildLock, Unlocked
from pkggen.network.frontend import Frontend
from pkggen.store.cache import Cache, sha256_of
from pkggen.terminal.reporter import Reporter
from pkggen.wheels.fetch import Source
from pkggen.wheels.tags import tags

_RUNNING = str(getattr(sys, "_base_executable", None) or sys.executable)
_RUNNING_MINOR = f"{sys.version_info.major}.{sys.version_info.minor}{sys.abiflags}"
_EASIER = "give a wheel of it in a directory for find-links, or choose a version that has one"


@dataclass(frozen=True, slots=True)
class SourceBuilder:
    """Where source archives become wheels for ``target``; ``root`` is the project, whose index settings count.

    ``variables`` reach the back-ends, ``pins`` keeps their versions.
    """

    target: Target
    interpreter: Interpreter
    cache: Cache
    reporter: Reporter
    places: Source
    root: Path
    variables: tuple[tuple[str, str], ...] = ()
    pins: BuildLock = field(default_factory=Unlocked)
    frozen: bool = False

    def build(self, archive: Wheel) -> Wheel:
        """Return the wheel of ``archive``, a verified source archive.

        Raises ToolError when its back-end fails, ArtefactError when the wheel is of another
        name or version, or does not fit the target.
        """
        steered = f"-{hashlib.sha256(repr(self.variables).encode()).hexdigest()[:16]}" if self.variables else ""
        name = f"{archive.sha256}-{self.interpreter.spelled}-{platform.machine()}{steered}"
        known = _noted(name, self.cache)
        if known is None:
            with self.cache.scratch() as scratch, self.reporter.step(f"building {archive.filename}"):
                made = self._made(archive, scratch, _RUNNING)
                if not made.name.endswith("-none-any.whl") and self.interpreter.spelled != _RUNNING_MINOR:
                    made = self._made(archive, scratch, self.interpreter.spelled)  # compiled: once more, for ours
                digest = sha256_of(made)
                known = made.name, digest, self.cache.store_blob(made, digest, made.name)
            self.cache.keep_note("built", name, {"filename": known[0], "sha256": known[1]})
        filename, digest, blob = known
        self._check(filename, archive)
        return Wheel(archive.name, str(parse_wheel_filename(filename)[1]), filename, blob, digest)

    def _made(self, archive: Wheel, scratch: Path, python: str) -> Path:
        source, room = scratch / archive.filename, scratch / f"for-{Path(python).name}"
        room.mkdir()
        shutil.copyfile(archive.path, source)  # a blob has no suffix by which it could be unpacked
        places = self.places
        frontend = Frontend(
            self.cache.root / "uv", self.root, places.index, places.find_links, places.offline, dict(self.variables),
            self.frozen, self.pins, self.reporter,
        )  # fmt: skip
        try:
            tree, _ = unpack_sdist(source, room / "source")
            wheels = frontend.build(tree, room / "wheel", python=python, epoch=EARLIEST, build=archive.name)
        except ToolError as error:
            raise ToolError(f"can't be built: {error}", where=archive.filename, remedy=_EASIER) from error
        return _single(wheels, archive)

    def _check(self, filename: str, archive: Wheel) -> None:
        where = f"{archive.filename}: {filename}"
        try:
            name, version, _, offered = parse_wheel_filename(filename)
        except InvalidWheelFilename as error:
            raise ArtefactError(str(error), where=where) from error
        problems = []
        if name != canonicalize_name(archive.name) or (archive.version and str(version) != archive.version):
            problems.append(Problem(f"it was built from {archive.name} {archive.version}", where))
        if offered.isdisjoint(tags(self.target, self.interpreter)):
            what = (
                f"what was built here does not fit the target (CPython {self.interpreter.spelled}, {self.target.arch})"
            )
            problems.append(Problem(what, where, _EASIER))
        ArtefactError.raise_all(problems)


def _noted(name: str, cache: Cache) -> tuple[str, str, Path] | None:
    """Return file name, digest and blob of what was built before, or None."""
    try:
        data = cache.note("built", name)
        blob = cache.blob(data["sha256"])
        return (data["filename"], data["sha256"], blob) if blob else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _single(found: Sequence[Path], archive: Wheel) -> Path:
    if len(found) != 1:
        raise ArtefactError(f"building it made {len(found)} wheels", where=archive.filename, remedy=_EASIER)
    return found[0]
