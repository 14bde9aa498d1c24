"""The changes that make any CPython tree fit to be embedded; each keeps the file's mtime."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from pkggen.interpreter.tree import TreeLayout
from pkggen.targets.elf import elf_files

_CERTIFICATES = Path(__file__).with_name("system_certificates.py")
_SSL_ANCHOR = "        self.set_default_verify_paths()\n"
_SSL_CALL = (
    "        import _system_certificates  # added by pkggen\n"
    "        _system_certificates.load(self, get_default_verify_paths())\n"
)
_PREFIX = "/install"  # what python-build-standalone writes, and what tools that patch it look for


def edit_tree(layout: TreeLayout) -> tuple[str, ...]:
    """Make the tree fit to be embedded; return what could not be done, as sentences."""
    links_alone_in_bin(layout)
    drop_unused_libpython(layout)
    warnings = find_system_certificates(layout)
    library_is_not_executable(layout)
    drop_dangling_links(layout.root)
    return warnings


def links_alone_in_bin(layout: TreeLayout) -> None:
    """Leave ``python3.X`` in ``bin/``, and ``python3`` and ``python`` as links to it.

    Everything else there is a script whose first line names a place that is no more.
    """
    program = layout.root / layout.executable
    for path in program.parent.iterdir():
        if path != program:
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    if program.is_symlink():
        program.resolve().replace(program)
    mtime = program.stat().st_mtime_ns
    for name in ("python3", "python"):
        link = program.parent / name
        link.symlink_to(program.name)
        os.utime(link, ns=(mtime, mtime), follow_symlinks=False)


def drop_unused_libpython(layout: TreeLayout) -> None:
    """Remove ``libpython`` where the program holds it already (archives ship both)."""
    libraries = sorted((layout.root / "lib").glob("libpython3*.so*"))
    needed = {
        n for name, e in elf_files(layout.root) if not os.path.basename(name).startswith("libpython3") for n in e.needed
    }
    for path in libraries:
        if path.name not in needed:
            path.unlink()


def find_system_certificates(layout: TreeLayout) -> tuple[str, ...]:
    """Let ``ssl`` find the target's certification authorities wherever that system keeps them."""
    ssl = layout.root / layout.stdlib / "ssl.py"
    text = ssl.read_text(encoding="utf-8") if ssl.is_file() else ""
    if text.count(_SSL_ANCHOR) != 1:
        return ("ssl.py is not as expected: TLS looks for certificates only where this OpenSSL was built to",)
    mtime = ssl.stat().st_mtime_ns
    rewrite(ssl, text.replace(_SSL_ANCHOR, _SSL_ANCHOR + _SSL_CALL).encode())
    added = ssl.with_name("_system_certificates.py")
    added.write_bytes(_CERTIFICATES.read_bytes())
    os.utime(added, ns=(mtime, mtime))
    return ()


def library_is_not_executable(layout: TreeLayout) -> None:
    """Clear the x bit of all but the program, and break ``#!`` lines of modules (lintian: script-not-executable).

    ``#!`` becomes ``# ``, so that neither line numbers nor an encoding named on that line change.
    """
    for path in _regular_files(layout.root):
        if path != layout.root / layout.executable:
            path.chmod(0o644)
        if path.suffix == ".py":
            source = path.read_bytes()
            if source.startswith(b"#!"):
                rewrite(path, b"# " + source[2:])
    (layout.root / layout.executable).chmod(0o755)


def drop_dangling_links(root: Path) -> None:
    """Remove links to what was trimmed, and links' links."""
    while dangling := [p for p in root.rglob("*") if p.is_symlink() and not p.exists()]:
        for path in dangling:
            path.unlink()


def forget_prefixes(stdlib: Path, prefixes: Sequence[str]) -> None:
    """Replace the build's absolute prefixes in ``_sysconfigdata*.py``, which extensions' builds read."""
    for path in sorted(stdlib.glob("_sysconfigdata*.py")):
        text = path.read_text(encoding="utf-8")
        for prefix in sorted(prefixes, key=len, reverse=True):
            # a flag may stand right before it (-I/usr/include), a longer path may not
            text = re.sub(rf"(?<![\w/.])(-[IL])?{re.escape(prefix)}(?=[/'\" :])", rf"\g<1>{_PREFIX}", text)
        rewrite(path, text.encode())


def rewrite(path: Path, content: bytes) -> None:
    """Replace a file's bytes and keep its mtime."""
    mtime = path.stat().st_mtime_ns
    path.write_bytes(content)
    os.utime(path, ns=(mtime, mtime))


def _regular_files(root: Path) -> Iterator[Path]:
    for directory, _, files in os.walk(root):
        for name in files:
            path = Path(directory, name)
            if path.is_file() and not path.is_symlink():
                yield path
