"""A Dockerfile as steps that can be run without its builder, dockerfile(5), as far as ours uses it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

KNOWN = {"FROM", "COPY", "RUN", "ENV", "WORKDIR", "ENTRYPOINT", "CMD"}


@dataclass(frozen=True)
class Dockerfile:
    """``copied`` are pairs of a pattern and a directory, ``runs`` lines for ``sh -c``."""

    base: str
    copied: tuple[tuple[str, str], ...]
    runs: tuple[str, ...]
    environment: dict[str, str]
    directory: str
    entrance: list[str]


def read(path: Path) -> Dockerfile:
    """Read the instructions; fail at one that whoever plays them would leave out."""
    text = re.sub(r"(?m)^#.*\n", "", path.read_text()).replace("\\\n", " ")
    steps = [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in text.splitlines() if line)]
    assert {word for word, _ in steps} <= KNOWN

    def of(instruction: str) -> list[str]:
        return [rest for word, rest in steps if word == instruction]

    (base,), (directory,), (entrance,) = of("FROM"), of("WORKDIR"), of("ENTRYPOINT")
    copied = tuple((pattern, to) for pattern, to in map(str.split, of("COPY")))
    environment = dict(setting.split("=", 1) for setting in of("ENV"))
    return Dockerfile(base, copied, tuple(of("RUN")), environment, directory, json.loads(entrance))
