"""Rendering, overriding and quoting."""

from __future__ import annotations

import shlex
from pathlib import Path

import jinja2
import pytest

from pkggen.errors import ConfigurationError
from pkggen.templating.templates import (
    FILTERS,
    Templates,
    builtin_text,
    control_text,
    line,
    spec_line,
    spec_text,
    systemd_command,
    systemd_environment,
    systemd_line,
)


def overriding(directory: Path, name: str, text: str) -> Templates:
    path = directory / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return Templates(directory)


def test_an_override_replaces_ours(tmp_path: Path) -> None:
    """A template of the user's with the name of one of ours is taken instead."""
    templates = overriding(tmp_path, "common/header.sh.j2", "mine {{ x }}\n")

    assert templates.render("common/header.sh.j2", x=1) == "mine 1\n"


def test_an_override_extends_ours(tmp_path: Path) -> None:
    """A template of the user's can fill a block of the built-in one of the same name."""
    text = '{% extends "builtin/common/releases.sh.j2" %}'
    templates = overriding(tmp_path, "common/releases.sh.j2", text)

    values = {"name": "hello", "python": "/opt/hello/python", "program": "/a.pyz", "spare": "", "trusted_ways": [],
              "trusted_trees": []}  # fmt: skip
    assert templates.render("common/releases.sh.j2", **values) == Templates().render("common/releases.sh.j2", **values)


@pytest.mark.parametrize(("text", "at"), [("\n{{ nothing }}", 2), ("{% if %}", 1), ("\n\n{{ x / 0 }}", 3)])
def test_a_mistake_in_an_override_is_placed(tmp_path: Path, text: str, at: int) -> None:
    """A mistake in the user's template is a configuration error that names file and line."""
    templates = overriding(tmp_path, "a.j2", text)

    with pytest.raises(ConfigurationError) as caught:
        templates.render("a.j2", x=1)
    assert caught.value.problems[0].where == f"{tmp_path / 'a.j2'}:{at}"


def test_a_mistake_of_ours_is_a_bug(tmp_path: Path) -> None:
    """A value missing from one of our own templates is no mistake of the user's."""
    with pytest.raises(jinja2.UndefinedError):
        Templates(tmp_path).render("common/releases.sh.j2")


def test_values_are_not_templates(tmp_path: Path) -> None:
    """Template syntax within a value stays as it is."""
    assert overriding(tmp_path, "a.j2", "{{ x }}").render("a.j2", x="{{ 7 * 7 }}") == "{{ 7 * 7 }}"


def test_files_beside_templates() -> None:
    """What is no template is read as it is."""
    assert "ELF" in builtin_text("rpm/tiny.magic")


@pytest.mark.parametrize("value", ["a\nEssential: yes", "a\rb", "a\x1b[31m", "a\u202eb", "a\u2028b", "\x00"])
def test_single_lines(value: str) -> None:
    """What would end a field, drive a terminal or turn the reading direction round is refused."""
    with pytest.raises(ConfigurationError, match="maintainer"):
        line(value, "maintainer")


def test_control_text_folds() -> None:
    """A description keeps lists and code, marks blank lines with a dot and wraps long lines one by one."""
    text = "# Title\r\n\n* one\n    code\n.hidden\n" + "word " * 30 + "\n\n"

    rows = control_text(text).split("\n")
    assert rows[:5] == [" # Title", " .", " * one", "     code", " ..hidden"]
    assert len(rows) == 7
    assert all(len(row) <= 80 for row in rows)


@pytest.mark.parametrize("text", ["", "\n", "\n\n"])
def test_control_text_of_nothing(text: str) -> None:
    """An empty description is one dot: an empty line would end the paragraph."""
    assert control_text(text) == " ."


def test_control_text_refuses_escapes() -> None:
    """Escape sequences don't reach the terminal of who reads the description."""
    with pytest.raises(ConfigurationError):
        control_text("a\x1b]0;x\x07")


def test_spec_text_defuses_lines() -> None:
    """A line that rpm would take for a section, a directive or a comment begins with a no-break space."""
    text = spec_text("a %{lua:x}\n%post\n  %if 0\n# b\n%%x")

    assert text == "a %%{lua:x}\n\u00a0%%post\n\u00a0  %%if 0\n\u00a0# b\n\u00a0%%%%x"


def test_spec_line_doubles() -> None:
    """A macro in a tag is text."""
    assert spec_line("100% %(id)") == "100%% %%(id)"


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("/bin/a", "b"), "/bin/a b"),
        (("/bin/a", ""), '/bin/a ""'),
        (("/bin/a", "b c"), '/bin/a "b c"'),
        (("/bin/a", "$HOME"), "/bin/a $$HOME"),
        (("/bin/$a", "50%"), "/bin/$a 50%%"),
        (("/bin/a", 'say "hi"'), r'/bin/a "say \"hi\""'),
        (("/bin/a", "back\\slash"), r'/bin/a "back\\slash"'),
        (("/bin/a", ";"), '/bin/a ";"'),
        (("/bin/a", "it's"), '/bin/a "it\'s"'),
    ],
)
def test_systemd_command(words: tuple[str, ...], line: str) -> None:
    """Each word of a command line reaches the program as it was written."""
    assert systemd_command(words) == line


def test_systemd_environment() -> None:
    """A dollar sign in Environment= is itself; specifiers and blanks are quoted."""
    assert systemd_environment(("A", "1 $x 5%")) == '"A=1 $x 5%%"'


@pytest.mark.parametrize("value", ["a\nExecStart=/bin/x", "a\\"])
def test_systemd_lines(value: str) -> None:
    """A value can't begin a second setting."""
    with pytest.raises(ConfigurationError):
        systemd_line(value)


def test_shell_words() -> None:
    """The shell filter is the standard library's own quoting."""
    assert FILTERS["sh"]("a b;$(id)") == shlex.quote("a b;$(id)")
