"""Layers that other packages bring to an application, on the target."""

from __future__ import annotations

import json
from typing import Any

from tests.unit.installation import Installation


def add(app: Installation, name: str, version: str = "1.0", **changes: Any) -> dict[str, Any]:
    """Unpack a plugin with one module of its name; return its description."""
    site = app.base.site
    app.layer(name, {f"{site}/{name}.py": f"version = {version!r}\n", **changes.pop("files", {})})
    path = app.root / "layers" / f"{name}.json"
    told = json.loads(path.read_text("utf-8"))
    path.unlink()
    minor = app.base.executable.rpartition("python")[2]
    told |= {"extends": "hello", "abi": minor, "smoke": [name], "distributions": [[name, version]], **changes}
    (app.root / "plugins").mkdir(exist_ok=True)
    (app.root / f"plugins/{name}.json").write_text(json.dumps(told), "utf-8")
    return dict(told)


def installed(app: Installation) -> Installation:
    """Return the application as its package left it, for the interpreter that there is."""
    minor = app.base.executable.rpartition("python")[2]
    python = {"layer": "python", "executable": app.base.executable, "version": f"{minor}.5"}
    return app.package(python=python)


def test_a_plugin_is_there_while_its_files_are(app: Installation) -> None:
    """A release is made with it when it came, and without it when it went."""
    installed(app)
    add(app, "one")
    assert app.run("configure").returncode == 0
    module = app.root / "current/venv" / app.base.site / "one.py"
    assert module.is_file()
    assert app.run("verify").returncode == 0

    (app.root / "plugins/one.json").unlink()
    assert app.run("configure").returncode == 0
    assert not module.exists()
    assert app.run("rollback").returncode == 0
    assert module.exists()


def test_what_does_not_fit_leaves_the_release(app: Installation) -> None:
    """Different versions of one distribution, different bytes, another Python: both packages are named."""
    installed(app)
    add(app, "one", distributions=[["shared", "1"]])
    assert app.run("configure").returncode == 0
    before = app.place.active()
    site = app.base.site
    cases: list[tuple[dict[str, Any], str]] = [
        ({"distributions": [["shared", "2"]]}, "two brings shared 2, and one shared 1"),
        ({"files": {f"{site}/one.py": "other\n"}}, "two and one both bring"),
        ({"abi": "3.0"}, "two was made for hello with Python 3.0"),
        ({"scripts": [["hello", "two", "main"]]}, "two and hello bring different commands hello"),
    ]
    for changes, words in cases:
        told = add(app, "two", **changes)
        done = app.run("configure")
        assert (done.returncode, app.place.active()) == (9, before), done.stderr
        assert words in done.stderr
        (app.root / "plugins/two.json").unlink()
        asked = app.run("admit", input=json.dumps(told))
        assert (asked.returncode, words in asked.stderr) == (9, True), "the same is said before anything is unpacked"


def test_an_application_is_admitted_beside_its_plugins(app: Installation) -> None:
    """Its next version may not bring what a plugin brings in another version, nor another Python."""
    installed(app)
    told = add(app, "one")
    assert app.run("configure").returncode == 0

    def asked(**wanted: Any) -> int:
        value = {"name": "hello", "abi": told["abi"], "distributions": [], **wanted}
        return app.run("admit", input=json.dumps(value)).returncode

    assert asked(distributions=[["one", "1.0"]]) == 0
    assert asked(distributions=[["one", "2.0"]]) == 9
    assert asked(abi="3.0") == 9
    assert app.run("admit", input="no json").returncode == 1
