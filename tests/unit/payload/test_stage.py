"""What goes into a package, as data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pkggen.config.tables import Config
from pkggen.errors import ArtefactError, ConfigurationError
from pkggen.model import Kind, Needs, Payload, Script, Target
from pkggen.payload.commands import own_commands
from pkggen.payload.stage import stage
from tests.unit.parts import SITE, distribution, parts, project


def staged(root: Path, config: dict[str, Any] | None = None, **options: Any) -> Payload:
    """Stage the application hello with ``config`` as [tool.pkggen]."""
    made = options.pop("parts", None) or parts(root)
    target = options.pop("target", Target())
    return stage(project(root), Config.model_validate(config or {}), target, made, epoch=1_700_000_000)


def content(payload: Payload, path: str) -> Any:
    """Return the JSON that the payload holds at ``path``."""
    return json.loads(next(e for e in payload.entries if e.path == path).content or b"")


def test_layers_lie_below_the_prefix(tmp_path: Path) -> None:
    """Interpreter, dependencies and project each get a directory below /opt/<app>/layers."""
    payload = staged(tmp_path, parts=parts(tmp_path, None, distribution(tmp_path, "flask")))

    paths = {e.path for e in payload.entries}
    assert "/opt/hello/layers/python/bin/python3.13" in paths
    assert f"/opt/hello/layers/deps/{SITE}/flask.py" in paths
    assert f"/opt/hello/layers/app/{SITE}/hello.py" in paths


def test_entries_are_sorted_and_unique(tmp_path: Path) -> None:
    """A payload lists every path once, in order."""
    paths = [e.path for e in staged(tmp_path).entries]

    assert paths == sorted(set(paths))


def test_command_is_a_link(tmp_path: Path) -> None:
    """A console script of the project becomes a link in /usr/bin to the current release's venv."""
    link = next(e for e in staged(tmp_path).entries if e.path == "/usr/bin/hello")

    assert (link.kind, link.link) == (Kind.SYMLINK, "/opt/hello/current/venv/bin/hello")


def test_manifest_names_what_activation_needs(tmp_path: Path) -> None:
    """manifest.json holds version, interpreter, layers, commands and the modules to try."""
    manifest = content(staged(tmp_path, {"release": "2"}), "/opt/hello/manifest.json")

    assert (manifest["app"], manifest["version"], manifest["release"]) == ("hello", "1.0", "2")
    assert manifest["python"] == {"layer": "python", "executable": "bin/python3.13", "version": "3.13.5"}
    assert manifest["layers"] == ["python", "deps", "app"]
    assert manifest["commands"] == ["hello"]
    assert manifest["smoke"] == ["hello"]


def test_layer_manifest_lists_files_and_links(tmp_path: Path) -> None:
    """layers/<name>.json lists each file with size, digest and mode, and each link with its target."""
    layer = content(staged(tmp_path), "/opt/hello/layers/python.json")

    assert [row[0] for row in layer["files"]] == ["bin/python3.13", "lib/python3.13/os.py"]
    assert layer["files"][0][1] == len("#!/bin/sh\n")
    assert layer["files"][0][3] == 0o755
    assert layer["links"] == [["bin/python3", "python3.13"]]


def test_python_scripts_are_to_be_rewritten(tmp_path: Path) -> None:
    """A wheel's script that starts #!python is listed for rewriting, another is not."""
    files = {"bin/tool": "#!python\nprint()\n", "bin/plain": "#!/bin/sh\n"}
    payload = staged(tmp_path, parts=parts(tmp_path, None, distribution(tmp_path, "tools", files)))

    assert content(payload, "/opt/hello/layers/deps.json")["rewrite"] == ["bin/tool"]


def test_same_path_same_bytes_is_shared(tmp_path: Path) -> None:
    """Two wheels may hold one path with the same bytes (a namespace's __init__): it is shipped once."""
    common = {f"{SITE}/space/__init__.py": "# namespace\n"}
    first, second = (distribution(tmp_path, n, {**common, f"{SITE}/space/{n}.py": ""}) for n in ("one", "two"))
    payload = staged(tmp_path, parts=parts(tmp_path, None, first, second))

    assert sum(e.path.endswith("space/__init__.py") for e in payload.entries) == 1


def test_same_path_other_bytes_is_refused(tmp_path: Path) -> None:
    """Two wheels with one path and other bytes are an error that names wheel and path."""
    first, second = (distribution(tmp_path, n, {f"{SITE}/clash.py": f"# {n}\n"}) for n in ("one", "two"))

    with pytest.raises(ArtefactError, match=r"two-1\.0.*clash\.py"):
        staged(tmp_path, parts=parts(tmp_path, None, first, second))


def test_unknown_command_suggests_known_ones(tmp_path: Path) -> None:
    """A command that no wheel has is a configuration error which names the nearest."""
    with pytest.raises(ConfigurationError, match=r"'helo'(.|\n)*hello"):
        staged(tmp_path, {"commands": ("helo",)})


def test_command_of_a_dependency(tmp_path: Path) -> None:
    """A dependency's command can be asked for by name; its module is tried before the switch."""
    flask = distribution(tmp_path, "flask", scripts=(Script("flask", "flask.cli", "main"),))
    payload = staged(tmp_path, {"commands": ("flask",)}, parts=parts(tmp_path, None, flask))

    assert payload.project.commands == ("flask",)
    assert "flask.cli" in content(payload, "/opt/hello/manifest.json")["smoke"]


def test_bundle_has_the_commands_of_what_it_names(tmp_path: Path) -> None:
    """A project without files of its own offers the commands of its direct dependencies, no others."""
    bundle = distribution(tmp_path, "bundle", {f"{SITE}/bundle-1.0.dist-info/METADATA": "Name: bundle\n"})
    flask = distribution(tmp_path, "flask", scripts=(Script("flask", "flask.cli", "main"),))
    click = distribution(tmp_path, "click", scripts=(Script("click", "click", "main"),))

    assert own_commands(bundle, [flask, click], {"flask"}) == ("flask",)
    assert own_commands(distribution(tmp_path, "hello"), [flask], {"flask"}) == ()


def test_bundle_is_proven_by_what_it_names(tmp_path: Path) -> None:
    """A bundle's own commands aren't all tried, since some may not work here; those asked for by name are."""
    bundle = distribution(tmp_path, "bundle", {f"{SITE}/bundle-1.0.dist-info/METADATA": "Name: bundle\n"})
    flask = distribution(tmp_path, "flask", scripts=(Script("flask", "flask.cli", "main"),))
    made = parts(tmp_path, bundle, flask)
    offered = stage(project(tmp_path, commands=("flask",)), Config(), Target(), made, 0)
    asked = staged(tmp_path, {"commands": ("flask",)}, parts=made)

    assert content(offered, "/opt/hello/manifest.json")["smoke"] == ["flask"]
    assert content(asked, "/opt/hello/manifest.json")["smoke"] == ["flask", "flask.cli"]


def test_service_runs_from_current(tmp_path: Path) -> None:
    """A service's command is looked up in the venv and started through ``current``."""
    payload = staged(tmp_path, {"services": ({"name": "hello", "command": "hello --port 8000", "user": "hello"},)})

    assert payload.services[0].command == ("/opt/hello/current/venv/bin/hello", "--port", "8000")
    assert [a.user for a in payload.accounts] == ["hello"]


def test_glibc_above_the_target_is_refused(tmp_path: Path) -> None:
    """A wheel that needs a newer glibc than a declared target has is an error that names its file."""
    needs = Needs("x86_64", (2, 38), "fast.so")
    made = parts(tmp_path, None, distribution(tmp_path, "fast", needs=needs))

    with pytest.raises(ArtefactError, match=r"fast\.so needs glibc 2\.38"):
        staged(tmp_path, parts=made, target=Target(glibc=(2, 31), distros=("debian:11",)))


def test_extra_file_keeps_mode_and_owner(tmp_path: Path) -> None:
    """A declared file is added to the formats it is meant for, with its mode and kind of configuration."""
    (tmp_path / "hello.ini").write_text("[hello]\n")
    table = {"src": "hello.ini", "dst": "/etc/hello.ini", "type": "config-noreplace", "mode": "0640", "format": "deb"}
    payload = staged(tmp_path, {"files": (table,)})

    (entry,) = payload.options["deb"].entries
    assert (entry.path, entry.mode, entry.config.value) == ("/etc/hello.ini", 0o640, "noreplace")
    assert payload.options["rpm"].entries == ()


def test_file_from_outside_the_project_is_refused(tmp_path: Path) -> None:
    """A link that leads out of the project is not followed into the package."""
    root = tmp_path / "project"
    root.mkdir()
    (root / "secret").symlink_to("/etc/hostname")

    with pytest.raises(ConfigurationError, match="leads out of the project"):
        staged(root, {"files": ({"src": "secret", "dst": "/etc/x"},)})


def test_file_given_away_below_anothers_directory_is_refused(tmp_path: Path) -> None:
    """Root would chown a path that a service's user can swap for a link: refused at build time."""
    upper = {"dst": "/var/lib/hello", "type": "dir", "owner": "svc"}
    lower = {"dst": "/var/lib/hello/data", "type": "dir", "owner": "svc"}

    with pytest.raises(ConfigurationError, match="could put a link there"):
        staged(tmp_path, {"files": (upper, lower)})


def test_file_over_one_of_ours_is_refused(tmp_path: Path) -> None:
    """A declared file can't replace one that the package has already."""
    (tmp_path / "x").write_text("")

    with pytest.raises(ConfigurationError, match="already in the package"):
        staged(tmp_path, {"files": ({"src": "x", "dst": "/usr/bin/hello"},)})


def test_a_wheel_of_entry_points_alone_offers_those_of_what_it_names(tmp_path: Path) -> None:
    """apache-airflow has one command and no file; the command that people type is in another distribution."""
    app = distribution(
        tmp_path, "flow", {f"{SITE}/flow-1.0.dist-info/METADATA": ""}, scripts=(Script("a-flow", "core", "main"),)
    )
    core = distribution(tmp_path, "core", scripts=(Script("flow", "core", "main"),))
    other = distribution(tmp_path, "other", scripts=(Script("other", "other", "main"),))

    assert own_commands(app, (core, other), {"core"}) == ("a-flow", "flow")
