"""What a run that ends in the middle leaves: what the fault campaign found, in small."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pkggen.activation.configure import configure
from pkggen.activation.members import sync
from pkggen.activation.process import mortal
from pkggen.activation.program import guarded
from pkggen.activation.protocol import FAILED
from pkggen.activation.rollback import switch_back
from pkggen.activation.verification import verify
from tests.unit.installation import Installation, both_layouts


def fail(*_: object, **__: object) -> None:
    raise OSError(errno.EIO, os.strerror(errno.EIO), "somewhere")


@pytest.mark.parametrize("name", ["trial.try_release", "configure.seal"])
def test_a_mend_that_ends_early_leaves_the_release_complete(
    app: Installation, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """A reinstallation killed before its end leaves a current release that verifies and can be rolled back to."""
    release = configure(app.package().place).release
    app.package()  # the same bytes in new files
    with monkeypatch.context() as patch:
        patch.setattr(f"pkggen.activation.{name}", fail)
        code, _ = guarded(app.place, lambda: configure(app.place))

    assert (code, app.place.complete()) == (FAILED, [release])
    assert verify(app.place).differences == ()


def test_a_rollback_that_can_not_switch_leaves_nothing(app: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where rename(2) fails, ``current`` stays as it is and no half-made link lies beside it."""
    for version in ("1", "2"):
        configure(app.package(version).place)
    before = sorted(os.listdir(app.root)), os.readlink(app.root / "current")
    rename: Callable[..., None] = fail
    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", rename)
        code, _ = guarded(app.place, lambda: switch_back(app.place, None))

    assert code == FAILED
    assert (sorted(os.listdir(app.root)), os.readlink(app.root / "current")) == before


def test_a_rollback_clears_what_a_killed_one_left(app: Installation) -> None:
    """The home of a smoke import and half a release go with the next rollback, not only with the next installation."""
    for version in ("1", "2"):
        configure(app.package(version).place)
    before = sorted(os.listdir(app.root / "releases"))
    for name in (".new-home-1/x", ".new-release-1/venv", "9-1-half/venv"):
        (app.root / "releases" / name).mkdir(parents=True)
    switch_back(app.place, None)

    assert sorted(os.listdir(app.root / "releases")) == before


@both_layouts
def test_a_release_goes_where_rename_fails(app: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a failed first installation made is removed also when renaming no longer works."""
    app.package()
    with monkeypatch.context() as patch:
        patch.setattr("pkggen.activation.configure.seal", lambda *_: patch.setattr(os, "rename", fail) or fail())
        code, _ = guarded(app.place, lambda: configure(app.place))

    assert (code, os.listdir(app.root / "releases")) == (FAILED, [])


def test_a_release_is_on_the_disk_before_it_counts_as_complete(
    app: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its file system is flushed while it is tried; only then is release.json written, and ``current`` switched."""
    package, real = app.package(), sync
    seen: list[tuple[list[str], bool]] = []

    def watched(directory: Path, filesystem: bool = False) -> None:
        if filesystem:
            seen.append((sorted(os.listdir(directory)), os.path.lexists(app.root / "current")))
        real(directory, filesystem)

    monkeypatch.setattr("pkggen.activation.trial.sync", watched)
    configure(package.place)

    assert seen == [(["manifest", "python", "venv"], False)]
    assert (app.root / "current/release.json").exists()


def test_a_child_of_a_run_that_is_dead_already_ends() -> None:
    """A child whose parent was killed before the child could ask to end with it ends as well."""
    become = mortal()
    assert become
    child = os.fork()
    if not child:
        grandchild = os.fork()
        if not grandchild:
            become()  # its parent is not the process that called mortal()
            os._exit(77)
        os._exit(os.WEXITSTATUS(os.waitpid(grandchild, 0)[1]))

    assert os.WEXITSTATUS(os.waitpid(child, 0)[1]) == 1
