"""What is tried before packing, and what is said of it: real imports by this Python, in a venv laid out from wheels."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from pkggen.config.tables import Config
from pkggen.errors import ArtefactError
from pkggen.model import Interpreter, Needs, Parts, Script, Target, Tree
from pkggen.payload.stage import stage
from pkggen.proof import Proven, prove
from pkggen.store.cache import Cache
from pkggen.terminal.reporter import Silent
from tests.unit.parts import distribution, project

MINOR = f"{sys.version_info.major}.{sys.version_info.minor}"
SITE = f"lib/python{MINOR}/site-packages"
MAIN = "def main(): ...\n"
BROKEN = f"import nothing_such\n{MAIN}"


class Build:
    """One project, and what proving it said."""

    def __init__(self, tmp_path: Path) -> None:
        """Lay an interpreter out that is this one."""
        self.root = tmp_path
        self.reporter = Silent()
        self.cache = Cache(tmp_path / "cache")
        home = tmp_path / "python"
        (home / "bin").mkdir(parents=True)
        (home / f"bin/python{MINOR}").symlink_to(Path(sys._base_executable).resolve())  # type: ignore[attr-defined]
        self.interpreter = Interpreter(f"{MINOR}.0", Tree(home, ()), origin="test", digest="0" * 64)
        for folder in (tmp_path, *tmp_path.parents[:3]):  # pytest's folders are closed to others
            folder.chmod(0o755)

    def prove(
        self,
        files: Mapping[str, str],
        scripts: Mapping[str, str] | None = None,
        *,
        requires: tuple[str, ...] = (),
        needs: Needs | None = None,
        top_level: tuple[str, ...] = ("hello",),
        **config: Any,
    ) -> Proven:
        """Prove a project of modules (text by path) and commands ("module:attr" by name)."""
        scripts = {"hello": "hello:main"} if scripts is None else scripts
        contents = {f"{SITE}/{path}": text for path, text in files.items()}
        app = distribution(
            self.root, "hello", contents, needs=needs,
            scripts=tuple(Script(name, *word.split(":")) for name, word in scripts.items()),
        )  # fmt: skip
        parts = Parts(self.interpreter, replace(app, top_level=top_level), ())
        config_ = Config.model_validate(config)
        payload = stage(project(self.root, commands=tuple(scripts)), config_, Target(), parts, epoch=1_700_000_000)
        wanted = [Requirement(r) for r in requires]
        return prove(payload, config_, parts, self.cache, self.reporter, requires=wanted)

    def refused(self, *args: Any, **kwargs: Any) -> str:
        """Return what is said where proving refuses."""
        with pytest.raises(ArtefactError) as error:
            self.prove(*args, **kwargs)
        return str(error.value)


@pytest.fixture
def build(tmp_path: Path) -> Build:
    """Return a build to prove things with."""
    return Build(tmp_path)


def test_what_can_be_imported_is_proven_in_silence(build: Build) -> None:
    """A module, its command and nothing else."""
    assert build.prove({"hello.py": MAIN}) == Proven()
    assert build.reporter.warnings == []


def test_a_command_that_cannot_be_imported_is_left_out(build: Build) -> None:
    """It came along unasked, and another one works: a warning names command, module, distribution and what lacks."""
    found = build.prove({"hello.py": MAIN, "other.py": BROKEN}, {"hello": "hello:main", "other": "other:main"})

    assert found.commands == ("other",)
    (warning,) = build.reporter.warnings
    assert "the command other is left out: other (hello 1.0) can't be imported" in warning
    assert "No module named 'nothing_such'" in warning
    assert 'commands = ["hello"]' in warning


@pytest.mark.parametrize(
    ("config", "scripts"),
    [
        ({"commands": ("hello", "other")}, {"hello": "hello:main", "other": "other:main"}),
        ({"services": ({"name": "s", "command": "other"},)}, {"hello": "hello:main", "other": "other:main"}),
        ({"smoke": ("other",)}, {"hello": "hello:main"}),
        ({}, {"other": "other:main"}),
    ],
)
def test_what_was_asked_for_has_to_work(build: Build, config: dict[str, Any], scripts: dict[str, str]) -> None:
    """Commands that are named, services, smoke modules, and one at least of all commands."""
    said = build.refused({"hello.py": MAIN, "other.py": BROKEN}, scripts, **config)

    assert "other (hello 1.0) can't be imported: ModuleNotFoundError: No module named 'nothing_such'" in said
    assert "dependencies" in said


def test_no_smoke_tries_nothing(build: Build) -> None:
    """With ``smoke = []`` the user takes it upon himself."""
    assert build.prove({"hello.py": BROKEN}, smoke=()) == Proven()


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import sys; sys.exit(0)\n", "ends the process"),
        ("import os; os._exit(0)\n", "ends the process"),
        ("input()\n", "EOFError"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)\n", "SIGSEGV"),
        ("", "has no attribute 'main'"),
        ("import sys; sys.exit(__import__('nothing_such'))\n", "nothing_such"),
    ],
)
def test_what_ends_the_process_is_no_success(build: Build, source: str, said: str) -> None:
    """Whatever the status that it ends with; so is a command that its module does not have."""
    assert said in build.refused({"hello.py": source})


def test_a_thread_that_never_ends_holds_nothing_up(build: Build) -> None:
    """The process is left when the last module is there."""
    source = f"import threading, time\nthreading.Thread(target=time.sleep, args=(99,)).start()\n{MAIN}"

    assert build.prove({"hello.py": source}) == Proven()


def test_what_never_ends_is_ended(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    """The import has the target's time limit."""
    monkeypatch.setattr("pkggen.proof.imports.SMOKE_LIMIT", 2)

    assert "did not finish within 2 s" in build.refused({"hello.py": "while True: pass\n"})


def test_home_is_there_and_goes(build: Build) -> None:
    """As on the target, a module may write there; nothing of it stays."""
    source = f"import pathlib\n(pathlib.Path.home() / 'mark').write_text('x')\n{MAIN}"

    assert build.prove({"hello.py": source}) == Proven()
    assert list(build.root.rglob("mark")) == []


@pytest.mark.parametrize("confined", [True, False])
def test_files_of_wheels_stay_as_they_are(build: Build, monkeypatch: pytest.MonkeyPatch, confined: bool) -> None:
    """What a module writes into its own files reaches neither the cache nor the package, whatever is permitted."""
    if not confined:
        monkeypatch.setattr("pkggen.proof.confinement.succeeds", lambda *_, **__: False)
    source = f"try:\n    open(__file__, 'w').write('')\nexcept OSError:\n    pass\n{MAIN}"

    build.prove({"hello.py": source})
    assert (build.root / "hello" / SITE / "hello.py").read_text() == source


def test_an_extra_is_named_that_brings_what_is_missing(build: Build) -> None:
    """Where the project's metadata tell of one."""
    requires = ('nothing-such; extra == "web"',)

    assert 'extras = ["web"]' in build.refused({"hello.py": BROKEN}, requires=requires)


def test_a_library_that_the_package_depends_on_is_the_targets(build: Build) -> None:
    """The build host may lack it: the package manager installs it there."""
    source = "raise ImportError('libnone.so.1: cannot open shared object file: No such file or directory')\n"

    assert "libnone.so.1" in build.refused({"hello.py": source})
    needs = Needs("x86_64", sonames={"libnone.so.1": "hello.so"})
    assert build.prove({"hello.py": source}, needs=needs) == Proven(warnings=tuple(build.reporter.warnings))
    assert "this machine has no libnone.so.1" in build.reporter.warnings[0]


def test_a_later_import_of_what_was_trimmed_is_told(build: Build) -> None:
    """Within a function, too, with the profile that keeps it; not where its failure is caught."""
    later = f"{MAIN}def gui():\n    import tkinter.ttk\n"
    caught = f"{MAIN}try:\n    import tkinter\nexcept ImportError:\n    pass\n"
    absent = f"import sys\nsys.meta_path.insert(0, type('F', (), {{'find_spec': staticmethod({_FINDER})}}))\n"

    build.prove({"hello.py": absent + later})
    (warning,) = build.reporter.warnings
    assert warning.startswith('tkinter is not in the interpreter, and imported by hello.py: python.keep = ["tkinter"]')
    build.reporter.warnings.clear()
    build.prove({"hello.py": absent + caught})
    assert build.reporter.warnings == []


# takes tkinter away from the interpreter that runs the test, as trimming does
_FINDER = "lambda name, *_: (_ for _ in ()).throw(ModuleNotFoundError(name=name)) if name == 'tkinter' else None"


def test_a_proof_is_remembered(build: Build) -> None:
    """With the warnings: a second build runs nothing and says the same."""
    files = {"hello.py": MAIN, "other.py": BROKEN}
    scripts = {"hello": "hello:main", "other": "other:main"}
    first, warned = build.prove(files, scripts), list(build.reporter.warnings)
    (build.interpreter.tree.root / f"bin/python{MINOR}").unlink()

    assert build.prove(files, scripts) == first
    assert build.reporter.warnings == warned * 2


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become nobody")
def test_root_imports_nothing_itself(build: Build) -> None:
    """Modules are imported as nobody, who may not write where root may."""
    source = f"import os\nassert os.geteuid() == 65534, os.geteuid()\n{MAIN}"

    assert build.prove({"hello.py": source}) == Proven()


def test_a_dependency_that_is_declared_is_seen_at_once(build: Build) -> None:
    """What was remembered does not outlive a change of the relations: a hint that is followed is not repeated."""
    build.prove({"hello.py": MAIN})
    (build.interpreter.tree.root / f"bin/python{MINOR}").unlink()

    with pytest.raises(ArtefactError):
        build.prove({"hello.py": MAIN}, deb={"depends": ("libmagic1",)})
