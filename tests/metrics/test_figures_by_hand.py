"""Every figure of two securities and of both together, worked out by hand, and why those that are missing are."""

from __future__ import annotations

from typing import Any, Final

import pytest

from pipeline.engine.rules.account import CLOSE
from pipeline.metrics.figures import portfolio_figures
from pipeline.replay.prints import MARKETABLE, OFF_GRID, OVERSIZED, THROUGH
from tests.metrics.booked import NEVER, NONE, Fill, booked, ledger_of

AWAY: Final[dict[str, Any]] = {"traits": OFF_GRID | MARKETABLE}
CODED: Final[dict[str, Any]] = {"limit": 10.4, "traits": THROUGH, "condition": "OB"}
LARGE: Final[dict[str, Any]] = {"limit": 9.4, "traits": OVERSIZED | THROUGH, "beyond_shown": 40}
FAB: Final = booked(
    [
        Fill("1 10:00:10", 100, 10.0, 0.0, (3, "1 10:00:03"), 10.05, (10.05, 10.04, 9.90, NONE), **AWAY),
        Fill("1 11:00:00", -60, 10.5, 30.0, (9, "1 10:59:50"), 10.45, (10.45, 10.40, 10.50, 10.60), **CODED),
        Fill("2 10:30:00", -100, 9.5, -20.0, (20, "2 10:29:00"), 9.45, (9.48, NONE, NONE, NONE), **LARGE),
        Fill("2 14:55:00", 60, 9.6, -6.0, None, NONE, NEVER, how=CLOSE),
    ],
    (1, 2),
    [
        ("1 10:05:00", 10.05, 10.0),
        ("1 14:45:00", 10.2, 10.2),
        ("1 14:56:00", NONE, 10.3),
        ("2 10:05:00", 10.1, 10.1),
        ("2 14:45:00", 10.0, 10.0),
    ],
    fees_bps=10,
    orders=12,
    shares_limit=100,
    notional_limit=2_000.0,
    notional_binds=False,
)
MODON: Final = booked(
    [Fill("2 10:00:00", -10, 50.0), Fill("3 12:00:00", 10, 49.0, 10.0)],
    (2, 3),
    [("2 10:05:00", NONE, 50.0), ("3 10:05:00", 49.5, 49.0)],
    ticker="MODON",
    orders=2,
)


FEW: Final = "Fewer than 10 market days, too few to say what is chance."
BY_SHAPE: Final = (
    "sharpe_error",
    "probabilistic_sharpe",
    "minimum_track_record",
    "skew",
    "kurtosis",
    "autocorrelation",
)
OF_FEW_DAYS: Final = dict.fromkeys(BY_SHAPE, FEW)


def of_kind(
    fills: int, shares: int, realized_pnl: float, price_gain: float, markout_60s: float | None, *of_all: float
) -> dict[str, Any]:
    """Return a row of the kinds of fills; of_all: its share of fills, shares and P&L."""
    row = {"fills": fills, "shares": shares, "realized_pnl": realized_pnl, "price_gain": price_gain}
    of_names = dict(zip(("share_of_fills", "share_of_shares", "share_of_pnl"), of_all, strict=True))
    return row | {"markout_60s": markout_60s} | of_names


# fees 1, 0.63, 0.95, 0.576; net -1, 29.37, -20.95, -6.576; equity -1, 28.37, 7.42, 0.844; days 28.37 and -27.526
OF_FAB: Final[dict[str, Any]] = {
    "fills": 4,
    "closing_fills": 3,
    "market_days": 2,
    "strategy_days": 2,
    "fills_per_day": 2.0,
    "realized_pnl": 4.0,
    "fees": 3.156,
    "net_pnl": 0.844,
    "turnover": 3_156.0,
    "sharpe": 0.1694911354,  # 0.422 / (55.896 / √2) · √252
    "sortino": 0.3441791943,  # 0.422 / (27.526 / √2) · √252
    "calmar": 3.8634018746,  # 0.422 · 252 / 27.526
    "return_on_peak_capital": 0.000844,
    "buy_and_hold": 10.0 / 10.05 - 1,
    "max_drawdown": 27.526,  # from 28.37 to 0.844
    "max_drawdown_pct": 2.7526,
    "max_drawdown_days": 2,
    "max_drawdown_marked": 62.95,  # 4, 36.37, 40.37, 32.37, -22.58
    "peak_capital": 1_000.0,
    "daily_net_pnl": 0.422,
    "daily_volatility": 39.5244406412,  # 55.896 / √2
    "daily_drawdown": 27.526,
    **dict.fromkeys(BY_SHAPE),
    "win_rate": 1 / 3,
    "profit_factor": 30 / 26,
    "average_win": 30.0,
    "average_loss": -13.0,
    "return_on_limit": 0.000422,
    "time_in_market": 34_190 / 34_200,
    "inventory_mean": 604.25,  # 1,005, 408, 404, 600
    "inventory_p95": 944.25,
    "pnl_per_inventory": 0.844 / 604.25,
    "time_at_limit": 0.25,
    "spread_captured": 13.0,  # 5, 3, 5
    "spread_captured_bps": 13 / 2_580 * 10_000,
    "orders": 12,
    "fill_ratio": 0.25,
    "time_to_fill_median": 10.0,  # 7, 10, 60
    "time_to_fill_mean": 77 / 3,
    "markouts": {
        "1s": {"amount": 10.0, "bps": 10 / 0.258, "adverse_amount": 3.0, "adverse_bps": 3 / 0.258, "fills": 3},
        "10s": {"amount": 10.0, "bps": 10 / 0.163, "adverse_amount": -2.0, "adverse_bps": -2 / 0.163, "fills": 2},
        "60s": {"amount": -10.0, "bps": -10 / 0.163, "adverse_amount": 18.0, "adverse_bps": 18 / 0.163, "fills": 2},
        "300s": {"amount": -6.0, "bps": -6 / 0.063, "adverse_amount": 9.0, "adverse_bps": 9 / 0.063, "fills": 1},
    },
    "pnl_by_hour": {"10": -21.95, "11": 29.37, "14": -6.576},
    "pnl_by_weekday": {"Monday": 28.37, "Tuesday": -27.526},
    "days_not_flat": [],
    "through_fills": 2,
    "through_pnl": 10.0,
    "off_grid_fills": 1,
    "marketable_fills": 1,
    "shares_beyond_shown": 40,
    "fills_by_kind": {
        "oversized": of_kind(1, 100, -20.0, 10.0, None, 1 / 4, 100 / 320, -5.0),
        "through": of_kind(1, 60, 30.0, 6.0, 0.0, 1 / 4, 60 / 320, 7.5),
        "at_price": of_kind(1, 100, 0.0, 0.0, -10.0, 1 / 4, 100 / 320, 0.0),
        "close": of_kind(1, 60, -6.0, 0.0, None, 1 / 4, 60 / 320, -1.5),
    },
    "fills_by_condition": {
        "OB": of_kind(1, 60, 30.0, 6.0, 0.0, 1 / 4, 60 / 320, 7.5),
        "no code": of_kind(2, 200, -20.0, 10.0, -10.0, 2 / 4, 200 / 320, -5.0),
        "no print": of_kind(1, 60, -6.0, 0.0, None, 1 / 4, 60 / 320, -1.5),
    },
    "counters": {},
    "reasons": OF_FEW_DAYS,
}
NO_MARK: Final = {"amount": None, "bps": None, "adverse_amount": None, "adverse_bps": None, "fills": 0}
OF_MODON: Final[dict[str, Any]] = {
    "fills": 2,
    "closing_fills": 1,
    "market_days": 2,
    "strategy_days": 2,
    "fills_per_day": 1.0,
    "realized_pnl": 10.0,
    "fees": 0.0,
    "net_pnl": 10.0,
    "turnover": 990.0,
    "sharpe": 11.2249721603,  # 5 / √50 · √252
    "sortino": None,
    "calmar": None,
    "max_drawdown": 0.0,
    "max_drawdown_pct": 0.0,
    "max_drawdown_days": 0,
    "max_drawdown_marked": 0.0,  # 0, then 5
    "peak_capital": 500.0,
    "return_on_peak_capital": 0.02,
    "buy_and_hold": -0.01,
    "daily_net_pnl": 5.0,
    "daily_volatility": 7.0710678119,  # 10 / √2
    "daily_drawdown": 0.0,
    **dict.fromkeys(BY_SHAPE),
    "win_rate": 1.0,
    "profit_factor": None,
    "average_win": 10.0,
    "average_loss": None,
    "return_on_limit": None,
    "time_in_market": (17_100 + 7_200) / 34_200,
    "inventory_mean": 497.5,
    "inventory_p95": 499.75,
    "pnl_per_inventory": 10 / 497.5,
    "time_at_limit": None,
    "spread_captured": None,
    "spread_captured_bps": None,
    "orders": 2,
    "fill_ratio": 0.0,
    "time_to_fill_median": None,
    "time_to_fill_mean": None,
    "markouts": dict.fromkeys(("1s", "10s", "60s", "300s"), NO_MARK),
    "pnl_by_hour": {"10": 0.0, "12": 10.0},
    "pnl_by_weekday": {"Tuesday": 0.0, "Wednesday": 10.0},
    "days_not_flat": [],
    **dict.fromkeys(("through_fills", "through_pnl", "off_grid_fills", "marketable_fills", "shares_beyond_shown"), 0),
    "fills_by_kind": {"at_price": of_kind(2, 20, 10.0, 0.0, None, 1.0, 1.0, 1.0)},
    "fills_by_condition": {},
    "counters": {},
    "reasons": OF_FEW_DAYS
    | {
        "sortino": "No market day lost anything.",
        "calmar": "Equity never fell.",
        "profit_factor": "No closing fill lost anything.",
        "average_loss": "No closing fill lost anything.",
        "return_on_limit": "No notional limit is set.",
        "time_at_limit": "The strategy has no position limit.",
        "spread_captured": "No fill in the continuous session with both sides of the book quoted.",
        "spread_captured_bps": "No fill in the continuous session with both sides of the book quoted.",
        "time_to_fill_median": "No resting order was filled.",
        "time_to_fill_mean": "No resting order was filled.",
        "markouts": "No fill with a mid both at the fill and so long after it, in one continuous session.",
    },
}
# on one clock: net -1, 29.37, 0, -20.95, -6.576, 10; equity -1, 28.37, 28.37, 7.42, 0.844, 10.844; capital at most
# 60 · 9.5 + 10 · 50; five-minute marks 1,005, 408, 904, 1,100, 495
OF_BOTH: Final[dict[str, Any]] = {name: value for name, value in OF_FAB.items() if name != "counters"} | {
    "fills": 6,
    "closing_fills": 4,
    "market_days": 3,
    "strategy_days": 3,
    "realized_pnl": 14.0,
    "net_pnl": 10.844,
    "turnover": 4_146.0,
    "sharpe": 2.0140894747,  # 3.61466... / 28.48982... · √252
    "sortino": 3.6106554411,  # 3.61466... / (27.526 / √3) · √252
    "calmar": 33.0922037347,
    "max_drawdown_pct": 27.526 / 10.70,
    "max_drawdown_days": 2,  # the peak is held on Tuesday, and Wednesday is not back
    "peak_capital": 1_070.0,
    "return_on_peak_capital": 10.844 / 1_070,
    "buy_and_hold": (10.0 / 10.05 - 1 - 0.01) / 2,
    "daily_net_pnl": 10.844 / 3,
    "daily_volatility": 28.4898238909,  # of 28.37, -27.526 and 10
    "intervals": None,
    "win_rate": 0.5,
    "profit_factor": 40 / 26,
    "average_win": 20.0,
    "return_on_limit": None,
    "time_in_market": 41_390 / 51_300,
    "inventory_mean": 782.4,
    "inventory_p95": 1_081.0,
    "pnl_per_inventory": 10.844 / 782.4,
    "time_at_limit": None,
    "orders": 14,
    "fill_ratio": 3 / 14,
    "pnl_by_hour": {"10": -21.95, "11": 29.37, "12": 10.0, "14": -6.576},
    "pnl_by_weekday": {"Monday": 28.37, "Tuesday": -27.526, "Wednesday": 10.0},
    "fills_by_kind": {
        "oversized": of_kind(1, 100, -20.0, 10.0, None, 1 / 6, 100 / 340, -20 / 14),
        "through": of_kind(1, 60, 30.0, 6.0, 0.0, 1 / 6, 60 / 340, 30 / 14),
        "at_price": of_kind(3, 120, 10.0, 0.0, -10.0, 3 / 6, 120 / 340, 10 / 14),
        "close": of_kind(1, 60, -6.0, 0.0, None, 1 / 6, 60 / 340, -6 / 14),
    },
    "fills_by_condition": {
        "OB": of_kind(1, 60, 30.0, 6.0, 0.0, 1 / 6, 60 / 340, 30 / 14),
        "no code": of_kind(4, 220, -10.0, 10.0, -10.0, 4 / 6, 220 / 340, -10 / 14),
        "no print": of_kind(1, 60, -6.0, 0.0, None, 1 / 6, 60 / 340, -6 / 14),
    },
    "reasons": OF_FEW_DAYS
    | {
        "intervals": FEW,
        "return_on_limit": "Not every security has a notional limit.",
        "time_at_limit": "Limits are each security's own.",
    },
}


def near(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: near(one) for name, one in value.items()}
    return pytest.approx(value, rel=1e-9, abs=1e-9) if isinstance(value, float) else value


@pytest.mark.parametrize(("account", "expected"), [(FAB, OF_FAB), (MODON, OF_MODON)], ids=["FAB", "MODON"])
def test_every_figure_of_a_security(account: Any, expected: dict[str, Any]) -> None:
    assert ledger_of(account).figures == near(expected)


def test_every_figure_of_both_on_one_clock() -> None:
    assert portfolio_figures({"AED": [ledger_of(MODON), ledger_of(FAB)]}) == near(OF_BOTH)


def test_a_portfolio_of_one_is_that_one_but_for_its_limit() -> None:
    alone = portfolio_figures({"AED": [ledger_of(FAB)]})
    assert {name for name, value in alone.items() if value != ledger_of(FAB).figures.get(name, "none")} == {
        "intervals",
        "time_at_limit",
        "reasons",
    }


NO_DAY: Final = "No market day."
MISSING: Final[dict[str, tuple[Any, dict[str, str]]]] = {
    "no fill": (
        booked((), (1, 2), [("1 10:05:00", 10.0, 10.0)], orders=3, shares_limit=5),
        {
            "sharpe": "Every market day earned the same.",
            "sortino": "No market day lost anything.",
            "calmar": "Equity never fell.",
            "max_drawdown_pct": "No capital was used.",
            "win_rate": "No fill closed a position at a gain or a loss.",
        },
    ),
    "no order": (booked((), (1,), orders=0), {"fill_ratio": "No order was placed."}),
    "one day": (booked((), (1,)), {"sharpe": "One market day only.", "sortino": "One market day only."}),
    "a session too short for a mark": (
        booked((), (1,), shares_limit=5),
        dict.fromkeys(
            ("max_drawdown_marked", "time_in_market", "inventory_mean", "inventory_p95", "time_at_limit"),
            "No five-minute mark in the continuous session.",
        ),
    ),
    "own orders": (
        booked([Fill("1 10:00:10", 1, 1.0)], (1,), orders=None),
        dict.fromkeys(
            (
                *("orders", "fill_ratio", "time_to_fill_median", "time_to_fill_mean"),
                *("through_fills", "through_pnl", "off_grid_fills", "marketable_fills", "shares_beyond_shown"),
            ),
            "The strategy keeps its own orders, which the engine does not see.",
        ),
    ),
    "no market day": (
        booked([Fill("1 10:00:10", 1, 1.0), Fill("1 10:00:11", -1, 0.5, -0.5)], (), shares_limit=5),
        {
            **dict.fromkeys(
                ("fills_per_day", "sharpe", "sortino", "calmar", "daily_net_pnl", "daily_drawdown"), NO_DAY
            ),
            **dict.fromkeys(("max_drawdown_days", "max_drawdown_marked"), NO_DAY),
            **dict.fromkeys(("time_in_market", "inventory_mean", "inventory_p95", "time_at_limit"), NO_DAY),
        },
    ),
}


@pytest.mark.parametrize("case", MISSING)
def test_what_cannot_be_computed_is_null_and_says_why(case: str) -> None:
    account, expected = MISSING[case]
    figures = ledger_of(account).figures
    assert {name: figures["reasons"].get(name) for name in expected} == expected
    assert {name for name, value in figures.items() if value is None} | {"markouts"} == figures["reasons"].keys()


def test_what_is_known_without_a_fill_is_zero_and_not_missing() -> None:
    figures = ledger_of(MISSING["no fill"][0]).figures
    zero = {name for name, value in figures.items() if value == 0 and value is not None}
    assert zero == {
        *("fills", "closing_fills", "strategy_days", "fills_per_day", "realized_pnl", "fees", "net_pnl", "turnover"),
        *("buy_and_hold", "daily_net_pnl", "daily_volatility", "daily_drawdown", "max_drawdown", "max_drawdown_days"),
        *("max_drawdown_marked", "peak_capital"),
        *("time_in_market", "inventory_mean", "inventory_p95", "time_at_limit", "fill_ratio"),
        *("through_fills", "through_pnl", "off_grid_fills", "marketable_fills", "shares_beyond_shown"),
    }
    assert figures["orders"] == 3
    assert figures["pnl_by_weekday"] == {"Monday": 0.0, "Tuesday": 0.0}


def test_a_portfolio_of_none_has_no_figure() -> None:
    figures = portfolio_figures({})
    assert set(figures["reasons"].values()) == {"No security was replayed to its end."}
    assert figures["markouts"] == dict.fromkeys(("1s", "10s", "60s", "300s"), NO_MARK)
    assert {name for name, value in figures.items() if value is None} == figures["reasons"].keys() - {"markouts"}
    assert (figures["net_pnl"], figures["fills"], figures["pnl_by_hour"]) == (None, None, {})
