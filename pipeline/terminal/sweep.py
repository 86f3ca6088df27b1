"""What a sweep says: how far it is, how fast and how long still, and in the end what came of it."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any, Final, Self

from pipeline.terminal.tables import new_table, print_table, say

if TYPE_CHECKING:
    from types import TracebackType

    from rich.progress import Progress, TaskID

    from pipeline.research.sweep import Content, SweepPlan
    from pipeline.results.sweep_run import SweepRun
    from pipeline.results.sweeps import Best

SAY_EVERY: Final = 10.0
REDRAW_EVERY: Final = 0.1
MB: Final = 2**20


class SweepProgress:
    """A bar with the rate and the time left on a terminal; elsewhere a line every ten seconds."""

    def __init__(self) -> None:
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._total = self._done = self._computed = 0
        self._started = self._said = time.monotonic()
        self._told: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def planned(self, plan: SweepPlan, total: int) -> None:
        """Say what is about to run."""
        self._total = total
        self._started = self._said = time.monotonic()
        workers = f"{plan.workers} worker{'s' if plan.workers > 1 else ''} ({plan.backend})"
        names = ", ".join(base.strategy for base in plan.bases.values())
        settings = total // max(1, len(plan.tickers))
        say(f"Sweep of {names}: {settings:,} settings x {len(plan.tickers)} securities, {workers}")
        for base in plan.bases.values():
            if base.why_plain:
                say(f"On the plain engine, since it cannot be compiled: {base.why_plain}")
        if sys.stderr.isatty():
            self._bar = _bar()
            self._task = self._bar.add_task("replaying", total=total, told="")
            self._bar.start()

    def compiling(self, name: str) -> None:
        """Say that a strategy is being compiled, once for this machine."""
        if name not in self._told:
            self._told.add(name)
            say(f"Compiling {name} for many settings at once; this is done once and takes a few seconds.")

    def found(self, content: Content) -> None:
        """Count one result."""
        self._done += 1
        self._computed += not content.kept
        now = time.monotonic()
        if self._bar is not None and self._task is not None:
            if now - self._said > REDRAW_EVERY or self._done == self._total:
                self._said = now
                told = self._how_fast(now)
                self._bar.update(self._task, completed=self._done, description=content.ticker, told=told)
        elif now - self._said > SAY_EVERY:
            self._said = now
            say(f"{self._done:,} of {self._total:,} results, {self._how_fast(now)}")

    def _how_fast(self, now: float) -> str:
        """Say how many results a second were computed so far, and how long the rest takes at that rate."""
        rate = self._computed / max(now - self._started, 1e-9)
        if not rate:
            return "all kept so far"
        left = round((self._total - self._done) / rate)
        return f"{rate:,.0f}/s, {left // 60}:{left % 60:02} left"


def show_sweep(run: SweepRun) -> None:
    """Print the best setting of each security and of all, and what was computed and what was kept."""
    results = run.results
    for where, error in list(run.failed.items())[:10]:
        say(f"Error: {where}: {error}")
    for one in run.best:
        _warn_of_idleness(one)
    if run.best:
        _table_of_best(run)
    if run.folds:
        _table_of_folds(run)
    tickers = results.plan.tickers
    sys.stdout.write(
        f"{len(results.contents):,} results ({len(results.trials):,} settings x {len(tickers)} securities): "
        f"{results.kept:,} kept, {results.computed:,} computed, {results.failed:,} failed\n"
    )
    sys.stdout.write(f"Kept results: {run.kept_bytes / MB:,.1f} MB (make clean-cache removes them)\n")
    if run.output_dir is not None:
        sys.stdout.write(f"Results: {run.output_dir}  ({run.seconds:.2f} s)\n")


def _warn_of_idleness(one: Best) -> None:
    """Warn where a setting was chosen on days on which it had no fill."""
    if one.train is not None and one.train.fills == 0:
        say(f"{one.security}: no setting did better than one without any fill on the days it was chosen on.")


def _table_of_best(run: SweepRun) -> None:
    parted = any(one.train for one in run.best)
    table = new_table("Best settings" + (", chosen on the first part" if parted else ", the best of many: too good"))
    table.add_column("security")
    table.add_column("setting", justify="right")
    table.add_column("values", overflow="fold")
    columns = ("train AED", "test AED", "test Sharpe") if parted else ("net P&L (AED)", "Sharpe")
    for name in columns:
        table.add_column(name, justify="right", no_wrap=True)
    for one in run.best:
        values = ", ".join(f"{_short(name)}={value}" for name, value in one.trial.point.values.items())
        if len(run.results.plan.bases) > 1:
            values = f"{one.trial.strategy}: {values}"
        if one.train is not None and one.test is not None:
            figures: list[str] = [_money(one.train.net_pnl), _money(one.test.net_pnl), _ratio(one.test.sharpe)]
        else:
            figures = [_money(one.figures.get("net_pnl")), _ratio(one.figures.get("sharpe"))]
        table.add_row(one.security, str(one.trial.number), values, *figures)
    print_table(table)


def _table_of_folds(run: SweepRun) -> None:
    """Show the walk forward in total: what choosing anew on the past would have earned after."""
    parts = max(fold.number for fold in run.folds)
    table = new_table(f"Walk forward, {parts} part{'s' if parts > 1 else ''}")
    for name in ("security", "settings chosen", "net P&L after choosing (AED)"):
        table.add_column(name, justify="left" if name == "security" else "right")
    for security in dict.fromkeys(fold.security for fold in run.folds):
        own = [fold for fold in run.folds if fold.security == security]
        chosen = ", ".join(str(fold.trial.number) for fold in own)
        table.add_row(security, chosen, _money(sum(fold.test.net_pnl for fold in own)))
    print_table(table)


def _short(name: str) -> str:
    return name.removeprefix("execution.")


def _money(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f}"


def _ratio(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _bar() -> Any:
    from rich.console import Console  # noqa: PLC0415 - rich is loaded by what prints with it
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn  # noqa: PLC0415

    columns = (
        TextColumn("{task.description:<10}"),
        BarColumn(20),
        MofNCompleteColumn(),
        TextColumn("{task.fields[told]}"),
    )
    return Progress(*columns, console=Console(stderr=True))
