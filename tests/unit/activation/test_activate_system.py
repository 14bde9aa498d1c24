"""Activation with the system's own Python instead of one in a layer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pkggen.activation.configure import configure
from pkggen.activation.removal import remove
from pkggen.activation.rollback import switch_back
from pkggen.activation.verification import verify
from tests.unit.installation import Base, Installation

PYTHON = "{}/bin/python{}.{}".format(sys.base_prefix, *sys.version_info[:2])


def on_system(app: Installation, base: Base, *, outside: bool = False, compiled: bool = False) -> Installation:
    """Unpack an application whose packages are for the Python that runs the tests."""
    library = "lib/python{}.{}".format(*sys.version_info[:2])
    app.base = Base(base.root, base.origin, f"bin/{Path(PYTHON).name}", (), ())
    python = {"system": True, "executable": PYTHON, "version": "3", "site-packages": outside}
    assert app.base.site == f"{library}/site-packages"
    return app.package(python=python, layers=["deps", "app"], compiled=compiled)


def test_the_venv_leads_to_the_systems_python(app: Installation, base: Base) -> None:
    """bin/python is a link to it, its directory is the venv's home, and the command runs in the venv."""
    answer = configure(on_system(app, base).place)

    venv = app.root / "releases" / answer.release / "venv"
    assert os.readlink(venv / "bin/python") == PYTHON
    assert f"home = {Path(PYTHON).parent}\n" in (venv / "pyvenv.cfg").read_text()
    assert app.hello() == f"hello {venv}/{app.base.site}/hello/__init__.py\n"
    assert not (app.root / "current/python").exists()


@pytest.mark.parametrize("outside", [False, True])
def test_the_distributions_modules_are_seen_only_when_asked_for(app: Installation, base: Base, outside: bool) -> None:
    """site-packages opens the venv to the system's packages."""
    configure(on_system(app, base, outside=outside).place)

    program = "import json, sys; print(json.dumps(sys.path))"
    argv = [app.root / "current/venv/bin/python", "-I", "-c", program]
    paths = json.loads(subprocess.run(argv, capture_output=True, text=True, check=True).stdout)
    assert (
        any("site-packages" in p or "dist-packages" in p for p in paths if not p.startswith(str(app.root))) is outside
    )


def test_the_system_compiles_what_came_without_byte_code(app: Installation, base: Base) -> None:
    """A layer without byte code gets it from the system's Python."""
    configure(on_system(app, base, compiled=True).place)

    assert list((app.root / "current/venv" / app.base.site / "hello").rglob("*.pyc"))


def test_verify_and_remove_work(app: Installation, base: Base) -> None:
    """The release is compared and tried as any other, and goes as any other."""
    configure(on_system(app, base).place)

    assert verify(app.place).differences == ()
    assert "current" not in remove(app.place).left
    assert not (app.root / "releases").exists()


def test_an_upgrade_may_change_the_interpreter(app: Installation, base: Base) -> None:
    """From one in the package to the system's and back, with rollback between them."""
    configure(app.package("1.0").place)
    inside = app.base
    configure(on_system(app, inside).place)
    switch_back(app.place, None)

    assert os.readlink(app.root / "current/venv/bin/python").startswith("../../python/")
