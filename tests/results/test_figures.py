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

from pipeline import api
from pipeline.results.metrics import calmar, deepest_drawdown, drawdown_days, sharpe, sortino
from tests.made import DAY, PARAMETERS, make_config, make_store, make_strategy
from tests.results.recomputed import figures, read

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.ticks import Float64s

TICKERS: Final = ("EMAAR", "FAB", "MODON")
RUNS: Final[dict[str, dict[str, Any]]] = {
    "v1": {"strategy": "v1_baseline"},
    "v1 with fees": {"strategy": "v1_baseline", "parameters": {"execution.fees_bps": 5}},
    "v1 strict": {"strategy": "v1_baseline", "execution": "strict"},
    "v2": {"strategy": "v2_price_follow_qty_cooldown"},
    "v2.1": {"strategy": "v2_1_stop_loss", "parameters": {"stop_loss_threshold_pct": 0.2}},
    "auction": {"strategy": "closing_auction"},
    "plain": {"strategy": "own"},
}
OF_THE_ENGINE: Final = (
    "orders",
    "fill_ratio",
    "time_at_limit",
    "return_on_limit",
    "counters",
    "days_not_flat",
    "reasons",
)
"""What needs more than the fills: held against below, each by itself."""


@pytest.fixture(scope="module", params=RUNS)
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("run")
    options = dict(RUNS[request.param])
    if options["strategy"] == "own":
        file = make_strategy(base / "own.py", "def on_tick(self, m):\n    fmean([1])\n    m.quote_bid(m.bid, 7)\n")
        options |= {"strategy": str(file), "config": file.with_suffix(".json"), "backend": "sequential"}
    elif options["strategy"] == "closing_auction":
        (base / "config.json").write_text(
            '{"_defaults": {"spread_vwap_pct": 0.01, "trend_filter_sell_enabled": false}}'
        )
        options["config"] = base / "config.json"
    else:
        options["config"] = make_config(base / "config.json")
    api.backtest(**options, parquet_dir=make_store(base / "parquet"), output_dir=base / "out", report=False)
    return base / "out"


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
    for which, found in (
        (None, metrics["portfolio"]),
        *((ticker, metrics["securities"][ticker]) for ticker in TICKERS),
    ):
        wanted = figures([*securities.values()] if which is None else [securities[which]])
        filled = wanted.pop("orders_filled")
        if found["orders"]:
            assert found["fill_ratio"] == pytest.approx(filled / found["orders"])
        shown = {name: value for name, value in found.items() if name not in OF_THE_ENGINE}
        one, other = flat(shown), flat(wanted)
        assert one.keys() == other.keys()
        for name, value in other.items():
            assert one[name] == (None if value is None else pytest.approx(value, rel=1e-9, abs=1e-6)), name


def test_what_is_missing_says_why_and_nothing_else_does(folder: Path) -> None:
    metrics = told(folder)
    for found in (metrics["portfolio"], *metrics["securities"].values()):
        missing = {name for name, value in found.items() if value is None}
        if any(one["aed"] is None for one in found["markouts"].values()):
            missing.add("markouts")
        assert set(found["reasons"]) == missing
        assert all(reason.endswith(".") for reason in found["reasons"].values())


def test_the_share_of_time_at_the_limit_is_over_the_five_minute_marks(folder: Path) -> None:
    run = json.loads((folder / "run.json").read_text())
    if run["strategy"] not in ("v1_baseline", "v2_price_follow_qty_cooldown"):
        return
    binds = run["strategy"] == "v1_baseline"  # v2 reads max_notional and does not keep to it
    for ticker in TICKERS:
        one = read(folder, ticker)
        marks = [time for time, _, _ in one.path if (time.hour, time.minute, time.second) <= (14, 45, 0)]
        at = 0
        for time in marks:
            limit = PARAMETERS["max_position"]
            if binds and one.mark_at(time):
                limit = min(limit, int(PARAMETERS["max_notional"] / one.mark_at(time)))
            at += abs(one.position_at(time)) >= limit
        found = told(folder)["securities"][ticker]
        assert found["time_at_limit"] == pytest.approx(at / len(marks))
        assert found["return_on_limit"] == pytest.approx(found["net_pnl"] / PARAMETERS["max_notional"])


def test_each_day_stands_in_daily_csv_and_the_days_add_up(folder: Path) -> None:
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
        assert float(own[-1]["equity"]) == pytest.approx(found["net_pnl"], abs=1e-6)
        if ticker != "total":
            one = read(folder, ticker)
            assert [row["day"] for row in own] == [day.isoformat() for day in one.days]
            assert int(own[-1]["position"]) == (one.fills[-1].position if one.fills else 0)
            end = one.path[-1][0].replace(hour=23, minute=59)
            assert float(own[-1]["marked_equity"]) == pytest.approx(one.marked_at(end), abs=1e-6)


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
        ([-3.0, 4.0], 3.0, 2),  # from the first market day until equity is above 0 again
        ([10.0, 4.0, 10.0, 9.0], 6.0, 3),
        ([10.0, 4.0, 6.0, 7.0], 6.0, 4),  # never back: to the last day
        ([5.0, 5.0, 1.0, 5.0], 4.0, 3),  # from the last entry at the peak
    ],
)
def test_a_drawdown_lasts_from_its_peak_until_equity_is_back(equity: list[float], depth: float, days: int) -> None:
    times = np.arange(1, len(equity) + 1, dtype=np.int64) * DAY
    found = deepest_drawdown(np.array(equity))
    assert found.depth == depth
    assert drawdown_days(found, times, np.arange(1, len(equity) + 1)) == days


def test_a_run_in_which_everything_failed_has_figures_with_reasons(tmp_path: Path) -> None:
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
    assert found["portfolio"]["sharpe"] is None
    assert set(found["portfolio"]["reasons"]) >= {"sharpe", "win_rate", "time_in_market", "spread_captured"}
    assert json.loads((tmp_path / "out" / "run.json").read_text())["warnings"][0].startswith("FAB failed")
