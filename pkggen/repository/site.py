"""Pages for people beside the indexes: what there is, in which channel, and how a host is set up. No scripts."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pkggen.repository.clients import lines
from pkggen.repository.family import Settings
from pkggen.repository.generations import channels, entries_of, read_head
from pkggen.repository.newest import newest_first
from pkggen.repository.shards import Entry
from pkggen.repository.stores import Store, write_changed
from pkggen.templating.templates import Templates


@dataclass(frozen=True, slots=True)
class File:
    """A package as a page shows it; ``since`` is the day on which it came into the channel."""

    version: str
    format: str
    arch: str
    path: str
    size: int
    sha256: str
    since: str
    phase: int | None


@dataclass(frozen=True, slots=True)
class Application:
    """An application: what it says of itself in the newest of its packages, and its files by channel."""

    name: str
    summary: str
    homepage: str
    licence: str
    needs: Mapping[str, str]
    files: Mapping[str, Sequence[File]]

    @property
    def page(self) -> str:
        """Return the key of its page; two names are never the same page, nor is one a way out of the folder."""
        return f"applications/{re.sub('[^a-z0-9.-]', lambda m: f'_{ord(m[0]):x}_', self.name)}.html"

    @property
    def newest(self) -> Mapping[str, str]:
        """Return by channel the version that came last."""
        return {channel: files[0].version if files else "" for channel, files in self.files.items()}


@dataclass(frozen=True, slots=True)
class Shown:
    """A channel as pages show it: its name, and the lines that set up a host, by package manager."""

    name: str
    lines: Mapping[str, Sequence[str]] = field(default_factory=dict)


def write_site(store: Store, settings: Settings, templates: Templates) -> list[str]:
    """Write ``index.html`` and a page for each application; return the keys of those that were not as they are now.

    Everything is read for that, so it is not a part of each publication.
    """
    held: dict[str, list[Entry]] = {}
    shown = []
    for name in channels(store):
        generation = read_head(store, name).generation
        held[name] = list(entries_of(store, generation))
        shown.append(Shown(name, lines(settings, name, generation) if settings.address else {}))
    applications = [_application(name, held) for name in sorted({e.name for rows in held.values() for e in rows})]
    pages = {
        "index.html": templates.render(
            "site/index.html.j2", origin=settings.origin, up="", channels=shown, applications=applications
        )
    }
    for application in applications:
        pages[application.page] = templates.render(
            "site/application.html.j2", origin=settings.origin, up="../", application=application
        )
    return [key for key, text in pages.items() if write_changed(store, key, text.encode())]


def _application(name: str, held: Mapping[str, Iterable[Entry]]) -> Application:
    own = {channel: newest_first(e for e in entries if e.name == name) for channel, entries in held.items()}
    every = newest_first(entry for entries in own.values() for entry in entries)
    about: dict[str, str] = {}
    needs: dict[str, str] = {}
    for entry in every:  # the newest that says a thing
        about = {**{key: text for key, text in entry.record.about.items() if text}, **about}
        needs.setdefault(entry.record.format, entry.record.about.get("needs", ""))
    homepage = about.get("homepage", "")
    return Application(
        name,
        about.get("summary", ""),
        homepage if homepage.startswith(("https://", "http://")) else "",  # a script is an address, too
        about.get("licence", ""),
        {kind: text for kind, text in sorted(needs.items()) if text},
        {channel: [_file(entry) for entry in entries] for channel, entries in own.items()},
    )


def _file(entry: Entry) -> File:
    record, since = entry.record, time.strftime("%Y-%m-%d", time.gmtime(entry.added))
    return File(record.version, record.format, record.arch, record.path, record.size, record.sha256, since, entry.phase)
