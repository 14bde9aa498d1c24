"""Everything a package holds, as entries: the payload, what its format adds, and its own directories."""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from pkggen.errors import ConfigurationError, Problem
from pkggen.model import Entry, FormatOptions, Kind, Payload, Purpose
from pkggen.model.entry import generated_entry
from pkggen.model.versions import package_name
from pkggen.payload.files.places import gzipped

# Bytes of one path component on every common file system, and of a path (path_resolution(7)), less what is
# added while a package is unpacked: ".dpkg-dist", ";" and a time by rpm, the place of a release below the prefix.
_NAME_LIMIT, _PATH_LIMIT = 255 - 10, 4096 - 96
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
OWNED_FOLDER = "/usr/share/pkggen/owned"
"""Where each package has the list of what it owns: all of pkggen's packages share the directory."""


def options_of(payload: Payload, format_name: str) -> FormatOptions:
    """Return what the user said of one format."""
    return payload.options.get(format_name, FormatOptions())


def name_of(payload: Payload) -> str:
    """Return the package's name; that of a package of layers is ours and fits both formats."""
    name = payload.project.name
    return name if payload.purpose is Purpose.LAYERS else package_name(name)


def text_entries(texts: Mapping[str, str], epoch: int) -> Iterator[Entry]:
    """Yield the texts that are files of the package (their names are paths); those with ``#!`` can be run.

    Manual pages are packed, as Debian policy 12.1 asks for and rpm systems do.
    """
    for path, text in texts.items():
        if path.startswith("/usr/share/man/"):
            yield generated_entry(f"{path}.gz", gzipped(text.encode()), epoch)
        elif path.startswith("/"):
            yield generated_entry(path, text.encode(), epoch, 0o755 if text.startswith("#!") else 0o644)


def complete(entries: Iterable[Entry], payload: Payload, name: str) -> tuple[Entry, ...]:
    """Return ``entries`` with the directories that the package ``name`` owns, sorted, mtimes clamped to the epoch.

    Raises ConfigurationError for paths that collide and for names that no package manager carries.
    """
    entries = tuple(entries)
    given = {e.path: replace(e, mtime=payload.epoch) for e in entries if e.kind is Kind.DIRECTORY}
    others = [e for e in entries if e.kind is not Kind.DIRECTORY]
    _check([*given.values(), *others])
    for parent in directories(others) - given.keys():
        if is_owned(parent, payload.prefix, name):
            given[parent] = Entry(parent, Kind.DIRECTORY, 0o755, mtime=payload.epoch)
    everything = (*given.values(), *others)
    clamped = (e.at_latest(payload.epoch) for e in everything)
    return tuple(sorted(clamped, key=lambda e: e.path))


def directories(entries: Iterable[Entry]) -> set[str]:
    """Return all directories that ``entries`` lie in, the root left out."""
    found: set[str] = set()
    for nearest in {e.path.rpartition("/")[0] for e in entries}:  # paths are plain: dirname() would take thrice as long
        directory = nearest
        while directory and directory not in found:
            found.add(directory)
            directory = directory.rpartition("/")[0]
    return found


def parents(path: str) -> Iterator[str]:
    """Yield the directories above ``path``, nearest first, the root left out."""
    while (path := posixpath.dirname(path)) not in ("/", ""):
        yield path


def is_owned(directory: str, prefix: str, name: str) -> bool:
    """Tell whether a directory is the package's own: at or below its prefix, or named for it (``/etc/<name>``).

    All others are the system's; an rpm that owned ``/opt`` would change its mode on the target.
    """
    vendor = directory.startswith("/opt/") and prefix.startswith(directory + "/")
    shared = directory in (OWNED_FOLDER, posixpath.dirname(OWNED_FOLDER))
    return shared or vendor or directory == prefix or directory.startswith(prefix + "/") or name in directory.split("/")


def _check(entries: Sequence[Entry]) -> None:
    counts = Counter(e.path for e in entries)
    problems = [Problem(f"{path} comes from {n} places", "files") for path, n in counts.items() if n > 1]
    files = {e.path for e in entries if e.kind is not Kind.DIRECTORY}
    problems += [Problem(why, "files") for entry in entries for why in _faults(entry)]
    if files & directories(entries):
        for entry in entries:
            clash = next((p for p in parents(entry.path) if p in files), None)
            if clash:
                problems.append(Problem(f"{clash} is a file, and {entry.path} lies below it", "files"))
    ConfigurationError.raise_all(problems)


def _faults(entry: Entry) -> Iterator[str]:
    path = entry.path
    if not path.startswith("/") or posixpath.normpath(path) != path:
        yield f"{path!r} is no absolute, plain path"
    if _CONTROL.search(path + entry.link):
        yield f"{path!r} has a control character in its name"
    try:
        encoded = path.encode()
    except UnicodeEncodeError:
        yield f"{path!r} is not UTF-8"
        return
    if len(encoded) > _NAME_LIMIT and any(len(part) > _NAME_LIMIT for part in encoded.split(b"/")):
        yield f"{path!r} has a name longer than {_NAME_LIMIT} bytes, which dpkg and rpm can't unpack"
    if len(encoded) > _PATH_LIMIT:
        yield f"{path!r} is longer than {_PATH_LIMIT} bytes"
    if len(entry.link.encode("utf-8", "surrogateescape")) > _PATH_LIMIT:
        yield f"{path!r} leads to a path longer than {_PATH_LIMIT} bytes"


_COMPARED = ("kind", "mode", "owner", "group", "link", "size", "sha256", "mtime", "config", "role")


def differences(expected: Iterable[Entry], actual: Iterable[Entry], path: str) -> Iterator[Problem]:
    """Yield one problem for each member of the package file at ``path`` that is not what was intended."""
    wanted, found = ({e.path: e for e in entries} for entries in (expected, actual))
    for name in sorted(wanted.keys() | found.keys()):
        if name not in found:
            yield Problem(f"{name} is missing", path)
        elif name not in wanted:
            yield Problem(f"{name} should not be there", path)
        else:
            for field in _COMPARED:
                want, got = getattr(wanted[name], field), getattr(found[name], field)
                if want != got:
                    yield Problem(f"{name}: {field} is {got!r}, expected {want!r}", path)
