"""Writes what a run folder has of all securities: summary, metrics and `run.json`, each file whole or not at all."""

from __future__ import annotations

import contextlib
import datetime as dt
import platform
from dataclasses import asdict, replace
from itertools import repeat
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

import pipeline
from pipeline.markets.calendars import origins_of
from pipeline.markets.facts import facts_of
from pipeline.markets.timetable import timetable
from pipeline.metrics.assumptions import verdict_of
from pipeline.metrics.daily import COLUMNS as DAILY_COLUMNS
from pipeline.metrics.daily import TOTAL, daily_columns
from pipeline.metrics.ledger_builder import REPLAY_COUNTS
from pipeline.metrics.metrics_json import metrics_json
from pipeline.metrics.registry import SUMMARY_FIGURES
from pipeline.replay.fx import rates_json
from pipeline.replay.signals import digests_of
from pipeline.runs.csv_cells import csv_bytes, csv_cell, needs_quotes, table_lines
from pipeline.runs.layout import (
    DAILY_FILE,
    FOLDERS,
    FORMAT_VERSION,
    METRICS_FILE,
    RATES_FILE,
    REPORT_FILE,
    RUN_FILE,
    SENSITIVITY_FILE,
    SERIES_FOLDER,
    SUMMARY_FILE,
)
from pipeline.runs.manifest import COMPLETE, RUNNING, json_bytes, written_folder
from pipeline.runs.security import Destination, totals_of
from pipeline.runs.security_files import file_names, series_name, write_files
from pipeline.store.atomic import write_bytes
from pipeline.store.columns import number_array, text_of_codes
from pipeline.ticks import union_of
from pipeline.times import date_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from pipeline.metrics.ledger import Ledger
    from pipeline.replay.plan import Plan
    from pipeline.runs.security import SecurityResult
    from pipeline.store.catalog import Security
    from pipeline.store.path import AnyPath

SUMMARY_COLUMNS: Final = ("security", "exchange", "currency", *SUMMARY_FIGURES, *REPLAY_COUNTS, "error")
RATE_COLUMNS: Final = ("security", "day", "rate")
SENSITIVITY_COLUMNS: Final = ("security", "execution", "fills", "realized_pnl", "fees", "net_pnl")


class RunFolder:
    """The folder of one run: opened before the first result, closed when all are there; workers write into it.

    report: whether a page will be made from the closed folder, which is then among the files that it lists. note: what
    its user says of the run.
    """

    def __init__(self, directory: AnyPath, plan: Plan, *, report: bool = True, note: str = "") -> None:
        self.directory = directory
        self._plan = plan
        self._report = report
        self._note = note
        self._begun = b""

    @contextlib.contextmanager
    def open(self) -> Iterator[RunFolder]:
        """Begin the folder, and note in its `run.json` whatever ends the run before its end.

        Raises InUse, OutputNotWritable or PathError.
        """
        with written_folder(
            self.directory, RUN_FILE, "pipeline backtest", self._folders, self._begin
        ) as remove_earlier:
            remove_earlier()
            yield self

    @property
    def _folders(self) -> tuple[str, ...]:
        return (*FOLDERS, SERIES_FOLDER) if self._plan.series else FOLDERS

    def _begin(self, earlier: Iterable[str]) -> bytes:
        self._begun = self._run_json(RUNNING, {}, (), (), earlier)
        return self._begun

    @property
    def destination(self) -> Destination:
        """Where workers write the files of securities."""
        return Destination(self.directory, self._begun if self._plan.address else None)

    def add(self, result: SecurityResult) -> SecurityResult:
        """Write what a security's worker could not; return its result without it."""
        if result.files:
            write_files(self.directory, result.ticker, result.files)
        return replace(result, files={})

    def close(
        self,
        results: Sequence[SecurityResult],
        portfolio: Mapping[str, Any],
        timings: Callable[[], Mapping[str, float]],
        warnings: Sequence[str],
    ) -> None:
        """Write summary, metrics and, last, `run.json` with its status complete, its timings then, and its warnings.

        results: of all securities, by ticker. portfolio: the figures of all of them together.
        """
        ledgers = [result.ledger for result in results if result.ledger is not None]
        write_bytes(self.directory / SUMMARY_FILE, csv_text(SUMMARY_COLUMNS, summary_rows(results)), durable=False)
        if rows := sensitivity_rows(results):
            write_bytes(self.directory / SENSITIVITY_FILE, csv_text(SENSITIVITY_COLUMNS, rows), durable=False)
        write_bytes(self.directory / METRICS_FILE, b"".join(metrics_json(ledgers, portfolio)), durable=False)
        write_bytes(self.directory / DAILY_FILE, daily_csv(ledgers, totals_of(results)), durable=False)
        if rates := rates_csv(results):
            write_bytes(self.directory / RATES_FILE, rates, durable=False)
        write_bytes(self.directory / RUN_FILE, self._run_json(COMPLETE, timings(), warnings, results))

    def _run_json(
        self,
        status: str,
        timings: Mapping[str, float],
        warnings: Sequence[str],
        results: Sequence[SecurityResult],
        earlier: Iterable[str] = (),
    ) -> bytes:
        plan = self._plan
        verdict = verdict_of(net_pnl_by_execution(results))
        written = [file for task in plan.tasks for file in file_names(task.ticker)]
        written += [series_name(task.ticker) for task in plan.tasks if plan.series]
        if any(task.alternatives for task in plan.tasks):
            written.append(SENSITIVITY_FILE)
        if self._report:
            written.append(REPORT_FILE)
        if any(task.conversion is not None for task in plan.tasks):
            written.append(RATES_FILE)
        content = {
            "format_version": FORMAT_VERSION,
            "status": status,
            "strategy": plan.strategy,
            "config": plan.config.name,
            "note": self._note,
            "execution": {"name": plan.execution.name, "settings": dict(plan.execution.settings)},
            "assumption_check": None if verdict is None else asdict(verdict),
            "currencies": dict(plan.currencies.of),
            "currency": None if plan.currencies.is_mixed else plan.currencies.of_all,
            "fx": rates_json(plan.currencies.rates, carried_of(plan, results)),
            "signals": {task.ticker: digests_of(task.signals) for task in plan.tasks if task.signals},
            "tick_sizes": {task.ticker: task.tick_size for task in plan.tasks if task.tick_size is not None},
            "exchanges": {task.ticker: task.exchange for task in plan.tasks},
            "markets": _markets(plan, results),
            "parameters": {task.ticker: dict(task.parameters) for task in plan.tasks},
            "data": {security.ticker: _data_of(security) for security in plan.securities},
            "warnings": list(warnings),
            "versions": {
                "pipeline": pipeline.__version__,
                "python": platform.python_version(),
                "numpy": np.__version__,
                "pyarrow": pa.__version__,
            },
            "files": sorted({*written, SUMMARY_FILE, METRICS_FILE, DAILY_FILE, *earlier}),
            "how": {
                "engine": plan.engine,
                "backend": plan.backend,
                "workers": plan.workers,
                "strategy_file": plan.strategy_file,
                "seconds": dict(timings),
                "finished": _now() if status == COMPLETE else None,
            },
        }
        return json_bytes(content)


def _markets(plan: Plan, results: Sequence[SecurityResult]) -> dict[str, dict[str, Any]]:
    """Return of each exchange where its facts are from, its clock, and the phases of the days that were replayed."""
    markets: dict[str, dict[str, Any]] = {}
    for name in sorted(plan.known_exchanges):
        market = facts_of(name)
        ledgers = [result.ledger for result in results if result.ledger is not None and result.task.exchange == name]
        days = union_of([ledger.market_days for ledger in ledgers]).tolist()
        phases = timetable(market, date_of(days[0]), date_of(days[-1])) if days else []
        prices = {"prices_in": market.prices_in, "prices_per_currency": market.price_units_per_currency}
        markets[name] = {**origins_of(market), "time_zone": market.time_zone, **prices, "phases": phases}
    return markets


def sensitivity_rows(results: Sequence[SecurityResult]) -> list[dict[str, Any]]:
    """Return the assumption check, one row a security and execution model, then the totals, of each currency one."""
    rows: list[dict[str, Any]] = []
    units = totals_of(results)
    totals: dict[tuple[str, str], dict[str, Any]] = {}
    for result in results:
        for model, alternative in result.alternatives.items():
            row = {name: getattr(alternative, name) for name in SENSITIVITY_COLUMNS[2:]}
            rows.append({"security": result.ticker, "execution": model} | row)
            name = f"{TOTAL} {result.total_in}" if len(units) > 1 else TOTAL
            total = totals.setdefault((name, model), {"security": name, "execution": model} | dict.fromkeys(row, 0))
            for column, value in alternative.in_total.items():
                total[column] += value
    return rows + [totals[name] for name in sorted(totals, key=lambda name: name[0])]


def net_pnl_by_execution(results: Sequence[SecurityResult]) -> dict[str, float]:
    """Return net P&L of all securities together by execution model of the assumption check; empty without one."""
    return {row["execution"]: row["net_pnl"] for row in sensitivity_rows(results) if row["security"] == TOTAL}


def summary_rows(results: Iterable[SecurityResult]) -> list[dict[str, Any]]:
    """Return the summary, one row a security in the order given; a failed one has its error and nothing else."""
    rows = []
    for result in results:
        row: dict[str, Any] = {"security": result.ticker, "exchange": result.task.exchange, "error": result.error}
        if result.ledger is not None:
            row["currency"] = result.currency
            row |= {heading: result.ledger.summary[figure.name] for heading, figure in SUMMARY_FIGURES.items()}
            row |= result.ledger.counts
        rows.append(row)
    return rows


def csv_text(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Return rows as CSV, floats as their shortest exact form, an absent figure as an empty cell."""
    return csv_bytes([columns, *([row.get(name) for name in columns] for row in rows)])


def rates_csv(results: Iterable[SecurityResult]) -> bytes:
    """Return the rate of each day of each security that was converted, as CSV; empty where none was."""
    rows: list[Sequence[Any]] = [RATE_COLUMNS]
    for result in results:
        conversion = result.task.conversion
        if conversion is not None and result.ledger is not None:
            days = union_of([result.ledger.market_days, result.ledger.days[:][:, 0]])
            named = days.astype("datetime64[D]").astype(str).tolist()
            rows += zip(repeat(result.ticker), named, conversion.at(days).tolist(), strict=False)
    return csv_bytes(rows) if len(rows) > 1 else b""


def carried_of(plan: Plan, results: Iterable[SecurityResult]) -> dict[str, list[str]]:
    """Return by currency the market days that have no rate of their own."""
    days = {result.ticker: result.ledger.market_days for result in results if result.ledger is not None}
    return plan.currencies.carried(plan.tasks, days)


def daily_csv(ledgers: Sequence[Ledger], totals: Mapping[str, Sequence[Ledger]]) -> bytes:
    """Return daily.csv: P&L, equity and position of each security by market day, then of all together."""
    days = {csv_cell(security): columns for security, columns in daily_columns(ledgers, totals)}
    lines = table_lines(daily_table(days.items()), with_header=False, with_quotes=needs_quotes(days))
    return csv_bytes([DAILY_COLUMNS]) + lines


def daily_table(several: Iterable[tuple[str, Mapping[str, Any]]]) -> Any:
    """Return columns of daily.csv by security as one Arrow table, null where a security has none."""
    return pa.concat_tables([_daily_table(*each) for each in several])


def _daily_table(cell: str, columns: Mapping[str, Any]) -> Any:
    days = columns["day"].astype(np.int32)
    table = {"security": text_of_codes(np.zeros(len(days), np.int8), (cell,)), "day": number_array(days, pa.date32())}
    for name in DAILY_COLUMNS[len(table) :]:
        kind = pa.int64() if name in ("fills", "position") else pa.float64()
        table[name] = number_array(columns[name], kind) if name in columns else pa.nulls(len(days), kind)
    return pa.table(table)


def _now() -> str:
    """Return the time as this machine has it, with its distance from UTC."""
    return dt.datetime.now().astimezone().isoformat(timespec="milliseconds")


def _data_of(security: Security) -> dict[str, Any]:
    """Return what the run was made from: the ticks and, where the catalog knows, the rows of their conversion."""
    entry = security.entry
    return {
        "digest": security.digest,
        "fingerprint": security.fingerprint,
        "ticks": None if security.error else security.ticks,
        "exchange": security.exchange,
        "rows": None if entry is None else entry.rows,
        "blank": None if entry is None else entry.blank,
        "rejects": None if entry is None else dict(entry.rejects),
    }
