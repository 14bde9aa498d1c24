"""The reporter of the command line: progress with rich on a terminal, plain lines elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape as literal
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from pkggen.terminal.display import one_line, visible

QUIET, NORMAL, VERBOSE = -1, 0, 1


class Terminal:
    """Tells of steps on stderr; rich honours NO_COLOR and draws nothing when that is no terminal."""

    def __init__(self, verbosity: int = NORMAL) -> None:
        """Show warnings and errors only at QUIET, steps at NORMAL, notes and times at VERBOSE."""
        self._verbosity = verbosity
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._lock = threading.Lock()
        self._live = self._console.is_terminal and verbosity >= NORMAL
        self._progress: Progress | None = None

    @contextmanager
    def step(self, text: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
        """Show ``text`` while the block runs, with a bar when ``total`` units are known."""
        started = time.monotonic()
        with self._shown(text, total) as advance:
            yield advance
        if self._verbosity >= NORMAL:
            took = f" ({time.monotonic() - started:.1f} s)" if self._verbosity >= VERBOSE else ""
            self._say(f"[dim]·[/dim] {literal(one_line(text))}{took}")

    def warn(self, text: str) -> None:
        """Print a warning."""
        self._say(f"[yellow]warning:[/yellow] {literal(visible(text))}")

    def tell(self, text: str) -> None:
        """Print a result unless asked to be quiet."""
        if self._verbosity >= NORMAL:
            self._say(literal(visible(text)))

    def note(self, text: str) -> None:
        """Print a note when asked to be verbose."""
        if self._verbosity >= VERBOSE:
            self._say(f"[dim]note: {literal(visible(text))}[/dim]")

    def error(self, text: str) -> None:
        """Print an error."""
        self._say(f"[red]error:[/red] {literal(visible(text))}")

    def _say(self, markup: str) -> None:
        with self._lock:
            self._console.print(markup)

    @contextmanager
    def _shown(self, text: str, total: int | None) -> Iterator[Callable[[int], None]]:
        if not self._live or self._progress is not None:  # one live display at a time; inner steps share it
            task = self._progress.add_task(literal(one_line(text)), total=total) if self._progress else None
            yield self._advance(task)
            if self._progress and task is not None:
                self._progress.remove_task(task)
            return
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self._console, transient=True) as progress:
            self._progress = progress
            try:
                yield self._advance(progress.add_task(literal(one_line(text)), total=total))
            finally:
                self._progress = None

    def _advance(self, task: TaskID | None) -> Callable[[int], None]:
        def advance(done: int) -> None:
            if self._progress is not None and task is not None:
                self._progress.advance(task, done)

        return advance
