"""The sheets of a run's results.xlsx: summary, figures, equity, days, assumptions, fills, warnings, settings."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.metrics.assumptions import CHECKED
from pipeline.metrics.daily import COLUMNS as DAILY_COLUMNS
from pipeline.metrics.daily import TOTAL
from pipeline.metrics.formulas import running_peak
from pipeline.metrics.registry import GROUPS, METRICS
from pipeline.numbers import amounts_in, currency
from pipeline.pages.backtest_tables import intervals, period, switches
from pipeline.pages.run_reader import read_contents
from pipeline.runs.layout import DAILY_FILE, RUN_FILE, SENSITIVITY_FILE, WORKBOOK_FILE
from pipeline.runs.manifest import add_files
from pipeline.runs.own_figures import own_values
from pipeline.runs.read_file import csv_rows, reading
from pipeline.runs.reader import read_fills
from pipeline.runs.recorded_security import values_of
from pipeline.store.atomic import staging
from pipeline.times import date_of
from pipeline.workbook.charts import add_charts
from pipeline.workbook.writing import Column, ResultsBook, day_serial, time_serial

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pipeline.metrics.figure import Figure
    from pipeline.pages.run_reader import Contents
    from pipeline.store.path import AnyPath

PORTFOLIO: Final = "portfolio"
FILLS_AT_ONCE: Final = 65_536
DAILY_KINDS: Final = {"security": "text", "day": "day", "fills": "count", "position": "shares"}
EQUITY_COLUMNS: Final = (
    Column("day", "day"),
    *(Column(title, "money") for title in ("net P&L", "equity", "equity with the open position", "drawdown")),
)
FILL_COLUMNS: Final = (
    Column("fill", "count"),
    Column("timestamp", "time"),
    Column("side", "text", 8.0),
    Column("fill_price", "price"),
    Column("fill_qty", "shares"),
)
OTHER_KINDS: Final = {
    "realized_pnl": "money",
    "position": "shares",
    "pnl": "money",
    "fee": "money",
    "trade_type": "text",
    "vwap_reference": "price",
}
SENSITIVITY_KINDS: Final = {"security": "text", "execution": "text", "fills": "count"}


def write_run_workbook(folder: AnyPath) -> AnyPath:
    """Write `results.xlsx` of a run from the files of its folder, list it in `run.json`, and return its path.

    Raises:
        UnknownRun, UnfinishedRun, DamagedRun, NewerRun: The folder is no whole run.
        OutputNotWritable: The system refused to write.
    """
    contents = read_contents(folder)
    with amounts_in(contents.money.together):
        return _write(folder, contents)


def _write(folder: AnyPath, contents: Contents) -> AnyPath:
    days = contents.total.days.tolist()
    last_day = date_of(days[-1]) if days else dt.date(1980, 1, 1)
    book = ResultsBook(f"{contents.run['strategy']}: results", dt.datetime.combine(last_day, dt.time()))
    summary = book.add_sheet("Summary", _summary(contents), (46.0, 18.0, 14.0, 14.0, 12.0, 80.0))
    book.add_table("Figures", _figure_columns(contents), _figures(contents))
    equity = book.add_table("Equity", EQUITY_COLUMNS, _equity(contents))
    if days:
        add_charts(summary, equity, len(days), (3, 4, 5), _summary_rows(contents) + 2)
    daily = [Column(name, DAILY_KINDS.get(name, "money")) for name in DAILY_COLUMNS]
    book.add_table("Daily", daily, _daily(folder / DAILY_FILE), fixed=2)
    if (folder / SENSITIVITY_FILE).exists():
        rows = _sensitivity(folder / SENSITIVITY_FILE)
        columns = [Column(name, SENSITIVITY_KINDS.get(name, "money")) for name in next(rows)]
        book.add_table(
            "Assumptions",
            [Column(one.title, one.kind, 34.0 if one.title == "execution" else 0.0) for one in columns],
            rows,
            fixed=2,
        )
    book.add_table(
        "Warnings",
        (Column("kind", "text"), Column("about", "text"), Column("text", "text", 120.0)),
        _warnings(contents),
    )
    book.add_table("Settings", _setting_columns(), _settings(contents))
    for ticker, figures in contents.figures.items():
        book.add_table(f"Fills {ticker}", *_fills(folder, ticker, int(figures["fills"])))
    path = folder / WORKBOOK_FILE
    with staging(path, durable=False) as (file, staged):
        book.write(file)
    add_files(folder / RUN_FILE, [WORKBOOK_FILE])
    staged.commit()
    return path


def _summary(contents: Contents) -> Iterator[list[tuple[Any, str]]]:
    """Yield what the run was and the portfolio's headline figures, and room for the charts below."""
    run = contents.run
    yield [(f"{run['strategy']}: backtest", "title")]
    facts = {
        "Config": run["config"],
        "Execution": run["execution"]["name"],
        "Days": period(contents),
        "Securities": f"{len(contents.figures):,} replayed, {len(contents.errors):,} failed",
        "Note": run.get("note") or "",
        "Warnings": f"{len(run.get('warnings') or ()):,}, on the sheet Warnings",
    }
    for label, text in facts.items():
        yield [(label, "text"), (text, "text")]
    yield []
    heads = ("Figure, all securities", "Value", "95 % from", "to", "Unit", "Meaning")
    yield [(title, "head") for title in heads]
    ends = {figure.name: cells[1:] for figure, cells in intervals(contents)}
    for figure in METRICS:
        if figure.is_headline or figure.name in ends:
            yield _headline(figure, contents.portfolio, [cell.value for cell in ends.get(figure.name, ())])
    check = run.get("assumption_check") or {}
    of_check = CHECKED | {"worst": f"worst switch alone: {check.get('worst_switch') or 'none'}"}
    for name, label in of_check.items() if check else ():
        amount = [(check.get(name), "money"), (None, "money"), (None, "money"), (currency(), "text")]
        yield [(f"Net P&L, {label}", "text"), *amount, ("The assumption check.", "text")]


def _headline(figure: Figure, portfolio: Mapping[str, Any], ends: Sequence[float | None]) -> list[tuple[Any, str]]:
    value = figure.value_in(portfolio)
    missing = "" if value is not None else f" Missing: {figure.reason_in(portfolio)}"
    low, high = ends or (None, None)
    numbers = [(number, figure.form) for number in (value, low, high)]
    unit = "" if figure.form == "share" else figure.shown_in
    return [(figure.label, "text"), *numbers, (unit, "text"), (figure.plain_meaning + missing, "text")]


def _summary_rows(contents: Contents) -> int:
    return sum(1 for _ in _summary(contents))


def _figure_columns(contents: Contents) -> list[Column]:
    shown = [figure for of_group in GROUPS.values() for figure in of_group]
    own = [Column(name, "number") for name in _own_names(contents)]
    return [Column("security", "text"), *(Column(figure.heading, figure.form) for figure in shown), *own]


def _own_names(contents: Contents) -> list[str]:
    """Return the names of the figures of the strategy's own."""
    return sorted({name for figures in contents.figures.values() for name in own_values(figures)})


def _figures(contents: Contents) -> Iterator[list[Any]]:
    """Yield the figures of each security, then of all together; a missing one is an empty cell."""
    shown = [figure for of_group in GROUPS.values() for figure in of_group]
    names = _own_names(contents)
    for name, values in (*contents.figures.items(), (PORTFOLIO, contents.portfolio)):
        own = own_values(values)
        yield [name, *(figure.value_in(values) for figure in shown), *map(own.get, names)]


def _equity(contents: Contents) -> Iterator[list[Any]]:
    total = contents.total
    equity = np.cumsum(total.net_pnl)
    columns = (total.days, total.net_pnl, equity, total.marked_equity, equity - running_peak(equity))
    for day, *amounts in zip(*(column.tolist() for column in columns), strict=True):
        yield [day_serial(day), *amounts]


def _daily(path: AnyPath) -> Iterator[list[Any]]:
    """Yield the rows of daily.csv, those of the total first."""
    with reading(path):
        rows = csv_rows(path)
    for row in sorted(rows, key=lambda row: row["security"] != TOTAL):
        day = day_serial(int(np.datetime64(row["day"], "D").astype(np.int64)))
        yield [row["security"], day, *(_number(row[name]) for name in DAILY_COLUMNS[2:])]


def _sensitivity(path: AnyPath) -> Iterator[list[Any]]:
    """Yield the heads of sensitivity.csv, then its rows."""
    with reading(path):
        rows = csv_rows(path)
    names = list(rows[0]) if rows else ["security", "execution"]
    yield names
    for row in rows:
        yield [row[name] if name in ("security", "execution") else _number(row[name]) for name in names]


def _number(text: str) -> float | int | None:
    if not text:
        return None
    return int(text) if text.lstrip("-").isdigit() else float(text)


def _warnings(contents: Contents) -> Iterator[list[str]]:
    for ticker, error in contents.errors.items():
        yield ["failed", ticker, error]
    for text in contents.run.get("warnings") or ():
        yield ["warning", "", text]


def _setting_columns() -> list[Column]:
    return [
        *(Column(name, "text") for name in ("what", "security")),
        Column("name", "text", 34.0),
        Column("number", "number"),
        Column("value", "text", 50.0),
        Column("about", "text", 80.0),
    ]


def _settings(contents: Contents) -> Iterator[list[Any]]:
    """Yield what the run was made from: what it is, the security it is of, its name, its number or text, about it."""
    run = contents.run
    for name in ("strategy", "config", "note"):
        yield ["run", "", name, None, str(run.get(name) or ""), ""]
    values: Mapping[str, Any] = run["execution"]["settings"]
    for name, _, about in switches(contents):
        yield ["execution", "", name, *_setting(values[name]), about]
    for ticker, parameters in sorted(run["parameters"].items()):
        for name, value in parameters.items():
            yield ["parameter", ticker, name, *_setting(value), ""]
    for ticker, data in sorted(run["data"].items()):
        for name in ("exchange", "ticks", "rows", "digest", "fingerprint"):
            yield ["data", ticker, name, *_setting(data.get(name)), ""]
    for name, version in sorted(run["versions"].items()):
        yield ["version", "", name, None, str(version), ""]


def _setting(value: Any) -> list[Any]:
    """Return a setting's number, or else its text."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return [value, ""]
    return [None, "" if value is None else value if isinstance(value, str) else json.dumps(value, sort_keys=True)]


def _fills(folder: AnyPath, ticker: str, count: int) -> tuple[Sequence[Column], Iterator[list[Any]]]:
    """Return the columns of a security's fills, and the fills in execution order."""
    fills = read_fills(folder, count, ticker)
    columns = [*FILL_COLUMNS, *(Column(name, OTHER_KINDS[name]) for name in fills.others)]

    def rows() -> Iterator[list[Any]]:
        for start in range(0, len(fills), FILLS_AT_ONCE):
            part = slice(start, start + FILLS_AT_ONCE)
            columns = (
                range(start + 1, len(fills) + 1),
                map(time_serial, fills.timestamp[part].tolist()),
                ("buy" if side > 0 else "sell" for side in fills.side[part].tolist()),
                fills.price[part].tolist(),
                fills.quantity[part].tolist(),
                *(values_of(column[part]) for column in fills.others.values()),
            )
            yield from map(list, zip(*columns, strict=False))

    return columns, rows()
