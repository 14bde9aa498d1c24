"""One wheel that has a file for a command and an entry point of the same name."""

from __future__ import annotations

from pathlib import Path

from pkggen.model import Script
from pkggen.wheels.conflicts import settle
from tests.unit.parts import distribution


def test_the_entry_point_wins_in_silence(tmp_path: Path) -> None:
    """Salt ships its commands both ways; pip installs what the entry point says."""
    script = Script("call", "salt", "main")
    app = distribution(tmp_path, "salt", {"bin/call": "#!python\n", "bin/other": "#!python\n"}, scripts=(script,))
    settled = settle((app,))

    assert settled.warnings == ()
    assert settled.distributions[0].scripts == (script,)
    assert [e.path for e in settled.distributions[0].tree.entries] == ["bin/other"]
