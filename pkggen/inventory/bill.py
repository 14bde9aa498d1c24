"""The bill of materials of a package: its parts with their identifiers, and which needs which.

One model for every format that it is written in. Identifiers are purls (package-url specification)
and, for the interpreter and C libraries, CPE names as the NVD has them: that is how known
vulnerabilities of these are found.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from packaging.markers import Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from pkggen.inventory.carried import CarriedComponent, carried_components
from pkggen.inventory.held_wheel import HeldWheel, address
from pkggen.inventory.libraries import Library
from pkggen.inventory.package_inventory import Inventory
from pkggen.metadata.spdx import expression

# vendor and product of the NVD's dictionary
_CPES = {
    "openssl": "openssl:openssl", "sqlite": "sqlite:sqlite", "zlib": "zlib:zlib", "bzip2": "bzip:bzip2",
    "expat": "libexpat_project:libexpat", "xz": "tukaani:xz", "ncurses": "gnu:ncurses", "readline": "gnu:readline",
    "libffi": "libffi_project:libffi",
}  # fmt: skip
_LICENCES = {
    "openssl": "Apache-2.0", "sqlite": "blessing", "zlib": "Zlib", "bzip2": "bzip2-1.0.6", "expat": "MIT",
    "libffi": "MIT", "mpdecimal": "BSD-2-Clause", "libuuid": "BSD-3-Clause",
}  # fmt: skip
_OLD_OPENSSL = re.compile(r"[01]\.")  # before 3.0 it had a licence of its own
_MINOR = re.compile(r"/python(3\.\d+)/")


@dataclass(frozen=True, slots=True)
class Part:
    """One part: the package (its ``ref`` is "package"), the interpreter, a wheel, or a C library.

    ``kind`` is "application", "platform" or "library"; ``needs`` are refs of other parts. ``sha256`` is
    that of the file that the part came as, "" where that is not known; ``record`` is the digest of the
    RECORD of an installed wheel, which has those of all its files. ``carried`` are the components that
    a wheel's own documents name.
    """

    ref: str
    kind: str
    name: str
    version: str
    purl: str
    licence: str = ""
    cpe: str = ""
    sha256: str = ""
    record: str = ""
    summary: str = ""
    urls: tuple[tuple[str, str], ...] = ()
    place: str = ""
    layer: str = ""
    needs: tuple[str, ...] = ()
    carried: tuple[CarriedComponent, ...] = ()


@dataclass(frozen=True, slots=True)
class Bill:
    """All parts, the package first. ``made`` is in seconds since 1970, ``identity`` the same for the same file."""

    parts: tuple[Part, ...]
    made: int
    identity: uuid.UUID


def bill_of(inventory: Inventory, digests: Mapping[str, str] | None = None) -> Bill:
    """Return the bill of materials of a package.

    ``digests`` are the SHA-256 of wheel files by normalised name, for a package that was built just now.
    """
    wheels = [_wheel(w, inventory, digests or {}) for w in inventory.wheels]
    libraries = [_library(library) for library in inventory.libraries]
    held = {p.ref: p for p in [*wheels, *libraries]}  # two layers may hold the same wheel
    python = _interpreter(inventory)
    own = _own(inventory)
    top = _package(inventory, own, [*(_ref(w) for w in own or inventory.wheels), *(p.ref for p in python)])
    parts = (top, *python, *sorted(held.values(), key=lambda p: p.ref))
    return Bill(parts, inventory.made, uuid.uuid5(uuid.NAMESPACE_URL, f"sha256:{inventory.sha256}"))


def _own(inventory: Inventory) -> list[HeldWheel]:
    """Return the project's own wheel; none where the package is not of a project, such as a split's dependencies."""
    layer = [w for w in inventory.wheels if w.layer == "app"]
    return layer or [w for w in inventory.wheels if w.name == canonicalize_name(inventory.name)]


def _package(inventory: Inventory, own: Sequence[HeldWheel], needs: Sequence[str]) -> Part:
    said = inventory.inspection.metadata
    version, epoch = inventory.version, ""
    if ":" in version:
        epoch, _, version = version.partition(":")
    qualifiers = {
        "arch": said.get("architecture", ""),
        **({"epoch": epoch} if epoch and inventory.format == "rpm" else {}),
    }
    told = inventory.version if inventory.format == "deb" else version
    return Part(
        ref="package",
        kind="application",
        name=inventory.name,
        version=inventory.version,
        purl=_purl(inventory.format, inventory.name, told, qualifiers),
        licence=expression(inventory.licence) or next((w.licence for w in own), ""),
        sha256=inventory.sha256,
        summary=said.get("summary", ""),
        urls=tuple(("Homepage", u) for u in [address(said.get("homepage", ""))] if u),
        needs=tuple(needs),
    )


def _interpreter(inventory: Inventory) -> tuple[Part, ...]:
    if not inventory.interpreter:
        return ()
    version = inventory.interpreter
    return (
        Part(
            ref="interpreter",
            kind="platform",
            name="cpython",
            version=version,
            purl=_purl("generic", "cpython", version),
            licence="Python-2.0.1",
            cpe=_cpe("python:python", version),
            urls=(("Homepage", "https://www.python.org/"),),
            layer="python",
            needs=tuple(sorted({_library(lib).ref for lib in inventory.libraries if not lib.holder})),
        ),
    )


def _wheel(wheel: HeldWheel, inventory: Inventory, digests: Mapping[str, str]) -> Part:
    libraries = {_library(lib).ref for lib in inventory.libraries if lib.holder == wheel.name}
    record = next((e.sha256 for e in wheel.files if e.path.endswith(".dist-info/RECORD")), "")
    return Part(
        ref=_ref(wheel),
        kind="library",
        name=wheel.name,
        version=wheel.version,
        purl=_purl("pypi", wheel.name, wheel.version),
        licence=wheel.licence,
        sha256=wheel.sha256 or digests.get(wheel.name, ""),
        record=record,
        summary=wheel.summary,
        urls=tuple(dict.fromkeys([*((("Homepage", wheel.homepage),) if wheel.homepage else ()), *wheel.urls])),
        place=wheel.site,
        layer=wheel.layer,
        needs=tuple(sorted({*_required(wheel, inventory), *libraries})),
        carried=tuple(
            component
            for path, content in wheel.boms
            for component in carried_components(path, content)
            if canonicalize_name(component.name) != wheel.name  # a document about a wheel begins with that wheel
        ),
    )


def _ref(wheel: HeldWheel) -> str:
    return f"wheel:{wheel.name}@{wheel.version}"


def _required(wheel: HeldWheel, inventory: Inventory) -> Iterator[str]:
    """Yield the wheels of the package that METADATA asks for on Linux; those of an extra count when any asks for it."""
    minor = _MINOR.search(wheel.site)
    there = _environment(inventory.interpreter or (minor[1] if minor else "3.13"), inventory.machine)
    held = {w.name: w for w in inventory.wheels}
    extras = {
        extra
        for other in inventory.wheels
        for line in _requirements(other)
        if canonicalize_name(line.name) == wheel.name
        for extra in line.extras
    }
    for line in _requirements(wheel):
        found = held.get(canonicalize_name(line.name))
        if found and found is not wheel and _holds(line.marker, there, ("", *sorted(extras))):
            yield _ref(found)


def _requirements(wheel: HeldWheel) -> Iterator[Requirement]:
    for text in wheel.requires:
        try:
            yield Requirement(text)
        except InvalidRequirement:  # old projects write what no standard knows; it names no wheel
            continue


def _holds(marker: Marker | None, there: Mapping[str, str], extras: Sequence[str]) -> bool:
    try:
        return marker is None or any(marker.evaluate({**there, "extra": extra}) for extra in extras)
    except ValueError:  # a comparison that is undefined: nothing says that it is left out
        return True


def _environment(version: str, machine: str) -> dict[str, str]:
    return {
        "implementation_name": "cpython", "platform_python_implementation": "CPython", "os_name": "posix",
        "sys_platform": "linux", "platform_system": "Linux", "platform_machine": machine, "platform_release": "",
        "platform_version": "", "python_full_version": version, "implementation_version": version,
        "python_version": ".".join(version.split(".")[:2]),
    }  # fmt: skip


def _library(library: Library) -> Part:
    name, version = library.name, library.version
    licence = _LICENCES.get(name, "")
    if name == "openssl" and _OLD_OPENSSL.match(version):
        licence = "OpenSSL"
    holder = f"{library.holder}/" if library.holder else ""
    return Part(
        ref=f"library:{holder}{name}" + (f"@{version}" if version else ""),
        kind="library",
        name=name,
        version=version,
        purl=_purl("generic", name, version),
        licence=licence,
        cpe=_cpe(_CPES[name], version) if name in _CPES and version else "",
        place=library.path,
        layer="" if library.holder else "python",
    )


def _purl(kind: str, name: str, version: str, qualifiers: Mapping[str, str] | None = None) -> str:
    """Return a package-url; what its syntax uses is percent-encoded (purl specification, "Character encoding")."""
    listed = "&".join(f"{k}={quote(v, safe='.-_~:')}" for k, v in sorted((qualifiers or {}).items()) if v)
    text = f"pkg:{kind}/{quote(name, safe='.-_~')}"
    return text + (f"@{quote(version, safe='.-_~:')}" if version else "") + (f"?{listed}" if listed else "")


def _cpe(product: str, version: str) -> str:
    """Return a formatted string of CPE 2.3 (NISTIR 7695, 6.2): punctuation is escaped."""
    escaped = re.sub(r"([^A-Za-z0-9._-])", r"\\\1", version)
    return f"cpe:2.3:a:{product}:{escaped}:*:*:*:*:*:*:*"
