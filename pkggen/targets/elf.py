"""What ELF files ask of the system: the answer to "what does this run on?".

Only dynamic sections are read: DT_NEEDED, DT_SONAME and version needs (System V gABI, chapter
"Dynamic Linking"; symbol versions: LSB Core, "Symbol Versioning"), and the note that names the
CPU level which the code was compiled for (x86-64 psABI, "Program Property").
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from elftools.common.utils import struct_parse
from elftools.elf.dynamic import Dynamic
from elftools.elf.elffile import ELFFile
from elftools.elf.segments import InterpSegment, NoteSegment, Segment

from pkggen.errors import ArtefactError, Problem
from pkggen.model import Needs

_MAGIC = b"\x7fELF"
_MACHINES = {"EM_X86_64": "x86_64", "EM_AARCH64": "aarch64", "EM_386": "i686", "EM_ARM": "armv7l"}
# libnsl and libcrypt are not here: distributions ship them apart from glibc.
_GLIBC_LIBRARY = re.compile(
    r"(ld-linux[\w-]*|ld64|lib(c|m|dl|pthread|rt|util|resolv|anl|mvec|BrokenLocale|thread_db|c_malloc_debug))\.so(\.\d+)?$"
)
_GLIBC_VERSION = re.compile(r"GLIBC_(\d+(?:\.\d+)+)$")
# Not a number, yet it asks for one: glibc 2.36 was the first to understand packed relocations.
_GLIBC_FEATURES = {"GLIBC_ABI_DT_RELR": (2, 36)}
# What comes in a wheel of its own and in no distribution's package: CUDA's libraries, frameworks.
_OTHER_WHEELS = re.compile(
    r"lib(cudart|cublas\w*|cudnn\w*|cufft\w*|curand|cusolver\w*|cusparse\w*|cupti|cufile|nvrtc\S*|nvJitLink|nvToolsExt|nccl"
    r"|nvshmem\w*|torch\w*|c10\w*|tensorflow\w*|jax\w*|shm)\.so(\.[\d.]+)?"
)
_ISA_NEEDED = "GNU_PROPERTY_X86_ISA_1_NEEDED"
_HIGHEST_LEVEL = 4
_MOST_VERSIONS = 10_000  # of one file; a damaged count must not keep us busy for hours


@dataclass(frozen=True, slots=True)
class ElfObject:
    """One dynamic ELF file: ``runpath`` are DT_RPATH and DT_RUNPATH entries as written.

    ``versions`` are (soname, version) pairs; ``loader`` is PT_INTERP, empty for libraries.
    ``cpu`` is the x86-64 level that it declares, 0 for the baseline and where it declares none.
    """

    path: Path
    machine: str
    soname: str
    needed: tuple[str, ...]
    versions: tuple[tuple[str, str], ...]
    runpath: tuple[str, ...]
    loader: str
    cpu: int = 0


def is_elf(path: str | Path) -> bool:
    """Tell whether a file begins as ELF files do; four bytes are read."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        return os.read(descriptor, 4) == _MAGIC
    finally:
        os.close(descriptor)


def is_elf_program(path: Path) -> bool:
    """Tell whether an ELF file is made to be started: it has a fixed address, or names its loader."""
    with path.open("rb") as stream:
        try:
            elf = ELFFile(stream)
            return elf["e_type"] == "ET_EXEC" or any(isinstance(s, InterpSegment) for s in elf.iter_segments())
        except Exception:  # the parser raises whatever the bytes lead it to, and what it can't read can't be started
            return False


def is_glibc(soname: str) -> bool:
    """Tell whether a library is glibc's own, so that a glibc version covers it."""
    return _GLIBC_LIBRARY.match(soname) is not None


def read_elf(path: Path, name: str = "") -> ElfObject | None:
    """Read one ELF file; None when it is not a program or a library (``.o`` files, cores).

    ``name`` is how messages call the file. Raises ArtefactError when the file is damaged.
    """
    with path.open("rb") as stream:
        try:
            return _read(stream, path)
        except Exception as error:  # the parser raises whatever the bytes lead it to
            raise ArtefactError(
                f"not a readable ELF file: {error or type(error).__name__}",
                where=name or os.fspath(path),
                remedy="the file is damaged or truncated: fetch or build it again",
            ) from error


def elf_files(root: Path) -> Iterator[tuple[str, ElfObject]]:
    """Yield every program and library below ``root`` with its relative path, sorted by it."""
    for name in _elf_names(root):
        found = read_elf(root / name, name)
        if found is not None:
            yield name, found


def _elf_names(root: Path) -> list[str]:
    names: list[str] = []
    for directory, _, files in os.walk(root):
        paths = (os.path.join(directory, f) for f in files)
        names += (os.path.relpath(p, root) for p in paths if os.path.isfile(p) and not os.path.islink(p) and is_elf(p))
    return sorted(names)


def examine(root: Path) -> Needs:
    """Return what the ELF files below ``root`` need of the system.

    Libraries that another file of the tree provides are left out, whether they are found
    through an rpath or because something loads them first. Raises ArtefactError for damaged
    files and for a tree of two machines.
    """
    return merge([_needs_of(name, found) for name, found in elf_files(root)])


def examine_for(root: Path, machine: str, libc: str) -> Needs:
    """Return what those of the ELF files below ``root`` need that can run on ``machine`` with ``libc``.

    All others are ``carried``: a debugger's helpers for other machines, firmware, agents to be copied
    to other hosts, damaged files of a test suite. ``libc`` is "glibc", "musl", or else counts for nothing.
    Raises ArtefactError for a damaged library or program that the tree would run.
    """
    needs: list[Needs] = []
    carried: list[str] = []
    for name in _elf_names(root):
        try:
            found = read_elf(root / name, name)
        except ArtefactError:
            if ".so" in os.path.basename(name) or name.startswith("bin/"):
                raise
            carried.append(name)
            continue
        if found is not None and _is_foreign(found, machine, libc):
            carried.append(name)
        elif found is not None:
            needs.append(_needs_of(name, found))
    return replace(merge(needs), carried=tuple(carried))


def _is_foreign(found: ElfObject, machine: str, libc: str) -> bool:
    if found.machine != machine or found.loader.startswith("/system/"):  # Android's
        return True
    if found.loader.startswith("/lib/ld-musl-") or any(n.startswith("libc.musl-") for n in found.needed):
        return libc == "glibc"
    return libc == "musl" and "libc.so.6" in found.needed


def merge(needs: Sequence[Needs]) -> Needs:
    """Return what parts need together; what one of them provides, the others no longer need.

    A file that needs a framework's library is a plugin as long as no part provides that.
    Raises ArtefactError when they are for different machines.
    """
    everything = [*needs, *(plugin for part in needs for plugin in part.plugins)]
    provided = {p for part in everything for p in part.provides}
    absent = [part for part in everything if _absent(part, provided)]
    needs = [part for part in everything if part not in absent]
    sonames: dict[str, str] = {}
    for part in needs:
        for soname, by in part.sonames.items():
            if soname not in provided:
                sonames.setdefault(soname, by)
    highest = max(needs, key=lambda part: part.glibc, default=Needs())  # max keeps the first of equals
    newest = max(needs, key=lambda part: part.cpu, default=Needs())
    return Needs(
        machine=_one_machine(needs),
        glibc=highest.glibc,
        glibc_by=highest.glibc_by,
        sonames=dict(sorted(sonames.items())),
        versions=tuple(sorted({v for part in needs for v in part.versions if v[0] not in provided})),
        provides=tuple(sorted(provided)),
        plugins=tuple(sorted(absent, key=lambda part: part.glibc_by)),
        cpu=newest.cpu,
        cpu_by=newest.cpu_by,
        python=max((part.python for part in needs), default=""),
    )


def within(needs: Needs, where: str) -> Needs:
    """Return ``needs`` with every file named as one of ``where``: "numpy-2.3.0-….whl: numpy/x.so"."""
    return replace(
        needs,
        glibc_by=f"{where}: {needs.glibc_by}" if needs.glibc_by else "",
        cpu_by=f"{where}: {needs.cpu_by}" if needs.cpu_by else "",
        sonames={soname: f"{where}: {by}" for soname, by in needs.sonames.items()},
        plugins=tuple(within(plugin, where) for plugin in needs.plugins),
    )


def _absent(part: Needs, provided: set[str]) -> bool:
    """Tell whether ``part`` is one file that waits for another wheel's libraries."""
    return not part.plugins and any(_OTHER_WHEELS.fullmatch(s) and s not in provided for s in part.sonames)


def _one_machine(needs: Sequence[Needs]) -> str:
    by_machine: dict[str, str] = {}
    for part in needs:
        if part.machine:
            by_machine.setdefault(part.machine, part.glibc_by or next(iter(part.sonames.values()), "a file"))
    if len(by_machine) > 1:
        raise ArtefactError(
            *(Problem(f"is for {machine}", by) for machine, by in by_machine.items()),
            "ELF files of different machines can't share a package",
        )
    return next(iter(by_machine), "")


def _needs_of(name: str, found: ElfObject) -> Needs:
    versions = [(v, _glibc_version(v[1])) for v in found.versions if is_glibc(v[0])]
    own = found.soname or (os.path.basename(name) if ".so" in name else "")
    return Needs(
        machine=found.machine,
        glibc=max((number for _, number in versions), default=()),
        glibc_by=name,
        sonames={n: name for n in found.needed if not is_glibc(n)},
        versions=tuple(v for v in found.versions if not is_glibc(v[0])),
        provides=(own,) if own else (),
        cpu=found.cpu,
        cpu_by=name if found.cpu else "",
    )


def _glibc_version(version: str) -> tuple[int, ...]:
    if version in _GLIBC_FEATURES:
        return _GLIBC_FEATURES[version]
    match = _GLIBC_VERSION.match(version)
    return tuple(int(n) for n in match[1].split(".")) if match else ()


def _read(stream: BinaryIO, path: Path) -> ElfObject | None:
    elf = ELFFile(stream)
    if elf["e_type"] not in ("ET_DYN", "ET_EXEC"):
        return None
    machine = _MACHINES.get(elf["e_machine"], str(elf["e_machine"]))
    segments = tuple(elf.iter_segments())
    loader = next((s.get_interp_name() for s in segments if isinstance(s, InterpSegment)), "")
    cpu = _cpu_level(segments) if machine == "x86_64" else 0
    header = next((s for s in segments if s["p_type"] == "PT_DYNAMIC"), None)
    if header is None or header["p_filesz"] == 0:
        return ElfObject(path, machine, "", (), (), (), loader, cpu)
    # through the segment, as the loader does it: section headers may have been stripped
    dynamic = Dynamic(stream, elf, None, header["p_offset"], empty=False)
    tags = list(dynamic.iter_tags())
    texts = {
        kind: [getattr(t, attribute) for t in tags if t.entry.d_tag == kind]
        for kind, attribute in (
            ("DT_NEEDED", "needed"), ("DT_SONAME", "soname"), ("DT_RPATH", "rpath"), ("DT_RUNPATH", "runpath"),
        )
    }  # fmt: skip
    return ElfObject(
        path, machine, next(iter(texts["DT_SONAME"]), ""), tuple(texts["DT_NEEDED"]), tuple(_versions(elf, dynamic)),
        tuple(p for text in texts["DT_RPATH"] + texts["DT_RUNPATH"] for p in text.split(":") if p), loader, cpu,
    )  # fmt: skip


def _cpu_level(segments: Sequence[Segment]) -> int:
    """Return 2 to 4 for x86-64-v2 to v4, or 0."""
    needed = 0
    try:
        for segment in (s for s in segments if isinstance(s, NoteSegment)):
            for note in segment.iter_notes():
                if (note["n_name"], note["n_type"]) == ("GNU", "NT_GNU_PROPERTY_TYPE_0"):
                    # one bit for each level, the baseline's is the lowest
                    needed |= sum(p["pr_data"] for p in note["n_desc"] if p["pr_type"] == _ISA_NEEDED)
    except Exception:  # the loader passes over notes that it does not understand, and so do we
        return 0
    level = needed.bit_length()
    return level if 1 < level <= _HIGHEST_LEVEL else 0


def _versions(elf: ELFFile, dynamic: Dynamic) -> Iterator[tuple[str, str]]:
    _, offset = dynamic.get_table_offset("DT_VERNEED")
    if offset is None:
        return
    strings = dynamic._get_stringtable()
    count = next(t.entry.d_val for t in dynamic.iter_tags("DT_VERNEEDNUM"))
    if count > _MOST_VERSIONS:
        raise ValueError(f"{count} version needs")
    for _ in range(count):
        library = struct_parse(elf.structs.Elf_Verneed, elf.stream, stream_pos=offset)
        soname = strings.get_string(library.vn_file)
        at = offset + library.vn_aux
        for _ in range(library.vn_cnt):
            version = struct_parse(elf.structs.Elf_Vernaux, elf.stream, stream_pos=at)
            yield soname, strings.get_string(version.vna_name)
            at += version.vna_next
        offset += library.vn_next
