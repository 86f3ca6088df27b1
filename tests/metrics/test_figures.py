"""Every figure of a run is what its files say fill by fill, what others compute likewise, or absent with a reason."""

from __future__ import annotations

import csv
import json
import math
from typing import TYPE_CHECKING, Any, Final

import empyrical
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import api
from pipeline.metrics.fill_figures import FILL_FIGURES
from pipeline.metrics.formulas import calmar, percentile, sharpe, sortino
from pipeline.runs.reader import read_run
from pipeline.ticks import Ticks
from tests.made import (
    DAY,
    EXCHANGES,
    HOUR,
    MONDAY,
    PARAMETERS,
    SECOND,
    make_config,
    make_store,
    make_strategy,
    random_ticks,
    write_ticks,
)
from tests.metrics.booked import Fill, booked, ledger_of
from tests.metrics.recomputed import at_limit, daily_rows, figures, not_flat, read

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pipeline.ticks import Float64s
    from tests.metrics.recomputed import Security

TICKERS: Final = ("EMAAR", "FAB", "MODON")
UNEVEN: Final = "days without prints"
SEVERAL: Final = "several orders a side"
RUNS: Final[dict[str, dict[str, Any]]] = {
    "v1": {"strategy": "v1_baseline"},
    "v1 with fees": {"strategy": "v1_baseline", "parameters": {"execution.fees_bps": 5}},
    "v1 strict": {"strategy": "v1_baseline", "execution": "strict"},
    "v2": {"strategy": "v2_price_follow_qty_cooldown"},
    "v2.1": {"strategy": "v2_1_stop_loss", "parameters": {"stop_loss_threshold_pct": 0.2, "execution.fees_bps": 2}},
    "v3 late": {"strategy": "v3_liquidity_monitor", "parameters": {"execution.latency_ms": 1_500}},
    "auction": {"strategy": "closing_auction"},
    "plain": {"strategy": "own"},
    SEVERAL: {"strategy": "ladder"},
    UNEVEN: {"strategy": "v1_baseline", "parameters": {"execution.fees_bps": 5, "execution.flatten": "touch"}},
}
LADDER: Final = """
levels = 2

def on_tick(self, m):
    if m.event % 9 == 0 and m.bid_size > 0 and m.ask_size > 0:
        for k in range(2):
            m.place(1, m.bid - k * 0.01, 50)
            m.place(-1, m.ask + k * 0.01, 40)
"""
NEED_THE_TICKS: Final = ("orders", "counters", *(figure.name for figure in FILL_FIGURES))
"""What a folder does not hold the making of; tests of the engine hold it."""


@pytest.fixture(scope="module", params=RUNS)
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("run")
    options = dict(RUNS[request.param])
    if options["strategy"] == "own":
        tick = "    if m.bid > 0:\n        m.quote_bid(m.bid, int(fmean([7])))\n"
        file = make_strategy(base / "own.py", f"def on_tick(self, m):\n{tick}")
        options |= {"strategy": str(file), "config": file.with_suffix(".json"), "backend": "sequential"}
    elif options["strategy"] == "ladder":
        file = make_strategy(base / "own.py", LADDER)
        options |= {"strategy": str(file), "config": file.with_suffix(".json"), "engine": "python", "workers": 1}
    elif options["strategy"] == "closing_auction":
        (base / "config.json").write_text(
            '{"_defaults": {"spread_vwap_pct": 0.01, "trend_filter_sell_enabled": false}}'
        )
        options["config"] = base / "config.json"
    else:
        options["config"] = make_config(base / "config.json")
    store = make_store(base / "parquet")
    for seed, ticker in enumerate(TICKERS):
        write(store, ticker, random_ticks(seed, days=3 if request.param == SEVERAL else 12, a_day=300))
    if request.param == UNEVEN:
        make_uneven(store)
    api.backtest(**options, parquet_dir=store, output_dir=base / "out", report=False, sensitivity=False)
    return base / "out"


def make_uneven(store: Path) -> None:
    """Give FAB four days, with prints every second day only and clocks that step back, and MODON quotes alone."""
    made = random_ticks(10, days=4, a_day=300)
    day, clock = (made.timestamp - MONDAY) // DAY, made.timestamp % DAY
    back = np.random.default_rng(3).choice([0, 0, 0, 1, 2], len(made)) * SECOND
    fab = Ticks(made.timestamp - back, made.kind, made.price, made.volume)
    quotes_alone = random_ticks(11)
    for ticker, ticks, keep in (
        ("FAB", fab, np.where(day % 2 == 1, made.kind != 2, clock < 13 * HOUR)),
        ("MODON", quotes_alone, quotes_alone.kind != 2),
    ):
        write(store, ticker, Ticks(ticks.timestamp[keep], ticks.kind[keep], ticks.price[keep], ticks.volume[keep]))


def write(store: Path, ticker: str, ticks: Ticks) -> None:
    write_ticks(store / f"{ticker}.parquet", ticks, {"exchange": EXCHANGES[ticker]})


def told(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "metrics.json").read_text())
    return found


def flat(values: dict[str, Any], name: str = "") -> dict[str, Any]:
    """Return figures within figures by their path."""
    found: dict[str, Any] = {}
    for key, value in values.items():
        found |= flat(value, f"{name}{key}.") if isinstance(value, dict) else {f"{name}{key}": value}
    return found


def test_every_figure_is_what_the_files_say_fill_by_fill(folder: Path) -> None:
    metrics = told(folder)
    securities = {ticker: read(folder, ticker) for ticker in TICKERS}
    for which, found in ((None, metrics["portfolio"]), *metrics["securities"].items()):
        some = [*securities.values()] if which is None else [securities[which]]
        wanted = figures(some)
        filled = wanted.pop("orders_filled")
        wanted["fill_ratio"] = filled / found["orders"] if found["orders"] else None
        wanted |= limits(folder, some) if which else limits(folder, some) | {"time_at_limit": None}
        wanted["days_not_flat"] = sorted({day for one in some for day in not_flat(one)})
        wanted |= {"intervals": intervals(found, wanted)} if which is None else {}
        missing = {name for name, value in wanted.items() if value is None}
        missing |= {"markouts"} if any(one["amount"] is None for one in wanted["markouts"].values()) else set()
        of_orders = {"orders", *(figure.name for figure in FILL_FIGURES if figure.is_number)}
        missing |= of_orders if found["orders"] is None else set()
        assert found["reasons"].keys() == missing
        assert all(reason.endswith(".") for reason in found["reasons"].values())
        shown = {name: value for name, value in found.items() if name not in (*NEED_THE_TICKS, "reasons")}
        one, other = flat(shown), flat(wanted)
        assert one.keys() == other.keys()
        for name, value in other.items():
            near = pytest.approx(value, rel=1e-9, abs=1e-6) if isinstance(value, float) else value
            assert one[name] == near, (which, name)


def intervals(found: dict[str, Any], figures: dict[str, Any]) -> dict[str, Any] | None:
    """Return the intervals that were found, once they are seen to be of these figures."""
    ends = found["intervals"]
    assert (ends is None) == (figures["market_days"] < 10)
    for name in ("net_pnl", "daily_net_pnl", "sharpe") if ends else ():
        low, high = ends[name]
        assert low <= figures[name] <= high
    return ends


def limits(folder: Path, securities: Sequence[Security]) -> dict[str, float | None]:
    """Return what is measured by the strategy's limits, by the config of these runs."""
    strategy = json.loads((folder / "run.json").read_text())["strategy"]
    if strategy == "own":  # the ladder, too
        return {"return_on_limit": None, "time_at_limit": None}
    auction = strategy == "closing_auction"
    notional = 250_000.0 if auction else float(PARAMETERS["max_notional"])
    net = math.fsum(fill.net for one in securities for fill in one.fills)
    binds = notional if strategy == "v1_baseline" else None  # v2 reads it and does not keep to it
    held = None if auction else at_limit(securities[0], PARAMETERS["max_position"], binds)
    return {"return_on_limit": net / (notional * len(securities)), "time_at_limit": held}


def test_each_run_has_what_it_is_there_for(folder: Path) -> None:
    run, portfolio = json.loads((folder / "run.json").read_text()), told(folder)["portfolio"]
    settings = run["execution"]["settings"]
    assert portfolio["fills"] > 5
    assert portfolio["closing_fills"] > 5 or run["strategy"] == "own"
    assert bool(portfolio["fees"]) == bool(settings["fees_bps"])
    if settings["flatten"] == "touch" and run["execution"]["name"] == "classic":
        fab = read(folder, "FAB")
        assert sum(fill.time.date() not in fab.days for fill in fab.fills) >= 2
        assert any(fill.stamp < fill.time for fill in fab.fills)
        assert told(folder)["securities"]["MODON"]["reasons"]["time_in_market"] == "No market day."


def test_every_row_of_daily_csv_is_what_the_fills_say(folder: Path) -> None:
    with (folder / "daily.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    securities = [read(folder, ticker) for ticker in TICKERS]
    every = sorted({day for one in securities for day in one.days})
    expected = [
        {"security": one.ticker, "day": day.isoformat()} | row
        for one in securities
        for day, row in zip(one.days, daily_rows(one, one.days), strict=True)
    ]
    for number, day in enumerate(every):
        of_day = [daily_rows(one, every)[number] for one in securities]
        sums = {name: math.fsum(row[name] for row in of_day) for name in of_day[0] if name != "position"}
        expected.append({"security": "total", "day": day.isoformat(), "position": ""} | sums)
    assert [(row["security"], row["day"]) for row in rows] == [(row["security"], row["day"]) for row in expected]
    for row, wanted in zip(rows, expected, strict=True):
        for name, value in wanted.items():
            near = value if isinstance(value, str) else pytest.approx(value, rel=1e-9, abs=1e-6)
            assert (row[name] if isinstance(value, str) else float(row[name])) == near, (wanted, name)


def test_the_days_add_up_to_the_run(folder: Path) -> None:
    with (folder / "daily.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    metrics = told(folder)
    for ticker in (*TICKERS, "total"):
        own = [row for row in rows if row["security"] == ticker]
        found = metrics["portfolio"] if ticker == "total" else metrics["securities"][ticker]
        assert len(own) == found["market_days"]
        assert sum(int(row["fills"]) for row in own) == found["fills"]
        for column, figure in (("gross_pnl", "realized_pnl"), ("fees", "fees"), ("net_pnl", "net_pnl")):
            assert math.fsum(float(row[column]) for row in own) == pytest.approx(found[figure], abs=1e-6)
        assert math.fsum(found["pnl_by_weekday"].values()) == pytest.approx(found["net_pnl"], abs=1e-6)
        assert math.fsum(found["pnl_by_hour"].values()) == pytest.approx(found["net_pnl"], abs=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_sharpe_and_sortino_are_those_of_empyrical(seed: int) -> None:
    daily: Float64s = np.random.default_rng(seed).normal(10, 300, 40)
    assert sharpe(daily) == pytest.approx(empyrical.sharpe_ratio(pd.Series(daily)), rel=1e-12)
    assert sortino(daily) == pytest.approx(empyrical.sortino_ratio(pd.Series(daily)), rel=1e-12)


def test_sortino_by_hand() -> None:
    # mean 1, downside √((0 + 1 + 0 + 1) / 4) = √0.5, so 1 / √0.5 · √252
    assert sortino(np.array([3.0, -1.0, 3.0, -1.0])) == pytest.approx(22.44994432064365, rel=1e-12)
    assert sortino(np.array([1.0, 2.0])) is None
    assert sortino(np.array([-1.0])) is None


def test_calmar_by_hand() -> None:
    assert calmar(np.array([10.0, -4.0]), 4.0) == 189.0  # 3 · 252 / 4
    assert calmar(np.array([1.0]), 0.0) is None
    assert calmar(np.array([]), 1.0) is None


@pytest.mark.parametrize(
    ("equity", "depth", "days"),
    [
        ([5.0, 7.0], 0.0, 0),
        ([-3.0, 4.0], 3.0, 2),  # from the first entry until equity is above 0 again
        ([10.0, 4.0, 10.0, 9.0], 6.0, 3),
        ([10.0, 4.0, 6.0, 7.0], 6.0, 4),  # never back: to the last day
        ([5.0, 5.0, 1.0, 5.0], 4.0, 3),  # from the last entry at the peak
    ],
)
def test_a_drawdown_lasts_from_its_peak_until_equity_is_back(equity: list[float], depth: float, days: int) -> None:
    whole = drawdown_of(equity, range(5, len(equity) + 5), range(1, len(equity) + 5))
    assert whole == (depth, days)
    assert drawdown_of(equity, range(5, len(equity) + 5), ()) == (depth, None if depth else 0)


def test_a_drawdown_counts_market_days_only() -> None:
    assert drawdown_of([9.0, 1.0, 9.0], (3, 5, 8), (1, 3, 4, 7, 9)) == (8.0, 3)  # 3, 4, and 7 for 8


def drawdown_of(equity: Sequence[float], fill_days: Sequence[int], market_days: Sequence[int]) -> tuple[Any, Any]:
    """Return the depth and the days of the drawdown of fills that leave this equity."""
    gains = np.diff(equity, prepend=0.0).tolist()
    fills = [Fill(f"{day} 11:00:00", 1, 1.0, gain) for day, gain in zip(fill_days, gains, strict=True)]
    figures = ledger_of(booked(fills, market_days)).figures
    return figures["max_drawdown"], figures["max_drawdown_days"]


def test_a_run_in_which_everything_failed_has_no_figure_and_says_so(tmp_path: Path) -> None:
    file = make_strategy(tmp_path / "own.py", "def on_tick(self, m):\n    raise ValueError(fmean([1]))\n")
    api.backtest(
        str(file),
        config=file.with_suffix(".json"),
        parquet_dir=make_store(tmp_path / "parquet", ("FAB",)),
        output_dir=tmp_path / "out",
        backend="sequential",
    )
    found = told(tmp_path / "out")
    assert found["securities"] == {}
    numbers = {name: value for name, value in flat(found["portfolio"]).items() if isinstance(value, (int, float))}
    assert set(numbers) == {f"markouts.{name}.fills" for name in ("1s", "10s", "60s", "300s")}
    missing = {name for name, value in found["portfolio"].items() if value is None}
    assert found["portfolio"]["reasons"] == dict.fromkeys(
        (*missing, "markouts"), "No security was replayed to its end."
    )
    assert json.loads((tmp_path / "out" / "run.json").read_text())["warnings"][0].startswith("FAB failed")
    assert (tmp_path / "out" / "report.html").exists()
    run = read_run(tmp_path / "out")
    assert (run.total.fills, run.total.max_drawdown, [*run.errors]) == (0, None, ["FAB"])
    assert api.compare(tmp_path / "out", tmp_path / "out").same


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40), st.sampled_from([50, 95]))
def test_a_percentile_is_numpys(values: list[float], percent: int) -> None:
    assert percentile(np.array(values), percent) == pytest.approx(
        float(np.percentile(values, percent)), rel=1e-12, abs=1e-9
    )
