"""Services of every kind on real systems: started, restarted, kept as the administrator left them, and gone."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.packages import PORTABLE
from tests.e2e.service_application import NASTY, NEW, OLD, packages
from tests.targets import Machine, Target

STATE = "/var/lib/svc"
ENVIRONMENT_FILE = {"deb": "/etc/default/svc", "rpm": "/etc/sysconfig/svc"}
ASK = """
import socket, sys
with socket.create_connection(("127.0.0.1", 8765), timeout=10) as connection:
    sys.stdout.write(connection.recv(100).decode())
"""
RUNNING = ("svc-notify", "svc-off", "svc-masked", "svc-gone", "svc-former", "svc-worker@1", "svc-worker@2")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, dict[str, str]]]:
    """Return the directory of both versions' packages, and their paths on a target by version and format."""
    directory = tmp_path_factory.mktemp("services")
    found = packages(directory)
    paths = {v: {f: f"/pkgs/{p.relative_to(directory)}" for f, p in files.items()} for v, files in found.items()}
    return directory, paths


def test_deb_services(built: tuple[Path, dict[str, dict[str, str]]], debian: Target) -> None:
    """On Debian, services live, change and go as with packages made by debhelper."""
    if not PORTABLE and debian.name == "debian:11":
        pytest.skip("no portable interpreter beside the checkout: packages run on a glibc as new as this host's")
    life(built, debian)


def test_rpm_services(built: tuple[Path, dict[str, dict[str, str]]], rpm_target: Target) -> None:
    """On an rpm system, services live, change and go as with packages made with systemd's macros."""
    life(built, rpm_target)


def life(built: tuple[Path, dict[str, dict[str, str]]], target: Target) -> None:
    """Install, change as an administrator, upgrade, remove."""
    directory, paths = built
    with target.boot(shares={"/pkgs": directory}) as machine:
        if machine.family == "rpm":
            an_installation_that_failed_half_way(machine, paths[OLD]["rpm"])
        else:
            machine.packages.install(paths[OLD]["deb"])
        assert_installed(machine)
        assert_sees_its_words(machine)
        change(machine)
        sockets = started_at(machine, "svc-socket.socket")
        machine.packages.install(paths[NEW][machine.family])
        assert_upgraded(machine)
        assert started_at(machine, "svc-socket.socket") == sockets, "the socket stays open"
        machine.packages.remove("svc")
        assert machine.run("systemctl list-units --no-legend 'svc*'").stdout.split() == []
        machine.packages.purge("svc", check=False)
        assert_gone(machine)


def an_installation_that_failed_half_way(machine: Machine, package: str) -> None:
    """Let %post fail before it comes to the services; installing again has to make up for it."""
    machine.run("mkdir -p /opt/svc && touch /opt/svc/releases", check=True)
    machine.run(["rpm", "-U", package], timeout=120)
    assert states(machine, "svc-off", "svc-notify") == ["disabled inactive"] * 2
    machine.run("rm /opt/svc/releases", check=True)
    machine.run(["rpm", "-U", "--force", package], check=True, timeout=120)


def assert_installed(machine: Machine) -> None:
    """All that should run does, and all that should be enabled is."""
    assert states(machine, *RUNNING) == ["enabled active"] * len(RUNNING)
    assert states(machine, "svc-job.timer", "svc-socket.socket") == ["enabled active"] * 2
    assert states(machine, "svc-socket", "svc-job")[0] == "static inactive"
    assert machine.run(f"test -e {STATE}/svc-notify/ready").returncode == 0, "started means ready"
    assert machine.run(f"/opt/svc/current/venv/bin/python -c '{ASK}'", check=True).stdout == OLD
    assert machine.run("stat -c '%a %G' /run/svc.sock").stdout.split() == ["660", "svcclients"]
    machine.run("systemctl reload svc-notify", check=True)
    await_file(machine, f"{STATE}/svc-notify/reloaded")
    # the timer's own minute of slack is an administrator's to change
    drop_in = "/etc/systemd/system/svc-job.timer.d"
    machine.run(f"mkdir {drop_in} && printf '[Timer]\\nAccuracySec=100ms\\n' >{drop_in}/x.conf", check=True)
    machine.run("systemctl daemon-reload && systemctl restart svc-job.timer", check=True)
    await_file(machine, f"{STATE}/svc-job/job.starts")
    machine.run(f"rm -r {drop_in}; systemctl daemon-reload; systemctl restart svc-job.timer", check=True)


def assert_sees_its_words(machine: Machine) -> None:
    """Arguments and variables arrive as they were written, and the sandbox holds."""
    seen = told(machine, "svc-notify/notify")
    assert seen["argv"] == list(NASTY)
    assert [seen["environment"][f"NASTY_{i}"] for i in range(len(NASTY))] == list(NASTY)
    assert seen["refused"] == 30, "EROFS: the system's files can't be written"
    assert seen["uid"] != 0
    worker = told(machine, "svc-worker/worker-2")
    assert worker["argv"] == ["%i"]
    assert machine.run("id -u svcworker").stdout.strip() == str(worker["uid"])
    home = machine.run("getent passwd svcworker").stdout.split(":")[5]
    assert home == f"{STATE}/svc-worker"
    limits = machine.run("systemctl show svc-notify -p LimitNOFILE -p MemoryMax -p TasksMax -p CPUQuotaPerSecUSec")
    assert {"LimitNOFILE=1000", "MemoryMax=209715200", "TasksMax=20", "CPUQuotaPerSecUSec=900ms"} == set(
        limits.stdout.split()
    )


def change(machine: Machine) -> None:
    """Do what administrators do."""
    machine.run(f"echo 'EXTRA=\"an administrator'\"'\"'s\"' >>{ENVIRONMENT_FILE[machine.family]}", check=True)
    machine.run("systemctl disable --now svc-off svc-worker@2", check=True)
    machine.run("systemctl mask --now svc-masked", check=True)
    machine.run("systemctl enable --now svc-worker@3", check=True)


def assert_upgraded(machine: Machine) -> None:
    """What runs is new and was restarted once; choices are kept; units came and went."""
    assert starts(machine, "svc-notify/notify") == [OLD, NEW]
    assert told(machine, "svc-notify/notify")["environment"]["EXTRA"] == "an administrator's"
    assert states(machine, "svc-off", "svc-masked") == ["disabled inactive", "masked inactive"]
    assert states(machine, "svc-worker@2") == ["disabled inactive"]
    assert states(machine, "svc-worker@1", "svc-worker@3") == ["enabled active"] * 2
    assert [starts(machine, f"svc-worker/worker-{i}") for i in "123"] == [[OLD, NEW], [OLD], [OLD, NEW]]
    assert states(machine, "svc-latter", "svc-added") == ["enabled active"] * 2
    assert starts(machine, "svc-added/added") == [NEW]
    assert machine.run("systemctl list-units --no-legend 'svc-gone*' 'svc-former*'").stdout == ""
    assert links(machine, "svc-gone", "svc-former") == []
    assert starts(machine, "svc-socket/socket") == [OLD, NEW]
    assert machine.run(f"/opt/svc/current/venv/bin/python -c '{ASK}'", check=True).stdout == NEW
    assert states(machine, "svc-job.timer") == ["enabled active"]


def assert_gone(machine: Machine) -> None:
    """No link or state of a unit is left but the administrator's own mask; users stay."""
    assert links(machine, "svc") == ["/etc/systemd/system/svc-masked.service"]
    assert machine.run("getent passwd svcworker").returncode == 0
    assert machine.run("test -e /opt/svc").returncode == 1
    if machine.family == "deb":
        folders = "/var/lib/svc /var/lib/private/svc /var/cache/svc /var/cache/private/svc /var/log/svc"
        kept = machine.run(f"find {folders} /var/log/private/svc /etc/default/svc ! -type d 2>/dev/null").stdout.split()
        dropped = ("svc-gone", "svc-former")  # nobody knows of their directories any more
        assert [path for path in kept if not any(name in path for name in dropped)] == []
    else:
        assert machine.run(f"cat {STATE}/svc-notify/notify.starts").stdout.split() == [OLD, NEW]
        assert machine.run(f"cat {ENVIRONMENT_FILE['rpm']}.rpmsave").stdout.count("EXTRA") == 1


def states(machine: Machine, *units: str) -> list[str]:
    """Return what is-enabled and is-active say of each unit."""
    asked = " ".join(f"'{u}'" for u in units)
    enabled = machine.run(f"systemctl is-enabled {asked}").stdout.split()
    active = machine.run(f"systemctl is-active {asked}").stdout.split()
    return [f"{e} {a}" for e, a in zip(enabled, active, strict=True)]


def told(machine: Machine, name: str) -> Any:
    """Return what a service says it was started with."""
    return json.loads(machine.run(["cat", f"{STATE}/{name}.json"], check=True).stdout)


def starts(machine: Machine, name: str) -> list[str]:
    """Return the versions of a service that were started, in order."""
    return machine.run(["cat", f"{STATE}/{name}.starts"], check=True).stdout.split()


def started_at(machine: Machine, unit: str) -> str:
    """Return when a unit became active."""
    return machine.run(["systemctl", "show", "-p", "ActiveEnterTimestampMonotonic", unit], check=True).stdout


def links(machine: Machine, *prefixes: str) -> list[str]:
    """Return links and state files of units whose names begin with one of the prefixes."""
    names = " -o ".join(f"-name '{p}*'" for p in prefixes)
    found = machine.run(f"find /etc/systemd /var/lib/systemd/deb-systemd-helper-* \\( {names} \\) 2>/dev/null")
    return sorted(found.stdout.split())


def await_file(machine: Machine, path: str) -> None:
    """Wait for a file that a service writes, for at most 10 s."""
    deadline = time.monotonic() + 10
    while machine.run(["test", "-e", path]).returncode != 0:
        assert time.monotonic() < deadline, f"no {path}"
        time.sleep(0.1)
