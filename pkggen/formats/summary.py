"""What a build made, in a few lines for people: what it is, what is in it, where it runs, how to try it."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator, Sequence

from pkggen.formats import FORMATS
from pkggen.model import BuiltPackage, Package, Purpose
from pkggen.targets.runs_on import runs_on

_SHOWN = 8  # commands and services
_STANDALONE = "3.13"


def summary(packages: Sequence[Package], built: Sequence[BuiltPackage], source: str) -> Iterator[str]:
    """Yield the lines; ``built`` are the files of ``packages``, in their order. ``source`` is ``python.source``."""
    whole = packages[0].payload
    first = f"{whole.project.name} {whole.project.version}"
    yield f"{first}: {_contents(packages)}" if not whole.is_meta else f"{first}: names what is installed together"
    if whole.project.commands:
        yield f"commands: {_listed(whole.project.commands)}"
    if whole.services:
        yield f"services: {_listed([s.unit for s in whole.services])}"
    yield runs_on(packages)
    if narrowed := _narrowed(packages[0], source):
        yield narrowed
    for name in dict.fromkeys(b.format for b in built):
        made = [b for b in built if b.format == name]
        words = [_installable(b) for b in made]
        yield f"to try it ({megabytes(sum(b.size for b in made))}): {FORMATS[name].installer} {' '.join(words)}"


def megabytes(size: int) -> str:
    """Return a number of bytes for people: "12.3 MB"."""
    return f"{size / 1e6:.1f} MB" if size < 1e8 else f"{size / 1e6:.0f} MB"


def _contents(packages: Sequence[Package]) -> str:
    """Return what all packages of one format hold together."""
    payloads = [p.payload for p in packages if p.format == packages[0].format]
    layers = {layer.name: layer for payload in payloads for layer in payload.layers}
    wheels = sum(len(layer.distributions) for layer in layers.values())
    python = next((f"Python {c.version}" for p in payloads for c in p.components if c.layer == "python"), "")
    if packages[0].payload.purpose is Purpose.APPLICATION and not python:
        python = "the system's Python"
    parts = [*([python] if python else []), f"{wheels} wheel{'' if wheels == 1 else 's'}"]
    return f"{' and '.join(parts)}, {megabytes(sum(p.installed_size for p in payloads))} when installed"


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _narrowed(package: Package, source: str) -> str:
    """Return the way out where this machine's interpreter asks for a newer system than the wheels do."""
    raised = re.match(r"Python [\w.+]+ \(", package.payload.whole_needs.glibc_by)
    if not raised or not source.startswith("host"):
        return ""
    return f"this machine's Python narrows where it runs: --python {_STANDALONE} takes one for older systems as well"


def _installable(package: BuiltPackage) -> str:
    path = os.fspath(package.path)
    return shlex.quote(path if path.startswith(("/", "./", "../")) else f"./{path}")
