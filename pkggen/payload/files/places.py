"""Files whose purpose says where they go: man pages, cron tables, logrotate's, sysctl's and other services' drop-ins.

Each is put where Debian's debhelper and Fedora's packaging guidelines put it, under the name and
with the mode its reader wants; what its reader would ignore in silence is refused here.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from gzip import GzipFile
from pathlib import PurePosixPath

from pkggen.model import ConfigKind, Role

_CRON_FIELDS = 7  # five of time, the user, the command
_CRON_SHORT = 3  # @daily, the user, the command
_TMPFILES_TYPE = re.compile(r"[A-Za-z][-+!=~^$?]*")


@dataclass(frozen=True, slots=True)
class Place:
    """Where files of one purpose go.

    ``suffix`` is what their names end with there; ``names`` is what their reader takes, else it
    passes them over. ``faults`` yields what is wrong with a file's text. ``recommends`` are the
    packages that read them, by format.
    """

    directory: str
    suffix: str = ""
    names: str = r"[A-Za-z0-9][\w.@-]*"
    config: ConfigKind = ConfigKind.NONE
    faults: Callable[[str], Iterator[str]] = lambda _: iter(())
    recommends: Mapping[str, str] = field(default_factory=dict)


def _cron_faults(text: str) -> Iterator[str]:
    """crontab(5): a table of the system's has the user as its sixth field, and a line break at its end."""
    if text and not text.endswith("\n"):
        yield "its last line does not end: cron leaves such a line out"
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#") or re.match(r"\s*\w+\s*=", line):
            continue
        wanted = _CRON_SHORT if line.lstrip().startswith("@") else _CRON_FIELDS
        if len(line.split()) < wanted:
            yield f"line {number} is not 'minute hour day month weekday user command'"


def _sysctl_faults(text: str) -> Iterator[str]:
    """sysctl.d(5): assignments, ``-`` before one whose failure is no matter."""
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() and line.lstrip()[0] not in "#;" and not re.match(r"\s*-?[\w./*:-]+\s*(=|$)", line):
            yield f"line {number} is not 'name = value'"


def _tmpfiles_faults(text: str) -> Iterator[str]:
    """tmpfiles.d(5): a type, perhaps with modifiers, and an absolute path."""
    for number, line in enumerate(text.splitlines(), 1):
        kind, *rest = line.split() or ["#"]
        path = rest[0].lstrip("'\"") if rest else ""
        if not kind.startswith("#") and not (_TMPFILES_TYPE.fullmatch(kind) and path.startswith(("/", "%"))):
            yield f"line {number} is not 'type /path mode user group age argument'"


def _logrotate_faults(text: str) -> Iterator[str]:
    if "{" not in text or text.count("{") != text.count("}"):
        yield "there is no '/path/of/a.log { … }' in it, or a brace is missing"


PLACES: Mapping[str, Place] = {
    # Debian's cron passes over names with a dot, cron(8)
    "cron": Place(
        "/etc/cron.d", "", r"[A-Za-z0-9_-]+", ConfigKind.NOREPLACE, _cron_faults,
        {"deb": "cron | cron-daemon", "rpm": "cronie"},
    ),
    # logrotate(8), tabooext
    "logrotate": Place(
        "/etc/logrotate.d", "", r"[A-Za-z0-9][\w-]*", ConfigKind.NOREPLACE, _logrotate_faults,
        {"deb": "logrotate", "rpm": "logrotate"},
    ),
    "sysctl": Place("/usr/lib/sysctl.d", ".conf", faults=_sysctl_faults),
    "tmpfiles": Place("/usr/lib/tmpfiles.d", ".conf", faults=_tmpfiles_faults),
    "udev": Place("/usr/lib/udev/rules.d", ".rules"),
    "polkit": Place(
        "/usr/share/polkit-1/rules.d", ".rules", recommends={"deb": "polkitd | policykit-1", "rpm": "polkit"}
    ),
}  # fmt: skip
_POLKIT_ACTIONS = Place("/usr/share/polkit-1/actions", ".policy")
_MAN = re.compile(r"(?P<name>[\w.+:-]+)\.(?P<section>[1-9][a-z]*)")
_TITLE = re.compile(r"^[.'](?:TH|Dt)\s+(?P<name>\"[^\"]*\"|\S+)\s+(?P<section>\"[^\"]*\"|\S+)", re.MULTILINE)
_LANGUAGE = re.compile(r"[a-z]{2,3}(_[A-Z]{2})?(@[a-z]+)?")


@dataclass(frozen=True, slots=True)
class Placed:
    """A file where it belongs, with its bytes as they are there."""

    path: str
    content: bytes
    config: ConfigKind = ConfigKind.NONE
    role: Role = Role.NONE


def place(key: str, source: PurePosixPath, content: bytes, app: str) -> Placed:
    """Put the file ``source`` of the project where files of its kind go; raise ValueError for what is wrong with it."""
    text = content.decode("utf-8", "replace")
    if key == "man":
        return _man_page(source, content, text)
    where = _POLKIT_ACTIONS if key == "polkit" and source.suffix == ".policy" else PLACES[key]
    stem = source.name
    for ending in (where.suffix, f".{key}", ".d"):
        stem = stem.removesuffix(ending) if ending else stem
    name = (app if stem in (key, app, "") else stem) + where.suffix
    if not re.fullmatch(where.names, name, re.ASCII):
        raise ValueError(f"{name!r} is no name that is read in {where.directory}: rename the file")
    if faults := list(where.faults(text)):
        raise ValueError("; ".join(faults))
    return Placed(f"{where.directory}/{name}", content, where.config)


def _man_page(source: PurePosixPath, content: bytes, text: str) -> Placed:
    """Debian policy 12.1: below man<section>, compressed with gzip -9n; man-pages(7): .TH repeats name and section."""
    match = _MAN.fullmatch(source.name)
    if match is None:
        raise ValueError(f"{source.name!r} is no man page's name, such as app.1 (not compressed: that is done here)")
    title = _TITLE.search(text)
    if title is None and not text.startswith(".so "):
        raise ValueError("it has no title line: '.TH NAME SECTION', or '.Dt NAME SECTION' for mdoc")
    if title is not None:
        name, section = (title[part].strip('"') for part in ("name", "section"))
        if (name.replace("\\-", "-").lower(), section.lower()) != (match["name"].lower(), match["section"]):
            raise ValueError(f"its title says {name}({section}), its name {match['name']}({match['section']})")
    folder = f"man{match['section'][0]}"
    above = source.parent.parent.name if source.parent.name == folder else source.parent.name
    language = f"{above}/" if _LANGUAGE.fullmatch(above) and above != "man" else ""
    return Placed(f"/usr/share/man/{language}{folder}/{source.name}.gz", gzipped(content), role=Role.DOC)


def gzipped(content: bytes) -> bytes:
    """Return ``content`` as ``gzip -9n`` packs it (Debian policy 12.7)."""
    packed = io.BytesIO()
    with GzipFile(filename="", mode="wb", compresslevel=9, fileobj=packed, mtime=0) as stream:
        stream.write(content)
    return packed.getvalue()
