"""What was counted in, warnings as plain sentences out: what is wrong, in which file, sheet or day, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from pipeline.inspection.book import FAR
from pipeline.store.catalog import changed_sources
from pipeline.store.layout import rejects_name
from pipeline.ticks import TICK_TYPES
from pipeline.times import DAY, HOUR, MINUTE, SECOND, date_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pipeline.inspection.clock import Shift
    from pipeline.inspection.security import Counts
    from pipeline.market.facts import MarketFacts
    from pipeline.store.catalog import Entry

EXCEL_ROWS: Final = 1_048_576
"""Where an Excel sheet ends, header rows included."""

MANY_REJECTS: Final = 0.01
MANY_OUTSIDE: Final = 0.05
MUCH_CROSSED: Final = 0.01
MUCH_LOCKED: Final = 0.10
MANY_OFF_GRID: Final = 0.01
MANY_REPEATED: Final = 0.20
MANY_DAYS: Final = 0.2
LONG_GAP: Final = HOUR
LONG_STEP: Final = MINUTE
DAYS_SHOWN: Final = 4

ZONES: Final = {-4: "UTC", -3: "London's summer time", -8: "New York's summer time", -9: "New York's winter time"}
"""Clocks that are that many hours away from the UAE's (UTC+4, all year), as exports have them."""


def of_sources(entry: Entry) -> Iterator[str]:
    """Yield what is wrong with the sheets that a security was converted from."""
    for source in entry.sources:
        header = int(source.record.get("header_row", 0))
        if source.rows + header >= EXCEL_ROWS:
            yield (
                f"{entry.ticker}: sheet '{source.sheet}' of {source.workbook} is full: it ends in row {EXCEL_ROWS:,}, "
                "Excel's last, so later ticks are missing. Export them to a second workbook; convert joins both."
            )
    for name in sorted({source.path for source in changed_sources(entry)}):
        yield f"{entry.ticker}: {name} was changed after it was converted from it. Run `make convert`."
    rejected = sum(entry.rejects.values())
    if rejected > MANY_REJECTS * entry.rows:
        rules = ", ".join(f"{count:,} {rule}" for rule, count in entry.rejects.items())
        yield (
            f"{entry.ticker}: {rejected:,} of {entry.rows:,} rows are no ticks ({rules}). "
            f"{rejects_name(entry.ticker)} has them with their row numbers."
        )


def of_counts(ticker: str, counts: Counts, facts: MarketFacts, known_off: Iterable[dt.date]) -> Iterator[str]:
    """Yield what is wrong with a security's ticks; a day in `known_off` is missed by all and said once."""
    yield from _of_kinds(ticker, counts)
    hours = list(_of_hours(ticker, counts, facts))
    yield from hours or _of_gaps(ticker, counts, facts)
    missing = [day for day in counts.missing_days if day not in set(known_off)]
    if missing:
        yield f"{ticker}: no ticks on {_days(missing)}, when {facts.exchange} traded."
    if counts.closed_days:
        yield f"{ticker}: ticks on {_days(counts.closed_days)}, when {facts.exchange} is closed. Are the dates right?"
    if counts.largest_step >= LONG_STEP:
        yield (
            f"{ticker}: the clock steps back {_rows(counts.steps_back)}, by up to {span(counts.largest_step)}. "
            "Ticks are replayed in the workbook's order; is it sorted?"
        )
    if counts.repeated > MANY_REPEATED * counts.ticks:
        share = f"{counts.repeated:,} of {counts.ticks:,} rows"
        yield f"{ticker}: {share} repeat an earlier row. Was a stretch pasted twice?"
    yield from _of_prices(ticker, counts, facts)


def days_off(missing: Mapping[str, Sequence[dt.date]], spans: Mapping[str, tuple[dt.date, dt.date]]) -> list[dt.date]:
    """Return the days that every security misses whose first and last tick are around them, if there are several."""
    found = []
    for day in sorted({day for days in missing.values() for day in days}):
        around = [ticker for ticker, (first, last) in spans.items() if first < day < last]
        if len(around) > 1 and all(day in missing[ticker] for ticker in around):
            found.append(day)
    return found


def of_days_off(exchange: str, days: Sequence[dt.date]) -> Iterator[str]:
    """Yield that days are missed by every security of an exchange."""
    if days:
        what = "a day off that" if len(days) == 1 else "days off that"
        yield (
            f"No security of {exchange} has ticks on {_days(days)}: {what} configs/markets/{exchange}.json does not "
            "know, or ticks that were never exported."
        )


def moment(timestamp: int) -> np.datetime64:
    """Return a time in ns as date and time of day."""
    return np.datetime64(timestamp, "ns")


def span(length: int) -> str:
    """Return a duration in ns as h:mm:ss."""
    seconds = length // SECOND
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def _of_kinds(ticker: str, counts: Counts) -> Iterator[str]:
    many = (counts.bids, counts.asks, counts.trades)
    lacking = [kind for kind, number in zip(TICK_TYPES, many, strict=True) if not number]
    if lacking:
        yield f"{ticker}: no {' and no '.join(lacking)} rows at all."


def _of_hours(ticker: str, counts: Counts, facts: MarketFacts) -> Iterator[str]:
    hours = f"{_clock(facts.pre_open[0])}-{_clock(facts.trade_at_last[1])}"
    shifted = sum(one.days for one in counts.shifts)
    if shifted > MANY_DAYS * counts.days:
        told = "; ".join(_shift(one, counts.days) for one in counts.shifts if one.days > MANY_DAYS * shifted / 2)
        yield (
            f"{ticker}: {told}. {facts.exchange} trades {hours}; strategies see nothing outside "
            f"{_clock(facts.continuous[0])}-{_clock(facts.continuous[1])}, so export the exchange's own time."
        )
    elif counts.outside_hours > MANY_OUTSIDE * counts.ticks:
        share = counts.outside_hours / counts.ticks
        yield f"{ticker}: {share:.0%} of the ticks are outside {facts.exchange}'s hours, {hours}."


def _of_gaps(ticker: str, counts: Counts, facts: MarketFacts) -> Iterator[str]:
    start, end = facts.continuous
    if counts.gap is not None and counts.gap.length >= LONG_GAP:
        gap = " to ".join(str(moment(one))[11:16] for one in (counts.gap.start, counts.gap.end))
        yield f"{ticker}: no tick from {gap} on {date_of(counts.gap.start // DAY)}, within the session."
    told = []
    if start + LONG_GAP <= counts.first % DAY:
        told.append(f"begin at {str(moment(counts.first))[11:16]} on {date_of(counts.first // DAY)}")
    if counts.last % DAY <= end - LONG_GAP:
        told.append(f"end at {str(moment(counts.last))[11:16]} on {date_of(counts.last // DAY)}")
    if told:
        yield f"{ticker}: not all of a session was exported: the ticks {' and '.join(told)}."


def _shift(one: Shift, days: int) -> str:
    hours = f"{abs(one.hours)} hour{'s' if abs(one.hours) > 1 else ''} {'early' if one.hours < 0 else 'late'}"
    zone = f", as if in {ZONES[one.hours]}" if one.hours in ZONES else ""
    on = "" if one.days == days else f" on {one.days:,} of {days:,} days"
    first, last = _clock(one.first_minute * MINUTE), _clock(one.last_minute * MINUTE)
    return f"ticks run from {first} to {last}{on}: {hours}{zone}"


def _of_prices(ticker: str, counts: Counts, facts: MarketFacts) -> Iterator[str]:
    priced = counts.ticks - counts.zero_prices
    if counts.off_grid > MANY_OFF_GRID * priced:
        yield (
            f"{ticker}: {counts.off_grid:,} of {priced:,} prices ({counts.off_grid / priced:.0%}) are no multiple of "
            f"the tick sizes in configs/markets/{facts.exchange}.json. Has the exchange changed them?"
        )
    for what, events, length, much in (
        ("crossed", counts.crossed_events, counts.crossed, MUCH_CROSSED),
        ("locked", counts.locked_events, counts.locked, MUCH_LOCKED),
    ):
        if length > much * counts.session:
            yield (
                f"{ticker}: the book is {what} for {span(length)} ({length / counts.session:.0%} of the session, "
                f"{events:,} events). Quotes at such times fill as no market would let them."
            )
    if counts.first_far is not None:
        far = counts.first_far
        sides = ", ".join(f"{name} {price:g}" for name, price in (("bid", far.bid), ("ask", far.ask)) if price)
        yield (
            f"{ticker}: {counts.prints_far:,} {'print is' if counts.prints_far == 1 else 'prints are'} more than "
            f"{FAR:.0%} away from the touch, the first at "
            f"{str(moment(far.timestamp))[:19].replace('T', ' ')}: {far.price:g} ({sides})."
        )


def _days(days: Sequence[dt.date]) -> str:
    more = f" and {len(days) - DAYS_SHOWN} more days" if len(days) > DAYS_SHOWN else ""
    return ", ".join(map(str, days[:DAYS_SHOWN])) + more


def _rows(count: int) -> str:
    return "once" if count == 1 else f"in {count:,} rows"


def _clock(of_day: int) -> str:
    return f"{of_day // HOUR:02}:{of_day // MINUTE % 60:02}"
