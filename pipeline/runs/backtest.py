"""Drives a backtest from its request to its folder: plan, replay, write; and what notebooks get back."""

from __future__ import annotations

import time
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.errors import BadRequest, ReplayError, UnknownSecurity, nearest
from pipeline.metrics.daily import daily_columns
from pipeline.metrics.figures import portfolio_figures
from pipeline.metrics.ledger_store import LedgerStore
from pipeline.metrics.registry import METRICS
from pipeline.numbers import amounts_in, counted
from pipeline.replay.plan import plan
from pipeline.runs.own_figures import check_names, own_values, with_own_of_all
from pipeline.runs.read_file import how_of
from pipeline.runs.replaying import HERE, run
from pipeline.runs.run_warnings import warnings_of
from pipeline.runs.security import totals_of
from pipeline.runs.security_files import file_names, series_name
from pipeline.runs.writer import (
    SENSITIVITY_COLUMNS,
    SUMMARY_COLUMNS,
    RunFolder,
    daily_table,
    sensitivity_rows,
    summary_rows,
)
from pipeline.store.parquet import read_table, table_of
from pipeline.store.result_cache import ResultCache, results_folder
from pipeline.strategies.loading.load import load_strategy, strategy_label

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pandas as pd

    from pipeline.metrics.ledger import Ledger
    from pipeline.replay.fx import Conversion
    from pipeline.replay.plan import Plan, Request
    from pipeline.runs.security import SecurityResult
    from pipeline.store.path import AnyPath


SEVERAL: Final = frozenset(figure.name for figure in METRICS if not figure.is_number)
"""The figures that are several numbers, where they are not missing."""


@dataclass(frozen=True, slots=True)
class Listeners:
    """Callbacks for the progress of a backtest."""

    on_plan: Callable[[Plan], None] | None = None
    on_result: Callable[[SecurityResult], None] | None = None
    on_compile: Callable[[str], None] | None = None


@dataclass(frozen=True, eq=False, repr=False)
class BacktestRun:
    """The results of one backtest, sorted by ticker, and where they were written, if they were.

    warnings: what is to be known before the figures are believed, as run.json and the page have it. seconds: `total` is
    wall clock with files and page written (in run.json, which is one of them, without the page); the others are sums
    over the securities. written: the figures of all securities together, where they are in a folder already.
    how: of its run.json, by which that folder is known to be this run's.
    """

    plan: Plan
    results: Sequence[SecurityResult]
    output_dir: AnyPath | None
    seconds: Mapping[str, float]
    warnings: Sequence[str] = ()
    written: Mapping[str, Any] | None = None
    how: Mapping[str, Any] | None = None

    def __repr__(self) -> str:
        """Return in a line what was run, what came of it, and where it is."""
        model, failed = self.plan.execution.name, f", {len(self.failed):,} failed" if self.failed else ""
        fills = counted(sum(result.fills for result in self.results), "fill")
        came = f"{counted(len(self.results), 'security')}{failed}, {fills}"
        where = "" if self.output_dir is None else f", in {self.output_dir}"
        return f"<BacktestRun: {strategy_label(self.plan.strategy)}, {model} execution, {came}{where}>"

    @property
    def currency(self) -> str:
        """What amounts of all securities together are in; "own currency" where they do not add up."""
        return self.plan.currencies.of_all

    @property
    def failed(self) -> dict[str, str]:
        """The errors of the securities that failed, by ticker."""
        return {result.ticker: result.error for result in self.results if result.error is not None}

    @property
    def summary(self) -> pd.DataFrame:
        """One row a security: its currency, fills, realised P&L, final position (shares), days, counts, error."""
        import pandas as pd  # half a second that only notebooks pay for

        return pd.DataFrame(summary_rows(self.results), columns=list(SUMMARY_COLUMNS))

    @property
    def sensitivity(self) -> pd.DataFrame:
        """The assumption check: one row a security and execution model, then the totals; P&L and fees in money."""
        import pandas as pd

        return pd.DataFrame(sensitivity_rows(self.results), columns=list(SENSITIVITY_COLUMNS))

    @property
    def metrics(self) -> pd.DataFrame:
        """Every figure that is one number: a row a security that did not fail, then `portfolio`.

        Mark-outs stand as `markout_1s_amount` and so on. NaN where a figure cannot be computed; metrics.json says why.
        """
        import pandas as pd

        ledgers = self._ledgers()
        of_all = {ledger.ticker: ledger.figures for ledger in ledgers} | {"portfolio": self.portfolio}
        rows = {name: _flat(figures) | own_values(figures) for name, figures in of_all.items()}
        frame = pd.DataFrame.from_dict(rows, orient="index")
        frame.index.name = "security"
        empty = [name for name in frame if frame[name].isna().all()]
        return frame.astype(dict.fromkeys(empty, float))

    @property
    def portfolio(self) -> Mapping[str, Any]:
        """The figures of all securities together, as metrics.json has them."""
        return self.written or _portfolio_figures(self.plan, self.results)

    @property
    def daily(self) -> pd.DataFrame:
        """P&L, equity and position by market day, money and shares: rows of each security, then of `total`."""
        import pandas as pd

        frame: pd.DataFrame = daily_table(daily_columns(self._ledgers(), totals_of(self.results))).to_pandas()
        return frame.assign(day=pd.to_datetime(frame["day"].astype(str)), position=frame["position"].astype("Int64"))

    def trades(self, ticker: str) -> pd.DataFrame:
        """Return one security's fills in execution order: timestamp, side, fill_price, fill_qty and P&L.

        Timestamps are in the time zone of its exchange, an hour that its clock repeats being the later one.

        Raises UnknownSecurity for a ticker that was not replayed, ReplayError for one that failed.
        """
        return self._frame(ticker, file_names(ticker.upper())[0])

    def series(self, ticker: str) -> pd.DataFrame:
        """Return what the strategy recorded of one security: timestamp, in its exchange's zone, and a column a series.

        Raises UnknownSecurity for a ticker that was not replayed, ReplayError for one that failed or records nothing.
        """
        if not self.plan.series:
            raise ReplayError(f"{self.plan.strategy} records no series; it declares one as `fair: Series = Series()`.")
        return self._frame(ticker, series_name(ticker.upper()))

    def equity(self, ticker: str | None = None, *, tz: str | None = None) -> pd.DataFrame:
        """Return realised equity over time: a column a security, each in its currency, and `portfolio`, in the run's.

        Each row is the instant of a fill of any of them; a security without a fill yet stands at 0. `portfolio` is NaN
        where amounts of the securities do not add up.

        Args:
            ticker: The one security; by default all.
            tz: A time zone, as `UTC` or `Europe/London`, that times are in, an hour that an exchange's clock repeats
                being the later one; by default that of the exchanges, or UTC where they are in several.

        Raises:
            UnknownSecurity: The ticker was not replayed.
            ReplayError: It failed.
            BadRequest: There is no such time zone.
        """
        import pandas as pd

        chosen = [ticker] if ticker is not None else [result.ticker for result in self.results if result.ledger]
        curves, added = {}, {}
        for name in map(str.upper, chosen):
            fills = self._table(name, file_names(name)[0]).select(["timestamp", "realized_pnl", "pnl"]).to_pandas()
            clock = np.maximum.accumulate(fills["timestamp"].to_numpy()).astype("datetime64[ns]")
            index = _in_zone(pd.DatetimeIndex(clock), self._zones[name], tz or self._zone)
            pnl = fills["pnl"].to_numpy()
            curves[name] = pd.Series(pnl, index=index).groupby(level=0).last()
            if conversion := self._conversions.get(name):
                days = clock.astype("datetime64[D]").astype(np.int64)
                pnl = np.cumsum(fills["realized_pnl"].to_numpy() * conversion.at(days))
            added[name] = pd.Series(pnl, index=index).groupby(level=0).last()
        frame = pd.DataFrame(curves).sort_index().ffill().fillna(0.0)
        frame.index.name = "timestamp"
        if ticker is None:
            total = pd.DataFrame(added).sort_index().ffill().fillna(0.0).sum(axis=1)
            frame["portfolio"] = np.nan if self.plan.currencies.is_mixed else total
        return frame

    def plot(self, *, tz: str | None = None) -> Any:
        """Return equity of each security and of all together, and their drawdown, as a Plotly figure.

        Args:
            tz: As of `equity`.

        Raises:
            BadRequest: There is no such time zone.
        """
        from pipeline.notebook_charts import equity_chart

        frame = self.equity(tz=tz)
        curves = {str(name): frame[name].to_numpy() for name in frame}
        title = f"{self.plan.strategy}, {self.plan.execution.name} execution: realised equity before fees"
        clock: Any = frame.index
        with amounts_in(self.currency):
            return equity_chart(title, clock.tz_localize(None).to_numpy(), curves, tz or self._zone)

    def _repr_html_(self) -> str:
        """Show the run in a notebook: a row a security, their total, and the equity of all together."""
        from pipeline.runs.in_notebook import run_html

        with amounts_in(self.currency):
            return run_html(self)

    @property
    def _zones(self) -> dict[str, str]:
        return {task.ticker: task.market.time_zone for task in self.plan.tasks if task.error is None}

    @property
    def _zone(self) -> str:
        """The time zone of the exchanges, UTC where they are in several."""
        zones = {*self._zones.values()}
        return zones.pop() if len(zones) == 1 else "UTC"

    @property
    def _conversions(self) -> dict[str, Conversion]:
        return {task.ticker: task.conversion for task in self.plan.tasks if task.conversion is not None}

    def _ledgers(self) -> list[Ledger]:
        return [result.ledger for result in self.results if result.ledger is not None]

    def _frame(self, ticker: str, name: str) -> pd.DataFrame:
        """Return one of a security's files with its times in the zone of its exchange."""
        frame: pd.DataFrame = self._table(ticker, name).to_pandas()
        zone = self._zones[ticker.upper()]
        return frame.assign(timestamp=_in_zone(frame["timestamp"], zone, zone))

    def _table(self, ticker: str, name: str) -> Any:
        """Return one of a security's files as the run has it on disk, or else in memory."""
        by_ticker = {result.ticker: result for result in self.results}
        result = by_ticker.get(ticker.upper())
        if result is None:
            raise UnknownSecurity(f"{ticker} is not in this run.{nearest(ticker, by_ticker)}")
        if result.ledger is None:
            raise ReplayError(f"{ticker} failed in this run: {result.error}")
        if self.output_dir is None:
            return table_of(result.files[name])
        if how_of(self.output_dir) != self.how:
            raise ReplayError(f"{self.output_dir} has another run by now, or none; give each run a folder of its own.")
        return read_table(self.output_dir / name)


def run_backtest(
    request: Request,
    output_dir: AnyPath | None,
    listeners: Listeners,
    finish: Callable[[AnyPath], object],
    *,
    fresh: bool,
    page: bool = False,
    note: str = "",
) -> BacktestRun:
    """Run a backtest and write its folder, if there is to be one.

    finish: called with the finished folder, while other runs are still kept out of it. fresh: replay what is cached,
    too. page: whether `finish` makes a page. note: what its user says of it, for `run.json`. Raises a PipelineError for
    a request that cannot be run; a security that fails is a result with its error.
    """
    started = time.perf_counter()
    planned = plan(request)
    check_names(load_strategy(planned.tasks[0].strategy))
    folder = None if output_dir is None else RunFolder(output_dir, planned, report=page, note=note)
    with folder.open() if folder else nullcontext():
        if listeners.on_plan:
            listeners.on_plan(planned)
        results, ledgers, others = [], LedgerStore(), LedgerStore()
        # Who asks for plain Python steps through it with a debugger, or wants to see it agree: it always runs.
        cache = None if request.engine == "python" else ResultCache(results_folder())
        try:
            destination = folder.destination if folder else HERE
            for result in run(planned, listeners.on_compile, cache, destination, fresh=fresh):
                written = folder.add(result) if folder else result
                ledger = result.ledger and ledgers.add(result.ledger)
                added = result.added and others.add(result.added)
                results.append(replace(written, ledger=ledger, added=added))
                if listeners.on_result:
                    listeners.on_result(result)
        finally:
            if cache is not None:
                cache.keep_within_limit()
        results.sort(key=lambda result: result.ticker)

        def seconds() -> dict[str, float]:
            return {
                "total": time.perf_counter() - started,
                "reading": sum(result.read_seconds for result in results),
                "replay": sum(result.replay_seconds for result in results),
                "sensitivity": sum(result.check_seconds for result in results),
            }

        warnings = warnings_of(planned, results)
        figures = None
        if folder:
            figures = _portfolio_figures(planned, results)
            folder.close(results, figures, seconds, warnings)
            finish(folder.directory)
        how = None if folder is None else how_of(folder.directory)
    return BacktestRun(planned, results, output_dir, seconds(), warnings, figures, how)


def _portfolio_figures(planned: Plan, results: Sequence[SecurityResult]) -> dict[str, Any]:
    """Return the figures of all securities together, as metrics.json has them."""
    ledgers = [result.ledger for result in results if result.ledger is not None]
    strategy, units = load_strategy(planned.tasks[0].strategy), {*planned.currencies.of.values()}
    return with_own_of_all(portfolio_figures(totals_of(results)), strategy, ledgers, currencies=len(units))


def _in_zone(times: Any, of: str, tz: str) -> pd.DatetimeIndex:
    """Return times on the clock of one time zone in another."""
    from zoneinfo import ZoneInfo, available_timezones

    import pandas as pd

    try:
        zone = ZoneInfo(tz)
    except (KeyError, ValueError, OSError):
        near = nearest(tz, available_timezones())
        raise BadRequest(f"There is no time zone '{tz}'; it takes one such as UTC or Europe/London.{near}") from None
    index = pd.DatetimeIndex(times)
    later = np.zeros(len(index), bool)
    return index.tz_localize(of, ambiguous=later, nonexistent="shift_forward").tz_convert(zone)


def _flat(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Return the figures that are one number, a mark-out's with its horizon in the name."""
    numbers = {
        name: value for name, value in figures.items() if not isinstance(value, (dict, list)) and name not in SEVERAL
    }
    for horizon, markout in figures["markouts"].items():
        numbers |= {f"markout_{horizon}_{name}": value for name, value in markout.items()}
    return numbers
