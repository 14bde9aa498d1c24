"""From a source's tree to an embedded interpreter: trimmed, edited, proven, compiled, cached."""

from __future__ import annotations

import glob
import json
import os
import platform
from collections.abc import Sequence
from pathlib import Path

from pkggen.bytecode.compilation import compile_tree
from pkggen.errors import ArtefactError
from pkggen.interpreter.edits import edit_tree
from pkggen.interpreter.origin import Source
from pkggen.interpreter.selftest import selftest
from pkggen.interpreter.tree import TreeLayout, find_layout
from pkggen.interpreter.trim import trim
from pkggen.model import Interpreter, Needs, Target
from pkggen.store.cache import Cache
from pkggen.targets.elf import examine, read_elf
from pkggen.terminal.reporter import Reporter

RECIPE = 1  # raise it when the same source yields other bytes than before


def embed(source: Source, keep: Sequence[str], target: Target, cache: Cache, reporter: Reporter) -> Interpreter:
    """Return the interpreter that ``source`` holds, made ready for ``target``.

    Raises ArtefactError when it is for another machine or libc, or fails its self-test.
    """
    runs_here = target.arch == platform.machine() and _libc_is_here(target)

    def make(content: Path) -> Needs:
        with reporter.step(f"making the interpreter from {source.origin}"):
            source.fill(content)
            layout = find_layout(content, source.origin)
            trim(content, layout.stdlib, keep)
            check_machine(layout, target, source.origin)
            for warning in edit_tree(layout):
                reporter.warn(f"{source.origin}: {warning}")
            if runs_here:
                _prove(layout, source, cache, reporter)
                compile_tree(content, content / layout.executable)
            return examine(content)

    key = [RECIPE, source.digest, target.arch, runs_here, sorted(keep)]
    key += [target.libc] if target.libc != "glibc" else []
    tree = cache.tree("interpreter", json.dumps(key), make)
    made = find_layout(tree.root, source.origin)
    return Interpreter(
        made.version, tree, source.origin, source.digest, runs_here,
        program=os.path.basename(made.executable), flags=made.flags, libc=_libc(made),
    )  # fmt: skip


def check_machine(layout: TreeLayout, target: Target, origin: str) -> None:
    """Raise ArtefactError unless the program is for the target's machine and for glibc."""
    where = f"{origin}: {layout.executable}"
    program = read_elf(layout.root / layout.executable, where) if _is_file(layout) else None
    if program is None:
        raise ArtefactError(f"{layout.executable} is not a program", where=origin)
    if program.machine != target.arch:
        raise ArtefactError(
            f"is for {program.machine}, the target is {target.arch}",
            where=origin,
            remedy=f"choose an interpreter for {target.arch}",
        )
    libc = _libc(layout)
    if libc not in ("static", target.libc):
        raise ArtefactError(
            f"is for {libc} (its loader is {program.loader}), the target has {target.libc}",
            where=origin,
            remedy="choose a *-linux-gnu interpreter: one for musl starts only where musl is, and loads no manylinux"
            ' wheels; for such systems declare targets = ["musl:1.2"]'
            if libc == "musl"
            else 'choose a *-linux-musl interpreter, or take "musl:1.2" out of targets',
        )


def _libc(layout: TreeLayout) -> str:
    """Return which C library the program asks its loader for; "static" when it has none."""
    program = read_elf(layout.root / layout.executable, layout.executable)
    if program is None or not program.loader:
        return "static"
    return "musl" if "ld-musl" in program.loader else "glibc"


def _libc_is_here(target: Target) -> bool:
    return target.libc == "glibc" or bool(glob.glob(f"/lib/ld-{target.libc}-*"))


def _is_file(layout: TreeLayout) -> bool:
    return (layout.root / layout.executable).is_file()


def _prove(layout: TreeLayout, source: Source, cache: Cache, reporter: Reporter) -> None:
    with cache.scratch() as scratch:
        for module in selftest(layout, scratch, source.origin):
            reporter.warn(f"{source.origin} was built without {module}: importing it will fail on the target")
