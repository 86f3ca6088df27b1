"""The band of every setting of a sweep, against a sweep over the queue's models themselves, and choosing by it."""

from __future__ import annotations

import csv
import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pytest

from pipeline import api
from pipeline.errors import BadRequest, SweepError
from pipeline.numbers import amounts_in
from pipeline.pages.sweep_page import sweep_page
from pipeline.pages.sweep_reader import read_sweep
from pipeline.store.parquet import read_table
from pipeline.ticks import Ticks
from tests.made import make_config, make_store, random_ticks, write_ticks

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.sweeps.run import SweepRun

TICKERS: Final = ("EMAAR", "FAB")
PAUSES: Final = [20, 200]
UNTIL: Final = dt.date(2025, 1, 13)
FEES: Final = {"execution.fees_bps": 3}
QUEUES: Final = ["capped", "front", "power1", "power2", "power3"]
FIGURES: Final = {"": "net_pnl", "train_": "train_net_pnl", "test_": "test_net_pnl"}


@dataclass(frozen=True)
class Desk:
    """What sweeps of it take, where they write, what the models themselves gave, and a sweep that chose by the band."""

    options: dict[str, Any]
    folder: Path
    by_queue: dict[tuple[int, str, str], list[float]]
    chosen: SweepRun


def with_queues(seed: int) -> Ticks:
    """Return days whose touch stays where it is for minutes while its sizes change, so that a queue matters."""
    chance, ticks = np.random.default_rng(seed), random_ticks(seed, days=4, a_day=150)
    bid = np.round(10.0 + 0.02 * (np.arange(len(ticks)) // 25 % 4), 2)
    ask = np.round(bid + 0.02, 2)
    price = np.choose(ticks.kind, [bid, ask, np.where(chance.random(len(ticks)) < 0.5, bid, ask)])
    size = np.where(
        ticks.kind == 2, chance.integers(100, 6_000, len(ticks)), chance.integers(1_000, 60_000, len(ticks))
    )
    return Ticks(ticks.timestamp, ticks.kind, price, size)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    folder = tmp_path_factory.mktemp("band")
    store = make_store(folder / "parquet", TICKERS)
    for seed, ticker in enumerate(TICKERS):
        write_ticks(store / f"{ticker}.parquet", with_queues(seed), {"exchange": "ADX"})
    options = {"config": make_config(folder / "v1.json", TICKERS), "parquet_dir": store, "engine": "python"}
    options |= {"workers": 1, "parameters": FEES, "train_until": UNTIL, "report": False}
    grid = {"refill_interval_sec": PAUSES, "execution": ["strict"], "execution.queue": QUEUES}
    api.sweep(grid=grid, output_dir=folder / "queues", **options)
    by_queue: dict[tuple[int, str, str], list[float]] = {}
    for file in ("sweep.parquet", "sweep_all.parquet"):
        for row in read_table(folder / "queues" / file).to_pylist():
            pause, view = PAUSES[(row["setting"] - 1) // len(QUEUES)], row.get("security", "all")
            for prefix, name in FIGURES.items():
                by_queue.setdefault((pause, view, prefix), []).append(row[name])
    api.sweep(grid={"refill_interval_sec": PAUSES}, band=True, output_dir=folder / "banded", **options)
    by_low = options | {"choose_by": "band_low", "walk_forward": 1, "output_dir": folder / "chosen"}
    return Desk(options, folder, by_queue, api.sweep(grid={"refill_interval_sec": PAUSES}, **by_low))


def test_the_models_differ_so_that_there_is_a_band_at_all(desk: Desk) -> None:
    assert any(min(values) < max(values) for values in desk.by_queue.values())


@pytest.mark.parametrize("file", ["sweep.parquet", "sweep_all.parquet"])
def test_the_band_is_that_of_strict_under_each_model_of_the_queue(desk: Desk, file: str) -> None:
    rows = read_table(desk.folder / "banded" / file).to_pylist()
    assert len(rows) == len(PAUSES) * (len(TICKERS) if file == "sweep.parquet" else 1)
    for row in rows:
        for prefix in FIGURES:
            values = desk.by_queue[PAUSES[row["setting"] - 1], row.get("security", "all"), prefix]
            ends = row[f"{prefix}band_low"], row[f"{prefix}band_high"]
            assert ends == pytest.approx((min(values), max(values)), rel=1e-12)


def test_the_band_changes_nothing_else(desk: Desk) -> None:
    run = api.sweep(grid={"refill_interval_sec": PAUSES}, output_dir=desk.folder / "plain", **desk.options)
    banded = read_table(desk.folder / "banded" / "sweep.parquet")
    names = [name for name in banded.column_names if "band_" not in name]
    assert run.table.column_names == names
    assert banded.select(names).to_pylist() == run.table.to_pylist()


def test_choosing_by_the_lower_end_takes_the_setting_whose_worst_is_best(desk: Desk) -> None:
    run = desk.chosen
    lows = {(pause, view): min(of) for (pause, view, prefix), of in desk.by_queue.items() if prefix == "train_"}
    for best in run.best:
        pause = max(PAUSES, key=lambda pause, view=best.security: lows[pause, view])  # type: ignore[misc]
        assert best.trial.changes == {"refill_interval_sec": pause}
        assert best.score == pytest.approx(lows[pause, best.security])
    assert [best.security for best in run.best] == [*TICKERS, "all"]
    assert [fold.trial.number for fold in run.folds] == [best.trial.number for best in run.best]
    with (desk.folder / "chosen" / "sweep_summary.csv").open(newline="") as content:
        summary = [*csv.DictReader(content)]
    for row, best in zip(summary, run.best, strict=True):
        assert row["chosen_by"] == "train_band_low"
        assert (float(row["band_low"]), float(row["band_high"])) == best.band


def test_the_page_shows_the_band_and_judges_by_what_was_chosen_by(desk: Desk) -> None:
    recorded = read_sweep(desk.folder / "chosen")
    assert recorded.main == "train_band_low"
    with amounts_in("AED"):
        labels = {figure.name: figure.label for figure in recorded.figures}
    assert set(labels) >= {f"{part}band_{end}" for part in FIGURES for end in ("low", "high")}
    page = sweep_page(desk.folder / "chosen").decode()
    assert labels["train_band_low"].replace("&", "\\u0026") in page


def test_two_workers_write_the_same_bytes(desk: Desk) -> None:
    two = desk.options | {"workers": 2, "backend": "threading", "fresh": True}
    api.sweep(grid={"refill_interval_sec": PAUSES}, band=True, output_dir=desk.folder / "two", **two)
    for name in ("sweep.parquet", "sweep_all.parquet", "sweep_summary.csv", "sweep.json"):
        assert (desk.folder / "two" / name).read_bytes() == (desk.folder / "banded" / name).read_bytes()


def test_a_strategy_that_keeps_its_own_orders_has_no_band_and_no_switch(desk: Desk) -> None:
    options = desk.options | {"config": None, "strategy": "closing_auction"}
    with pytest.raises(BadRequest, match="closing_auction keeps its own orders"):
        api.sweep(grid={"spread_vwap_pct": [0.5, 1.0]}, band=True, **options)
    with pytest.raises(SweepError, match=r"^execution: closing_auction keeps its own orders: .*, only fees do.$"):
        api.sweep(grid={"execution": ["classic", "strict"]}, **options)
