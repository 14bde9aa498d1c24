"""Which wheels are wanted, and what of a lock may rise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pkggen.model import Interpreter, Origin, Target, Wheel, WheelSpec


@dataclass(frozen=True, slots=True)
class Renewal:
    """Which versions a lock that is made again may raise: all, or those of ``packages``."""

    everything: bool = False
    packages: tuple[str, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """Return uv's arguments; none when no version may rise."""
        chosen = tuple(word for name in self.packages for word in ("--upgrade-package", name))
        return ("--upgrade",) if self.everything else chosen


AS_IT_IS = Renewal()


@dataclass(frozen=True, slots=True)
class Demand:
    """Which wheels are wanted, for what, and where their lock lies.

    ``root`` is the directory where locks are looked for and, when there is none, ``pylock.toml``
    is written; ``project`` is the project's own name, which a lock may list. With ``offline`` no
    network is touched. ``build`` makes wheels of what a lock takes from folders and repositories.
    """

    spec: WheelSpec
    target: Target
    interpreter: Interpreter
    root: Path
    project: str = ""
    offline: bool = False
    build: Callable[[Origin], Wheel] | None = None
