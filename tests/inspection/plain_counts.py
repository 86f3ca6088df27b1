"""The same counts as `pipeline.inspection`, one event after the other, as a trader would do them by hand."""

from __future__ import annotations

import itertools
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from pipeline.inspection.counting import count
from pipeline.markets.facts import facts_of
from pipeline.times import date_of

if TYPE_CHECKING:
    from pipeline.inspection.counts import Counts
    from pipeline.markets.market import MarketFacts
    from pipeline.markets.phases import Hours
    from pipeline.ticks import Ticks

DAY = 86_400_000_000_000
BID, ASK, TRADE = 0, 1, 2
QUARTER = 900_000_000_000

Row = tuple[int, int, float, int]


def rows_of(ticks: Ticks) -> list[Row]:
    columns = (ticks.timestamp, ticks.kind, ticks.price, ticks.volume)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def hours_of(clock: int, facts: MarketFacts) -> Hours:
    return facts.hours_on(date_of(clock // DAY))


def plain_counts(ticks: Ticks, facts: MarketFacts) -> dict[str, Any]:
    """Return every count of one security by its name in `Counts`; shifts of the clock are tested by themselves."""
    ahead = facts.clock_shift
    rows = [(clock + ahead, *row) for clock, *row in rows_of(ticks)]
    clocks = [row[0] for row in rows]
    days = sorted({clock // DAY for clock in clocks})
    back = [before - after for before, after in itertools.pairwise(clocks) if after < before]
    printed = {clock // DAY for clock, kind, _, _ in rows if kind == TRADE}
    phases = [(phase_of(clock, facts), kind == TRADE) for clock, kind, _, _ in rows]
    of_book = book(rows, facts)
    for time in [of_book["first_far"]] if of_book["first_far"] else []:
        time["timestamp"] -= ahead
    longest = gap(clocks, days, facts)
    plain = {
        "ticks": len(rows),
        "bids": sum(row[1] == BID for row in rows),
        "asks": sum(row[1] == ASK for row in rows),
        "trades": sum(row[1] == TRADE for row in rows),
        "first": min(clocks) - ahead,
        "last": max(clocks) - ahead,
        "days": tuple(days),
        "days_without_print": tuple(day for day in days if day not in printed),
        "gap": longest and {name: time - ahead for name, time in longest.items()},
        "zero_prices": sum(row[2] == 0 for row in rows),
        "zero_sizes": sum(row[3] == 0 for row in rows),
        "steps_back": len(back),
        "steps_forward": sum(after > before for before, after in itertools.pairwise(clocks)),
        "largest_step": max(back, default=0),
        "repeated": len(rows) - len(set(rows)),
        "outside_hours": sum(phase == "outside" for phase, _ in phases),
        "prints_outside_hours": sum(kind == TRADE and is_late(clock, facts) for clock, kind, _, _ in rows),
        "phases": {
            phase: (sum(name == phase for name, _ in phases), sum(name == phase and trade for name, trade in phases))
            for phase in {phase for phase, _ in phases}
        },
        "off_grid": sum(off_grid(row[0], row[2], facts) for row in rows if row[2] > 0),
        "quotes_off_grid": sum(off_grid(row[0], row[2], facts) for row in rows if row[2] > 0 and row[1] != TRADE),
        "quotes_elsewhere": elsewhere(rows, facts),
    }
    return plain | of_book


def phase_of(clock: int, facts: MarketFacts) -> str:
    """Return the phase of its day that a time is in."""
    hours, now = hours_of(clock, facts), clock % DAY
    if any(start <= now < end for start, end in hours.continuous):
        return "continuous"
    for name in ("pre_open", "opening_auction", "closing_auction", "trade_at_last"):
        span = getattr(hours, name)
        if span and span[0] <= now < span[1]:
            return name
    if hours.continuous[0][0] <= now < hours.continuous[-1][1]:
        return "break"
    return "between" if hours.whole[0] <= now < hours.whole[1] else "outside"


def is_late(clock: int, facts: MarketFacts) -> bool:
    """Tell whether a print is of no session: before the first, or a quarter of an hour after one has ended."""
    hours, now = hours_of(clock, facts), clock % DAY
    within = hours.whole[0] <= now < hours.whole[1] + QUARTER
    breaks = [(before[1] + QUARTER, after[0]) for before, after in itertools.pairwise(hours.continuous)]
    auctions = [span for span in (hours.opening_auction, hours.closing_auction) if span]
    in_break = any(start <= now < end for start, end in breaks)
    return not within or (in_break and not any(start <= now < end for start, end in auctions))


def off_grid(clock: int, price: float, facts: MarketFacts) -> bool:
    levels = facts.ticks_on(date_of(clock // DAY))
    if levels is None:
        return False
    tick = next(size for below, size in levels if price < below)
    return abs(price / tick - round(price / tick)) > 1e-6


def elsewhere(rows: list[Row], facts: MarketFacts) -> dict[str, int]:
    """Return how many quotes off the exchange's grid are on that of the other one in the United Arab Emirates."""
    off = [row for row in rows if row[1] != TRADE and row[2] > 0 and off_grid(row[0], row[2], facts)]
    other = {"ADX": "DFM", "DFM": "ADX"}.get(facts.exchange)
    if other is None or not off:
        return {}
    return {other: sum(not off_grid(row[0], row[2], facts_of(other)) for row in off)}


def gap(clocks: list[int], days: list[int], facts: MarketFacts) -> dict[str, int] | None:
    """Return the longest stretch between two neighbours among the ticks and the ends of each span of trading."""
    best = None
    for day in days:
        for start, end in hours_of(day * DAY, facts).continuous:
            within = [clock for clock in clocks if day * DAY + start <= clock < day * DAY + end]
            ends = [day * DAY + start, day * DAY + end]
            points = sorted(within + [point for point in ends if min(clocks) <= point <= max(clocks)])
            for before, after in itertools.pairwise(points):
                if best is None or after - before > best["end"] - best["start"]:
                    best = {"start": before, "end": after}
    return best


def book(rows: list[Row], facts: MarketFacts) -> dict[str, Any]:
    last_day = None
    bid = ask = 0.0
    events: list[tuple[int, int, bool, bool]] = []  # the stretch of a day, time, crossed, locked
    prints = outside = far = stretch = 0
    first_far = None
    for clock, kind, price, volume in rows:
        if price <= 0:
            continue
        if clock // DAY != last_day:
            last_day, bid, ask, stretch = clock // DAY, 0.0, 0.0, stretch + 1
        if phase_of(clock, facts) != "continuous":
            continue
        if kind == BID:
            bid = price if volume > 0 else 0.0
        elif kind == ASK:
            ask = price if volume > 0 else 0.0
        else:
            prints += 1
            outside += bool((bid and price < bid) or (ask and price > ask))
            if (bid and price < bid * 0.9) or (ask and price > ask * 1.1):
                far += 1
                first_far = first_far or {"timestamp": clock, "price": price, "bid": bid, "ask": ask}
        both = bid > 0 and ask > 0
        events.append((stretch, clock, both and bid > ask, both and bid == ask))
    lasting = {"session": 0, "crossed": 0, "locked": 0}
    now = 0
    for number, (stretch, clock, crossed, locked) in enumerate(events):
        now = clock if number == 0 or events[number - 1][0] != stretch else max(now, clock)
        is_last = number + 1 == len(events) or events[number + 1][0] != stretch
        until = (clock // DAY + 1) * DAY if is_last else max(now, events[number + 1][1])
        traded = traded_between(now, until, facts)
        lasting["session"] += traded
        lasting["crossed"] += traded * crossed
        lasting["locked"] += traded * locked
    return {
        "session_events": len(events),
        "crossed_events": sum(event[2] for event in events),
        "locked_events": sum(event[3] for event in events),
        "session_prints": prints,
        "prints_outside": outside,
        "prints_far": far,
        "first_far": first_far,
        **lasting,
    }


def traded_between(start: int, end: int, facts: MarketFacts) -> int:
    """Return how much continuous trading there is between two times of a day."""
    midnight = start // DAY * DAY
    spans = hours_of(start, facts).continuous
    return sum(max(0, min(end - midnight, closes) - max(start - midnight, opens)) for opens, closes in spans)


def counts(ticks: Ticks, facts: MarketFacts) -> dict[str, Any]:
    """Return what the pipeline counts, without the shifts of the clock."""
    return without_shifts(count(ticks, facts))


def without_shifts(counts: Counts | None) -> dict[str, Any]:
    """Return counts by name, those of shifts left out."""
    assert counts is not None
    counted = asdict(counts)
    del counted["shifts"]
    return counted
