"""Wheels as files of the package, which the interpreter's own pip installs on the target.

For ``wheels.layout = "archived"``: whoever has to audit finds the very files of the index.
"""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from pkggen.errors import ArtefactError
from pkggen.model import Archive, Distribution, Entry, Layer, Parts
from pkggen.model.entry import generated_entry
from pkggen.model.shebang import is_python_script


def archived_layer(name: str, distributions: Sequence[Distribution], epoch: int) -> Layer:
    """Return the layer that holds the wheels of ``distributions`` and, beside them, the list of their digests.

    The list is in pip's hash-checking mode: ``wheels/<name>.txt``. A wheel's mtime, which tells
    when it was downloaded, is replaced by ``epoch``.
    """
    wheels = tuple(
        Entry(
            f"wheels/{d.wheel.filename}",
            size=d.wheel.path.stat().st_size,
            sha256=d.wheel.sha256,
            mtime=epoch,
            source=d.wheel.path,
        )
        for d in distributions
    )
    lines = sorted(f"{d.wheel.name}=={d.wheel.version} --hash=sha256:{d.wheel.sha256}\n" for d in distributions)
    content = "".join(lines).encode()
    listed = generated_entry(f"wheels/{name}.txt", content, epoch)
    return Layer(
        name,
        tuple(sorted((listed, *wheels), key=lambda e: e.path)),
        tuple(sorted({s for d in distributions for s in d.scripts}, key=lambda s: s.name)),
        tuple((d.wheel.name, d.wheel.version) for d in distributions),
        archive=_archive(distributions),
    )


def _archive(distributions: Sequence[Distribution]) -> Archive:
    entries = [e for d in distributions for e in d.tree.entries]
    programs = [e for e in entries if e.path.startswith("bin/")]
    return Archive(
        tuple(sorted({e.path for e in programs})),
        tuple(sorted({e.path for e in programs if is_python_script(e)})),
        (sum(-(-e.size // 4096) * 4096 for e in entries), len(entries)),
    )


def pip_of(parts: Parts) -> str:
    """Return where a release will have the wheel of pip: a dependency's, or the interpreter's own for ensurepip.

    Raises ArtefactError where there is neither.
    """
    for distribution in parts.distributions:
        if distribution.wheel.name == "pip":
            return f"wheels/{distribution.wheel.filename}"
    interpreter = parts.interpreter
    pattern = f"lib/python{interpreter.minor}/ensurepip/_bundled/pip-*.whl"
    for entry in interpreter.tree.entries:
        if fnmatchcase(entry.path, pattern):
            return f"python/{entry.path}"
    raise ArtefactError(
        f"it has no pip for wheels.layout = archived to use ({pattern})",
        where=interpreter.origin,
        remedy='add "pip" to requirements, which locks and ships its wheel, or take a standalone build',
    )
