"""Kinds of fills add up to all fills, and what is said of prints through our price is said where it is so."""

from __future__ import annotations

import math
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.engine.rules.account import CLOSE, OWN, PRINT, TAKE, TOUCH
from pipeline.metrics.figures import portfolio_figures
from pipeline.metrics.fill_kinds import KINDS, through_words
from pipeline.numbers import amounts_in
from pipeline.replay.prints import ONE_SIDED, OUTSIDE, OVERSIZED, THROUGH
from tests.metrics.booked import Fill, booked, ledger_of

ALL_TRAITS: Final = THROUGH | OUTSIDE | OVERSIZED | ONE_SIDED

FILLS = st.builds(
    Fill,
    time=st.sampled_from(("1 10:00:10", "1 11:00:00")),
    shares=st.sampled_from((-700, -1, 1, 250)),
    price=st.sampled_from((9.5, 10.0, 10.25)),
    realized=st.sampled_from((-12.5, 0.0, 3.0, 40.0)),
    mid=st.sampled_from((10.0, math.nan)),
    later=st.sampled_from(((10.0,) * 4, (9.0,) * 4, (math.nan,) * 4)),
    how=st.sampled_from((PRINT, TOUCH, TAKE, CLOSE, OWN)),
    limit=st.sampled_from((9.5, 10.0)),
    traits=st.integers(0, ALL_TRAITS),
)


@given(st.lists(st.lists(FILLS, min_size=1, max_size=12), min_size=1, max_size=3))
def test_what_is_said_of_each_kind_adds_up_to_what_is_said_of_all(by_security: list[list[Fill]]) -> None:
    figures = portfolio_figures(
        {"AED": [ledger_of(booked(fills, ticker=str(number))) for number, fills in enumerate(by_security)]}
    )
    fills = [fill for of_security in by_security for fill in of_security]
    rows = list(figures["fills_by_kind"].values())
    assert sum(row["fills"] for row in rows) == len(fills)
    assert sum(row["shares"] for row in rows) == sum(abs(fill.shares) for fill in fills)
    assert math.fsum(row["realized_pnl"] for row in rows) == pytest.approx(figures["realized_pnl"])
    assert math.fsum(row["markout_60s"] or 0.0 for row in rows) == pytest.approx(
        figures["markouts"]["60s"]["amount"] or 0.0
    )
    gains = [fill.shares * ((fill.limit or 0.0) - fill.price) for fill in fills]
    assert math.fsum(row["price_gain"] for row in rows) == pytest.approx(math.fsum(gains))
    assert math.fsum(row["share_of_fills"] for row in rows) == pytest.approx(1.0)
    assert math.fsum(row["share_of_shares"] for row in rows) == pytest.approx(1.0)
    if figures["realized_pnl"]:
        assert math.fsum(row["share_of_pnl"] for row in rows) == pytest.approx(1.0)
    else:
        assert {row["share_of_pnl"] for row in rows} == {None}


@pytest.mark.parametrize(
    ("how", "traits", "kind"),
    [
        (PRINT, 0, "at_price"),
        (PRINT, THROUGH, "through"),
        (PRINT, THROUGH | OUTSIDE, "outside_touch"),
        (PRINT, THROUGH | OUTSIDE | OVERSIZED, "oversized"),
        (PRINT, ALL_TRAITS, "one_sided_book"),
        (TOUCH, 0, "touch"),
        (TAKE, 0, "take"),
        (CLOSE, 0, "close"),
        (OWN, 0, "own"),
    ],
)
def test_a_fill_is_of_the_first_kind_that_applies(how: int, traits: int, kind: str) -> None:
    figures = ledger_of(booked([Fill("1 10:00:10", 1, 10.0, how=how, traits=traits)])).figures
    assert list(figures["fills_by_kind"]) == [kind]
    assert kind in KINDS


@pytest.mark.parametrize(
    ("through_pnl", "realized_pnl", "is_said"),
    [
        (12_345.0, 10_000.0, True),
        (10_000.0, 10_000.0, False),
        (5.0, -10.0, True),
        (-5.0, -10.0, False),
        (0.0, 0.0, False),
    ],
)
def test_that_prints_through_our_price_make_more_than_all_is_said_where_they_gain_so(
    through_pnl: float, realized_pnl: float, *, is_said: bool
) -> None:
    figures: dict[str, Any] = {
        "fills": 50,
        "through_fills": 17,
        "through_pnl": through_pnl,
        "realized_pnl": realized_pnl,
    }
    with amounts_in("EGP"):
        words = through_words(figures)
    assert bool(words) == is_said
    if through_pnl > 10_000.0:
        assert words.startswith("34.0 % of fills come from prints through our price and gain 12,345.00 EGP, more than ")
    assert not through_words({**figures, "through_pnl": None})
