"""The rule of tests/plugins/tested.py: where the installed wheel is asked for, the checkout will not do."""

from __future__ import annotations

import sysconfig
from pathlib import Path

import pytest

from tests.plugins.tested import REPOSITORY, objection

SITE = Path(sysconfig.get_path("purelib"))
ASKED = {"PKGGEN_INSTALLED": "1"}


def test_the_wheel_is_tested() -> None:
    """A package in site-packages is what was asked for."""
    assert objection(SITE / "pkggen", [str(SITE)], ASKED) is None


@pytest.mark.parametrize("folder", [REPOSITORY / "pkggen", None])
def test_a_checkout_is_refused(folder: Path | None) -> None:
    """The tree's package is none, though it is installed as editable; no package is none either."""
    assert "which is not in" in (objection(folder, [str(SITE)], ASKED) or "")
    assert objection(folder, [str(SITE)], {}) is None


def test_the_checkouts_folder_is_off_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """The wheel in site-packages does not help when a process might look into the tree first, or after it."""
    monkeypatch.chdir(REPOSITORY)

    for path in ([str(REPOSITORY), str(SITE)], [str(SITE), str(REPOSITORY)], ["", str(SITE)]):
        assert "is on the path" in (objection(SITE / "pkggen", path, ASKED) or "")
