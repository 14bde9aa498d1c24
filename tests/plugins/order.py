"""Which tests come first, and which stay together in one process: so that no core idles while another has hours left.

With pytest-xdist's ``--dist loadfile`` the tests of a file share a process, its machines and what it has built.
Files that take long come first, and those of which each family's tests share nothing are dealt as two.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from xdist.scheduler import LoadFileScheduling

LONG = (
    "test_lifecycle", "test_self", "test_renaming", "test_modes", "test_faults", "test_publishing", "test_replacement",
    "test_foreign_arch", "test_bundles", "test_examples", "test_trust", "test_other_roots", "test_publishers",
    "test_late_import", "test_surroundings", "test_shapes", "test_split_packages", "test_bad_input", "test_same_wheel",
    "test_scenarios", "test_reproducible", "test_piuparts", "test_health", "test_verbs", "test_inputs", "test_plugins",
    "test_service_life", "test_hook_order", "test_lint", "test_rollout_faults", "test_floor", "test_trusted_files",
    "test_unpack_faults", "test_targets", "test_installation",
)  # fmt: skip
"""Files by their names, the longest first; what is not named comes after them, end-to-end tests before others."""

BY_FAMILY = {"test_faults", "test_lifecycle", "test_modes", "test_rollout_faults", "test_unpack_faults", "test_health"}
"""Files whose tests on rpm systems share nothing with the others but packages, which a run builds once."""


def place(nodeid: str) -> tuple[int, bool]:
    """Return a key that sorts tests by when they are to start."""
    file = PurePosixPath(nodeid.partition("::")[0])
    return LONG.index(file.stem) if file.stem in LONG else len(LONG), "e2e" not in file.parts


def unit(nodeid: str) -> str:
    """Return the name of what stays together: the file, or one family's tests in it."""
    file = nodeid.partition("::")[0]
    return f"{file}, rpm" if PurePosixPath(file).stem in BY_FAMILY and "rpm:" in nodeid else file


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: place(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling | None:
    """Deal out units in the order of their tests."""
    if config.getoption("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling  # noqa: PLC0415 # where pytest-xdist is missing, none is asked for

    class Units(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return unit(nodeid)

    config.option.loadscopereorder = False
    return Units(config, log)
