"""Books one security's fills and marks in order of time into sums, days and records; compiled as it stands.

All sums are taken fill by fill, so that they are the same however the fills are parted into batches; those of AMOUNTS
go with what their rounding lost, which makes them exact to the last digit.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from pipeline.engine.rules.account import NO_ORDER, PRINT
from pipeline.engine.rules.replay_state import BUY
from pipeline.metrics.loop_session import session_time
from pipeline.replay.observe import HORIZONS
from pipeline.replay.prints import MARKETABLE, OFF_GRID, ONE_SIDED, OUTSIDE, OVERSIZED, THROUGH
from pipeline.times import DAY, HOUR

if TYPE_CHECKING:
    from pipeline.ticks import Float64s, Int8s, Int64s

FACTS: Final = ("fills", "marks", "observed", "coded")
"""The whole numbers that the loop takes, in this order. observed: whether mids and placing times are known; coded:
whether condition codes are."""

COUNTS: Final = (
    *("fills", "gains", "losses", "shares", "through_fills", "off_grid_fills", "marketable_fills"),
    *("shares_beyond_shown", "spread_fills", *(f"markout_fills_{horizon}" for horizon in HORIZONS), "waits", "waited"),
)
AMOUNTS: Final = (
    *("gained", "lost", "fees", "turnover", "through_pnl", "spread", "spread_value"),
    *(f"{name}_{horizon}" for name in ("markout", "adverse", "markout_value") for horizon in HORIZONS),
)
"""The sums that the loop adds to: whole numbers, and money, those followed by what their rounding lost. waited: ns."""

STATE: Final = ("clock", "position", "bought", "sold", "rank", "day", "day_end", "day_fills", "day_marks")
VALUES: Final = ("equity", "cash", "price", "mark", "day_gross", "day_fees", "day_net")
"""What is carried from one batch to the next: whole numbers, and money."""

FILL_FIELDS: Final = ("clock", "position", "price", "equity", "cash")
MARK_FIELDS: Final = ("time", "mark")
DAY_FIELDS: Final = ("day", "fills", "marks", "gross", "fees", "net", "equity", "position", "marked")
"""The fields of the records that the loop writes, of 8 bytes each."""

GROUP_COUNTS: Final = ("fills", "shares", "marked")
GROUP_AMOUNTS: Final = ("realized_pnl", "price_gain", "markout_60s")
"""The columns of the sums by kind of fill and by condition code."""

NO_DAY: Final = -(2**62)

_FILLS, _MARKS, _OBSERVED, _CODED = range(len(FACTS))
_COUNT, _GAINS, _LOSSES, _SHARES, _THROUGH, _OFF_GRID, _MARKETABLE, _BEYOND, _SPREAD_FILLS, _MARKOUT_FILLS = range(10)
_WAITS, _WAITED = 13, 14
_GAINED, _LOST, _FEES, _TURNOVER, _THROUGH_PNL, _SPREAD, _SPREAD_VALUE, _MARKOUT = range(8)
_ADVERSE, _MARKOUT_VALUE = 11, 15
_LOST_DIGITS: Final = len(AMOUNTS)
_CLOCK, _POSITION, _BOUGHT, _SOLD, _RANK, _DAY, _DAY_END, _DAY_FILLS, _DAY_MARKS = range(len(STATE))
_EQUITY, _CASH, _PRICE, _MARK, _DAY_GROSS, _DAY_FEES, _DAY_NET = range(len(VALUES))
_HORIZONS, _MARKOUT_HORIZON = 4, 2
_OVERSIZED_KIND, _OUTSIDE_KIND, _THROUGH_KIND, _AT_PRICE_KIND = range(1, 5)


def add_to(amount: int, value: float, amounts: Float64s) -> None:
    """Add to one of the sums, and what that loses to its lost digits."""
    before = amounts[amount]
    after = before + value
    added = after - before
    amounts[amount] = after
    amounts[_LOST_DIGITS + amount] += (before - (after - added)) + (value - added)


def kind_of(how: int, traits: int) -> int:
    """Return the number of a fill's kind."""
    if how != PRINT:
        return _AT_PRICE_KIND + how
    if traits & ONE_SIDED != 0:
        return 0
    if traits & OVERSIZED != 0:
        return _OVERSIZED_KIND
    if traits & OUTSIDE != 0:
        return _OUTSIDE_KIND
    return _THROUGH_KIND if traits & THROUGH != 0 else _AT_PRICE_KIND


def add_to_group(
    group: int,
    shares: int,
    gain: float,
    price_gain: float,
    markout: float,
    group_counts: Int64s,
    group_amounts: Float64s,
) -> None:
    """Add a fill to the sums of its group; markout: NaN where a mid is missing."""
    at = 3 * group
    group_counts[at] += 1
    group_counts[at + 1] += shares
    group_amounts[at] += gain
    group_amounts[at + 1] += price_gain
    if not math.isnan(markout):
        group_counts[at + 2] += 1
        group_amounts[at + 2] += markout


def end_day(rows: int, state: Int64s, values: Float64s, day_counts: Int64s, day_amounts: Float64s) -> int:
    """Write the day that is going on, if one is, and begin none; return how many rows there are then."""
    if state[_DAY] == NO_DAY:
        return rows
    at = 9 * rows
    position = state[_POSITION]
    price = values[_PRICE] if math.isnan(values[_MARK]) else values[_MARK]
    day_counts[at] = state[_DAY]
    day_counts[at + 1] = state[_DAY_FILLS]
    day_counts[at + 2] = state[_DAY_MARKS]
    day_amounts[at + 3] = values[_DAY_GROSS]
    day_amounts[at + 4] = values[_DAY_FEES]
    day_amounts[at + 5] = values[_DAY_NET]
    day_amounts[at + 6] = values[_EQUITY]
    day_counts[at + 7] = position
    day_amounts[at + 8] = values[_EQUITY] if position == 0 else values[_CASH] + position * price
    state[_DAY] = NO_DAY
    state[_DAY_FILLS] = 0
    state[_DAY_MARKS] = 0
    values[_DAY_GROSS] = 0.0
    values[_DAY_FEES] = 0.0
    values[_DAY_NET] = 0.0
    return rows + 1


def add_spread(
    fill: int,
    fills: int,
    signed: int,
    price: float,
    value: float,
    mid: float,
    later: Float64s,
    counts: Int64s,
    amounts: Float64s,
) -> None:
    """Add what a fill with a mid earned against it, and against the mids after it."""
    counts[_SPREAD_FILLS] += 1
    add_to(_SPREAD, signed * (mid - price), amounts)
    add_to(_SPREAD_VALUE, value, amounts)
    for horizon in range(_HORIZONS):
        then = later[horizon * fills + fill]
        if not math.isnan(then):
            counts[_MARKOUT_FILLS + horizon] += 1
            add_to(_MARKOUT + horizon, signed * (then - price), amounts)
            add_to(_ADVERSE + horizon, signed * (mid - then), amounts)
            add_to(_MARKOUT_VALUE + horizon, value, amounts)


def wait_of(placed: int, side: int, filled: int, placed_at: int, spans: Int64s, state: Int64s) -> int:
    """Return how long an order stood before this fill if it is its first, ns of session; -1 if it is not."""
    before = _BOUGHT if side == BUY else _SOLD
    if placed == NO_ORDER or placed == state[before]:
        return -1
    state[before] = placed
    filled_at, rank = session_time(filled, state[_RANK], spans)
    state[_RANK] = rank
    stood_from, rank = session_time(placed_at, rank, spans)
    return max(filled_at - stood_from, 0)


def book_fills(  # noqa: C901, PLR0912, PLR0915 - one pass, whose parts share what it carries
    facts: Int64s,
    spans: Int64s,
    timestamps: Int64s,
    sides: Int8s,
    prices: Float64s,
    quantities: Int64s,
    realized: Float64s,
    positions: Int64s,
    hows: Int8s,
    placed: Int64s,
    limits: Float64s,
    fees: Float64s,
    placed_times: Int64s,
    mids: Float64s,
    later: Float64s,
    traits: Int8s,
    beyond: Int64s,
    codes: Int64s,
    path_times: Int64s,
    path_mids: Float64s,
    path_lasts: Float64s,
    counts: Int64s,
    amounts: Float64s,
    hour_fills: Int64s,
    hour_net: Float64s,
    kind_counts: Int64s,
    kind_amounts: Float64s,
    code_counts: Int64s,
    code_amounts: Float64s,
    state: Int64s,
    values: Float64s,
    fill_numbers: Int64s,
    fill_amounts: Float64s,
    mark_numbers: Int64s,
    mark_amounts: Float64s,
    waits: Int64s,
    day_counts: Int64s,
    day_amounts: Float64s,
    order: Int64s,
) -> int:
    """Book a batch of fills and of marks; return how many days ended with it.

    spans: of the continuous session, as `session_table` returns them.
    The columns from `counts` to `values` are carried on; the last eight are written: records of fills, of marks and of
    days, each as whole numbers and as amounts of the same memory, how long orders stood before their first fill, and
    the order of time: numbers of fills, and of marks after all fills.
    """
    fills = facts[_FILLS]
    marks = facts[_MARKS]
    is_observed = facts[_OBSERVED] != 0
    is_coded = facts[_CODED] != 0
    rows, fill, mark = 0, 0, 0
    first_wait = counts[_WAITS]
    clock = state[_CLOCK]
    day_start, day_end = 0, state[_DAY_END]
    equity, cash, last_mark = values[_EQUITY], values[_CASH], values[_MARK]
    shares, gains, losses, beyond_shown = 0, 0, 0, 0
    day_marks, day_fills, day_gross, day_fees, day_net = 0, 0, 0.0, 0.0, 0.0
    if state[_DAY] != NO_DAY:
        day_start = state[_DAY] * DAY
        day_marks, day_fills = state[_DAY_MARKS], state[_DAY_FILLS]
        day_gross, day_fees, day_net = values[_DAY_GROSS], values[_DAY_FEES], values[_DAY_NET]
    while fill < fills or mark < marks:
        is_fill = fill < fills
        now = max(clock, timestamps[fill]) if is_fill else path_times[mark]
        if is_fill and mark < marks and path_times[mark] < now:
            is_fill = False
            now = path_times[mark]
        if now >= day_end:
            state[_DAY_MARKS] = day_marks
            state[_DAY_FILLS] = day_fills
            values[_DAY_GROSS] = day_gross
            values[_DAY_FEES] = day_fees
            values[_DAY_NET] = day_net
            values[_EQUITY] = equity
            values[_CASH] = cash
            values[_MARK] = last_mark
            rows = end_day(rows, state, values, day_counts, day_amounts)
            day_marks, day_fills, day_gross, day_fees, day_net = 0, 0, 0.0, 0.0, 0.0
            state[_DAY] = now // DAY
            day_start = now // DAY * DAY
            day_end = day_start + DAY
        if not is_fill:
            mid = path_mids[mark]
            if math.isnan(mid):
                mid = path_lasts[mark]
            if not math.isnan(mid):
                last_mark = mid
            day_marks += 1
            mark_numbers[2 * mark] = now
            mark_amounts[2 * mark + 1] = last_mark
            order[fill + mark] = fills + mark
            mark += 1
            continue
        price = prices[fill]
        quantity = quantities[fill]
        how = hows[fill]
        gain = realized[fill]
        fee = fees[fill]
        net = gain - fee
        signed = sides[fill] * quantity
        value = price * quantity
        hour = (now - day_start) // HOUR
        clock = now
        equity += net
        cash += -signed * price - fee
        day_fills += 1
        day_gross += gain
        day_fees += fee
        day_net += net
        state[_POSITION] = positions[fill]
        values[_PRICE] = price
        hour_fills[hour] += 1
        hour_net[hour] += net
        shares += quantity
        add_to(_FEES, fee, amounts)
        add_to(_TURNOVER, value, amounts)
        if gain > 0.0:
            gains += 1
            add_to(_GAINED, gain, amounts)
        elif gain < 0.0:
            losses += 1
            add_to(_LOST, gain, amounts)
        at = 5 * fill
        fill_numbers[at] = now
        fill_numbers[at + 1] = positions[fill]
        fill_amounts[at + 2] = price
        fill_amounts[at + 3] = equity
        fill_amounts[at + 4] = cash
        order[fill + mark] = fill
        if is_observed:
            trait = traits[fill]
            beyond_shown += beyond[fill]
            if trait & (OFF_GRID | MARKETABLE) != 0:
                counts[_OFF_GRID] += trait & OFF_GRID != 0
                counts[_MARKETABLE] += trait & MARKETABLE != 0
            if trait & THROUGH != 0:
                counts[_THROUGH] += 1
                add_to(_THROUGH_PNL, gain, amounts)
            markout = math.nan
            if not math.isnan(mids[fill]):
                markout = signed * (later[_MARKOUT_HORIZON * fills + fill] - price)
                add_spread(fill, fills, signed, price, value, mids[fill], later, counts, amounts)
            better = signed * (limits[fill] - price)
            code = 1
            if how == PRINT:
                code = codes[fill] if is_coded else 0
            add_to_group(kind_of(how, trait), quantity, gain, better, markout, kind_counts, kind_amounts)
            add_to_group(code, quantity, gain, better, markout, code_counts, code_amounts)
            wait = wait_of(placed[fill], sides[fill], timestamps[fill], placed_times[fill], spans, state)
            if wait >= 0:
                waits[counts[_WAITS] - first_wait] = wait
                counts[_WAITS] += 1
                counts[_WAITED] += wait
        fill += 1
    counts[_COUNT] += fills
    counts[_GAINS] += gains
    counts[_LOSSES] += losses
    counts[_SHARES] += shares
    counts[_BEYOND] += beyond_shown
    state[_CLOCK] = clock
    state[_DAY_END] = day_end
    state[_DAY_MARKS] = day_marks
    state[_DAY_FILLS] = day_fills
    values[_EQUITY] = equity
    values[_CASH] = cash
    values[_MARK] = last_mark
    values[_DAY_GROSS] = day_gross
    values[_DAY_FEES] = day_fees
    values[_DAY_NET] = day_net
    return rows
