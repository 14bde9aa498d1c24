"""Trim profiles: named, listed and documented."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from pkggen.cli import main
from pkggen.errors import ConfigurationError
from pkggen.interpreter.trim import PROFILES, check_profiles
from tests.unit.test_docs import CONFIGURATION


def test_every_profile_is_documented() -> None:
    """The page has them all, in their order."""
    section = CONFIGURATION.split("### What an interpreter is trimmed of\n", 1)[1].split("\n### ", 1)[0]

    assert [line.split("`")[1] for line in section.splitlines() if line.startswith("- `")] == [*PROFILES]


def test_the_command_lists_them() -> None:
    """`pkggen python list --trim` names each with its patterns, also as JSON."""
    runner = CliRunner()
    text = runner.invoke(main, ["python", "list", "--trim"]).output
    data = json.loads(runner.invoke(main, ["python", "list", "--trim", "--json"]).output)

    assert [line.split()[0] for line in text.splitlines()] == [*PROFILES]
    assert {name: tuple(patterns) for name, patterns in data.items()} == PROFILES


@pytest.mark.parametrize(("name", "near"), [("test", "did you mean 'tests'"), ("everything", "There are: tests, idle")])
def test_an_unknown_name_lists_those_that_there_are(name: str, near: str) -> None:
    """The nearest, and all."""
    with pytest.raises(ConfigurationError) as caught:
        check_profiles([name])

    assert near in str(caught.value)
    assert all(profile in str(caught.value) for profile in PROFILES)
