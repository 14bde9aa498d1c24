"""The state of the releases as a text file for Prometheus' node exporter, its textfile collector."""

from __future__ import annotations

import calendar
import os
import time
from pathlib import Path

from .answers import Status
from .members import write_safely


def seconds(stamp: str | None) -> int:
    """Return a time of ISO 8601, in UTC, in seconds since 1970; 0 where there is none."""
    return calendar.timegm(time.strptime(stamp, "%Y-%m-%dT%H:%M:%SZ")) if stamp else 0


def exposition(app: str, status: Status) -> str:
    """Return the metrics' text: a gauge for each question that an alert may ask."""
    current = next((row for row in status.releases if row.current), None)
    labels = {"app": app}
    info = {**labels, "release": current.id if current else "", "version": (current.version or "") if current else ""}
    rows = [
        ("release_info", "The current release.", info, int(current is not None)),
        ("release_activated_timestamp_seconds", "When the current release was switched to.", labels,
         seconds(current.activated) if current else 0),
        ("release_is_the_packages", "Whether the current release is of the installed package.", labels,
         int(current is not None and status.package == status.current)),
        ("releases", "Complete releases.", labels, sum(row.complete for row in status.releases)),
        ("last_failure_timestamp_seconds", "When the last switch or check failed, 0 for never.", labels,
         seconds(status.failed.time) if status.failed else 0),
    ]  # fmt: skip
    return "".join(
        f"# HELP pkggen_{name} {text}\n# TYPE pkggen_{name} gauge\npkggen_{name}{{{spelled(words)}}} {value}\n"
        for name, text, words, value in rows
    )


def spelled(labels: dict[str, str]) -> str:
    """Return labels as the text format has them."""
    signs = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})
    return ",".join(f'{name}="{value.translate(signs)}"' for name, value in labels.items())


def write_metrics(path: str, app: str, status: Status) -> None:
    """Put the metrics in their file by one rename; the collector reads no name that does not end in .prom."""
    write_safely(f"{path}.{os.getpid()}", exposition(app, status).encode(), Path(path))
    os.chmod(path, 0o644)
