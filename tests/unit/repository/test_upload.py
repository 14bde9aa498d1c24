"""Files for upload queues: signed, and taken by the real reprepro."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pkggen.cli import main
from tests.unit.repository.shop import MAIL


@pytest.fixture
def project(tmp_path: Path, keys: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the current folder: a metapackage with a changelog."""
    monkeypatch.setenv("GNUPGHOME", str(keys))
    monkeypatch.setenv("PKGGEN_CACHE_DIR", str(tmp_path / "cache"))
    home = tmp_path / "project"
    home.mkdir()
    (home / "pkggen.toml").write_text('name = "told"\nversion = "1.0"\nmeta = true\n')
    (home / "CHANGELOG.md").write_text("# Changelog\n\n## [1.0] - 2026-11-01\n\n### Added\n\n- The first thing.\n")
    monkeypatch.chdir(home)
    return home


def build(*words: str) -> Result:
    return CliRunner().invoke(main, ["build", "--format", "deb", *words])


@pytest.mark.skipif(not all(map(shutil.which, ("dpkg-deb", "reprepro"))), reason="needs dpkg and reprepro")
def test_reprepro_takes_what_is_written(project: Path) -> None:
    """It checks the signature against the keyring, and each digest."""
    done = build("--changes", "stable", "--sign", MAIL)
    assert done.stdout.splitlines() == ["dist/told_1.0-1_all.deb", "dist/told_1.0-1_all.changes"], done.stderr
    (project / "conf").mkdir()
    (project / "conf/distributions").write_text("Codename: stable\nArchitectures: amd64\nComponents: main\n")
    (project / "conf/incoming").write_text("Name: queue\nIncomingDir: dist\nTempDir: tmp\nAllow: stable\n")

    subprocess.run(["reprepro", "processincoming", "queue"], check=True, capture_output=True)

    listed = subprocess.run(["reprepro", "list", "stable"], check=True, capture_output=True, text=True)
    assert listed.stdout == "stable|main|amd64: told 1.0-1\n"


@pytest.mark.skipif(not shutil.which("dpkg-deb"), reason="needs dpkg")
def test_the_news_are_those_of_the_version(project: Path) -> None:
    """As the package's own changelog tells them."""
    build("--changes", "stable", "--sign", MAIL)

    text = (project / "dist/told_1.0-1_all.changes").read_text()

    assert "\n told (1.0-1) stable; urgency=medium\n .\n   * Added: The first thing.\n" in text


@pytest.mark.parametrize(
    ("words", "said"), [(["--changes", "stable"], "no key is named"), (["--changes", "a b"], "is no distribution")]
)
def test_what_can_not_be_is_told_before_anything_is_built(project: Path, words: list[str], said: str) -> None:
    """A key that nobody named, and a name that would be two."""
    done = build(*words)

    assert (done.exit_code, said in done.stderr) == (2, True), done.stderr
    assert not (project / "dist").exists()


@pytest.mark.skipif(not shutil.which("dpkg-deb"), reason="needs dpkg")
def test_build_publishes_what_it_has_built(project: Path) -> None:
    """In one go, by the project's own table; a second time nothing has changed."""
    table = f'[publish]\nto = "{project}/repository"\nkeys = ["{MAIL}"]\n'
    (project / "pkggen.toml").write_text(f'name = "told"\nversion = "1.0"\nmeta = true\n{table}')
    first, second = build("--publish", "--channel", "edge"), build("--publish", "--channel", "edge")

    assert (first.exit_code, second.exit_code) == (0, 0), first.stderr
    assert "edge: generation 1" in second.stderr
    assert (project / "repository/pool/t/told/told_1.0-1_all.deb").exists()
