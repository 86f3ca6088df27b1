"""Reads everything that a backtest page shows: settings, figures and tables at once, fills and prices by security."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.errors import DamagedRun
from pipeline.metrics.daily import TOTAL
from pipeline.metrics.exposure import DAY_MS
from pipeline.replay.fx import Conversion
from pipeline.runs.csv_cells import text_of_cell
from pipeline.runs.layout import (
    DAILY_FILE,
    METRICS_FILE,
    PRICES_FOLDER,
    RATES_FILE,
    SENSITIVITY_FILE,
    SUMMARY_FILE,
    TRADES_FOLDER,
)
from pipeline.runs.read_file import AGAIN, csv_lines, csv_rows, read_metrics, read_run_file, reading
from pipeline.runs.run_money import RunMoney, money_of
from pipeline.store.columns import float_values, number_values, whole
from pipeline.store.parquet import read_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.store.path import AnyPath
    from pipeline.ticks import Float64s, Int64s

FILL_COLUMNS: Final = ("timestamp", "side", "fill_price", "fill_qty", "realized_pnl", "position", "fee")


@dataclass(frozen=True, slots=True)
class Track:
    """One security's fills in execution order and its price path, one array a column.

    stamps, price_stamps: ms, exchange-local; stamps never step back. buys: whether a fill bought. price, mid, last:
    NaN where there was none; last is that of the day's last print so far. quantity, position: shares; a position
    is the sum of the fills up to it. realized, fees: money, by fill.
    """

    stamps: Int64s
    buys: Any
    price: Float64s
    quantity: Int64s
    position: Int64s
    realized: Float64s
    fees: Float64s
    price_stamps: Int64s
    mid: Float64s
    last: Float64s

    @property
    def marks(self) -> Float64s:
        """What a share is worth along the price path: the mid, else the day's last print; NaN without either."""
        marks: Float64s = np.where(np.isnan(self.mid), self.last, self.mid)
        return marks

    @property
    def net(self) -> Float64s:
        """Realised P&L after fees by fill, money."""
        return self.realized - self.fees


@dataclass(frozen=True, slots=True)
class Daily:
    """daily.csv of one security or of the total: days since 1970-01-01, and money."""

    days: Int64s
    net_pnl: Float64s
    marked_equity: Float64s


@dataclass(frozen=True, slots=True)
class Contents:
    """What a run folder holds; `figures` and `daily` are by security, those that failed have neither.

    sensitivity: net P&L by execution model, then by security and for the total; empty where it was not checked.
    errors: by security. rates: of the securities whose amounts were converted.
    """

    folder: AnyPath
    run: Mapping[str, Any]
    portfolio: Mapping[str, Any]
    figures: Mapping[str, Mapping[str, Any]]
    daily: Mapping[str, Daily]
    total: Daily
    sensitivity: Mapping[str, Mapping[str, float]]
    errors: Mapping[str, str]
    rates: Mapping[str, Conversion]

    @property
    def money(self) -> RunMoney:
        """What amounts are in."""
        return money_of(self.run)

    def net_in_total(self, ticker: str) -> float:
        """Return what a security adds to net P&L of all together."""
        if ticker not in self.rates:
            return float(self.figures[ticker]["net_pnl"])
        daily = self.daily[ticker]
        return float((daily.net_pnl * self.rate(ticker, daily.days * DAY_MS)).sum())

    def rate(self, ticker: str, stamps: Int64s) -> Float64s:
        """Return what converts a security's amounts at times (ms) into those of all together; 1 where they are that."""
        known = self.rates.get(ticker)
        return np.ones(len(stamps)) if known is None else known.at(stamps // DAY_MS)

    def track(self, ticker: str) -> Track:
        """Read one security's fills and prices; raises DamagedRun or NewerRun."""
        fills = _columns(self.folder / TRADES_FOLDER / f"{ticker}.parquet", FILL_COLUMNS)
        prices = _columns(self.folder / PRICES_FOLDER / f"{ticker}.parquet", ("timestamp", "mid", "last"))
        with reading(self.folder / TRADES_FOLDER):
            stamps = fills["timestamp"]
            traded = np.where(fills["side"], fills["fill_qty"], -fills["fill_qty"])
            if (np.diff(fills["position"], prepend=0) != traded).any():
                raise ValueError("a position is not the sum of the fills")
            return Track(
                stamps=np.maximum.accumulate(stamps) if len(stamps) else stamps,
                buys=fills["side"],
                price=fills["fill_price"],
                quantity=fills["fill_qty"],
                position=fills["position"],
                realized=fills["realized_pnl"],
                fees=fills.get("fee", np.zeros(len(stamps))),
                price_stamps=prices["timestamp"],
                mid=prices["mid"],
                last=prices["last"],
            )


def read_contents(folder: AnyPath) -> Contents:
    """Return what a run folder holds, without fills and prices.

    Raises UnknownRun, UnfinishedRun, NewerRun or DamagedRun.
    """
    run = read_run_file(folder)
    metrics = read_metrics(folder)
    with reading(folder / METRICS_FILE):
        figures = {ticker: metrics["securities"][ticker] for ticker in sorted(metrics["securities"])}
        portfolio = metrics["portfolio"]
    for ticker in figures:
        if not _plain_name(ticker):
            raise DamagedRun(f"{folder / METRICS_FILE} names a security '{ticker}', which cannot be one. {AGAIN}")
    with reading(folder / SUMMARY_FILE):
        errors = {row["security"]: row["error"] for row in csv_rows(folder / SUMMARY_FILE) if row["error"]}
    with reading(folder / DAILY_FILE):
        daily = _daily(folder / DAILY_FILE)
    sensitivity: dict[str, dict[str, float]] = {}
    if (folder / SENSITIVITY_FILE).exists():
        with reading(folder / SENSITIVITY_FILE):
            for row in csv_rows(folder / SENSITIVITY_FILE):
                sensitivity.setdefault(row["execution"], {})[row["security"]] = float(row["net_pnl"])
    rates = {}
    if (folder / RATES_FILE).exists() and run.get("fx"):
        with reading(folder / RATES_FILE):
            rates = _rates(folder / RATES_FILE, money_of(run).together)
    nothing = Daily(np.empty(0, np.int64), np.empty(0), np.empty(0))
    total = daily.pop(TOTAL, nothing)
    return Contents(
        folder=folder,
        run=run,
        portfolio=portfolio,
        figures=figures,
        daily={ticker: daily.get(ticker, nothing) for ticker in figures},
        total=total,
        sensitivity=sensitivity,
        errors=dict(sorted(errors.items())),
        rates=rates,
    )


def _daily(path: AnyPath) -> dict[str, Daily]:
    """Return daily.csv by security, whose rows follow one another, without holding the texts of more than one."""
    lines = csv_lines(path)
    columns = {name: place for place, name in enumerate(next(lines))}
    day, net_pnl, marked = (columns[name] for name in ("day", "net_pnl", "marked_equity"))
    daily: dict[str, Daily] = {}
    for security, of_one in groupby(lines, itemgetter(columns["security"])):
        days, net, equity = zip(*((line[day], line[net_pnl], line[marked]) for line in of_one), strict=True)
        daily[text_of_cell(security)] = Daily(_days(days), _floats(net), _floats(equity))
    return daily


def _rates(path: AnyPath, currency: str) -> dict[str, Conversion]:
    of: dict[str, list[tuple[str, str]]] = {}
    for row in csv_rows(path):
        of.setdefault(row["security"], []).append((row["day"], row["rate"]))
    rates = {}
    for ticker, rows in of.items():
        days, values = zip(*rows, strict=True)
        rates[ticker] = Conversion(currency, _days(days), np.array([*map(float, values)]))
    return rates


def _days(texts: Sequence[str]) -> Int64s:
    return np.array(texts, "datetime64[D]").astype(np.int64)


def _floats(texts: Sequence[str]) -> Float64s:
    return np.array([float(text) if text else np.nan for text in texts], np.float64)


def _plain_name(ticker: str) -> bool:
    """Return whether a file named after a ticker stands below its folder."""
    named = PureWindowsPath(ticker)
    return bool(ticker) and not named.drive and not named.root and not {".", ".."} & {*PurePosixPath(ticker).parts}


def _columns(path: AnyPath, wanted: Sequence[str]) -> dict[str, Any]:
    """Return the columns of a Parquet file as numpy: times in ms, an empty cell as NaN, sides as whether they buy."""
    with reading(path):
        table = read_table(path, wanted)
        return {name: _values(table.column(name)) for name in table.schema.names}


def _buys(column: Any) -> Any:
    """Return whether each text is "buy"; Arrow's own comparison would import all of its functions, 35 ms of them."""
    _, offsets, texts = column.buffers()
    ends = np.frombuffer(offsets, np.int32, len(column) + 1, column.offset * 4)
    letters = np.frombuffer(texts, np.uint8) if texts is not None else np.empty(0, np.uint8)
    buys = letters[ends[:-1]] == ord("b")
    if not (np.diff(ends) == np.where(buys, len("buy"), len("sell"))).all():
        raise ValueError("a side is neither buy nor sell")
    return buys


def _values(chunks: Any) -> Any:
    kind = str(chunks.type)
    if kind == "string":
        return _buys(whole(chunks))
    return float_values(chunks) if kind == "double" else number_values(whole(chunks), np.int64)
