"""Run folders of any size for tests of pages, invented whole: consistent files, seeded figures, no replay."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from pipeline.engine.execution import make_execution, variants
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
    *("daily_net_pnl", "daily_drawdown", "sharpe_error", "probabilistic_sharpe", "minimum_track_record"),
    *("skew", "kurtosis", "autocorrelation", "daily_volatility", "pnl_per_inventory"),
    *("return_on_peak_capital", "buy_and_hold"),
    *("through_fills", "through_pnl", "off_grid_fills", "marketable_fills", "shares_beyond_shown"),
)
HORIZONS = ("1s", "10s", "60s", "300s")
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MODELS = tuple(variants(make_execution("classic", {}, "")))
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
    fills_by_ticker = {ticker: _fills(chance, market_days, fills) for ticker in tickers}
    daily: list[list[Any]] = []
    of_total = np.zeros((4, days))
    for ticker, executed in fills_by_ticker.items():
        _write_trades(folder / "trades" / f"{ticker}.parquet", executed)
        _write_prices(folder / "prices" / f"{ticker}.parquet", chance, market_days)
        rows = _by_day(executed, market_days, chance)
        position = np.cumsum(np.where(executed.buys, executed.quantity, -executed.quantity))
        daily += [
            [ticker, _iso(day), *_row(rows[:, number]), int(position[-1]) if fills else 0, float(rows[3, number])]
            for number, day in enumerate(market_days.tolist())
        ]
        of_total += rows
    daily += [
        ["total", _iso(day), *_row(of_total[:, number]), "", float(of_total[3, number])]
        for number, day in enumerate(market_days.tolist() if fills_by_ticker else [])
    ]
    everything = list(fills_by_ticker.values())
    metrics = {
        "portfolio": _figures(chance, everything, days) | {"days_not_flat": [], "intervals": _intervals(chance, days)},
        "securities": {
            ticker: _figures(chance, [executed], days) | _own(market_days)
            for ticker, executed in fills_by_ticker.items()
        },
    }
    _write_json(folder / "metrics.json", metrics)
    columns = ["security", "day", "fills", "gross_pnl", "fees", "net_pnl", "equity", "position", "marked_equity"]
    _write_csv(folder / "daily.csv", columns, daily)
    summary = [[ticker, ""] for ticker in fills_by_ticker] + [[ticker, f"{ticker} is unwell."] for ticker in failed]
    _write_csv(folder / "backtest_summary.csv", ["security", "error"], sorted(summary))
    net = {name: float((executed.realized - executed.fees).sum()) for name, executed in fills_by_ticker.items()}
    checks = [
        [name, model, 0, 0.0, 0.0, value - 100.0 * number]
        for name, value in net.items()
        for number, model in enumerate(MODELS)
    ]
    checks += [["total", model, 0, 0.0, 0.0, sum(row[5] for row in checks if row[1] == model)] for model in MODELS]
    _write_csv(
        folder / "sensitivity.csv", ["security", "execution", "fills", "realized_pnl", "fees", "net_pnl"], checks
    )
    _write_json(folder / "run.json", _run([*tickers, *failed], warnings))
    return folder


def record(folder: Path, ticker: str, stamps: Any, **series: Any) -> None:
    """Add what a strategy recorded of one of the securities: numbers at times (ms), NaN for none."""
    name = f"series/{ticker}.parquet"
    (folder / name).parent.mkdir(exist_ok=True)
    columns = {each: number_array(values, pa.float64(), ~np.isnan(values)) for each, values in series.items()}
    table = pa.table({"timestamp": number_array(stamps, pa.timestamp("ms")), **columns})
    write_table(folder / name, table, durable=False)
    run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    _write_json(folder / "run.json", run | {"files": [*run["files"], name]})


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


def _write_trades(path: Path, executed: Fills) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.table(
        {
            "timestamp": number_array(executed.stamps, pa.timestamp("ms")),
            "side": text_array(["buy" if buy else "sell" for buy in executed.buys.tolist()]),
            "fill_price": number_array(executed.price, pa.float64()),
            "fill_qty": number_array(executed.quantity, pa.int64()),
            "realized_pnl": number_array(executed.realized, pa.float64()),
            "position": number_array(
                np.cumsum(np.where(executed.buys, executed.quantity, -executed.quantity)), pa.int64()
            ),
            "pnl": number_array(np.cumsum(executed.realized), pa.float64()),
            "fee": number_array(executed.fees, pa.float64()),
        }
    )
    write_table(path, table, durable=False)


def _write_prices(path: Path, chance: np.random.Generator, days: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    grid = np.append(np.arange(1, 58) * 300_000 + 10 * HOUR_MS, 53_701_000)
    stamps = (days[:, None] * DAY_MS + grid).reshape(-1)
    mid = np.round(110 + np.cumsum(chance.integers(-2, 3, len(stamps))) * 0.005, 4).tolist()
    known = [None if number % 58 in (3, 57) else value for number, value in enumerate(mid)]
    columns = {"mid": some_numbers(known, pa.float64()), "last": some_numbers(mid, pa.float64())}
    write_table(path, pa.table({"timestamp": number_array(stamps, pa.timestamp("ms")), **columns}), durable=False)


def _by_day(executed: Fills, days: Any, chance: np.random.Generator) -> Any:
    """Return fills, gross P&L, fees and marked equity by day."""
    places = np.searchsorted(days, executed.stamps // DAY_MS)
    fills, gross, fees = (
        np.bincount(places, weights, len(days)) for weights in (None, executed.realized, executed.fees)
    )
    return np.array([fills, gross, fees, np.cumsum(gross - fees) + chance.normal(0, 50, len(days))])


def _row(cells: Any) -> list[Any]:
    fills, gross, fees, _ = cells.tolist()
    return [int(fills), gross, fees, gross - fees, 0.0]


def _figures(chance: np.random.Generator, all_fills: list[Fills], days: int) -> dict[str, Any]:
    stamps = np.concatenate([executed.stamps for executed in all_fills]) if all_fills else np.empty(0, np.int64)
    net = np.concatenate([executed.realized - executed.fees for executed in all_fills]) if all_fills else np.empty(0)
    figures: dict[str, Any] = {name: float(np.round(chance.normal(1, 1), 6)) for name in FIGURES}
    hours, weekdays = stamps % DAY_MS // HOUR_MS, (stamps // DAY_MS + 3) % 7
    figures |= {"fills": len(stamps), "market_days": days, "calmar": None, "win_rate": 0.5, "net_pnl": float(net.sum())}
    figures |= {
        "realized_pnl": float(sum(executed.realized.sum() for executed in all_fills)),
        "fees": float(sum(executed.fees.sum() for executed in all_fills)),
    }
    figures["peak_capital"] = abs(figures["peak_capital"]) * 1e6
    figures |= {
        "turnover": float(sum((executed.price * executed.quantity).sum() for executed in all_fills)),
        "reasons": {"calmar": "Too few days."},
    }
    figures["pnl_by_hour"] = {str(hour): float(net[hours == hour].sum()) for hour in np.unique(hours).tolist()}
    figures["pnl_by_weekday"] = {
        WEEKDAYS[day]: float(net[weekdays == day].sum()) for day in np.unique(weekdays).tolist()
    }
    parts = ("amount", "bps", "adverse_amount", "adverse_bps")
    figures["markouts"] = {
        horizon: {part: float(chance.normal()) for part in parts} | {"fills": len(stamps)} for horizon in HORIZONS
    }
    figures["markouts"]["300s"] |= dict.fromkeys(parts)
    return figures


def _intervals(chance: np.random.Generator, days: int) -> dict[str, list[float]] | None:
    names = ("daily_net_pnl", "net_pnl", "sharpe", "daily_drawdown")
    return {name: sorted(chance.normal(0, 100, 2).tolist()) for name in names} if days >= 10 else None


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
            ticker: {"quote_size": 100 + number, "refill_interval_sec": 60} for number, ticker in enumerate(tickers)
        },
        "data": {ticker: data | {"rejects": rejects} for ticker in tickers},
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
