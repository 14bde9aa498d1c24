"""The files that the user adds, read from the project as entries; what pkggen itself adds is not made here."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from pkggen.config.tables import Config, FileTable
from pkggen.errors import ConfigurationError, Key, Problem, StorageError
from pkggen.model import ConfigKind, Entry, Kind, Project, Role
from pkggen.model.entry import generated_entry
from pkggen.payload.files.destinations import misplaced, taken_command
from pkggen.payload.files.places import PLACES, place
from pkggen.payload.files.sources import Source, find_sources
from pkggen.payload.files.writable import below, writable_by_others

_CONFIG = {"config": ConfigKind.CONFIG, "config-noreplace": ConfigKind.NOREPLACE}
_ROLES = {"doc": Role.DOC, "licence": Role.LICENCE, "ghost": Role.GHOST}


@dataclass(frozen=True, slots=True)
class _Found:
    """An entry, and the key of the configuration that asked for it."""

    entry: Entry
    where: Key


def extra_entries(
    config: Config, project: Project, prefix: str, format_name: str, epoch: int, *, taken: Sequence[Entry]
) -> tuple[Entry, ...]:
    """Return the entries that the user adds to packages of ``format_name``, sorted by path.

    ``taken`` are the package's other entries that a declared one could meet. Raises
    ConfigurationError for sources that are missing or lie outside the project, and for places
    that are another's, the system's or asked for twice; StorageError when one can't be read.
    """
    found: list[_Found] = []
    problems = [p for e in taken for p in taken_command(e, Key.of("commands"))]
    for read in (_declared, _placed):
        for item in read(config, project, format_name, epoch):
            if isinstance(item, Problem):
                problems.append(item)
            else:
                found.append(item)
    problems += (p for f in found for p in misplaced(f.entry, prefix, f.where))
    problems += _collisions(found, taken)
    given = list(writable_by_others(f.entry for f in found))
    problems += (p for f in found for p in below(f.entry, given, f.where / "dst"))
    ConfigurationError.raise_all(dict.fromkeys(problems))
    return tuple(sorted((f.entry for f in found), key=lambda e: e.path))


def place_recommends(config: Config, format_name: str) -> tuple[str, ...]:
    """Return the packages that read what the user put into their places."""
    names = (p.recommends.get(format_name, "") for key, p in PLACES.items() if config.placed()[key])
    return tuple(name for name in names if name)


def _declared(config: Config, project: Project, format_name: str, epoch: int) -> Iterator[_Found | Problem]:
    for i, table in enumerate(config.files):
        if table.format not in ("", format_name):
            continue
        where = Key.of("files", i)
        try:
            dst = table.dst or _document_place(table, project.name, format_name)
            for entry in _read(table, dst, project.root, epoch):
                yield _Found(entry, where)
        except ConfigurationError as error:
            yield from (Problem(p.what, where / "src", p.remedy) for p in error.problems)


def _placed(config: Config, project: Project, _: str, epoch: int) -> Iterator[_Found | Problem]:
    for key, given in config.placed().items():
        for i, src in enumerate(given):
            where = Key.of(key, i)
            try:
                for source in find_sources(project.root, src, "/"):
                    relative = PurePosixPath(source.path.relative_to(project.root).as_posix())
                    there = place(key, relative, _content(source.path)[0], project.name)
                    entry = generated_entry(there.path, there.content, epoch)
                    yield _Found(replace(entry, config=there.config, role=there.role), where)
            except ConfigurationError as error:
                yield from (Problem(p.what, where, p.remedy) for p in error.problems)
            except ValueError as error:
                yield Problem(f"{src}: {error}", where)


def _document_place(table: FileTable, name: str, format_name: str) -> str:
    """Return where documents go by themselves; Debian has no folder of licences beside the copyright file."""
    licences = table.type == "licence" and format_name == "rpm"
    return f"/usr/share/licenses/{name}/" if licences else f"/usr/share/doc/{name}/"


def _read(table: FileTable, dst: str, root: Path, epoch: int) -> Iterator[Entry]:
    plain = posixpath.normpath(dst)
    if table.type == "dir":
        yield _attributed(Entry(plain, Kind.DIRECTORY, 0o755, mtime=epoch), table)
    elif table.type == "symlink":
        yield Entry(plain, Kind.SYMLINK, 0o777, mtime=epoch, link=table.src)
    elif table.type == "ghost":
        yield _attributed(Entry(plain, mtime=epoch, content=b""), table)
    else:
        for source in find_sources(root, table.src, dst, table.exclude):
            yield _copied(source, table, epoch)


def _copied(source: Source, table: FileTable, epoch: int) -> Entry:
    if source.link:
        return Entry(source.dst, Kind.SYMLINK, 0o777, mtime=epoch, link=source.link)
    content, executable = _content(source.path)
    return _attributed(generated_entry(source.dst, content, epoch, 0o755 if executable else 0o644), table)


def _attributed(entry: Entry, table: FileTable) -> Entry:
    """Return the entry as the table wants it; what is below /etc is configuration unless it is said to be none."""
    kept = not table.type and entry.path.startswith("/etc/") and entry.kind is Kind.FILE
    return replace(
        entry,
        mode=int(table.mode, 8) if table.mode else entry.mode,
        owner=table.owner,
        group=table.group,
        config=ConfigKind.NOREPLACE if kept else _CONFIG.get(table.type, ConfigKind.NONE),
        role=_ROLES.get(table.type, Role.NONE),
    )


def _collisions(found: Sequence[_Found], taken: Sequence[Entry]) -> Iterator[Problem]:
    owners = {e.path: "the package" for e in taken}
    for item in found:
        path = item.entry.path
        if path in owners:
            yield Problem(
                f"{path} is already in {owners[path]}", item.where / "dst", "give one of the two another name"
            )
        owners.setdefault(path, str(item.where))


def _content(path: Path) -> tuple[bytes, bool]:
    """Return a file's bytes, and whether its owner may run it."""
    try:
        return path.read_bytes(), bool(path.stat().st_mode & 0o100)
    except OSError as error:
        raise StorageError(f"{path} can't be read: {error.strerror}") from error
