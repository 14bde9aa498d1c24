"""Wheels as a package holds them: installed, with their dist-info, or as files of the archived layout."""

from __future__ import annotations

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from pkggen.archives.streams import HELD
from pkggen.metadata.headers import decoded, read_headers
from pkggen.metadata.spdx import expression
from pkggen.model import Entry, Kind
from pkggen.wheels.unpacking.dist_info import read_about

_INFO = re.compile(r"(?P<site>/.*/(?:site|dist)-packages)/(?P<info>[^/]+\.(?:dist|egg)-info)/(?P<name>.*)")
_HEAD = re.compile(r"METADATA|PKG-INFO")
_LARGEST_INSIDE = 1 << 20  # bytes of one file of a wheel's dist-info that is read
_MOST_TEXTS = 50
_TEXT = re.compile(r"licenses/.*|license_files/.*|(licen[cs]e|copying)[^/]*", re.I)
_TOLD = re.compile(rf"METADATA|PKG-INFO|RECORD|sboms/[^/]+|{_TEXT.pattern}", re.I)
_BYTE_CODE = re.compile(r"(?P<directory>.*/)__pycache__/(?P<module>[^/]+?)\.[\w-]+(?:\.opt-\d)?\.pyc")
# below layers/, or side by side with venv.mode = "packaged"; the first of a path counts: keras/layers/core is none
_LAYER = re.compile(r"/.*?/(?:layers/([^/]+)|(python|venv))/(?:bin|lib|include|share|wheels)/.*")
# well-known labels of Project-URL (Well-known Project URLs in Metadata, PyPA)
_CHANGELOGS = ("changelog", "changes", "whatsnew", "history", "releasenotes", "news")
# of RFC 3987, what all readers take: no login, and no brackets, which belong to hosts that nobody links to
_CHARACTERS = r"(?:[\w.~:/?@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*"
_URL = re.compile(rf"https?://[\w.-]+(?::\d{{1,5}})?(?:[/?]{_CHARACTERS})?(?:#{_CHARACTERS})?")


@dataclass(frozen=True, slots=True)
class HeldWheel:
    """A distribution of a package.

    ``name`` is normalised (PEP 503), ``licence`` an SPDX expression or "", ``urls`` are (label, address)
    as Project-URL has them, ``requires`` the lines of Requires-Dist. ``sha256`` is that of the wheel
    file, "" where the package holds the wheel installed. ``files`` are its files by their absolute path,
    byte code included; ``site`` is the directory they are below. ``boms`` are the documents that it
    carries (PEP 770), by path.
    """

    name: str
    version: str
    layer: str
    licence: str
    summary: str
    homepage: str
    urls: tuple[tuple[str, str], ...]
    requires: tuple[str, ...]
    sha256: str = ""
    site: str = ""
    files: tuple[Entry, ...] = ()
    boms: tuple[tuple[str, bytes], ...] = ()

    @property
    def size(self) -> int:
        """Return the bytes of its files."""
        return sum(e.size for e in self.files)

    @property
    def changelog(self) -> str:
        """Return the address of the changelog, or ""."""
        known = {re.sub(r"[\W_]", "", label.lower()): url for label, url in reversed(self.urls)}
        return next((known[label] for label in _CHANGELOGS if label in known), "")


def wanted(files: Iterable[Entry]) -> set[str]:
    """Return the paths whose bytes :func:`held_wheels` reads."""
    return {e.path for e in files if e.kind is Kind.FILE and e.size <= HELD and (_told(e.path) or _is_wheel(e.path))}


def held_wheels(files: Iterable[Entry], data: Mapping[str, bytes]) -> tuple[HeldWheel, ...]:
    """Return the wheels by name; what has no readable METADATA is none."""
    listed = {e.path: e for e in files if e.kind is Kind.FILE}
    owned = _byte_code(listed)
    found = [*_installed(listed, owned, data), *_archived(listed, data)]
    return tuple(sorted(found, key=lambda w: (w.name, w.layer, w.version)))


def address(text: str) -> str:
    """Return a web address, "" for what is none: METADATA is anybody's text."""
    found = text.strip()
    return found if _URL.fullmatch(found) else ""


def layer_of(path: str) -> str:
    """Return the layer that a path of a package lies in, "" for none."""
    match = _LAYER.fullmatch(path)
    return (match[1] or match[2]) if match else ""


def _told(path: str) -> bool:
    match = _INFO.fullmatch(path)
    return match is not None and _TOLD.fullmatch(match["name"]) is not None


def _is_wheel(path: str) -> bool:
    return path.endswith(".whl")


def _byte_code(listed: Mapping[str, Entry]) -> dict[str, list[Entry]]:
    """Return the byte code of each source, by its path."""
    found: dict[str, list[Entry]] = {}
    for path, entry in listed.items():
        if match := _BYTE_CODE.fullmatch(path):
            found.setdefault(f"{match['directory']}{match['module']}.py", []).append(entry)
    return found


def _installed(
    listed: Mapping[str, Entry], owned: Mapping[str, list[Entry]], data: Mapping[str, bytes]
) -> Iterator[HeldWheel]:
    for path in sorted(listed):
        match = _INFO.fullmatch(path)
        if match is None or not _HEAD.fullmatch(match["name"]) or path not in data:
            continue
        info = f"{match['site']}/{match['info']}"
        ours = {e.path: e for p, e in listed.items() if p.startswith(f"{info}/")}
        for name in _recorded(data.get(f"{info}/RECORD", b"")):
            place = _joined(match["site"], name)
            ours |= {e.path: e for e in (*owned.get(place, ()), *([listed[place]] if place in listed else []))}
        boms = tuple((p, data[p]) for p in sorted(ours) if p.startswith(f"{info}/sboms/") and p in data)
        texts = [decoded(data[p]) for p in sorted(ours) if _TEXT.fullmatch(p.removeprefix(f"{info}/")) and p in data]
        known = _wheel(data[path], layer_of(path), "\n".join(texts))
        yield from (replace(w, site=match["site"], files=_by_path(ours.values()), boms=boms) for w in known)


def _joined(site: str, name: str) -> str:
    """Return where a line of RECORD leads: to ``../../../bin/x``, an absolute path, or below ``site``."""
    steps = [] if name.startswith("/") else site.split("/")[1:]
    for step in name.split("/"):
        if step == "..":
            steps = steps[:-1]
        elif step not in ("", "."):
            steps.append(step)
    return "/" + "/".join(steps)


def _recorded(record: bytes) -> list[str]:
    try:
        return [row[0] for row in csv.reader(io.StringIO(decoded(record))) if row]
    except csv.Error:
        return []


def _archived(listed: Mapping[str, Entry], data: Mapping[str, bytes]) -> Iterator[HeldWheel]:
    for path in sorted(p for p in listed if _is_wheel(p) and p in data):
        try:
            name, version, *_ = parse_wheel_filename(path.rpartition("/")[2])
            metadata, texts = _inside(data[path])
        except (InvalidWheelFilename, zipfile.BadZipFile, zlib.error, OSError, ValueError, EOFError, RuntimeError):
            continue  # the ending alone makes no wheel
        for wheel in _wheel(metadata, layer_of(path), texts):
            if (wheel.name, wheel.version) == (name, str(version)):
                yield replace(wheel, sha256=listed[path].sha256, files=(listed[path],))


def _inside(wheel: bytes) -> tuple[bytes, str]:
    """Return METADATA of a wheel file, and the texts of its licences; raise ValueError where there is none."""
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        named = [(i, i.filename.partition(".dist-info/")) for i in archive.infolist() if i.file_size <= _LARGEST_INSIDE]
        inside = {rest: i for i, (directory, mark, rest) in named if mark and "/" not in directory}
        if "METADATA" not in inside:
            raise ValueError("it has no METADATA")
        texts = [inside[rest] for rest in sorted(inside) if _TEXT.fullmatch(rest)][:_MOST_TEXTS]
        return archive.read(inside["METADATA"]), "\n".join(decoded(archive.read(text)) for text in texts)


def _by_path(files: Iterable[Entry]) -> tuple[Entry, ...]:
    return tuple(sorted(files, key=lambda e: e.path))


def _wheel(metadata: bytes, layer: str, licence_text: str) -> Iterator[HeldWheel]:
    head = read_headers(decoded(metadata))
    about = read_about(decoded(metadata))
    name, version = str(head.get("Name", "")).strip(), str(head.get("Version", "")).strip()
    if not name or not version:
        return
    yield HeldWheel(
        name=canonicalize_name(name),
        version=version,
        layer=layer,
        licence=expression(about.licence, licence_text),
        summary=about.summary,
        homepage=address(about.homepage),
        urls=tuple(_urls(head.get_all("Project-URL", []))),
        requires=tuple(str(line).strip() for line in head.get_all("Requires-Dist", [])),
    )


def _urls(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    for line in lines:
        label, comma, told = str(line).partition(",")
        if comma and address(told):
            yield label.strip(), address(told)
