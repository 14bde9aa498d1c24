"""The ``csvstats`` command: one file at a time, or a folder of them as a batch."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from csvstats import __version__
from csvstats.report import as_json, as_text
from csvstats.table import Statistics, TableError, describe, number_columns


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the command line says; returns 0, or 1 when a file could not be read."""
    options = _parser().parse_args(argv)
    return _batch(options.folder, options.output) if options.command == "batch" else _show(options.file, options.json)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="csvstats", description="Statistics of the number columns of CSV files.")
    parser.add_argument("--version", action="version", version=f"csvstats {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    show = commands.add_parser("show", help="print the statistics of one file")
    show.add_argument("file", type=Path, help="a CSV file with headings, or - for standard input")
    show.add_argument("--json", action="store_true", help="print JSON")
    batch = commands.add_parser("batch", help="write the statistics of every CSV file of a folder as JSON")
    batch.add_argument("folder", type=Path)
    batch.add_argument("output", type=Path, help="the folder to write to, made when missing")
    return parser


def _statistics(path: Path) -> dict[str, Statistics]:
    if str(path) == "-":
        columns = number_columns(sys.stdin)
    else:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            columns = number_columns(lines)
    return {name: describe(numbers) for name, numbers in columns.items()}


def _show(path: Path, json: bool) -> int:
    try:
        statistics = _statistics(path)
    except (OSError, UnicodeDecodeError, TableError) as error:
        return _complain(path, error)
    print(as_json(statistics) if json else as_text(statistics))
    return 0


def _batch(folder: Path, output: Path) -> int:
    """Go on after a bad file: a nightly run should not lose the good ones."""
    status = 0
    output.mkdir(parents=True, exist_ok=True)
    for path in sorted(folder.glob("*.csv")):
        try:
            report = as_json(_statistics(path))
        except (OSError, UnicodeDecodeError, TableError) as error:
            status = _complain(path, error)
            continue
        # readers never see half a report
        unfinished = output / f".{path.stem}.json"
        unfinished.write_text(report + "\n", encoding="utf-8")
        os.replace(unfinished, output / f"{path.stem}.json")
    return status


def _complain(path: Path, error: Exception) -> int:
    reason = error.strerror if isinstance(error, OSError) else error
    print(f"csvstats: {path}: {reason}", file=sys.stderr)
    return 1
