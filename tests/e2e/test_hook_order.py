"""The project's hooks: when each runs, what it is told, and what its failure leaves."""

from __future__ import annotations

from tests.e2e.fault_application import NEW, OLD, TinyPackages
from tests.e2e.pulse import LOG, packages, serving, set_mode
from tests.targets import Machine, Target

INSTALL = {"deb": "apt-get install -y {0}", "rpm": "rpm -U --force {0}"}


def test_deb_hooks(tiny_packages: TinyPackages, debian_12: Target) -> None:
    """On Debian, from installation to purge."""
    with debian_12.boot(shares={"/pkgs": tiny_packages.directory}) as machine:
        hooks(machine, *packages(tiny_packages, "deb"))
        machine.packages.purge("pulse")
        assert told(machine) == [seen("after-remove", NEW, "", "purge", release="", current="", format="deb")]


def test_rpm_hooks(tiny_packages: TinyPackages, rpm_target: Target) -> None:
    """With rpm, from installation to removal."""
    with rpm_target.boot(shares={"/pkgs": tiny_packages.directory}) as machine:
        hooks(machine, *packages(tiny_packages, "rpm"))


def hooks(machine: Machine, old: str, new: str) -> None:
    """Install, fail to migrate, fail to be healthy, upgrade, remove; compare what the hooks saw each time."""
    family = machine.family
    machine.run(INSTALL[family].format(old), check=True, timeout=120)
    assert told(machine) == [
        seen("before-install", "", OLD, "install", release=OLD, current="", format=family),
        seen("after-install", "", OLD, "install", release=OLD, current=OLD, format=family),
    ]
    first = serving(machine)
    assert first["columns"] == ["text"]

    set_mode(machine, "migration")
    done = machine.run(INSTALL[family].format(new), timeout=120)
    assert "the migration does not work" in done.output
    assert "the hook before-upgrade (/opt/pulse/lib/hooks/before-upgrade.py) failed with status 1" in done.output
    assert family == "rpm" or done.returncode != 0
    before = seen("before-upgrade", OLD, NEW, "upgrade", release=NEW, current=OLD, format=family)
    before |= {"user": "pulse", "serving": OLD, "code": NEW}
    assert told(machine) == [before]
    assert serving(machine) == first  # the same process, on the old schema
    assert machine.run("ls -A /opt/pulse/releases").stdout.startswith(f"{OLD}-1-")
    if family == "rpm":
        assert "is current, not the package's" in machine.run("rpm -V pulse").output

    set_mode(machine, "500")
    again = {"deb": "dpkg --configure -a", "rpm": INSTALL["rpm"].format(new)}[family]
    machine.run(again, timeout=120)
    assert told(machine) == [before]  # what comes after a healthy start did not run
    assert serving(machine)["version"] == OLD

    set_mode(machine, "")
    machine.run(again, check=True, timeout=120)
    after = seen("after-upgrade", OLD, NEW, "upgrade", release=NEW, current=NEW, format=family)
    assert told(machine) == [before, after | {"user": "root", "serving": NEW, "code": NEW}]
    assert serving(machine)["columns"] == ["text", "stamp"]

    machine.packages.remove("pulse")
    assert told(machine) == [
        seen("before-remove", NEW, "", "remove", release=NEW, current=NEW, format=family),
        seen("after-remove", NEW, "", "remove", release="", current="", format=family),
    ]


def told(machine: Machine) -> list[dict[str, str]]:
    """Return what the hooks have written down since the last call; releases and links by their version."""
    lines = machine.run(f"cat {LOG} && rm {LOG} && install -m 0666 /dev/null {LOG}", check=True).stdout.splitlines()
    rows = [dict(word.split("=", 1) for word in line.split(" ") if word) for line in lines]
    for row in rows:
        row["RELEASE"] = row["RELEASE"].rpartition("/")[2].partition("-")[0]
        row["current"] = row["current"].rpartition("/")[2].partition("-")[0]
    return rows


def seen(hook: str, old: str, new: str, reason: str, *, release: str, current: str, format: str) -> dict[str, str]:  # noqa: A002
    """Return what a shell hook, run as root, writes down."""
    return {
        "HOOK": hook, "APP": "pulse", "PREFIX": "/opt/pulse", "OLD_VERSION": old, "NEW_VERSION": new,
        "RELEASE": release, "FORMAT": format, "REASON": reason, "current": current, "user": "root",
    }  # fmt: skip
