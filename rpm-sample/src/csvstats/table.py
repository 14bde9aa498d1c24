"""CSV text to columns of numbers, and columns to their statistics."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np


class TableError(Exception):
    """The text is no table."""


@dataclass(frozen=True)
class Statistics:
    """What is known of one column; its field names are the headings of every report."""

    count: int
    mean: float
    std: float
    min: float
    median: float
    max: float


def number_columns(lines: Iterable[str]) -> dict[str, np.ndarray]:
    """Return the columns that hold numbers alone, by their heading; empty cells are left out.

    Raises TableError when there is no heading or a row is longer or shorter than it.
    """
    rows = csv.reader(lines)
    headings = next(rows, None)
    if not headings:
        raise TableError("no heading")
    cells: list[list[str]] = [[] for _ in headings]
    for row in rows:
        if not row:
            continue
        if len(row) != len(headings):
            raise TableError(f"line {rows.line_num}: {len(row)} cells under {len(headings)} headings")
        for column, cell in zip(cells, row, strict=True):
            column.append(cell.strip())
    columns = zip(headings, (_numbers(column) for column in cells), strict=True)
    return {heading: numbers for heading, numbers in columns if numbers is not None}


def describe(numbers: np.ndarray) -> Statistics:
    """Return the statistics of ``numbers``, which must not be empty; ``std`` is the population's."""
    return Statistics(
        count=int(numbers.size),
        mean=float(numbers.mean()),
        std=float(numbers.std()),
        min=float(numbers.min()),
        median=float(np.median(numbers)),
        max=float(numbers.max()),
    )


def _numbers(cells: list[str]) -> np.ndarray | None:
    try:
        numbers = np.array([cell for cell in cells if cell], dtype=np.float64)
    except ValueError:
        return None
    return numbers if numbers.size else None
