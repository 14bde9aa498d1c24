"""pkggen's own completion, in the shells that it is for."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from pkggen.cli import main
from pkggen.cli.completion import SHELLS
from tests.unit.keyboard import Shell

WAYS = {  # where each shell finds it, how it is started, and what it is told first
    "bash": ("pkggen.bash", ["bash", "--norc", "-i"], "source ~/pkggen.bash"),
    "zsh": ("functions/_pkggen", ["zsh", "-f", "-i"], "fpath=(~/functions $fpath); autoload -Uz compinit; compinit -u"),
    "fish": (".config/fish/completions/pkggen.fish", ["fish", "-i"], ""),
}


def test_every_shell_is_tried() -> None:
    """The test below leaves out none that the command takes."""
    assert tuple(WAYS) == SHELLS


@pytest.mark.parametrize("shell", SHELLS)
def test_the_shell_completes_commands_and_options(shell: str, tmp_path: Path) -> None:
    """A person types the beginning of a command, or of an option, and TAB; the line that results runs."""
    file, argv, told = WAYS[shell]
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).write_text(CliRunner().invoke(main, ["completion", shell]).stdout)
    (tmp_path / ".local/share/fish/generated_completions").mkdir(parents=True)  # else fish makes them in the background
    path = f"{Path(sys.executable).parent}:{os.defpath}"
    environment = {"PATH": path, "HOME": str(tmp_path), "TERM": "xterm", "LC_ALL": "C.UTF-8"}

    with Shell(argv, environment) as started:
        started.enter(f"{told}; echo rea''dy" if told else "echo rea''dy", "ready")
        started.enter("pkggen templ\t--help", "Usage: pkggen templates [OPTIONS]")
        started.enter("pkggen build --offl\t--help", "Usage: pkggen build [OPTIONS]")


def test_an_unknown_shell_is_told(tmp_path: Path) -> None:
    """Others than the three are a mistake of the command line, which names them."""
    done = CliRunner().invoke(main, ["completion", "csh"])

    assert done.exit_code == 2
    assert all(shell in done.stderr for shell in SHELLS)
