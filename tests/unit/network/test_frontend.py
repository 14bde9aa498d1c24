"""What building a wheel takes is locked and installed by us; the back-end gets neither logins nor a network unasked."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pkggen.errors import IntegrityError, ToolError
from pkggen.network.frontend import Frontend
from pkggen.network.seclusion import without_network
from pkggen.project import running_python
from pkggen.store.build_lock import BuildTables
from pkggen.store.writing import looking
from pkggen.terminal.reporter import Silent
from tests.unit.wheelsmith import Smith

EPOCH = 315532800
BACK_END = """
import json, os, pathlib, socket, zipfile

def get_requires_for_build_wheel(config_settings=None):
    return DYNAMIC

def reach():
    try:
        socket.create_connection(("127.0.0.1", PORT), timeout=5).close()
        return "reached"
    except OSError as error:
        return type(error).__name__

def build_wheel(directory, config_settings=None, metadata_directory=None):
    from importlib import metadata
    seen = {"environ": dict(os.environ), "home": sorted(os.listdir(os.environ["HOME"])), "network": reach()}
    seen["installed"] = {d.metadata["Name"]: d.version for d in metadata.distributions()}
    if FAIL:
        raise SystemExit("it can not be fetched")
    with zipfile.ZipFile(pathlib.Path(directory, "app-1.0-py3-none-any.whl"), "w") as wheel:
        wheel.writestr("seen.json", json.dumps(seen))
    return "app-1.0-py3-none-any.whl"
"""


class Project:
    """A project with a back-end of its own, and a folder of wheels that it may require."""

    def __init__(self, home: Path) -> None:
        self.root, self.folder, self.home = home / "app", home / "wheels", home
        self.root.mkdir()
        self.folder.mkdir()
        self.count = 0
        self.reporter = Silent()

    def offer(self, name: str, version: str) -> None:
        wheel = Smith(name, version, files={f"{name}.py": b""})
        (self.folder / wheel.filename).write_bytes(wheel.bytes())

    def write(self, requires: list[str], dynamic: list[str], *, port: int = 9, fail: bool = False) -> None:
        system = f"requires = {json.dumps(requires)}\nbuild-backend = 'own'\nbackend-path = ['.']\n"
        (self.root / "pyproject.toml").write_text(f"[build-system]\n{system}")
        text = BACK_END.replace("DYNAMIC", repr(dynamic)).replace("PORT", str(port)).replace("FAIL", str(fail))
        (self.root / "own.py").write_text(text)

    def build(self, **settings: Any) -> Mapping[str, Any]:
        """Build it, and return what the back-end saw."""
        self.count += 1
        given: dict[str, Any] = {"cache": self.home / "uv", "offline": True, "pins": BuildTables(self.root), **settings}
        frontend = Frontend(root=self.root, folders=(self.folder,), reporter=self.reporter, **given)
        out = self.home / f"out{self.count}"
        (wheel,) = frontend.build(self.root, out, python=running_python(), epoch=EPOCH)
        with zipfile.ZipFile(wheel) as archive:
            seen: Mapping[str, Any] = json.loads(archive.read("seen.json"))
        return seen

    @property
    def lock(self) -> str:
        path = self.root / "pkggen.lock"
        return path.read_text() if path.is_file() else ""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return a project with two wheels that it may require."""
    made = Project(tmp_path)
    made.offer("tool", "1.0")
    made.offer("extra", "3.0")
    return made


def test_what_building_takes_is_locked(project: Project) -> None:
    """A newer version of it tomorrow changes nothing; what the back-end asks for itself is locked, too."""
    project.write(["tool"], ["extra"])
    first = project.build()
    before = project.lock
    project.offer("tool", "2.0")

    assert first["installed"] | {"tool": "1.0", "extra": "3.0"} == first["installed"]
    assert project.build()["installed"]["tool"] == "1.0"
    assert project.lock == before
    assert 'build_requires = "extra | tool"' in before
    assert 'tool = "==1.0 sha256:' in before


def test_who_only_looks_locks_nothing(project: Project) -> None:
    """A build after it still has to lock, although the wheel is known; what uv builds by itself has nothing to lock."""
    project.write(["tool"], [])
    frontend = Frontend(project.home / "uv", project.root, pins=BuildTables(project.root))
    with looking():
        project.build()

    assert (project.lock, frontend.has_to_lock(project.root, running_python())) == ("", True)
    project.build()
    assert not frontend.has_to_lock(project.root, running_python())
    (project.root / "pkggen.lock").unlink()
    (project.root / "pyproject.toml").write_text(
        "[build-system]\nrequires = ['uv_build']\nbuild-backend = 'uv_build'\n"
    )
    assert not frontend.has_to_lock(project.root, running_python())


def test_bytes_that_are_not_the_locked_ones_are_refused(project: Project) -> None:
    """A wheel of the same version with another digest is not installed."""
    project.write(["tool"], [])
    project.build()
    (wheel,) = project.folder.glob("tool-*.whl")
    with zipfile.ZipFile(wheel, "a") as archive:
        archive.writestr("tool-1.0.data/x", "other")

    with pytest.raises(ToolError, match=r"[Hh]ash"):
        project.build(cache=project.home / "another")


def test_new_requirements_are_locked_anew(project: Project) -> None:
    """What was locked stays where it fits."""
    project.write(["tool"], [])
    project.build()
    project.offer("tool", "2.0")
    project.write(["tool", "extra"], [])

    assert project.build()["installed"] | {"tool": "1.0", "extra": "3.0"}
    assert 'tool = "==1.0 ' in project.lock


@pytest.mark.parametrize(("requires", "dynamic"), [(["tool", "extra"], []), (["tool"], ["extra"]), ([], [])])
def test_frozen_refuses_what_has_changed(requires: list[str], dynamic: list[str], project: Project) -> None:
    """Requirements that are not those of the lock are named, with the line that renews it."""
    project.write(["tool"], [])
    project.build()
    project.write(requires, dynamic)

    with pytest.raises(IntegrityError, match=r"extra is new|tool is gone") as caught:
        project.build(frozen=True)
    assert "pkggen lock" in str(caught.value)


def test_frozen_without_a_lock_writes_none(project: Project) -> None:
    """A project whose back-end nobody has locked yet is built, and told of it."""
    project.write(["tool"], [])

    assert project.build(frozen=True)["installed"]["tool"] == "1.0"
    assert "not locked yet: pkggen lock" in project.reporter.warnings[0]
    assert project.lock == ""


def test_a_back_end_sees_nothing_of_the_caller(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No login, no home directory, no agent; what steers builds arrives."""
    home = tmp_path / "home"
    home.mkdir()
    (home / ".netrc").write_text("machine example.org login me password secret-0\n")
    secrets = {
        "HOME": str(home),
        "NETRC": str(home / ".netrc"),
        "UV_INDEX_CORP_PASSWORD": "secret-1",
        "PIP_INDEX_URL": "https://me:secret-2@example.org/simple",
        "HTTPS_PROXY": "http://me:secret-3@proxy.example.org:3128",
        "AWS_SECRET_ACCESS_KEY": "secret-4",
        "SSH_AUTH_SOCK": "/run/secret-5",
        "PIP_FIND_LINKS": "https://me:secret-6@example.org/wheels",
        "UV_KEYRING_PROVIDER": "subprocess",
        "TWINE_PASSWORD": "secret-7",
    }
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    project.write(["tool"], [])

    seen = project.build(variables={"CFLAGS": "-O2"})

    assert "secret" not in json.dumps(seen)
    assert not {"UV_KEYRING_PROVIDER", "NETRC", "PIP_INDEX_URL"} & set(seen["environ"])
    assert (seen["home"], seen["environ"]["CFLAGS"]) == ([], "-O2")
    assert seen["environ"]["SOURCE_DATE_EPOCH"] == str(EPOCH)


@pytest.mark.skipif(not without_network(), reason="no network namespaces here")
@pytest.mark.parametrize("settings", [{"offline": True}, {"offline": True, "frozen": True}])
def test_no_network_where_none_is_asked_for(project: Project, settings: dict[str, bool]) -> None:
    """Even this machine's own address can't be reached, for loopback is down."""
    project.write(["tool"], [])
    project.build()

    assert project.build(**settings)["network"] == "OSError"


def test_a_back_end_that_fails_without_a_network_is_told_so(project: Project) -> None:
    """Its last words come with why it could not fetch anything."""
    project.write([], [], fail=True)

    with pytest.raises(ToolError, match="it can not be fetched") as caught:
        project.build()
    assert ("without a network" in str(caught.value)) == bool(without_network())


def test_missing_namespaces_are_told(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the network can't be taken away, a warning says so and the build goes on."""
    monkeypatch.setattr("pkggen.network.frontend.without_network", tuple)
    project.write([], [])
    project.build()

    assert "no network namespaces" in project.reporter.warnings[0]


@pytest.mark.parametrize(
    ("text", "message"),
    [("raise ImportError('gone')\n", "can't be loaded: .*gone"), ("build_wheel = None\n", "NoneType|failed")],
)
def test_a_broken_back_end_is_named(text: str, message: str, project: Project) -> None:
    """What can't be loaded or called is one message, with no traceback of ours."""
    project.write([], [])
    (project.root / "own.py").write_text(text)

    with pytest.raises(ToolError, match=message):
        project.build()


def test_uv_builds_what_is_its_own(project: Project) -> None:
    """It needs no index, nothing is installed and nothing has to be locked."""
    (project.root / "src/app").mkdir(parents=True)
    (project.root / "src/app/__init__.py").touch()
    (project.root / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["uv_build"]\nbuild-backend = "uv_build"\n[project]\nname = "app"\nversion = "1"\n'
    )
    frontend = Frontend(project.home / "uv", project.root, pins=BuildTables(project.root))

    (wheel,) = frontend.build(project.root, project.home / "out", python=running_python(), epoch=EPOCH)

    assert (wheel.name, project.lock) == ("app-1-py3-none-any.whl", "")
