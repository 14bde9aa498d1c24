"""A local interpreter as an archive in the install_only layout, which any later build can name."""

from __future__ import annotations

import gzip
import os
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from packaging.specifiers import SpecifierSet

from pkggen.interpreter.archive import archive_source
from pkggen.interpreter.embed import embed
from pkggen.interpreter.harvest import local_source
from pkggen.interpreter.local import choose_local, describe
from pkggen.interpreter.trim import check_profiles
from pkggen.model import Interpreter, Target
from pkggen.store.cache import Cache
from pkggen.terminal.reporter import Reporter

_LEVEL = 6  # of gzip; higher ones gain a percent


def harvest(python: Path | None, output: Path, keep: Sequence[str], cache: Cache, reporter: Reporter) -> Interpreter:
    """Write the interpreter ``python`` (the one that runs pkggen when None) to the archive ``output``.

    The same interpreter gives the same bytes. Before the archive gets its name it is embedded as a
    build would do it, self-test included. Returns what that gave; its digest is the archive's.
    Raises ArtefactError for one that can't be made relocatable.
    """
    check_profiles(keep)
    found = describe(python) if python else choose_local(SpecifierSet())
    source = local_source(found, keep)
    output.parent.mkdir(parents=True, exist_ok=True)
    fresh = output.with_name(f".{output.name}.{os.getpid()}")
    try:
        with cache.scratch() as scratch, reporter.step(f"making {found.executable} relocatable"):
            content = scratch / "python"
            content.mkdir()
            source.fill(content)
            _add_links(content, f"python{found.minor}{found.flags}")
            pack(content, fresh)
        packed = archive_source(fresh, "", cache, origin=source.origin)
        made = embed(packed, keep, Target(found.machine), cache, reporter)
        fresh.replace(output)
    finally:
        fresh.unlink(missing_ok=True)
    return made


def pack(tree: Path, output: Path) -> None:
    """Write ``tree`` as ``python/…``: sorted, owned by root, modes 0644 and 0755, each file with its own mtime."""
    with (
        output.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", compresslevel=_LEVEL, fileobj=raw, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for path in _members(tree):
            info = tar.gettarinfo(path, f"python/{path.relative_to(tree).as_posix()}")
            info.uid = info.gid = 0
            info.uname = info.gname = "root"
            info.mtime = int(info.mtime)
            info.mode = 0o777 if info.issym() else 0o755 if info.mode & 0o100 else 0o644
            if info.islnk():  # which of two names came first is chance
                info.type, info.linkname, info.size = tarfile.REGTYPE, "", path.stat().st_size
            if info.isreg():
                with path.open("rb") as stream:
                    tar.addfile(info, stream)
            else:
                tar.addfile(info)


def _members(tree: Path) -> Iterator[Path]:
    """Yield files and links; directories are implied by them, and have no time worth keeping."""
    for path in sorted(tree.rglob("*")):
        if path.is_symlink() or not path.is_dir():
            yield path


def _add_links(content: Path, name: str) -> None:
    program = content / "bin" / name
    mtime = program.stat().st_mtime_ns
    for alias in ("python3", "python"):
        link = program.with_name(alias)
        link.symlink_to(program.name)
        os.utime(link, ns=(mtime, mtime), follow_symlinks=False)
