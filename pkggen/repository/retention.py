"""How many versions of a package a channel keeps."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from pkggen.repository.newest import newest_first
from pkggen.repository.shards import Entries, Entry
from pkggen.signing.strength import DAY


@dataclass(frozen=True, slots=True)
class Retention:
    """The newest ``keep_last`` of each package stay, and those that came within ``keep_days``; 0 is no limit.

    What is dropped leaves this channel alone: files that another channel names are never collected.
    """

    keep_last: int = 0
    keep_days: int = 0

    def kept(self, entries: Entries, names: Collection[str], now: int) -> Entries:
        """Return the entries without those of ``names`` that are too many and too old; never the newest, nor pinned."""
        if not self.keep_last and not self.keep_days:
            return entries
        gone = {entry.record.identity for name in names for entry in self._surplus(entries, name, now)}
        return tuple(entry for entry in entries if entry.record.identity not in gone)

    def _surplus(self, entries: Entries, name: str, now: int) -> list[Entry]:
        surplus = []
        lines: dict[tuple[str, str, str], list[Entry]] = {}
        for entry in entries:
            if entry.name == name:
                lines.setdefault((entry.record.format, entry.record.arch, entry.component), []).append(entry)
        for line in lines.values():
            surplus += [e for rank, e in enumerate(newest_first(line)) if rank and not self._stays(e, rank, now)]
        return surplus

    def _stays(self, entry: Entry, rank: int, now: int) -> bool:
        """Tell whether an entry is pinned, or one of the limits that are set keeps it."""
        recent = bool(self.keep_days) and now - entry.added < self.keep_days * DAY
        return entry.pinned or recent or (bool(self.keep_last) and rank < self.keep_last)
