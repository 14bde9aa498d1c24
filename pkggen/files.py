"""The extra files of ``[[tool.pkggen.files]]``, read from the project as entries."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from pkggen.errors import ConfigurationError, Problem, StorageError
from pkggen.model import ConfigKind, Entry, Kind
from pkggen.schema import Config, FileTable

_CONFIG = {"config": ConfigKind.CONFIG, "config-noreplace": ConfigKind.NOREPLACE}


def extra_entries(
    config: Config, root: Path, format_name: str, epoch: int, *, taken: Sequence[Entry]
) -> tuple[Entry, ...]:
    """Return the entries that the user adds to packages of ``format_name``, sorted by path.

    ``taken`` are the package's other entries. Raises ConfigurationError for sources that are
    missing, lie outside the project or collide with something we ship; StorageError when one
    can't be read.
    """
    paths = {e.path for e in taken}
    found: list[Entry] = []
    problems: list[Problem] = []
    for i, table in enumerate(config.files):
        if table.format not in ("", format_name):
            continue
        where = f"tool.pkggen.files[{i}]"
        try:
            found += _read(table, root, epoch)
        except ConfigurationError as error:
            problems += (Problem(p.what, f"{where}.src", p.remedy) for p in error.problems)
        if _foreign_parent(table, config.files):
            problems.append(
                Problem(
                    f"{table.dst} lies below a directory given to another user, who could put a link there",
                    f"{where}.owner",
                    "give away the upper directory alone, or neither",
                )
            )
        if table.dst in paths:
            problems.append(Problem(f"{table.dst} is already in the package", f"{where}.dst"))
    ConfigurationError.raise_all(problems)
    return tuple(sorted(found, key=lambda e: e.path))


def _foreign_parent(table: FileTable, tables: Sequence[FileTable]) -> bool:
    given = table.owner != "root" or table.group != "root"
    return given and any(o.owner != "root" and table.dst.startswith(f"{o.dst}/") for o in tables)


def _read(table: FileTable, root: Path, epoch: int) -> Iterator[Entry]:
    if table.type == "dir":
        yield _entry(table, table.dst, epoch, Kind.DIRECTORY)
    elif table.type == "symlink":
        yield Entry(table.dst, Kind.SYMLINK, 0o777, mtime=epoch, link=table.src)
    else:
        source = _inside(root, table.src)
        if source.is_dir():
            for path in sorted(p for p in source.rglob("*") if not p.is_dir()):
                relative = path.relative_to(source).as_posix()
                yield _file(table, f"{table.dst}/{relative}", _inside(root, os.fspath(path)), epoch)
        else:
            yield _file(table, table.dst, source, epoch)


def _inside(root: Path, src: str) -> Path:
    path = root / src
    if not path.exists():
        raise ConfigurationError(f"{src} does not exist in {root}")
    if not path.resolve().is_relative_to(root.resolve()):
        raise ConfigurationError(f"{src} leads out of the project", remedy="copy the file into the project")
    return path


def _file(table: FileTable, dst: str, source: Path, epoch: int) -> Entry:
    try:
        content = source.read_bytes()
        executable = source.stat().st_mode & 0o100
    except OSError as error:
        raise StorageError(f"{source} can't be read: {error.strerror}") from error
    return _entry(table, dst, epoch, Kind.FILE, content=content, mode=0o755 if executable else 0o644)


def _entry(
    table: FileTable, dst: str, epoch: int, kind: Kind, *, content: bytes | None = None, mode: int = 0o755
) -> Entry:
    return Entry(
        path=dst,
        kind=kind,
        mode=int(table.mode, 8) if table.mode else mode,
        size=len(content or b""),
        sha256=hashlib.sha256(content).hexdigest() if content is not None else "",
        mtime=epoch,
        content=content,
        owner=table.owner,
        group=table.group,
        config=_CONFIG.get(table.type, ConfigKind.NONE),
    )
