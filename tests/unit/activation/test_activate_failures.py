"""Activation that is killed, starved or doubled: the old release or the new one, never half of one."""

from __future__ import annotations

import errno
import os
import pwd
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pkggen.activation.configure import configure
from pkggen.activation.lock import locked
from pkggen.activation.process import ending, run
from pkggen.activation.program import guarded
from pkggen.activation.protocol import BROKEN, LOCKED, OTHER, UNFIT, Failure
from pkggen.activation.records import Record
from pkggen.activation.releases import switch
from pkggen.activation.rollback import switch_back
from pkggen.activation.verification import verify
from tests.unit.installation import (
    UPGRADE,
    Base,
    Installation,
    both_layouts,
)

MANY = {f"share/many/{number % 20}/{number}.txt": str(number) for number in range(600)}


class FailingCall:
    """Stands in for a function of ``os`` and fails from its nth call on (or only then)."""

    def __init__(self, real: Callable[..., object], code: int, nth: int = 1, only: bool = False) -> None:
        self.real, self.code, self.nth, self.only, self.calls = real, code, nth, only, 0

    def __call__(self, *args: object, **options: object) -> object:
        self.calls += 1
        if self.calls == self.nth or (self.calls > self.nth and not self.only):
            raise OSError(self.code, os.strerror(self.code), args[0])
        return self.real(*args, **options)


def failing(monkeypatch: pytest.MonkeyPatch, name: str, code: int, nth: int = 1, only: bool = False) -> FailingCall:
    call = FailingCall(getattr(os, name), code, nth, only)
    monkeypatch.setattr(os, name, call)
    return call


@pytest.mark.parametrize("nth", [1, 2, 50, 500])
@pytest.mark.parametrize("name", ["link", "mkdir", "symlink", "rename", "fsync"])
def test_a_full_disk_changes_nothing(app: Installation, monkeypatch: pytest.MonkeyPatch, name: str, nth: int) -> None:
    """Whichever call fails: the old release stays current, it is whole, and nothing half-made is left."""
    old = configure(app.package("1").place).release
    app.package("2")
    with monkeypatch.context() as patch:
        call = failing(patch, name, errno.ENOSPC, nth, only=True)
        code, answer = guarded(app.place, lambda: configure(app.place))

    if call.calls < nth or (code == 0 and name == "fsync"):  # after the switch nothing fails any more
        assert code == 0
        return
    assert (code, "No space left" in str(answer["error"])) == (UNFIT, True)
    assert (app.place.active(), app.leftovers()) == (old, [])
    assert [path.name for path in (app.root / "releases").iterdir()] == [old]
    verify(app.place)


def test_too_little_space_is_found_before_anything_is_made(app: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message has both numbers."""
    monkeypatch.setattr("pkggen.activation.members.MARGIN", 1 << 60)

    with pytest.raises(Failure, match=r"MB are needed, .* MB are free") as failure:
        configure(app.package().place)
    assert (failure.value.code, list((app.root / "releases").iterdir())) == (UNFIT, [])


def test_without_links_files_are_copied(app: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """Layers on another file system: copies with the same bytes, mode and mtime; a second run does nothing."""
    app.package()
    failing(monkeypatch, "link", errno.EXDEV)
    answer = configure(app.place)

    name = f"python/{app.base.executable}"
    source, copy = (app.root / "layers" / name).stat(), (app.root / "current" / name).stat()
    assert (source.st_mode, source.st_mtime_ns) == (copy.st_mode, copy.st_mtime_ns)
    assert source.st_ino != copy.st_ino
    assert answer.copied > 600
    assert configure(app.place).copied == 0
    verify(app.place)


def test_copies_are_checked(app: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is read anyway is compared with its digest: damage that keeps the size is found."""
    (app.package().root / f"layers/app/{app.base.site}/hello/data.txt").write_text("1.1")
    failing(monkeypatch, "link", errno.EPERM)

    with pytest.raises(Failure, match=r"data.txt"):
        configure(app.place)
    assert (app.leftovers(), app.place.complete()) == ([], [])


def test_one_file_with_too_many_links_is_copied(app: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """EMLINK is about that file alone."""
    app.package()
    failing(monkeypatch, "link", errno.EMLINK, 5, only=True)

    assert configure(app.place).copied == 1


@pytest.mark.parametrize("flag", [os.ST_RDONLY, os.ST_NOEXEC])
def test_a_file_system_that_will_not_do_is_named(app: Installation, monkeypatch: pytest.MonkeyPatch, flag: int) -> None:
    """Read-only or noexec: said before anything is made."""
    real = os.statvfs(app.root)
    monkeypatch.setattr(os, "statvfs", lambda path: os.statvfs_result((*real[:8], real.f_flag | flag, *real[9:])))

    with pytest.raises(Failure, match=r"read-only|noexec") as failure:
        configure(app.package().place)
    assert failure.value.code == UNFIT


def ends_within(process: subprocess.Popen[str], seconds: float) -> None:
    try:
        process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()


def test_a_kill_at_any_moment_leaves_a_whole_release(app: Installation) -> None:
    """SIGKILL after 30 different delays: current is absent or verifies, and a rerun finishes."""
    app.package("0", MANY)
    start = time.monotonic()
    assert app.run("configure").returncode == 0
    whole, ended = time.monotonic() - start, 0
    app.run("remove")
    for step in range(30):
        manifest = {**app.manifest, "version": str(step // 2)}  # every other run meets an old release
        app.write("manifest.json", manifest)
        process = subprocess.Popen(app.command(*UPGRADE), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        ends_within(process, whole * (0.1 + step / 28))
        ended += process.returncode == -signal.SIGKILL
        if os.path.lexists(app.root / "current"):
            assert app.place.active() in app.place.complete()
            verify(app.place)
        if step % 2:
            assert configure(app.place).release == app.place.active()
            assert app.leftovers() == []
    assert ended >= 5  # of 30; most runs are ended, if the machine is as fast as it was


def test_the_switch_is_one_moment(app: Installation) -> None:
    """Whoever looks while releases are switched to and fro always finds a release."""
    ids = [configure(app.package(version).place).release for version in ("1", "2")]
    seen, done = set(), threading.Event()

    def switching() -> None:
        for number in range(300):
            switch(app.place, ids[number % 2])
        done.set()

    thread = threading.Thread(target=switching)
    thread.start()
    while not done.is_set():
        seen.add((app.root / "current/release.json").exists() and os.readlink(app.root / "current"))
    thread.join()

    assert seen == {f"releases/{release}" for release in ids}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_cleans_up(app: Installation, number: signal.Signals) -> None:
    """Ended while the new release is tried: status 1, the new one is gone, the old one current."""
    old = configure(app.package("1").place).release
    site = app.base.site
    app.package(
        "2",
        {f"{site}/slow.py": f"import time; open({str(app.root)!r} + '/started', 'w'); time.sleep(30)"},
        smoke=["slow"],
    )
    process = subprocess.Popen(app.command(*UPGRADE), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not (app.root / "started").exists() and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(number)
    _, errors = process.communicate(timeout=10)

    assert (process.returncode, errors) == (1, f"hello: ended by {number.name}\n")
    assert [path.name for path in (app.root / "releases").iterdir()] == [old]
    assert app.place.active() == old


def test_a_release_that_hangs_is_ended(app: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """The smoke import has a time limit."""
    monkeypatch.setattr("pkggen.activation.trial.SMOKE_LIMIT", 0.5)
    app.package(files={f"{app.base.site}/slow.py": "import time; time.sleep(30)"}, smoke=["slow"])

    with pytest.raises(Failure, match="no end after") as failure:
        configure(app.place)
    assert (failure.value.code, app.place.active()) == (BROKEN, None)


def test_two_runs_take_turns(app: Installation) -> None:
    """Both end well; the second finds the release made."""
    app.package(files=MANY)
    runs = [subprocess.Popen(app.command(*UPGRADE), stdout=subprocess.PIPE, text=True) for _ in range(3)]
    texts = [process.communicate(timeout=30)[0] for process in runs]

    assert [process.returncode for process in runs] == [0, 0, 0]
    assert sum("active already" in text for text in texts) == 2
    verify(app.place)


def test_a_held_lock_is_status_five(app: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """The wait has an end."""
    monkeypatch.setattr("pkggen.activation.lock.LOCK_WAIT", 0.3)
    app.package()
    with locked(app.place), pytest.raises(Failure, match="another run") as failure:
        configure(app.place)

    assert failure.value.code == LOCKED


def test_a_planted_lock_does_not_count(app: Installation, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A link in the lock directory is not followed: the next directory is taken, last the prefix; no file stays."""
    (tmp_path / "run").mkdir()
    monkeypatch.setattr("pkggen.activation.lock.LOCK_DIRECTORIES", [str(tmp_path / "run")])
    with locked(app.place):
        name = next((tmp_path / "run").iterdir()).name
    assert list((tmp_path / "run").iterdir()) == []
    (tmp_path / "run" / name).symlink_to(tmp_path / "victim")
    with locked(app.place):
        assert (app.root / name).exists()

    assert not (tmp_path / "victim").exists()
    assert not (app.root / name).exists()


@both_layouts
def test_a_failed_mend_is_tried_again(app: Installation) -> None:
    """A mended release that does not start stays incomplete: the next run tries it again, and can succeed."""
    broken = app.root / "broken"
    module = f"import os\nif os.path.exists({str(broken)!r}): raise ImportError('broken')\n"
    configure(app.package(files={f"{app.base.site}/moody.py": module}, smoke=["moody"]).place)
    (app.root / "current/venv/bin/hello").unlink()
    broken.touch()
    codes = [guarded(app.place, lambda: configure(app.place))[0] for _ in range(2)]
    broken.unlink()

    assert codes == [BROKEN, BROKEN]
    assert configure(app.place).changed is False
    verify(app.place)


def test_an_interpreter_that_does_not_answer_is_named(app: Installation) -> None:
    """Found before anything is made: the machine is not the one it was built for, or a library is missing."""
    app.package()
    python = app.root / "layers/python" / app.base.executable
    python.unlink()
    python.write_text("#!/bin/sh\necho no such machine >&2\nexit 3\n")
    python.chmod(0o755)

    with pytest.raises(Failure, match=r"does not run on this machine .status 3.: no such machine") as failure:
        configure(app.place)
    assert (failure.value.code, os.listdir(app.root / "releases")) == (BROKEN, [])


@pytest.mark.skipif(os.geteuid() != 0, reason="gives up root's rights")
def test_root_imports_nothing(base: Base) -> None:
    """The smoke import is nobody's, or the named user's, with a HOME that it may write and that is gone after."""
    site = base.site
    module = (
        "import os, pathlib\n"
        "pathlib.Path(os.environ['HOME'], 'cache').write_text('x')\n"
        "assert os.getgroups() in ([], [os.getgid()]), os.getgroups()\n"
        "assert os.getuid() == {0}, os.getuid()\n"
    )
    # pytest's own directory is closed to others
    with tempfile.TemporaryDirectory() as directory:
        os.chmod(directory, 0o755)
        root = Path(directory, "hello")
        root.mkdir()
        app = Installation(root, base)
        nobody = pwd.getpwnam("nobody").pw_uid
        configure(app.package("1", {f"{site}/picky.py": module.format(nobody)}, smoke=["picky"]).place)
        verify(app.place)
        app.package("2", {f"{site}/picky.py": module.format(1)}, smoke=["picky"], user="daemon")
        configure(app.place)
        assert app.leftovers() == []
        os.chmod(directory, 0o700)  # nobody may go there: then it is root, or nothing could be installed
        configure(app.package("3", {f"{site}/picky.py": module.format(0)}, smoke=["picky"]).place)


@pytest.mark.skipif(os.geteuid() != 0, reason="gives up root's rights")
def test_no_exit_status_makes_root_import(base: Base) -> None:
    """Status 126, which shells give for what they can't start, is a failed import: root does not repeat it."""
    module = "import os\nos._exit(126 if os.getuid() else 0)\n"
    with tempfile.TemporaryDirectory() as directory:
        os.chmod(directory, 0o755)
        (root := Path(directory, "hello")).mkdir()
        app = Installation(root, base).package("1", {f"{base.site}/sly.py": module}, smoke=["sly"])

        with pytest.raises(Failure, match=r"does not start .sly, status 126"):
            configure(app.place)


def test_what_cannot_be_started_is_told(app: Installation) -> None:
    """None is no exit status: the reason is told without a number."""
    assert run([f"{app.root}/nothing"], 5)[0] is None
    assert (ending(None), ending(126)) == ("could not be started", "status 126")


def test_verify_of_the_package_wants_its_own_release(app: Installation) -> None:
    """After a rollback the release is whole, but not the one that the package manager believes in."""
    for version in ("1", "2"):
        configure(app.package(version).place)
    assert verify(app.place, package=True).differences == ()
    switch_back(app.place, None)

    with pytest.raises(Failure, match="is current, not the package's") as failure:
        verify(app.place, package=True)
    assert failure.value.code == OTHER


def test_a_module_that_can_not_be_loaded_is_told(app: Installation, capsys: pytest.CaptureFixture[str]) -> None:
    """Verbs load what they need when they run; then no file may be opened any more."""

    def work() -> Record:
        raise ImportError("select.so: cannot open shared object file: Too many open files", name="select")

    code, answer = guarded(app.package("1.0").place, work)

    assert (code, answer["ok"]) == (1, False)
    assert "can't load select: select.so" in capsys.readouterr().err
