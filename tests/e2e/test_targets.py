"""The targets keep their promises, so that a test which fails on one speaks of pkggen."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.targets import Box, CommandFailedError, CommandTimedOutError, Target, difference, snapshot
from tests.targets.box import ENVIRONMENT
from tests.targets.host import APT_PACKAGES, FOREIGN_PACKAGES

ROOT = Path(__file__).parents[2]

SPEC = """\
Name: trivial
Version: {version}
Release: 1
Summary: A package that only exists
License: MIT
BuildArch: noarch
{relation}
%description
A file in /opt.

%install
mkdir -p %{{buildroot}}/opt/trivial
echo {version} > %{{buildroot}}/opt/trivial/version

%files
/opt/trivial
"""

CONTROL = """\
Package: trivial
Version: {version}
Architecture: all
Maintainer: pkggen <pkggen@example.org>
Description: a package that only exists
"""


def write(box: Box, path: str, text: str) -> None:
    """Write a file in the box."""
    file = box.root / path.lstrip("/")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def build_deb(box: Box, version: str) -> str:
    """Build a trivial .deb in the box; return its path there."""
    write(box, "/build/DEBIAN/control", CONTROL.format(version=version))
    write(box, "/build/opt/trivial/version", version + "\n")
    box.run(f"dpkg-deb --build /build /trivial-{version}.deb && rm -r /build", check=True)
    return f"/trivial-{version}.deb"


def build_rpm(box: Box, version: str, relation: str = "") -> str:
    """Build a trivial .rpm in the box; return its path there."""
    write(box, "/build/trivial.spec", SPEC.format(version=version, relation=relation))
    box.run("rpmbuild -bb --define '_topdir /build' /build/trivial.spec", check=True)
    box.run(f"mv /build/RPMS/noarch/*.rpm /trivial-{version}.rpm && rm -r /build", check=True)
    return f"/trivial-{version}.rpm"


def test_debian_release(debian: Target) -> None:
    """A Debian target is the release, with the C library, that its name says."""
    with debian.box() as box:
        release = box.run(". /etc/os-release; echo $ID:$VERSION_ID").stdout.strip()
        glibc = box.run("getconf GNU_LIBC_VERSION").stdout.split()[1]

    assert (debian.name, debian.glibc) == (release, glibc)


def test_debian_install_and_purge(debian: Target) -> None:
    """Apt installs, upgrades and purges local packages offline and leaves nothing behind."""
    with debian.box() as box:
        old, new = build_deb(box, "1.0"), build_deb(box, "2.0")
        before = snapshot(box)
        box.packages.install(old)
        box.packages.upgrade(new)
        version, damage = box.packages.version("trivial"), box.packages.verify("trivial").output
        box.run("echo broken > /opt/trivial/version")
        broken = box.packages.verify("trivial").output
        box.packages.purge("trivial")
        left = difference(before, snapshot(box))

    assert (version, damage) == ("2.0", "")
    assert "/opt/trivial/version" in broken
    # dpkg removes a directory that it did not make once the last package with files in it goes.
    assert set(left) <= {"- /opt"}


def test_debian_boots(debian: Target) -> None:
    """Systemd comes up as process 1 with no failed unit and runs what it is given."""
    with debian.boot() as machine:
        machine.run("systemd-run --unit=sleeper sleep 1000", check=True)
        later = machine.run("systemctl is-active sleeper").stdout.strip()
        state, failed = machine.state(), machine.run("systemctl --failed --no-legend").stdout

    assert (state, failed, later) == ("running", "", "active")


def test_rpm_verifies(rpm_target: Target) -> None:
    """Every file of a fresh rpm target is as its package says."""
    with rpm_target.box() as box:
        assert box.run("rpm -Va").output == ""


def test_rpm_versions(rpm_target: Target) -> None:
    """An rpm target has the rpm and the C library that it says."""
    with rpm_target.box() as box:
        rpm = box.run(["rpm", "-q", "--qf", "%{VERSION}", "rpm"]).stdout
        glibc = box.run(["rpm", "-q", "--whatprovides", "--qf", "%{VERSION}", "glibc"]).stdout

    assert rpm.startswith(rpm_target.release + ".")
    assert glibc.startswith(rpm_target.glibc)


@pytest.mark.parametrize("command", ["dnf install -y", "yum localinstall -y"])
def test_rpm_install(rpm_target: Target, command: str) -> None:
    """Dnf, under both of its names, installs a local file with no repository at all."""
    if "localinstall" in command and rpm_target.release == "6":
        command = "yum install -y"  # dnf 5 has dropped the old alias
    with rpm_target.box() as box:
        path = build_rpm(box, "1.0")
        box.run(f"{command} {path}", check=True)

        assert box.packages.version("trivial") == "1.0-1"


def test_rpm_upgrade_undo_and_remove(rpm_target: Target) -> None:
    """Dnf upgrades and removes, leaves nothing behind, and rpm notices a changed file."""
    with rpm_target.box() as box:
        old, new = build_rpm(box, "1.0"), build_rpm(box, "2.0")
        before = snapshot(box)
        box.packages.install(old)
        box.packages.upgrade(new)
        version, damage = box.packages.version("trivial"), box.packages.verify("trivial").output
        box.run("echo broken > /opt/trivial/version")
        broken = box.packages.verify("trivial").output
        box.packages.remove("trivial")
        left = difference(before, snapshot(box))

    assert (version, damage, left) == ("2.0-1", "", [])
    assert "/opt/trivial/version" in broken


def test_rpm_history_undo(rpm_target: Target) -> None:
    """Dnf can undo an installation."""
    with rpm_target.box() as box:
        box.packages.install(build_rpm(box, "1.0"))
        box.run("dnf history undo -y last", check=True)

        assert box.packages.version("trivial") is None


def test_rpm_refuses_newer_glibc(rpm_target: Target) -> None:
    """Dnf refuses a package that needs a C library newer than the target's."""
    with rpm_target.box() as box:
        needy = build_rpm(box, "1.0", "Requires: libc.so.6(GLIBC_2.99)(64bit)")
        refused = box.packages.install(needy, check=False)

        assert refused.returncode != 0
        assert "libc.so.6(GLIBC_2.99)(64bit)" in refused.output


def test_rpm_accepts_own_glibc(rpm_target: Target) -> None:
    """Dnf finds the C library's symbol versions, a shell and a loader in the target's packages."""
    requires = "Requires: libc.so.6(GLIBC_2.28)(64bit) /bin/sh /usr/sbin/useradd rtld(GNU_HASH)"
    with rpm_target.box() as box:
        box.packages.install(build_rpm(box, "1.0", requires))


def test_rpm_boots(rpm_target: Target) -> None:
    """Systemd comes up in an rpm target, and a unit without a preset is left disabled."""
    with rpm_target.boot() as machine:
        write(
            machine,
            "/etc/systemd/system/new.service",
            "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n",
        )
        machine.run("systemctl preset new.service", check=True)
        enabled = machine.run("systemctl is-enabled new.service").stdout.strip()

        assert (machine.state(), enabled) == ("running", "disabled")


@pytest.fixture(params=["box", "boot"])
def box(request: pytest.FixtureRequest, any_target: Target, tmp_path: Path) -> Iterator[Box]:
    """Open a box with a share and a small disk, first without systemd and then with it."""
    (tmp_path / "file").write_text("shared")
    with getattr(any_target, request.param)(shares={"/share": tmp_path}, tmpfs={"/opt": "1M"}) as box:
        yield box


def test_offline(box: Box) -> None:
    """A box has a loopback that is up, and nothing that leads out."""
    links = box.run("ip -o link show up | cut -d: -f2").stdout.split()

    assert (links, box.run("ip route").stdout) == (["lo"], "")


def test_share_is_read_only(box: Box) -> None:
    """What the host shares can be read in the box, and not changed."""
    read, written = box.run("cat /share/file"), box.run("echo x > /share/file")

    assert (read.stdout, written.returncode != 0) == ("shared", True)


def test_small_disk(box: Box) -> None:
    """A size-limited mount fills up, for tests of a full disk."""
    assert "No space left" in box.run("head -c 2M /dev/zero > /opt/file").stderr


def test_background(box: Box) -> None:
    """What a command leaves running does not hold it up and is there for the next."""
    started = time.monotonic()
    box.run("sleep 1234 & echo $! > /pid", check=True)

    assert box.run("kill -0 $(cat /pid)").returncode == 0
    assert time.monotonic() - started < 5


def test_environment(box: Box) -> None:
    """Nothing of the host's environment reaches a command, and all that is given to it does."""
    names = {line.partition("=")[0] for line in box.run("env", env={"GIVEN": "1"}).stdout.splitlines()}

    assert {"PATH", "GIVEN"} < names <= {*ENVIRONMENT, "GIVEN", "PWD", "OLDPWD", "SHLVL", "_"}


def test_failure(box: Box) -> None:
    """A checked command that fails raises an error with its status and what it said."""
    with pytest.raises(CommandFailedError, match=r"(?s)status 3.*out.*err") as caught:
        box.run("echo out; echo err >&2; exit 3", check=True)

    assert caught.value.result.returncode == 3


def test_timeout(box: Box) -> None:
    """A command that takes too long is ended with its children."""
    with pytest.raises(CommandTimedOutError):
        box.run("sleep 4321; true", timeout=0.5)

    assert "sleep 4321" not in box.run(["ps", "-eo", "args"]).stdout


def test_thrown_away(any_target: Target) -> None:
    """Two boxes share nothing, and nothing of either is left."""
    with any_target.box() as first, any_target.box() as second:
        first.run("touch /mark", check=True)
        seen = [(box.root / "mark").exists() for box in (first, second)]
        roots = [first.root, second.root]

    assert seen == [True, False]
    assert not any(root.exists() for root in roots)


def test_two_machines(any_target: Target) -> None:
    """Two machines run their own units under the same name."""
    with any_target.boot() as first, any_target.boot() as second:
        for machine in (first, second):
            machine.run("systemd-run --unit=same sleep 1000", check=True)
        first.run("systemctl stop same", check=True)
        states = [machine.run("systemctl is-active same").stdout.strip() for machine in (first, second)]

    assert states == ["inactive", "active"]


OWNER = """\
import sys
from tests.targets import TARGETS
with getattr(TARGETS[sys.argv[1]], sys.argv[2])() as box:
    print(box.root, flush=True)
    box.run("sleep 1000", timeout=1000)
"""


@pytest.mark.parametrize("kind", ["box", "boot"])
@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGINT])
def test_interrupted(any_target: Target, kind: str, sent: signal.Signals) -> None:
    """A box ends with the process that made it, in whatever way that ends."""
    argv = [sys.executable, "-c", OWNER, any_target.name, kind]
    with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as owner:
        assert owner.stdout is not None
        root = Path(owner.stdout.readline().strip())
        there = root.exists()
        owner.send_signal(sent)
    deadline = time.monotonic() + 10
    while root.exists() and time.monotonic() < deadline:
        time.sleep(0.05)

    assert (there, root.exists()) == (True, False)


def test_needs() -> None:
    """The command for the Makefile prints what apt-get has to install."""
    argv = [sys.executable, "-m", "tests.targets", "needs"]
    said = subprocess.run(argv, cwd=ROOT, stdout=subprocess.PIPE, check=True, text=True)

    assert said.stdout.split() == [*APT_PACKAGES, *FOREIGN_PACKAGES]
