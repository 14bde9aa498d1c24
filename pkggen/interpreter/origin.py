"""An interpreter before it is embedded: where it is from, what identifies it, how to get it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Source:
    """``origin`` is for people; ``digest`` changes whenever the bytes may.

    ``fill`` puts ``bin/`` and ``lib/`` into an empty directory, every file with its mtime.
    """

    origin: str
    digest: str
    fill: Callable[[Path], None]
