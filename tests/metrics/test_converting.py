"""A ledger in another currency: each day at its rate, an open position at the rate of the day, by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pipeline.metrics.converting import ConvertedBuilder
from pipeline.metrics.figures import portfolio_figures
from pipeline.metrics.ledger import Ledger
from pipeline.replay.fx import Conversion
from tests.metrics.booked import FIRST, NONE, Fill, booked, daily_rows, ledger_of

# 100 bought at 10 on day 1, at a rate of 4; 60 sold at 12 on day 2 and 40 at 9 on day 3, at a rate of 5.
FILLS = (
    Fill("1 10:00:00", 100, 10.0, mid=10.5, later=(10.5, 10.5, 11.0, 11.0)),
    Fill("2 11:00:00", -60, 12.0, 120.0, mid=12.5, later=(12.5, 12.5, 11.5, 11.5)),
    Fill("3 11:00:00", -40, 9.0, -40.0, mid=9.0, later=(9.0, 9.0, 9.0, 9.0)),
)
PATH = (
    *(("1 10:05:00", 11.0, 10.0), ("1 10:10:00", 11.0, 10.0)),
    *(("2 10:05:00", 11.0, 10.0), ("2 10:10:00", 10.0, 10.0)),
    ("3 10:05:00", 9.5, 10.0),
)


def converted(
    rates: tuple[float, ...],
    *,
    constant: bool = False,
    fills: tuple[Fill, ...] = FILLS,
    path: tuple[tuple[str, float, float], ...] = PATH,
) -> tuple[Any, Ledger, Ledger]:
    account = booked(fills, (1, 2, 3), path, fees_bps=10.0)
    days = np.arange(FIRST, FIRST + len(rates))
    builder = ConvertedBuilder(Conversion("AED", days, np.array(rates), is_constant=constant))
    builder.add(account)
    own = ledger_of(account)
    ledger = builder.finish(account.replayed, own)
    return portfolio_figures({"AED": [ledger]}), ledger, own


def test_what_happens_on_a_day_is_at_its_rate_and_a_position_at_that_of_the_day() -> None:
    figures, ledger, own = converted((4.0, 5.0))
    # Fees of 10 bps: 1 of 1,000 on day 1, 0.72 of 720 on day 2, 0.36 of 360 on day 3.
    assert figures["fees"] == pytest.approx(1.0 * 4 + (0.72 + 0.36) * 5)
    assert figures["realized_pnl"] == pytest.approx(120 * 5 - 40 * 5)
    assert figures["turnover"] == pytest.approx(1_000 * 4 + (720 + 360) * 5)
    assert figures["spread_captured"] == pytest.approx(100 * 0.5 * 4 - 60 * 0.5 * 5)
    assert figures["markouts"]["60s"]["amount"] == pytest.approx(100 * 1.0 * 4 + 60 * 0.5 * 5)
    assert figures["pnl_by_hour"] == pytest.approx({"10": -4.0, "11": 80 * 5 - 1.08 * 5})
    rows = [row for row in daily_rows([own], {"AED": [ledger]}) if row["security"] == "total"]
    # Equity -4, then 596.4 - 4, then less 200 and 1.8; open: +1 a share at 4, then 0 for 40, marked at 10, at 5.
    assert [row["equity"] for row in rows] == pytest.approx([-4.0, 592.4, 390.6])
    assert [row["marked_equity"] for row in rows] == pytest.approx([-4.0 + 400.0, 592.4, 390.6])
    assert [row["fills"] for row in rows] == [1, 1, 1]
    # Looked at at the marks: 396, 396; at the rate of 5: 496, -4; with 40 left, at 9.5: 572.4 less 100 would be.
    assert figures["max_drawdown_marked"] == pytest.approx(496.0 + 4.0)
    assert figures["inventory_mean"] == pytest.approx(
        (2 * 100 * 11 * 4 + 100 * 11 * 5 + 100 * 10 * 5 + 40 * 9.5 * 5) / 5
    )
    # 100 bought at 10 were 4,000; at the rate of day 2 they are 5,000 before 60 go.
    assert figures["peak_capital"] == pytest.approx(5_000.0)
    assert (figures["fills"], figures["strategy_days"], figures["max_drawdown"]) == (3, 3, pytest.approx(201.8))


@pytest.mark.parametrize("first_mark", [10.0, NONE])
def test_a_mark_of_the_day_before_is_worth_the_rate_of_the_day(first_mark: float) -> None:
    # 100 bought at 10 as day 2 begins, at which another security is looked at; marked at 10 on day 1, at a rate of 4.
    fills = (Fill("2 10:00:00", 100, 10.0), Fill("2 10:06:00", -100, 10.0))
    path = (("1 14:45:00", 10.0, 10.0), ("2 10:05:00", first_mark, NONE))
    _, ledger, _ = converted((4.0, 5.0), fills=fills, path=path)
    other = ledger_of(booked((), (1, 2, 3), (("2 10:00:00", 3.0, 3.0), ("2 10:10:00", 3.0, 3.0)), ticker="FAB"))
    figures = portfolio_figures({"AED": [ledger, other]})
    assert figures["max_drawdown_marked"] == pytest.approx(2 * 1.0 * 5)  # the fees
    # At 14:45, at 10:00 and 10:05 with 100 at 10, and at 10:10.
    assert figures["inventory_mean"] == pytest.approx(2 * 100 * 10 * 5 / 4)


def test_a_constant_rate_scales_amounts_and_no_ratio() -> None:
    figures, ledger, own = converted((4.0,), constant=True)
    alone = portfolio_figures({"GBP": [own]})
    amounts = ("net_pnl", "fees", "turnover", "max_drawdown", "max_drawdown_marked", "peak_capital", "inventory_mean")
    for name in amounts:
        assert figures[name] == pytest.approx(4.0 * alone[name]), name
    for name in ("sharpe", "profit_factor", "win_rate", "spread_captured_bps", "time_in_market", "buy_and_hold"):
        assert figures[name] == pytest.approx(alone[name]), name
    assert len(ledger.rates[:]) == 0


def test_a_converted_ledger_is_the_same_from_the_cache() -> None:
    figures, ledger, _ = converted((4.0, 5.0, 4.5))
    assert portfolio_figures({"AED": [Ledger.of_bytes(ledger.to_bytes())]}) == figures
