"""Packages in another root than the running system's: their scripts work there, or refuse; never here."""

from __future__ import annotations

import pytest

from tests.e2e.fault_application import NEW, OLD, Tiny, TinyPackages
from tests.e2e.turns import common
from tests.targets import Machine, Target

SERVE = "import time\n\n\ndef main():\n    while True:\n        time.sleep(60)\n"
SERVING = Tiny(modules=(("serve.py", SERVE),), service="serve", service_keys='user = "tiny"\n')
OTHER = "/srv/other"


@pytest.fixture(scope="module")
def tiny_packages(tmp_path_factory: pytest.TempPathFactory) -> TinyPackages:
    """Return where the packages are built."""
    return TinyPackages(common(tmp_path_factory, "roots"))


def state(machine: Machine) -> tuple[str, ...]:
    """Return all that scripts could change here: files, units, the running service."""
    looks = ("find /opt /usr/bin/tiny /etc/systemd /etc/passwd -printf '%p %T@ %i %l\\n' | sort",
             "systemctl show tiny -p ActiveState -p UnitFileState -p MainPID", "tiny")  # fmt: skip
    return tuple(machine.run(look, check=True).stdout for look in looks)


def test_deb_scripts_refuse_to_work_on_another_root(tiny_packages: TinyPackages, debian_12: Target) -> None:
    """Install, configure, upgrade, remove and purge with --force-script-chrootless: said, and nothing happens here."""
    old, new = (tiny_packages.add(SERVING, version)["deb"] for version in (OLD, NEW))
    with debian_12.boot(shares={"/pkgs": tiny_packages.directory}) as machine:
        machine.packages.install(old)
        copy_here(machine, "/var/lib/dpkg /opt/tiny")
        before = state(machine)
        removed = f"{OTHER}.removed"
        machine.run(f"cp -a {OTHER} {removed}; sed -i '/^Package: tiny$/,/^$/s/install ok installed/deinstall ok "
                    f"config-files/' {removed}/var/lib/dpkg/status", check=True)  # fmt: skip
        unpacked = f"{OTHER}.unpacked"
        machine.run(f"cp -a {OTHER} {unpacked}; sed -i '/^Package: tiny$/,/^$/s/ok installed/ok unpacked/' "
                    f"{unpacked}/var/lib/dpkg/status", check=True)  # fmt: skip
        for root, verb in ((OTHER, f"-i {new}"), (removed, f"-i {new}"), (unpacked, "--configure tiny"),
                           (OTHER, "-r tiny"), (OTHER, "-P tiny"), (removed, "-P tiny")):  # fmt: skip
            done = machine.run(f"dpkg --root={root} --force-script-chrootless {verb}", timeout=120)
            assert done.returncode != 0, verb
            assert "its scripts work on no other root than their own" in done.output, (verb, done.output)
            assert state(machine) == before, verb
        listed = machine.run(f"dpkg-query --admindir={OTHER}/var/lib/dpkg -W -f '${{Status}} ${{Version}}' tiny").stdout
        assert listed.endswith(f" ok installed {OLD}-1"), "the other root's package is as it was"


def test_deb_scripts_work_in_a_root_that_dpkg_changes_to(tiny_packages: TinyPackages, debian_12: Target) -> None:
    """Without that option dpkg changes to the root first: installed, upgraded and purged there."""
    old, new = (tiny_packages.add(SERVING, version)["deb"] for version in (OLD, NEW))
    with debian_12.boot(shares={"/pkgs": tiny_packages.directory}) as machine:
        machine.packages.install(old)
        copy_here(machine, "/var/lib/dpkg /usr /bin /lib /lib64 /sbin /etc /var/lib/systemd")
        before = state(machine)
        for verb, said in ((f"-i {new}", f"tiny {NEW}\n"), (f"-i {old}", f"tiny {OLD}\n"), ("-P tiny", "")):
            machine.run(f"dpkg --root={OTHER} {verb}", check=True, timeout=120)
            assert machine.run(f"chroot {OTHER} tiny").stdout == said
            assert state(machine) == before, verb
        assert machine.run(f"ls -A {OTHER}/opt").stdout == ""


def test_rpm_scriptlets_work_in_the_other_root(tiny_packages: TinyPackages, rpm_target: Target) -> None:
    """Rpm changes to the root before it runs them: installed, upgraded and erased there; nothing happens here."""
    old, new = (tiny_packages.add(SERVING, version)["rpm"] for version in (OLD, NEW))
    with rpm_target.boot(shares={"/pkgs": tiny_packages.directory}) as machine:
        machine.packages.install(old)
        copy_here(machine, "/usr /bin /lib /lib64 /sbin /etc /var/lib/rpm")
        before = state(machine)
        for verb, said in (
            (f"-U {new}", f"tiny {NEW}\n"),
            (f"-U --oldpackage {old}", f"tiny {OLD}\n"),
            ("-e tiny", ""),
        ):
            machine.run(f"rpm --root={OTHER} --nosignature {verb}", check=True, timeout=120)
            assert machine.run(f"chroot {OTHER} tiny").stdout == said
            assert state(machine) == before, verb
        assert machine.run(f"test -e {OTHER}/opt/tiny").returncode != 0


def copy_here(machine: Machine, places: str) -> None:
    """Make the other root of places of this one."""
    folders = " ".join(f"{OTHER}/{name}" for name in ("opt", "tmp", "run", "var/lib", "dev"))
    copy = f"for place in {places}; do cp -a --parents $place {OTHER}/; done"
    machine.run(f"mkdir -p {folders} && cd / && {copy} && mknod -m 666 {OTHER}/dev/null c 1 3", check=True, timeout=300)
