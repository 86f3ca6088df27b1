from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pipeline.engine.outcome import Fills
from pipeline.metrics.formulas import max_drawdown, sharpe
from pipeline.metrics.portfolio import Portfolio
from pipeline.metrics.registry import SWEEP_FIGURES
from tests.made import DAY, HOUR
from tests.metrics.booked import replay_portfolio, replayed
from tests.reference.fill_formulas import daily_pnl, on_one_clock


def fills_of(rows: list[tuple[int, int, float, int, float]]) -> Fills:
    """Return fills from (timestamp, side, price, quantity, realised)."""
    time, side, price, quantity, realized = (list(column) for column in zip(*rows, strict=True))
    signed = np.array(side) * np.array(quantity)
    return Fills(
        event=np.arange(len(rows)),
        timestamp=np.array(time, np.int64),
        side=np.array(side, np.int8),
        price=np.array(price, np.float64),
        quantity=np.array(quantity, np.int64),
        realized=np.array(realized, np.float64),
        position=np.cumsum(signed),
        pnl=np.cumsum(realized),
        how=np.zeros(len(rows), np.int8),
        placed=np.full(len(rows), -1),
    )


def figures_of(fills: list[Fills], market_days: np.ndarray) -> dict[str, Any]:
    """Return the figures that a sweep keeps, of several securities together."""
    portfolio = Portfolio([replay_portfolio(replayed(each, market_days)).ledgers[0] for each in fills], market_days)
    return {figure.name: figure.compute(portfolio) for figure in SWEEP_FIGURES}


@pytest.mark.parametrize(
    ("equity", "expected"),
    [
        ([], 0.0),
        ([5.0, 7.0], 0.0),
        ([-3.0, 4.0], 3.0),  # the fall from 0, before the first gain
        ([10.0, 4.0, 12.0, 1.0], 11.0),
        ([0.0, -1.0, -5.0, 2.0], 5.0),
    ],
)
def test_drawdown_is_the_largest_fall_from_the_peak_starting_at_zero(equity: list[float], expected: float) -> None:
    assert max_drawdown(np.array(equity)) == expected


def test_sharpe_by_hand() -> None:
    # mean 2, deviations -1, 0, 1, sample standard deviation 1, so 2 · √252
    assert sharpe(np.array([1.0, 2.0, 3.0])) == pytest.approx(31.749015732775, rel=1e-12)


@pytest.mark.parametrize(
    "daily", [[], [3.0], [2.0, 2.0, 2.0], [0.1, 0.1, 0.1], [100 * (p + 0.02 - p) for p in (9, 11)]]
)
def test_sharpe_is_absent_where_it_means_nothing(daily: list[float]) -> None:
    assert sharpe(np.array(daily)) is None


def test_a_day_without_fills_is_a_day_with_zero_pnl() -> None:
    stamps = np.array([1, 1, 4], np.int64) * DAY + 11 * HOUR
    totals = daily_pnl(stamps, np.array([2.0, 3.0, -1.0]), np.array([1, 2, 4], np.int64))
    assert totals.tolist() == [5.0, 0.0, -1.0]


def test_a_fill_on_no_market_day_counts_to_the_one_before_so_that_days_add_up() -> None:
    stamps = np.array([1, 3, 9, 10], np.int64) * DAY
    realized = np.array([1.0, 5.0, 7.0, -2.0])
    assert daily_pnl(stamps, realized, np.array([2, 4], np.int64)).tolist() == [6.0, 5.0]
    assert daily_pnl(stamps, realized, np.array([], np.int64)).tolist() == []


def test_win_rate_is_over_closing_fills() -> None:
    fills = fills_of(
        [
            (1 * DAY, 1, 10.0, 100, 0.0),
            (1 * DAY + 1, -1, 10.5, 50, 25.0),
            (1 * DAY + 2, -1, 9.8, 50, -10.0),
            (2 * DAY, 1, 10.0, 10, 0.0),
            (2 * DAY + 1, -1, 11.0, 10, 10.0),
        ]
    )
    metrics = figures_of([fills], np.array([1, 2], np.int64))
    assert (metrics["fills"], metrics["closing_fills"]) == (5, 3)
    assert metrics["win_rate"] == pytest.approx(2 / 3)
    assert metrics["profit_factor"] == pytest.approx(3.5)
    assert (metrics["average_win"], metrics["average_loss"]) == (17.5, -10.0)
    assert metrics["turnover"] == pytest.approx(1000 + 525 + 490 + 100 + 110)
    assert metrics["realized_pnl"] == 25.0
    assert metrics["max_drawdown"] == 10.0
    assert (metrics["market_days"], metrics["strategy_days"]) == (2, 2)


def test_nothing_traded_gives_no_ratios() -> None:
    metrics = figures_of([], np.array([1, 2, 3], np.int64))
    assert metrics["win_rate"] is None
    assert metrics["profit_factor"] is None
    assert metrics["sharpe"] is None
    assert (metrics["fills"], metrics["realized_pnl"], metrics["max_drawdown"]) == (0, 0.0, 0.0)


def test_the_portfolio_is_on_one_clock() -> None:
    up_then_down = fills_of([(10, 1, 1.0, 1, 8.0), (30, -1, 1.0, 1, -8.0)])
    down_then_up = fills_of([(20, 1, 1.0, 1, -3.0), (40, -1, 1.0, 1, 3.0)])
    stamps, realized = on_one_clock([up_then_down, down_then_up])
    assert stamps.tolist() == [10, 20, 30, 40]
    assert realized.tolist() == [8.0, -3.0, -8.0, 3.0]
    portfolio = figures_of([up_then_down, down_then_up], np.array([0], np.int64))
    assert portfolio["max_drawdown"] == 11.0


def test_a_clock_that_steps_back_keeps_execution_order() -> None:
    stamps, realized = on_one_clock([fills_of([(20, 1, 1.0, 1, 1.0), (10, -1, 1.0, 1, 2.0), (30, 1, 1.0, 1, 3.0)])])
    assert realized.tolist() == [1.0, 2.0, 3.0]
    assert stamps.tolist() == [20, 20, 30]
