"""Byte code for an interpreter that can't run here, made by one that can.

CPython changes its byte code between minor versions and, before a release is final, within one
(PEP 3147, "magic numbers"): an interpreter of the same minor version will do once both are final.
"""

from __future__ import annotations

import json
import platform
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from pkggen.bytecode.compilation import compile_tree
from pkggen.errors import PkggenError
from pkggen.interpreter.archive import archive_source
from pkggen.interpreter.archive_download import fetch
from pkggen.interpreter.embed import embed
from pkggen.interpreter.local import choose_local
from pkggen.interpreter.origin import Source
from pkggen.interpreter.standalone import find_release, is_version
from pkggen.model import Compiler, Interpreter, Needs, PythonSpec, Target, Tree
from pkggen.store.cache import Cache
from pkggen.terminal.reporter import Reporter


def with_byte_code(
    interpreter: Interpreter, spec: PythonSpec, cache: Cache, reporter: Reporter, *, root: Path, offline: bool
) -> Interpreter:
    """Return ``interpreter``, which can't run here, with byte code and with what made it.

    Tried are a sibling of the archive or standalone build that ``spec`` names, and this machine's
    own interpreters; where none will do, it is returned as it is, and a warning tells.
    """
    for candidate in _candidates(interpreter, spec, cache, reporter, root=root, offline=offline):
        try:
            version, compiler = candidate()
        except PkggenError as error:
            reporter.note(f"no stand-in for byte code: {error}")
            continue
        if compatible(version, interpreter.version):
            reporter.note(f"byte code is made by {compiler.identity}")
            if interpreter.system:
                return replace(interpreter, stand_in=compiler)
            return replace(interpreter, tree=_compiled(interpreter, compiler, cache), stand_in=compiler)
    whom = interpreter.tree.needs.machine or "the system's"
    reporter.warn(f"no Python {interpreter.minor} here can make byte code for {whom}: the target does, on installation")
    return interpreter


def compatible(one: str, other: str) -> bool:
    """Tell whether two CPython versions share their byte code."""
    first, second = Version(one), Version(other)
    return first == second or (first.release[:2] == second.release[:2] and not (first.pre or second.pre))


def sibling(path: Path, arch: str, here: str) -> Path | None:
    """Return the archive beside ``path`` whose name differs in the machine alone, if there is one."""
    name = re.sub(rf"(?<![A-Za-z0-9]){re.escape(arch)}(?![A-Za-z0-9])", here, path.name)
    found = path.with_name(name)
    return found if name != path.name and found.is_file() else None


def _candidates(
    interpreter: Interpreter, spec: PythonSpec, cache: Cache, reporter: Reporter, *, root: Path, offline: bool
) -> Iterator[Callable[[], tuple[str, Compiler]]]:
    here = Target(platform.machine())

    def embedded(source: Source) -> tuple[str, Compiler]:
        found = embed(source, spec.keep, here, cache, reporter)
        return found.version, Compiler(found.tree.root / found.executable, f"{source.origin} {source.digest}")

    def published() -> tuple[str, Compiler]:
        release = find_release(replace(spec, source=interpreter.version, sha256=""), here)
        path = fetch(release.urls, release.sha256, cache, reporter, offline=offline)
        return embedded(archive_source(path, release.sha256, cache, origin=f"standalone {release.version}"))

    def installed() -> tuple[str, Compiler]:
        found = choose_local(SpecifierSet(f"=={interpreter.minor}.*", prereleases=True))
        return found.version, Compiler(found.executable, f"host {found.version}")

    if interpreter.system:
        yield installed
        return
    if is_version(spec.source):
        yield published
    elif not (spec.sha256 or spec.frozen) and (  # nobody vouches for a neighbour of what is pinned
        beside := sibling(root / spec.source, interpreter.tree.needs.machine, here.arch)
    ):
        yield lambda: embedded(archive_source(beside, "", cache))
    yield installed


def _compiled(interpreter: Interpreter, compiler: Compiler, cache: Cache) -> Tree:
    def make(content: Path) -> Needs:
        shutil.copytree(interpreter.tree.root, content, symlinks=True, dirs_exist_ok=True)
        compile_tree(content, compiler.program)
        return interpreter.tree.needs

    plain = interpreter.tree.root.parent.name  # the key of the tree without byte code
    return cache.tree("interpreter", json.dumps([plain, compiler.identity]), make)
