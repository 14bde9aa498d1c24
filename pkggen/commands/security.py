"""How much a service could do if it were taken over: the figure of ``systemd-analyze security``."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from pkggen.run import run

_SINCE = 250  # systemd-analyze(1): --offline= came with it
_FIGURE = re.compile(r"Overall exposure level for .*: ([0-9]+\.[0-9])")


def exposures(units: Mapping[str, str], directory: Path) -> dict[str, float]:
    """Return the exposure level of each service unit, 0 to 10, by the unit's name.

    ``units`` are unit files by name; ``directory`` is private to us. Empty where there is no
    systemd-analyze that can read units which are not installed.
    """
    services = {name: text for name, text in units.items() if name.endswith(".service")}
    program = shutil.which("systemd-analyze")
    if program is None or not services or _version(program) < _SINCE:
        return {}
    found = {}
    for name, text in sorted(services.items()):
        path = directory / name.replace("@.", "@1.")  # a template can't be looked at, an instance of it can
        path.write_text(text, encoding="utf-8")
        figure = _measured(program, path)
        if figure is not None:
            found[name] = figure
    return found


def _version(program: str) -> int:
    found = re.match(r"systemd (\d+)", run([program, "--version"], check=False, timeout=30).stdout)
    return int(found[1]) if found else 0


def _measured(program: str, unit: Path) -> float | None:
    # a path of its own form: a bare name would be looked up among the host's units
    done = run([program, "security", "--offline=yes", "--no-pager", f"./{unit.name}"], cwd=unit.parent, check=False)
    found = _FIGURE.search(done.stdout)
    return float(found[1]) if found else None
