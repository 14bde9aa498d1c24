"""The command line: what goes to stdout, what to stderr, and which status it ends with."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from pkggen import __version__
from pkggen.cli import main
from pkggen.cli.boundary import boundary, default_cache
from pkggen.errors import ConfigurationError, PkggenError, Problem
from pkggen.terminal.console import QUIET, VERBOSE, Terminal


def failing(error: Exception) -> click.Command:
    """Return a command that raises ``error``."""

    @click.command()
    @boundary
    def command() -> None:
        raise error

    return command


def test_version() -> None:
    """--version prints the version alone."""
    assert CliRunner().invoke(main, ["--version"]).output.split()[-1] == __version__


@pytest.mark.parametrize("kind", PkggenError.__subclasses__())
def test_a_users_error_has_its_exit_code_and_no_traceback(kind: type[PkggenError]) -> None:
    """Each kind of error ends with the code of its class and a message on stderr alone."""
    done = CliRunner().invoke(failing(kind(Problem("it broke", "file: key", "mend it"))), [])

    assert (done.exit_code, done.stdout) == (kind.exit_code, "")
    assert done.stderr == "error: file: key: it broke\n  hint: mend it\n"


def test_all_problems_are_shown() -> None:
    """An error that holds several problems shows each."""
    done = CliRunner().invoke(failing(ConfigurationError("one", "two")), [])

    assert done.stderr == "error: one\nerror: two\n"


def test_a_full_disk_is_a_storage_error() -> None:
    """An operating system's error that no stage worded ends with 6 and names the file."""
    done = CliRunner().invoke(failing(OSError(28, "No space left on device", "/out/x")), [])

    assert done.exit_code == 6
    assert "/out/x: No space left on device" in done.stderr


def test_a_bug_shows_its_traceback() -> None:
    """An error of ours is not dressed up as the user's."""
    done = CliRunner().invoke(failing(ZeroDivisionError()), [])

    assert isinstance(done.exception, ZeroDivisionError)


def test_inspecting_what_is_no_package(tmp_path: Path) -> None:
    """A file that is neither .deb nor .rpm is refused by name, with 3."""
    (tmp_path / "x.deb").write_bytes(b"not a package")
    done = CliRunner().invoke(main, ["inspect", str(tmp_path / "x.deb")])

    assert done.exit_code == 3
    assert "x.deb" in done.stderr


def test_settings_that_clash_are_shown_with_their_lines(tmp_path: Path) -> None:
    """What the terminal gets has file, key and line of each."""
    (tmp_path / "pkggen.toml").write_text('[venv]\nmode = "packaged"\nkeep = 2\n[python]\nsource = "system"\n')
    done = CliRunner().invoke(main, ["check", str(tmp_path)])

    assert done.exit_code == 2
    assert "error: pkggen.toml: venv.keep (line 3): keeps earlier releases" in done.stderr
    assert "error: pkggen.toml: python.source (line 5): leaves byte code" in done.stderr


def test_check_reports_json(tmp_path: Path) -> None:
    """Check --json prints one object, and only that, on stdout."""
    (tmp_path / "hello.py").write_text("")
    (tmp_path / "setup.cfg").write_text("[metadata]\nname = hello\nversion = 1.0\n[options]\npy_modules = hello\n")
    done = CliRunner().invoke(main, ["check", str(tmp_path), "--json", "--format", "deb"])

    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["name"] == "hello"


def test_the_cache_can_be_moved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """PKGGEN_CACHE_DIR says where the cache is; a relative path starts from where the user is."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PKGGEN_CACHE_DIR", "here")

    assert default_cache().root == tmp_path / "here"


def test_steps_go_to_stderr_and_are_silenced_by_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    """A step is a line on stderr, timed when verbose, absent when quiet; a warning always shows."""
    with Terminal().step("packing"):
        pass
    with Terminal(VERBOSE).step("reading"):
        pass
    with Terminal(QUIET).step("hiding"):
        pass
    Terminal(QUIET).warn("careful")
    said = capsys.readouterr()

    assert said.out == ""
    assert "packing" in said.err
    assert "reading (0.0 s)" in said.err
    assert "hiding" not in said.err
    assert "warning: careful" in said.err


def test_markup_in_a_message_stays_literal(capsys: pytest.CaptureFixture[str]) -> None:
    """Brackets in a file name are shown, not taken for colours."""
    Terminal().warn("files[0]: [red]x[/red]")

    assert "files[0]: [red]x[/red]" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["lock", "vendor", "deps"])
def test_commands_that_make_no_package_have_no_format(command: str) -> None:
    """--format would say nothing there, so it is no option."""
    done = CliRunner().invoke(main, [command, "--format", "deb", "."])

    assert (done.exit_code, "No such option" in done.output) == (2, True)
