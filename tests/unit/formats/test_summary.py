"""What a build says at its end."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from pkggen.formats import FORMATS
from pkggen.formats.summary import summary
from pkggen.model import BuiltPackage, Needs
from tests.unit.payloads import payload

HOST = "Python 3.13.5 (host:/usr/bin/python3.13)"


def told(source: str = "3.13", directory: str = "dist", **changes: Any) -> list[str]:
    """Return the lines for a package of each format."""
    packages = [FORMATS[name].describe(payload(**changes)) for name in ("deb", "rpm")]
    built = [BuiltPackage(p.format, Path(directory, p.filename), 12_300_000, "0" * 64) for p in packages]
    return list(summary(packages, built, source))


def test_each_format_is_tried_by_its_own_line() -> None:
    """With a path that apt and dnf take for a file."""
    *_, deb, rpm = told()

    assert deb == "to try it (12.3 MB): apt install ./dist/hello_1.2.0-1_amd64.deb"
    assert rpm == "to try it (12.3 MB): dnf install ./dist/hello-1.2.0-1.x86_64.rpm"
    assert "apt install '/my dist/" in told(directory="/my dist")[-2]


def test_what_is_in_it() -> None:
    """Wheels, size, commands, services and where it runs."""
    first, commands, *others = told()

    assert first.startswith("hello 1.2.0: ")
    assert "wheel" in first
    assert first.endswith("MB when installed")
    assert commands == "commands: hello"
    assert any(line.startswith("runs on ") for line in others)


def test_the_way_to_older_systems_is_said_where_the_hosts_interpreter_narrows() -> None:
    """Not where a wheel does, or another interpreter."""
    needs = Needs("x86_64", (2, 36), HOST)
    narrows = "this machine's Python narrows where it runs: --python 3.13 takes one for older systems as well"

    assert narrows in told("host", needs=needs)
    assert narrows not in told("3.13", needs=needs)
    assert narrows not in told("host", needs=replace(needs, glibc_by="numpy.whl: x.so"))
