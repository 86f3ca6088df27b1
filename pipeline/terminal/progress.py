"""Stretches of work in; on stderr a bar on a terminal, elsewhere a line about what takes longer than a second."""

from __future__ import annotations

import sys
import threading
import time
from typing import TYPE_CHECKING, Any, Final, Self

from pipeline.terminal.voice import console, moves, voice

if TYPE_CHECKING:
    from types import TracebackType

    from rich.progress import Progress as Bar
    from rich.progress import TaskID

PATIENCE: Final = 1.0
"""Seconds of silence after which a stretch is named where no bar can be drawn."""


class Progress:
    """What a command is doing. Nothing is drawn or said when --quiet was asked for.

    first: the stretch it begins with; without one, nothing is said before `stage` is called.
    """

    def __init__(self, first: str = "") -> None:
        self._first = first
        self._bar: Bar | None = None
        self._task: TaskID | None = None
        self._waiting: threading.Timer | None = None
        self._stage = ""
        self._since = time.perf_counter()
        self.seconds: dict[str, float] = {}

    def __enter__(self) -> Self:
        if self._first:
            self.stage(self._first)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended()
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
        for stage, seconds in self.seconds.items():
            voice().detail(f"{stage}: {seconds:.3f} s")

    @property
    def drawn(self) -> bool:
        """Whether there is a bar, so that single steps need not be said."""
        return self._bar is not None

    def stage(self, text: str, total: int | None = None, done: int = 0) -> None:
        """Begin a stretch: a bar over `total` steps, or a moving one while nobody knows how many."""
        self._ended()
        self._stage = text
        if voice().quiet:
            return
        if moves(sys.stderr):
            bar = self._drawing()
            if self._task is not None:
                bar.remove_task(self._task)
            self._task = bar.add_task(text, total=total, completed=done, told="")
        else:
            self._waiting = threading.Timer(PATIENCE, voice().say, [f"{text} ..."])
            self._waiting.daemon = True
            self._waiting.start()

    def step(self, text: str = "", *, done: int | None = None, told: str = "") -> None:
        """Count one step, or say how many are done."""
        if self._bar is None or self._task is None:
            self.heard_of()
            return
        changed: dict[str, Any] = {"advance": 1} if done is None else {"completed": done}
        self._bar.update(self._task, description=text or self._stage, told=told, **changed)

    def _drawing(self) -> Bar:
        if self._bar is None:
            self._bar = new_bar()
            self._bar.start()
        return self._bar

    def heard_of(self) -> None:
        """Stop waiting for a sign of life where no bar can be drawn: here it is."""
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _ended(self) -> None:
        self.heard_of()
        now = time.perf_counter()
        if self._stage:
            self.seconds[self._stage] = self.seconds.get(self._stage, 0.0) + now - self._since
        self._since = now
        self._stage = ""


def new_bar() -> Bar:
    """Return what draws bars on stderr and goes without a trace; what stdout gets while it is drawn stays on stdout."""
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415
    from rich.progress import Progress as Bar  # noqa: PLC0415 - rich is loaded by what prints with it

    columns = (
        TextColumn("{task.description:<20}", markup=False),
        BarColumn(20),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[told]}", markup=False),
    )
    return Bar(*columns, console=console(sys.stderr), transient=True, redirect_stdout=sys.stdout.isatty())
