"""Looks up what the market did around one security's fills: mids at and after each fill, and the path of the price.

The mid is (bid + ask) / 2 of the book that the engine keeps: quotes of the continuous session with a price, each side
the latest of its day, empty while its latest has no volume. Outside that session, and with a side empty, there is none.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from pipeline.engine.day_tables import day_tables
from pipeline.engine.outcome import Span
from pipeline.engine.rules.account import NO_ORDER
from pipeline.native.functions import compiled
from pipeline.replay.loop_observe import BOOK, GROUP, KINDS, walk_ticks
from pipeline.times import DAY, FIRST_DAY, SECOND, date_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from pipeline.engine.execution import Execution
    from pipeline.engine.outcome import Fills
    from pipeline.markets.market import MarketFacts
    from pipeline.markets.phases import Hours
    from pipeline.ticks import Float64s, Int8s, Int64s, Ticks

HORIZONS: Final = {"1s": SECOND, "10s": 10 * SECOND, "60s": 60 * SECOND, "300s": 300 * SECOND}
"""How long after a fill the mid is looked at again, ns, by name."""

PATH_STEP: Final = 300 * SECOND
NO_TIME: Final = -(2**63)
NO_STEPS: Final = np.empty(0, np.int64)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Observed:
    """What the market did around one security's fills, one entry a fill, and its price path, one entry a mark.

    placed: when the order that was filled was placed, ns, NO_TIME where no order of ours stood. mid: in force at the
    fill; mid_later: at each of HORIZONS after it, one row a horizon, on a clock that never steps back, so that none is
    from before the fill. traits: what filled it and of what order, by the bits of `replay/prints.py`. beyond_shown:
    shares had of one quote beyond the most that it showed, with the last of its fills. condition: the code of the tick
    that filled it. path_time: ns, ascending: every five minutes of the continuous session of each market day, then the
    day's last print where it is later. path_mid: in force then. path_last: price of the day's last print up to then.
    All prices are in the market's unit, NaN where there is none.
    """

    placed: Int64s
    mid: Float64s
    mid_later: Float64s
    traits: Int8s
    beyond_shown: Int64s
    condition: NDArray[np.str_]
    path_time: Int64s
    path_mid: Float64s
    path_last: Float64s


@dataclass(frozen=True, slots=True)
class StandingOrder:
    """An order that stands: its side, when it was placed and its number of several, which name it; its price in money.

    placed: the number of the event. number: 0 where a side has one order.
    """

    side: int
    placed: int
    price: float = field(compare=False)
    number: int = 0


@dataclass(frozen=True, slots=True)
class Placing:
    """When an order was placed, ns, and the traits that its fills have of it."""

    time: int
    traits: int


Placings: TypeAlias = "Mapping[StandingOrder, Placing]"


def observe(
    ticks: Ticks,
    fills: Fills,
    market_days: Int64s,
    market: MarketFacts,
    execution: Execution,
    first: int,
    placings: Placings,
    standing: Sequence[StandingOrder],
) -> tuple[Observed, Placings]:
    """Return what the market did around the fills of some ticks, which hold every day of theirs whole.

    Args:
        ticks: The ticks.
        fills: The fills that they brought about.
        market_days: Their days with a print, as days since 1970-01-01, ascending.
        market: The market.
        execution: The execution model.
        first: The event number of the first tick.
        placings: Of the orders that stood before the first tick.
        standing: The orders that stand after the last tick.

    Returns:
        What the market did, and the placings of the orders that stand.
    """
    assert fills.placed is not None  # noqa: S101 - only a replay of its own is observed
    assert fills.limit is not None  # noqa: S101 - the same
    count, switches = len(fills), execution.fields()
    new = [order for order in standing if order.placed >= first]
    sides = np.append(fills.side, [np.int8(order.side) for order in new]).astype(np.int8)
    limits = np.append(fills.limit, [order.price for order in new])
    placed = np.append(fills.placed, [order.placed for order in new]).astype(np.int64) - first
    events = fills.event - first
    of_order = np.flatnonzero(placed >= 0)
    by_placed = of_order[np.argsort(placed[of_order], kind="stable")]
    placed_times, traits = np.full(len(placed), NO_TIME), np.zeros(len(placed), np.int8)
    times, days = _path_times(market_days, market)
    span = Span.of(ticks)
    tables = day_tables(market, span.first_day, span.last_day)
    facts = [len(ticks), count, len(of_order), len(times), len(market_days)]
    facts += [switches["latency"] > 0, switches["shown_once"] > 0, span.first_day, tables.step, tables.varies]
    facts.append(execution.cancels_over_break(market))
    observed = Observed(
        placed=placed_times[:count],
        mid=np.empty(count),
        mid_later=np.empty((len(HORIZONS), count)),
        traits=traits[:count],
        beyond_shown=np.zeros(count, np.int64),
        condition=_conditions(ticks, events),
        path_time=times,
        path_mid=np.empty(len(times)),
        path_last=np.empty(len(times)),
    )
    closings, closing_times = np.empty((2, len(market_days)), np.int64)
    compiled(walk_ticks)(
        *(np.array(facts, np.int64), tables.day_table, tables.span_times, tables.tick_below, tables.tick_size),
        *(ticks.timestamp, ticks.kind, ticks.price, ticks.volume),
        *(np.argsort(events, kind="stable"), events, sides, fills.how, limits, fills.quantity),
        *(by_placed, placed, times, days, market_days, np.array(list(HORIZONS.values()))),
        *(np.zeros(len(BOOK) * KINDS, np.int64), np.zeros(KINDS)),
        *(np.zeros(len(HORIZONS), np.int64), *np.zeros((2, GROUP), np.int64), np.empty(count, np.int64)),
        *(placed_times, observed.mid, observed.mid_later, traits, observed.beyond_shown),
        *(observed.path_mid, observed.path_last),
        *(closings, closing_times),
    )
    for row in np.flatnonzero((fills.placed != NO_ORDER) & (fills.placed < first)).tolist():
        number = 0 if fills.order is None else abs(int(fills.order[row]))
        order = StandingOrder(int(fills.side[row]), int(fills.placed[row]), float(fills.limit[row]), number)
        placed_times[row], traits[row] = placings[order].time, traits[row] | placings[order].traits
    times_and_traits = zip(placed_times[count:].tolist(), traits[count:].tolist(), strict=True)
    placings_now = {order: placings[order] for order in standing if order.placed < first}
    placings_now |= {order: Placing(*each) for order, each in zip(new, times_and_traits, strict=True)}
    is_late = closings >= 0
    return _with_closings(observed, closing_times[is_late], ticks.price[closings[is_late]]), placings_now


def _path_times(market_days: Int64s, market: MarketFacts) -> tuple[Int64s, Int64s]:
    """Return the times of the price paths, and the day of each: none in breaks, of each day by its own hours."""
    if not len(market_days):
        return NO_STEPS, market_days
    stretches = market.stretches(date_of(int(market_days[0])), date_of(int(market_days[-1])))
    begins = np.array([(day - FIRST_DAY).days for day, _, _ in stretches])
    steps = [_steps(hours) for _, hours, _ in stretches]
    of_days = [steps[number] for number in (np.searchsorted(begins, market_days, side="right") - 1).tolist()]
    days = np.repeat(market_days, [len(each) for each in of_days])
    times: Int64s = days * DAY + np.concatenate(of_days)
    return times, days


def _steps(hours: Hours) -> Int64s:
    every = np.arange(hours.opens + PATH_STEP, hours.closes + 1, PATH_STEP, dtype=np.int64)
    inside = [(start < every) & (every <= end) for start, end in hours.continuous]
    return every[np.any(inside, axis=0)]


def _with_closings(observed: Observed, times: Int64s, prices: Float64s) -> Observed:
    """Add the last prints of days to the price path; at the time of a mark they stand after it."""
    if not len(times):
        return observed
    path_time = np.concatenate([observed.path_time, times])
    order = np.argsort(path_time, kind="stable")
    return replace(
        observed,
        path_time=path_time[order],
        path_mid=np.concatenate([observed.path_mid, np.full(len(times), np.nan)])[order],
        path_last=np.concatenate([observed.path_last, prices])[order],
    )


def _conditions(ticks: Ticks, events: Int64s) -> NDArray[np.str_]:
    if ticks.condition is None:
        return np.full(len(events), "")
    texts: NDArray[np.str_] = np.array(ticks.conditions)[ticks.condition[events]]
    return texts
