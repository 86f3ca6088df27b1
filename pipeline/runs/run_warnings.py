"""Run warnings: what a reader should know before believing a run's figures, one sentence each."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from pipeline.inspection.warn import warnings_of as warnings_of_ticks
from pipeline.numbers import counted, money
from pipeline.strategies.loading.load import undeclared_words
from pipeline.ticks import union_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pipeline.replay.plan import Plan
    from pipeline.replay.simulate import Replayed
    from pipeline.replay.task import SecurityResult

FEW_DAYS: Final = 60
"""Market days below which an annualised ratio is mostly chance."""


def warnings_of(plan: Plan, results: Sequence[SecurityResult]) -> list[str]:
    """Return the warnings of a run, the gravest first."""
    failed = [result.ticker for result in results if result.replayed is None]
    done = {result.ticker: result.replayed for result in results if result.replayed is not None}
    return [
        *([f"{', '.join(failed)} failed: every total is without {_them(failed)}."] if failed else []),
        *plan.warnings,
        *undeclared_files(result.opened for result in results),
        *_assumptions(results),
        *_open_ends(done),
        *warnings_of_data(plan),
        *_of_replays(done),
    ]


def _them(tickers: Sequence[str]) -> str:
    return "it" if len(tickers) == 1 else "them"


def undeclared_files(opened: Iterable[Iterable[str]]) -> Iterator[str]:
    """Yield what is to be said of data files that a strategy opened in its replays and does not declare."""
    files = sorted({file for some in opened for file in some})
    if files:
        yield undeclared_words(files)


def _assumptions(results: Sequence[SecurityResult]) -> Iterator[str]:
    models = [result.alternatives for result in results if result.alternatives]
    if models:
        classic, strict = (sum(by_name[name].net_pnl for by_name in models) for name in ("classic", "strict"))
        if classic > 0.0 > strict:
            yield (
                f"The profit hangs on how orders are assumed to fill: {money(classic)} AED under the classic rules, "
                f"{money(strict)} AED as an exchange would fill them."
            )


def _open_ends(done: dict[str, Replayed]) -> Iterator[str]:
    open_now = [f"{ticker} {replayed.position:,}" for ticker, replayed in done.items() if replayed.position]
    if open_now:
        yield f"The run ends with open positions, which realised P&L leaves out (shares): {', '.join(open_now)}."
    carried = [
        f"{ticker} {len(replayed.days_not_flat)}" for ticker, replayed in done.items() if len(replayed.days_not_flat)
    ]
    if carried:
        yield f"Some days ended with a position: {', '.join(carried)}."


def warnings_of_data(plan: Plan) -> list[str]:
    """Return what is likely wrong with the ticks of a plan's securities, as their conversion found it."""
    exchanges = {task.ticker: task.exchange for task in plan.tasks}
    unusable = {task.ticker for task in plan.tasks if task.error is not None}
    in_store = [
        replace(security, exchange=exchanges.get(security.ticker, security.exchange))
        for security in plan.in_store or plan.securities
        if security.error is None
    ]
    used = [security.ticker for security in plan.securities if security.error is None]
    return warnings_of_ticks([ticker for ticker in used if ticker not in unusable], in_store)


def _of_replays(done: dict[str, Replayed]) -> Iterator[str]:
    if silent := [ticker for ticker, replayed in done.items() if not len(replayed.market_days)]:
        yield f"No print at all, so no market day: {', '.join(silent)}."
    if idle := [ticker for ticker, replayed in done.items() if not len(replayed.fills)]:
        yield f"No fill at all: {', '.join(idle)}."
    most = max((len(replayed.market_days) for replayed in done.values()), default=0)
    if 0 < most < FEW_DAYS:
        every = len(union_of([replayed.market_days for replayed in done.values()]))
        covered = counted(every, "market day") + (f", no security more than {most} of them" if most < every else "")
        yield f"The ticks cover {covered}: annualised ratios say little with fewer than {FEW_DAYS}."
