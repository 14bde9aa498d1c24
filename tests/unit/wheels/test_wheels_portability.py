"""Wheels with something odd in them that is no reason to refuse them."""

from __future__ import annotations

import json
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
from tests.unit.wheelsmith import Smith, interpreter


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

    assert json.loads(manifest)["rewrite"] == ["bin/tool"]
