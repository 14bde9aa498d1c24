"""lintian and rpmlint, the real ones, over the packages of both samples; one of them is compiled."""

from __future__ import annotations

import json

import pytest

from tests.e2e.applications import SAMPLES, Application
from tests.e2e.packages import Factory, pkggen


@pytest.mark.parametrize("application", SAMPLES, ids=lambda a: a.name)
def test_the_samples_are_clean(application: Application, factory: Factory) -> None:
    """Neither tool has an error or a warning, and neither has our own rules; both were there."""
    packages = factory(application, application.versions[0])

    done = pkggen("lint", *packages.values(), "--json")

    reports = json.loads(done.stdout)
    assert [f for r in reports for f in r["findings"]] == []
    assert {tool for r in reports for tool in r["tools"]} >= {"lintian", "rpmlint"}
    assert done.returncode == 0
