"""From the switch to its end: which services are checked, what brings the old release back, what hooks are told."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from pkggen.activation import rollout
from pkggen.activation.answers import Done, Examined
from pkggen.activation.configure import configure
from pkggen.activation.health import answer_of, outcome_of, wait
from pkggen.activation.manifest import PENDING, Check, Pending
from pkggen.activation.pending import write_pending
from pkggen.activation.plan import Plan
from pkggen.activation.program import guarded
from pkggen.activation.protocol import HOOK, UNHEALTHY, Failure
from pkggen.activation.records import plain
from pkggen.activation.removal import before_remove, deactivate
from pkggen.activation.rollback import rollback, switch_back
from pkggen.activation.rollout import before, settle
from tests.unit.installation import Installation

UNIT, OTHER = "hello.service", "worker.service"
QUICK = Check(timeout=0.3, interval=0.05, stable=0)


@dataclass
class Systemd:
    """Units by name, each with its state and how often it was started; a release's start may fail."""

    prefix: Path
    states: dict[str, str] = field(default_factory=dict)
    starts: dict[str, int] = field(default_factory=dict)
    failing: set[str] = field(default_factory=set)
    calls: list[str] = field(default_factory=list)

    def __call__(self, verb: str, *words: str) -> str:
        """Do what systemctl does."""
        if verb == "show":
            unit = words[-1]
            state, starts = self.states.get(unit, "inactive"), self.starts.get(unit, 0)
            kind = "oneshot" if unit.startswith("job") else "simple"
            return f"ActiveState={state}\nInvocationID={starts}\nResult=exit-code\nType={kind}\n"
        if verb == "list-units":
            first, last = words[-1].split("*")
            return "".join(f"{u} loaded\n" for u in self.states if u.startswith(first) and u.endswith(last))
        self.calls.append(" ".join([verb, *words]))
        for unit in words:
            if verb == "restart":
                self.start(unit)
            elif verb == "stop":
                self.states[unit] = "inactive"
        return ""

    def start(self, unit: str) -> None:
        """Start a unit from the current release."""
        self.starts[unit] = self.starts.get(unit, 0) + 1
        broken = os.readlink(self.prefix / "current").split("/")[1].split("-")[0] in self.failing
        self.states[unit] = "failed" if broken else "active"


@pytest.fixture(name="systemd")
def fake_systemd(app: Installation, monkeypatch: pytest.MonkeyPatch) -> Systemd:
    """Put a systemd of our own in place of the host's."""
    fake = Systemd(app.root)
    monkeypatch.setattr("pkggen.activation.systemd.systemctl", fake)
    monkeypatch.setattr("pkggen.activation.systemd.runs", lambda: True)
    return fake


def switched(app: Installation, version: str, *units: str, **manifest: object) -> str:
    """Unpack a version that watches ``units``; do what configure does, with the fake's word for what ran."""
    app.package(version, services=[UNIT, OTHER], health=dict.fromkeys(units or (UNIT,), plain(QUICK)), **manifest)
    plan = Plan(app.root)
    reason = "install" if app.place.active() is None else "upgrade"
    before(app.place, reason, "deb", plan.id)
    record = (app.root / PENDING).read_bytes()
    configure(app.place, reason, "deb")  # its own record knows nothing of the fake's units
    (app.root / PENDING).write_bytes(record)
    return str(plan.id)


@pytest.fixture(name="old")
def old_release(app: Installation, systemd: Systemd) -> str:
    """Return the id of a first release that was installed, and is healthy."""
    (app.root / "releases").mkdir()
    release = switched(app, "1")
    systemd.start(UNIT)
    settle(app.place)
    return release


def test_a_healthy_service_ends_the_switch(app: Installation, systemd: Systemd, old: str) -> None:
    """Started anew and active: the record goes, the old release stays for a rollback."""
    new = switched(app, "2")
    systemd.start(UNIT)

    assert settle(app.place) == Examined({UNIT: ""})
    assert (app.place.active(), app.place.complete(), app.leftovers()) == (new, [new, old], [])


def test_a_service_that_fails_brings_the_old_release_back(app: Installation, systemd: Systemd, old: str) -> None:
    """The old one is current and runs, the new one is deleted; what did not run before is stopped."""
    new = switched(app, "2")
    systemd.failing = {"2"}
    systemd.start(UNIT)
    systemd.states[OTHER] = "active"

    with pytest.raises(Failure, match=f"release {new} was not healthy.*{old} is current and runs") as f:
        settle(app.place)
    assert (f.value.code, app.place.active(), app.place.complete()) == (UNHEALTHY, old, [old])
    assert systemd.states == {UNIT: "active", OTHER: "inactive"}
    assert app.leftovers() == []


def test_a_unit_that_systemd_gave_up_is_started_again(app: Installation, systemd: Systemd, old: str) -> None:
    """A start limit that the new release has used up does not hold the old one back."""
    switched(app, "2")
    systemd.failing = {"2"}
    systemd.start(UNIT)
    with pytest.raises(Failure):
        settle(app.place)

    assert systemd.calls.index(f"reset-failed {UNIT}") < systemd.calls.index(f"restart {UNIT}")


def test_a_kill_does_not_lose_the_way_back(app: Installation, systemd: Systemd, old: str) -> None:
    """After the switch the script is killed; run again, it still goes back to what was healthy, even with keep = 0."""
    for _ in range(2):
        new = switched(app, "2", keep=0)
        systemd.failing = {"2"}
        systemd.start(UNIT)
    assert app.place.active() == new

    with pytest.raises(Failure, match=f"{old} is current and runs"):
        settle(app.place)
    assert app.place.active() == old


def test_a_third_version_goes_back_past_an_unproven_one(app: Installation, systemd: Systemd, old: str) -> None:
    """The second version's check never came to its end: the third one's way back leads to the first."""
    switched(app, "2")
    switched(app, "3")
    systemd.failing = {"3"}
    systemd.start(UNIT)

    with pytest.raises(Failure, match=f"{old} is current"):
        settle(app.place)


def test_a_service_that_was_not_restarted_is_not_checked(
    app: Installation, systemd: Systemd, old: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """policy-rc.d and its like: the old process is none of the new release's business."""
    new = switched(app, "2")
    systemd.states[UNIT] = "failed"

    assert settle(app.place) == Examined({})
    assert app.place.active() == new
    assert "was not restarted, so its health is not checked" in capfd.readouterr().out


def test_the_first_release_has_nothing_to_go_back_to(app: Installation, systemd: Systemd) -> None:
    """It stays, and says so."""
    (app.root / "releases").mkdir()
    new = switched(app, "1")
    systemd.failing = {"1"}
    systemd.start(UNIT)

    with pytest.raises(Failure, match="none to go back to") as failure:
        settle(app.place)
    assert (failure.value.code, app.place.active(), app.leftovers()) == (UNHEALTHY, new, [])


def test_without_systemd_nothing_is_checked(
    app: Installation, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """A container: said, and done."""
    monkeypatch.setattr("pkggen.activation.systemd.runs", lambda: False)
    (app.root / "releases").mkdir()
    switched(app, "1")

    assert settle(app.place) == Examined({})
    assert "health is not checked" in capfd.readouterr().out


def test_a_service_has_to_stay_healthy(
    app: Installation, systemd: Systemd, old: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that starts again and again is not, though it is active at each look."""
    real = systemd.__class__.__call__

    def restless(verb: str, *words: str) -> str:
        systemd.starts[UNIT] = systemd.starts.get(UNIT, 0) + 1
        return real(systemd, verb, *words)

    check = QUICK.replaced(stable=0.2)
    monkeypatch.setattr("pkggen.activation.systemd.systemctl", restless)
    assert "again and again" in wait(app.place, UNIT, check, app.root)
    monkeypatch.setattr("pkggen.activation.systemd.systemctl", systemd)
    begin = time.monotonic()
    assert wait(app.place, UNIT, check, app.root) == ""
    assert time.monotonic() - begin >= 0.2


@pytest.mark.parametrize(("bad", "moment"), [(True, "examine"), (False, "examine"), (True, "return_to")])
def test_a_rollback_during_the_check_stands(
    app: Installation, systemd: Systemd, old: str, monkeypatch: pytest.MonkeyPatch, bad: bool, moment: str
) -> None:
    """What an administrator has gone back to meanwhile stays current and whole; no hook runs for what was left."""
    second = switched(app, "2")
    systemd.start(UNIT)
    settle(app.place)
    hooks = {"after-upgrade": {"file": "lib/hooks/after-upgrade.sh", "user": "", "sha256": ""}}
    third = switched(app, "3", keep=2, hooks=hooks)
    (app.root / "lib/hooks").mkdir(exist_ok=True)
    (app.root / "lib/hooks/after-upgrade.sh").write_text(f"touch {app.root}/told")
    systemd.failing = {"3"} if bad else set()
    systemd.start(UNIT)
    real = getattr(rollout, moment)

    def meddled(*words: Any) -> Any:
        monkeypatch.setattr(rollout, moment, real)
        found = real(*words) if moment == "examine" else None
        rollback(app.place, old)
        return found or real(*words)

    monkeypatch.setattr(rollout, moment, meddled)
    settle(app.place)

    assert (app.place.active(), sorted(app.place.complete())) == (old, sorted([old, second, third]))
    assert not (app.root / "told").exists()


# ---- by hand


def test_rollback_restarts_what_ran_or_had_failed(app: Installation, systemd: Systemd, old: str) -> None:
    """What an administrator has stopped stays so; the result is checked."""
    switched(app, "2")
    systemd.start(UNIT)
    settle(app.place)
    systemd.states[UNIT] = "failed"
    systemd.calls.clear()

    answer = rollback(app.place, None)
    assert (answer.release, answer.services) == (old, {UNIT: ""})
    assert systemd.calls == [f"reset-failed {UNIT}", f"restart {UNIT}"]


def test_rollback_knows_instances_and_leaves_jobs_alone(app: Installation, systemd: Systemd, old: str) -> None:
    """Each instance of a template that runs is restarted; a job of a timer would run a second time."""
    units = ["worker@.service", "job.service"]
    for version in ("2", "3"):
        app.package(version, services=units, health={"worker@.service": plain(QUICK)})
        configure(app.place)
    systemd.states = {"worker@a.service": "active", "worker@b.service": "inactive", "job.service": "failed"}

    assert rollback(app.place, None).services == {"worker@a.service": ""}
    assert systemd.calls[-1] == "restart worker@a.service"


def test_rollback_to_what_does_not_run_is_told(app: Installation, systemd: Systemd, old: str) -> None:
    """The exit status says that the switch alone was not enough."""
    switched(app, "2")
    systemd.start(UNIT)
    settle(app.place)
    systemd.failing = {"1"}

    code, answer = guarded(app.place, lambda: rollback(app.place, None))
    assert (code, answer["code"], app.place.active()) == (UNHEALTHY, UNHEALTHY, old)


# ---- the checks


class Server(BaseHTTPRequestHandler):
    """Answers with the status in the path; 302 leads to 200."""

    def do_GET(self) -> None:
        self.send_response(int(self.path[1:4]))
        self.send_header("Location", "/200")
        self.end_headers()

    def log_message(self, *words: object) -> None:
        """Say nothing."""


@pytest.fixture(name="server")
def local_server() -> Iterator[str]:
    """Return the address of a server."""
    with HTTPServer(("127.0.0.1", 0), Server) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize(
    ("path", "status", "problem"),
    [("/200", 200, ""), ("/204?a=b", 204, ""), ("/500", 200, "answers 500, not 200"), ("/302", 200, "answers 302")],
)
def test_an_answer_is_judged_by_its_status(
    app: Installation, server: str, path: str, status: int, problem: str
) -> None:
    """Redirections are answers, too; another status than 200 may be the right one."""
    found = answer_of(app.package().place, QUICK.replaced(http=server + path, status=status), 5)

    assert problem in found
    assert bool(problem) == bool(found)


def test_no_proxy_is_asked(app: Installation, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the environment of the package manager says."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert answer_of(app.package().place, QUICK.replaced(http=f"{server}/200", status=200), 5) == ""


def test_no_answer_is_a_problem(app: Installation) -> None:
    """A closed port is told with the address."""
    assert "does not answer" in answer_of(
        app.package().place, QUICK.replaced(http="http://127.0.0.1:1/", status=200), 1
    )


def test_an_answer_that_never_ends_has_a_time_limit(app: Installation) -> None:
    """A server that sends a byte now and then does not hold the package manager for ever."""
    stop = threading.Event()

    def drip(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection, contextlib.suppress(OSError):
            connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
            while not stop.wait(0.1):
                connection.sendall(b"a")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=drip, args=[listener], daemon=True).start()
        begin = time.monotonic()
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        found = answer_of(app.package().place, QUICK.replaced(http=address, status=200), 0.5)
        stop.set()

    assert "does not answer: no end after" in found
    assert time.monotonic() - begin < 20


def test_a_command_is_the_releases_own(app: Installation) -> None:
    """A name is a program of the release's venv, and its last words are told."""
    release = app.root / "releases" / configure(app.package().place).release

    assert outcome_of(QUICK.replaced(command=("hello",), user="root"), release, 10) == ""
    words = ["python", "-c", "print('ill'); raise SystemExit(3)"]
    found = outcome_of(QUICK.replaced(command=tuple(words), user="root"), release, 10)
    assert "status 3: ill" in found


# ---- hooks

SCRIPT = """\
import json, os, sys
about = {key: value for key, value in os.environ.items() if key.startswith("PKGGEN")}
about["current"] = os.path.exists("PREFIX/current") and os.readlink("PREFIX/current")
about["hello"] = __import__("hello").__file__
with open("PREFIX/told", "a") as told:
    print(json.dumps(about), file=told)
if os.path.exists("PREFIX/fail"):
    sys.exit(3)
"""


def with_hooks(app: Installation, version: str, text: str = SCRIPT, kind: str = "py") -> Installation:
    """Unpack a version that has every hook."""
    names = [f"{when}-{what}" for when in ("before", "after") for what in ("install", "upgrade", "remove")]
    app.package(version, hooks={name: {"file": f"lib/hooks/{name}.{kind}", "user": "", "sha256": ""} for name in names})
    (app.root / "lib/hooks").mkdir(exist_ok=True)
    for name in names:
        (app.root / f"lib/hooks/{name}.{kind}").write_text(text.replace("PREFIX", str(app.root)))
    return app


def told(app: Installation) -> list[dict[str, str]]:
    """Return what the hooks saw."""
    return [json.loads(line) for line in (app.root / "told").read_text().splitlines()]


def test_hooks_run_around_the_switch(app: Installation) -> None:
    """Before it with the new release's modules, while the old one is current; after it when all is well."""
    old = configure(with_hooks(app, "1").place, "install", "rpm").release
    settle(app.place)
    new = configure(with_hooks(app, "2").place, "upgrade", "rpm").release
    settle(app.place)

    seen = told(app)
    names = ["before-install", "after-install", "before-upgrade", "after-upgrade"]
    assert [row["PKGGEN_HOOK"] for row in seen] == names
    assert [row["current"] for row in seen] == [False, f"releases/{old}", f"releases/{old}", f"releases/{new}"]
    assert seen[2]["hello"].startswith(f"{app.root}/releases/{new}/venv/")
    assert {key: value for key, value in seen[2].items() if key.startswith("PKGGEN")} == {
        "PKGGEN_HOOK": "before-upgrade", "PKGGEN_APP": "hello", "PKGGEN_PREFIX": str(app.root),
        "PKGGEN_RELEASE": f"{app.root}/releases/{new}", "PKGGEN_REASON": "upgrade", "PKGGEN_FORMAT": "rpm",
        "PKGGEN_OLD_VERSION": "1", "PKGGEN_NEW_VERSION": "2",
    }  # fmt: skip


def test_a_hook_that_fails_stops_the_switch(app: Installation, capfd: pytest.CaptureFixture[str]) -> None:
    """The old release is current, nothing of the new one is left; the next try runs the hook again."""
    old = configure(with_hooks(app, "1").place, "install", "deb").release
    settle(app.place)
    (app.root / "fail").touch()
    with_hooks(app, "2")
    code, _ = guarded(app.place, lambda: configure(app.place, "upgrade", "deb"))

    assert (code, app.place.active(), os.listdir(app.root / "releases")) == (HOOK, old, [old])
    assert "before-upgrade.py) failed with status 3" in capfd.readouterr().err
    (app.root / "fail").unlink()
    assert configure(app.place, "upgrade", "deb").changed


def test_without_a_reason_no_hook_runs(app: Installation) -> None:
    """An upgrade that is called off makes its release without a word to the project."""
    configure(with_hooks(app, "1").place, "")
    settle(app.place)

    assert not (app.root / "told").exists()


@pytest.mark.parametrize("words", [["--reason", "refresh", "--format", "rpm"], []])
def test_a_veto_outlasts_a_refresh(app: Installation, words: list[str]) -> None:
    """What before-upgrade has refused, no layer's change and no aborted removal makes current; an upgrade may."""
    old = configure(with_hooks(app, "1").place, "install", "rpm").release
    settle(app.place)
    (app.root / "fail").touch()
    with_hooks(app, "2")
    guarded(app.place, lambda: configure(app.place, "upgrade", "rpm"))
    asked = len(told(app))
    done = app.run("configure", *words)

    assert (done.returncode, app.place.active(), len(told(app))) == (0, old, asked)
    assert f"release {old} stays current: it is not of the package's version, 2-1" in done.stdout
    (app.root / "fail").unlink()
    assert configure(app.place, "upgrade", "rpm").changed


def test_a_first_veto_outlasts_a_refresh(app: Installation) -> None:
    """What before-install has refused, the file trigger at the end of the same transaction does not make current."""
    (app.root / "fail").touch()
    guarded(with_hooks(app, "1").place, lambda: configure(app.place, "install", "rpm"))
    done = app.run("configure", "--reason", "refresh", "--format", "rpm")

    assert (done.returncode, app.place.active(), os.listdir(app.root / "releases")) == (0, None, [])
    assert "no release is current" in done.stderr
    (app.root / "fail").unlink()
    assert configure(app.place, "install", "rpm").changed


def test_a_rollback_outlasts_a_refresh(app: Installation) -> None:
    """The administrator's choice stands until the next upgrade; a release of the package's version is made anew."""
    old = configure(app.package("1").place).release
    configure(app.package("2").place)
    switch_back(app.place, None)
    assert configure(app.place, "refresh", "deb").changed is False
    assert app.place.active() == old

    configure(app.place, "upgrade", "deb")
    app.package("2", {"lib/more.txt": "another layer"})
    assert configure(app.place, "refresh", "deb").changed is True


def test_a_release_that_can_not_run_is_no_choice(app: Installation) -> None:
    """Without its Python the release of another version gives way, also to a refresh."""
    old = configure(app.package("1").place).release
    app.package("2")
    (app.root / "releases" / old / "venv/bin/python").unlink()

    assert configure(app.place, "refresh", "deb").changed is True


def test_a_refresh_that_changes_nothing_leaves_no_record(app: Installation) -> None:
    """Nobody would settle it: what runs today would be started by some later upgrade."""
    record = app.root / PENDING
    release = configure(with_hooks(app, "1").place, "").release
    for stale in (None, "1-0"):
        if stale:
            write_pending(app.place, Pending(stale, None, "upgrade", "rpm", {}))
        configure(app.place, "refresh", "rpm")
        assert not record.exists()
    write_pending(
        app.place, Pending(release, None, "upgrade", "rpm", {})
    )  # of an upgrade that was killed: it is still open
    configure(app.place, "refresh", "rpm")
    assert record.exists()


def test_a_shell_hook_finds_the_releases_commands(app: Installation) -> None:
    """PATH starts with the venv of the release that is to be current."""
    with_hooks(app, "1", "command -v hello >PREFIX/told; pwd >>PREFIX/told; cat >>PREFIX/told", "sh")
    release = configure(app.place, "install", "deb").release

    assert (app.root / "told").read_text() == f"{app.root}/releases/{release}/venv/bin/hello\n/\n"


def test_ending_the_activation_ends_the_hook(app: Installation) -> None:
    """A signal to the program reaches a hook that has no end; nothing is switched, nothing left."""
    with_hooks(app, "1", "echo $$ >PREFIX/pid; exec sleep 60", "sh")
    command = app.command("configure", "--reason", "install", "--format", "deb")
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not (app.root / "pid").exists() or not (app.root / "pid").read_text().strip():
        assert process.poll() is None
        time.sleep(0.01)
    pid = int((app.root / "pid").read_text())
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=20)

    assert (process.returncode, app.place.active()) == (1, None), errors
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, 0)
        pytest.fail("the hook still runs")
    assert os.listdir(app.root / "releases") == []


def test_a_kill_leaves_the_lock_with_the_hook(app: Installation) -> None:
    """The hook of a killed activation runs on, and the next one waits for it: never two at a time."""
    text = "mkdir PREFIX/busy || touch PREFIX/twice; echo $$ >>PREFIX/pid; sleep 2; rmdir PREFIX/busy"
    command = with_hooks(app, "1", text, "sh").command("configure", "--reason", "install", "--format", "deb")
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while not (app.root / "pid").exists():
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.wait()

    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, (app.root / "twice").exists()) == (0, False), done.stderr
    assert "waiting for another run" in done.stdout
    assert len((app.root / "pid").read_text().split()) == 2


TERMINAL = """\
import os
try:
    os.close(os.open("/dev/tty", os.O_RDWR))
    print("has a terminal")
except OSError:
    print("has none", os.isatty(0) or os.isatty(1) or os.isatty(2))
os.write(2, b"a word of complaint\\n")
"""


def test_a_hook_has_no_terminal(app: Installation) -> None:
    """A user's hook can't type into root's shell, yet what it prints is seen there."""
    argv = with_hooks(app, "1", TERMINAL).command("configure", "--reason", "install", "--format", "deb")
    pid, descriptor = pty.fork()
    if pid == 0:
        os.execv(argv[0], argv)
    seen = b""
    with contextlib.suppress(OSError):  # EIO is a terminal's end
        while data := os.read(descriptor, 4096):
            seen += data
    os.close(descriptor)

    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, seen
    assert b"has none False" in seen
    assert b"a word of complaint" in seen


def test_a_hook_leaves_nothing_running(app: Installation) -> None:
    """What a hook has started in the background neither holds the package manager up nor outlives the hook."""
    with_hooks(app, "1", "sleep 60 & echo $! >PREFIX/pid; echo done", "sh")
    begin = time.monotonic()
    done = app.run("configure", "--reason", "install", "--format", "deb")

    assert (done.returncode, "done" in done.stdout) == (0, True)
    assert time.monotonic() - begin < 50
    pid = int((app.root / "pid").read_text())
    for _ in range(100):  # until init has reaped it
        state = Path(f"/proc/{pid}/stat")
        if not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z":
            return
        time.sleep(0.05)
    pytest.fail("the background process still runs")


def test_before_remove_needs_a_release(app: Installation, capfd: pytest.CaptureFixture[str]) -> None:
    """A broken application can be removed; one that is whole runs the hook first."""
    configure(with_hooks(app, "1").place, "")
    before_remove(app.place, "deb")
    assert [(row["PKGGEN_REASON"], row["PKGGEN_NEW_VERSION"]) for row in told(app)] == [("remove", "")]
    deactivate(app.place)
    before_remove(app.place, "deb")

    assert len(told(app)) == 1
    assert "does not run" in capfd.readouterr().out


@pytest.mark.parametrize("gone", ["user", "file", "python", "application"])
def test_what_is_broken_can_be_removed(app: Installation, gone: str, capfd: pytest.CaptureFixture[str]) -> None:
    """A hook that can't begin, or fails with a release that does not start, is said and holds nothing up."""
    release = configure(with_hooks(app, "1").place, "").release
    home = app.root / "releases" / release / "venv"
    if gone == "user":
        if os.geteuid():
            pytest.skip("only root changes to another user")
        hooks = {"before-remove": {"file": "lib/hooks/before-remove.py", "user": "no-such-user", "sha256": ""}}
        app.write("manifest.json", {**app.manifest, "hooks": hooks})
    elif gone == "file":
        (app.root / "lib/hooks/before-remove.py").unlink()
    elif gone == "python":
        (home / "bin/python").unlink()
    else:
        shutil.rmtree(home / app.base.site / "hello")

    assert before_remove(app.place, "deb") == Done()
    assert "the removal goes on" in capfd.readouterr().err


def test_a_hook_may_refuse_the_removal(app: Installation) -> None:
    """Its own failure, with a release that starts, is the project's word."""
    configure(with_hooks(app, "1").place, "")
    (app.root / "fail").touch()

    with pytest.raises(Failure, match=r"before-remove\.py\) failed with status 3") as failure:
        before_remove(app.place, "deb")
    assert failure.value.code == HOOK


def test_json_stays_one_object(app: Installation) -> None:
    """What hooks print is no part of the answer."""
    done = with_hooks(app, "1", "echo chatter", "sh").run(
        "configure", "--json", "--reason", "install", "--format", "deb"
    )

    assert json.loads(done.stdout)["changed"] is True
    assert "chatter" in done.stderr


@pytest.mark.parametrize("argv", [["settle", "x"], ["before", "upgrade"], ["before-remove"], ["rollback", "a", "b"]])
def test_wrong_usage_is_status_two(app: Installation, argv: list[str]) -> None:
    """Each verb has its arguments."""
    assert app.package().run(*argv).returncode == 2
