"""The verbs of the command line: what they print, the exit codes, and the settings that they read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pkggen.cli import main
from tests.unit.repository.shop import MAIL, deb


@pytest.fixture
def project(tmp_path: Path, keys: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the current folder: a project whose table names everything."""
    monkeypatch.setenv("GNUPGHOME", str(keys))
    home = tmp_path / "project"
    home.mkdir()
    (home / "pkggen.toml").write_text(
        f'[publish]\nto = "{tmp_path}/repository"\nkeys = ["{MAIL}"]\nchannels = ["edge", "stable"]\n'
    )
    monkeypatch.chdir(home)
    return home


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


def test_publish_prints_where_packages_lie(project: Path, tmp_path: Path) -> None:
    """On stdout a path for each; the channel is the first of those that there may be."""
    done = run("publish", deb(tmp_path / "in"))

    assert (done.exit_code, done.stdout) == (0, "pool/a/app/app_1.0-1_amd64.deb\n")
    assert (tmp_path / "repository/dists/edge/InRelease").exists()


def test_a_dry_run_writes_no_package(project: Path, tmp_path: Path) -> None:
    """It tells what is new and what is there, whatever else is asked."""
    run("publish", deb(tmp_path / "in"))
    done = run("publish", deb(tmp_path / "in"), deb(tmp_path / "in", version="2-1"), "--dry-run")

    states = [line.split("  ")[1] for line in done.stdout.splitlines()]

    assert states == ["is there", "would be added"]
    assert len(list((tmp_path / "repository/pool").rglob("*.deb"))) == 1


def test_json_says_what_came_of_it(project: Path, tmp_path: Path) -> None:
    """With digests, and what a cache has to forget."""
    said = json.loads(run("publish", deb(tmp_path / "in"), "--channel", "stable", "--json").stdout)

    assert (said["channel"], said["generation"], said["packages"][0]["new"]) == ("stable", 1, True)
    assert said["stale"][0] == "dists/stable/*"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["publish", "app.deb", "--channel", "prod"], 2, "there may be no channel 'prod'"),
        (["publish", "app.deb", "--key", "nobody@example.invalid"], 2, "--key: the keyring holds no secret key"),
        (["publish", "app.deb", "--component", "Main"], 2, "--component: 'Main' is not allowed"),
        (["publish", "none.deb"], 3, "does not exist"),
        (["repository", "rollback", "prod"], 2, "there is no channel 'prod'"),
        (["repository", "phase", "app=1", "101%"], 2, "not from 0% to 100%"),
        (["repository", "remove", "app"], 2, "write it as app=1.2.0"),
    ],
)
def test_a_mistake_is_told_with_its_code(project: Path, tmp_path: Path, words: list[str], code: int, said: str) -> None:
    """In one message, without a traceback, and nothing is published."""
    deb(tmp_path / "in").rename("app.deb")
    run("publish", deb(tmp_path / "in", name="first"))
    before = sorted((tmp_path / "repository").rglob("*"))

    done = run(*words)

    assert (done.exit_code, said in done.stderr) == (code, True), done.stderr
    assert sorted((tmp_path / "repository").rglob("*")) == before


def test_the_same_version_with_other_bytes_has_a_code_of_its_own(project: Path, tmp_path: Path) -> None:
    """7, as for any conflict."""
    run("publish", deb(tmp_path / "in"))

    assert run("publish", deb(tmp_path / "other", more="Homepage: https://example.invalid/\n")).exit_code == 7


def test_verify_has_a_code_for_what_is_wrong(project: Path, tmp_path: Path) -> None:
    """4, and 0 as long as all is whole."""
    run("publish", deb(tmp_path / "in"))
    whole = run("repository", "verify").exit_code
    next((tmp_path / "repository/pool").rglob("*.deb")).unlink()

    assert (whole, run("repository", "verify").exit_code) == (0, 4)


def test_history_marks_the_current_generation(project: Path, tmp_path: Path) -> None:
    """The newest first, with what was done."""
    for version in ("1-1", "2-1"):
        run("publish", deb(tmp_path / "in", version=version))

    lines = run("repository", "history", "edge").stdout.splitlines()

    assert [(line.split()[0], line.split("  ")[-1].strip()) for line in lines] == [
        ("*", "publish app 2-1"),
        ("1", "publish app 1-1"),
    ]


def test_a_suite_has_channels_of_its_own(project: Path, tmp_path: Path) -> None:
    """Named after both."""
    run("publish", deb(tmp_path / "in"), "--suite", "bookworm")

    assert (tmp_path / "repository/dists/bookworm-edge/InRelease").exists()


def test_setup_names_the_key_file_and_no_key(project: Path, tmp_path: Path) -> None:
    """An inline key would break all of apt on Debian 11."""
    run("publish", deb(tmp_path / "in"))

    lines = run("repository", "setup").stdout

    assert "/etc/apt/keyrings/repository.asc" in lines
    assert "BEGIN PGP" not in lines + (tmp_path / "repository/apt/edge.sources").read_text()
