"""pkggen's man pages: one for each command, which man shows without a complaint."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from pkggen.cli import main
from pkggen.cli.manual import pages

PAGES = dict(pages(main, "pkggen"))


def commands(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    """Yield each command with the words that call it."""
    yield name, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for child in command.list_commands(context):
            found = command.get_command(context, child)
            assert found is not None
            yield from commands(found, f"{name} {child}")


COMMANDS = dict(commands(main, "pkggen"))


def test_each_command_has_its_page() -> None:
    """No command is without, and no page without a command."""
    assert list(PAGES) == [words.replace(" ", "-") for words in COMMANDS]


@pytest.mark.parametrize("words", COMMANDS)
def test_a_page_names_each_option_and_command(words: str) -> None:
    """What the help lists, the page lists."""
    command, name = COMMANDS[words], words.replace(" ", "-")
    options = [o for p in command.params if isinstance(p, click.Option) for o in (*p.opts, *p.secondary_opts)]
    below = [w for w in COMMANDS if w.startswith(f"{words} ") and " " not in w.removeprefix(f"{words} ")]

    bold = [*options, *(w.replace(" ", "-") for w in below)]

    assert [w for w in bold if rf"\fB{w.replace('-', chr(92) + '-')}\fR" not in PAGES[name]] == []


@pytest.mark.parametrize("name", PAGES)
def test_man_has_no_warning(name: str, tmp_path: Path) -> None:
    """As lintian asks: man(1) with all warnings, for a terminal of 80 columns."""
    page = tmp_path / f"{name}.1"
    page.write_text(PAGES[name])

    shown = subprocess.run(
        ["man", "--warnings", "--encoding=UTF-8", "--local-file", "-Tutf8", page],
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "MANROFFSEQ": "", "MANWIDTH": "80"},
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip

    assert (shown.returncode, shown.stderr) == (0, "")
    assert name.upper() in shown.stdout


def test_pages_are_written_and_named(tmp_path: Path) -> None:
    """The command prints the paths of what it wrote; the same text each time, whatever the time."""
    done = [CliRunner().invoke(main, ["manual", str(tmp_path / n)], prog_name="pkggen") for n in ("one", "two")]

    assert done[0].stdout.splitlines() == [str(tmp_path / f"one/{name}.1") for name in PAGES]
    assert {p.name: p.read_text() for p in (tmp_path / "one").iterdir()} == {
        p.name: p.read_text() for p in (tmp_path / "two").iterdir()
    }
