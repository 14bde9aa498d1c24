"""A box in which systemd has booted: a machine."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from .box import Box, group_name
from .cgroup import Cgroup
from .errors import TargetError

BOOT_SECONDS = 120
BOOTED = ("running", "degraded")
"""Return what ``systemctl is-system-running`` says once booting is over, systemctl(1)."""


@dataclass
class Machine(Box):
    """A box whose process 1 is systemd, on a private network with only a loopback.

    systemd-nspawn neither registers the machine nor touches a unit of the host.
    """

    @property
    def cgroup(self) -> Cgroup:
        """The control group around the machine."""
        return Cgroup.named(group_name(self._directory))

    def _boot_command(self, root: Path) -> list[str]:
        # Without a control group of its own the machine's systemd would rule over the units
        # of every other machine that is running in ours.
        self.cgroup.make()
        return [
            *self.cgroup.entering(),
            # cgroup2 alone, as systems boot today and systemd 258 insists on, whatever the host has.
            "env",
            "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1",
            "systemd-nspawn",
            "--quiet",
            "--boot",
            f"--directory={root}",
            "--machine=target",
            "--register=no",
            "--keep-unit",
            "--private-network",
            "--console=read-only",
            "--resolv-conf=off",
            "--timezone=off",
            "--link-journal=no",
        ]

    def _await_ready(self) -> int:
        supervisor = super()._await_ready()
        deadline = time.monotonic() + BOOT_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            leader = _systemd_under(supervisor)
            if leader is not None:
                self._leader = leader
                if self.state() in BOOTED:
                    return leader
            time.sleep(0.1)
        raise TargetError(f"the machine did not boot: {self.console()}")

    def state(self) -> str:
        """Return what ``systemctl is-system-running`` says."""
        return self.run(["systemctl", "is-system-running"], timeout=20).stdout.strip()

    def journal(self, unit: str) -> str:
        """Return what ``unit`` has logged."""
        return self.run(["journalctl", "--no-pager", "-o", "cat", "-u", unit]).stdout

    def close(self) -> None:
        """End the machine at once, without shutting it down."""
        super().close()
        self.cgroup.remove()

    def entrance(self) -> list[str]:
        """Enter as in a box, and into the machine's control groups as well."""
        return ["nsenter", f"--target={self._leader}", "--all", "--root", "--wd"]


def _systemd_under(supervisor: int) -> int | None:
    """Return the host's pid of the systemd that nspawn, a child of ``supervisor``, has started."""
    for nspawn in _children(supervisor):
        for child in _children(nspawn):
            try:
                if Path(f"/proc/{child}/comm").read_text().strip() == "systemd":
                    return child
            except OSError:
                continue
    return None


def _children(parent: int) -> list[int]:
    """Return the pids of the children of ``parent``, proc(5): the second field after the last ``)``."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == parent:
            found.append(int(entry.parent.name))
    return found
