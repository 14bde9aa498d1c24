"""Our own lint rules, each on a package that really has the fault."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from pkggen.cli import main
from pkggen.commands.lint.contents import read_contents
from pkggen.commands.lint.finding import Finding
from pkggen.commands.lint.programs import shell, units
from pkggen.commands.lint.rpmlint import filters
from pkggen.commands.lint.rules import RULES
from pkggen.formats import FORMATS
from pkggen.model import Component, ConfigKind, Entry, FormatOptions, Kind, Payload, Rendered
from pkggen.templating.templates import Templates
from tests.unit.payloads import entry, payload, project

NEEDS = {
    "deb": pytest.mark.skipif(not shutil.which("dpkg-deb"), reason="needs dpkg-deb"),
    "rpm": pytest.mark.skipif(not shutil.which("rpmbuild"), reason="needs rpmbuild"),
}
FORMS = [pytest.param(name, marks=NEEDS[name]) for name in FORMATS]
CACHED = "/opt/hello/x/__pycache__/m.cpython-312.pyc"
BAD = {
    "world-writable": entry("/opt/hello/open", b"", mode=0o666),
    "setuid": entry("/opt/hello/root", b"", mode=0o4755),
    "outside-fhs": entry("/home/hello/x", b""),
    "configuration-outside-etc": entry("/opt/hello/hello.conf", b"", config=ConfigKind.NOREPLACE),
    "broken-link": Entry("/opt/hello/link", Kind.SYMLINK, 0o777, link="nowhere/at-all"),
    "foreign-bytecode": entry(CACHED, (3571).to_bytes(2, "little") + b"\r\n" + bytes(12)),
    "build-path": entry("/opt/hello/editable.pth", b"/home/jane/src/hello\n"),
}


def made(name: str, what: Payload, directory: Path) -> Path:
    directory.mkdir()
    return FORMATS[name].assemble(FORMATS[name].render(FORMATS[name].describe(what), Templates()), directory)


def found(path: Path) -> list[Finding]:
    package = read_contents(path)
    return [finding for rule in RULES for finding in rule(package)]


@pytest.mark.parametrize("name", FORMS)
def test_a_package_of_ours_is_clean(tmp_path: Path, name: str) -> None:
    """No rule finds anything in an ordinary package."""
    assert found(made(name, payload(tmp_path / "src"), tmp_path / "out")) == []


@pytest.mark.parametrize("name", FORMS)
def test_each_fault_is_found(tmp_path: Path, name: str) -> None:
    """A package with every fault has one finding for each, at its place."""
    bad = FormatOptions(entries=tuple(BAD.values()))

    findings = found(made(name, payload(options={name: bad}), tmp_path / "out"))

    assert {f.tag: f.where for f in findings} == {tag: e.path for tag, e in BAD.items()}


@pytest.mark.parametrize("name", FORMS)
def test_poor_metadata(tmp_path: Path, name: str) -> None:
    """No licence and a description that only repeats the summary are found."""
    about = project(description="greet the world", licence="")
    path = made(name, payload(project=about), tmp_path / "out")
    package = read_contents(path)
    # Debian's copyright is always there: take it away
    package = replace(package, members=tuple(m for m in package.members if not m.path.endswith("/copyright")))

    assert {f.tag for rule in RULES for f in rule(package)} == {"empty-description", "missing-licence"}


def test_a_script_that_is_no_shell(tmp_path: Path) -> None:
    """Sh -n names the script and the line."""
    package = replace(read_contents(made("deb", payload(), tmp_path / "out")), scripts={"postinst": "if true\n"})

    (finding,) = shell(package, tmp_path)

    assert (finding.tag, finding.where) == ("script-syntax", "postinst")


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs dpkg with systemd-analyze")
def test_a_unit_that_is_none(tmp_path: Path) -> None:
    """systemd-analyze verify is asked, and a program that is not installed here is no fault."""
    package = read_contents(made("deb", payload(), tmp_path / "out"))
    assert list(units(package, tmp_path)) == []

    path = "/usr/lib/systemd/system/hello.service"
    broken = replace(package, data={path: b"[Service]\nExecStart=hello relative\nNonsense=1\n"})

    assert {f.tag for f in units(broken, tmp_path)} == {"unit"}


def test_every_filter_has_its_reason(tmp_path: Path) -> None:
    """Rpmlint's filters hold below the package's own directory, or for one thing of the package; none is for all."""
    pairs = list(filters(read_contents(made("deb", payload(), tmp_path / "out"))))

    assert all(reason for _, reason in pairs)
    assert {p.split(" ")[1] for p, _ in pairs} <= {"[EW]:", "W:", "E:"}
    assert all("/opt/hello" in p for p, _ in pairs if p.startswith(" [EW]:"))


def test_overrides_are_narrow() -> None:
    """Each lintian override stands below its reason; those of files name the application's directory."""
    what = payload(components=(Component("a", "1", "MIT", ("a/*",)),))
    made_of: Rendered = FORMATS["deb"].render(FORMATS["deb"].describe(what), Templates())
    rows = made_of.texts["/usr/share/lintian/overrides/hello"].splitlines()

    assert all(row.startswith("# ") for row in rows[::2])
    assert all(row.startswith("hello: ") for row in rows[1::2])
    assert "hello: unstripped-binary-or-object *[opt/hello/layers/*]" in rows


@pytest.mark.parametrize("name", FORMS)
def test_the_command(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The status is 3 when something is found, and absent tools are told."""
    bad = FormatOptions(entries=(BAD["setuid"],))
    path = made(name, payload(options={name: bad}), tmp_path / "out")
    monkeypatch.setattr("pkggen.commands.lint.report.installed", lambda _: False)

    done = CliRunner().invoke(main, ["lint", str(path), "--json"])

    (report,) = json.loads(done.output)
    assert (done.exit_code, [f["tag"] for f in report["findings"]]) == (3, ["setuid"])
    assert report["absent"] == ["systemd-analyze", {"deb": "lintian", "rpm": "rpmlint"}[name]]
