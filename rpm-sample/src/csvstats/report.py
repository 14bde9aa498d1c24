"""Statistics as text for people or JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, astuple, fields

from csvstats.table import Statistics


def as_json(statistics: Mapping[str, Statistics]) -> str:
    """Return a JSON object, one member a column."""
    return json.dumps({name: asdict(value) for name, value in statistics.items()}, indent=2)


def as_text(statistics: Mapping[str, Statistics]) -> str:
    """Return a table, one line a column."""
    width = max([len("column"), *(len(name) for name in statistics)])
    lines = [" ".join([f"{'column':{width}}", *(f"{field.name:>10}" for field in fields(Statistics))])]
    for name, value in statistics.items():
        lines.append(" ".join([f"{name:{width}}", *(f"{number:>10.6g}" for number in astuple(value))]))
    return "\n".join(lines)
