"""Archived wheels: pip installs them, offline, and what it wrote is the release's."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import subprocess
import time
from pathlib import Path

import pytest

from pkggen.activation.configure import configure
from pkggen.activation.protocol import DAMAGED, UNFIT, Failure
from pkggen.activation.verification import verify
from tests.unit.installation import Installation

pytestmark = pytest.mark.parametrize("app", ["archived"], indirect=True)
TOOL = {
    "bin/tool": "#!python\nimport sys; print(sys.flags.isolated, sys.prefix)\n",
    "bin/plain": "#!/bin/sh\necho hi\n",
}


def test_pip_makes_the_release(app: Installation) -> None:
    """Modules, console scripts, scripts of wheels and data lie where a wheel says; pip names itself the installer."""
    answer = configure(
        app.package(files={**TOOL, "share/x.txt": "x"}, rewrite=["bin/tool"], commands=["hello", "tool"]).place
    )
    venv = app.root / "current/venv"

    assert app.hello("tool") == f"1 {app.root}/releases/{answer.release}/venv\n"
    assert (app.hello("plain"), (venv / "share/x.txt").read_text()) == ("hi\n", "x")
    assert (venv / app.base.site / "app-1.dist-info/INSTALLER").read_text().strip() == "pip"
    assert not (venv / app.base.site / "pip").exists()
    assert app.leftovers() == []


def test_the_wheels_stay_as_they_came(app: Installation) -> None:
    """The release's wheels are links to the layers', whose bytes are the listed ones."""
    configure(app.package().place)
    listed = re.findall("sha256:([0-9a-f]+)", (app.root / "layers/app/wheels/app.txt").read_text())
    shipped, kept = app.root / "layers/app/wheels", app.root / "current/wheels"

    assert [hashlib.sha256((kept / "app-1-py3-none-any.whl").read_bytes()).hexdigest()] == listed
    assert os.path.samefile(shipped / "app-1-py3-none-any.whl", kept / "app-1-py3-none-any.whl")


def test_record_holds(app: Installation) -> None:
    """Each digest in RECORD is the file's: scripts that got our first line have none."""
    configure(app.package(files=TOOL, rewrite=["bin/tool"]).place)
    site = app.root / "current/venv" / app.base.site
    rows = list(csv.reader((site / "app-1.dist-info/RECORD").read_text().splitlines()))

    assert {row[0] for row in rows if not row[1]} == {
        "app-1.dist-info/RECORD",
        "../../../bin/hello",
        "../../../bin/tool",
    }
    assert all((site / row[0]).stat().st_size == int(row[2]) for row in rows if row[1])


def test_byte_code_is_there_and_tells_no_place(app: Installation) -> None:
    """Every module has unchecked byte code with a relative name; verify covers it."""
    configure(app.package().place)
    (code,) = (app.root / "current/venv" / app.base.site / "hello/__pycache__").iterdir()

    assert code.read_bytes()[4:8] == b"\1\0\0\0"
    assert str(app.root).encode() not in code.read_bytes()
    code.unlink()
    with pytest.raises(Failure, match="1 files differ"):
        verify(app.place)


def test_a_damaged_module_comes_anew(app: Installation) -> None:
    """Configure mends what pip wrote, as it mends links; a second run finds nothing to do."""
    configure(app.package().place)
    edited = app.root / "current/venv" / app.base.site / "hello/data.txt"
    edited.write_text("XXX")
    configure(app.place)

    assert edited.read_text() == "1.0"
    assert verify(app.place).differences == ()
    assert app.leftovers() == []


@pytest.mark.parametrize("path", ["wheels/app-1-py3-none-any.whl", "wheels/app.txt"])
def test_a_damaged_wheel_is_named(app: Installation, path: str) -> None:
    """A changed byte is found before pip sees it, though the size is right."""
    shipped = app.package().root / "layers/app" / path
    data = shipped.read_bytes()
    shipped.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))

    with pytest.raises(Failure, match=r"app.*reinstall") as failure:
        configure(app.place)
    assert (failure.value.code, app.place.active(), app.leftovers()) == (DAMAGED, None, [])


def test_pip_compares_the_digests(app: Installation) -> None:
    """A wheel that is shipped whole, but is not the listed one, is refused by pip; nothing is left."""
    app.package()
    path = app.root / "layers/app.json"
    layer = json.loads(path.read_text())
    text = (app.root / "layers/app/wheels/app.txt").read_text()
    wrong = text[:-2] + ("0" if text[-2] != "0" else "1") + "\n"
    (app.root / "layers/app/wheels/app.txt").write_text(wrong)
    row = next(row for row in layer["files"] if row[0] == "wheels/app.txt")
    row[2] = hashlib.sha256(wrong.encode()).hexdigest()
    path.write_text(json.dumps(layer))

    with pytest.raises(Failure, match=r"pip could not(.|\n)*HASH|hash"):
        configure(app.place)
    assert (app.place.active(), app.leftovers(), os.listdir(app.root / "releases")) == (None, [], [])


def test_no_setting_reaches_pip(app: Installation, tmp_path: Path) -> None:
    """Variables of pip's do not count, and its temporary files go where the release is made."""
    (tmp_path / "pip.conf").write_text("[install]\nno-binary = :all:\n")
    environment = {
        **os.environ, "PIP_TARGET": str(tmp_path / "elsewhere"), "PIP_CONFIG_FILE": str(tmp_path / "pip.conf"),
        "PIP_NO_BINARY": ":all:", "TMPDIR": "/nonexistent", "HOME": str(tmp_path),
    }  # fmt: skip
    done = app.package().run("configure", env=environment)

    assert (done.returncode, done.stderr) == (0, "")
    assert not (tmp_path / "elsewhere").exists()
    assert app.hello().startswith("hello ")


def test_a_manifest_without_pip_is_damage(app: Installation) -> None:
    """The wheel that the manifest names has to be a file of the package."""
    with pytest.raises(Failure, match="pip nowhere"):
        configure(app.package(**{"pip": "nowhere"}).place)


def test_a_command_that_no_wheel_brings_is_damage(app: Installation) -> None:
    """Commands are checked before anything is made."""
    with pytest.raises(Failure, match="no layer brings the command other"):
        configure(app.package(commands=["other"]).place)


def test_the_space_that_wheels_will_take_is_looked_for(app: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """What pip will write counts before it starts."""
    free = os.statvfs(app.root)
    asked = free.f_bavail * free.f_frsize
    app.package()
    path = app.root / "layers/app.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "space": [asked, 1]}))

    with pytest.raises(Failure, match="MB are needed") as failure:
        configure(app.place)
    assert failure.value.code == UNFIT


@pytest.mark.parametrize("delay", [0.1, 0.4, 1.0])
def test_a_run_killed_while_pip_works_is_cleared_by_the_next(app: Installation, delay: float) -> None:
    """Kill -9 ends pip with its parent: the next run clears what both left, and makes a whole release."""
    command = app.package().command("configure")
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        time.sleep(delay)
        process.kill()
    configure(app.place)

    assert verify(app.place).differences == ()
    assert app.leftovers() == []
