"""A project's changelog, from a CHANGELOG.md as keepachangelog.com has it or from git's tags."""

from __future__ import annotations

import calendar
import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

from packaging.version import InvalidVersion, Version

from pkggen.errors import ConfigurationError, Key, PkggenError, StorageError
from pkggen.model import Change
from pkggen.reading import oddity
from pkggen.run import run
from pkggen.terminal.reporter import Reporter

RELEASES, ITEMS, COMMITS = 12, 40, 1000  # a changelog is read on a terminal; the rest is where it came from
_LENGTH = 400  # letters of one item
_USUAL = "CHANGELOG.md"
_NOON = 12 * 3600  # rpm knows days only, and gives them this hour
_HEADING = re.compile(
    r"##\s+\[?v?(?P<version>[^\]\s]+)\]?(\([^)]*\))?\s*(?:[-\u2013\u2014:(]*\s*(?P<date>\d{4}-\d{2}-\d{2}))?.*"
)
_ITEM = re.compile(r"[-*+]\s+(.*)")
_LINK = re.compile(r"!?\[([^\]]*)\](\([^)]*\)|\[[^\]]*\])")
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def read_changelog(
    source: str, root: Path, version: str, epoch: int, reporter: Reporter | None = None
) -> tuple[Change, ...]:
    """Return the releases up to ``version``, newest first, dated no later than ``epoch``.

    ``source`` is a path within ``root``, "git", "off", or "" for CHANGELOG.md where there is one.
    The first release is always ``version``: what is not released yet counts as its own. Raises
    ConfigurationError when a file named on purpose is missing or elsewhere, StorageError when it
    can't be read; of a CHANGELOG.md that nobody named, ``reporter`` is warned, and it is left out.
    """
    if source == "off":
        return ()
    if source == "git":
        return _bounded(_from_git(root, version), version, epoch)
    if not source and not (root / _USUAL).is_file():
        return ()
    try:
        text = _text(source or _USUAL, root)
    except PkggenError as error:
        if source:
            raise
        if reporter:
            told = " ".join(problem.what for problem in error.problems)
            reporter.warn(f'{told}: the package has no changelog ("changelog" can name another file, or be "off")')
        return ()
    return _bounded(parse(text), version, epoch)


def _text(source: str, root: Path) -> str:
    path = root / source
    if why := oddity(path):
        raise ConfigurationError(f"{source} {why}", where=Key.of("changelog"))
    if not path.resolve().is_relative_to(root.resolve()):
        raise ConfigurationError(f"{source} leads out of the project", where=Key.of("changelog"))
    try:
        return path.read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise StorageError(f"{source} can't be read: {error.strerror}", where=str(path)) from error


def parse(text: str) -> Iterator[Change]:
    """Yield the releases of a CHANGELOG.md as they stand there, without date where they have none."""
    current: Change | None = None
    group, items = "", list[str]()
    fenced = False
    for row in text.splitlines():
        fenced ^= row.lstrip().startswith(("```", "~~~"))
        if fenced:
            continue
        if match := _HEADING.fullmatch(row):
            if current:
                yield replace(current, items=tuple(items))
            current, group, items = Change(match["version"], _noon(match["date"])), "", []
        elif row.startswith("### "):
            group = row[4:].strip()
        elif current and (item := _ITEM.match(row)):
            items.append(f"{group}: {item[1]}" if group else item[1])
        elif items and row.startswith((" ", "\t")) and not _ITEM.match(row.strip()):
            items[-1] += f" {row.strip()}"  # an item goes on; what is nested below it is left out
    if current:
        yield replace(current, items=tuple(items))


def _from_git(root: Path, version: str) -> Iterator[Change]:
    """Yield the tagged releases with their commits' first lines; nothing where there is no git or no history."""
    if not shutil.which("git"):
        return
    log = ["log", f"-{COMMITS}", "--no-merges", "--decorate-refs=refs/tags/*", "--format=%ct%x09%D%x09%s", "--", "."]
    done = run(["git", "-c", "safe.directory=*", "-c", "log.showSignature=false", "-C", root, *log], check=False)
    current = Change(version, 0)
    items: list[str] = []
    for row in done.stdout.splitlines() if done.status == 0 else ():
        time, _, rest = row.partition("\t")
        refs, _, subject = rest.partition("\t")
        tags = [t.removeprefix("tag: ") for t in refs.split(", ") if t.startswith("tag: ")]
        named = next((t for t in sorted(tags) if _version(t.removeprefix("v"))), "")
        if named:
            if items or current.version != version:
                yield replace(current, items=tuple(items))
            current, items = Change(named.removeprefix("v"), int(time)), []
        items.append(subject)
    if items:
        yield replace(current, items=tuple(items))


def _bounded(found: Iterable[Change], version: str, epoch: int) -> tuple[Change, ...]:
    """Return what belongs to ``version`` and before, its own first, in order of time, cut to a readable length."""
    changes = list(found)
    own = _version(version)
    pending = [c for c in changes if _version(c.version) is None and c.version.lower() == "unreleased"]
    known = [(v, c) for c in changes if (v := _version(c.version)) is not None and (own is None or v <= own)]
    known.sort(key=lambda pair: pair[0], reverse=True)
    if not known or known[0][0] != own:
        items = tuple(i for c in pending for i in c.items)
        known.insert(0, (own or Version("0"), Change(version, epoch, items)))
    made: list[Change] = []
    latest = epoch
    for _, change in known[:RELEASES]:
        if change.items or not made:
            latest = min(change.time or latest, latest)
            made.append(Change(change.version, latest, tuple(_items(change.items))))
    return tuple(made)


def _items(items: tuple[str, ...]) -> Iterator[str]:
    for item in items[:ITEMS]:
        plain = _LINK.sub(r"\1", item).replace("`", "").replace("**", "")
        text = " ".join(_UNPRINTABLE.sub(" ", plain).split())
        if text:
            yield text if len(text) <= _LENGTH else text[: _LENGTH - 1].rstrip() + "…"
    if len(items) > ITEMS:
        yield f"and {len(items) - ITEMS} more"


def _version(text: str) -> Version | None:
    try:
        return Version(text)
    except InvalidVersion:
        return None


def _noon(text: str | None) -> int:
    try:
        return calendar.timegm(date.fromisoformat(text).timetuple()) + _NOON if text else 0
    except ValueError:
        return 0
