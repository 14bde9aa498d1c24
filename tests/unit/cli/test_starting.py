"""What a command loads: help and small questions must not wait for what a build needs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pkggen.cli import COMMANDS
from pkggen.cli.packages import FORMATS
from pkggen.formats import FORMATS as KNOWN
from tests.unit.debsmith import forge

_LOADED = """
import json, sys
from pkggen.cli import main
main(sys.argv[1:], standalone_mode=False)
tops = {name.partition(".")[0] for name in sys.modules} - sys.stdlib_module_names
ours = {".".join(name.split(".")[1:2]) for name in sys.modules if name.startswith("pkggen.")}
print("\\n" + json.dumps([sorted(tops), sorted(ours)]))
"""


def loaded(*words: str) -> tuple[set[str], set[str]]:
    """Return the packages that a command has imported, and the folders and modules of pkggen."""
    command = [sys.executable, "-I", "-c", _LOADED, *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    tops, ours = json.loads(done.stdout.splitlines()[-1])
    return {t for t in tops if not t.startswith("_")}, set(ours)


@pytest.mark.parametrize("words", [["--version"], ["--help"], *([c, "--help"] for c in COMMANDS)], ids=" ".join)
def test_help_loads_the_command_line_alone(words: list[str]) -> None:
    """Of other packages only click, of ours no more than what words and errors need."""
    tops, ours = loaded(*words)
    assert tops <= {"pkggen", "click", "sitecustomize"}
    assert ours <= {"cli", "errors", "terminal"}


def test_a_package_is_shown_without_what_builds_one(tmp_path: Path) -> None:
    """Inspecting needs neither configuration nor network."""
    path = forge(tmp_path / "hello.deb", {"control": "Package: hello\nVersion: 1\nArchitecture: all\n"})
    tops, ours = loaded("inspect", str(path))
    assert tops.isdisjoint({"pydantic", "httpx", "jinja2", "rich"})
    assert ours.isdisjoint({"config", "network", "wheels", "project", "interpreter", "payload"})


def test_help_names_all_formats() -> None:
    """The names that help shows are those of the formats that there are."""
    assert tuple(sorted(KNOWN)) == FORMATS
