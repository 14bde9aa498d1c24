"""Projects whose packages add a layer to another application."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from pydantic import ValidationError

from pkggen.config.tables import Config
from pkggen.errors import ArtefactError, ConfigurationError, Key
from pkggen.formats import FORMATS
from pkggen.model import Target
from pkggen.payload.plugin import Host, check_fit, read_host, stage_plugin, with_host
from pkggen.payload.stage import stage
from pkggen.run import run
from pkggen.templating.templates import Templates
from tests.unit.parts import SITE, distribution, parts, project

HOST = Host("hello", "1.0", "/opt/hello", "3.13", {"hello": "1.0", "flask": "3.1"}, {f"{SITE}/flask.py": "0" * 64})


def packed(root: Path, name: str) -> Path:
    """Return a package of hello, which depends on flask, in the format ``name``."""
    made = parts(root, None, distribution(root, "flask", version="3.1"))
    whole = stage(project(root, commands=()), Config.model_validate({"commands": ()}), Target(), made, epoch=1)
    form, work = FORMATS[name], root / "work"
    work.mkdir()
    return form.assemble(form.render(form.describe(whole), Templates()), work)


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_a_package_tells_what_it_would_be_a_host_of(tmp_path: Path, name: str) -> None:
    """Python, versions and files come from the package itself, whatever its format."""
    path = packed(tmp_path, name)

    host = read_host(Config.model_validate({"extends": "hello >= 1.0", "extends-package": (str(path),)}), tmp_path)
    assert (host.name, host.minor, host.abi) == ("hello", "3.13", "hello-abi-3.13")
    assert host.distributions == {"hello": "1.0", "flask": "3.1"}
    assert f"{SITE}/flask.py" in host.files
    for wrong in ("hello >= 2.0", "other"):
        with pytest.raises(ConfigurationError, match=r"extends-package holds|is not hello"):
            read_host(Config.model_validate({"extends": wrong, "extends-package": (str(path),)}), tmp_path)


@pytest.mark.parametrize("version", ["1~rc1", "1:1.2", "1-1", "1.2rc1"])
def test_a_version_that_is_no_release_is_refused_at_the_key(version: str) -> None:
    """A relation that reads otherwise in each of PEP 440, dpkg and rpm never gets to the package."""
    with pytest.raises(ValidationError, match=r"is not the version of a release.*write 'hello >= 1"):
        Config.model_validate({"extends": f"hello >= {version}"})


@pytest.mark.parametrize(
    "content",
    ["no json", "[]", "{}", '{"layers": ["app"]}', '{"layers": {}, "prefix": 1, "python": [], "app": "x"}', '"layers"'],
)
def test_a_foreign_package_is_no_application(tmp_path: Path, content: str) -> None:
    """Somebody else's manifest.json below /opt is told as that, with the key and what to name instead."""
    archive = tmp_path / "x.deb"
    tree = tmp_path / "tree"
    (tree / "DEBIAN").mkdir(parents=True)
    (tree / "opt/x").mkdir(parents=True)
    (tree / "opt/x/manifest.json").write_text(content)
    (tree / "DEBIAN/control").write_text(
        "Package: x\nVersion: 1\nArchitecture: all\nMaintainer: A <a@b>\nDescription: x\n"
    )
    run(["dpkg-deb", "--build", tree, archive])

    with pytest.raises(ConfigurationError) as caught:
        read_host(Config.model_validate({"extends": "x", "extends-package": (str(archive),)}), tmp_path)
    (problem,) = caught.value.problems
    assert problem.what == f"{archive} holds no application of pkggen's"
    assert problem.where == Key.of("extends-package")
    assert problem.remedy


@pytest.mark.parametrize("name", sorted(FORMATS))
@pytest.mark.parametrize("part", [0.02, 0.5, 0.9])
def test_a_truncated_package_is_told_in_words(tmp_path: Path, name: str, part: float) -> None:
    """Wherever it ends, that is what the error says."""
    path = packed(tmp_path, name)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * part)])

    with pytest.raises(ArtefactError, match="it is truncated or damaged"):
        read_host(Config.model_validate({"extends": "hello", "extends-package": (str(path),)}), tmp_path)


def test_the_applications_versions_are_constraints() -> None:
    """What a plugin needs is resolved with what is there."""
    config = with_host(Config.model_validate({"extends": "hello"}), HOST)

    assert config.wheels.constraints == ("flask==3.1", "hello==1.0")
    assert config.prefix == "/opt/hello"


def test_wants_that_the_application_does_not_meet(tmp_path: Path) -> None:
    """A version that is not there and a file with other bytes are both told."""
    made = parts(tmp_path, distribution(tmp_path, "plug", {f"{SITE}/flask.py": "mine\n"}))

    with pytest.raises(ArtefactError) as caught:
        check_fit(HOST, made, {"plug.whl": [Requirement("flask>=4"), Requirement("hello")]})
    assert [p.what for p in caught.value.problems] == [
        "wants flask>=4, and hello has 3.1",
        f"{SITE}/flask.py is in hello, too, with other bytes",
    ]


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_a_plugins_package_asks_before_it_is_unpacked(tmp_path: Path, name: str) -> None:
    """It holds a layer and its description, needs the application first, and tells it what it brings."""
    made = parts(tmp_path, distribution(tmp_path, "plug"))
    about = project(tmp_path, commands=())
    about = type(about)(**{f: getattr(about, f) for f in about.__slots__} | {"name": "plug"})
    config = Config.model_validate({"extends": "hello >= 1.0", "commands": ()})
    plugin = stage_plugin(about, config, Target(), made, host=HOST, epoch=1)

    paths = {e.path: e for e in plugin.entries}
    described = json.loads(paths["/opt/hello/plugins/plug.json"].content or b"")
    assert f"/opt/hello/layers/plug/{SITE}/plug.py" in paths
    assert (described["extends"], described["abi"], described["smoke"]) == ("hello", "3.13", ["plug"])
    rendered = FORMATS[name].render(FORMATS[name].describe(plugin), Templates())
    script = rendered.texts["preinst" if name == "deb" else "pre"]
    assert '"$program" admit' in script
    assert '"distributions": [\n["plug", "1.0"]\n]' in script
    terms = rendered.package.relations["Pre-Depends" if name == "deb" else "Requires(pre)"]
    assert any("hello-abi-3.13" in term for term in terms)
