"""What is likely wrong with a security's ticks by its market: hours, days, tick sizes, and which exchange it is of."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from pipeline.inspection.sessions import closed_days, unswapped
from pipeline.markets.codes import exchanges_listing
from pipeline.times import DAY, HOUR, MINUTE, date_of, moment_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pipeline.inspection.counts import Counts, Shift
    from pipeline.markets.market import MarketFacts

MANY_OUTSIDE: Final = 0.05
MANY_OFF_GRID: Final = 0.01
OTHER_GRID: Final = 0.05
"""The share of quotes off the tick grid from which on they are of another exchange, or its tick sizes have changed."""

MANY_DAYS: Final = 0.2
LONG_GAP: Final = HOUR
DAYS_SHOWN: Final = 4

ZONES: Final = ("UTC", "Europe/London", "America/New_York", "Asia/Dubai", "Asia/Hong_Kong")
"""Clocks that exports have where they have not the exchange's own, the likeliest first."""


def of_market(ticker: str, counts: Counts, facts: MarketFacts, missing: Sequence[int]) -> Iterator[str]:
    """Yield what is wrong by the hours and days of an exchange, and whether another is known to list the security."""
    listing = exchanges_listing(ticker)
    if listing and facts.exchange not in listing:
        yield (
            f"{ticker}: its name says {facts.exchange}, and {' and '.join(listing)} is known to list it. A config's "
            f'"exchange": "{listing[0]}" decides.'
        )
    hours = list(_of_hours(ticker, counts, facts))
    yield from hours or _of_gaps(ticker, counts, facts)
    if counts.prints_outside_hours and not counts.shifts:
        yield (
            f"{ticker}: prints outside all sessions: {counts.prints_outside_hours:,} of {counts.trades:,}. "
            f"{facts.exchange} trades {_hours(counts, facts)}; no strategy sees them."
        )
    yield from of_days(ticker, counts, facts, missing)


def of_days(ticker: str, counts: Counts, facts: MarketFacts, missing: Sequence[int]) -> Iterator[str]:
    """Yield what is wrong by the days of an exchange; `missing`: those on which others of it have prints."""
    if turned := unswapped(counts.days):
        yield (
            f"{ticker}: days and months look swapped, as Excel does where its locale is not the export's: "
            f"{_between(counts.days)}, swapped {_between(turned)}. Export dates as yyyy-mm-dd."
        )
    elif missing:
        yield f"{ticker}: no ticks on {days_in_words(missing)}, when others of {facts.exchange} have prints."
    if closed := closed_days(counts.days, facts):
        yield (
            f"{ticker}: ticks on days when {facts.exchange} is closed, {days_in_words(closed)}. Are the dates right, "
            "or days and months swapped?"
        )


def _of_hours(ticker: str, counts: Counts, facts: MarketFacts) -> Iterator[str]:
    shifted = sum(shift.days for shift in counts.shifts)
    if shifted > MANY_DAYS * len(counts.days):
        main = [shift for shift in counts.shifts if shift.days > MANY_DAYS * shifted / 2]
        off = "; ".join(_shift(shift, counts, facts) for shift in main)
        yield (
            f"{ticker}: {off}. {facts.exchange} trades {_hours(counts, facts)}; strategies see nothing outside "
            "continuous trading, so export the exchange's own time."
        )
    elif counts.outside_hours > MANY_OUTSIDE * counts.ticks:
        share = counts.outside_hours / counts.ticks
        yield f"{ticker}: ticks outside {facts.exchange}'s hours, {_hours(counts, facts)}: {share:.0%} of them."


def _of_gaps(ticker: str, counts: Counts, facts: MarketFacts) -> Iterator[str]:
    start, end = facts.hours_on(date_of(counts.days[0])).opens, facts.hours_on(date_of(counts.days[-1])).closes
    if counts.gap is not None and counts.gap.length >= LONG_GAP:
        gap = f"{moment_of(counts.gap.start):%H:%M} to {moment_of(counts.gap.end):%H:%M}"
        yield f"{ticker}: no tick from {gap} on {date_of(counts.gap.start // DAY)}, within continuous trading."
    cut = []
    if start + LONG_GAP <= (counts.first + facts.clock_shift) % DAY:
        cut.append(f"begin at {moment_of(counts.first):%H:%M on %Y-%m-%d}")
    if (counts.last + facts.clock_shift) % DAY <= end - LONG_GAP:
        cut.append(f"end at {moment_of(counts.last):%H:%M on %Y-%m-%d}")
    if cut:
        yield f"{ticker}: not all of a session was exported: the ticks {' and '.join(cut)}."


def _shift(shift: Shift, counts: Counts, facts: MarketFacts) -> str:
    hours = f"{abs(shift.hours)} hour{'s' if abs(shift.hours) > 1 else ''} {'early' if shift.hours < 0 else 'late'}"
    clock = _clock_off_by(shift.hours, counts, facts)
    days = len(counts.days)
    on = "" if shift.days == days else f" on {shift.days:,} of {days:,} days"
    first, last = (clock_of(minute * MINUTE, facts) for minute in (shift.first_minute, shift.last_minute))
    return f"ticks run from {first} to {last}{on}: {hours}{f', as if in {clock}' if clock else ''}"


def _clock_off_by(hours: int, counts: Counts, facts: MarketFacts) -> str:
    """Return a clock that is that many hours ahead of the exchange's on the first or last day; empty for none."""
    for day in (counts.days[-1], counts.days[0]):
        noon = moment_of(day * DAY + 12 * HOUR)
        own = ZoneInfo(facts.time_zone).utcoffset(noon)
        for zone in ZONES:
            other = ZoneInfo(zone).utcoffset(noon)
            if own is not None and other is not None and other - own == dt.timedelta(hours=hours):
                return zone
    return ""


def of_grid(ticker: str, counts: Counts, facts: MarketFacts) -> Iterator[str]:
    """Yield that prices do not fit the tick sizes of their days, and where it is quotes, what else it may be listed on.

    Off the grid a print may be: it was agreed outside the book. A quote of the book cannot.
    """
    priced, quotes, off = counts.ticks - counts.zero_prices, counts.bids + counts.asks, counts.quotes_off_grid
    if off > OTHER_GRID * quotes:
        fitting = [name for name, fit in counts.quotes_elsewhere.items() if fit > (1 - OTHER_GRID) * off]
        do = (
            f'They fit those of {fitting[0]}: where it is listed there, a config\'s "exchange": "{fitting[0]}" decides.'
            if fitting
            else 'Is it listed elsewhere (a config\'s "exchange" decides), were its prices adjusted, or have the tick '
            f"sizes in configs/markets/{facts.exchange}.json changed?"
        )
        yield (
            f"{ticker}: its quotes do not fit the tick sizes of {facts.exchange}, which its name says: {off:,} of "
            f"{quotes:,} ({off / quotes:.0%}) are between two ticks. {do}"
        )
    elif counts.off_grid > MANY_OFF_GRID * priced:
        yield (
            f"{ticker}: prices that are no multiple of the tick sizes in configs/markets/{facts.exchange}.json: "
            f"{counts.off_grid:,} of {priced:,} ({counts.off_grid / priced:.0%}). Has the exchange changed them?"
        )


def days_in_words(days: Sequence[int]) -> str:
    """Return days since 1970-01-01 as dates, the first few of them."""
    more = f" and {len(days) - DAYS_SHOWN} more days" if len(days) > DAYS_SHOWN else ""
    return ", ".join(str(date_of(day)) for day in days[:DAYS_SHOWN]) + more


def _between(days: Sequence[int]) -> str:
    return f"{len(days)} days between {date_of(days[0])} and {date_of(days[-1])}"


def clock_of(of_day: int, facts: MarketFacts) -> str:
    """Return a time of a trading day on the exchange's clock, as hh:mm."""
    own = of_day - facts.clock_shift
    return f"{24 if own == DAY else own // HOUR % 24:02}:{own // MINUTE % 60:02}"


def _hours(counts: Counts, facts: MarketFacts) -> str:
    """Return the hours of the last day, with the name of their clock."""
    whole = facts.sessions_on(date_of(counts.days[-1])).hours.whole
    return f"{'-'.join(clock_of(time, facts) for time in whole)} ({facts.time_zone})"
