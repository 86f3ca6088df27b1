"""Writes a run folder: fills, summary, metrics and `run.json`, each file whole or not at all."""

from __future__ import annotations

import contextlib
import functools
import io
import platform
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
from pyarrow import csv as arrow_csv

import pipeline
from pipeline.metrics.accounts import account_of
from pipeline.metrics.assumptions import verdict_of
from pipeline.metrics.daily import COLUMNS as DAILY_COLUMNS
from pipeline.metrics.daily import daily_rows
from pipeline.metrics.figures import portfolio_figures
from pipeline.metrics.ledger_builder import ledger_of, replay_figures
from pipeline.metrics.metrics_json import metrics_json
from pipeline.metrics.registry import SUMMARY_FIGURES
from pipeline.runs.background_writer import BackgroundWriter
from pipeline.runs.csv_cells import csv_bytes, with_csv_cells
from pipeline.runs.fill_tables import marks_table, prices_table, trades_table
from pipeline.runs.layout import (
    DAILY_FILE,
    FOLDERS,
    FORMAT_VERSION,
    METRICS_FILE,
    REPORT_FILE,
    RUN_FILE,
    SENSITIVITY_FILE,
    SUMMARY_FILE,
)
from pipeline.runs.manifest import COMPLETE, RUNNING, json_bytes, written_folder
from pipeline.store.atomic import write_bytes
from pipeline.store.parquet import write_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from pipeline.metrics.ledger import Ledger
    from pipeline.replay.observe import Observed
    from pipeline.replay.plan import Plan
    from pipeline.replay.simulate import Replayed
    from pipeline.replay.task import SecurityResult
    from pipeline.store.catalog import Security
    from pipeline.store.path import AnyPath

COUNTS: Final = ("rows", "events", "session_rows", "bid_count", "ask_count", "trade_count", "last_price")
SUMMARY_COLUMNS: Final = ("security", "exchange", *SUMMARY_FIGURES, *COUNTS, "error")

SENSITIVITY_COLUMNS: Final = ("security", "execution", "fills", "realized_pnl", "fees", "net_pnl")


class RunFolder:
    """The folder of one run: opened before the first result, written as results come, closed when all have.

    report: whether a page will be made from the closed folder, which is then among the files that it lists.
    """

    def __init__(self, directory: AnyPath, plan: Plan, *, report: bool = True) -> None:
        self.directory = directory
        self._plan = plan
        self._report = report
        self._results: list[SecurityResult] = []
        self._ledgers: list[Ledger] = []

    @contextlib.contextmanager
    def open(self) -> Iterator[RunFolder]:
        """Begin the folder, and note in its `run.json` whatever ends the run before its end.

        Raises InUse, OutputNotWritable or PathError.
        """
        begun = functools.partial(self._run_json, RUNNING, {}, ())
        with (
            written_folder(self.directory, RUN_FILE, "pipeline backtest", FOLDERS, begun),
            BackgroundWriter() as self._background,
        ):
            yield self

    def add(self, result: SecurityResult) -> None:
        """Write one security's fills, while the next is replayed; raises what writing an earlier one raised."""
        self._results.append(result)
        if result.replayed is not None and result.observed is not None:
            self._ledgers.append(ledger_of(account_of(result)))
            self._background.do(self._write, result.ticker, result.replayed, result.observed)

    def _write(self, ticker: str, replayed: Replayed, observed: Observed) -> None:
        table = trades_table(replayed)
        trades, marks, prices, text = _files_of(ticker)
        self._write_table(trades, table, ticker, ["timestamp"])
        self._write_table(marks, marks_table(replayed.fills, observed), ticker, ["event"])
        self._write_table(prices, prices_table(observed), ticker, ["timestamp"])
        sink = io.BytesIO()
        arrow_csv.write_csv(with_csv_cells(table, "trade_type"), sink, arrow_csv.WriteOptions(quoting_style="needed"))
        write_bytes(self.directory / text, sink.getvalue(), durable=False)

    def _write_table(self, name: str, table: Any, ticker: str, delta_columns: Sequence[str]) -> None:
        metadata = {"security": ticker}
        write_table(self.directory / name, table, metadata=metadata, delta_columns=delta_columns, durable=False)

    def close(self, timings: Callable[[], Mapping[str, float]], warnings: Sequence[str]) -> None:
        """Write summary, metrics and, last, `run.json` with its status complete, its timings then, and its warnings."""
        results = sorted(self._results, key=lambda result: result.ticker)
        write_bytes(self.directory / SUMMARY_FILE, csv_text(SUMMARY_COLUMNS, summary_rows(results)), durable=False)
        if rows := sensitivity_rows(results):
            write_bytes(self.directory / SENSITIVITY_FILE, csv_text(SENSITIVITY_COLUMNS, rows), durable=False)
        write_bytes(self.directory / METRICS_FILE, b"".join(metrics_json(self._ledgers)), durable=False)
        write_bytes(self.directory / DAILY_FILE, csv_text(DAILY_COLUMNS, daily_rows(self._ledgers)), durable=False)
        self._background.wait()
        write_bytes(self.directory / RUN_FILE, self._run_json(COMPLETE, timings(), warnings))

    def _run_json(
        self, status: str, timings: Mapping[str, float], warnings: Sequence[str], earlier: Iterable[str] = ()
    ) -> bytes:
        plan = self._plan
        verdict = verdict_of(net_pnl_by_execution(self._results))
        written = [file for task in plan.tasks for file in _files_of(task.ticker)]
        if any(task.alternatives for task in plan.tasks):
            written.append(SENSITIVITY_FILE)
        if self._report:
            written.append(REPORT_FILE)
        content = {
            "format_version": FORMAT_VERSION,
            "status": status,
            "strategy": plan.strategy,
            "config": plan.config.name,
            "execution": {"name": plan.execution.name, "settings": dict(plan.execution.settings)},
            "assumption_check": None if verdict is None else asdict(verdict),
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
            "how": {"engine": plan.engine, "backend": plan.backend, "workers": plan.workers, "seconds": dict(timings)},
        }
        return json_bytes(content)


def sensitivity_rows(results: Iterable[SecurityResult]) -> list[dict[str, Any]]:
    """Return the assumption check, one row a security and execution model, then the totals."""
    rows: list[dict[str, Any]] = []
    totals: dict[str, dict[str, Any]] = {}
    for result in results:
        for model, alternative in result.alternatives.items():
            row = {name: getattr(alternative, name) for name in SENSITIVITY_COLUMNS[2:]}
            rows.append({"security": result.ticker, "execution": model} | row)
            total = totals.setdefault(model, {"security": "total", "execution": model} | dict.fromkeys(row, 0))
            for name, value in row.items():
                total[name] += value
    return rows + list(totals.values())


def net_pnl_by_execution(results: Iterable[SecurityResult]) -> dict[str, float]:
    """Return net P&L of all securities together, AED, by execution model of the assumption check; empty without one."""
    return {row["execution"]: row["net_pnl"] for row in sensitivity_rows(results) if row["security"] == "total"}


def summary_rows(results: Iterable[SecurityResult]) -> list[dict[str, Any]]:
    """Return the summary, one row a security in the order given; a failed one has its error and nothing else."""
    rows = []
    for result in results:
        row: dict[str, Any] = {"security": result.ticker, "exchange": result.task.exchange, "error": result.error}
        if result.replayed is not None:
            figures = replay_figures(result.replayed, SUMMARY_FIGURES.values())
            row |= {heading: figures[figure.name] for heading, figure in SUMMARY_FIGURES.items()}
            row |= {name: getattr(result.replayed, name) for name in COUNTS}
        rows.append(row)
    return rows


def csv_text(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Return rows as CSV, floats as their shortest exact form, an absent figure as an empty cell."""
    return csv_bytes([columns, *([row.get(name) for name in columns] for row in rows)])


def metrics_of(ledgers: Sequence[Ledger]) -> dict[str, Any]:
    """Return the figures by security and for the portfolio of all that did not fail."""
    return {
        "portfolio": portfolio_figures(ledgers),
        "securities": {ledger.ticker: ledger.figures for ledger in ledgers},
    }


def _files_of(ticker: str) -> tuple[str, str, str, str]:
    parquet = f"{ticker}.parquet"
    return (*(f"{folder}/{parquet}" for folder in FOLDERS), f"{ticker.lower()}_trades_timeseries.csv")  # type: ignore[return-value]


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
