"""The %files section of a spec: each entry as rpm has to be told of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from pkggen.errors import ConfigurationError, Problem
from pkggen.model import ConfigKind, Entry, Kind, Payload, Purpose, Role

# rpm's %files lines are globs that are split at blanks and expanded twice; no version agrees with the next on quoting.
# Beyond ASCII nothing has a meaning, and "?" would be one byte.
_ODD = re.compile(r"[^\w./@:=,+~^\x80-\U0010ffff-]")
_CONFIG = {ConfigKind.NONE: "", ConfigKind.CONFIG: "%config ", ConfigKind.NOREPLACE: "%config(noreplace) "}

_ROLES = {Role.NONE: "", Role.DOC: "%doc ", Role.LICENCE: "%license ", Role.GHOST: "%ghost "}
# %__docdir_path: what lies there is a document to rpm, marked or not
_DOCUMENTS = ("/usr/share/doc/", "/usr/share/man/", "/usr/share/info/")
_USUAL = ("/etc/", "/usr/", "/var/")  # the lint has words for files in other places


def marked(entry: Entry) -> Entry:
    """Return the entry with the mark that rpmbuild gives it by its place."""
    if entry.role is Role.NONE and entry.kind is Kind.FILE and entry.path.startswith("/usr/share/licenses/"):
        return replace(entry, role=Role.LICENCE)
    implied = entry.role is Role.NONE and entry.kind is not Kind.DIRECTORY and entry.path.startswith(_DOCUMENTS)
    return replace(entry, role=Role.DOC) if implied else entry


def ghosts(payload: Payload) -> tuple[Entry, ...]:
    """Return what activation makes: not in the package, yet ``rpm -qf`` names the package for it."""
    if payload.is_meta or not payload.layout.activated or payload.purpose is not Purpose.APPLICATION:
        return ()
    return (
        Entry(f"{payload.prefix}/current", Kind.SYMLINK, 0o777, mtime=payload.epoch, link="releases", role=Role.GHOST),
        Entry(f"{payload.prefix}/releases", Kind.DIRECTORY, 0o755, mtime=payload.epoch, role=Role.GHOST),
    )


def file_lines(entries: Iterable[Entry], payload: Payload) -> Iterator[str]:
    """Yield the lines of %files.

    Trees of interpreter and wheels are one line each: their names need no quoting then. Elsewhere a character that rpm
    might take for its own becomes ``?``; raises ConfigurationError where that would match two entries.
    """
    entries = tuple(entries)
    trees = payload.layout.trees
    inner = tuple(f"{tree}/" for tree in trees)
    listed = [e for e in entries if not e.path.startswith(inner)]
    _check(listed, [e for e in entries if e.path.startswith(inner)], trees)
    for entry in listed:
        directory = "%dir " if entry.kind is Kind.DIRECTORY and entry.path not in trees else ""
        owners = (entry.owner, entry.group)
        attributes = "" if owners == ("root", "root") else "%attr(-,{},{}) ".format(*owners)
        yield f"{_ROLES[entry.role]}{_CONFIG[entry.config]}{attributes}{directory}{_glob(entry.path)}"


def debris_places(entries: Iterable[Entry], prefix: str) -> dict[str, list[str]]:
    """Return where an rpm that is killed leaves files: ``own`` directories as a whole, and beside single ``outside``.

    rpm writes each file as NAME;TIME (lib/fsm.c), and renames it when all are there. Directories elsewhere than in
    ``/usr`` and the prefix may hold other people's data, maybe a lot of it, and are not looked through.
    """
    entries = tuple(entries)
    folders = [e.path for e in entries if e.kind is Kind.DIRECTORY and e.path.startswith("/usr/")]
    own = [prefix, *(p for p in folders if not p.startswith(tuple(f"{other}/" for other in folders)))]
    below = tuple(f"{folder}/" for folder in own)
    usual = [e.path for e in entries if e.kind is not Kind.DIRECTORY and e.path.startswith(_USUAL)]
    return {"own": own, "outside": [path for path in usual if not path.startswith(below)]}


def _glob(path: str) -> str:
    return _ODD.sub("?", path)


def _check(listed: list[Entry], layered: list[Entry], trees: tuple[str, ...]) -> None:
    problems = [
        Problem(f"{e.path} has an owner or is configuration", "files", f"put it outside {' and '.join(trees)}")
        for e in layered
        if (e.owner, e.group) != ("root", "root") or e.config is not ConfigKind.NONE
    ]
    paths = [e.path for e in listed]
    for path in paths:
        if "?" in (glob := _glob(path)):
            pattern = re.compile(re.escape(glob).replace(r"\?", "[^/]"))
            if sum(bool(pattern.fullmatch(p)) for p in paths) > 1:
                problems.append(Problem(f"rpm can't tell {path} from a file of a similar name", "files", "rename it"))
    ConfigurationError.raise_all(problems)
