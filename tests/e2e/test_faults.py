"""Nothing is lost on the target, whatever breaks at whichever moment of an activation."""

from __future__ import annotations

import itertools
import os
import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.e2e.fault_application import NEW, OLD, Tiny, TinyPackages
from tests.e2e.fault_injection import FIRST, MEND, REMOVE, ROLLBACK, UPGRADE, calls_of, every_fault, tracer
from tests.e2e.fault_interruption import ALL, INSTALL, MANAGER, RECOVER, SECONDS, losses, versions
from tests.e2e.fault_trial import CONFIGURE, PROGRAM, VERBS, Trial
from tests.e2e.packages import PORTABLE
from tests.targets import Box, Target

Figure = Callable[[str], None]

COPIED = "-e inject=link,linkat:error=EXDEV"
SCENARIOS = [(UPGRADE, False), (UPGRADE, True), (FIRST, False), (MEND, False), (ROLLBACK, False), (REMOVE, False)]
FAULTS, KILLINGS = {"activated": 1, "archived": 15}, {"activated": 8, "archived": 30}
"""By mode, which part of ``--faults`` is tried: with archived wheels a trial takes seconds, most of them pip's."""

in_modes = pytest.mark.parametrize("mode", FAULTS)


@pytest.fixture
def number(request: pytest.FixtureRequest) -> int:
    """Return how many faults each campaign tries."""
    return int(request.config.getoption("--faults"))


@dataclass
class Trials:
    """Targets in which both versions are known, which take a while to come by; closed with ``stack``."""

    tiny_packages: TinyPackages
    strace: Path
    stack: ExitStack
    known: dict[tuple[str, str], Trial] = field(default_factory=dict)

    def fresh(self, target: Target, mode: str) -> Trial:
        """Return one in which nothing was tried yet."""
        shares = {"/pkgs": self.tiny_packages.directory, "/tracer": self.strace}
        # elsewhere than in the default mode, so that two kinds of file systems are tried
        tmpfs = {"/opt": "500M"} if mode == "archived" else {}
        box = self.stack.enter_context(target.box(shares=shares, tmpfs=tmpfs))
        trial = self.known[target.name, mode] = Trial(box, packages(self.tiny_packages, target.family, mode), mode)
        return trial

    def used(self, target: Target, mode: str) -> Trial:
        """Return the one that ``fresh`` gave before, if it did."""
        return self.known.get((target.name, mode)) or self.fresh(target, mode)


@pytest.fixture(scope="module")
def trials(tiny_packages: TinyPackages, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trials]:
    """Return the targets that the tests of this module share."""
    with ExitStack() as stack:
        yield Trials(tiny_packages, tracer(tmp_path_factory.mktemp("tracer") / "bin"), stack)


def packages(tiny_packages: TinyPackages, family: str, mode: str = "activated") -> dict[str, str]:
    """Return the tiny application's packages by version."""
    return {version: tiny_packages.add(Tiny(mode=mode), version)[family] for version in (OLD, NEW)}


@in_modes
def test_deb_activation_survives(mode: str, trials: Trials, debian_12: Target, number: int, figure: Figure) -> None:
    """Killed or failing at any system call, configure leaves a whole release current, and its next run ends well."""
    campaign(trials.fresh(debian_12, mode), debian_12.name, number, figure)


@in_modes
def test_rpm_activation_survives(mode: str, trials: Trials, rpm_target: Target, number: int, figure: Figure) -> None:
    """The same on an RPM-native system."""
    campaign(trials.fresh(rpm_target, mode), rpm_target.name, number, figure)


def campaign(trial: Trial, target: str, number: int, figure: Figure) -> None:
    """Try the mode's part of ``number`` faults on one target and tell how many lost something."""
    seed, part, calls = f"{target}, {trial.mode}", FAULTS[trial.mode], {}
    number = max(1, number // part)
    # few faults strike few scenarios
    for scenario, copying in random.Random(seed).sample(SCENARIOS, min(number, len(SCENARIOS))):
        trial.reset(scenario)
        calls[scenario, copying] = calls_of(trial.box, f"{PROGRAM} {VERBS[scenario]}", COPIED if copying else "")
    results = [trial.losses(fault) for fault in itertools.islice(every_fault(calls, seed), number)]
    lost = [text for losses in results for text in losses]
    figure(f"{seed}: {len(results)} faults{of(part)}, {trial.struck} struck, {sum(map(bool, results))} losses")
    assert not lost, "\n".join(lost)
    assert trial.struck * 4 > len(results) * 3, "many calls were not made again"


def of(part: int) -> str:
    """Tell which part of ``--faults`` a number is."""
    return f" (--faults / {part})" if part > 1 else ""


@in_modes
def test_dpkg_killed_in_postinst(mode: str, trials: Trials, debian_12: Target, number: int, figure: Figure) -> None:
    """Dpkg killed while its postinst runs, then at once ``dpkg --configure -a``, which may meet the orphan."""
    killings(trials.used(debian_12, mode), debian_12.name, number, figure)


@in_modes
def test_rpm_killed_in_post(mode: str, trials: Trials, rpm_target: Target, number: int, figure: Figure) -> None:
    """Rpm killed while its %post runs, then at once the same transaction again."""
    killings(trials.used(rpm_target, mode), rpm_target.name, number, figure)


def killings(trial: Trial, target: str, number: int, figure: Figure) -> None:
    """Kill the package manager for the mode's part of ``number``; tell how often something was lost."""
    chance, part, results = random.Random(target), KILLINGS[trial.mode], []
    trial.reset(UPGRADE)
    trial.box.run(RECOVER[trial.box.family].format(trial.packages[NEW]), check=True)
    for index, version in enumerate(versions(max(1, number // part))):
        # the first is early enough to strike for certain
        delay = chance.uniform(0, SECONDS[trial.mode] / (1 if index else 4))
        results.append(losses(trial, version, chance.choice([ALL, MANAGER]), delay))
    lost = [text for _, losses in results for text in losses]
    struck, bad = sum(alive for alive, _ in results), sum(bool(text) for _, text in results)
    figure(f"{target}, {trial.mode}: package manager killed {struck} times{of(part)}, {bad} losses")
    assert struck, "it was never killed in time"
    assert not lost, "\n".join(lost)


def test_deb_surroundings(tiny_packages: TinyPackages, debian_12: Target) -> None:
    """No space, no inodes, no writing, two runs at once, a hostile environment: refused or mastered."""
    surroundings(tiny_packages, debian_12)


def test_rpm_surroundings(tiny_packages: TinyPackages, rpm_target: Target) -> None:
    """The same on an RPM-native system."""
    surroundings(tiny_packages, rpm_target)


def surroundings(tiny_packages: TinyPackages, target: Target) -> None:
    """Try all surroundings on one target with a small /opt."""
    with target.box(shares={"/pkgs": tiny_packages.directory}, tmpfs={"/opt": "220M" if PORTABLE else "480M"}) as box:
        trial = Trial(box, packages(tiny_packages, target.family))
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
