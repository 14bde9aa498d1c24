"""What `make release-check` says is missing: sentences with a place and a way out."""

from __future__ import annotations

import configparser
import datetime
import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
TODAY = datetime.date(2026, 11, 29)
HEAD = "# Changelog\n\n"


def load() -> ModuleType:
    """Return .ci/release.py, which no package has."""
    spec = importlib.util.spec_from_file_location("release", ROOT / ".ci" / "release.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


release = load()


CHANGELOGS = {
    "ready": ("## [1.2.0] - 2026-11-29\n\n- A thing.\n\n## [1.1.0] - 2026-01-01\n\n- Older.\n", ()),
    "an empty Unreleased": ("## [Unreleased]\n\n## [1.2.0] - 2026-11-29\n\n- A thing.\n", ()),
    "not yet": ("## [Unreleased]\n\n- A thing.\n", ("changes are under Unreleased", "1.2.0 has no heading")),
    "no date": ("## [1.2.0]\n\n- A thing.\n", ("1.2.0 has no date",)),
    "a day that is none": ("## [1.2.0] - 2026-02-30\n\n- A thing.\n", ("1.2.0 has no date",)),
    "tomorrow": ("## [1.2.0] - 2026-11-30\n\n- A thing.\n", ("still to come",)),
    "nothing told": ("## [1.2.0] - 2026-11-29\n\n## [1.1.0] - 2026-01-01\n\n- Older.\n", ("nothing is told",)),
    "out of order": (
        "## [1.3.0] - 2026-11-28\n\n- Newer.\n\n## [1.2.0] - 2026-11-29\n\n- A thing.\n",
        ("1.3.0 comes before 1.2.0",),
    ),
    "more": (
        "## [Unreleased]\n\n- Late.\n\n## [1.2.0] - 2026-11-29\n\n- A thing.\n",
        ("CHANGELOG.md:3: changes are under Unreleased",),
    ),
}


@pytest.mark.parametrize("case", CHANGELOGS)
def test_the_changelog_is_that_of_the_version(case: str) -> None:
    """Its own heading with a day that has come, before the older ones, and nothing left for later."""
    text, parts = CHANGELOGS[case]

    found = list(release.changelog_problems(HEAD + text, "1.2.0", TODAY))

    assert len(found) == len(parts)
    assert all(part in line for part, line in zip(parts, found, strict=True))


@pytest.mark.parametrize(
    ("version", "tag", "part"),
    [("1.2", "v1.2", ""), ("1.2rc1", "", ""), ("1.2", "v1.3", "the tag is v1.3"), ("1.2.dev1", "", "can't be released"),
     ("1.2+local", "", "can't be released"), ("1.02", "", "can't be released"), ("one", "", "is none")],
)  # fmt: skip
def test_the_version_is_one_to_release(version: str, tag: str, part: str, tmp_path: Path) -> None:
    """As PEP 440 writes it, without a development or local part, and the tag's."""
    (tmp_path / "setup.py").write_text("")
    (tmp_path / "pyproject.toml").write_text("")

    found = list(release.version_problems(tmp_path, version, tag))

    assert [part in line for line in found] == [True] * bool(part)


def test_the_version_stands_in_one_place(tmp_path: Path) -> None:
    """A second place is named; this tree has none."""
    (tmp_path / "pkggen").mkdir()
    (tmp_path / "setup.py").write_text("")
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "1.2"\n')
    (tmp_path / "pkggen/__init__.py").write_text('__version__ = "1.2"\n')
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")

    found = list(release.version_problems(tmp_path, "1.2", ""))

    assert [line.partition(": ")[0] for line in found] == ["pyproject.toml:2", "pkggen/__init__.py:1"]
    assert [p for p in release.version_problems(ROOT, setup["metadata"]["version"], "") if "stands here" in p] == []


def test_the_lock_of_the_packages_is_part_of_the_tested_one() -> None:
    """What pkggen's own packages bring is what the tests are run with."""
    assert list(release.lock_problems(ROOT)) == []


def test_a_placeholder_reaches_nobody() -> None:
    """An address of example.org is told, and so is a project without a page."""
    setup = configparser.ConfigParser()
    setup.read_string(
        "[a]\nauthor_email = me@example.org\n[b]\nauthor_email = me@pkggen.dev\nurl = https://pkggen.dev/\n"
    )

    assert len(list(release.metadata_problems(setup["a"]))) == 2
    assert list(release.metadata_problems(setup["b"])) == []


def test_what_is_not_committed_is_told(tmp_path: Path) -> None:
    """A file that the tag does not have is not published unseen."""
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    (tmp_path / "late.py").write_text("")

    assert list(release.tree_problems(tmp_path)) == ["late.py: is not committed: commit or remove it"]


def test_all_that_is_missing_is_told_at_once(tmp_path: Path) -> None:
    """The command ends with 1, and each sentence is a line on stderr; this tree is under Unreleased or dated."""
    (tmp_path / ".ci").mkdir()
    for name in (
        ".ci/release.py",
        ".ci/requirements.txt",
        ".ci/runtime.txt",
        "setup.cfg",
        "setup.py",
        "pyproject.toml",
    ):
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "CHANGELOG.md").write_text(HEAD + "## [Unreleased]\n\n- A thing.\n")

    done = subprocess.run(
        [sys.executable, tmp_path / ".ci/release.py", tmp_path / "dist"], capture_output=True, text=True, timeout=60
    )

    assert (done.returncode, done.stdout) == (1, "")
    told = done.stderr.splitlines()
    assert all(line.startswith("not ready: ") for line in told)
    for part in ("under Unreleased", "holds no wheel", "holds no sdist", "holds no .deb", "holds no .rpm"):
        assert any(part in line for line in told)


def test_the_workflow_pins_its_actions_and_keeps_no_token() -> None:
    """Each action by commit; no rights but those that a job is given; nothing secret."""
    text = (ROOT / ".github/workflows/release.yml").read_text()
    used = re.findall(r"uses: (\S+)", text)

    assert used
    assert [action for action in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action)] == []
    assert "\npermissions: {}\n" in text
    assert "secrets." not in text
    assert re.findall(r"(?m)^      ([\w-]+: write)", text) == ["id-token: write", "contents: write"]
