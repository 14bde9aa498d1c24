"""What programs of the system say of a package: sh, systemd-analyze, lintian, rpmlint."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from pkggen.commands.lint.contents import Contents
from pkggen.commands.lint.finding import Finding
from pkggen.commands.lint.rpmlint import filters
from pkggen.commands.lint.rules import ERROR, WARNING
from pkggen.errors import ToolError
from pkggen.run import run

_SEVERITIES = {"E": ERROR, "W": WARNING}
_LINTIAN = re.compile(r"(?P<level>[EW]): (?P<package>\S+): (?P<tag>[\w-]+)(?P<rest>.*)")
_RPMLINT = re.compile(r"\S+: (?P<level>[EW]): (?P<tag>[^\s:]+)(?P<rest>.*)")
_ABSENT = re.compile(r"(Command|Executable|Unit) .*(is not executable|not found)|Failed to open|man .*|.*Documentation")


def shell(package: Contents, scratch: Path) -> Iterator[Finding]:
    """Yield a finding for each maintainer script that is no shell's syntax."""
    for name, text in package.scripts.items():
        if name == "pretrans":  # Lua, by Fedora's packaging guidelines ("Scriptlets"): there may be no shell yet
            continue
        script = scratch / name
        script.write_text(text, encoding="utf-8")
        done = run(["sh", "-n", script], check=False)
        if done.status:
            yield Finding("sh", ERROR, "script-syntax", name, done.stderr.replace(f"{script}: ", "").strip())


def units(package: Contents, scratch: Path) -> Iterator[Finding]:
    """Yield what systemd-analyze verify says of the units, but for programs that are not installed here."""
    places = {p: d for p, d in package.data.items() if re.fullmatch(r"(/usr)?/lib/systemd/system/[^/]+", p)}
    paths = []
    for path, data in places.items():
        paths.append(scratch / path.rpartition("/")[2])
        paths[-1].write_bytes(data)
    if not paths:
        return
    done = run(["systemd-analyze", "verify", "--man=no", *paths], check=False)
    for row in done.stderr.splitlines():
        name, _, what = row.replace(f"{scratch}/", "").partition(": ")
        if name.partition(":")[0] in {p.name for p in paths} and not _ABSENT.match(what):
            yield Finding("systemd-analyze", ERROR, "unit", name, what)


def lintian(path: Path) -> Iterator[Finding]:
    """Yield lintian's errors and warnings, those that the package overrides left out."""
    # the signature lies where debsigs puts it, and Debian's archive takes no signed packages
    signature = "misplaced-extra-member-in-deb"
    done = run(
        ["lintian", "--no-cfg", "--allow-root", "--fail-on", "none", "--suppress-tags", signature, path],
        check=False, timeout=1800,
    )  # fmt: skip
    yield from _parsed("lintian", _LINTIAN, done.stdout, done.stderr, done.status)


def rpmlint(path: Path, package: Contents, scratch: Path) -> Iterator[Finding]:
    """Yield rpmlint's errors and warnings, those that pkggen knows the reason of left out."""
    configuration = scratch / "rpmlint.toml"
    patterns = [pattern for pattern, _ in filters(package)]
    # TOML and JSON spell an array of such strings alike
    configuration.write_text(f"Filters = {json.dumps(patterns)}\n", encoding="utf-8")
    done = run(["rpmlint", "-c", configuration, path], check=False, timeout=1800, env={"HOME": str(scratch)})
    yield from _parsed("rpmlint", _RPMLINT, done.stdout, done.stderr, 0 if "checked;" in done.stdout else done.status)


def _parsed(tool: str, pattern: re.Pattern[str], text: str, errors: str, status: int) -> Iterator[Finding]:
    if status:
        raise ToolError(f"{tool} failed with status {status}:\n{(errors or text).strip()[-2000:]}")
    for row in text.splitlines():
        if match := pattern.fullmatch(row.strip()):
            yield Finding(tool, _SEVERITIES[match["level"]], match["tag"], match["rest"].strip())


def installed(name: str) -> bool:
    """Tell whether a program is there."""
    return shutil.which(name) is not None
