"""Killed at its hooks, its health checks or on a way back, an upgrade is still carried through or gone back from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from random import Random

import pytest

from tests.e2e.fault_application import TinyPackages
from tests.e2e.fault_injection import tracer
from tests.e2e.fault_rollout import HOME, MODES, Rollout, Step
from tests.e2e.pulse import packages
from tests.targets import Target

UNPACK = {"deb": "dpkg --unpack {0}", "rpm": "rpm -U --noscripts {0}"}
SHARE = 20
Deaths = Iterator[tuple[bool, list[str]]]


def test_deb_rollout_survives(
    tiny_packages: TinyPackages,
    debian_12: Target,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    figure: Callable[[str], None],
) -> None:
    """No kill of a hook, of the health gate, of the way back or of a rollback by hand loses a release or a service."""
    campaign(tiny_packages, debian_12, tmp_path, int(request.config.getoption("--faults")), figure)


def test_rpm_rollout_survives(
    tiny_packages: TinyPackages,
    rpm_target: Target,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    figure: Callable[[str], None],
) -> None:
    """The same on an RPM-native system."""
    campaign(tiny_packages, rpm_target, tmp_path, int(request.config.getoption("--faults")), figure)


def campaign(
    tiny_packages: TinyPackages, target: Target, scratch: Path, number: int, figure: Callable[[str], None]
) -> None:
    """Kill each step in each way it may end, for a part of ``number``; tell how often something was lost."""
    chance, old, new = Random(target.name), *packages(tiny_packages, target.family)
    shares = {"/pkgs": tiny_packages.directory, "/tracer": tracer(scratch / "tracer")}
    with target.boot(shares=shares) as machine:
        machine.packages.install(old)
        first = machine.run(f"readlink {HOME}/current").stdout.strip().removeprefix("releases/")
        machine.run(UNPACK[target.family].format(new), check=True)
        trials = {mode: Rollout(machine, mode, first) for mode in MODES}
        number = max(1, number // SHARE)
        deaths = {
            "settle": list(settlings(trials, number, chance)),
            "before": list(migrations(trials, number, chance)),
            "rollback": list(rollbacks(trials[""], number, chance)),
        }
    for name, results in deaths.items():
        struck, bad = sum(alive for alive, _ in results), sum(bool(text) for _, text in results)
        figure(f"{target.name}: {name} killed {struck} times (--faults / {SHARE}), {bad} losses")
    lost = [text for results in deaths.values() for _, losses in results for text in losses]
    assert not lost, "\n".join(lost)
    assert all(any(alive for alive, _ in results) for results in deaths.values()), "it was never killed in time"


def settlings(trials: Mapping[str, Rollout], number: int, chance: Random) -> Deaths:
    """Kill the health gate, the way back and the hook after them ``number`` times for each end it may have."""
    for trial in trials.values():
        for step in some(trial.count(), number, chance):
            yield trial.losses(step)


def migrations(trials: Mapping[str, Rollout], number: int, chance: Random) -> Deaths:
    """Kill the hook's keeper before the switch, alone or with the run that waits for it."""
    for index, step in enumerate(some(trials[""].count_before(), number, chance)):
        trial = trials["500" if index % 2 else ""]
        yield trial.losses_before(step, both=chance.random() < 0.5)


def rollbacks(trial: Rollout, number: int, chance: Random) -> Deaths:
    """Kill a rollback, of an upgrade that is settled or not; then the same again, or with a name."""
    for step in some(trial.count_rollback(), number, chance):
        yield trial.losses_rollback(step, settled=chance.random() < 0.5, named=chance.random() < 0.5)


def some(steps: Mapping[str, Sequence[Step]], number: int, chance: Random) -> list[Step]:
    """Return so many steps, of each kind of calls in turn; the first is one that a run makes for certain.

    How often a service is asked varies, and with it how many calls of a name there are.
    """
    kinds = [kind for kind in steps.values() if kind]
    first = [step for step in kinds[0] if step[1] == 1]
    return [chance.choice(kinds[index % len(kinds)] if index else first) for index in range(number)]
