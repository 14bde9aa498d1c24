"""Changelogs from CHANGELOG.md and git, bounded and in order."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
from debian.changelog import Changelog

from pkggen.archives.rpm import read_rpm
from pkggen.errors import ConfigurationError
from pkggen.formats import FORMATS
from pkggen.metadata.changelog import ITEMS, RELEASES, read_changelog
from pkggen.model import Change, Payload
from pkggen.templating.templates import Templates
from pkggen.terminal.reporter import Silent
from tests.unit.payloads import EPOCH, payload, project

TEXT = """# Changelog

## [Unreleased]

### Added

- A thing that is not released yet.

## [1.2.0] - 2025-03-01

### Added

- A **bold** `code` and [a link](https://x.invalid), on
  two lines.
  - nested

### Fixed

- 100% of %{lua:x} \u202emacros.

## v1.1.0 (2025-04-01)

- Dated later than its successor.

```
## [9.9] - 2020-01-01
```

## [1.0.0rc1]

- Without a date.

[1.2.0]: https://x.invalid/1.2.0
"""
NOON = 1_740_830_400  # 2025-03-01 12:00 UTC


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "CHANGELOG.md").write_text(TEXT)
    return tmp_path


def test_a_changelog_is_found_and_read(root: Path) -> None:
    """Releases with groups, plain text and dates that never rise; no key is needed."""
    assert read_changelog("", root, "1.2", EPOCH) == (
        Change("1.2.0", NOON, ("Added: A bold code and a link, on two lines.", "Fixed: 100% of %{lua:x} macros.")),
        Change("1.1.0", NOON, ("Dated later than its successor.",)),
        Change("1.0.0rc1", NOON, ("Without a date.",)),
    )


def test_an_unreleased_version_has_what_is_unreleased(root: Path) -> None:
    """A version without a heading of its own comes first, dated at the build's time."""
    first, second, *_ = read_changelog("CHANGELOG.md", root, "1.3.0", EPOCH)

    assert first == Change("1.3.0", EPOCH, ("Added: A thing that is not released yet.",))
    assert second.version == "1.2.0"


def test_later_releases_are_left_out(root: Path) -> None:
    """An older version built from newer sources does not tell of the future."""
    assert [c.version for c in read_changelog("", root, "1.1", EPOCH)] == ["1.1.0", "1.0.0rc1"]


def test_a_changelog_is_bounded(tmp_path: Path) -> None:
    """Neither a hundred releases nor a hundred items make a long changelog."""
    items = "".join(f"- item {i}\n" for i in range(100))
    (tmp_path / "CHANGES.md").write_text("".join(f"## 1.{n}\n{items}" for n in range(99, 0, -1)))

    found = read_changelog("CHANGES.md", tmp_path, "1.99", EPOCH)

    assert (len(found), len(found[0].items), found[0].items[-1]) == (RELEASES, ITEMS + 1, f"and {100 - ITEMS} more")


def test_no_changelog(tmp_path: Path) -> None:
    """Off, none there, or none named git's: no releases. One named on purpose has to be there, and inside."""
    assert read_changelog("off", tmp_path, "1.0", EPOCH) == read_changelog("", tmp_path, "1.0", EPOCH) == ()
    for name in ("CHANGES.md", "../x.md"):
        with pytest.raises(ConfigurationError):
            read_changelog(name, tmp_path / "nowhere", "1.0", EPOCH)


def test_a_changelog_that_nobody_named_stops_nothing(tmp_path: Path) -> None:
    """CHANGELOG.md of the folder above, as monorepos link it, is told of and left out; named, it is wrong."""
    root, reporter = tmp_path / "project", Silent()
    root.mkdir()
    (tmp_path / "CHANGELOG.md").write_text(TEXT)
    (root / "CHANGELOG.md").symlink_to("../CHANGELOG.md")

    assert read_changelog("", root, "1.2", EPOCH, reporter) == ()
    assert [w.partition(":")[0] for w in reporter.warnings] == ["CHANGELOG.md leads out of the project"]
    with pytest.raises(ConfigurationError, match="leads out of the project"):
        read_changelog("CHANGELOG.md", root, "1.2", EPOCH, reporter)


def git(root: Path, *words: str, time: int = EPOCH) -> None:
    stamp = {"GIT_AUTHOR_DATE": f"{time} +0000", "GIT_COMMITTER_DATE": f"{time} +0000"}
    who = ["-c", "user.name=J", "-c", "user.email=j@x.invalid", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", root, *who, *words], check=True, capture_output=True, env={**os.environ, **stamp})


@pytest.mark.skipif(not shutil.which("git"), reason="needs git")
def test_from_git(tmp_path: Path) -> None:
    """Tags that are versions begin a release; commits after the last belong to the version being built."""
    git(tmp_path, "init", "-q")
    for number, (subject, tag) in enumerate([("Begin", "v1.0"), ("Mend", ""), ("Add", "release-x"), ("More", "1.1")]):
        git(tmp_path, "commit", "-q", "--allow-empty", "-m", subject, time=EPOCH - 90_000 * (9 - number))
        if tag:
            git(tmp_path, "tag", tag)
    (tmp_path / "f").write_text("x")
    git(tmp_path, "add", "f")

    # a commit counts where it touches the project
    assert read_changelog("git", tmp_path, "1.2", EPOCH) == (Change("1.2", EPOCH, ()),)
    for number, (subject, tag) in enumerate([("First", "v2.0"), ("Mend it", ""), ("Add it", "2.1"), ("Go on", "")]):
        (tmp_path / "f").write_text(subject)
        git(tmp_path, "add", "f")
        git(tmp_path, "commit", "-q", "-m", subject, time=EPOCH - 90_000 * (5 - number))
        if tag:
            git(tmp_path, "tag", tag)

    found = read_changelog("git", tmp_path, "2.2", EPOCH)
    assert [(c.version, c.items) for c in found] == [
        ("2.2", ("Go on",)), ("2.1", ("Add it", "Mend it")), ("2.0", ("First",))
    ]  # fmt: skip


def test_git_where_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a repository, and without git, there is one entry for the version."""
    assert read_changelog("git", tmp_path, "1.0", EPOCH) == (Change("1.0", EPOCH, ()),)
    monkeypatch.setenv("PATH", "/nonexistent")
    assert read_changelog("git", tmp_path, "1.0", EPOCH) == (Change("1.0", EPOCH, ()),)


def with_changes(root: Path, sources: Path | None = None) -> Payload:
    changes = read_changelog("", root, "1.2.0", EPOCH)
    return payload(sources, project=replace(project(), changes=changes))


def test_debian_reads_it(root: Path, golden: Callable[[str, str], None]) -> None:
    """python-debian parses each entry: version, author, date, changes; dpkg-parsechangelog, too, where it is."""
    deb = FORMATS["deb"]
    text = deb.render(deb.describe(with_changes(root)), Templates()).texts["/usr/share/doc/hello/changelog.Debian"]
    golden("deb/changelog", text)

    blocks = list(Changelog(text, strict=True))
    assert [str(b.version) for b in blocks] == ["1.2.0-1", "1.1.0-1", "1.0.0~rc1-1"]
    assert [int(parsedate_to_datetime(b.date).timestamp()) for b in blocks] == [NOON] * 3
    if shutil.which("dpkg-parsechangelog"):
        (root / "changelog").write_text(text)
        told = subprocess.run(
            ["dpkg-parsechangelog", "-l", root / "changelog", "--all"], capture_output=True, text=True, check=True
        )
        assert (told.stderr, "Version: 1.2.0-1\n" in told.stdout) == ("", True)


@pytest.mark.skipif(not shutil.which("rpmbuild"), reason="needs rpmbuild")
def test_rpm_reads_it(root: Path) -> None:
    """Rpm -q --changelog tells every release, newest first, macros as text."""
    rpm = FORMATS["rpm"]
    (root / "out").mkdir()
    path = rpm.assemble(rpm.render(rpm.describe(with_changes(root, root / "src")), Templates()), root / "out")

    told = subprocess.run(["rpm", "-qp", "--changelog", path], capture_output=True, text=True, check=True).stdout

    assert read_rpm(path).tags["name"] == "hello"
    rows = told.splitlines()
    assert rows[0] == "* Sat Mar 01 2025 Jane Doe <jane@hello.invalid> - 1.2.0-1"
    assert rows[2] == "- Fixed: 100% of %{lua:x} macros."
    assert [r.rsplit(" ", 1)[1] for r in rows if r.startswith("* ")] == ["1.2.0-1", "1.1.0-1", "1.0.0~rc1-1"]


@pytest.mark.skipif(not shutil.which("rpmbuild"), reason="needs rpmbuild")
def test_rpm_tells_of_times_before_its_own(tmp_path: Path) -> None:
    """A package built at the epoch of zip archives, 1980, has its changelog, dated 1995: rpm knows none before 1990."""
    rpm = FORMATS["rpm"]
    old = replace(payload(tmp_path / "src"), epoch=315_532_800)
    (tmp_path / "out").mkdir()
    path = rpm.assemble(rpm.render(rpm.describe(old), Templates()), tmp_path / "out")

    told = subprocess.run(["rpm", "-qp", "--changelog", path], capture_output=True, text=True, check=True).stdout
    assert told.startswith("* Mon Jan 02 1995 ")
    assert "- hello 1.2.0." in told
