"""What two packages differ in is told once, in its own words."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from pkggen.cli import main
from pkggen.comparison.comparing import compare
from pkggen.comparison.finding import Area, Change, Comparison, Finding, thresholds
from pkggen.comparison.rendering import as_markdown, as_text
from pkggen.errors import ConfigurationError
from pkggen.formats import FORMATS
from pkggen.inventory.package_inventory import read_inventory
from pkggen.templating.templates import Templates
from tests.unit.comparison.packages import package, wheel
from tests.unit.debsmith import CONTROL
from tests.unit.payloads import entry, payload


def compared(tmp_path: Path, old: Mapping[str, Any], new: Mapping[str, Any]) -> Comparison:
    """Return the comparison of two packages: ``files`` and what else :func:`package` takes."""
    stocks = [
        read_inventory(package(tmp_path / f"{name}.deb", **{"files": {}, **what}))
        for name, what in (("old", old), ("new", new))
    ]
    return compare(*stocks)


def told(comparison: Comparison, *areas: Area) -> list[tuple[str, str, str, str]]:
    """Return change, subject, old and new of the findings of these areas."""
    return [(f.change.value, f.subject, f.old, f.new) for f in comparison.findings if f.area in areas]


def test_a_package_delivers_the_same_as_itself(tmp_path: Path) -> None:
    """Nothing is found, and a sentence says so."""
    what = {"files": wheel("click", "8.1.0", main=b"x = 1\n")}

    found = compared(tmp_path, what, what)

    assert found.findings == ()
    assert as_text(found) == "They deliver the same."


def test_wheels_are_told_by_their_versions(tmp_path: Path) -> None:
    """One came, one went, one was upgraded with the address of its changelog, one has other bytes; no file of them."""
    old = wheel("click", "8.1.0", main=b"1") | wheel("gone", "1.0") | wheel("same", "1", a=b"1")
    new = (
        wheel("click", "8.2.0", "Project-URL: Changes, https://click.example/changes", main=b"2")
        | wheel("fresh", "2.0", "License-Expression: GPL-3.0-only")
        | wheel("same", "1", a=b"2")
    )

    found = compared(tmp_path, {"files": old}, {"files": new})

    assert told(found, Area.WHEELS) == [
        ("upgraded", "click", "8.1.0", "8.2.0"),
        ("added", "fresh", "", "2.0"),
        ("removed", "gone", "1.0", ""),
        ("changed", "same", "1", "other bytes: same/a.py"),
    ]
    assert [f.address for f in found.findings if f.subject == "click"] == ["https://click.example/changes"]
    assert told(found, Area.LICENCE) == [("added", "GPL-3.0-only", "", "fresh")]
    assert told(found, Area.FILES) == []


def test_scripts_units_and_conffiles_are_told_line_by_line(tmp_path: Path) -> None:
    """Each with its own area and a unified diff."""
    unit, conffile = "./usr/lib/systemd/system/x.service", "./etc/x.ini"
    old = {"files": {unit: b"[Service]\nNice=1\n", conffile: b"a = 1\n"}, "scripts": {"postinst": "#!/bin/sh\ntrue\n"}}
    new = {"files": {unit: b"[Service]\nNice=2\n", conffile: b"a = 2\n"}, "scripts": {"postinst": "#!/bin/sh\nfalse\n"}}
    for what in (old, new):
        what["scripts"] = {**what["scripts"], "conffiles": "/etc/x.ini\n"}  # type: ignore[dict-item]

    found = {f.area: f for f in compared(tmp_path, old, new).findings if f.diff}

    assert found.keys() == {Area.SCRIPTS, Area.UNITS, Area.CONFFILES}
    assert found[Area.UNITS].diff == ("@@ -1,2 +1,2 @@", " [Service]", "-Nice=1", "+Nice=2")
    assert found[Area.SCRIPTS].diff[-2:] == ("-true", "+false")


def test_rights_are_told_and_a_setuid_bit_by_itself(tmp_path: Path) -> None:
    """A mode, an owner, and a program that became setuid; a new setuid program, too."""
    files = {"./usr/bin/a": b"a", "./usr/share/b": b"b"}
    new = {
        "files": files | {"./usr/bin/c": b"c"},
        "modes": {"./usr/bin/a": 0o4755, "./usr/bin/c": 0o2755},
        "owners": {"./usr/share/b": "games"},
    }

    found = compared(tmp_path, {"files": files, "modes": {"./usr/bin/a": 0o755}}, new)

    assert told(found, Area.MODES) == [("changed", "/usr/bin/a", "0755", "4755")]
    assert told(found, Area.SETUID) == [("added", "/usr/bin/a", "0755", "4755"), ("added", "/usr/bin/c", "", "2755")]
    assert told(found, Area.OWNERS) == [("changed", "/usr/share/b", "root:root", "games:games")]
    assert told(found, Area.FILES) == [("added", "/usr/bin/c", "", "")]


def test_relations_are_told_by_the_name_that_they_are_about(tmp_path: Path) -> None:
    """A bound that was raised is one change, not one that went and one that came."""
    terms = "libc6 (>= 2.17), adduser", "libc6 (>= 2.36), base-files"
    controls = [CONTROL + f"Depends: {one}\n" for one in terms]

    found = compared(tmp_path, {"control": controls[0]}, {"control": controls[1]})

    assert told(found, Area.RELATIONS) == [
        ("removed", "Depends: adduser", "adduser", ""),
        ("added", "Depends: base-files", "", "base-files"),
        ("changed", "Depends: libc6", "libc6 (>= 2.17)", "libc6 (>= 2.36)"),
    ]


def test_glibc_and_libraries_of_the_system_are_told(tmp_path: Path) -> None:
    """A program of the system's needs them; without it nothing does."""
    program = Path("/bin/ls").read_bytes()
    control = CONTROL.replace("all", "amd64" if program[18] == 0x3E else "arm64")

    found = compared(
        tmp_path,
        {"control": control},
        {"control": control, "files": {"./usr/bin/ls": program}, "modes": {"./usr/bin/ls": 0o755}},
    )

    (glibc,) = [f for f in found.findings if f.area is Area.GLIBC]
    assert (glibc.change.value, glibc.old, glibc.address) == ("added", "", "/usr/bin/ls")
    assert glibc.new.startswith("2.")
    assert ("added", "libselinux.so.1", "", "/usr/bin/ls") in told(found, Area.SONAMES)


@pytest.mark.skipif(not (shutil.which("dpkg-deb") and shutil.which("rpmbuild")), reason="needs dpkg-deb and rpmbuild")
def test_deb_and_rpm_of_one_build_deliver_the_same(tmp_path: Path) -> None:
    """What one format spells in its own way is no difference; what is in only one of the packages is."""
    one = payload()
    other = replace(one, entries=(*one.entries, entry("/usr/share/hello/more", b"more")))

    deb, rpm, larger = (
        read_inventory(_built(name, what, tmp_path / str(number)))
        for number, (name, what) in enumerate((("deb", one), ("rpm", one), ("rpm", other)))
    )

    assert compare(deb, rpm).findings == ()
    assert told(compare(deb, larger), *Area) == [("added", "/usr/share/hello/more", "", "")]


def _built(name: str, what: Any, directory: Path) -> Path:
    directory.mkdir()
    kind = FORMATS[name]
    return kind.assemble(kind.render(kind.describe(what), Templates()), directory)


@pytest.mark.parametrize(
    ("words", "fails"),
    [("setuid", True), ("glibc", False), ("size>5%", True), ("size>1GB", False), ("glibc,size>1kB", True)],
)
def test_a_pipeline_fails_for_what_it_names(tmp_path: Path, words: str, fails: bool) -> None:
    """Exit status 3, and the condition that was met is named; else 0."""
    old = package(tmp_path / "old.deb", {"./usr/bin/a": b"a" * 1000}, modes={"./usr/bin/a": 0o755})
    new = package(tmp_path / "new.deb", {"./usr/bin/a": b"a" * 9000}, modes={"./usr/bin/a": 0o4755})

    result = CliRunner().invoke(main, ["diff", str(old), str(new), "--json", "--fail-on", words])

    assert result.exit_code == (3 if fails else 0), result.output
    assert json.loads(result.stdout)["installed"] == {"old": 1000, "new": 9000}
    assert ("--fail-on: " in result.stderr) is fails


def test_what_can_not_be_failed_on_is_named() -> None:
    """With the words that can."""
    with pytest.raises(ConfigurationError, match=r"'colour' is nothing to fail on.*") as raised:
        thresholds(["glibc,colour"])
    assert "setuid" in raised.value.problems[0].remedy


def test_names_of_a_package_are_text_and_nothing_else(tmp_path: Path) -> None:
    """Neither a terminal nor a page of Markdown does what a file is called."""
    found = compared(tmp_path, {}, {"files": {"./usr/share/\x1b[2J|<b>@all": b""}})

    assert "/usr/share/\\x1b[2J|<b>@all" in as_text(found)
    assert "/usr/share/\\\\x1b\\[2J\\|&lt;b>&#64;all" in as_markdown(found)


def test_paths_that_lead_out_of_the_package_write_nothing(tmp_path: Path) -> None:
    """Binaries are unpacked to be read, under names of our own."""
    program = Path("/bin/true").read_bytes()
    name = f"./../../..{tmp_path}/escaped.so"

    read_inventory(package(tmp_path / "x.deb", {name: program}))

    assert not (tmp_path / "escaped.so").exists()


def test_a_finding_is_json_without_what_is_empty() -> None:
    """Diffs are one text."""
    finding = Finding(Area.UNITS, Change.CHANGED, "x", diff=("-a", "+b"))

    assert finding.to_dict() == {"area": "units", "change": "changed", "subject": "x", "diff": "-a\n+b"}
