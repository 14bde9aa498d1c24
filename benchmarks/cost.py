"""What something costs: seconds by the clock, and seconds of processors in the processes that it started."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Cost:
    """``wall`` grows with other load, ``cpu`` (user and system) less; the latter leaves waiting for disks out."""

    wall: float
    cpu: float

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.wall + other.wall, self.cpu + other.cpu)


def cost_of(work: Callable[[], object]) -> Cost:
    """Return what ``work`` costs, in processes that it starts and waits for."""
    started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    work()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(time.perf_counter() - started, cpu)


def median_of(costs: Sequence[Cost]) -> Cost:
    """Return the medians of both."""
    return Cost(median(c.wall for c in costs), median(c.cpu for c in costs))
