"""An upgrade is done when the service is healthy; else the old release is back and serving before the script ends."""

from __future__ import annotations

import json
import time

from tests.e2e.fault_application import NEW, OLD, TinyPackages
from tests.e2e.pulse import packages, serving, set_mode
from tests.targets import Machine, Target
from tests.targets.process import Result

FAILURES = {"500": "answers 500, not 200", "crash": "pulse.service is", "hang": "does not answer"}
RELEASES = "/opt/pulse/bin/pulse-releases"


def test_deb_health(tiny_packages: TinyPackages, debian_12: Target) -> None:
    """A .deb that does not answer, crashes or hangs goes back and stays half-configured; dpkg tries again."""
    old, new = packages(tiny_packages, "deb")
    with debian_12.boot(shares={"/pkgs": tiny_packages.directory}) as machine:
        machine.packages.install(old)
        install = f"apt-get install -y {new}"
        for mode in FAILURES:
            set_mode(machine, mode)
            went_back(machine, machine.run(install, timeout=120), mode)
            assert machine.run("dpkg-query -W -f '${Status}' pulse").stdout == "install ok half-configured"
            install = "dpkg --configure -a"  # the next try
        set_mode(machine, "")
        machine.run(install, check=True, timeout=120)
        assert serving(machine)["version"] == NEW
        rolled_back_by_hand(machine)
        not_restarted(machine, new)
        machine.packages.purge("pulse")
        first_installation(machine, new)
        set_mode(machine, "")
        machine.run("dpkg --configure -a", check=True, timeout=120)
        assert serving(machine)["version"] == NEW
        machine.packages.purge("pulse")
        assert machine.run("ls /opt/pulse").returncode != 0


def test_rpm_health(tiny_packages: TinyPackages, rpm_target: Target) -> None:
    """An .rpm goes back just so, and says so: in its output, in the journal and when it is verified."""
    old, new = packages(tiny_packages, "rpm")
    with rpm_target.boot(shares={"/pkgs": tiny_packages.directory}) as machine:
        machine.packages.install(old)
        for mode in FAILURES:
            set_mode(machine, mode)
            went_back(machine, machine.run(f"rpm -U --force {new}", timeout=120), mode)
            verified = machine.run("rpm -V pulse")
            assert verified.returncode != 0
            assert "is current, not the package's" in verified.output
        assert "going back to" in machine.run("journalctl --no-pager -t pulse").stdout
        set_mode(machine, "")
        machine.run(f"rpm -U --force {new}", check=True, timeout=120)
        assert serving(machine)["version"] == NEW
        assert machine.run("rpm -V pulse").returncode == 0
        rolled_back_by_hand(machine)
        machine.packages.remove("pulse")
        first_installation(machine, new)


def went_back(machine: Machine, done: Result, mode: str) -> None:
    """Check what a failed upgrade leaves at the moment when the package manager ends."""
    answer = serving(machine)
    assert answer["version"] == OLD, done.output
    assert FAILURES[mode] in done.output
    assert f"release {NEW}-1-" in done.output
    assert "and runs again" in done.output
    assert "more: journalctl -u pulse" in done.output
    status = json.loads(machine.run("pulse-releases status --json --metrics /run/pulse.prom").stdout)
    assert f"release {NEW}-1-" in status["failed"]["why"]
    assert status["failed"]["reason"] == "settle"
    assert "pkggen_last_failure_timestamp_seconds" in machine.run("cat /run/pulse.prom", check=True).stdout
    told = json.loads(machine.run("pulse-releases history --json", check=True).stdout)["events"]
    assert [e["reason"] for e in told[:3]] == ["settle", "unhealthy", "upgrade"]
    assert [e["release"][:3] for e in told[1:3]] == [OLD, NEW]
    if machine.family == "deb":
        assert done.returncode != 0
    else:
        assert "scriptlet failed" in done.output
    assert f"releases/{OLD}-1-" in machine.run("readlink /opt/pulse/current").stdout
    names = machine.run("ls -A /opt/pulse/releases").stdout.split()
    assert [name[:5] for name in names] == [f"{OLD}-1"], names


def rolled_back_by_hand(machine: Machine) -> None:
    """Go back and forth with one command, offline; it ends when the service is healthy again."""
    start = time.monotonic()
    machine.run("systemctl restart pulse", check=True)
    restart = time.monotonic() - start
    machine.run(f"{RELEASES} health", check=True, timeout=60)
    reference = time.monotonic() - start  # the same parts, as slow as a busy machine makes them
    for version in (OLD, NEW):
        start = time.monotonic()
        done = machine.run(f"{RELEASES} rollback --json", timeout=60)
        seconds = time.monotonic() - start
        assert done.returncode == 0, done.output
        answer = json.loads(done.stdout)
        assert answer["release"].startswith(f"{version}-1-")
        assert answer["services"] == {"pulse.service": ""}
        assert serving(machine)["version"] == version
        print(f"{machine.family}: rollback to {version} {seconds:.2f} s, of which the restart alone {restart:.2f} s")
        assert seconds < 4 * reference + 1  # 1 s of its own on an idle machine
    set_mode(machine, "500")
    machine.run("systemctl restart pulse", check=True)
    assert machine.run(f"{RELEASES} health").returncode == 8
    set_mode(machine, "")


def not_restarted(machine: Machine, package: str) -> None:
    """Where policy forbids the restart, nothing is checked and nothing goes back, and it is said."""
    machine.run("systemctl restart pulse", check=True)
    assert machine.run(f"{RELEASES} health").returncode == 0
    before = serving(machine)
    set_mode(machine, "500")
    policy = machine.root / "usr/sbin/policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 101\n")
    policy.chmod(0o755)
    done = machine.run(f"apt-get install -y --reinstall {package}", check=True, timeout=120)
    assert "was not restarted, so its health is not checked" in done.output
    assert serving(machine) == before
    policy.unlink()


def first_installation(machine: Machine, package: str) -> None:
    """Without a release to go back to, the script fails and says so; the new release is current."""
    set_mode(machine, "500")
    done = machine.run({"deb": f"apt-get install -y {package}", "rpm": f"rpm -i {package}"}[machine.family])
    assert "there is none to go back to" in done.output
    assert (machine.family == "rpm") or done.returncode != 0
    assert f"releases/{NEW}-1-" in machine.run("readlink /opt/pulse/current").stdout
