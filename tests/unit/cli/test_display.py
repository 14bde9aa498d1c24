"""What is shown can't speak to the terminal, whoever wrote it."""

from __future__ import annotations

import io
import os
import re
import sys
import unicodedata
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from debsmith import CONTROL, forge
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lock_bench import bare_environment

from pkggen.cli import COMMANDS, main
from pkggen.terminal.console import VERBOSE, Terminal
from pkggen.terminal.display import one_line, show, show_path, visible

CLI = Path(__file__).parents[3] / "pkggen" / "cli"
OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
EVIL = "\x1b]0;MARK\x07\x1b[2J\u202egnp.exe\u2028error: forged\x9b31m"
# what others may call a thing: anything but a slash and zero, with much of what is dangerous
NAMES = st.text(
    st.one_of(st.sampled_from("\x1b\x07\x9b\r\n\t\u202e\u2066\u2028\x7f\udce9a"), st.characters(codec="utf-8")),
    min_size=1,
    max_size=30,
).map(lambda t: t.replace("/", "").replace("\0", "").strip(".") or "x")


def test_what_a_terminal_obeys_is_written_out() -> None:
    """Every control, direction mark, separator and surrogate of Unicode is; letters, joiners and line ends are not."""
    kept = {"\n", "\t", "\u200c", "\u200d"}
    for number in range(sys.maxunicode + 1):
        letter = chr(number)
        if unicodedata.category(letter) in {"Cc", "Cs", "Zl", "Zp"} and letter not in kept:
            assert visible(letter) != letter, hex(number)
        if unicodedata.bidirectional(letter) in {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI", "BN"}:
            assert visible(letter) != letter or letter in kept or unicodedata.category(letter) == "Cn", hex(number)
        if letter.isalnum():
            assert visible(letter) == letter
    assert visible("a\x1b[2J\udce9\u202e\n\tä中\U000e0041") == "a\\x1b[2J\\xe9\\u202e\n\tä中\\U000e0041"
    assert one_line("a\nb\tc") == "a\\x0ab\\x09c"


@given(st.text())
def test_nothing_obeyed_is_left(text: str) -> None:
    """Whatever the text, what is shown holds nothing that a terminal obeys, and showing it again changes nothing."""
    assert not OBEYED.search(visible(text))
    assert "\n" not in one_line(text)
    assert visible(visible(text)) == visible(text)


def test_every_way_of_the_reporter_escapes(capsys: pytest.CaptureFixture[str]) -> None:
    """Steps, results, notes, warnings and errors are all shown without what a terminal obeys."""
    told = Terminal(VERBOSE)
    with told.step(EVIL):
        pass
    for say in (told.warn, told.tell, told.note, told.error):
        say(EVIL)

    said = capsys.readouterr().err

    assert said.count("MARK") == 5
    assert not OBEYED.search(said)


def test_a_stream_that_lacks_the_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal of Latin-1 gets letters that it lacks written out, and no traceback."""
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="latin-1"))

    show("é 中 ✓")

    assert raw.getvalue() == b"\xe9 \\u4e2d \\u2713\n"


def test_paths_reach_a_pipe_to_the_letter(monkeypatch: pytest.MonkeyPatch) -> None:
    """A script that reads the paths of what was built gets the very bytes of a Latin-1 name."""
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="utf-8"))

    show_path(os.fsdecode(b"/out/caf\xe9.deb"))

    assert raw.getvalue() == b"/out/caf\xe9.deb\n"


def test_only_the_terminal_room_prints() -> None:
    """No command writes to a stream by itself: what it shows goes through the one place that escapes."""
    for path in CLI.glob("*.py"):
        assert not re.search(r"\becho\(|\bprint\(|sys\.std(out|err)|secho\(", path.read_text()), path


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    bare_environment(monkeypatch, tmp_path / "home")
    monkeypatch.setenv("PKGGEN_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words: str) -> Result:
    done = CliRunner().invoke(main, words)
    assert done.exception is None or isinstance(done.exception, SystemExit), (words, done.exception)
    assert not OBEYED.search(done.output), (words, done.output)
    assert done.exit_code in range(8)
    assert done.exit_code != 1
    return done


@given(NAMES, NAMES)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_package_by_anybody(bare: Path, name: str, text: str) -> None:
    """Names, texts, scripts and relations of a package are shown by inspect, whatever they hold."""
    line = " ".join(text.split())
    control = CONTROL.replace("a thing", line).replace("Version: 1", f"Version: {line}") + f"Depends: {line}\n"
    data = {f"./usr/share/{name}": b"x"}
    package = forge(bare / "x.deb", {"control": control, "postinst": f"#!/bin/sh\n# {text}\n"}, data)

    run("inspect", str(package))
    run("inspect", str(package), "--json")


VERBS = [
    *((verb,) for verb in COMMANDS if verb not in {"python", "templates", "cache", "vendor", "manual"}),
    ("python", "check"),
    ("python", "fetch"),
    ("python", "list"),
    ("templates", "diff"),
    ("templates", "copy"),
    ("vendor",),
]


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
@given(NAMES)
@settings(max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_every_verb_refuses_in_plain_text(bare: Path, verb: tuple[str, ...], name: str) -> None:
    """A word of the command line is quoted by every verb without what a terminal obeys, and ends in no traceback."""
    run(*verb, "--", name if verb != ("init",) else f"{name}/none")


@given(NAMES)
@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_configuration_by_anybody(bare: Path, name: str) -> None:
    """Keys and values of a configuration, and the folder that it lies in, are quoted without what a terminal obeys."""
    folder = bare / name
    folder.mkdir(exist_ok=True)
    quoted = "".join(f"\\U{ord(c):08X}" if not 0xD800 <= ord(c) <= 0xDFFF else "x" for c in name)
    (folder / "pkggen.toml").write_text(f'"{quoted}" = "{quoted}"\nlicence = "{quoted}"\n')

    for verb in ("check", "lock", "deps", "render"):
        assert run(verb, str(folder)).exit_code == 2
