"""Run warnings: what a reader should know before believing a run's figures, one sentence each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pipeline.inspection.warn import warnings_of as warnings_of_ticks
from pipeline.metrics.fill_kinds import through_words
from pipeline.metrics.metrics_json import OWN
from pipeline.numbers import FORMS, amounts_in, counted, currency, money
from pipeline.replay.currencies import stale_words
from pipeline.runs.own_figures import GAVE_NONE
from pipeline.runs.security import totals_of
from pipeline.strategies.loading.load import load_strategy, undeclared_words
from pipeline.ticks import union_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pipeline.engine.execution import Execution
    from pipeline.metrics.ledger import Ledger
    from pipeline.replay.plan import Plan
    from pipeline.runs.security import SecurityResult

FEW_DAYS: Final = 60
"""Market days below which an annualised ratio is mostly chance."""

MANY: Final = 0.01
"""The share of fills from which on it is warned of what no exchange would have let happen."""


def warnings_of(plan: Plan, results: Sequence[SecurityResult]) -> list[str]:
    """Return the warnings of a run, the gravest first."""
    with amounts_in(plan.currencies.of_all):
        return _warnings_of(plan, results)


def _warnings_of(plan: Plan, results: Sequence[SecurityResult]) -> list[str]:
    failed = [result.ticker for result in results if result.ledger is None]
    done = {result.ticker: result.ledger for result in results if result.ledger is not None}
    days = {ticker: ledger.market_days for ticker, ledger in done.items()}
    return [
        *([f"{', '.join(failed)} failed: every total is without {_them(failed)}."] if failed else []),
        *plan.warnings,
        *stale_words(plan.currencies.carried(plan.tasks, days), plan.currencies.rates),
        *undeclared_files(result.opened for result in results),
        *([] if plan.currencies.is_mixed else _assumptions(results)),
        *_no_exchange(plan.execution, done),
        *([] if plan.currencies.is_mixed else _through(plan.execution, results)),
        *(_ignored(plan.execution, done) if plan.switches_apply else ()),
        *(_own_figures(done) if any(load_strategy(task.strategy).figures for task in plan.tasks[:1]) else ()),
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
        classic, strict = (
            sum(by_name[name].in_total["net_pnl"] for by_name in models) for name in ("classic", "strict")
        )
        if classic > 0.0 > strict:
            yield (
                f"The profit depends on how orders are assumed to fill: {money(classic)} {currency()} under the "
                f"classic rules, {money(strict)} {currency()} as an exchange would fill them."
            )


def _no_exchange(execution: Execution, done: Mapping[str, Ledger]) -> Iterator[str]:
    """Yield what many fills owe to orders that no exchange takes, or to shares that were not there."""
    off_grid, marketable, beyond = {}, {}, {}
    for ticker, ledger in done.items():
        if fills := ledger.sums["fills"]:
            off_grid[ticker] = ledger.sums["off_grid_fills"] / fills
            marketable[ticker] = ledger.sums["marketable_fills"] / fills
            beyond[ticker] = ledger.sums["shares_beyond_shown"] / ledger.sums["shares"]
    if many := _many(off_grid):
        yield (
            f"Fills of orders at prices off the market's tick grid, which no exchange takes (% of fills): {many}. "
            "--set execution.order_price=grid keeps orders on it."
        )
    if execution.settings["marketable"] == "rest" and (many := _many(marketable)):
        yield (
            "Fills of orders that were placed at or through the opposite touch but were queued anyway (% of "
            f"fills): {many}. --set execution.marketable=take lets them trade at once."
        )
    if many := _many(beyond):
        yield (
            f"Shares had of one unchanged quote beyond the most that it showed (% of shares): {many}. "
            "--set execution.shown_size=once lets each be had once."
        )


def _many(shares: Mapping[str, float]) -> str:
    """Return the securities whose share is more than MANY, each with it in per cent."""
    return ", ".join(f"{ticker} {FORMS['share'](share)}" for ticker, share in shares.items() if share > MANY)


def _through(execution: Execution, results: Iterable[SecurityResult]) -> Iterator[str]:
    if execution.settings["fill_price"] == "print":
        ledgers = [ledger for some in totals_of(results).values() for ledger in some]
        sums = [{**ledger.sums, "realized_pnl": ledger.realized_pnl} for ledger in ledgers]
        names = ("fills", "realized_pnl", "through_fills", "through_pnl")
        figures = {name: sum(each[name] for each in sums) for name in names}
        if words := through_words(figures):
            yield f"{words} --set execution.fill_price=order books fills at our own price."


def _ignored(execution: Execution, done: Mapping[str, Ledger]) -> Iterator[str]:
    if execution.ignored:
        codes = ", ".join(sorted(execution.ignored))
        left_out = [f"{ticker} {one.ignored:,}" for ticker, one in done.items() if one.ignored]
        if left_out:
            yield (
                f"Prints left out for the condition codes {codes}, which neither fill nor reach the strategy: "
                f"{', '.join(left_out)}. Market days count them."
            )
        without = [ticker for ticker, one in done.items() if not one.ignored]
        if without:
            yield f"No print has the condition codes {codes}, so none is left out: {', '.join(without)}."


def _own_figures(done: Mapping[str, Ledger]) -> Iterator[str]:
    """Yield which figures of the strategy's own could not be computed; one that gave None meant to."""
    without: dict[tuple[str, str], list[str]] = {}
    for ticker, ledger in done.items():
        for name, entry in ledger.figures[OWN].items():
            if entry["why_missing"] not in (None, GAVE_NONE):
                without.setdefault((name, entry["why_missing"]), []).append(ticker)
    for (name, why), tickers in sorted(without.items()):
        yield f"The strategy's own figure {name} is missing of {', '.join(tickers)}: {why}."


def _open_ends(done: Mapping[str, Ledger]) -> Iterator[str]:
    open_now = [f"{ticker} {ledger.position:,}" for ticker, ledger in done.items() if ledger.position]
    if open_now:
        yield f"The run ends with open positions, which realised P&L leaves out (shares): {', '.join(open_now)}."
    carried = [f"{ticker} {len(ledger.days_not_flat)}" for ticker, ledger in done.items() if len(ledger.days_not_flat)]
    if carried:
        yield f"Some days ended with a position: {', '.join(carried)}."


def warnings_of_data(plan: Plan) -> list[str]:
    """Return what is likely wrong with the ticks of a plan's securities, as their conversion found it."""
    exchanges = {task.ticker: task.exchange for task in plan.tasks}
    unusable = {task.ticker for task in plan.tasks if task.error is not None}
    in_store = [security for security in plan.in_store or plan.securities if security.error is None]
    used = [security.ticker for security in plan.securities if security.error is None]
    return warnings_of_ticks([ticker for ticker in used if ticker not in unusable], in_store, exchanges)


def _of_replays(done: Mapping[str, Ledger]) -> Iterator[str]:
    if silent := [ticker for ticker, ledger in done.items() if not len(ledger.market_days)]:
        yield f"No print at all, so no market day: {', '.join(silent)}."
    if idle := [ticker for ticker, ledger in done.items() if not ledger.sums["fills"]]:
        yield f"No fill at all: {', '.join(idle)}."
    most = max((len(ledger.market_days) for ledger in done.values()), default=0)
    if 0 < most < FEW_DAYS:
        every = len(union_of([ledger.market_days for ledger in done.values()]))
        covered = counted(every, "market day") + (f", no security more than {most} of them" if most < every else "")
        yield f"The ticks cover {covered}: annualised ratios say little with fewer than {FEW_DAYS}."
