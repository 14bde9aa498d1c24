"""The target's own Python: which one it is, and what a package says of it."""

from __future__ import annotations

import json
import platform
from dataclasses import replace
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

from pkggen.config.tables import Config
from pkggen.errors import ConfigurationError
from pkggen.formats import FORMATS
from pkggen.interpreter import resolve_interpreter
from pkggen.interpreter import system as of_system
from pkggen.interpreter.system import system_interpreter
from pkggen.model import Interpreter, Parts, Payload, PythonSpec, Target
from pkggen.payload.stage import stage
from pkggen.store.cache import Cache
from pkggen.targets.distributions import GLIBC, PYTHON, resolve_target
from pkggen.targets.runs_on import runs_on
from pkggen.terminal.reporter import Silent
from tests.unit.parts import distribution, project


def found(*targets: str, version: str = "", requires: str = "", reporter: Silent | None = None) -> Interpreter:
    """Return the system's Python of ``targets``."""
    spec = PythonSpec("system", version=version)
    return system_interpreter(spec, resolve_target(targets), SpecifierSet(requires), reporter or Silent())


def payload(root: Path, interpreter: Interpreter) -> Payload:
    """Stage an application on ``interpreter``."""
    made = Parts(interpreter, distribution(root, "hello"), ())
    return stage(project(root, commands=()), Config(), Target(), made, epoch=1_700_000_000)


def test_every_target_has_a_python() -> None:
    """The tables of targets name the same releases."""
    assert PYTHON.keys() == GLIBC.keys()


@pytest.mark.parametrize(("target", "version"), [("debian:11", "3.9.2"), ("debian:12", "3.11.2"), ("el:9", "3.9.0")])
def test_the_target_says_which_version(target: str, version: str) -> None:
    """Wheels are chosen for the Python that the declared target has."""
    assert (found(target).version, found(target).system is not None) == (version, True)


def test_a_deb_depends_as_dh_python3_writes_it(tmp_path: Path) -> None:
    """python3 from that minor version on, and below the next."""
    relations = FORMATS["deb"].describe(payload(tmp_path, found("debian:12"))).relations

    assert relations["Depends"] == ("python3 (>= 3.11~)", "python3 (<< 3.12)")


def test_a_deb_for_another_than_the_default_names_its_package(tmp_path: Path) -> None:
    """Where the target's python3 is another, the package of the version is needed, and a warning tells."""
    reporter = Silent()
    relations = FORMATS["deb"].describe(payload(tmp_path, found("debian:12", version="3.12", reporter=reporter)))

    assert relations.relations["Depends"] == ("python3.12",)
    assert reporter.warnings == ["debian:12 has Python 3.11: python3.12 has to be installable there"]


def test_an_rpm_requires_the_abi_and_the_program(tmp_path: Path) -> None:
    """The name of the package differs between distributions, these two do not."""
    relations = FORMATS["rpm"].describe(payload(tmp_path, found("el:9"))).relations

    assert relations["Requires"] == ("python(abi) = 3.9", "/usr/bin/python3.9")


def test_the_package_holds_no_interpreter(tmp_path: Path) -> None:
    """There is no python layer, and the manifest names the program by its absolute path."""
    made = payload(tmp_path, found("debian:12"))
    manifest = json.loads(next(e for e in made.entries if e.path == "/opt/hello/manifest.json").content or b"")

    assert [layer.name for layer in made.layers] == ["deps", "app"]
    assert manifest["layers"] == ["deps", "app"]
    assert manifest["python"] == {
        "system": True, "executable": "/usr/bin/python3.11", "version": "3.11", "site-packages": False
    }  # fmt: skip


def test_it_runs_on_the_releases_with_that_python(tmp_path: Path) -> None:
    """The sentence names releases without a plus: the next one has another Python."""
    package = FORMATS["deb"].describe(payload(tmp_path, found("debian:12")))

    assert runs_on([package]) == "runs on Debian 12 (no compiled code, the system's Python 3.11)"


def test_targets_with_different_pythons_are_refused() -> None:
    """One set of wheels can't be for two Pythons; the message names them and the ways out."""
    with pytest.raises(ConfigurationError, match=r"debian:12 has 3\.11, debian:13 has 3\.13\n.*build for each apart"):
        found("debian:12", "debian:13")


def test_too_old_a_python_is_refused() -> None:
    """RHEL 8's own is 3.6, for which the on-target program is not written."""
    with pytest.raises(ConfigurationError, match=r"Python 3\.6 is too old"):
        found("el:8")


def test_a_python_that_the_project_does_not_run_on_is_refused() -> None:
    """requires-python counts for the system's, too."""
    with pytest.raises(ConfigurationError, match=r"the system's Python is 3\.11\.2, the project requires >=3\.12"):
        found("debian:12", requires=">=3.12")


def test_without_targets_the_build_hosts_own_counts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """That is /usr/bin/python3 where it leads to one of the distribution's; else the error says what to set."""
    monkeypatch.setattr(of_system, "_OWN", tmp_path / "python3")

    with pytest.raises(ConfigurationError, match=r"declare targets"):
        found()


def test_byte_code_is_made_by_a_python_of_this_machine(tmp_path: Path) -> None:
    """One of the same minor version makes it; where there is none, the target does, and a warning tells."""
    minor = ".".join(platform.python_version_tuple()[:2])
    reporter = Silent()

    def resolved(version: str) -> Interpreter:
        return resolve_interpreter(
            PythonSpec("system", version=version), Target(platform.machine()), Cache(tmp_path), reporter,
            requires_python=SpecifierSet(), root=Path(), offline=True,
        )  # fmt: skip

    here, nowhere = resolved(minor), resolved("3.99")

    assert (here.compiler is not None, nowhere.compiler) == (True, None)
    assert "no Python 3.99 here can make byte code" in reporter.warnings[-1]
    assert replace(here, stand_in=None).compiler is None
