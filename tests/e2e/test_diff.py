"""Packages of a sample in both formats, compared by the command."""

from __future__ import annotations

import json

from tests.e2e.applications import SAMPLES
from tests.e2e.packages import Factory, pkggen


def test_a_sample_in_both_formats_and_its_next_version(factory: Factory) -> None:
    """Deb and rpm of one build deliver the same; the next version differs in itself, and in no dependency."""
    sample = SAMPLES[0]
    older, newer = (factory(sample, version) for version in sample.versions[:2])

    same = json.loads(pkggen("diff", older["deb"], older["rpm"], "--json").stdout)
    upgrade = json.loads(pkggen("diff", older["deb"], newer["deb"], "--json", "--fail-on", "setuid,glibc").stdout)

    assert same["findings"] == []
    wheels = [(f["change"], f["subject"]) for f in upgrade["findings"] if f["area"] == "wheels"]
    assert wheels == [("upgraded", sample.name)]
