"""The contract of builder and target: what a package tells its on-target program, and what that one notes down.

Both sides use these classes: the builder writes through them, the target reads through them. A field's
name is its key. The files of a package have ``schema`` as well; another one is refused.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple, TypeVar

from .protocol import damaged
from .records import Record, members, read, text

SCHEMA = 1
PROGRAM = "lib/activate.pyz"
MANIFEST = "manifest.json"
RELEASE = "release.json"
PENDING = "releases/.pending.json"

T = TypeVar("T", bound=Record)


class FileRow(NamedTuple):
    """A file of a layer, by its path within it."""

    path: str
    size: int
    sha256: str
    mode: int


class LinkRow(NamedTuple):
    """A symbolic link."""

    path: str
    target: str


class ScriptRow(NamedTuple):
    """A console script, as an entry point says it."""

    name: str
    module: str
    attr: str


class Distribution(NamedTuple):
    """A distribution that a layer holds."""

    name: str
    version: str


class WrittenRow(NamedTuple):
    """A file that was written on the target."""

    path: str
    size: int
    sha256: str


class Mark(NamedTuple):
    """A unit before a switch: a mark that is another one after each start, and whether it ran."""

    start: str
    ran: bool


class Python(Record):
    """The interpreter: a layer and the program in it, or with ``system`` the absolute path of the system's own."""

    executable: str
    version: str
    layer: str = ""
    system: bool = False
    site_packages: bool | None = None  # whether the venv sees the system's packages


class Check(Record):
    """How a service is looked at: ``http`` and ``status``, or ``command`` and ``user``, or systemd's own word."""

    timeout: float  # seconds, as the next two
    interval: float
    stable: float
    http: str = ""
    status: int | None = None
    command: tuple[str, ...] = ()
    user: str | None = None


class Hook(Record):
    """A program of the project's; with its digest, another hook makes another release."""

    file: str
    user: str
    sha256: str


class Application(Record):
    """What every application says of itself."""

    app: str
    version: str
    release: str
    prefix: str
    commands: tuple[str, ...]
    services: tuple[str, ...]  # units
    python: Python


class Manifest(Application):
    """``manifest.json`` of an application that is activated on the target."""

    layers: tuple[str, ...]  # in their order
    isolated: bool  # commands run with -I
    smoke: tuple[str, ...]  # modules whose import proves a release
    keep: int  # how many earlier releases stay
    user: str  # who imports the smoke modules; nobody where it is empty
    health: dict[str, Check]  # by unit
    hooks: dict[str, Hook]  # by name
    owned: tuple[str, ...]  # further files of the package below the prefix
    places: dict[str, str] = {}  # layers of other packages: their directory
    exact: dict[str, str] = {}  # layers whose description must have a digest
    pip: str = ""  # the wheel that installs archived ones, by its path in a release
    unproven: bool = False  # it was built with --no-proof: nothing was tried before it was packed


class PackagedManifest(Application):
    """``manifest.json`` where the venv is in the package: no program reads it, people may."""

    mode: str
    distributions: tuple[Distribution, ...]
    unproven: bool = False  # as above


class Layer(Record):
    """``layers/<name>.json``."""

    name: str
    compile: bool  # it came without byte code, which is made on the target
    files: tuple[FileRow, ...]
    links: tuple[LinkRow, ...]
    scripts: tuple[ScriptRow, ...]
    rewrite: tuple[str, ...]  # scripts whose first line is replaced
    distributions: tuple[Distribution, ...]
    python: str = ""  # the version of an interpreter that applications share
    archived: bool = False  # it holds wheels and a list of their digests
    programs: tuple[str, ...] = ()  # what archived wheels bring below bin/
    space: tuple[int, ...] = (0, 0)  # bytes and files that they become


class Extension(Record):
    """What ``plugins/<name>.json`` holds beside a layer's description: what the layer is to be added to."""

    extends: str  # the application
    abi: str  # its Python, such as 3.13
    smoke: tuple[str, ...]


class Admission(Record):
    """A package that is about to be unpacked; with ``extends``, a plugin."""

    name: str
    abi: str
    distributions: tuple[Distribution, ...]
    extends: str = ""
    files: tuple[FileRow, ...] = ()
    scripts: tuple[ScriptRow, ...] = ()


class Release(Record):
    """``release.json``: a release is complete, and this was written in it."""

    id: str
    version: str
    made: str  # UTC, ISO 8601
    copied: int
    written: tuple[WrittenRow, ...]
    links: tuple[LinkRow, ...]


class Pending(Record):
    """``.pending.json``: a switch whose end is open."""

    release: str
    previous: str | None  # what to go back to, also after a kill
    reason: str
    format: str
    units: dict[str, Mark]


def written(*records: Record) -> bytes:
    """Return the bytes of one file of a package, or of a release, made of the members of ``records``."""
    whole: dict[str, object] = {"schema": SCHEMA}
    for record in records:
        whole.update(members(record))
    return text(whole)


def load(kind: type[T], path: Path) -> tuple[bytes, T]:
    """Return a file's bytes and what it says; raise Failure that names the file."""
    data, value = load_json(path)
    return data, understood(kind, value, path)


def load_json(path: Path) -> tuple[bytes, object]:
    """Return a file's bytes and its JSON, of our schema; raise Failure that names the file."""
    try:
        data = path.read_bytes()
        value: object = json.loads(data.decode())
        found = value.get("schema") if isinstance(value, dict) else None
        if found != SCHEMA:
            raise ValueError(f"schema {found}")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else f"not as expected ({error})"
        raise damaged(f"{path}: {reason}") from None
    return data, value


def understood(kind: type[T], value: object, path: Path) -> T:
    """Return what a file's JSON says; raise Failure that names the file and the key."""
    try:
        return read(kind, value)
    except ValueError as error:
        raise damaged(f"{path}: not as expected ({error})") from None
