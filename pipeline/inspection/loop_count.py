"""Walks one security's ticks of whole days once and counts what may be wrong with them; compiled as it stands.

The book is the one that the engine keeps: quotes of continuous trading with a price, each side the latest of its day,
empty while its latest has no volume; it stands over a break. docs/reference/rules.md states the rules.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from pipeline.inspection.day_parts import CONTINUOUS, OF_DATES, OF_PART, OUTSIDE
from pipeline.ticks import ASK, BID, TRADE
from pipeline.times import DAY

if TYPE_CHECKING:
    from pipeline.ticks import Float64s, Int8s, Int64s

FACTS: Final = ("ticks", "first_day", "dates", "slots")
"""The whole numbers that the walk takes, in this order. dates: stretches of days. slots: a power of two."""

COUNTS: Final = (
    *("bids", "asks", "trades", "zero_prices", "zero_sizes", "steps_back", "steps_forward", "largest_step"),
    *("outside_hours", "prints_outside_hours", "off_grid", "session_events", "session", "crossed_events", "crossed"),
    *("locked_events", "locked", "session_prints", "prints_outside", "prints_far", "repeated", "first_far"),
    "quotes_off_grid",
)
"""What the walk counts, in this order. first_far: the row. repeated: -1 where more rows are of one time than there are
slots for."""

OF_DAY: Final = ("ticks", "prints", "outside")
"""What it counts of each day: all, prints, and those outside the hours."""

_TICKS, _FIRST_DAY, _DATES, _SLOTS = range(len(FACTS))
_BIDS, _ASKS, _TRADES, _ZERO_PRICES, _ZERO_SIZES, _STEPS_BACK, _STEPS_FORWARD, _LARGEST_STEP = range(8)
_OUTSIDE_HOURS, _PRINTS_OUTSIDE_HOURS, _OFF_GRID, _SESSION_EVENTS, _SESSION = range(8, 13)
_CROSSED_EVENTS, _CROSSED, _LOCKED_EVENTS, _LOCKED, _SESSION_PRINTS, _PRINTS_OUTSIDE, _PRINTS_FAR = range(13, 20)
_REPEATED, _FIRST_FAR, _QUOTES_OFF_GRID = range(20, 23)
_DATE: Final = len(OF_DATES)
_PART: Final = len(OF_PART)
_FAR: Final = 2**62
_WHOLE_FLOATS: Final = 2**52
_LARGE: Final = 10**12


def count_ticks(  # noqa: C901, PLR0912, PLR0915 - the branches of one walk
    facts: Int64s,
    limits: Float64s,
    dates: Int64s,
    parts: Int64s,
    below: Float64s,
    sizes: Float64s,
    timestamps: Int64s,
    kinds: Int8s,
    prices: Float64s,
    volumes: Int64s,
    sorted_timestamps: Int64s,
    sorted_kinds: Int8s,
    sorted_prices: Float64s,
    sorted_volumes: Int64s,
    slots: Int64s,
    counts: Int64s,
    of_days: Int64s,
    of_parts: Int64s,
    touch: Float64s,
) -> int:
    """Fill the last four columns, which begin as zeros; return 0.

    The sorted columns are of the same ticks by time. slots: as many as `slots` says, each -1. limits: the shares of the
    touch's prices below and above which a print is far from it, and by how many ticks a price may miss the grid. dates,
    parts, below, sizes: as `DayParts` has them. of_days: of each day since the first what `OF_DAY` names. of_parts: of
    each of `PARTS` how many ticks and how many prints. touch: bid and ask at the first print far from them, 0 where a
    side is empty.
    """
    bids, asks, trades, zero_prices, zero_sizes, back, forward, largest = 0, 0, 0, 0, 0, 0, 0, 0
    outside_hours, late_prints, off_grid, quotes_off_grid = 0, 0, 0, 0
    events, session, crossed_events, crossed, locked_events, locked = 0, 0, 0, 0, 0, 0
    session_prints, prints_outside, prints_far, first_far = 0, 0, 0, -1
    bid, ask, bid_known, ask_known = 0.0, 0.0, False, False
    day, day_start, book_day, at_day, before, clock, stands = -_FAR, -_FAR, -_FAR, 0, timestamps[0], 0, False
    is_crossed, is_locked = False, False
    checked, is_off, low, high, size, first_level, last_level = 0.0, False, 0.0, 0.0, 1.0, 0, 0
    at_date, next_date, first_part, of_day_traded, book_traded = -1, -_FAR, 0, 0, 0
    start, end, part, traded, is_late = 0, 0, OUTSIDE, 0, 0
    for i in range(facts[_TICKS]):
        now, price, volume, kind = timestamps[i], prices[i], volumes[i], kinds[i]
        if now < before:
            back += 1
            largest = max(largest, before - now)
        elif now > before:
            forward += 1
        before = now
        if now < day_start or now >= day_start + DAY:
            day = now // DAY
            day_start = day * DAY
            at_day = 3 * (day - facts[_FIRST_DAY])
            if day >= next_date or day < dates[_DATE * at_date]:
                at_date = 0
                while at_date + 1 < facts[_DATES] and day >= dates[_DATE * (at_date + 1)]:
                    at_date += 1
                next_date = dates[_DATE * (at_date + 1)] if at_date + 1 < facts[_DATES] else _FAR
                first_part, of_day_traded = dates[_DATE * at_date + 1], dates[_DATE * at_date + 2]
                first_level = dates[_DATE * at_date + 3]
                last_level = first_level + dates[_DATE * at_date + 4] - 1
                start, end, checked, low, high = 0, 0, 0.0, 0.0, 0.0
        of_day = now - day_start
        if of_day < start or of_day >= end:
            at_part = _PART * first_part
            while of_day >= parts[at_part + 1]:
                at_part += _PART
            start, end, part = parts[at_part], parts[at_part + 1], parts[at_part + 2]
            traded, is_late = parts[at_part + 3], parts[at_part + 4]
        of_days[at_day] += 1
        of_parts[2 * part] += 1
        is_print = kind == TRADE
        if is_print:
            trades += 1
            of_days[at_day + 1] += 1
            of_parts[2 * part + 1] += 1
            late_prints += is_late
        elif kind == BID:
            bids += 1
        else:
            asks += 1
        if part == OUTSIDE:
            outside_hours += 1
            of_days[at_day + 2] += 1
        if volume == 0:
            zero_sizes += 1
        if price == 0.0:
            zero_prices += 1
        if price > 0.0:
            if price != checked:
                checked = price
                if price < low or price >= high:
                    level = first_level
                    while level < last_level and price >= below[level]:
                        level += 1
                    low = below[level - 1] if level > first_level else 0.0
                    high, size = below[level], sizes[level]
                steps = price / size
                is_off = steps < _WHOLE_FLOATS and math.fabs(steps - math.floor(steps + 0.5)) > limits[2]
            if is_off:
                off_grid += 1
                quotes_off_grid += not is_print
            if day != book_day:
                if stands:
                    session += book_traded - clock
                    crossed += book_traded - clock if is_crossed else 0
                    locked += book_traded - clock if is_locked else 0
                book_day, book_traded, bid_known, ask_known, stands = day, of_day_traded, False, False, False
            if part == CONTINUOUS:
                until = traded + of_day - start
                until = max(clock, until) if stands else until
                if stands:
                    session += until - clock
                    crossed += until - clock if is_crossed else 0
                    locked += until - clock if is_locked else 0
                clock, stands = until, True
                events += 1
                if is_print:
                    session_prints += 1
                    if (bid_known and price < bid) or (ask_known and price > ask):
                        prints_outside += 1
                    if (bid_known and price < bid * limits[0]) or (ask_known and price > ask * limits[1]):
                        prints_far += 1
                        if first_far < 0:
                            first_far = i
                            touch[0] = bid if bid_known else 0.0
                            touch[1] = ask if ask_known else 0.0
                elif kind == BID:
                    bid, bid_known = price, volume > 0
                elif kind == ASK:
                    ask, ask_known = price, volume > 0
                is_crossed = bid_known and ask_known and bid > ask
                is_locked = bid_known and ask_known and bid == ask
                crossed_events += is_crossed
                locked_events += is_locked
    if stands:
        session += book_traded - clock
        crossed += book_traded - clock if is_crossed else 0
        locked += book_traded - clock if is_locked else 0
    counts[_BIDS], counts[_ASKS], counts[_TRADES] = bids, asks, trades
    counts[_ZERO_PRICES], counts[_ZERO_SIZES] = zero_prices, zero_sizes
    counts[_STEPS_BACK], counts[_STEPS_FORWARD], counts[_LARGEST_STEP] = back, forward, largest
    counts[_OUTSIDE_HOURS], counts[_PRINTS_OUTSIDE_HOURS], counts[_OFF_GRID] = outside_hours, late_prints, off_grid
    counts[_SESSION_EVENTS], counts[_SESSION] = events, session
    counts[_CROSSED_EVENTS], counts[_CROSSED] = crossed_events, crossed
    counts[_LOCKED_EVENTS], counts[_LOCKED] = locked_events, locked
    counts[_SESSION_PRINTS], counts[_PRINTS_OUTSIDE], counts[_PRINTS_FAR] = session_prints, prints_outside, prints_far
    counts[_FIRST_FAR], counts[_QUOTES_OFF_GRID] = first_far, quotes_off_grid
    counts[_REPEATED] = count_repeated(facts, sorted_timestamps, sorted_kinds, sorted_prices, sorted_volumes, slots)
    return 0


def count_repeated(
    facts: Int64s, timestamps: Int64s, kinds: Int8s, prices: Float64s, volumes: Int64s, slots: Int64s
) -> int:
    """Return how many rows are in every column what an earlier row is; -1 where `slots` are too few to tell.

    They are sorted by time, so that rows of one time stand together.
    """
    ticks, most = facts[_TICKS], facts[_SLOTS]
    repeated, begins = 0, 0
    for i in range(1, ticks + 1):
        if i < ticks and timestamps[i] == timestamps[begins]:
            continue
        # Of a row that is alone at its time there is no other.
        if 2 * (i - begins) > most:
            return -1
        for row in range(begins, i if i - begins > 1 else begins):
            price = prices[row]
            mixed = (volumes[row] * 3 + kinds[row]) * 7046029254386353131
            mixed += (int(price * 65536.0) if price < _LARGE else 0) * 4354685564936845319
            slot = (mixed ^ (mixed >> 29)) & (most - 1)
            while slots[slot] >= begins:
                other = slots[slot]
                if prices[other] == price and volumes[other] == volumes[row] and kinds[other] == kinds[row]:
                    break
                slot = (slot + 1) & (most - 1)
            if slots[slot] >= begins:
                repeated += 1
            else:
                slots[slot] = row
        begins = i
    return repeated
