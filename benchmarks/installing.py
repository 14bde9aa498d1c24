"""Installing, configuring and going back on a target, against what each replaces, in one run.

    python -m benchmarks.installing --archive INTERPRETER.tar.gz [--set small|heavy] [--target debian:12] [--rounds 3]

Each round has fresh offline boxes, on one file system. In turn:

- whole install: ``apt-get install`` of the package, against ``dpkg --unpack`` of a package with the
  very same data member and no scripts ("bare"): what the package manager takes to put those files
  there, flushed to disk, and nothing else. ``apt-get install`` of the bare one tells apt's own part.
- post-install: ``dpkg --configure`` after ``dpkg --unpack``, against ``python -m venv`` and
  ``pip install --no-index`` of the same wheels with the interpreter of the same archive.
- rollback: ``<app>-releases rollback`` after an upgrade, against ``apt-get install`` of the old version.

The medians count: seconds, and in brackets seconds of processors, which other load moves less.
No box is removed before the last round: for half a minute after many files were deleted ext4 passes
their inodes over, one by one, at each new directory (recently_deleted() in its ialloc.c), and making
4,700 of them took up to six times as long. No target deletes a whole system just before an installation.
"""

from __future__ import annotations

import os
import shutil
import time
from collections import defaultdict
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.cost import Cost, median_of
from benchmarks.sets import SETS, Subject, arguments_of, make_bare, make_subject, timed, workshop
from tests.targets import TARGETS, Box

APT = "apt-get install -qq -y --allow-downgrades"
RECENT = 40  # seconds that ext4 remembers a deleted inode, and some more


def main() -> None:
    """Build, install, go back and compare; print the medians and ratios of each set."""
    arguments = arguments_of(__doc__, rounds=3)
    with workshop(arguments.archive) as directory:
        for name in arguments.sets or SETS:
            subject = make_subject(name, directory, arguments.archive, arguments.target)
            make_bare(subject.packages[0], subject.home / "dist/bare.deb")
            seconds: dict[str, list[Cost]] = defaultdict(list)
            os.sync()
            time.sleep(RECENT)
            with ExitStack() as boxes:
                lab = Lab(subject, directory, arguments.target, boxes)
                for number in range(arguments.rounds):
                    measure(lab, seconds, number)
            show(name, {what: median_of(costs) for what, costs in seconds.items()})
            shutil.rmtree(subject.home)


@dataclass(frozen=True)
class Lab:
    """A subject, what its fresh systems are made of, and those that were used and stay until the end."""

    subject: Subject
    directory: Path
    target: str
    boxes: ExitStack

    def box(self) -> Box:
        """Return a system that nothing was done to."""
        return self.boxes.enter_context(TARGETS[self.target].box(shares={"/share": self.directory}))


def measure(lab: Lab, seconds: dict[str, list[Cost]], number: int) -> None:
    """Add the times of round ``number`` to ``seconds``."""
    dist, name = f"/share/{lab.subject.home.name}/dist", lab.subject.name
    old, new = (f"{dist}/{package.name}" for package in lab.subject.packages)

    def install() -> None:
        installed = lab.box()
        seconds["install"].append(timed(installed, f"{APT} {old}"))
        seconds["upgrade"].append(timed(installed, f"{APT} {new}"))
        releases = f"/opt/{name}/bin/{name}-releases"
        seconds["rollback"].append(timed(installed, f"{releases} rollback"))
        installed.run(f"{releases} rollback", check=True)
        seconds["reinstall"].append(timed(installed, f"{APT} {old}"))

    def unpack() -> None:
        seconds["unpack"].append(timed(lab.box(), f"dpkg --unpack {dist}/bare.deb"))

    def apt() -> None:
        seconds["apt"].append(timed(lab.box(), f"{APT} {dist}/bare.deb"))

    def configure() -> None:
        configured = lab.box()
        seconds["own unpack"].append(timed(configured, f"dpkg --unpack {old}"))
        seconds["configure"].append(timed(configured, f"dpkg --configure {name}"))
        venv = timed(configured, "/share/interpreter/python/bin/python3 -m venv /tmp/venv")
        wheels = f"/share/{lab.subject.home.name}/wheels"
        pip = f"/tmp/venv/bin/pip install -q --no-index --find-links {wheels} {wheels}/*.whl"
        seconds["pip"].append(venv + timed(configured, pip))

    steps = [install, unpack, apt, configure]
    for step in steps[number % 4 :] + steps[: number % 4]:  # none always comes first
        step()


def show(name: str, costs: dict[str, Cost]) -> None:
    """Print one line for each comparison: seconds, and in brackets those of processors."""
    pairs = (
        ("whole install", "install", "bare unpacking", "unpack"),
        ("whole install", "install", "apt with the bare package", "apt"),
        ("post-install", "configure", "venv and pip", "pip"),
        ("rollback", "rollback", "reinstalling the old version", "reinstall"),
    )
    for ours, mine, theirs, other in pairs:
        a, b = costs[mine], costs[other]
        shown = (f"{x / y:.2f}" if x > y / 2 else f"1/{y / x:.0f}" for x, y in ((a.wall, b.wall), (a.cpu, b.cpu)))
        wall, cpu = shown
        print(f"{name}: {ours} {a.wall:.2f} ({a.cpu:.2f}) s, {theirs} {b.wall:.2f} ({b.cpu:.2f}) s: {wall} ({cpu})")
    rest = (f"{what} {costs[what].wall:.2f} ({costs[what].cpu:.2f}) s" for what in ("own unpack", "upgrade"))
    print(f"{name}: {', '.join(rest)}", flush=True)


if __name__ == "__main__":
    main()
