"""Nothing is lost on the target, whatever breaks at whichever moment of an activation."""

from __future__ import annotations

import itertools
import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.fault_application import NEW, OLD, Shelf, Tiny
from tests.e2e.fault_injection import FIRST, MEND, REMOVE, ROLLBACK, UPGRADE, calls_of, every_fault, tracer
from tests.e2e.fault_interruption import ALL, INSTALL, MANAGER, RECOVER, losses, versions
from tests.e2e.fault_trial import CONFIGURE, PROGRAM, VERBS, Trial
from tests.e2e.packages import Factory
from tests.targets import Box, Target

Figure = Callable[[str], None]

COPIED = "-e inject=link,linkat:error=EXDEV"


@pytest.fixture
def shelf(factory: Factory) -> Shelf:
    """Return where the versions lie, which all tests of a run share."""
    directory = factory.directory / "shelf"
    directory.mkdir(exist_ok=True)
    return Shelf(directory)


@pytest.fixture(scope="session")
def strace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the directory with strace that targets mount."""
    return tracer(tmp_path_factory.mktemp("tracer") / "bin")


@pytest.fixture
def number(request: pytest.FixtureRequest) -> int:
    """Return how many faults each campaign tries."""
    return int(request.config.getoption("--faults"))


def packages(shelf: Shelf, family: str) -> dict[str, str]:
    """Return the tiny application's packages by version."""
    return {version: shelf.add(Tiny(), version)[family] for version in (OLD, NEW)}


def test_deb_activation_survives(shelf: Shelf, strace: Path, debian_12: Target, number: int, figure: Figure) -> None:
    """Killed or failing at any system call, activate.py leaves a whole release current, and its next run ends well."""
    campaign(shelf, strace, debian_12, number, figure)


def test_rpm_activation_survives(shelf: Shelf, strace: Path, rpm_target: Target, number: int, figure: Figure) -> None:
    """The same on an RPM-native system."""
    campaign(shelf, strace, rpm_target, number, figure)


def campaign(shelf: Shelf, strace: Path, target: Target, number: int, figure: Figure) -> None:
    """Try ``number`` faults on one target and tell how many lost something."""
    with target.box(shares={"/pkgs": shelf.directory, "/tracer": strace}) as box:
        trial = Trial(box, packages(shelf, target.family))
        calls = {}
        for scenario, copying in [
            (UPGRADE, False),
            (UPGRADE, True),
            *((s, False) for s in (FIRST, MEND, ROLLBACK, REMOVE)),
        ]:
            trial.reset(scenario)
            calls[scenario, copying] = calls_of(box, f"{PROGRAM} {VERBS[scenario]}", COPIED if copying else "")
        faults = itertools.islice(every_fault(calls, target.name), number)
        results = [trial.losses(fault) for fault in faults]
    lost = [text for losses in results for text in losses]
    figure(f"{target.name}: {len(results)} faults, {sum(map(bool, results))} losses")
    assert not lost, "\n".join(lost)


def test_dpkg_killed_in_postinst(shelf: Shelf, debian_12: Target, number: int, figure: Figure) -> None:
    """Dpkg killed while its postinst runs, then at once ``dpkg --configure -a``, which may meet the orphan."""
    killings(shelf, debian_12, number // 8, figure)


def test_rpm_killed_in_post(shelf: Shelf, rpm_target: Target, number: int, figure: Figure) -> None:
    """Rpm killed while its %post runs, then at once the same transaction again."""
    killings(shelf, rpm_target, number // 8, figure)


def killings(shelf: Shelf, target: Target, number: int, figure: Figure) -> None:
    """Kill the package manager ``number`` times on one target and tell how often something was lost."""
    chance = random.Random(target.name)
    with target.box(shares={"/pkgs": shelf.directory}) as box:
        trial = Trial(box, packages(shelf, target.family))
        box.run(RECOVER[target.family].format(trial.packages[NEW]), check=True)
        results = [
            losses(trial, version, chance.choice([ALL, MANAGER]), chance.uniform(0, 0.2))
            for version in versions(number)
        ]
    lost = [text for _, losses in results for text in losses]
    struck = sum(alive for alive, _ in results)
    figure(f"{target.name}: package manager killed {struck} times, {sum(bool(text) for _, text in results)} losses")
    assert struck, "it was never killed in time"
    assert not lost, "\n".join(lost)


def test_deb_surroundings(shelf: Shelf, debian_12: Target) -> None:
    """No space, no inodes, no writing, two runs at once, a hostile environment: refused or mastered."""
    surroundings(shelf, debian_12)


def test_rpm_surroundings(shelf: Shelf, rpm_target: Target) -> None:
    """The same on an RPM-native system."""
    surroundings(shelf, rpm_target)


def surroundings(shelf: Shelf, target: Target) -> None:
    """Try all surroundings on one target with a small /opt."""
    with target.box(shares={"/pkgs": shelf.directory}, tmpfs={"/opt": "220M"}) as box:
        trial = Trial(box, packages(shelf, target.family))
        for free in (0, 1 << 20, 8 << 20):
            with filled(box, free):
                trial.reset(UPGRADE)
                refused(trial)
                trial.reset(ROLLBACK)
                assert trial.activate("rollback").status == 0, "going back needs no space"
                assert trial.damage(OLD) == []
        for option, undone in (("ro", "rw"), ("nr_inodes={}", "nr_inodes=999999")):
            trial.reset(UPGRADE)
            few = inodes(box) + 200  # in a tmpfs each hard link takes one, which no look ahead can know
            box.run(f"mount -o remount,{option.format(few)} /opt", check=True)
            try:
                refused(trial)
            finally:
                box.run(f"mount -o remount,{undone} /opt", check=True)
            trial.activate(CONFIGURE).check_returncode()
            assert trial.wrong_after(UPGRADE) == []
        together(trial)
        hostile(trial)


def refused(trial: Trial) -> None:
    """See a run refused with the status for that, and the old release untouched."""
    outcome = trial.activate(CONFIGURE)
    assert (outcome.status, trial.wrong_now(UPGRADE), trial.left_over()) == (4, [], []), outcome.said
    assert trial.damage(OLD) == []


@contextmanager
def filled(box: Box, free: int) -> Iterator[None]:
    """Leave so many bytes free in /opt."""
    filler = box.root / "opt/filler"
    space = os.statvfs(filler.parent)
    with filler.open("wb") as stream:
        os.posix_fallocate(stream.fileno(), 0, space.f_bavail * space.f_frsize - free)
    try:
        yield
    finally:
        filler.unlink()


def inodes(box: Box) -> int:
    """Return how many inodes are in use in /opt."""
    return int(box.run("df --output=iused /opt | tail -n 1", check=True).stdout)


def together(trial: Trial) -> None:
    """Two runs at once, and a third that is killed, take turns: one makes the release, the other finds it made."""
    trial.reset(UPGRADE)
    script = f"{PROGRAM} {CONFIGURE} & a=$!; {PROGRAM} {CONFIGURE} & b=$!; timeout -s KILL 0.1 {PROGRAM} {CONFIGURE}\n"
    done = trial.box.run(script + "wait $a && wait $b")
    assert (done.returncode, trial.wrong_after(UPGRADE)) == (0, []), done.output


def hostile(trial: Trial) -> None:
    """The package manager is called where Python's own modules are overlaid, with an umask and a locale of its own."""
    trial.box.run(
        "mkdir /hostile && cd /hostile && for m in re os json hashlib; do echo 'raise SystemExit(9)' >$m.py; done"
    )
    for version in (OLD, NEW):
        trial.reset(UPGRADE if version == NEW else FIRST)
        settings = "PYTHONPATH=. PYTHONHOME=/hostile PYTHONSTARTUP=/hostile/re.py LANG=tr_TR LC_ALL=tr_TR TMPDIR=/none"
        command = f"cd /hostile && umask 077 && export {settings} && "
        done = trial.box.run(command + INSTALL[trial.box.family].format(trial.packages[version]))
        assert (done.returncode, trial.damage(version)) == (0, []), done.output
        assert trial.activate("verify").status == 0
