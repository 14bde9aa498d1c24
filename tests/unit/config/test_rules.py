"""Settings that can't be had together, told with the file, the key and the line where they stand."""

from __future__ import annotations

from pathlib import Path

import pytest

from pkggen.config.load import load_config
from pkggen.config.options import Options
from pkggen.config.tables import Config
from pkggen.errors import ConfigurationError, Problem
from pkggen.project import opened

PACKAGED = '[venv]\nmode = "packaged"\n'
SERVICE = '[[services]]\nname = "x"\ncommand = "x"\n'
EVERYTHING = """
meta = true
extends = "app >= 1"
prefix = "/opt/x"
requirements = ["flask"]
extras = ["web"]
source = "src"
commands = ["x"]
smoke = ["x"]
completions = true
split = ["deps", "runtime"]

[python]
source = "system"

[wheels]
layout = "archived"

[venv]
mode = "packaged"
keep = 2

[scripts]
commands = "bin"
before-install = "x.sh"
after-remove = { file = "y.sh", user = "daemon" }

[[triggers]]
path = "/usr/share/x"
command = "/bin/x"

[[services]]
name = "job@"
command = "x"
type = "oneshot"
restart = "always"
schedule = "daily"
listen = "80"
stop-on-upgrade = true
instances = ["1", "1"]
sandbox = { Nonsense = true }

[[services]]
name = "web"
command = "x"
instances = ["1"]
socket-mode = "0660"
socket-group = "www"
randomized-delay = "1h"
healthcheck = { http = "http://127.0.0.1/", command = "probe" }

[[services]]
name = "web"
command = "x"

[[files]]
src = "x"
dst = "/srv/x"

[[files]]
src = "x"
dst = "/srv/x"
type = "ghost"

[[files]]
"""
PROGRAM = (
    "services triggers split prefix completions requirements extras source commands smoke extends scripts "
    "scripts.before-install scripts.after-remove"
)
CLASHES = {
    *PROGRAM.split(),
    "extends-package",
    "scripts.after-remove.user",
    *("python.source", "wheels.layout", "venv.mode", "venv.keep"),
    *(f"services[0].{key}" for key in ("instances", "schedule", "listen", "restart", "stop-on-upgrade", "sandbox")),
    *(f"services[1].{key}" for key in ("instances", "socket-mode", "socket-group", "randomized-delay", "healthcheck")),
    *("services[1].healthcheck.command", "services[2].name", "files[1]", "files[2]"),
}


def effective(root: Path, **wishes: str) -> Config:
    with opened(Options(root, **wishes), root / "scratch") as project:  # type: ignore[arg-type]
        return project.config


def problems(root: Path, text: str, file: str = "pkggen.toml", **wishes: str) -> tuple[Problem, ...]:
    (root / file).write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        effective(root, **wishes)
    return caught.value.problems


def test_all_pairs_that_exclude_each_other_are_told_at_once(tmp_path: Path) -> None:
    """With everything set, one error names each key that has to go, the line where it stands, and a way out."""
    found = problems(tmp_path, EVERYTHING)
    lines = EVERYTHING.splitlines()

    assert {str(p.where) for p in found} == {f"pkggen.toml: {key}" for key in CLASHES}
    assert all(p.remedy for p in found)
    assert {str(p.where) for p in found if not p.line} == {"pkggen.toml: extends-package"}  # which is missing
    at = {str(p.where).removeprefix("pkggen.toml: "): lines[p.line - 1] for p in found if p.line}
    assert at["venv.keep"] == "keep = 2"
    assert at["scripts.after-remove.user"].startswith("after-remove")
    assert at["services[1].instances"] == 'instances = ["1"]'
    assert at["files[2]"] == "[[files]]"


def test_each_clash_has_its_own_message(tmp_path: Path) -> None:
    """The key that two others rule out is told once for each."""
    layout = [p.what for p in problems(tmp_path, EVERYTHING) if str(p.where).endswith("wheels.layout")]

    assert len(layout) == len(set(layout)) == 4


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (PACKAGED + "keep = 2", "venv.keep"),
        (PACKAGED + '[python]\nsource = "system"', "python.source"),
        (PACKAGED + SERVICE + "healthcheck = {}", "services[0].healthcheck"),
        (SERVICE + "stop-on-upgrade = true", "services[0].stop-on-upgrade"),
        (PACKAGED + '[scripts]\nafter-install = "x.sh"', "scripts.after-install"),
        (PACKAGED + '[wheels]\nlayout = "archived"', "wheels.layout"),
        ('split = ["deps"]\n' + PACKAGED, "split"),
        ('split = ["runtime"]\npython.source = "system"', "split"),
        ('split = ["deps"]\n[wheels]\nlayout = "archived"', "wheels.layout"),
        ('[wheels]\nlayout = "archived"\n[python]\nsource = "system"', "wheels.layout"),
        ('python.version = "3.11"', "python.version"),
        ("python.site-packages = true", "python.site-packages"),
        (f'python.sha256 = "{"0" * 64}"', "python.sha256"),
        ('extends-package = "x.deb"', "extends-package"),
        ('extends = "x"', "extends-package"),
    ],
)
def test_settings_that_rule_each_other_out(tmp_path: Path, text: str, key: str) -> None:
    """What can't be had together is a configuration error that names the key and the way out."""
    (problem,) = problems(tmp_path, text)

    assert problem.where == f"pkggen.toml: {key}"
    assert problem.remedy


@pytest.mark.parametrize("hook", ["before-install", "after-install", "before-upgrade", "after-upgrade", "after-remove"])
def test_a_plugin_has_no_hooks(tmp_path: Path, hook: str) -> None:
    """They are the application's, which runs them; a plugin's would vanish."""
    (problem,) = problems(tmp_path, f'extends = "app"\nextends-package = "a.deb"\n[scripts]\n{hook} = "x.sh"\n')

    assert (str(problem), problem.line) == (
        f"pkggen.toml: scripts.{hook} (line 4): that is the application's to say\n  hint: remove it", 4
    )  # fmt: skip


def test_a_key_is_named_as_it_was_written(tmp_path: Path) -> None:
    """In pyproject.toml it stands below tool.pkggen, whichever way of TOML's it is spelled."""
    text = '[tool.pkggen]\ndescription = """\nkeep = 1\n"""\nvenv = { mode = "packaged", keep = 2 }\n'
    (problem,) = problems(tmp_path, text, "pyproject.toml")

    assert (problem.where, problem.line) == ("pyproject.toml: tool.pkggen.venv.keep", 5)


def test_a_value_of_many_lines_is_told_by_its_first(tmp_path: Path) -> None:
    """A key stands where its statement begins, whatever comments and values lie around it."""
    text = '# a\ndescription = """\n\n"""\n\n# b\nsplit = [\n  "deps",\n]\n# c\n[venv]\nmode = "packaged"\n'
    (problem,) = problems(tmp_path, text)

    assert (problem.where, problem.line) == ("pkggen.toml: split", 7)


def test_the_command_line_counts(tmp_path: Path) -> None:
    """--python can mend what the file says, and break it; then the option is named."""
    (tmp_path / "pkggen.toml").write_text(PACKAGED + '[python]\nsource = "system"')

    assert effective(tmp_path, python="3.13").venv.mode == "packaged"
    assert [p.where for p in problems(tmp_path, PACKAGED, python="system")] == ["--python"]


def test_reading_a_file_is_no_judgement(tmp_path: Path) -> None:
    """What the command line may still mend is read without a word."""
    (tmp_path / "pkggen.toml").write_text(PACKAGED + "keep = 2")

    assert load_config(tmp_path).venv.keep == 2
