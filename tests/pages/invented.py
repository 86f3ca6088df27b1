"""Run folders of any size for tests of pages, invented whole: consistent files, seeded figures, no replay."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from pipeline.store.columns import number_array, some_numbers, text_array
from pipeline.store.parquet import write_table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

FIGURES = (
    *("fills", "closing_fills", "market_days", "strategy_days", "fills_per_day", "realized_pnl", "fees", "net_pnl"),
    *("turnover", "sharpe", "sortino", "calmar", "max_drawdown", "max_drawdown_pct", "max_drawdown_days"),
    *("max_drawdown_marked", "peak_capital", "win_rate", "profit_factor", "average_win", "average_loss"),
    *("return_on_limit", "time_in_market", "inventory_mean", "inventory_p95", "time_at_limit", "spread_captured"),
    *("spread_captured_bps", "orders", "fill_ratio", "time_to_fill_median", "time_to_fill_mean"),
)
HORIZONS = ("1s", "10s", "60s", "300s")
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MODELS = ("classic", "strict", "fill_price=order", "latency_ms=1000")
DAY_MS = 86_400_000
HOUR_MS = 3_600_000
MONDAY = 20_101  # 2025-01-13


@dataclass
class Fills:
    """One security's fills: arrays of one length, stamps in ms."""

    stamps: Any
    buys: Any
    price: Any
    quantity: Any
    realized: Any

    @property
    def fees(self) -> Any:
        return np.round(self.price * self.quantity * 0.0001, 6)


def invent(
    folder: Path,
    tickers: Sequence[str],
    days: int = 5,
    fills: int = 60,
    *,
    failed: Sequence[str] = (),
    warnings: Sequence[str] = (),
    seed: int = 0,
) -> Path:
    """Write a run folder of so many securities, market days (five a week) and fills each, and return it."""
    chance = np.random.default_rng(seed)
    market_days = np.array([MONDAY + day // 5 * 7 + day % 5 for day in range(days)], np.int64)
    made = {ticker: _fills(chance, market_days, fills) for ticker in tickers}
    daily: list[list[Any]] = []
    of_total = np.zeros((4, days))
    for ticker, one in made.items():
        _write_trades(folder / "trades" / f"{ticker}.parquet", one)
        _write_prices(folder / "prices" / f"{ticker}.parquet", chance, market_days)
        rows = _by_day(one, market_days, chance)
        position = np.cumsum(np.where(one.buys, one.quantity, -one.quantity))
        daily += [
            [ticker, _iso(day), *_row(rows[:, place]), int(position[-1]) if fills else 0, float(rows[3, place])]
            for place, day in enumerate(market_days.tolist())
        ]
        of_total += rows
    daily += [
        ["total", _iso(day), *_row(of_total[:, place]), "", float(of_total[3, place])]
        for place, day in enumerate(market_days.tolist() if made else [])
    ]
    everything = list(made.values())
    metrics = {
        "portfolio": _figures(chance, everything, days) | {"days_not_flat": []},
        "securities": {ticker: _figures(chance, [one], days) | _own(market_days) for ticker, one in made.items()},
    }
    _write_json(folder / "metrics.json", metrics)
    columns = ["security", "day", "fills", "gross_pnl", "fees", "net_pnl", "equity", "position", "marked_equity"]
    _write_csv(folder / "daily.csv", columns, daily)
    summary = [[ticker, ""] for ticker in made] + [[ticker, f"{ticker} is unwell."] for ticker in failed]
    _write_csv(folder / "backtest_summary.csv", ["security", "error"], sorted(summary))
    net = {name: float((one.realized - one.fees).sum()) for name, one in made.items()}
    checks = [
        [name, model, 0, 0.0, 0.0, value - 100.0 * place]
        for name, value in net.items()
        for place, model in enumerate(MODELS)
    ]
    checks += [["total", model, 0, 0.0, 0.0, sum(row[5] for row in checks if row[1] == model)] for model in MODELS]
    _write_csv(
        folder / "sensitivity.csv", ["security", "execution", "fills", "realized_pnl", "fees", "net_pnl"], checks
    )
    _write_json(folder / "run.json", _run([*tickers, *failed], warnings))
    return folder


def _fills(chance: np.random.Generator, days: Any, count: int) -> Fills:
    stamps = chance.choice(days, count) * DAY_MS + 10 * HOUR_MS + chance.integers(0, 5 * 3600, count) * 1000
    buys = chance.integers(0, 2, count).astype(bool)
    return Fills(
        stamps=np.sort(stamps),
        buys=buys,
        price=np.round(110 + np.cumsum(chance.integers(-2, 3, count)) * 0.01, 2),
        quantity=chance.integers(1, 50_000, count),
        realized=np.where(chance.random(count) < 0.5, 0.0, chance.normal(0, 4_321.0, count)),
    )


def _write_trades(path: Path, one: Fills) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.table(
        {
            "timestamp": number_array(one.stamps, pa.timestamp("ms")),
            "side": text_array(["buy" if buy else "sell" for buy in one.buys.tolist()]),
            "fill_price": number_array(one.price, pa.float64()),
            "fill_qty": number_array(one.quantity, pa.int64()),
            "realized_pnl": number_array(one.realized, pa.float64()),
            "position": number_array(np.cumsum(np.where(one.buys, one.quantity, -one.quantity)), pa.int64()),
            "pnl": number_array(np.cumsum(one.realized), pa.float64()),
            "fee": number_array(one.fees, pa.float64()),
        }
    )
    write_table(path, table, durable=False)


def _write_prices(path: Path, chance: np.random.Generator, days: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    grid = np.append(np.arange(1, 58) * 300_000 + 10 * HOUR_MS, 53_701_000)
    stamps = (days[:, None] * DAY_MS + grid).reshape(-1)
    mid = np.round(110 + np.cumsum(chance.integers(-2, 3, len(stamps))) * 0.005, 4).tolist()
    known = [None if place % 58 in (3, 57) else value for place, value in enumerate(mid)]
    columns = {"mid": some_numbers(known, pa.float64()), "last": some_numbers(mid, pa.float64())}
    write_table(path, pa.table({"timestamp": number_array(stamps, pa.timestamp("ms")), **columns}), durable=False)


def _by_day(one: Fills, days: Any, chance: np.random.Generator) -> Any:
    """Return fills, gross P&L, fees and marked equity by day."""
    places = np.searchsorted(days, one.stamps // DAY_MS)
    fills, gross, fees = (np.bincount(places, held, len(days)) for held in (None, one.realized, one.fees))
    return np.array([fills, gross, fees, np.cumsum(gross - fees) + chance.normal(0, 50, len(days))])


def _row(cells: Any) -> list[Any]:
    fills, gross, fees, _ = cells.tolist()
    return [int(fills), gross, fees, gross - fees, 0.0]


def _figures(chance: np.random.Generator, made: list[Fills], days: int) -> dict[str, Any]:
    stamps = np.concatenate([one.stamps for one in made]) if made else np.empty(0, np.int64)
    net = np.concatenate([one.realized - one.fees for one in made]) if made else np.empty(0)
    held: dict[str, Any] = {name: float(np.round(chance.normal(1, 1), 6)) for name in FIGURES}
    hours, weekdays = stamps % DAY_MS // HOUR_MS, (stamps // DAY_MS + 3) % 7
    held |= {"fills": len(stamps), "market_days": days, "calmar": None, "win_rate": 0.5, "net_pnl": float(net.sum())}
    held |= {
        "realized_pnl": float(sum(one.realized.sum() for one in made)),
        "fees": float(sum(one.fees.sum() for one in made)),
    }
    held |= {
        "turnover": float(sum((one.price * one.quantity).sum() for one in made)),
        "reasons": {"calmar": "Too few days."},
    }
    held["pnl_by_hour"] = {str(hour): float(net[hours == hour].sum()) for hour in np.unique(hours).tolist()}
    held["pnl_by_weekday"] = {WEEKDAYS[day]: float(net[weekdays == day].sum()) for day in np.unique(weekdays).tolist()}
    parts = ("aed", "bps", "adverse_aed", "adverse_bps")
    held["markouts"] = {
        one: {part: float(chance.normal()) for part in parts} | {"fills": len(stamps)} for one in HORIZONS
    }
    held["markouts"]["300s"] |= dict.fromkeys(parts)
    return held


def _own(days: Any) -> dict[str, Any]:
    return {"days_not_flat": [_iso(int(day)) for day in days[:1]], "counters": {"stops": 3, "signals": len(days)}}


def _run(tickers: Sequence[str], warnings: Sequence[str]) -> dict[str, Any]:
    rejects = {"price is not a number": 2, "no time": 1}
    data = {"digest": "0" * 32, "fingerprint": "1" * 32, "exchange": "ADX", "ticks": 900, "rows": 905, "blank": 2}
    return {
        "format_version": 1,
        "status": "complete",
        "strategy": "v1_baseline",
        "config": "v1_baseline.json",
        "execution": {"name": "classic", "settings": {"fill_price": "print", "fees_bps": 1.0}},
        "parameters": {
            one: {"quote_size": 100 + place, "refill_interval_sec": 60} for place, one in enumerate(tickers)
        },
        "data": {one: data | {"rejects": rejects} for one in tickers},
        "versions": {"pipeline": "1.0", "python": "3.11"},
        "files": ["metrics.json", "daily.csv", "backtest_summary.csv", "sensitivity.csv", "report.html"],
        "how": {"engine": "compiled", "backend": "threading", "workers": 2, "seconds": {"replay": 0.25}},
        "warnings": list(warnings),
    }


def _write_csv(path: Path, columns: list[str], rows: list[list[Any]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([columns, *rows])


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1, sort_keys=True), encoding="utf-8")


def _iso(day: int) -> str:
    return str(np.datetime64(day, "D"))
