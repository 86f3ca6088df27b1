"""Shows the progress of work that takes more than a moment, on stderr: a bar on a terminal, a line elsewhere."""

from __future__ import annotations

import sys
import threading
import time
from typing import TYPE_CHECKING, Final, Self

from pipeline.console.output import console, is_live_terminal, rich_console

if TYPE_CHECKING:
    from types import TracebackType

    from rich.progress import Progress as Bar
    from rich.progress import TaskID

PATIENCE: Final = 1.0
"""Seconds of silence after which a stretch is named where no bar can be drawn."""
BEFORE_DRAWING: Final = 0.5
"""Seconds for which a command may run before a bar is drawn: most never need one."""


class Progress:
    """What a command is doing. Nothing is drawn or said when --quiet was asked for.

    first: the stretch it begins with; without one, nothing is said before `stage` is called.
    """

    def __init__(self, first: str = "") -> None:
        self._first = first
        self._lock = threading.RLock()
        self._timer: threading.Timer | None = None
        self._bar: Bar | None = None
        self._task: TaskID | None = None
        self._stage = self._text = self._note = ""
        self._total: int | None = None
        self._done = 0
        self._since = time.perf_counter()
        self._seconds: dict[str, float] = {}
        self.draws = is_live_terminal(sys.stderr) and not console().quiet
        """Whether there is a bar, or will be, so that single steps need not be said."""

    def __enter__(self) -> Self:
        if self.draws:
            self._wait(BEFORE_DRAWING)
        if self._first:
            self.stage(self._first)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended()
        self.calm()
        with self._lock:
            self.draws = False
            if self._bar is not None:
                self._bar.stop()
                self._bar = None
        for stage, seconds in self._seconds.items():
            console().detail(f"{stage}: {seconds:.3f} s")

    def stage(self, text: str, total: int | None = None, done: int = 0) -> None:
        """Begin a stretch of `total` steps, or of nobody knows how many."""
        self._ended()
        with self._lock:
            self._stage = self._text = text
            self._total, self._done, self._note = total, done, ""
            if self._bar is not None and self._task is not None:
                self._bar.remove_task(self._task)
                self._task = self._added(self._bar)
        if not self.draws and not console().quiet:
            self.calm()
            self._wait(PATIENCE)

    def step(self, text: str = "", *, done: int | None = None, note: str = "") -> None:
        """Count one step, or say how many are done."""
        with self._lock:
            self._done = self._done + 1 if done is None else done
            self._text, self._note = text or self._stage, note
            if self._bar is not None and self._task is not None:
                self._bar.update(self._task, completed=self._done, description=self._text, note=note)
        if not self.draws:
            self.calm()

    def calm(self) -> None:
        """Stop waiting for a sign of life: here it is."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _wait(self, seconds: float) -> None:
        self._timer = threading.Timer(seconds, self._waited)
        self._timer.daemon = True
        self._timer.start()

    def _waited(self) -> None:
        """Draw the bar or name the stretch, from a thread of its own."""
        with self._lock:
            if not self.draws:
                if self._stage:
                    console().info(f"{self._stage} ...")
                return
            self._bar = new_bar()
            self._task = self._added(self._bar)
            self._bar.start()

    def _added(self, bar: Bar) -> TaskID:
        return bar.add_task(self._text, total=self._total, completed=self._done, note=self._note)

    def _ended(self) -> None:
        now = time.perf_counter()
        if self._stage:
            self._seconds[self._stage] = self._seconds.get(self._stage, 0.0) + now - self._since
        self._since = now
        self._stage = ""


def new_bar() -> Bar:
    """Return what draws bars on stderr and goes without a trace; what stdout gets while it is drawn stays on stdout."""
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar  # rich is loaded by what prints with it

    columns = (
        TextColumn("{task.description:<20}", markup=False),
        BarColumn(20),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[note]}", markup=False),
    )
    return Bar(*columns, console=rich_console(sys.stderr), transient=True, redirect_stdout=sys.stdout.isatty())
