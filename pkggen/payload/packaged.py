"""A venv at its final place, as entries: what a target would write for itself is written at build time.

For ``venv.mode = "packaged"``. First lines, scripts and settings come from the functions that
the on-target program writes them with.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from pkggen.activation.manifest import Python
from pkggen.activation.members import File, Link, Member, Text
from pkggen.activation.protocol import Failure
from pkggen.activation.scaffold import rewritten, scaffold, script, shebang
from pkggen.errors import ArtefactError
from pkggen.model import Entry, Interpreter, Kind, Layer, Layout
from pkggen.model.entry import generated_entry
from pkggen.model.shebang import is_python_script


def packaged_entries(
    layout: Layout, layers: Sequence[Layer], interpreter: Interpreter, *, isolated: bool, epoch: int
) -> tuple[Entry, ...]:
    """Return the interpreter and the venv below the prefix, with scripts that name their final place.

    The first of ``layers`` is the interpreter's. Commands never write byte code (``-B``): a file that
    root's first run made would be nobody's. Raises ArtefactError when no byte code could be made
    here, and for scripts that can't be written.
    """
    if interpreter.compiler is None:
        raise ArtefactError(
            f"nothing here can make byte code for it, and a target with venv.mode = packaged makes none "
            f"(Python {interpreter.version})",
            where=interpreter.origin,
            remedy=f"put the same build for this machine beside it, install python{interpreter.minor} here, "
            "or leave venv.mode out",
        )
    head = shebang(f"{layout.bin}/python", "-IB" if isolated else "-B")
    python, *others = layers
    found = {f"{layout.prefix}/python/{e.path}": e for e in python.entries}
    found |= {f"{layout.prefix}/venv/{e.path}": _final(e, head) for layer in others for e in layer.entries}
    written = dict(_scripts(others, head))
    written |= _scaffold(layout.prefix, interpreter)
    found |= {f"{layout.prefix}/{path}": _entry(member, epoch) for path, member in written.items()}
    return tuple(replace(entry, path=path) for path, entry in found.items())


def _final(entry: Entry, head: bytes) -> Entry:
    """Return a wheel's file as the venv has it: scripts for any Python get our first line."""
    if not (entry.path.startswith("bin/") and is_python_script(entry)):
        return entry
    text = rewritten(File(str(entry.source), entry.size, entry.sha256), head)
    return _entry(text, entry.mtime)


def _scaffold(home: str, interpreter: Interpreter) -> dict[str, Member]:
    executable = f"python/{interpreter.executable}"
    return scaffold(home, executable, Python(executable, interpreter.version))


def _scripts(layers: Sequence[Layer], head: bytes) -> Iterator[tuple[str, Member]]:
    for layer in layers:
        for one in layer.scripts:
            try:
                yield f"venv/bin/{one.name}", script(one.name, one.module, one.attr, head)
            except Failure as failure:
                raise ArtefactError(f"can't be written as a script: {failure}", where=one.name) from failure


def _entry(member: Member, mtime: int) -> Entry:
    if isinstance(member, Link):
        return Entry("", Kind.SYMLINK, 0o777, mtime=mtime, link=member.target)
    assert isinstance(member, Text)  # noqa: S101 - a file to link is what layers hold
    return generated_entry("", member.data, mtime, member.mode)
