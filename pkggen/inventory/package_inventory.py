"""The frozen model of what a package holds, and the one reader that takes it from a .deb or an .rpm."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from pkggen.archives.deb import read_deb_files
from pkggen.archives.rpm import read_rpm_files
from pkggen.archives.streams import HELD, LimitError
from pkggen.errors import ArtefactError
from pkggen.inventory.held_wheel import HeldWheel, held_wheels, layer_of, wanted
from pkggen.inventory.inspection import Inspection, inspect
from pkggen.inventory.libraries import Library, libraries_in, united
from pkggen.model import ConfigKind, Entry, Kind, Needs, Role
from pkggen.store.cache import sha256_of
from pkggen.targets.elf import examine_for

_LARGEST_BINARY = 256 << 20  # bytes of an ELF file that is looked into; one is held at a time
_LARGEST_TEXT = 1 << 20
_TEXTS = 256 << 20  # bytes of all metadata, licences, units and conffiles together
_MAGIC = b"\x7fELF"
# of an application; of an interpreter that applications share
_MANIFEST = re.compile(r"/.*/(manifest|layers/python)\.json")
_UNIT = re.compile(
    r"(/usr)?/lib/systemd/(system|user)(-preset)?/.*|(/usr)?/lib/(sysusers|tmpfiles|udev/rules)\.d/[^/]+|/etc/systemd/.*"
)
_ARCHITECTURES = {"amd64": "x86_64", "arm64": "aarch64", "i386": "i686", "armhf": "armv7l", "all": "noarch"}


@dataclass(frozen=True, slots=True)
class Inventory:
    """What a package file says and holds, in terms that both formats share.

    ``version`` is whole, with epoch and release; ``machine`` is "x86_64", "noarch" and so on.
    ``interpreter`` is the version of the Python in it, "" for none. ``texts`` are units and
    conffiles by their absolute paths. ``needs`` is what its ELF files ask of the system, None
    where one of them can't be read. ``unseen`` are binaries too large to be looked into.
    """

    path: Path
    sha256: str
    size: int
    inspection: Inspection
    version: str
    machine: str
    licence: str
    interpreter: str
    files: tuple[Entry, ...]
    wheels: tuple[HeldWheel, ...]
    libraries: tuple[Library, ...]
    texts: Mapping[str, str]
    needs: Needs | None
    unseen: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Return the package's name."""
        return self.inspection.metadata.get("name", "")

    @property
    def format(self) -> str:
        """Return "deb" or "rpm"."""
        return self.inspection.metadata["format"]

    @property
    def installed(self) -> int:
        """Return the bytes of all files."""
        return sum(e.size for e in self.files)

    @property
    def made(self) -> int:
        """Return the time of the newest file, in seconds since 1970: when the package's sources were last changed."""
        return max((e.mtime for e in self.files), default=0)

    @property
    def layers(self) -> Mapping[str, int]:
        """Return the bytes of each layer; what is in none is under "package"."""
        sizes: dict[str, int] = {}
        for entry in self.files:
            layer = layer_of(entry.path) or "package"
            sizes[layer] = sizes.get(layer, 0) + entry.size
        return dict(sorted(sizes.items()))


def is_unit(path: str) -> bool:
    """Tell whether a file is systemd's, or tells it of users, directories or devices."""
    return _UNIT.fullmatch(path) is not None


def read_inventory(path: Path) -> Inventory:
    """Return what the package at ``path`` holds; raises ArtefactError when it can't be read."""
    seen = inspect(path)
    files = tuple(e for e in seen.files if e.role is not Role.GHOST)
    texts = {e.path for e in files if e.kind is Kind.FILE and e.size <= _LARGEST_TEXT and _is_text(e)}
    binaries = {e.path for e in files if e.kind is Kind.FILE and _may_be_binary(e)}
    unseen = tuple(sorted(e.path for e in files if e.path in binaries and e.size > _LARGEST_BINARY))
    try:
        data = _held(path, seen, files, texts | wanted(files))
        wheels = held_wheels(files, data)
        libraries, needs = _binaries(path, seen, binaries - set(unseen), wheels)
    except LimitError as error:
        raise ArtefactError(f"can't be read: {error}", where=os.fspath(path)) from error
    return Inventory(
        path=path,
        sha256=sha256_of(path),
        size=path.stat().st_size,
        inspection=seen,
        version=_version(seen.metadata),
        machine=_machine(seen),
        licence=seen.metadata.get("licence", ""),
        interpreter=_interpreter(files, data),
        files=files,
        wheels=wheels,
        libraries=libraries,
        texts={p: data[p].decode("utf-8", "replace") for p in sorted(texts) if p in data and not _MANIFEST.match(p)},
        needs=needs,
        unseen=unseen,
    )


def _is_text(entry: Entry) -> bool:
    return entry.config is not ConfigKind.NONE or is_unit(entry.path) or _MANIFEST.fullmatch(entry.path) is not None


def _may_be_binary(entry: Entry) -> bool:
    name = entry.path.rpartition("/")[2]
    return entry.size > len(_MAGIC) and (".so" in name or bool(entry.mode & 0o111) or "/bin/" in entry.path)


def _held(path: Path, seen: Inspection, files: tuple[Entry, ...], names: Collection[str]) -> dict[str, bytes]:
    if sum(e.size for e in files if e.path in names) > _TEXTS:
        raise LimitError(f"its metadata, licences, units and conffiles have more than {_TEXTS} bytes")
    return dict(_bytes(path, seen, names, HELD))


def _bytes(path: Path, seen: Inspection, names: Collection[str], limit: int) -> Iterator[tuple[str, bytes]]:
    reader = read_deb_files if seen.metadata["format"] == "deb" else read_rpm_files
    return reader(path, names, limit) if names else iter(())


def _binaries(
    path: Path, seen: Inspection, names: Collection[str], wheels: tuple[HeldWheel, ...]
) -> tuple[tuple[Library, ...], Needs | None]:
    """Return the libraries that ELF files are or hold, and what these files need."""
    holders = {e.path: w.name for w in wheels for e in w.files}
    found: list[Library] = []
    places: dict[str, str] = {}
    with TemporaryDirectory(prefix="pkggen-inventory-") as scratch:
        for place, content in _bytes(path, seen, names, _LARGEST_BINARY):
            if not content.startswith(_MAGIC):
                continue
            holder = holders.get(place, "")
            if layer_of(place) == "python" or (holder and ".libs/" in place):
                found += libraries_in(place, content, holder)
            # by number: what a package calls its files must not lead out of the directory
            copy = f"{len(places)}/{'lib.so' if '.so' in place else 'program'}"
            places[copy] = place
            Path(scratch, copy).parent.mkdir()
            Path(scratch, copy).write_bytes(content)
        try:
            needs = _named(examine_for(Path(scratch), _machine(seen), "glibc"), places)
        except ArtefactError:
            needs = None
    return united(found), needs


def _named(needs: Needs, places: Mapping[str, str]) -> Needs:
    return replace(
        needs,
        glibc_by=places.get(needs.glibc_by, ""),
        cpu_by=places.get(needs.cpu_by, ""),
        sonames={soname: places[by] for soname, by in needs.sonames.items()},
        provides=tuple(p for p in needs.provides if p != "lib.so"),
        carried=tuple(places[c] for c in needs.carried),
        plugins=(),
    )


def _interpreter(files: tuple[Entry, ...], data: Mapping[str, bytes]) -> str:
    """Return the version that a manifest tells of an interpreter in the package, else the minor of its program."""
    if not any(layer_of(e.path) == "python" for e in files):
        return ""  # the system's, or another package's
    for path in sorted(p for p in data if _MANIFEST.fullmatch(p)):
        try:
            told = json.loads(data[path])["python"]
            version = told if isinstance(told, str) else str(told["version"])
            if version:
                return version
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            continue  # another program's manifest
    programs = (re.fullmatch(r".*/python/bin/python(3\.\d+)", e.path) for e in files)
    return next((match[1] for match in programs if match), "")


def _version(metadata: Mapping[str, str]) -> str:
    if metadata["format"] == "deb":
        return metadata.get("version", "")
    epoch = metadata.get("epoch", "0")
    return f"{epoch}:" * (epoch != "0") + f"{metadata.get('version', '')}-{metadata.get('release', '')}"


def _machine(seen: Inspection) -> str:
    told = seen.metadata.get("architecture", "")
    return _ARCHITECTURES.get(told, told)
