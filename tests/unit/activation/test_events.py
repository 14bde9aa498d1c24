"""Each switch and failure is an entry of the journal with fields; history, status and metrics read them back."""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from pkggen.activation import events, listing, systemd
from pkggen.activation.answers import Event, Listed, Status
from pkggen.activation.configure import configure
from pkggen.activation.metrics import exposition, write_metrics
from pkggen.activation.program import tell_failure
from pkggen.activation.rollback import switch_back
from tests.unit.installation import Installation


class Journal:
    """Takes entries as systemd's journal does, and gives them back as journalctl -o json -r prints them."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        self.socket.setblocking(False)
        self.entries: list[dict[str, str]] = []
        self.writer = "0"

    def read(self) -> list[dict[str, str]]:
        """Return all entries so far, the first one first."""
        while True:
            try:
                data = self.socket.recv(65536)
            except BlockingIOError:
                return self.entries
            entry = {}
            while data:
                name, _, rest = data.partition(b"\n")
                size = struct.unpack("<Q", rest[:8])[0]
                entry[name.decode()], data = rest[8 : 8 + size].decode(), rest[9 + size :]
            stamp = str(1_700_000_000_000_000 + len(self.entries))
            self.entries.append({**entry, "_UID": self.writer, "__REALTIME_TIMESTAMP": stamp})

    def asked(self, program: str, *words: str) -> str:
        """Stand in for journalctl with its matches."""
        assert program == "journalctl"
        wanted = dict(word.split("=", 1) for word in words if "=" in word)
        found = [entry for entry in self.read() if wanted.items() <= entry.items()]
        return "".join(json.dumps(entry) + "\n" for entry in reversed(found))


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Journal]:
    found = Journal(tmp_path / "journal")
    monkeypatch.setattr(events, "JOURNAL", str(tmp_path / "journal"))
    monkeypatch.setattr(systemd, "output_of", found.asked)
    monkeypatch.setattr(systemd, "runs", lambda: True)
    yield found
    found.socket.close()


def test_switches_are_told_with_from_to_and_reason(app: Installation, journal: Journal) -> None:
    """Installation, upgrade and going back: one entry each, with fields that a collector finds."""
    place = app.package("1.0").place
    first = configure(place, "install", "deb").release
    second = configure(app.package("2.0").place, "upgrade", "deb").release
    switch_back(place, None)

    told = [(e["PKGGEN_PREVIOUS"], e["PKGGEN_RELEASE"], e["PKGGEN_REASON"]) for e in journal.read()]
    assert told == [("", first, "install"), (first, second, "upgrade"), (second, first, "rollback")]
    assert {e["MESSAGE_ID"] for e in journal.entries} == {events.KIND}
    assert {e["SYSLOG_IDENTIFIER"] for e in journal.entries} == {place.app}
    assert [e.release for e in events.events(place)] == [first, second, first]
    assert events.history(place).events[0].time == "2023-11-14T22:13:20Z"


def test_what_failed_is_in_the_status_until_the_next_switch(app: Installation, journal: Journal) -> None:
    """With its time and reason, of several lines, too; a release that was gone back from is a failure still."""
    place = app.package("1.0").place
    configure(place, "install", "deb")
    assert listing.status(place).failed is None
    tell_failure(place, "settle", "web.service is failed\n(exit-code)")
    assert listing.status(place).failed == events.events(place)[0]
    assert events.events(place)[0].why == "web.service is failed\n(exit-code)"
    events.note(place, Event(events.SWITCHED, "1", "2", "unhealthy"))
    failed = listing.status(place).failed
    assert failed
    assert failed.reason == "settle"
    configure(app.package("2.0").place, "upgrade", "deb")

    assert listing.status(place).failed is None


def test_another_user_can_not_forge_an_event(app: Installation, journal: Journal) -> None:
    """Everybody may write to the journal; it says itself who did."""
    place = app.package("1.0").place
    journal.writer = "1000"
    events.note(place, Event(events.FAILED, "1", "1", "settle", "all is lost"))

    assert events.events(place) == []


def test_what_is_told_can_not_speak_to_the_terminal(
    app: Installation, journal: Journal, capsys: pytest.CaptureFixture[str]
) -> None:
    """Why something failed is often what a program said."""
    place = app.package("1.0").place
    events.note(place, Event(events.FAILED, "1", "1", "settle", "\x1b[2J no\nsecond"))
    events.history(place)
    listing.status(place)

    said = "".join(capsys.readouterr())
    assert "?[2J no\nsecond" in said
    assert "\x1b" not in said


def test_nothing_fails_without_a_journal(app: Installation, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Containers have none."""
    monkeypatch.setattr(events, "JOURNAL", str(tmp_path / "nowhere"))

    assert configure(app.package().place, "install", "deb").changed


def test_metrics_are_what_the_node_exporter_reads(tmp_path: Path) -> None:
    """HELP, TYPE and a value each; a quote in a version is escaped; the file is complete or not there."""
    rows = (Listed('2"0-1-a', '2"0', True, True, "2026-01-02T03:04:05Z"), Listed("1", "1", True, False, None))
    failed = Event("failed", "1", "1", "settle", "why", "2026-01-02T03:04:06Z")
    write_metrics(str(tmp_path / "app.prom"), "app", Status('2"0-1-a', "other", rows, failed))

    text = (tmp_path / "app.prom").read_text()
    values = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert values == {
        'pkggen_release_info{app="app",release="2\\"0-1-a",version="2\\"0"}': "1",
        'pkggen_release_activated_timestamp_seconds{app="app"}': "1767323045",
        'pkggen_release_is_the_packages{app="app"}': "0",
        'pkggen_releases{app="app"}': "2",
        'pkggen_last_failure_timestamp_seconds{app="app"}': "1767323046",
    }
    assert [path.name for path in tmp_path.iterdir()] == ["app.prom"]
    assert exposition("app", Status(None, None, ())).count("# TYPE") == 5
