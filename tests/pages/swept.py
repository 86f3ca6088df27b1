"""Folders of sweeps for the tests of their page, real and invented, and what is read of both."""

from __future__ import annotations

import csv
import datetime as dt
import json
from itertools import product
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from pipeline import api
from pipeline.store.parquet import read_table, write_table
from pipeline.ticks import Ticks
from tests.made import DAY, make_config, make_store, random_ticks, write_ticks
from tests.pages.reading import Node, Page, number, table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

UNTIL: Final = dt.date(2025, 1, 12)
GRID: Final = {
    "refill_interval_sec": [20, 60, 120, 200],
    "quote_size": [500, 1_000, 3_000],
    "execution": ["classic", "strict"],
    "execution.fees_bps": [0, 2.5],
}
AXES: Final = ["refill_interval_sec", "quote_size", "execution.preset", "execution.fees_bps"]
EXECUTION: Final = AXES[2:]
SUMS: Final = ("net_pnl", "train_net_pnl", "test_net_pnl", "turnover", "fees", "realized_pnl", "fills")


def make_sweep(
    folder: Path,
    grid: Mapping[str, Any] = GRID,
    short: str | None = None,
    *,
    late: bool = False,
    days: int = 2,
    **options: Any,
) -> Path:
    """Sweep made-up ticks of three securities on so many days, half to choose on and half to judge on.

    short: a security that has the first day only, or with late the second only.
    """
    store = make_store(folder / "parquet", days=days, a_day=3_000 // days)
    config = make_config(folder / "v1.json")
    if short is not None:
        day = random_ticks(9, days=1)
        ticks = Ticks(day.timestamp + DAY * late, day.kind, day.price, day.volume)
        write_ticks(store / f"{short}.parquet", ticks, {"exchange": "ADX"})
    until = UNTIL + dt.timedelta(days=days // 2 - 1)
    asked: dict[str, Any] = {"train_until": until, "walk_forward": 1} | options
    api.sweep(grid=grid, config=config, parquet_dir=store, output_dir=folder / "sweep", **asked)
    return folder / "sweep"


def invent_sweep(
    folder: Path,
    axes: Mapping[str, Sequence[Any]],
    tickers: Sequence[str],
    *,
    errors: Mapping[int, str] | None = None,
    strategy: str = "v1_baseline",
    days: float = 12.0,
) -> Path:
    """Write the folder of a sweep with invented figures; errors: settings, by number, that fail on every security."""
    folder.mkdir(parents=True, exist_ok=True)
    chance = np.random.default_rng(5)
    points, count = list(product(*axes.values())), len(tickers)
    total, errors = len(points), errors or {}
    failed = np.array([number in errors for number in range(1, total + 1)])
    figures = {name: chance.normal(0, 9_000, (total, count)) for name in ("net_pnl", "train_net_pnl", "test_net_pnl")}
    figures |= {name: chance.normal(0, 3, (total, count)) for name in ("sharpe", "train_sharpe", "test_sharpe")}
    figures |= {name: chance.random((total, count)) * 1e6 for name in ("max_drawdown", "turnover", "win_rate")}
    figures |= {"fees": np.zeros((total, count)), "realized_pnl": figures["net_pnl"]}
    figures |= {"fills": chance.integers(0, 900, (total, count)).astype(float)}
    figures |= {f"{part}market_days": np.full((total, count), days) for part in ("", "train_", "test_")}
    columns: dict[str, Any] = {
        "setting": np.repeat(np.arange(1, total + 1), count),
        "strategy": pa.array([strategy] * total * count),
        "security": pa.array(list(tickers) * total),
    }
    for at, name in enumerate(axes):
        column = "execution.preset" if name == "execution" else name
        columns[column] = pa.array([point[at] for point in points for _ in tickers])
    for name, values in figures.items():
        columns[name] = pa.array(values.ravel(), mask=np.repeat(failed, count))
    columns["error"] = pa.array([errors.get(number) for number in range(1, total + 1) for _ in tickers])
    write_table(folder / "sweep.parquet", pa.table(columns), durable=False)
    together: dict[str, Any] = {"setting": np.arange(1, total + 1)}
    for name, values in figures.items():
        column = "daily_drawdown" if name == "max_drawdown" else name
        together[column] = pa.array(values.sum(1) if name in SUMS else values.mean(1), mask=failed)
    files = ["sweep.parquet", "sweep_summary.csv"]
    if count > 1:
        write_table(folder / "sweep_all.parquet", pa.table(together), durable=False)
        files.append("sweep_all.parquet")
    with (folder / "sweep_summary.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["security", "setting"])
        scores = np.where(failed[:, None], -np.inf, figures["train_net_pnl"])
        writer.writerows([ticker, 1 + int(scores[:, at].argmax())] for at, ticker in enumerate(tickers))
        writer.writerows([["all", 1 + int(scores.sum(1).argmax())]] if count > 1 else [])
    manifest = {"axes": list(axes), "chosen_by": "net_pnl", "strategies": [strategy], "settings": total, "files": files}
    manifest |= {"train": "2025-01-06 to 2025-01-16", "test": "2025-01-17 to 2025-01-29", "version": "0"}
    manifest |= {"data": {ticker: {"ticks": 1, "digest": "x"} for ticker in tickers}, "searched": None, "seed": None}
    (folder / "sweep.json").write_text(json.dumps(manifest), encoding="utf-8")
    return folder


def peers(frame: pd.DataFrame, view: str, setting: int) -> pd.DataFrame:
    """Return the settings of a view under the execution of one of them."""
    own = frame.loc[view]
    return own[(own[EXECUTION] == own.loc[setting, EXECUTION]).all(axis=1)]


def frame_of(folder: Path) -> pd.DataFrame:
    """Return every setting's figures, with those of all together, by view and setting, as a notebook reads them."""
    each = read_table(folder / "sweep.parquet").to_pandas().rename(columns={"max_drawdown": "drawdown"})
    together = read_table(folder / "sweep_all.parquet").to_pandas().rename(columns={"daily_drawdown": "drawdown"})
    axes = each.drop_duplicates("setting")[["setting", *AXES]]
    together = together.assign(security="all").merge(axes, on="setting")
    return pd.concat([each, together]).set_index(["security", "setting"]).sort_index()


def chosen_of(folder: Path) -> dict[str, int]:
    summary = pd.read_csv(folder / "sweep_summary.csv")
    return dict(zip(summary["security"], summary["setting"], strict=True))


def rows_of(page: Page, identity: str) -> dict[str, list[Node]]:
    return table(page.root.one("table", id=identity))[1]


def value(cell: Node) -> float:
    """Return a cell's exact number, having checked that a person reads the same."""
    exact = cell.attributes["data-value"]
    if not exact:
        assert cell.text.startswith("-")
        return float("nan")
    rounded = 0.5 * 10.0 ** -len(cell.text.partition(".")[2]) * 1.000001
    assert number(cell.text) in (
        pytest.approx(float(exact), abs=rounded),
        pytest.approx(float(exact) * 100, abs=rounded),
    )
    return float(exact)
