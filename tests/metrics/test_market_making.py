"""Spread, mark-outs and waiting by hand, and for any fills: the spread less what was lost to the market is left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.metrics.portfolio import portfolio_of
from pipeline.metrics.registry import BY_NAME
from pipeline.replay.observe import HORIZONS
from tests.made import SECOND
from tests.metrics.booked import NEVER, NONE, Fill, booked, ledger_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pipeline.metrics.accounts import AccountHistory


def together(accounts: Sequence[AccountHistory]) -> Callable[..., Any]:
    """Return what gives a figure of some accounts together: by its name, or by a horizon and its name there."""
    portfolio = portfolio_of([ledger_of(account) for account in accounts])
    return lambda *keys: BY_NAME[".".join(("markouts", *keys) if len(keys) > 1 else keys)].compute(portfolio)


FILLS: Final = (
    Fill("1 10:00:10", 100, 10.00, mid=10.05, later=(10.05, 10.04, 9.90, NONE)),  # a bid filled: earns 5
    Fill("1 11:00:00", -50, 10.10, mid=10.05, later=(10.07, NONE, 10.00, NONE)),  # an ask filled: earns 2.5
    Fill("1 12:00:00", -10, 10.00, mid=10.05, later=(10.05, 10.05, 10.05, NONE)),  # gives to the bid: pays 0.5
    Fill("1 14:44:59", 20, 10.00, mid=NONE, later=(10.2, 10.2, 10.2, 10.2)),  # no mid: in none
    Fill("1 14:55:00", -60, 10.20, later=NEVER),
)


PARTS: Final = ("amount", "bps", "adverse_amount", "adverse_bps", "fills")
BY_HAND: Final = {
    "1s": (6.0, 37.38317757009346, 1.0, 6.230529595015577, 3),  # 100 · 0.05 - 50 · -0.03 - 10 · 0.05, of 1,605
    "10s": (3.5, 31.818181818181817, 1.0, 9.090909090909091, 2),  # the ask has no mid: 100 · 0.04 - 10 · 0.05, of 1,100
    "60s": (-5.5, -34.26791277258567, 12.5, 77.88161993769471, 3),  # -10 + 5 - 0.5, and 15 - 2.5 + 0 against us
    "300s": (None, None, None, None, 0),
}


def test_spread_and_markouts_by_hand() -> None:
    found = together([booked(FILLS)])
    assert found("spread_captured") == pytest.approx(7.0)
    assert found("spread_captured_bps") == pytest.approx(43.61370716510903)  # of 1,000 + 505 + 100
    for horizon, expected in BY_HAND.items():
        assert tuple(found(horizon, part) for part in PARTS) == tuple(
            None if value is None else pytest.approx(value) for value in expected
        )


def test_what_no_fill_has_is_absent_and_not_zero() -> None:
    for accounts in ([], [booked()], [booked(FILLS[4:])]):
        found = together(accounts)
        assert (found("spread_captured"), found("spread_captured_bps")) == (None, None)
        assert all(found(horizon, part) is None for horizon in HORIZONS for part in PARTS[:4])
        assert all(found(horizon, "fills") == 0 for horizon in HORIZONS)


def test_fills_at_mid_that_never_moves_earn_zero_and_say_so() -> None:
    flat = together([booked([Fill("1 10:00:10", 100, 10.0, mid=10.0, later=(10.0, 10.0, 10.0, 10.0))])])
    assert flat("spread_captured") == 0.0
    assert flat("60s", "adverse_bps") == 0.0


PRICES: Final = st.floats(0.001, 500)
MIDS: Final = st.one_of(st.just(NONE), PRICES)


@given(
    st.lists(
        st.lists(
            st.builds(
                Fill,
                time=st.just("1 10:00:10"),
                shares=st.integers(-1_000_000, 1_000_000).filter(bool),
                price=PRICES,
                mid=MIDS,
                later=st.tuples(MIDS, MIDS, MIDS, MIDS),
            ),
            max_size=6,
        ),
        max_size=3,
    )
)
def test_markout_and_adverse_selection_are_together_the_spread_of_the_same_fills(several: list[list[Fill]]) -> None:
    found = together([booked(fills) for fills in several])
    for number, horizon in enumerate(HORIZONS):
        seen = [fill for fills in several for fill in fills if fill.mid == fill.mid]
        own = [fill for fill in seen if fill.later[number] == fill.later[number]]
        assert found(horizon, "fills") == len(own)
        alone = together([booked(own)])("spread_captured")
        if not own:
            assert found(horizon, "amount") is None
            continue
        size = sum(abs(fill.shares) * (fill.price + fill.mid + fill.later[number]) for fill in own)
        both = found(horizon, "amount") + found(horizon, "adverse_amount")
        assert both == pytest.approx(alone, abs=1e-12 * size)


def test_a_mirrored_market_maker_earns_what_the_other_pays() -> None:
    mirrored = [Fill(f.time, -f.shares, f.price, mid=f.mid, later=f.later) for f in FILLS]
    assert together([booked(mirrored)])("spread_captured") == pytest.approx(-7.0)
    assert together([booked(FILLS), booked(mirrored)])("spread_captured") == pytest.approx(0.0)


WAITS: Final[dict[str, tuple[list[Fill], list[float]]]] = {
    "from placing to the first fill": ([Fill("1 10:00:10", 5, 9.9, placed=(3, "1 10:00:03"))], [7.0]),
    "filled in parts, it counts once": (
        [
            Fill("1 10:00:10", 5, 9.9, placed=(3, "1 10:00:03")),
            Fill("1 10:09:00", 5, 9.9, placed=(3, "1 10:00:03")),
        ],
        [7.0],
    ),
    "on the print that placed it": ([Fill("1 10:00:03", 5, 9.9, placed=(3, "1 10:00:03"))], [0.0]),
    "two of one second are two": (
        [
            Fill("1 10:00:03", 5, 9.9, placed=(3, "1 10:00:03")),
            Fill("1 10:00:05", 5, 9.8, placed=(4, "1 10:00:03")),
        ],
        [0.0, 2.0],
    ),
    "two of one event, a side each, are two": (
        [
            Fill("1 10:00:04", -5, 10.0, placed=(3, "1 10:00:03")),
            Fill("1 10:00:05", 5, 9.9, placed=(3, "1 10:00:03")),
        ],
        [1.0, 2.0],
    ),
    "in turns": (
        [
            Fill("1 10:00:04", -5, 10.0, placed=(3, "1 10:00:03")),
            Fill("1 10:00:05", 5, 9.9, placed=(2, "1 10:00:02")),
            Fill("1 10:00:06", -5, 10.0, placed=(3, "1 10:00:03")),
            Fill("1 10:00:09", 5, 9.8, placed=(8, "1 10:00:08")),
        ],
        [1.0, 3.0, 1.0],
    ),
    "over night, nights do not count": ([Fill("2 10:00:30", 5, 9.9, placed=(3, "1 14:44:00"))], [90.0]),
    "over a day without a print neither": ([Fill("4 10:00:30", 5, 9.9, placed=(3, "2 14:44:00"))], [90.0]),
    "what is of no order does not wait": ([Fill("1 14:55:00", 5, 9.9)], []),
    "a clock that stepped back makes no time negative": (
        [Fill("1 10:00:02", 5, 9.9, placed=(3, "1 10:00:03"))],
        [0.0],
    ),
}


@pytest.mark.parametrize("case", WAITS)
def test_an_order_waits_from_its_placing_to_its_first_fill_in_time_of_the_session(case: str) -> None:
    fills, expected = WAITS[case]
    assert [wait / SECOND for wait in ledger_of(booked(fills, (1, 2, 4))).waits[:, 0].tolist()] == expected
