"""A package manager that is killed while it unpacks a venv that is complete in its package."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from tests.e2e.fault_application import NEW, OLD
from tests.e2e.fault_interruption import INSTALL, RECOVER, STATE, interrupt, managing
from tests.targets import Box
from tests.targets.snapshot import BOOKKEEPING

SCRIPTS = "/var/tmp/rpm-tmp."
"""rpm's own copies of scriptlets, which it leaves when it is killed in one."""

VERSION = {
    "deb": "dpkg-query -W -f '${Status} ${Version}\n' tiny",
    "rpm": "rpm -q --qf 'install ok installed %{VERSION}-%{RELEASE}\n' tiny",
}


@dataclass
class Unpacking:
    """A box in which both versions were installed undisturbed, once each: what there is then, and how long it took."""

    box: Box
    packages: dict[str, str]
    whole: dict[str, set[str]] = field(init=False, default_factory=dict)
    seconds: dict[str, float] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Install the old version, then the new one."""
        for version in (OLD, NEW):
            begin = time.monotonic()
            self.install(version)
            self.seconds[version] = time.monotonic() - begin
            self.whole[version] = self.files()

    def install(self, version: str) -> str:
        """Install a version; return what is wrong, or nothing."""
        done = self.box.run(INSTALL[self.box.family].format(self.packages[version]), timeout=120)
        return f"installing it again gave {done}" if done.returncode else ""

    def files(self) -> set[str]:
        """Return all files of the system but the package manager's own."""
        own = (*BOOKKEEPING[self.box.family], SCRIPTS)
        names = self.box.run("find / /opt -xdev ! -type d", check=True).stdout.splitlines()
        return {name for name in names if not name.startswith(own)}

    def installed(self) -> str:
        """Return the version that is installed and configured, alone; else nothing."""
        rows = self.box.run(VERSION[self.box.family]).stdout.splitlines()
        known = {f"install ok installed {version}-1": version for version in (OLD, NEW)}
        return known.get(rows[0], "") if len(rows) == 1 else ""

    def losses(self, version: str, victim: str, share: float) -> tuple[bool, list[str]]:
        """Kill the installation of ``version`` after a share of its time; tell whether it lived, and what is wrong."""
        family, delay = self.box.family, share * self.seconds[version]
        alive = interrupt(self.box, INSTALL[family].format(self.packages[version]), victim, delay, managing)
        wrong = []
        recovered = self.box.run(RECOVER[family].format(self.packages[version]), timeout=120)
        if family == "rpm" and recovered.returncode:
            wrong.append(f"the same transaction again gave {recovered}")
        if not self.installed():  # dpkg itself says that a package that is half unpacked has to be installed again
            wrong += filter(None, [self.install(version)])
        found = self.installed()
        said = self.box.run(["/usr/bin/tiny"]).output.strip()
        if not found or said != f"tiny {found}":
            wrong.append(f"version {found or 'none'} is installed, the command says {said!r}")
        wrong += [f"the package manager says {state}" for state in [self.box.run(STATE[family]).output] if state]
        more = sorted(self.files() ^ self.whole.get(found, set()))
        wrong += [f"{len(more)} files are left over or missing, such as {more[:3]}"] if more else []
        return alive, [f"{victim} killed {delay:.3f} s into the installation of {version}: {text}" for text in wrong]
