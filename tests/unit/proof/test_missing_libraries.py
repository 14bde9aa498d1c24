"""Libraries that modules open by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from pkggen.model import FormatOptions, Needs
from pkggen.proof import libraries
from pkggen.proof.libraries import untold_libraries
from pkggen.targets.elf import ElfObject
from tests.unit.payloads import payload

NEEDED = {
    "libmagic.so.1": ("libz.so.1", "libc.so.6"),
    "libz.so.1": (),
    "libGL.so.1": ("libX11.so.6",),
    "libX11.so.6": (),
}


@pytest.fixture(autouse=True)
def system(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the system have these libraries."""

    def read(path: Path) -> ElfObject:
        return ElfObject(path, "x86_64", path.name, NEEDED.get(path.name, ()), (), (), "")

    monkeypatch.setattr(libraries, "read_elf", read)


def told(*names: str, needs: Needs | None = None, depends: tuple[str, ...] = ()) -> list[str]:
    """Return which libraries are told of when these are in the process."""
    options = {"deb": FormatOptions(depends=depends), "rpm": FormatOptions()}
    found = untold_libraries([f"/usr/lib/{n}" for n in names], payload(needs=needs or Needs(), options=options))
    return [warning.partition(" ")[0] for warning in found]


def test_what_was_opened_by_name_is_told() -> None:
    """Not what it brings along, nor glibc's own and what that opens."""
    assert told("libmagic.so.1", "libz.so.1", "libc.so.6", "libnss_files.so.2") == ["libmagic.so.1"]


def test_what_the_package_depends_on_is_not() -> None:
    """Nor what that needs, nor what a declared dependency brings."""
    assert told("libGL.so.1", "libX11.so.6", needs=Needs("x86_64", sonames={"libGL.so.1": "cv2.so"})) == []
    assert told("libmagic.so.1", depends=("libmagic1",)) == []
