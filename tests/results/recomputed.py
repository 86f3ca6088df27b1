"""A run folder in, its figures out, worked out fill by fill in plain Python: what metrics.json is held against."""

from __future__ import annotations

import datetime as dt
import json
import math
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

HORIZONS: Final = ("1s", "10s", "60s", "300s")
OPENS, CLOSES = dt.time(10), dt.time(14, 45)
SESSION: Final = 285 * 60


@dataclass
class Fill:
    ticker: str
    time: dt.datetime
    side: int
    price: float
    quantity: int
    realized: float
    position: int
    fee: float
    placed: dt.datetime | None
    mid: float | None
    later: dict[str, float | None]

    @property
    def net(self) -> float:
        return self.realized - self.fee

    @property
    def value(self) -> float:
        return self.price * self.quantity


@dataclass
class Security:
    ticker: str
    fills: list[Fill]
    path: list[tuple[dt.datetime, float | None, float | None]]
    parameters: dict[str, Any]

    @property
    def days(self) -> list[dt.date]:
        return sorted({time.date() for time, _, _ in self.path})

    def position_at(self, time: dt.datetime) -> int:
        return next((fill.position for fill in reversed(self.fills) if fill.time <= time), 0)

    def mark_at(self, time: dt.datetime) -> float:
        for own, mid, last in reversed(self.path):
            if own <= time and (mid is not None or last is not None):
                return mid if mid is not None else float(last or 0)
        return next((fill.price for fill in reversed(self.fills) if fill.time <= time), 0.0)

    def marked_at(self, time: dt.datetime) -> float:
        upto = [fill for fill in self.fills if fill.time <= time]
        cash = math.fsum(-fill.side * fill.value - fill.fee for fill in upto)
        return cash + self.position_at(time) * self.mark_at(time)


def read(folder: Path, ticker: str) -> Security:
    run = json.loads((folder / "run.json").read_text())
    trades = pq.read_table(folder / "trades" / f"{ticker}.parquet").to_pylist()
    marks = pq.read_table(folder / "marks" / f"{ticker}.parquet").to_pylist()
    path = pq.read_table(folder / "prices" / f"{ticker}.parquet").to_pylist()
    clock = dt.datetime.min  # noqa: DTZ901 - exchange-local
    fills = []
    for trade, mark in zip(trades, marks, strict=True):
        clock = max(clock, trade["timestamp"])
        fills.append(
            Fill(
                ticker=ticker,
                time=clock,
                side=1 if trade["side"] == "buy" else -1,
                price=trade["fill_price"],
                quantity=trade["fill_qty"],
                realized=trade["realized_pnl"],
                position=trade["position"],
                fee=trade.get("fee", 0.0),
                placed=mark["placed"],
                mid=mark["mid"],
                later={name: mark[f"mid_{name}"] for name in HORIZONS},
            )
        )
    rows = [(row["timestamp"], row["mid"], row["last"]) for row in path]
    return Security(ticker, fills, rows, run["parameters"][ticker])


def figures(securities: Sequence[Security]) -> dict[str, Any]:
    """Return what can be worked out alike for one security and for several."""
    fills = sorted((fill for one in securities for fill in one.fills), key=lambda fill: fill.time)
    days = sorted({day for one in securities for day in one.days})
    daily = [math.fsum(fill.net for fill in fills if fill.time.date() == day) for day in days]
    gains = [fill.realized for fill in fills if fill.realized > 0]
    losses = [fill.realized for fill in fills if fill.realized < 0]
    equity, depth, length = drawdown(fills, days)
    capital = peak_capital(fills)
    found: dict[str, Any] = {
        "fills": len(fills),
        "closing_fills": len(gains) + len(losses),
        "market_days": len(days),
        "strategy_days": len({fill.time.date() for fill in fills}),
        "fills_a_day": len(fills) / len(days),
        "realized_pnl": math.fsum(fill.realized for fill in fills),
        "fees": math.fsum(fill.fee for fill in fills),
        "net_pnl": equity,
        "turnover": math.fsum(fill.value for fill in fills),
        "sharpe": ratio(daily, statistics.stdev(daily)),
        "sortino": ratio(daily, math.sqrt(math.fsum(min(day, 0) ** 2 for day in daily) / len(daily))),
        "calmar": statistics.fmean(daily) * 252 / depth if depth else None,
        "max_drawdown": depth,
        "max_drawdown_pct": depth / capital * 100 if capital else None,
        "max_drawdown_days": length,
        "max_drawdown_marked": marked_drawdown(securities),
        "peak_capital": capital,
        "win_rate": len(gains) / (len(gains) + len(losses)) if gains or losses else None,
        "profit_factor": math.fsum(gains) / -math.fsum(losses) if losses else None,
        "average_win": statistics.fmean(gains) if gains else None,
        "average_loss": statistics.fmean(losses) if losses else None,
        "pnl_by_hour": sums((str(fill.time.hour), fill.net) for fill in fills),
        "pnl_by_weekday": sums((day.strftime("%A"), net) for day, net in zip(days, daily, strict=True)),
    }
    return found | inventory(securities, days) | making(fills, days)


def ratio(daily: Sequence[float], spread: float) -> float | None:
    return statistics.fmean(daily) / spread * math.sqrt(252) if spread else None


def sums(pairs: Iterable[tuple[str, float]]) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, value in pairs:
        found[name] = found.get(name, 0.0) + value
    return found


def drawdown(fills: Sequence[Fill], days: Sequence[dt.date]) -> tuple[float, float, int]:
    """Return the last equity, the deepest fall from the running peak, and its length in market days."""
    equity = peak = depth = 0.0
    began, worst_began, worst_peak, length = days[0], days[0], 0.0, 0
    open_fall = False
    for fill in fills:
        equity += fill.net
        if equity >= peak:
            peak, began = equity, fill.time.date()
        if peak - equity > depth:
            depth, worst_began, worst_peak, open_fall = peak - equity, began, peak, True
        elif open_fall and equity >= worst_peak:
            open_fall = False
            length = sum(worst_began <= day <= fill.time.date() for day in days)
    if open_fall:
        length = sum(worst_began <= day for day in days)
    return equity, depth, length


def peak_capital(fills: Sequence[Fill]) -> float:
    worth: dict[str, float] = {}
    most = 0.0
    for fill in fills:
        worth[fill.ticker] = abs(fill.position) * fill.price
        most = max(most, math.fsum(worth.values()))
    return most


def marked_drawdown(securities: Sequence[Security]) -> float:
    peak = depth = 0.0
    for time in sorted({time for one in securities for time, _, _ in one.path}):
        equity = math.fsum(one.marked_at(time) for one in securities)
        peak = max(peak, equity)
        depth = max(depth, peak - equity)
    return depth


def session_seconds(time: dt.datetime, days: Sequence[dt.date]) -> float:
    """Return the seconds of continuous session from the first market day to a moment."""
    before = sum(day < time.date() for day in days) * SESSION
    if time.date() not in days:
        return before
    clipped = min(max(time.time(), OPENS), CLOSES)
    moment = dt.timedelta(hours=clipped.hour - 10, minutes=clipped.minute, seconds=clipped.second)
    return before + moment.total_seconds() + clipped.microsecond / 1e6


def inventory(securities: Sequence[Security], days: Sequence[dt.date]) -> dict[str, float]:
    marks = sorted({time for one in securities for time, _, _ in one.path if time.time() <= CLOSES})
    worth = sorted(math.fsum(abs(one.position_at(time)) * one.mark_at(time) for one in securities) for time in marks)
    place = (len(worth) - 1) * 0.95
    low = math.floor(place)
    high = min(low + 1, len(worth) - 1)
    held, since = 0.0, 0.0
    positions = {one.ticker: 0 for one in securities}
    for fill in sorted((fill for one in securities for fill in one.fills), key=lambda fill: fill.time):
        now = session_seconds(fill.time, days)
        held += (now - since) * any(positions.values())
        positions[fill.ticker], since = fill.position, now
    held += (len(days) * SESSION - since) * any(positions.values())
    return {
        "time_in_market": held / (len(days) * SESSION),
        "inventory_mean": statistics.fmean(worth),
        "inventory_p95": worth[low] + (worth[high] - worth[low]) * (place - low),
    }


def making(fills: Sequence[Fill], days: Sequence[dt.date]) -> dict[str, Any]:
    seen = [fill for fill in fills if fill.mid is not None]
    spread = math.fsum(fill.side * ((fill.mid or 0) - fill.price) * fill.quantity for fill in seen)
    markouts = {}
    for name in HORIZONS:
        known = [(fill, fill.mid, fill.later[name]) for fill in fills if fill.later[name] is not None]
        sure = [(fill, mid, later) for fill, mid, later in known if mid is not None and later is not None]
        kept = math.fsum(fill.side * (later - fill.price) * fill.quantity for fill, _, later in sure)
        lost = math.fsum(fill.side * (mid - later) * fill.quantity for fill, mid, later in sure)
        value = math.fsum(fill.value for fill, _, _ in sure)
        markouts[name] = {
            "aed": kept if sure else None,
            "bps": kept / value * 10_000 if sure else None,
            "adverse_aed": lost if sure else None,
            "adverse_bps": lost / value * 10_000 if sure else None,
            "fills": len(sure),
        }
    first: dict[tuple[str, int, dt.datetime], dt.datetime] = {}
    for fill in fills:
        if fill.placed is not None:
            first.setdefault((fill.ticker, fill.side, fill.placed), fill.time)
    waited = [session_seconds(time, days) - session_seconds(placed, days) for (_, _, placed), time in first.items()]
    return {
        "spread_captured": spread if seen else None,
        "spread_captured_bps": spread / math.fsum(fill.value for fill in seen) * 10_000 if seen else None,
        "markouts": markouts,
        "orders_filled": len(waited),
        "time_to_fill_median": statistics.median(waited) if waited else None,
        "time_to_fill_mean": statistics.fmean(waited) if waited else None,
    }
