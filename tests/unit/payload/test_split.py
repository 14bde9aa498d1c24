"""One application as several packages."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pkggen.config.tables import Config
from pkggen.errors import IntegrityError
from pkggen.formats import FORMATS
from pkggen.model import Needs, Payload, Purpose, Target
from pkggen.packing import packed_digest, templates_for
from pkggen.payload.split import counted
from pkggen.payload.stage import divide, stage
from pkggen.store.packages import package_key
from pkggen.store.pkggen_lock import FILE, read_tables, write_table
from pkggen.templating.templates import Templates
from tests.unit.parts import SITE, distribution, parts, project


def divided(
    root: Path,
    split: object,
    *,
    code: str = "# hello\n",
    dependency: str = "1",
    maintainer: str = "A <a@example.org>",
    templates: Path | None = None,
    **config: Any,
) -> tuple[Payload, ...]:
    """Return the payloads of hello, which depends on flask; ``code`` and ``dependency`` are what the two hold."""
    for name in ("python", "hello", "flask"):
        shutil.rmtree(root / name, ignore_errors=True)
    app = distribution(root, "hello", {f"{SITE}/hello.py": code})
    flask = distribution(
        root, "flask", {f"{SITE}/flask.py": f"x = {dependency}\n"}, needs=Needs(glibc=(2, 30), glibc_by="f")
    )
    made = parts(root, app, flask)
    settings = Config.model_validate({"split": split, "commands": (), **config})
    about = replace(project(root, commands=()), maintainer=maintainer)
    whole = stage(about, settings, Target(), made, epoch=1_700_000_000)
    return divide(whole, settings, made, root, lambda part: packed_digest(part, Templates(templates)))


def manifest(payload: Payload) -> dict[str, Any]:
    """Return the application's manifest."""
    return dict(json.loads(next(e.content for e in payload.entries if e.path.endswith("/manifest.json")) or b""))


def names(payloads: tuple[Payload, ...]) -> dict[str, set[str]]:
    """Return the layers that each package owns."""
    return {p.project.name: {layer.name for layer in p.layers} for p in payloads}


@pytest.mark.parametrize(
    ("split", "expected"),
    [
        ("none", {"hello": {"python", "deps", "app"}}),
        ("deps", {"hello": {"app"}, "hello-deps": {"python", "deps"}}),
        ("runtime", {"hello": {"deps", "app"}, "pkggen-python3.13": {"python"}}),
        (("deps", "runtime"), {"hello": {"app"}, "hello-deps": {"deps"}, "pkggen-python3.13": {"python"}}),
    ],
)
def test_each_layer_has_one_package(tmp_path: Path, split: object, expected: dict[str, set[str]]) -> None:
    """The layers are divided among the packages, and so are the files: none is lost, none is in two."""
    payloads = divided(tmp_path, split)

    paths = [e.path for p in payloads for e in p.entries]
    assert names(payloads) == expected
    assert len(paths) == len(set(paths))
    assert {p.rsplit("/", 1)[-1] for p in paths} >= {"python.json", "deps.json", "app.json", "flask.py", "os.py"}


def test_dependencies_move_between_packages(tmp_path: Path) -> None:
    """An application that is split now, or no longer, takes the place of the other: dpkg has to be told so."""
    replaced = {
        (split, payload.project.name): payload.options["deb"].replaces
        for split in ("none", "deps", "runtime")
        for payload in divided(tmp_path / split, split)
    }

    assert replaced == {
        ("none", "hello"): ("hello-deps",),
        ("deps", "hello"): (),
        ("deps", "hello-deps"): ("hello",),
        ("runtime", "hello"): ("hello-deps",),
        ("runtime", "pkggen-python3.13"): (),
    }


def test_the_shared_interpreter_lies_below_its_own_prefix(tmp_path: Path) -> None:
    """The application's manifest says where, and that another build of it will do."""
    app, runtime = divided(tmp_path, "runtime")

    assert runtime.prefix == "/opt/pkggen-python3.13"
    assert all(e.path.startswith("/opt/pkggen-python3.13/layers/") for e in runtime.entries)
    assert manifest(app)["places"] == {"python": "/opt/pkggen-python3.13/layers"}
    assert app.interests == ("/opt/pkggen-python3.13/layers", "/opt/hello/plugins")
    assert app.options["deb"].depends == ("pkggen-python3.13 >= 3.13.5",)


def test_a_change_of_code_leaves_the_other_packages_as_they_are(tmp_path: Path) -> None:
    """Same dependencies: the same version, and the same bytes, whatever the application's time."""
    first = divided(tmp_path / "a", ("deps", "runtime"))
    second = divided(tmp_path / "b", ("deps", "runtime"), code="# changed\n")

    def told(payload: Payload) -> object:
        return [replace(e, source=None) for e in payload.entries], payload.release, payload.epoch

    assert [told(p) for p in first[1:]] == [told(p) for p in second[1:]]
    assert told(first[0]) != told(second[0])


def test_new_dependencies_get_a_higher_version(tmp_path: Path) -> None:
    """Their packages are counted, also when old ones come back; the application wants exactly its own."""
    found = [divided(tmp_path, "deps", dependency=d) for d in ("1", "1", "2", "1")]

    assert [deps.project.version for _, deps in found] == ["1", "1", "2", "3"]
    assert found[0][1].release == found[3][1].release
    app, deps = found[2]
    assert app.options["rpm"].depends == (f"hello-deps = 2-{deps.release}",)
    assert set(manifest(app)["exact"]) == {"python", "deps"}


def override(folder: Path) -> Path:
    """Return a folder of templates in which each package asks for something more."""
    (folder / "deb").mkdir(parents=True)
    text = '{% extends "builtin/deb/control.j2" %}\n{% block extra %}\nX-More: yes\n{% endblock %}\n'
    (folder / "deb/control.j2").write_text(text)
    return folder


@pytest.mark.parametrize(
    ("changed", "concerns_deps"),
    [
        ({"maintainer": "B <b@example.org>"}, True),
        ({"deb": {"section": "python"}}, True),
        ({"rpm": {"compression": "gzip:1"}}, True),
        ({"templates": "templates"}, True),
        ({"code": "# changed\n"}, False),
        ({"dependency": "2"}, True),
    ],
)
def test_other_bytes_have_another_version(tmp_path: Path, changed: dict[str, Any], *, concerns_deps: bool) -> None:
    """Whatever a package of dependencies is made of is in its version; the shared runtime is made of nothing of it."""
    override(tmp_path / "templates")
    before = divided(tmp_path, ("deps", "runtime"))
    if "templates" in changed:
        changed = {"templates": tmp_path / "templates"}
    after = divided(tmp_path, ("deps", "runtime"), **changed)
    templates = Templates(changed.get("templates"))

    def bytes_of(payload: Payload, own: Templates) -> list[str]:
        made = [f.render(f.describe(payload), templates_for(payload, own)) for f in FORMATS.values()]
        return [package_key(r, r.members, "") for r in made]

    assert (before[1].release != after[1].release) is concerns_deps
    assert after[1].project.version == ("2" if concerns_deps else "1")
    assert bytes_of(before[2], Templates()) == bytes_of(after[2], templates)


def test_a_frozen_build_does_not_count(tmp_path: Path) -> None:
    """With --frozen what is new is an error, and nothing is written."""
    with pytest.raises(IntegrityError, match="no number yet"):
        counted(tmp_path, "x86_64", "a", frozen=True)
    assert list(tmp_path.iterdir()) == []


def test_the_lock_keeps_tables_of_others(tmp_path: Path) -> None:
    """What one part writes into pkggen.lock stays when another part writes."""
    write_table(tmp_path / FILE, "python", "x86_64", {"source": "3.13"})
    counted(tmp_path, "x86_64", "a", frozen=False)

    assert read_tables(tmp_path / FILE, "python", ("source",)) == {"x86_64": {"source": "3.13"}}


def test_each_package_needs_what_its_own_files_need(tmp_path: Path) -> None:
    """The dependencies raise the glibc of their package, not of the application's; together they say where it runs."""
    app, deps, _ = divided(tmp_path, ("deps", "runtime"))

    assert (app.needs.glibc, deps.needs.glibc, app.whole_needs.glibc) == ((), (2, 30), (2, 30))


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_packages_of_layers_have_no_say(tmp_path: Path, name: str) -> None:
    """They check the machine and mend what dpkg takes away above them; their users make the release."""
    app, *layers = (
        FORMATS[name].render(FORMATS[name].describe(p), Templates()) for p in divided(tmp_path, ("deps", "runtime"))
    )

    for rendered in layers:
        assert rendered.package.payload.purpose is Purpose.LAYERS
        scripts = {key for key, text in rendered.texts.items() if text.startswith("#!/bin/sh") or "set -eu" in text}
        assert {s for s in scripts if not s.endswith(".spec")} == {
            "deb": {"preinst", "postinst", "prerm", "postrm"},
            "rpm": {"pre"},
        }[name]
    watching = app.texts["triggers"] if name == "deb" else app.texts["hello.spec"]
    assert "/opt/pkggen-python3.13/layers" in watching
