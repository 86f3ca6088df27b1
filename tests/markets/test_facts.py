"""The exchanges' facts are those their rules state, and a file that states none is refused."""

from __future__ import annotations

import datetime as dt
import math
from typing import Final

import pytest

from pipeline.errors import MarketFactsError
from pipeline.markets.facts import facts_of
from pipeline.markets.market import MarketFacts
from pipeline.markets.phases import EVER, Hours, Sessions

MINUTE: Final = 60_000_000_000
HOURS: Final = Hours(
    pre_open=(570 * MINUTE, 600 * MINUTE),
    continuous=((600 * MINUTE, 885 * MINUTE),),
    closing_auction=(885 * MINUTE, 895 * MINUTE),
    trade_at_last=(895 * MINUTE, 900 * MINUTE),
)
ADX_TICKS: Final = ((1.0, 0.001), (10.0, 0.01), (50.0, 0.02), (100.0, 0.05), (math.inf, 0.1))
DFM_TICKS: Final = ((1.0, 0.001), (10.0, 0.01), (math.inf, 0.05))


@pytest.mark.parametrize(("exchange", "ticks"), [("ADX", ADX_TICKS), ("DFM", DFM_TICKS)])
def test_an_exchange_has_its_sessions_and_tick_sizes(exchange: str, ticks: tuple[tuple[float, float], ...]) -> None:
    found = facts_of(exchange)
    assert (found.exchange, found.tick_sizes) == (exchange, ticks)
    assert found.hours == HOURS


def test_it_trades_from_monday_to_friday_but_on_closed_days_as_far_as_they_are_known() -> None:
    march = [dt.date(2026, 3, day) for day in range(1, 32)]
    made = MarketFacts(
        exchange="X",
        closed_days=frozenset({march[2]}),
        known_from=march[1],
        known_to=march[8],
        tentative_days=frozenset({march[4]}),
        sessions=(Sessions(EVER, frozenset(range(5)), HOURS),),
    )
    # Sunday 1 March, then the week in which the 3rd is closed and the 5th tentatively, then Monday 9th and 10th
    assert [made.trades_on(day) for day in march[:10]] == [
        False,
        True,
        False,
        True,
        None,
        True,
        False,
        False,
        True,
        None,
    ]
    may_trade = [made.may_trade_on(day) for day in march[:10]]
    assert may_trade == [False, True, False, True, False, True, False, False, True, True]


@pytest.mark.parametrize(
    ("exchange", "day", "trades"),
    [
        ("ADX", "2022-05-03", False),
        ("ADX", "2022-05-05", None),  # before the days that are known
        ("ADX", "2024-06-19", True),
        ("ADX", "2024-12-02", False),
        ("ADX", "2025-06-05", False),
        ("ADX", "2025-06-04", None),  # of 2025 only closed days that ticks prove are known of ADX
        ("ADX", "2025-06-07", False),  # a Saturday
        ("DFM", "2025-01-01", False),
        ("DFM", "2025-03-31", False),
        ("DFM", "2025-06-04", True),
        ("DFM", "2025-12-02", False),
        ("DFM", "2025-12-03", None),  # the holiday was moved after it had been announced
        ("DFM", "2026-03-02", False),
        ("DFM", "2026-03-20", None),
        ("DFM", "2021-12-31", False),  # a Friday of the week before 2022
        ("DFM", "2021-12-26", None),  # a Sunday of it
    ],
)
def test_the_calendars_claim_what_they_have_a_source_for(exchange: str, day: str, *, trades: bool | None) -> None:
    assert facts_of(exchange).trades_on(dt.date.fromisoformat(day)) is trades


def test_an_unknown_exchange_is_named_with_those_there_are() -> None:
    with pytest.raises(MarketFactsError) as refused:
        facts_of("DFX")
    message = str(refused.value)
    assert message.startswith("No market facts for exchange 'DFX'; there are ADX, ")
    assert ". Did you mean 'DFM'? Add " in message
    assert message.endswith("DFX.json: `pipeline markets new DFX` writes one to fill in.")


@pytest.mark.parametrize("sector", ["Index", "Curncy", "Comdty"])
def test_a_name_without_an_exchange_is_told_how_to_give_its_market(sector: str) -> None:
    with pytest.raises(MarketFactsError) as refused:
        facts_of(sector)
    assert str(refused.value) == (
        f"A name that ends in '{sector}' says no exchange: give its market by --market NAME, or by \"exchange\" in "
        "the config. `pipeline markets` lists those there are, `pipeline markets new NAME` writes one to fill in."
    )
