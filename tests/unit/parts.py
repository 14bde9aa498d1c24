"""Small interpreters and wheels, already unpacked, for tests of what is made of them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from pkggen.model import Distribution, Entry, Interpreter, Kind, Needs, Parts, Project, Script, Tree, Wheel

SITE = "lib/python3.13/site-packages"


def tree(root: Path, files: Mapping[str, str], needs: Needs | None = None) -> Tree:
    """Write ``files`` (text by relative path; "-> x" makes a link) below ``root`` and describe them."""
    entries = []
    for path, text in sorted(files.items()):
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if text.startswith("-> "):
            place.symlink_to(text[3:])
            entries.append(Entry(path, Kind.SYMLINK, 0o777, link=text[3:]))
            continue
        place.write_text(text)
        digest = hashlib.sha256(text.encode()).hexdigest()
        mode = 0o755 if path.startswith("bin/") else 0o644
        entries.append(Entry(path, mode=mode, size=len(text), sha256=digest, mtime=1_000_000_000, source=place))
    return Tree(root, tuple(entries), needs or Needs())


def interpreter(root: Path, needs: Needs | None = None) -> Interpreter:
    """Return an interpreter of three files."""
    files = {"bin/python3.13": "#!/bin/sh\n", "bin/python3": "-> python3.13", "lib/python3.13/os.py": "import sys\n"}
    return Interpreter("3.13.5", tree(root / "python", files, needs), origin="test", digest="0" * 64)


def distribution(
    root: Path,
    name: str,
    files: Mapping[str, str] | None = None,
    *,
    version: str = "1.0",
    scripts: tuple[Script, ...] = (),
    needs: Needs | None = None,
) -> Distribution:
    """Return a wheel unpacked below ``root``: by default one module of its own name."""
    contents = files if files is not None else {f"{SITE}/{name}.py": f"# {name}\n"}
    wheel = Wheel(name, version, f"{name}-{version}-py3-none-any.whl", root / name, "0" * 64)
    return Distribution(wheel, tree(root / name, contents, needs), scripts, top_level=(name,))


def parts(root: Path, app: Distribution | None = None, *dependencies: Distribution) -> Parts:
    """Return an application with one command "hello", on a small interpreter."""
    scripts = (Script("hello", "hello", "main"),)
    return Parts(interpreter(root), app or distribution(root, "hello", scripts=scripts), dependencies)


def project(root: Path, *, commands: tuple[str, ...] = ("hello",)) -> Project:
    """Return a project named hello, version 1.0."""
    return Project(
        name="hello",
        version="1.0",
        summary="Says hello",
        description="Says hello to all who ask.",
        licence="Apache-2.0",
        homepage="https://example.org/hello",
        maintainer="Hello Authors <hello@example.org>",
        commands=commands,
        root=root,
    )
