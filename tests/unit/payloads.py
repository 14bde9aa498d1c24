"""A factory of small payloads, shaped as the stage makes them."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from pkggen.model import Entry, FormatOptions, Kind, Layer, Needs, Payload, Project, Target
from pkggen.model.service import Service

EPOCH = 1_750_000_000
FILES = {
    "python": {"bin/python3.13": b"#!/bin/sh\nexit 0\n", "lib/python3.13/os.py": b"import sys\n"},
    "deps": {"lib/python3.13/site-packages/a b [c] %d {e}.py": b"x = 1\n"},
    "app": {"lib/python3.13/site-packages/hello/__init__.py": b"def main():\n    pass\n"},
}


def entry(path: str, content: bytes, **changes: Any) -> Entry:
    """Return a generated file."""
    digest = hashlib.sha256(content).hexdigest()
    return replace(Entry(path, size=len(content), sha256=digest, mtime=EPOCH, content=content), **changes)


def project(**changes: Any) -> Project:
    """Return the project of the payload."""
    return replace(
        Project(
            name="hello",
            version="1.2.0",
            summary="greet the world",
            description="Greets.\n\n    indented\n* a list",
            licence="MIT",
            homepage="https://hello.invalid",
            maintainer="Jane Doe <jane@hello.invalid>",
            commands=("hello",),
            root=Path(),
        ),
        **changes,
    )


def service(**changes: Any) -> Service:
    """Return a service of the payload."""
    command = ("/opt/hello/current/venv/bin/hello", "--port", "80")
    return replace(Service("hello", command, "greets the world", user="hello"), **changes)


def layer(name: str, sources: Path | None) -> Layer:
    """Return a layer whose files lie in ``sources`` on disk, or hold their content when that is None."""
    found = []
    for path, content in sorted(FILES[name].items()):
        one = entry(path, content, mode=0o755 if path.startswith("bin/") else 0o644, mtime=EPOCH - 1000)
        if sources is not None:
            place = sources / name / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
            place.chmod(one.mode)
            os.utime(place, (one.mtime, one.mtime))
            one = replace(one, source=place, content=None)
        found.append(one)
    if name == "python":
        found.append(Entry("bin/python3", Kind.SYMLINK, 0o777, mtime=EPOCH, link="python3.13"))
    return Layer(name, tuple(sorted(found, key=lambda e: e.path)))


def payload(sources: Path | None = None, *, extra: tuple[Entry, ...] = (), **changes: Any) -> Payload:
    """Return a payload named hello with one command, one service and its user."""
    about: Project = changes.pop("project", None) or project()
    prefix = f"/opt/{about.name}"
    layers = tuple(layer(name, sources) for name in FILES)
    entries = [
        *(e.below(f"{prefix}/layers/{part.name}") for part in layers for e in part.entries),
        entry(f"{prefix}/manifest.json", b"{}"),
        entry(f"{prefix}/lib/activate.pyz", b"pass\n"),
        *(
            Entry(f"/usr/bin/{c}", Kind.SYMLINK, 0o777, mtime=EPOCH, link=f"{prefix}/current/venv/bin/{c}")
            for c in about.commands
        ),
        *extra,
    ]
    base = Payload(
        project=about,
        target=Target("x86_64", (2, 17)),
        prefix=prefix,
        release="1",
        layers=layers,
        entries=tuple(sorted(entries, key=lambda e: e.path)),
        services=(service(),),
        needs=Needs("x86_64", (2, 17), "bin/python3.13"),
        epoch=EPOCH,
        python=f"{prefix}/layers/python/bin/python3.13",
        options={"deb": FormatOptions(), "rpm": FormatOptions()},
    )
    return replace(base, **changes)
