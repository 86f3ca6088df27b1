"""What the commands print: progress on stderr while they work, tables on stdout when they are done.

Progress is bars on a terminal and plain lines elsewhere.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Self

from pipeline.terminal.tables import WIDTH, new_table, print_table, say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from types import TracebackType

    from rich.progress import Progress, TaskID

    from pipeline.backtest.stage import Plan
    from pipeline.backtest.task import SecurityResult
    from pipeline.bench import StageTiming
    from pipeline.convert.result import ConvertResult, SheetEvent
    from pipeline.results.run import BacktestRun
    from pipeline.validation import Check

BETWEEN_COLUMNS: Final = 3
EDGES: Final = 2


class BacktestProgress:
    """Says what a backtest is doing: one bar over the securities, or one line as each completes."""

    def __init__(self) -> None:
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._total = self._done = 0
        self._told: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def planned(self, plan: Plan) -> None:
        """Say what is about to run."""
        self._total = len(plan.tasks)
        workers = f"{plan.workers} worker{'s' if plan.workers > 1 else ''} ({plan.backend})"
        securities = "1 security" if self._total == 1 else f"{self._total} securities"
        say(f"Backtest {plan.strategy}: {securities}, {workers}, {plan.engine} engine")
        if plan.why_plain:
            say(f"It runs as plain Python, since it cannot be compiled: {plan.why_plain}")
        if plan.ignores_switches:
            say(_not_for(plan))
        if sys.stderr.isatty():
            self._bar = _bar()
            self._task = self._bar.add_task("replaying", total=self._total)
            self._bar.start()

    def compiling(self, name: str) -> None:
        """Say that a strategy is being compiled, once for this machine; its loops follow one another."""
        if name in self._told:
            return
        self._told.add(name)
        say(f"Compiling {name} for this machine; this is done once and takes a few seconds.")

    def finished(self, result: SecurityResult) -> None:
        """Count one security; name it when there is no bar."""
        self._done += 1
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, advance=1, description=result.ticker)
        elif result.replayed is None:
            say(f"[{self._done}/{self._total}] {result.ticker}: failed: {result.error}")
        else:
            kept = ", kept from an earlier run" if result.kept else ""
            say(f"[{self._done}/{self._total}] {result.ticker}: {len(result.replayed.fills):,} fills{kept}")


@contextmanager
def convert_progress() -> Iterator[Callable[[SheetEvent], None]]:
    """Yield the listener of a conversion: a bar a sheet on a terminal, a line a sheet elsewhere."""
    if not sys.stderr.isatty():
        yield _say_sheet
        return
    with _bar() as bar:
        tasks: dict[int, TaskID] = {}

        def on_event(event: SheetEvent) -> None:
            if event.position not in tasks:
                tasks[event.position] = bar.add_task(event.sheet, total=None)
            if event.row is None:
                bar.update(tasks[event.position], completed=event.rows)
            else:
                rows = max(event.row.rows, 1)
                bar.update(tasks[event.position], total=rows, completed=rows)

        yield on_event


def show_conversion(result: ConvertResult) -> None:
    """Print the closing table of a conversion."""
    table = new_table(f"Converted into {result.parquet_dir}")
    for name in ("sheet", "rows", "ticks", "rejects", "seconds", "status"):
        table.add_column(name, justify="left" if name in ("sheet", "rejects", "status") else "right", overflow="fold")
    for row in result.rows:
        aside = [f"{count:,} {rule}" for rule, count in row.rejects.items()]
        aside += [f"{row.blank:,} blank"] if row.blank else []
        status = f"{row.status}, row by row" if row.reader == "row by row" else row.status
        table.add_row(
            row.sheet, f"{row.rows:,}", f"{row.ticks:,}", ", ".join(aside) or "-", f"{row.seconds:.2f}", status
        )
    print_table(table)
    for row in result.rows:
        if row.error:
            say(f"Error: {row.error}")


def show_backtest(run: BacktestRun, *, debug: bool = False) -> None:
    """Print the closing table of a backtest; where fees are charged, with what they leave."""
    table = new_table(f"{run.plan.strategy}, {run.plan.execution.name} execution")
    charged = any(result.replayed and result.replayed.fees_bps for result in run.results)
    money = ("realised P&L (AED)", "fees (AED)", "net P&L (AED)") if charged else ("realised P&L (AED)",)
    for name in ("security", "fills", *money, "final position", "days not flat"):
        table.add_column(name, justify="left" if name == "security" else "right")
    totals = [0.0] * len(money)
    for result in run.results:
        if result.replayed is None:
            table.add_row(result.ticker, "failed")
            continue
        one = result.replayed
        sums = (one.realized_pnl, one.fees, one.net_pnl)[: len(money)]
        totals = [total + value for total, value in zip(totals, sums, strict=True)]
        days = f"{len(one.days_not_flat)} of {len(one.market_days)}"
        shown = [f"{value:,.2f}" for value in sums]
        table.add_row(result.ticker, f"{len(one.fills):,}", *shown, f"{one.position:,}", days)
    table.add_section()
    fills = sum(len(result.replayed.fills) for result in run.results if result.replayed)
    table.add_row("total", f"{fills:,}", *(f"{total:,.2f}" for total in totals))
    print_table(table)
    _say_errors(run, debug=debug)
    _show_assumptions(run)
    kept = sum(result.kept for result in run.results)
    reused = f"; {kept} of {len(run.results)} kept from earlier runs" if kept else ""
    sys.stdout.write(f"Results: {run.output_dir}  ({run.seconds['total']:.2f} s{reused})\n")


def _show_assumptions(run: BacktestRun) -> None:
    """Print three lines: what the P&L is, what a careful desk would assume, and which single assumption it hangs on."""
    from pipeline.results.files import sensitivity_rows  # noqa: PLC0415 - it is loaded by now

    totals = {row["execution"]: row["net_pnl"] for row in sensitivity_rows(run.results) if row["security"] == "total"}
    if not totals:
        return
    classic, strict = totals["classic"], totals["strict"]
    name, worst = min(((key, value) for key, value in totals.items() if "=" in key), key=lambda one: one[1])
    lines = {
        "Net P&L, AED: as the classic rules fill orders": classic,
        "              as a careful desk assumes (strict)": strict,
        f"              worst switch alone: {name}": worst,
    }
    sys.stdout.writelines(f"{label:<60}{value:>18,.2f}\n" for label, value in lines.items())


def show_sensitivity(run: BacktestRun) -> None:
    """Print the assumption check: one row an execution model, one column a security, as many to a table as fit."""
    from pipeline.results.files import sensitivity_rows  # noqa: PLC0415

    _say_errors(run)
    if not run.plan.switches_apply:
        sys.stdout.write(_not_for(run.plan) + "\n")
        return
    rows = sensitivity_rows(run.results)
    found = {(row["execution"], row["security"]): row["net_pnl"] for row in rows}
    models = list(dict.fromkeys(row["execution"] for row in rows))
    securities = list(dict.fromkeys(row["security"] for row in rows))
    texts = {place: f"{value:,.2f}" for place, value in found.items()}
    widths = {one: max(len(one), *(len(texts[model, one]) for model in models)) for one in securities}
    for shown in _side_by_side(widths, WIDTH - EDGES - max(len(model) for model in models)):
        table = new_table("Net P&L, AED" if shown[0] == securities[0] else "")
        table.add_column("execution", no_wrap=True)
        for security in shown:
            table.add_column(security, justify="right", no_wrap=True)
        for model in models:
            table.add_row(model, *(texts[model, security] for security in shown))
        print_table(table)


def _side_by_side(widths: Mapping[str, int], room: int) -> list[list[str]]:
    """Part columns into as few tables as fit, in their order."""
    tables: list[list[str]] = []
    left = 0
    for name, width in widths.items():
        needed = width + BETWEEN_COLUMNS
        if not tables or needed > left:
            tables.append([])
            left = room
        tables[-1].append(name)
        left -= needed
    return tables


def _not_for(plan: Plan) -> str:
    return f"{plan.strategy} keeps its own orders: the execution switches do not apply to it, only fees do."


def _say_errors(run: BacktestRun, *, debug: bool = False) -> None:
    for result in run.results:
        if result.error is not None:
            say(f"Error: {result.ticker}: {result.error}")
            if debug and result.trace:
                say(result.trace)


def show_checks(checks: Iterable[Check]) -> list[Check]:
    """Print each check as it is made; return them all."""
    made = []
    for check in checks:
        sys.stdout.write(f"{'ok  ' if check.passed else 'FAIL'} {check.name}: {check.detail}\n")
        made.append(check)
    failed = sum(not check.passed for check in made)
    sys.stdout.write(f"{len(made) - failed} passed, {failed} failed\n")
    return made


def show_benchmark(timings: list[StageTiming]) -> None:
    """Print sequential against parallel, stage by stage."""
    table = new_table("Medians, seconds")
    for name in ("stage", "sequential", "parallel", "speed-up"):
        table.add_column(name, justify="left" if name == "stage" else "right")
    for timing in timings:
        table.add_row(timing.stage, f"{timing.sequential:.4f}", f"{timing.parallel:.4f}", f"{timing.speed_up:.2f}x")
    print_table(table)


def _say_sheet(event: SheetEvent) -> None:
    row = event.row
    if row is not None:
        what = row.status if row.status != "converted" else f"{row.rows:,} rows in {row.seconds:.2f} s"
        say(f"{event.sheet}: {what}")


def _bar() -> Progress:
    from rich.console import Console  # noqa: PLC0415 - rich is loaded by what prints with it
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    columns = (TextColumn("{task.description:<20}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True))
