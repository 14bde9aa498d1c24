"""Root trusts a way when nobody else can change a step of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pkggen.activation.place import Place
from pkggen.activation.protocol import UNFIT, Failure
from pkggen.activation.trust import check_trust, strangers

OWNERS = {0, os.geteuid()}
SOMEONE = 65534


def give_away(path: Path) -> None:
    """Let another user change ``path``: by its owner where we are root, else by its mode."""
    if os.geteuid() == 0:
        os.chown(path, SOMEONE, SOMEONE)
    else:
        path.chmod(0o775)


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "opt/app/lib/activate.pyz"
    path.parent.mkdir(parents=True)
    path.touch()
    return path


def test_what_is_roots_is_trusted(program: Path) -> None:
    """Below a sticky directory, as the tests' own is, an entry of root's can't be renamed by others."""
    assert strangers(str(program), OWNERS) == []


@pytest.mark.parametrize("step", ["opt", "opt/app", "opt/app/lib", "opt/app/lib/activate.pyz"])
@pytest.mark.parametrize("change", ["owner", "group", "others"])
def test_each_step_counts(program: Path, tmp_path: Path, step: str, change: str) -> None:
    """A parent, the prefix, a directory in it or the program: another user's, or open to a group or to all."""
    path = tmp_path / step
    if change == "owner":
        give_away(path)
    else:
        path.chmod(path.stat().st_mode | (0o020 if change == "group" else 0o002))

    assert strangers(str(program), OWNERS) == [str(path)]


def test_an_entry_of_anothers_in_a_sticky_directory_is_not_trusted(program: Path, tmp_path: Path) -> None:
    """They may rename it and put something else in its place."""
    (tmp_path / "opt").chmod(0o1777)
    assert strangers(str(program), OWNERS) == []
    give_away(tmp_path / "opt/app")

    assert strangers(str(program), OWNERS) == [str(tmp_path / "opt"), str(tmp_path / "opt/app")]


def test_links_are_followed_one_by_one(program: Path, tmp_path: Path) -> None:
    """A link that leads on from another user's directory is theirs to change, wherever it ends."""
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "on").symlink_to(tmp_path / "opt/app")
    (tmp_path / "link").symlink_to("theirs/../theirs/on")
    assert strangers(str(tmp_path / "link/lib/activate.pyz"), OWNERS) == []
    give_away(theirs)

    assert strangers(str(tmp_path / "link/lib/activate.pyz"), OWNERS) == [str(theirs)]


def test_the_failure_names_the_commands_that_mend_it(
    program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For each step that others may change."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    (tmp_path / "opt/app").chmod(0o777)
    place = Place(tmp_path / "opt/app")
    with pytest.raises(Failure) as caught:
        check_trust(place)

    assert caught.value.code == UNFIT
    commands = str(caught.value).partition("root runs nothing here: ")[2]
    assert f"chown root:root '{place.root}'; chmod go-w '{place.root}'" in commands
