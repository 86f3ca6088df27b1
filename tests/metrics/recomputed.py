"""Works out a run folder's figures fill by fill in plain Python, which metrics.json is held against."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import math
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pyarrow.parquet as pq

from tests.metrics.recomputed_shape import shape

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

HORIZONS: Final = ("1s", "10s", "60s", "300s")
OPENS, CLOSES = dt.time(10), dt.time(14, 45)
SESSION: Final = 285 * 60


@dataclass
class Fill:
    """One fill; time never steps back, stamp is what the file says."""

    ticker: str
    time: dt.datetime
    stamp: dt.datetime
    side: int
    price: float
    quantity: int
    realized: float
    position: int
    fee: float
    order: int | None
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
                stamp=trade["timestamp"],
                side=1 if trade["side"] == "buy" else -1,
                price=trade["fill_price"],
                quantity=trade["fill_qty"],
                realized=trade["realized_pnl"],
                position=trade["position"],
                fee=trade.get("fee", 0.0),
                order=mark.get("order", mark["placed_event"]),
                placed=mark["placed"],
                mid=mark["mid"],
                later={name: mark[f"mid_{name}"] for name in HORIZONS},
            )
        )
    rows = [(row["timestamp"], row["mid"], row["last"]) for row in path]
    return Security(ticker, fills, rows, run["parameters"][ticker])


def figures(securities: Sequence[Security]) -> dict[str, Any]:
    """Return what can be worked out alike for one security and for several."""
    fills = sorted((fill for security in securities for fill in security.fills), key=lambda fill: fill.time)
    days = sorted({day for security in securities for day in security.days})
    daily = [math.fsum(fill.net for fill in fills if market_day(fill.time, days) == day) for day in days]
    gains = [fill.realized for fill in fills if fill.realized > 0]
    losses = [fill.realized for fill in fills if fill.realized < 0]
    equity, depth, length = drawdown(fills, days)
    even = len(days) < 2 or max(daily) - min(daily) < 1e-9 * abs(max(daily))
    capital = peak_capital(fills)
    figures: dict[str, Any] = {
        "fills": len(fills),
        "closing_fills": len(gains) + len(losses),
        "market_days": len(days),
        "strategy_days": len({fill.time.date() for fill in fills}),
        "fills_per_day": len(fills) / len(days) if days else None,
        "realized_pnl": math.fsum(fill.realized for fill in fills),
        "fees": math.fsum(fill.fee for fill in fills),
        "net_pnl": equity,
        "turnover": math.fsum(fill.value for fill in fills),
        "sharpe": None if even else ratio(daily, statistics.stdev(daily)),
        "sortino": ratio(daily, math.sqrt(math.fsum(min(day, 0) ** 2 for day in daily) / max(len(daily), 1))),
        "calmar": statistics.fmean(daily) * 252 / depth if depth and days else None,
        "max_drawdown": depth,
        "max_drawdown_pct": depth / capital * 100 if capital else None,
        "max_drawdown_days": length,
        "max_drawdown_marked": marked_drawdown(securities),
        "peak_capital": capital,
        "return_on_peak_capital": equity / capital if capital else None,
        "daily_volatility": statistics.stdev(daily) if len(daily) > 1 else None,
        "daily_net_pnl": statistics.fmean(daily) if days else None,
        "daily_drawdown": fall_of(daily) if days else None,
        **shape(daily, even=even or len(days) < 10),
        "win_rate": len(gains) / (len(gains) + len(losses)) if gains or losses else None,
        "profit_factor": math.fsum(gains) / -math.fsum(losses) if losses else None,
        "average_win": statistics.fmean(gains) if gains else None,
        "average_loss": statistics.fmean(losses) if losses else None,
        "pnl_by_hour": sums((str(fill.time.hour), fill.net) for fill in fills),
        "pnl_by_weekday": sums((day.strftime("%A"), net) for day, net in zip(days, daily, strict=True)),
    }
    own_days = {security.ticker: security.days for security in securities}
    holding = inventory(securities, days)
    usual = holding["inventory_mean"]
    figures |= {"pnl_per_inventory": equity / usual if usual else None, "buy_and_hold": growth(securities)}
    return figures | holding | market_making(fills, own_days)


def growth(securities: Sequence[Security]) -> float | None:
    marks = [[last if mid is None else mid for _, mid, last in security.path] for security in securities]
    known = [[mark for mark in each if mark is not None] for each in marks]
    grown = [each[-1] / each[0] - 1 for each in known if each]
    return statistics.fmean(grown) if grown else None


def fall_of(daily: Sequence[float]) -> float:
    equity = [0.0, *itertools.accumulate(daily)]
    return max(peak - low for peak, low in zip(itertools.accumulate(equity, max), equity, strict=True))


def ratio(daily: Sequence[float], spread: float) -> float | None:
    return statistics.fmean(daily) / spread * math.sqrt(252) if spread and len(daily) > 1 else None


def market_day(time: dt.datetime, days: Sequence[dt.date]) -> dt.date | None:
    """Return the market day that a moment counts to: its own, else the one before, else the first."""
    return max((day for day in days if day <= time.date()), default=days[0] if days else None)


def sums(pairs: Iterable[tuple[str, float]]) -> dict[str, float]:
    figures: dict[str, float] = {}
    for name, value in pairs:
        figures[name] = figures.get(name, 0.0) + value
    return figures


def drawdown(fills: Sequence[Fill], days: Sequence[dt.date]) -> tuple[float, float, int | None]:
    """Return the last equity, the deepest fall from the running peak, and its length in market days."""
    equity = peak = depth = worst_peak = 0.0
    began = worst_began = fills[0].time if fills else None
    length = 0
    open_fall = False
    for fill in fills:
        equity += fill.net
        if equity >= peak:
            peak, began = equity, fill.time
        if peak - equity > depth:
            depth, worst_began, worst_peak, open_fall = peak - equity, began, peak, True
        elif open_fall and equity >= worst_peak:
            open_fall = False
            length = days_between(worst_began, fill.time, days)
    if open_fall:
        length = days_between(worst_began, None, days)
    return equity, depth, length if days or not depth else None


def days_between(first: dt.datetime | None, last: dt.datetime | None, days: Sequence[dt.date]) -> int:
    if first is None or not days:
        return 0
    until = days[-1] if last is None else market_day(last, days)
    return days.index(until or days[-1]) - days.index(market_day(first, days) or days[0]) + 1


def peak_capital(fills: Sequence[Fill]) -> float:
    worth: dict[str, float] = {}
    most = 0.0
    for fill in fills:
        worth[fill.ticker] = abs(fill.position) * fill.price
        most = max(most, math.fsum(worth.values()))
    return most


def marked_drawdown(securities: Sequence[Security]) -> float | None:
    peak = depth = 0.0
    times = sorted({time for security in securities for time, _, _ in security.path})
    if not times:
        return None
    for time in times:
        equity = math.fsum(security.marked_at(time) for security in securities)
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


def inventory(securities: Sequence[Security], days: Sequence[dt.date]) -> dict[str, float | None]:
    if not days:
        return dict.fromkeys(("time_in_market", "inventory_mean", "inventory_p95"))
    marks = sorted({time for security in securities for time, _, _ in security.path if time.time() <= CLOSES})
    worth = sorted(
        math.fsum(abs(security.position_at(time)) * security.mark_at(time) for security in securities) for time in marks
    )
    rank = (len(worth) - 1) * 0.95
    low = math.floor(rank)
    high = min(low + 1, len(worth) - 1)
    in_market, since = 0.0, 0.0
    positions = {security.ticker: 0 for security in securities}
    for fill in sorted((fill for security in securities for fill in security.fills), key=lambda fill: fill.time):
        now = session_seconds(fill.time, days)
        in_market += (now - since) * any(positions.values())
        positions[fill.ticker], since = fill.position, now
    in_market += (len(days) * SESSION - since) * any(positions.values())
    return {
        "time_in_market": in_market / (len(days) * SESSION),
        "inventory_mean": statistics.fmean(worth),
        "inventory_p95": worth[low] + (worth[high] - worth[low]) * (rank - low),
    }


def market_making(fills: Sequence[Fill], own_days: dict[str, list[dt.date]]) -> dict[str, Any]:
    seen = [fill for fill in fills if fill.mid is not None]
    spread = math.fsum(fill.side * ((fill.mid or 0) - fill.price) * fill.quantity for fill in seen)
    markouts = {}
    for name in HORIZONS:
        known = [(fill, fill.mid, fill.later[name]) for fill in fills if fill.later[name] is not None]
        sure = [(fill, mid, later) for fill, mid, later in known if mid is not None and later is not None]
        retained = math.fsum(fill.side * (later - fill.price) * fill.quantity for fill, _, later in sure)
        lost = math.fsum(fill.side * (mid - later) * fill.quantity for fill, mid, later in sure)
        value = math.fsum(fill.value for fill, _, _ in sure)
        markouts[name] = {
            "amount": retained if sure else None,
            "bps": retained / value * 10_000 if sure else None,
            "adverse_amount": lost if sure else None,
            "adverse_bps": lost / value * 10_000 if sure else None,
            "fills": len(sure),
        }
    first: dict[tuple[str, int, int], Fill] = {}
    for fill in fills:
        if fill.order is not None:
            first.setdefault((fill.ticker, fill.side, fill.order), fill)
    waited = []
    for (ticker, _, _), fill in first.items():
        assert fill.placed is not None
        stood = session_seconds(fill.stamp, own_days[ticker]) - session_seconds(fill.placed, own_days[ticker])
        waited.append(max(0.0, stood))
    return {
        "spread_captured": spread if seen else None,
        "spread_captured_bps": spread / math.fsum(fill.value for fill in seen) * 10_000 if seen else None,
        "markouts": markouts,
        "orders_filled": len(waited),
        "time_to_fill_median": statistics.median(waited) if waited else None,
        "time_to_fill_mean": statistics.fmean(waited) if waited else None,
    }


def daily_rows(security: Security, days: Sequence[dt.date]) -> list[dict[str, Any]]:
    """Return what daily.csv should say of a security on some market days, its own or those of any."""
    rows = []
    for number, day in enumerate(days):
        own = [fill for fill in security.fills if market_day(fill.time, days) == day]
        last = number == len(days) - 1
        end = dt.datetime.max if last else dt.datetime.combine(days[number + 1], dt.time()) - dt.timedelta.resolution  # noqa: DTZ901 - exchange-local
        rows.append(
            {
                "fills": len(own),
                "gross_pnl": math.fsum(fill.realized for fill in own),
                "fees": math.fsum(fill.fee for fill in own),
                "net_pnl": math.fsum(fill.net for fill in own),
                "equity": math.fsum(fill.net for fill in security.fills if fill.time <= end),
                "position": security.position_at(end),
                "marked_equity": security.marked_at(end),
            }
        )
    return rows


def not_flat(security: Security) -> list[str]:
    """Return the market days that ended with a position."""
    end = dt.time(23, 59, 59, 999999)
    return [day.isoformat() for day in security.days if security.position_at(dt.datetime.combine(day, end))]


def at_limit(security: Security, shares: float, notional: float | None) -> float | None:
    """Return the share of five-minute marks with a position of at least the limit."""
    marks = [time for time, _, _ in security.path if time.time() <= CLOSES]
    if not marks:
        return None
    at = 0
    for time in marks:
        limit, mark = shares, security.mark_at(time)
        if notional is not None and mark > 0:
            limit = min(limit, math.trunc(notional / mark))
        at += abs(security.position_at(time)) >= max(limit, 1)
    return at / len(marks)
