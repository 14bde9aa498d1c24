"""Wheels with something odd in them that is no reason to refuse them."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from pkggen.interpreter.harvest import patchelf
from pkggen.model import Layer
from pkggen.payload.manifest import layer_manifest
from pkggen.store.cache import Cache
from pkggen.terminal.reporter import Silent
from pkggen.wheels import unpack_all
from tests.unit.fakes.interpreter_archives import other_machine
from tests.unit.wheelsmith import Smith, interpreter

TRUE = Path(shutil.which("true") or "/bin/true")


def warnings(tmp_path: Path, *smiths: Smith) -> list[str]:
    reporter = Silent()
    wheels = [smith.forge(tmp_path) for smith in smiths]
    unpack_all(wheels, interpreter(tmp_path), Cache(tmp_path / "cache"), reporter)
    return reporter.warnings


def test_names_that_differ_by_case_only(tmp_path):
    """Within a wheel and between two, both names are told; they stay."""
    one = Smith(files={"demo/Readme": b"1", "demo/README": b"2"})
    two = Smith(name="other", files={"Demo/readme": b"3"})
    found = warnings(tmp_path, one, two)

    assert len(found) == 2
    assert "README differs by case only from lib/python3.13/site-packages/demo/Readme" in " ".join(found) or (
        "Readme differs by case only from lib/python3.13/site-packages/demo/README" in " ".join(found)
    )
    assert found[1].startswith(two.filename)


@pytest.mark.parametrize(
    ("rpath", "told"), [("/home/builder/lib:$ORIGIN", "/home/builder/lib"), ("lib", "lib"), ("$ORIGIN/../x.libs", "")]
)
def test_fixed_library_paths(tmp_path, rpath, told):
    """A library that is sought at its builder's place is named, from the cache as well; $ORIGIN is fine."""
    program = tmp_path / "true"
    shutil.copyfile("/bin/true", program)
    program.chmod(0o755)
    subprocess.run([patchelf(), "--set-rpath", rpath, program], check=True)
    smith = Smith(files={"demo/program": program.read_bytes()}, tag="py3-none-linux_x86_64")

    for found in (warnings(tmp_path, smith), warnings(tmp_path, smith)):
        assert [text.partition("libraries in ")[2] for text in found if "libraries in" in text] == (
            [told] if told else []
        )


def test_carriage_returns_after_the_first_line_of_a_script(tmp_path):
    """A script written on Windows is one whose first line activation replaces, as any other."""
    smith = Smith(files={"demo-1.0.data/scripts/tool": b"#!python\r\nprint(1)\r\n"})
    (distribution,) = unpack_all([smith.forge(tmp_path)], interpreter(tmp_path), Cache(tmp_path / "cache"), Silent())
    manifest = layer_manifest(Layer("app", distribution.tree.entries), compiled=False)

    assert manifest.rewrite == ("bin/tool",)


class Noted(Silent):
    """A reporter that remembers notes, too."""

    def __init__(self) -> None:
        super().__init__()
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


@pytest.mark.parametrize("tags", [["py3-none-any"], [""], ["nonsense"], ["cp39-cp39-win32", "cp38-cp38-win32"]])
def test_tags_of_the_wheel_file_are_told(tmp_path, tags):
    """A WHEEL file may list other tags than the file name, which counts; that is a note, on a cache hit, too."""
    wheel = Smith(tag="py3-none-manylinux1_x86_64", wheel_tags=tags).forge(tmp_path)
    for _ in range(2):
        reporter = Noted()
        unpack_all([wheel], interpreter(tmp_path), Cache(tmp_path / "cache"), reporter)

        assert [wheel.filename in n and "WHEEL" in n for n in reporter.notes] == [True]
        assert reporter.warnings == []


def test_programs_for_other_machines_are_data(tmp_path):
    """In a wheel for any platform they are packed and told, executable as they were, beside one that runs here."""
    files = {
        "demo/__init__.py": b"",
        "demo/here": TRUE.read_bytes(),
        "demo/there": other_machine(),
        "demo/tests/cut": TRUE.read_bytes()[:100],
    }
    reporter = Silent()
    wheel = Smith(files=files, modes={"demo/there": 0o755}).forge(tmp_path)
    (found,) = unpack_all([wheel], interpreter(tmp_path), Cache(tmp_path / "cache"), reporter)

    modes = {e.path.rpartition("/")[2]: e.mode for e in found.tree.entries}
    assert (modes["there"], found.tree.needs.machine) == (0o755, os.uname().machine)
    assert [p.partition("demo/")[2] for p in found.tree.needs.carried] == ["tests/cut", "there"]
    assert ["demo/tests/cut, demo/there can't run" in w for w in reporter.warnings] == [True]


def test_a_wheel_for_a_platform_is_for_its_files_machine(tmp_path):
    """Where nothing of it runs here though its name says so, its machine is that of its files, and is refused later."""
    wheel = Smith(tag="py3-none-manylinux1_x86_64", files={"demo/x.so": other_machine()}).forge(tmp_path)
    (found,) = unpack_all([wheel], interpreter(tmp_path), Cache(tmp_path / "cache"), Silent())

    assert found.tree.needs.machine not in {"", os.uname().machine}
    assert found.tree.needs.carried == ()
