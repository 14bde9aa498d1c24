"""Other people's applications: built from their name, installed without a network, and started.

    python -m benchmarks.applications [NAME…] [--python SOURCE] [--results FILE] [--table docs/tried.md]

Each of ``applications.toml`` is built for both formats as somebody would who has just heard of pkggen: from its name
on PyPI, or from a few lines. Where that fails and ``set`` is given, once more with those lines in ``pkggen.toml``.
The package is installed in an offline Debian 12 and in an RPM-native system, and one command is run in each.
What came of it is kept in FILE as it goes, and the table is written of all that FILE has. It needs what the
end-to-end tests need, and the network; nothing of it is asserted, and the newest versions count.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import tomllib

from tests.targets import TARGETS, CommandTimedOutError
from tests.targets.host import cache_directory

HERE = Path(__file__).resolve().parent
FAMILIES = {"deb": "debian:12", "rpm": "rpm:4.18"}
LIMIT = 1500  # seconds for one build
WORKS = "works"
_HEAD = (
    "# What was tried\n\n"
    "Applications that others wrote, in the newest versions of their index, each built by `pkggen build` for both "
    "formats, installed without a network on Debian 12 and on an RPM-native system, and started there. "
    "`python -m benchmarks.applications` writes this table; it is not part of the continuous integration. Seconds are "
    "those of a build on two processors that others used as well, with the downloads that it took; the size is the "
    "`.deb`'s. "
    "*Set* is what had to be configured.\n\n"
)


@dataclass(frozen=True)
class Tried:
    """What came of one application: ``first`` is the outcome of the first try, ``last`` with what had to be ``set``."""

    name: str
    first: str
    last: str
    version: str = ""
    seconds: float = 0.0
    size: int = 0
    set: str = ""


def main() -> None:
    """Try what is named, else all; keep what came of it, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--python", default="host", help="the interpreter that is packed")
    parser.add_argument("--results", type=Path, default=cache_directory() / "applications.json")
    parser.add_argument("--table", type=Path, default=HERE.parent / "docs/tried.md")
    options = parser.parse_args()
    catalogue = tomllib.loads((HERE / "applications.toml").read_text(encoding="utf-8"))
    if unknown := set(options.names) - set(catalogue):
        parser.error(f"not in applications.toml: {', '.join(sorted(unknown))}")
    known = _read(options.results)
    for name in options.names or catalogue:
        tried = attempt(name, catalogue[name], options.python)
        known[name] = tried
        print(f"{name}: {tried.first}{'' if tried.last == tried.first else f'; then {tried.last}'}", flush=True)
        options.results.write_text(json.dumps({n: asdict(t) for n, t in sorted(known.items())}, indent=1))
        options.table.write_text(table([known[n] for n in sorted(known) if n in catalogue]), encoding="utf-8")


def _read(results: Path) -> dict[str, Tried]:
    return {n: Tried(**t) for n, t in json.loads(results.read_text()).items()} if results.exists() else {}


def attempt(name: str, described: Mapping[str, Any], python: str) -> Tried:
    """Try one application, and once more with what has to be set."""
    first = once(name, described, python, "")
    if first.last == WORKS or not described.get("set"):
        return first
    again = once(name, described, python, described["set"])
    return Tried(name, first.first, again.last, again.version, again.seconds, again.size, described["set"])


def once(name: str, described: Mapping[str, Any], python: str, settings: str) -> Tried:
    """Build, install and start; return what came of it."""
    with tempfile.TemporaryDirectory(prefix="tried-") as directory:
        home = Path(directory)
        where = write(home / "project", name, described, settings)
        start = time.monotonic()
        argv = [Path(sys.executable).with_name("pkggen"), "build", where, "--python", python, "-o", home / "out"]
        try:
            done = subprocess.run(
                argv, cwd=home / "project", capture_output=True, text=True, timeout=LIMIT, check=False
            )
        except subprocess.TimeoutExpired:
            return Tried(name, f"no build within {LIMIT} s", f"no build within {LIMIT} s", set=settings)
        seconds = time.monotonic() - start
        (cache_directory() / f"applications-{name}.log").write_text(done.stderr)
        if done.returncode:
            said = next((line for line in done.stderr.splitlines() if line.startswith("error:")), "error: ?")
            return Tried(
                name, f"not built: {_short(said)}", f"not built: {_short(said)}", seconds=seconds, set=settings
            )
        built = [Path(line) for line in done.stdout.split()]
        size = sum(path.stat().st_size for path in built if path.suffix == ".deb")
        version = built[0].name.split("_")[1].rpartition("-")[0]
        outcomes = dict.fromkeys(installed(built, family, described, home / "out") for family in FAMILIES)
        outcome = "; ".join(o for o in outcomes if o != WORKS) or WORKS
    return Tried(name, outcome, outcome, version, seconds, size, settings)


def _short(said: str) -> str:
    return said.removeprefix("error: ").strip()[:200]


def write(root: Path, name: str, described: Mapping[str, Any], settings: str) -> str:
    """Write the project, if there is one; return what is built."""
    root.mkdir()
    files: dict[str, str] = dict(described.get("files", {}))
    if "requirements" in described:
        files["pyproject.toml"] = _bundle(name, described["requirements"])
    if settings:
        files["pkggen.toml"] = files.get("pkggen.toml", "") + settings + "\n"
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text.lstrip("\n"), encoding="utf-8")
    project = bool({"files", "requirements"} & described.keys())
    return os.fspath(root / described.get("path", ".")) if project else f"pypi:{name}"


def _bundle(name: str, requirements: Sequence[str]) -> str:
    rows = ", ".join(json.dumps(r) for r in requirements)
    return (
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        f'[project]\nname = "{name}-bundle"\nversion = "1.0"\ndependencies = [{rows}]\n'
        "[tool.hatch.build.targets.wheel]\nbypass-selection = true\n"
    )


def installed(built: Sequence[Path], family: str, described: Mapping[str, Any], shelf: Path) -> str:
    """Install the packages of one format in a system of it, run the command; return "works" or what went wrong."""
    packages = [f"/packages/{path.name}" for path in built if path.suffix == f".{family}"]
    with TARGETS[FAMILIES[family]].box(shares={"/packages": shelf}) as box:
        try:
            done = box.packages.install(*packages, check=False)
            if done.returncode:
                return f"not installed ({family}): {_telling(done.output)}"
            ran = box.run(described["run"], timeout=120, env={"HOME": "/root"})
        except CommandTimedOutError:
            return f"no end ({family})"
    found = re.search(described["says"], ran.output, re.MULTILINE)
    return WORKS if found and ran.returncode == 0 else f"does not run ({family}): {_telling(ran.output)}"


def _telling(output: str) -> str:
    """Return the line that says most: the last error, else the last line."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if re.search(r"[Ee]rror: |nothing provides|Depends:|does not start", line)]
    return (errors or lines or ["nothing was printed"])[-1][:200]


def table(tried: Sequence[Tried]) -> str:
    """Return the page."""
    good = [t for t in tried if t.last == WORKS]
    rows = "".join(
        f"| {t.name} {t.version} | {_cell(t.first)} | {_cell(t.last) if t.last != t.first else ''} | {t.seconds:.0f} "
        f"| {t.size / 1e6:.1f} MB | {f'`{_cell(t.set)}`' if t.set else ''} |\n"
        for t in tried
    )
    head = "| application | first try | then | seconds | size | set |\n|---|---|---|---|---|---|\n"
    at_once = sum(t.first == WORKS for t in tried)
    return f"{_HEAD}{len(good)} of {len(tried)} work, {at_once} at the first try.\n\n{head}{rows}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    main()
