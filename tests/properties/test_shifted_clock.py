"""The same ticks on another clock, under a market shifted likewise, give the same fills and figures, bit for bit.

Also over the days on which London's and New York's clocks change: ticks are on the exchange's own clock, as hours of
its file are, so nothing is converted from one to the other.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest

from pipeline.markets.facts import facts_of
from pipeline.markets.phases import EVER, Hours, Sessions
from pipeline.ticks import shifted
from pipeline.times import DAY, HOUR, date_of
from tests.properties.agreement import rows_of_fills
from tests.properties.seeded import for_seeded_cases
from tests.properties.streams import NAMES, Case

if TYPE_CHECKING:
    from pipeline.markets.phases import Span

EARLIER: Final = -9 * HOUR
"""By so much nothing of the streams leaves its day."""

CHANGES: Final = {"LSE": ("Europe/London", dt.date(2025, 3, 29)), "NYSE": ("America/New_York", dt.date(2025, 11, 1))}
"""A day before the clock changes: streams are of four days and more."""


def moved(span: Span | None, by: int) -> Span | None:
    return None if span is None else (span[0] + by, span[1] + by)


def on_other_clock(case: Case, exchange: str) -> Case:
    """Return a case nine hours earlier and on other days, under another exchange whose hours are those of its own."""
    zone, day = CHANGES[exchange]
    hours = facts_of(case.exchange).hours
    spans = tuple((start + EARLIER, end + EARLIER) for start, end in hours.continuous)
    there = Hours(spans, closing_auction=moved(hours.closing_auction, EARLIER))
    market = replace(
        facts_of(case.exchange),
        exchange=case.exchange,  # what fees are by
        time_zone=zone,
        currency="GBP",
        codes=("LN",),
        sessions=(Sessions(EVER, frozenset(range(7)), there),),
    )
    by = EARLIER + (day - date_of(20_089)).days * DAY
    return replace(case, ticks=shifted(case.ticks, by), own_market=market)


@pytest.mark.parametrize("count", [40, pytest.param(500, marks=pytest.mark.slow)])
@pytest.mark.parametrize("exchange", CHANGES)
@pytest.mark.parametrize("name", NAMES)
def test_a_clock_that_is_shifted_with_its_market_changes_nothing(name: str, exchange: str, count: int) -> None:
    def agree(case: Case) -> None:
        other = on_other_clock(case, exchange)
        by = int(other.ticks.timestamp[0] - case.ticks.timestamp[0])
        here, there = case.run(), other.run()
        back = replace(there, fills=replace(there.fills, timestamp=there.fills.timestamp - by))
        assert [*rows_of_fills(here)] == [*rows_of_fills(back)]
        assert here.fills.pnl.tobytes() == there.fills.pnl.tobytes()
        assert (here.position, here.realized_pnl, here.last_price) == (
            there.position,
            there.realized_pnl,
            there.last_price,
        )
        assert (here.market_days - here.market_days[:1]).tolist() == (
            there.market_days - there.market_days[:1]
        ).tolist()

    for_seeded_cases([name], count, agree)
