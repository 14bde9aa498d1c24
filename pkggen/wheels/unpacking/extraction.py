"""A verified wheel unpacked as a venv wants it, once per interpreter, into the cache.

Nothing is published before every member was checked: unpacking happens in a scratch
directory that is thrown away on any problem.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path

from packaging.utils import InvalidWheelFilename

from pkggen.bytecode.compilation import compile_tree
from pkggen.errors import ArtefactError, IntegrityError, Problem
from pkggen.metadata.headers import decoded
from pkggen.model import Distribution, Interpreter, Needs, Tree, Wheel
from pkggen.model.shebang import HEAD, asks_for_python, with_ours
from pkggen.store.cache import Cache, sha256_of
from pkggen.targets.elf import examine, examine_for, is_elf_program
from pkggen.wheels.unpacking.dist_info import Identity, read_about, read_scripts
from pkggen.wheels.unpacking.placement import Placed
from pkggen.wheels.unpacking.plan import UNREADABLE, Plan, inspect
from pkggen.wheels.unpacking.record import write_record
from pkggen.wheels.unpacking.zip_members import opened

_RECIPE = "3"  # of what is done to a wheel here; a change makes cached trees invisible
_CHUNK = 1 << 20
_SHARED = re.compile(r".+\.so(\.[0-9]+)*")
_MODULE = re.compile(r"([A-Za-z_]\w*)(\.py|\.pyc|(\.[\w-]+)?\.so)", re.ASCII)
_Digests = Mapping[str, tuple[bytes, int]]


def unpack(wheel: Wheel, interpreter: Interpreter, cache: Cache) -> Distribution:
    """Return ``wheel`` as a tree below a venv's prefix, with byte code where something here can make it.

    Raises IntegrityError (digest, RECORD) or ArtefactError (anything else that is wrong with the
    wheel), each with every problem found, by wheel and member.
    """
    compiler = interpreter.compiler
    compiled = f"pyc{compiler.identity}" if compiler else "nopyc"
    # byte code may differ between builds of one minor version, so the very interpreter counts
    key = f"{wheel.filename}-{wheel.sha256}-{interpreter.version}-{interpreter.digest}-{compiled}-{_RECIPE}"
    tree = cache.tree("wheel", key, lambda root: _fill(root, wheel, interpreter))
    return _described(wheel, tree, interpreter)


def _fill(root: Path, wheel: Wheel, interpreter: Interpreter) -> Needs:
    if sha256_of(wheel.path) != wheel.sha256:
        raise IntegrityError("its bytes changed after they were verified", where=wheel.filename, remedy="build again")
    try:
        identity = Identity.of(wheel.filename)
    except InvalidWheelFilename as error:
        raise ArtefactError(str(error), where=wheel.filename) from error
    with opened(wheel.path, wheel.filename) as archive:
        plan = inspect(archive, identity, interpreter.library, interpreter.version)
        digests = _extract(archive, plan, root)
    _finish(root, plan, digests, interpreter)
    try:
        return _needs(root, identity, interpreter)
    except ArtefactError as error:
        renamed = (Problem(p.what, f"{wheel.filename}: {p.where}", p.remedy) for p in error.problems)
        raise ArtefactError(*renamed) from error


def _needs(root: Path, identity: Identity, interpreter: Interpreter) -> Needs:
    """Return what the wheel's ELF files need; one that is for no platform, or has files for ours, may carry others."""
    machine = interpreter.tree.needs.machine or platform.machine()
    needs = examine_for(root, machine, interpreter.libc)
    if needs.carried and not needs.machine and all(tag.platform != "any" for tag in identity.tags):
        return examine(root)  # it says that it is for a platform: so this is what it is for
    return needs


def _extract(archive: zipfile.ZipFile, plan: Plan, root: Path) -> dict[str, tuple[bytes, int]]:
    digests: dict[str, tuple[bytes, int]] = {}
    problems: list[Problem] = []
    for placed in plan.placed:
        expected = plan.expected[placed.member.name]
        where = f"{plan.layout.identity.filename}: {placed.member.name}"
        hashes = {name: hashlib.new(name) for name in {"sha256", expected.algorithm}}
        try:
            rewritten = _write(archive, placed, root / placed.path, list(hashes.values()))
        except UNREADABLE as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            problems.append(Problem(f"can't be unpacked: {error}", where))
            continue
        if not expected.matches(hashes[expected.algorithm].digest()):
            problems.append(Problem(f"its {expected.algorithm} is not the one in RECORD", where))
        if not rewritten:
            digests[placed.path] = (hashes["sha256"].digest(), placed.member.size)
    IntegrityError.raise_all(problems)
    return digests


def _write(archive: zipfile.ZipFile, placed: Placed, path: Path, hashes: list[hashlib._Hash]) -> bool:
    """Write one member with its mode and mtime; tell whether activation will replace its first line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    head = b""
    with archive.open(placed.member.info) as source, path.open("xb") as target:
        while chunk := source.read(_CHUNK):
            head = head or chunk[:HEAD]
            for digest in hashes:
                digest.update(chunk)
            target.write(chunk)
    ours = placed.path.startswith("bin/") and asks_for_python(head)
    if ours:
        path.write_bytes(with_ours(path.read_bytes()))
    path.chmod(0o755 if placed.script or _is_program(placed, head, path) else 0o644)
    os.utime(path, (placed.member.mtime, placed.member.mtime))
    return ours


def _is_program(placed: Placed, head: bytes, path: Path) -> bool:
    """Keep the x bit of programs only: archivers set it on modules and libraries, too."""
    if not placed.member.executable or not head.startswith((b"\x7fELF", b"#!")):
        return False
    library = head.startswith(b"\x7fELF") and _SHARED.fullmatch(path.name)
    return not library or is_elf_program(path)


def _finish(root: Path, plan: Plan, digests: _Digests, interpreter: Interpreter) -> None:
    """Add INSTALLER, byte code and the new RECORD."""
    site, info = plan.layout.site, plan.layout.info
    installer = f"{site}/{info}/INSTALLER"
    content = b"pkggen\n"
    (root / installer).write_bytes(content)
    if compiler := interpreter.compiler:
        compile_tree(root, compiler.program)
    known = {**digests, installer: (hashlib.sha256(content).digest(), len(content))}
    write_record(root, site, info, known, [s.name for s in plan.scripts])
    mtime = (root / site / info / "METADATA").stat().st_mtime
    for name in ("INSTALLER", "RECORD"):
        os.utime(root / site / info / name, (mtime, mtime))


def _described(wheel: Wheel, tree: Tree, interpreter: Interpreter) -> Distribution:
    """Read the description back from the unpacked dist-info, which is the same on a cache hit."""
    site = f"{interpreter.library}/site-packages"
    paths = [e.path.removeprefix(f"{site}/") for e in tree.entries if e.path.startswith(f"{site}/")]
    info = next(p for p in paths if p.count("/") == 1 and p.endswith(".dist-info/METADATA")).partition("/")[0]
    base = tree.root / site / info
    about = read_about(decoded((base / "METADATA").read_bytes()))
    declared = base / "entry_points.txt"
    text = declared.read_text(encoding="utf-8") if declared.is_file() else ""
    scripts, _ = read_scripts(text, wheel.name, wheel.filename)
    return Distribution(wheel, tree, scripts, _top_level(paths), about.summary, about.licence, about.homepage)


def _top_level(paths: list[str]) -> tuple[str, ...]:
    """Return the importable names: modules, and directories with a module at any depth (namespaces too)."""
    names: set[str] = set()
    for path in paths:
        first, slash, rest = path.partition("/")
        if slash:
            if first.isidentifier() and _MODULE.fullmatch(rest.rpartition("/")[2]):
                names.add(first)
        elif match := _MODULE.fullmatch(path):
            names.add(match[1])
    return tuple(sorted(names - {"__pycache__"}))
