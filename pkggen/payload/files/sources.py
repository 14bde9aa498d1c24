"""Finding what ``src`` names in the project: a file, a folder with all that is in it, or a glob."""

from __future__ import annotations

import glob
import os
import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from pkggen.errors import ConfigurationError, Problem
from pkggen.reading import oddity

_LINKS = 40  # in a row, as many as Linux follows (path_resolution(7))


@dataclass(frozen=True, slots=True)
class Source:
    """A file of the project and where it goes; ``link`` is set for a link that stays one."""

    path: Path
    dst: str
    link: str = ""


def find_sources(root: Path, src: str, dst: str, exclude: Sequence[str] = ()) -> tuple[Source, ...]:
    """Return what ``src``, relative to ``root``, names, sorted by its place below ``dst``.

    A ``dst`` that ends with a slash is a directory. A folder's contents go below ``dst``, and so
    does what a glob matches, with the folders after the glob's fixed beginning. ``exclude`` are
    patterns for names or for paths below the folder; links to what they leave out are left out,
    too. Raises ConfigurationError when there is
    nothing, or when it lies outside the project.
    """
    if glob.has_magic(src) and not (root / src).exists():
        base, found = _globbed(root, src)
        if not dst.endswith("/"):
            raise ConfigurationError(f"{src} may match several files", remedy=f'end dst with a slash: "{dst}/"')
    elif (root / src).is_dir():
        base, found = _inside(root, root / src), list(_walked(root / src))
    else:
        path = _inside(root, root / src)
        if why := oddity(path):
            raise ConfigurationError(f"{src} {why}", remedy="name a regular file")
        return (Source(path, dst + path.name if dst.endswith("/") else dst),)
    kept = sorted(
        (p, r)
        for p in found
        if not _excluded(r := p.relative_to(base).as_posix(), exclude) and not _leads_to_excluded(base, p, exclude)
    )
    if not kept:
        raise ConfigurationError(f"{src} matches no file in {root}")
    faults = [fault for path, _ in kept if (fault := _fault(root, base, path))]
    ConfigurationError.raise_all(faults)
    below = dst.rstrip("/")
    return tuple(Source(path, f"{below}/{relative}", _kept_link(base, path)) for path, relative in kept)


def _globbed(root: Path, pattern: str) -> tuple[Path, list[Path]]:
    """Return the folder before the first wildcard, and the files matched; a folder matched counts with its contents."""
    parts = pattern.split("/")
    fixed = next(i for i, part in enumerate(parts) if glob.has_magic(part))
    found: set[Path] = set()
    for name in glob.glob(pattern, root_dir=root, recursive=True):
        path = root / name
        if not path.is_dir():
            found.add(path)
        elif "**" not in parts:
            found.update(_walked(path))
    base = root.joinpath(*parts[:fixed])
    return _inside(root, base) if found else base, sorted(found)


def _walked(folder: Path) -> Iterator[Path]:
    """Yield files and links below ``folder``; links to directories are not followed."""
    for directory, names, files in os.walk(folder):
        links = (n for n in names if os.path.islink(os.path.join(directory, n)))
        yield from (Path(directory, n) for n in (*files, *links))


def _excluded(relative: str, patterns: Sequence[str]) -> bool:
    parts = relative.split("/")
    whole = ["/".join(parts[: i + 1]) for i in range(len(parts))]
    wanted = [p.strip("/") for p in patterns]
    return any(fnmatchcase(text, p) for p in wanted for text in (whole if "/" in p else parts))


def _leads_to_excluded(base: Path, path: Path, patterns: Sequence[str]) -> bool:
    """Tell whether a link that would be kept leads, by whatever other links, to something left out."""
    if not patterns or not _kept_link(base, path):
        return False
    places = [path.resolve().relative_to(base.resolve()).as_posix()]
    for _ in range(_LINKS):
        if not path.is_symlink():
            break
        path = Path(os.path.normpath(path.parent / os.readlink(path)))
        if path.is_relative_to(base):
            places.append(path.relative_to(base).as_posix())
    return any(_excluded(place, patterns) for place in places)


def _inside(root: Path, path: Path) -> Path:
    shown = posixpath.relpath(path, root)
    if not path.exists():
        raise ConfigurationError(f"{shown} does not exist in {root}")
    if not path.resolve().is_relative_to(root.resolve()):
        raise ConfigurationError(f"{shown} leads out of the project", remedy="copy the file into the project")
    return path


def _fault(root: Path, base: Path, path: Path) -> Problem | None:
    if _kept_link(base, path):
        return None
    if path.is_symlink() and path.is_dir():
        return Problem(f"{path.relative_to(root)} is a link to a folder elsewhere", remedy="declare that folder itself")
    try:
        _inside(root, path)
    except ConfigurationError as error:
        return error.problems[0]
    return None if path.is_file() else Problem(f"{path.relative_to(root)} is no regular file")


def _kept_link(base: Path, path: Path) -> str:
    """Return what a link says when it is relative and leads to something in the same folder, else ""."""
    if not path.is_symlink() or not path.exists():
        return ""
    link = os.readlink(path)
    within = path.resolve().is_relative_to(base.resolve())
    return link if within and not link.startswith("/") else ""
