"""What each part of a package is licensed under, read from the wheels' and the interpreter's own files.

The sources are License-Expression, License and the classifiers in METADATA, the files that
License-File names (PEP 639) or that lie in the dist-info directory under a usual name, and the
interpreter's LICENSE.txt.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pkggen.metadata.headers import decoded, read_headers
from pkggen.metadata.spdx import expression
from pkggen.model import Component, Distribution, Entry, Interpreter, Layer, Layout, Parts

_USUAL = re.compile(r"(licen[cs]e|copying|notice|authors|copyright)[^/]*", re.I)
_TEXT_LIMIT = 512 * 1024  # no licence is longer; a model or a dataset named LICENSE.bin is none
_HOLDER = re.compile(
    r"^\W{0,4}(copyright\s+(\(c\)|©|[0-9]{4}|by ).*|(\(c\)|©)\s*(copyright\s*)?[0-9]{4}.*"
    r"|[0-9]{4}(-[0-9]{4})?\s+(\(c\)|©).*)$",
    re.I,
)
_PLACEHOLDER = re.compile(r"\[yyyy\]|<year>|\[year\]|\{yyyy\}|\[name of copyright owner\]|<name of author>", re.I)
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def components(parts: Parts, layers: Iterable[Layer], layout: Layout) -> tuple[Component, ...]:
    """Return the project, its dependencies and the interpreter, as far as ``layers`` hold them, in this order."""
    layers = tuple(layers)
    within = {name: layer for layer in layers for name, _ in layer.distributions}
    patterns: dict[str, tuple[str, ...]] = {}
    for layer in layers:
        held = [d for d in parts.distributions if within.get(d.wheel.name) is layer]
        patterns |= _patterns(_base(layer, layout), held)
    found = [
        _distribution(d, patterns.get(d.wheel.name, ()), within[d.wheel.name].name, own=d is parts.app)
        for d in parts.distributions
        if d.wheel.name in within
    ]
    python = [_interpreter(parts.interpreter, _base(layer, layout)) for layer in layers if layer.name == "python"]
    return (*found[:1], *sorted(found[1:], key=lambda c: c.name), *python)


def _distribution(distribution: Distribution, paths: tuple[str, ...], layer: str, *, own: bool) -> Component:
    texts = tuple(_texts(distribution.tree.entries))
    metadata = next((e for e in distribution.tree.entries if e.path.endswith(".dist-info/METADATA")), None)
    author = _author(metadata.source) if metadata and metadata.source else ""
    return Component(
        name=distribution.wheel.name,
        version=distribution.wheel.version,
        licence=expression(distribution.licence, "\n".join(text for _, text in texts)),
        paths=("*",) if own else paths,
        holders=holders(text for _, text in texts) or ((author,) if author else ()),
        texts=texts,
        homepage=distribution.homepage,
        layer=layer,
    )


def _base(layer: Layer, layout: Layout) -> str:
    """Return the layer's directory, relative to the prefix."""
    if layout.activated:
        return f"layers/{layer.name}"
    return "python" if layer.name == "python" else "venv"


def _interpreter(interpreter: Interpreter, base: str) -> Component:
    name = f"lib/python{interpreter.minor}/LICENSE.txt"
    entries = [e for e in interpreter.tree.entries if e.path == name]
    texts = tuple((e.path.rpartition("/")[2], _read(e.source)) for e in entries if e.source)
    return Component(
        name="python3",
        version=interpreter.version,
        licence="Python-2.0.1",
        paths=(f"{base}/*",),
        holders=holders(text for _, text in texts) or ("Python Software Foundation",),
        texts=texts,
        homepage="https://www.python.org/",
        layer="python",
    )


def _texts(entries: Sequence[Entry]) -> Iterator[tuple[str, str]]:
    """Yield licence files by their names: all of dist-info/licenses, or those of dist-info with a usual name."""
    for entry in entries:
        directory, _, rest = entry.path.partition(".dist-info/")
        nested = rest.removeprefix("licenses/").removeprefix("license_files/")
        usual = nested != rest or _USUAL.fullmatch(rest)
        if directory and usual and entry.source and entry.size <= _TEXT_LIMIT:
            text = _read(entry.source).strip("\n")
            if text:
                yield nested, text


def _read(path: Path) -> str:
    """Return a file's text without what would drive a terminal; another encoding than UTF-8 is taken for Latin-1."""
    return _UNPRINTABLE.sub("", decoded(path.read_bytes()).replace("\r\n", "\n").expandtabs(8))


def _author(metadata: Path) -> str:
    message = read_headers(decoded(metadata.read_bytes()))
    author = str(message.get("Author") or message.get("Author-email") or message.get("Maintainer") or "")
    line = _UNPRINTABLE.sub("", " ".join(author.split()))
    return "" if line.upper() == "UNKNOWN" else line


def holders(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the copyright lines of licence texts, each once, in their order."""
    found: dict[str, None] = {}
    for text in texts:
        for row in text.splitlines():
            match = _HOLDER.match(row)
            if match and not _PLACEHOLDER.search(row) and "notice" not in row.lower():
                found[re.sub(r"^copyright\s*", "", " ".join(match[1].split()), flags=re.I)] = None
    return tuple(found)


def is_holder(row: str) -> bool:
    """Tell whether a line of a licence says whose the copyright is."""
    return bool(_HOLDER.match(row))


def _patterns(base: str, distributions: Sequence[Distribution]) -> dict[str, tuple[str, ...]]:
    """Return for each distribution the fewest patterns (DEP-5: ``*`` also stands for ``/``) that match it alone.

    A directory that two distributions share, such as that of a namespace, is entered.
    """
    owner: dict[str, str] = {}
    for distribution in distributions:
        for entry in distribution.tree.entries:
            owner.setdefault(entry.path, distribution.wheel.name)
    inside: dict[str, dict[str, list[str]]] = {}
    for path, name in owner.items():
        inside.setdefault(path.rpartition("/")[0], {}).setdefault(name, []).append(path)
    shared: dict[str, set[str]] = {}
    for directory, names in inside.items():
        steps = directory.split("/")
        for depth in range(1, len(steps) + 1):
            shared.setdefault("/".join(steps[:depth]), set()).update(names)
    found: dict[str, set[str]] = {}
    for directory, names in inside.items():
        steps = directory.split("/") if directory else []
        depths = range(1, len(steps) + 1)
        alone = next((d for d in depths if len(shared["/".join(steps[:d])]) == 1), len(steps) + 1)
        # the layer's own directories are nobody's, however few distributions there are
        alone = max(alone, min(len(steps) + 1, 4 if directory.startswith("lib/python") else 2))
        for name, paths in names.items():
            patterns = found.setdefault(name, set())
            if alone <= len(steps):
                patterns.add(_wild("/".join(steps[:alone])) + "/*")
            else:
                patterns.update(_wild(path) for path in paths)
    return {name: tuple(f"{base}/{p}" for p in sorted(patterns)) for name, patterns in found.items()}


def _wild(path: str) -> str:
    return re.sub(r"[\s\\*?]", "?", path)
