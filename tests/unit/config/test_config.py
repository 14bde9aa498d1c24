"""Reading ``[tool.pkggen]``: what is refused, and how that is told."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pkggen.config.load import load_config
from pkggen.config.options import Options
from pkggen.config.tables import Config
from pkggen.errors import ConfigurationError, Problem
from pkggen.project import opened


def effective(root: Path) -> Config:
    with opened(Options(root), root / "scratch") as project:
        return project.config


def problems(tmp_path: Path, text: str, file: str = "pyproject.toml") -> list[Problem]:
    (tmp_path / file).write_bytes(text.encode())
    with pytest.raises(ConfigurationError) as caught:
        effective(tmp_path)
    assert caught.value.exit_code == 2
    return list(caught.value.problems)


def only_problem(tmp_path: Path, text: str) -> Problem:
    (problem,) = problems(tmp_path, text)
    return problem


def config(tmp_path: Path, text: str, file: str = "pyproject.toml") -> Config:
    (tmp_path / file).write_bytes(text.encode())
    return effective(tmp_path)


def test_no_configuration_is_a_configuration(tmp_path: Path) -> None:
    """A project without [tool.pkggen], or without pyproject.toml, gets every default."""
    assert load_config(tmp_path) == Config() == config(tmp_path, '[project]\nname = "x"\n')


def test_pkggen_toml_has_the_same_shape(tmp_path: Path) -> None:
    """What stands under [tool.pkggen] may stand at the top of pkggen.toml."""
    assert config(tmp_path, 'release = "2"', "pkggen.toml").release == "2"


def test_two_configurations_are_refused(tmp_path: Path) -> None:
    """With both files configured, one would be ignored in silence."""
    (tmp_path / "pyproject.toml").write_text('[tool.pkggen]\nrelease = "2"\n')

    assert "configured twice" in problems(tmp_path, 'release = "3"', "pkggen.toml")[0].what


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    """Each problem names the file and the key, in one error."""
    found = problems(
        tmp_path,
        """
        [tool.pkggen]
        prefix = "/usr"
        relase = "1"
        [tool.pkggen.venv]
        keep = -1
        [[tool.pkggen.services]]
        name = "ok"
        command = "serve"
        [[tool.pkggen.services]]
        name = "a/b"
        """,
    )

    assert sorted(str(p.where) for p in found) == [
        "pyproject.toml: tool.pkggen.prefix",
        "pyproject.toml: tool.pkggen.relase",
        "pyproject.toml: tool.pkggen.services[1].command",
        "pyproject.toml: tool.pkggen.services[1].name",
        "pyproject.toml: tool.pkggen.venv.keep",
    ]


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("[tool.pkggen]\nrelase = '1'", "release"),
        ("[tool.pkggen.python]\nsha265 = ''", "sha256"),
        ("[[tool.pkggen.services]]\nname='a'\ncommand='b'\nenvironment_file='/e'", "environment-file"),
        ("[[tool.pkggen.files]]\nscr='a'\nsrc='a'\ndst='/b'", "src"),
        ("[tool.pkggen.deb]\ndepend = []", "depends"),
    ],
)
def test_an_unknown_key_is_told_with_the_nearest_known(tmp_path: Path, text: str, near: str) -> None:
    """At every depth, a typing error is answered with what was probably meant."""
    assert only_problem(tmp_path, text).remedy == f"did you mean {near}?"


def test_an_unknown_key_unlike_any_other_lists_the_known(tmp_path: Path) -> None:
    """Where nothing is near, all keys of that table are named."""
    assert only_problem(tmp_path, "[tool.pkggen.venv]\nxyzzy = 1").remedy == "known keys: isolated, keep, mode"


@pytest.mark.parametrize(
    "prefix", ["/", "/usr", "/opt", "//opt", "/opt/", "opt/app", "/opt/../etc", "/opt/my app", "/opt/%{name}", ""]
)
def test_a_prefix_is_a_directory_of_ones_own(tmp_path: Path, prefix: str) -> None:
    """The system's directories, relative paths, '..', blanks, macros and nothing at all are refused."""
    assert only_problem(tmp_path, f'[tool.pkggen]\nprefix = "{prefix}"').where == "pyproject.toml: tool.pkggen.prefix"


@pytest.mark.parametrize("prefix", ["/opt/app/", "//opt/app", "/opt//app", "/opt/./app"])
def test_a_prefix_is_normalised(tmp_path: Path, prefix: str) -> None:
    """Doubled and trailing slashes are no difference."""
    assert config(tmp_path, f'[tool.pkggen]\nprefix = "{prefix}"').prefix == "/opt/app"


@pytest.mark.parametrize(
    "line",
    [
        "command = 'serve ; reboot'",
        "command = 'serve | tee log'",
        "command = 'serve > log'",
        "command = 'serve \"open'",
        "command = ''",
        'command = "serve\\nExecStartPost=reboot"',
        "command = 'serve'\nuser = 'root;id'",
        "command = 'serve'\nuser = '-x'",
        "command = 'serve'\nuser = 'Upper'",
        f"command = 'serve'\nuser = '{'a' * 32}'",
        "command = 'serve'\nrestart = 'sometimes'",
        "command = 'serve'\nenvironment-file = 'etc/env'",
        "command = 'serve'\nenvironment = { '1A' = 'x' }",
        "command = 'serve'\nenvironment = { A = \"x\\ny\" }",
        "command = 'serve'\ndescription = \"a\\u202eb\"",
        "command = 'serve'\nstart = 'yes'",
    ],
)
def test_a_service_that_can_not_be_is_refused(tmp_path: Path, line: str) -> None:
    """Shell syntax, open quotes, users that useradd refuses, line breaks and bidi controls stop the build."""
    problem = only_problem(tmp_path, f"[[tool.pkggen.services]]\nname = 'a'\n{line}")

    assert str(problem.where).startswith("pyproject.toml: tool.pkggen.services[0].")


@pytest.mark.parametrize("name", ["a/b", "../a", "", "a b", "-a", "a\\\\x2db", "a@b", "ä"])
def test_a_unit_name_is_a_file_name(tmp_path: Path, name: str) -> None:
    """A service's name becomes the name of a file and a word of systemctl."""
    text = f"[[tool.pkggen.services]]\nname = \"{name}\"\ncommand = 'serve'"

    assert only_problem(tmp_path, text).where == "pyproject.toml: tool.pkggen.services[0].name"


def test_environment_values_may_hold_quotes_percents_and_dollars(tmp_path: Path) -> None:
    """What systemd would expand is left for the unit's template to escape."""
    text = "[[tool.pkggen.services]]\nname='a'\ncommand='b'\nenvironment = { A = '''50% of \"$HOME\" \\''' }"

    assert config(tmp_path, text).services[0].environment == {"A": '50% of "$HOME" \\'}


def test_braces_stay_literal(tmp_path: Path) -> None:
    """Configuration is data for the templates, never a template itself."""
    assert config(tmp_path, "[tool.pkggen]\nsummary = '{{7*7}}'").summary == "{{7*7}}"


@pytest.mark.parametrize(
    "line",
    [
        "dst = 'etc/x'",
        "dst = '/etc/../x'",
        "dst = '/etc/x'\nmode = '4755'",
        "dst = '/etc/x'\nmode = '0666'",
        "dst = '/etc/x'\nmode = 'rw'",
        "dst = '/etc/x'\nmode = 420",
        "dst = '/etc/x'\nowner = 'root;id'",
        "dst = '/etc/x'\ntype = 'fifo'",
        "dst = '/etc/x'\nformat = 'apk'",
    ],
)
def test_a_file_entry_that_can_not_be_is_refused(tmp_path: Path, line: str) -> None:
    """Relative destinations, special bits, world-writable modes and unknown types stop the build."""
    problem = only_problem(tmp_path, f"[[tool.pkggen.files]]\nsrc = 'x'\n{line}")

    assert str(problem.where).startswith("pyproject.toml: tool.pkggen.files[0].")


def test_a_directory_has_no_source_and_a_file_has_one(tmp_path: Path) -> None:
    """Both mistakes are told together."""
    text = "[[tool.pkggen.files]]\nsrc='x'\ndst='/a'\ntype='dir'\n[[tool.pkggen.files]]\ndst='/b'\n"

    assert [p.what for p in problems(tmp_path, text)] == ["a dir has no src", "a file needs src"]


def test_two_entries_for_one_destination_are_refused(tmp_path: Path) -> None:
    """The second names its place; one for each format is no clash."""
    entry = "[[tool.pkggen.files]]\nsrc='x'\ndst='/etc/x'\n"

    assert len(config(tmp_path, f"{entry}format='deb'\n{entry}format='rpm'\n").files) == 2
    assert only_problem(tmp_path, f"{entry}{entry}format='rpm'\n").where == "pyproject.toml: tool.pkggen.files[1]"


def test_two_services_of_one_name_are_refused(tmp_path: Path) -> None:
    """One unit file can't hold both."""
    service = "[[tool.pkggen.services]]\nname='a'\ncommand='b'\n"

    assert only_problem(tmp_path, service * 2).where == "pyproject.toml: tool.pkggen.services[1].name"


@pytest.mark.parametrize(
    "line",
    [
        "name = '-rf'",
        "name = 'a b'",
        'maintainer = "A\\nEssential: yes"',
        'summary = "a\\u001b[31m"',
        "release = '1-2'",
        "release = 1",
        "extras = ['a b']",
        "requirements = ['flask ==']",
        "commands = ['../x']",
        "smoke = ['os; import sys']",
        "depends = ['libfoo, libbar']",
        "depends = ['libfoo (>= 1)(']",
        "depends = 'libfoo'",
        "venv = { mode = 'magic' }",
        "python = { sha256 = 'abc' }",
        "deb = { compression = 'lzma' }",
        'rpm = { depends = ["a\\nRequires: b"] }',
    ],
)
def test_a_value_that_would_break_the_package_is_refused(tmp_path: Path, line: str) -> None:
    """One problem, which names its key."""
    key = line.split(" ", 1)[0]

    assert str(only_problem(tmp_path, f"[tool.pkggen]\n{line}").where).startswith(f"pyproject.toml: tool.pkggen.{key}")


@pytest.mark.parametrize("relation", ["libfoo", "libfoo >= 1.2~rc1", "default-mta | mail-transport-agent", "a = 1:2-3"])
def test_relations_read_as_name_or_name_and_version(tmp_path: Path, relation: str) -> None:
    """Alternatives are dpkg's."""
    assert config(tmp_path, f"[tool.pkggen]\ndepends = ['{relation}']").depends == (relation,)


@pytest.mark.parametrize("text", ["[tool.pkggen", "a = 1\na = 2", "a = '\udcff'"])
def test_a_broken_file_is_told_by_its_name(tmp_path: Path, text: str) -> None:
    """Syntax errors, duplicate keys and bytes that are no UTF-8 are configuration errors."""
    (tmp_path / "pyproject.toml").write_bytes(text.encode("utf-8", "surrogateescape"))

    with pytest.raises(ConfigurationError, match=r"pyproject\.toml: (not valid TOML|it is not UTF-8)"):
        load_config(tmp_path)


def test_a_byte_order_mark_and_crlf_are_no_matter(tmp_path: Path) -> None:
    """Files saved by editors of other systems read the same."""
    assert config(tmp_path, "\ufeff[tool.pkggen]\r\nrelease = '2'\r\n").release == "2"


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("tool = 1", "pyproject.toml: tool: must be a table"),
        ("[tool]\npkggen = 3", "pyproject.toml: tool.pkggen: must be a table"),
        ("[tool.pkggen]\nservices = 3", "tool.pkggen.services (line 2): must be an array"),
        ("[tool.pkggen]\nrelease = 3", "tool.pkggen.release (line 2): must be a string"),
    ],
)
def test_a_value_of_another_type_is_told_in_tomls_words(tmp_path: Path, text: str, where: str) -> None:
    """A number where a table, array or string belongs is an error that says what belongs there."""
    (tmp_path / "pyproject.toml").write_text(text)

    with pytest.raises(ConfigurationError, match=re.escape(where)):
        load_config(tmp_path)
