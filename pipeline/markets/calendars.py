"""Closed days, half days and hours from `exchange_calendars`, an optional library: computed once for each version."""

from __future__ import annotations

import datetime as dt
import json
import os
import warnings
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pipeline.errors import MarketFactsError, MissingExtra, nearest
from pipeline.folders import cache_folder
from pipeline.markets.phases import EVER, Hours, Sessions, Span
from pipeline.system import installing
from pipeline.times import DAY, MINUTE

if TYPE_CHECKING:
    from pipeline.markets.market import MarketFacts

LIBRARY: Final = "exchange_calendars"
PACKAGE: Final = "'tick-pipeline[calendars]'"
"""What is installed for it, as a shell takes it."""

FIRST: Final = dt.date(2000, 1, 1)
LAST: Final = dt.date(2030, 12, 31)
"""The days that are asked of a calendar, the same whenever it is asked."""


@dataclass(frozen=True, slots=True)
class CalendarDays:
    """What a calendar knows from one day to another.

    zone: its clock. week: its days, Monday 0. closed: days of the week without trading. hours: its spans of trading in
    minutes since midnight of its day, ascending by the day since when they are; a span that begins on the evening
    before begins below 0. half: days whose first or last minute is another, with both.
    """

    zone: str
    first: str
    last: str
    week: list[int]
    closed: list[str]
    hours: list[tuple[str, list[tuple[int, int]]]]
    half: list[tuple[str, int, int]]


def library_version() -> str | None:
    """Return the version of the library, None where it is not installed."""
    from importlib.metadata import PackageNotFoundError, version  # 5 ms that markets without a calendar do without

    try:
        return version(LIBRARY)
    except PackageNotFoundError:
        return None


def calendar_days(name: str) -> CalendarDays:
    """Return what the library knows of a calendar; raises MissingExtra, or MarketFactsError for one it has not."""
    installed = library_version()
    if installed is None:
        raise MissingExtra(f"The calendar {name} is of {LIBRARY}, which is not installed: {installing(PACKAGE)}.")
    path = cache_folder("calendars") / f"{name.replace('/', '_')}-{installed}.json"
    with suppress(OSError, ValueError, TypeError):
        digest, _, content = path.read_text(encoding="utf-8").partition("\n")
        if digest == _digest(path.name, content):
            return CalendarDays(**json.loads(content))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library's own, about pandas
        days = _computed(name)
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        made = path.with_suffix(f".{os.getpid()}")
        content = json.dumps({field: getattr(days, field) for field in days.__slots__})
        made.write_text(f"{_digest(path.name, content)}\n{content}", encoding="utf-8")
        made.replace(path)
    return days


def _digest(name: str, content: str) -> str:
    """Return what a cached calendar begins with, so that neither a changed one nor one computed otherwise is taken."""
    return blake2b(b"\0".join([Path(__file__).read_bytes(), name.encode(), content.encode()])).hexdigest()


def origins_of(market: MarketFacts) -> dict[str, object]:
    """Return where a market's facts are from, as a run records it: its calendar and what that gave, and its version."""
    version_of = library_version() if market.from_calendar else None
    given = [*market.from_calendar]
    return {"calendar": market.calendar or None, "from_calendar": given, LIBRARY: version_of, "digest": market.key}


def with_calendar(market: MarketFacts) -> MarketFacts:
    """Return a market with what its calendar knows beyond its file, whose own days come first.

    Without the library only a market that has no hours of its own is refused: raises MissingExtra.
    """
    if not market.calendar or (library_version() is None and market.sessions):
        return market
    days = calendar_days(market.calendar)
    given = ["half_days", "closed_days"]
    if not market.sessions:
        given.insert(0, "sessions")
        begins = min(spans[0][0] for _, spans in days.hours) * MINUTE
        day_starts = begins % DAY if begins < 0 else 0
        market = replace(market, sessions=_sessions(days, day_starts), day_starts=day_starts)
    own = {day for day, _ in market.half_days} | market.closed_days | market.tentative_days
    is_all = market.known_from <= market.known_to

    def is_new(day: dt.date) -> bool:
        return day not in own and not (is_all and market.known_from <= day <= market.known_to)

    closed = {day for day in map(dt.date.fromisoformat, days.closed) if is_new(day) and market.is_of_week(day)}
    half = {}
    for text, opens, closes in days.half:
        day = dt.date.fromisoformat(text)
        if is_new(day) and (hours := _half_day(market, days, day, opens, closes)) is not None:
            half[day] = hours
    first, last = dt.date.fromisoformat(days.first), dt.date.fromisoformat(days.last)
    return replace(
        market,
        closed_days=market.closed_days | closed,
        half_days=tuple(sorted({**dict(market.half_days), **half}.items(), key=lambda each: each[0])),
        known_from=min(first, market.known_from),
        known_to=max(last, market.known_to),
        from_calendar=tuple(given),
    )


def _sessions(days: CalendarDays, day_starts: int) -> tuple[Sessions, ...]:
    shift = (DAY - day_starts) % DAY
    return tuple(
        Sessions(
            EVER if number == 0 else dt.date.fromisoformat(since),
            frozenset(days.week),
            Hours(tuple((start * MINUTE + shift, end * MINUTE + shift) for start, end in spans)),
        )
        for number, (since, spans) in enumerate(days.hours)
    )


def _half_day(market: MarketFacts, days: CalendarDays, day: dt.date, opens: int, closes: int) -> Hours | None:
    """Return a market's usual hours of a day cut to those of a half day; what follows the close follows it then too."""
    usual = [spans for since, spans in days.hours if since <= day.isoformat()] or [days.hours[0][1]]
    later, earlier = opens - usual[-1][0][0], closes - usual[-1][-1][1]
    hours = market.sessions_on(day).hours
    first, last = hours.opens + later * MINUTE, hours.closes + earlier * MINUTE
    spans = [(max(start, first), min(end, last)) for start, end in hours.continuous]
    spans = [span for span in spans if span[0] < span[1]]

    def moved(span: Span | None, by: int) -> Span | None:
        return None if span is None else (span[0] + by * MINUTE, span[1] + by * MINUTE)

    if not spans:
        return None
    return Hours(
        continuous=tuple(spans),
        pre_open=moved(hours.pre_open, later),
        opening_auction=moved(hours.opening_auction, later),
        closing_auction=moved(hours.closing_auction, earlier),
        trade_at_last=moved(hours.trade_at_last, earlier),
    )


def _computed(name: str) -> CalendarDays:
    import exchange_calendars as library

    known = library.get_calendar_names(include_aliases=True)
    if name not in known:
        raise MarketFactsError(f"{LIBRARY} has no calendar '{name}'.{nearest(name, known)}")
    made = library.get_calendar(name)
    first = max([FIRST, *(bound.date() for bound in [made.bound_min()] if bound is not None)])
    last = min([LAST, *(bound.date() for bound in [made.bound_max()] if bound is not None)])
    calendar = library.get_calendar(name, start=str(first), end=str(last))
    zone = str(calendar.tz)
    rows: list[tuple[dt.date, list[tuple[int, int]]]] = []
    for label, row in calendar.schedule.iterrows():

        def minute(moment: Any, midnight: Any = label) -> int:
            local: dt.timedelta = moment.tz_convert(zone).tz_localize(None) - midnight
            return local // dt.timedelta(minutes=1)

        breaks = [row.get("break_start"), row.get("break_end")]
        ends = [minute(row["open"]), *(minute(each) for each in breaks if f"{each}" not in ("NaT", "None"))]
        ends.append(minute(row["close"]))
        rows.append((label.date(), list(zip(ends[::2], ends[1::2], strict=True))))
    odd = {day.date() for days in (calendar.early_closes, calendar.late_opens) for day in days}
    hours: list[tuple[str, list[tuple[int, int]]]] = []
    for day, spans in rows:
        if day not in odd and (not hours or hours[-1][1] != spans):
            hours.append((day.isoformat(), spans))
    traded = {day for day, _ in rows}
    week = [at for at, letter in enumerate(calendar.weekmask) if letter == "1"]
    every = [first + dt.timedelta(days=number) for number in range((last - first).days + 1)]
    closed = [day.isoformat() for day in every if day.weekday() in week and day not in traded]
    half = [(day.isoformat(), spans[0][0], spans[-1][1]) for day, spans in rows if day in odd]
    return CalendarDays(zone, first.isoformat(), last.isoformat(), week, closed, hours, half)
