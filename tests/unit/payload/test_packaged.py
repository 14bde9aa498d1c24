"""The venv that is complete in the package."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pkggen.config.tables import Config
from pkggen.errors import ArtefactError
from pkggen.formats import FORMATS
from pkggen.model import Entry, Kind, Parts, Payload, Script, Target
from pkggen.payload.stage import stage
from pkggen.templating.templates import Templates
from tests.unit.parts import SITE, distribution, parts, project

TOOLS = {"bin/tool": "#!python\nprint()\n", "bin/plain": "#!/bin/sh\n", f"{SITE}/tools.py": ""}
SERVICES = ({"name": "hello", "command": "hello --port 80"}, {"name": "worker", "command": "python -m hello"})


def packaged(root: Path, made: Parts | None = None, **config: Any) -> Payload:
    """Stage the application hello, with a wheel of scripts, for mode packaged."""
    table = {**config, "venv": {"mode": "packaged", **config.get("venv", {})}}
    made = made or parts(root, None, distribution(root, "tools", TOOLS))
    for one in (made.interpreter, *made.distributions):
        for e in one.tree.entries:
            if e.source:
                e.source.chmod(e.mode)
                os.utime(e.source, (e.mtime, e.mtime))
    return stage(project(root), Config.model_validate(table), Target(), made, epoch=1_700_000_000)


def by_path(payload: Payload) -> dict[str, Entry]:
    """Return the entries below the prefix and in /usr/bin by their paths."""
    return {e.path: e for e in payload.entries}


def test_all_lies_at_its_final_place(tmp_path: Path) -> None:
    """Interpreter and venv lie below the prefix; layers, releases and the on-target program are not there."""
    entries = by_path(packaged(tmp_path))

    assert {"/opt/hello/python/bin/python3.13", f"/opt/hello/venv/{SITE}/hello.py"} <= entries.keys()
    assert [p for p in entries if "layers" in p or "releases" in p or "activate" in p] == []
    assert entries["/usr/bin/hello"].link == "/opt/hello/venv/bin/hello"


def test_the_venv_is_one_of_the_interpreter_beside_it(tmp_path: Path) -> None:
    """pyvenv.cfg names the final place of the interpreter, bin/python leads there."""
    entries = by_path(packaged(tmp_path))

    assert b"home = /opt/hello/python/bin\n" in (entries["/opt/hello/venv/pyvenv.cfg"].content or b"")
    links = {p.rpartition("/")[2]: e.link for p, e in entries.items() if "venv/bin" in p and e.kind is Kind.SYMLINK}
    assert links == {"python": "../../python/bin/python3.13", "python3": "python", "python3.13": "python"}


@pytest.mark.parametrize(("isolated", "option"), [(True, b"-IB"), (False, b"-B")])
def test_scripts_name_their_final_interpreter(tmp_path: Path, isolated: bool, option: bytes) -> None:
    """Console scripts and those of wheels start with it, and never write byte code; other scripts stay."""
    entries = by_path(packaged(tmp_path, venv={"isolated": isolated}))

    first = b"#!/opt/hello/venv/bin/python " + option + b"\n"
    script = entries["/opt/hello/venv/bin/hello"]
    assert (script.content or b"").startswith(first + b"import sys\nfrom hello import main\n")
    assert script.mode == 0o755
    assert entries["/opt/hello/venv/bin/tool"].content == first + b"print()\n"
    assert entries["/opt/hello/venv/bin/plain"].content is None


def test_services_run_from_there(tmp_path: Path) -> None:
    """A service starts the venv's command; where it starts Python itself, that writes no byte code either."""
    first, second = packaged(tmp_path, services=SERVICES).services

    assert first.command == ("/opt/hello/venv/bin/hello", "--port", "80")
    assert second.command == ("/opt/hello/venv/bin/python", "-B", "-m", "hello")


def test_no_byte_code_no_package(tmp_path: Path) -> None:
    """Where nothing can compile for the interpreter, the error names it and the ways out."""
    made = parts(tmp_path)
    foreign = replace(made, interpreter=replace(made.interpreter, runs_here=False, origin="archive:x"))

    with pytest.raises(ArtefactError, match=r"archive:x.*byte code(.|\n)*install python3\.13"):
        packaged(tmp_path, foreign)


def test_the_manifest_tells_what_is_in_it(tmp_path: Path) -> None:
    """manifest.json says the mode, the commands, the services and the distributions."""
    manifest = json.loads(by_path(packaged(tmp_path, services=SERVICES))["/opt/hello/manifest.json"].content or b"")

    assert (manifest["mode"], manifest["commands"]) == ("packaged", ["hello"])
    assert manifest["services"] == ["hello.service", "worker.service"]
    assert manifest["distributions"] == [["tools", "1.0"], ["hello", "1.0"]]


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_scripts_make_nothing(tmp_path: Path, name: str) -> None:
    """No maintainer script calls the on-target program; services are restarted, old releases deleted."""
    payload = packaged(tmp_path, services=SERVICES)
    texts = FORMATS[name].render(FORMATS[name].describe(payload), Templates()).texts
    scripts = {n: t for n, t in texts.items() if n in {"preinst", "postinst", "prerm", "postrm", "pre", "post",
                                                        "preun", "postun", "posttrans", "verifyscript"}}  # fmt: skip

    assert [n for n, t in scripts.items() if "activate" in t or "mktemp -d" in t] == []
    assert [n for n in texts if n.endswith("-releases") or n == "verifyscript"] == []
    assert "hello.service" in scripts["postinst" if name == "deb" else "posttrans"]
    for text in scripts.values():
        assert subprocess.run(["sh", "-n"], input=text, text=True, check=False).returncode == 0


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_without_services_as_well(tmp_path: Path, name: str) -> None:
    """Scripts of a package without services are valid shell, and delete what an activated version left."""
    payload = packaged(tmp_path)
    texts = FORMATS[name].render(FORMATS[name].describe(payload), Templates()).texts
    last = texts["postinst" if name == "deb" else "posttrans"]

    assert "rm -rf -- /opt/hello/releases" in last
    assert subprocess.run(["sh", "-n"], input=last, text=True, check=False).returncode == 0


@pytest.mark.skipif(not shutil.which("rpmbuild"), reason="needs rpmbuild")
@pytest.mark.parametrize("name", sorted(FORMATS))
def test_a_real_package(tmp_path: Path, name: str) -> None:
    """dpkg-deb and rpmbuild pack what was planned: the package reads back as intended."""
    form, work = FORMATS[name], tmp_path / "work"
    work.mkdir()
    rendered = form.render(form.describe(packaged(tmp_path, services=SERVICES)), Templates())

    form.verify(form.assemble(rendered, work), rendered)


def test_a_name_that_is_code_is_refused(tmp_path: Path) -> None:
    """Entry points are checked once more, as they become code."""
    made = parts(tmp_path, distribution(tmp_path, "hello", scripts=(Script("hello", "os;x", "main"),)))

    with pytest.raises(ArtefactError, match="hello"):
        packaged(tmp_path, made)
