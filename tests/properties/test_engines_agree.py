"""Random streams and parameters: compiled, plain and the slow reference find the same, bit for bit.

HYPOTHESIS_PROFILE=thorough runs a hundred times as many examples, each run others.
"""

from __future__ import annotations

import dataclasses
import struct
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

from hypothesis import event, given
from hypothesis import strategies as st

from pipeline.backtest.simulate import ENGINES, Replayed, simulate
from pipeline.engine.strategy import fields_of
from pipeline.market.sessions import Sessions
from pipeline.strategies.load import load_strategy
from tests.engine.replays import DAY, FIRST_DAY, SECOND, ticks_of
from tests.reference import v1_baseline

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipeline.engine.outcome import Fills
    from pipeline.settings import Value
    from tests.reference.records import Fill, Replay

ADX: Final = Sessions("ADX", 36_000 * SECOND, 53_100 * SECOND, 53_700 * SECOND)

BOUNDARIES: Final = (0, 35_999, 36_000, 36_001, 53_099, 53_100, 53_699, 53_700, 53_701, 86_399)
INSIDE: Final = st.integers(36_000, 53_099)
CLOCKS: Final = st.one_of(INSIDE, INSIDE, INSIDE, st.sampled_from(BOUNDARIES), st.integers(0, 86_399))
STEPS: Final = st.sampled_from([0, 0, 0, 1, 1, 2, 7, 29, 30, 31, 60, 61, 600, -1, -2])
PRICES: Final = st.sampled_from([9.99, 10.0, 10.0, 10.0, 10.01, 10.01, 10.02, 0.0])
VOLUMES: Final = st.sampled_from([10, 1, 5, 40, 99, 100, 101, 0, 250, 1_000, 7_777])
KINDS: Final = st.sampled_from([0, 0, 1, 1, 2, 2, 2])
ROWS: Final = st.lists(st.tuples(STEPS, KINDS, PRICES, VOLUMES), min_size=10, max_size=40)
STRETCHES: Final = st.lists(st.tuples(st.integers(0, 2), CLOCKS, ROWS), min_size=1, max_size=9)
"""Each stretch begins so many days after the one before it, at a clock time of its own, and goes on by small steps."""

SIZES: Final = st.sampled_from([100, 30, 5_000, 1, 0])
PARAMETERS: Final = st.fixed_dictionaries(
    {},
    optional={
        "quote_size": SIZES,
        "quote_size_bid": SIZES | st.none(),
        "quote_size_ask": SIZES | st.none(),
        "refill_interval_sec": st.sampled_from([0, 0.5, 1, 1.5, 2.000000001, 30, 60, 60, 600.25, 86_400, 1e9]),
        "max_position": st.sampled_from([130, 50, 2_000_000, 2_000_000, 1, 0]),
        "max_notional": st.none() | st.sampled_from([499.5, 1_295.0, 1_301.3, 1.5e6, 1e300, 10.0, 9.99, 0.001]),
        "min_local_currency_before_quote": st.sampled_from([0, 0, 50, 99.9, 400.4, 1_000]),
    },
)


@given(STRETCHES, PARAMETERS)
def test_both_engines_find_what_the_reference_finds(
    stretches: list[tuple[int, int, list[tuple[int, int, float, int]]]], given_values: dict[str, Value]
) -> None:
    values: dict[str, Value] = {"min_local_currency_before_quote": 0, **given_values}
    ticks = ticks_of(list(rows_of(stretches)))
    strategy = load_strategy("v1_baseline")
    effective = {key: known.default for key, known in fields_of(strategy).by_key().items()} | values
    of_engines = [simulate(ticks, strategy, effective, ADX, engine) for engine in ENGINES]
    columns = (ticks.timestamp, ticks.kind, ticks.price, ticks.volume)
    not_null = {key: value for key, value in values.items() if value is not None}
    reference = v1_baseline.replay(*columns, not_null)
    event(f"fills: {min(len(reference.fills), 8)}")
    for found in of_engines:
        assert told(found) == told_by_reference(reference)
    assert of_engines[0].final == of_engines[1].final


def rows_of(
    stretches: list[tuple[int, int, list[tuple[int, int, float, int]]]],
) -> Iterable[tuple[int, int, float, int]]:
    """Yield ticks; the clock steps back inside a day but never over midnight, as on an exchange."""
    day, clock = 0, 0
    for days_later, start, rows in stretches:
        clock = start if days_later else max(clock, start)
        day += days_later
        for step, kind, price, volume in rows:
            clock = min(max(clock + step, 0), 86_399)
            yield FIRST_DAY + day * DAY + clock * SECOND, kind, price, volume


def told(found: Replayed) -> dict[str, Any]:
    """Say what an engine found in the reference's words."""
    return {
        "fills": [exact(row) for row in rows_of_fills(found.fills)],
        "rows": found.rows,
        "rows_after_clean": found.events,
        "session_rows": found.session_rows,
        "counts": (found.bid_count, found.ask_count, found.trade_count),
        "last_price": found.last_price,
        "position": found.position,
        "pnl": struct.pack("<d", found.realized_pnl),
        "market_dates": dates(found.market_days.tolist()),
        "strategy_dates": dates(found.strategy_days.tolist()),
        "days_not_flat": dates(found.days_not_flat.tolist()),
    }


def told_by_reference(found: Replay) -> dict[str, Any]:
    """Say the same of the reference; its days not flat include days without a print, which are no market days."""
    return {
        "fills": [exact(row_of(fill)) for fill in found.fills],
        "rows": found.rows,
        "rows_after_clean": found.rows_after_clean,
        "session_rows": found.session_rows,
        "counts": (found.bid_count, found.ask_count, found.trade_count),
        "last_price": found.last_price,
        "position": found.final_position,
        "pnl": struct.pack("<d", found.pnl),
        "market_dates": found.market_dates,
        "strategy_dates": found.strategy_dates,
        "days_not_flat": tuple(day for day in found.days_not_flat if day in found.market_dates),
    }


def rows_of_fills(fills: Fills) -> Iterable[tuple[Any, ...]]:
    columns = [getattr(fills, field.name).tolist() for field in dataclasses.fields(fills)]
    return zip(*columns, strict=True)


def row_of(fill: Fill) -> tuple[Any, ...]:
    side = {"buy": 1, "sell": -1}[fill.side]
    account = (fill.realized, fill.position, fill.pnl)
    return (fill.event, fill.timestamp_ns, side, fill.price, fill.quantity, *account)


def exact(row: tuple[Any, ...]) -> tuple[bytes | int, ...]:
    """Make a float its bits, so that -0.0 and 0.0 differ."""
    return tuple(struct.pack("<d", value) if isinstance(value, float) else value for value in row)


def dates(days: Iterable[int]) -> tuple[date, ...]:
    return tuple(date(1970, 1, 1) + timedelta(days=day) for day in days)
