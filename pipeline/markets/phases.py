"""The phases of an exchange's trading day: auctions, spans of continuous trading and the breaks between them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final, TypeAlias

from pipeline.errors import MarketFactsError
from pipeline.markets import blocks
from pipeline.times import DAY, HOUR, MINUTE, SECOND

if TYPE_CHECKING:
    from collections.abc import Mapping

PHASES: Final = ("pre_open", "opening_auction", "continuous", "closing_auction", "trade_at_last")
"""The phases in their order; continuous trading may have several spans and is the only one that a day must have."""

WEEK: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
WORKING_WEEK: Final = frozenset(range(5))
EVER: Final = dt.date.min

Span: TypeAlias = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Hours:
    """The phases of one trading day, each [start, end) in ns since the day began; None for one that is not held.

    continuous: its spans, ascending; breaks are what is between them.
    """

    continuous: tuple[Span, ...]
    pre_open: Span | None = None
    opening_auction: Span | None = None
    closing_auction: Span | None = None
    trade_at_last: Span | None = None

    @property
    def opens(self) -> int:
        """When the first span of continuous trading opens."""
        return self.continuous[0][0]

    @property
    def closes(self) -> int:
        """When the last span of continuous trading closes."""
        return self.continuous[-1][1]

    @property
    def prints_from(self) -> int:
        """From when on a print closes the day: the end of the closing auction, or of trading where there is none."""
        return self.closing_auction[1] if self.closing_auction else self.closes

    @property
    def whole(self) -> Span:
        """From the start of the first phase to the end of the last."""
        others = (self.pre_open, self.opening_auction, self.closing_auction, self.trade_at_last)
        spans = [*self.continuous, *(span for span in others if span is not None)]
        return min(start for start, _ in spans), max(end for _, end in spans)

    @property
    def open_time(self) -> int:
        """How long continuous trading lasts, breaks left out."""
        return sum(end - start for start, end in self.continuous)

    def is_continuous(self, of_day: int) -> bool:
        """Return whether a time is one of continuous trading."""
        return any(start <= of_day < end for start, end in self.continuous)


@dataclass(frozen=True, slots=True)
class Sessions:
    """The hours of an exchange's trading days from a day on, and the days of its week, Monday 0."""

    since: dt.date
    week: frozenset[int]
    hours: Hours


def sessions_of(value: object, where: str, day_starts: int) -> tuple[Sessions, ...]:
    """Return the sessions that a file says, ascending by their days; raises MarketFactsError.

    A file of the first form says one block: the hours since ever, Monday to Friday.
    """
    if isinstance(value, dict):
        value, places = [value], [where]
    else:
        value = blocks.items(value, where, "a list of blocks, each the hours from a day on")
        places = [f"{where}[{number}]" for number in range(len(value))]
    if not value:
        raise MarketFactsError(f"{where} is empty; it takes the hours of at least one span of days.")
    several = [_session(each, place, day_starts) for each, place in zip(value, places, strict=True)]
    for (before, later), place in zip(pairwise(several), places[1:], strict=True):
        check_ascending(before.since, later.since, place)
    return tuple(several)


def check_ascending(before: dt.date, since: dt.date, where: str) -> None:
    """Raise MarketFactsError where what begins on a day does not come after what begins before."""
    if since == EVER:
        raise MarketFactsError(f"{where}: 'from' is missing; only the first may be since ever.")
    if since <= before:
        raise MarketFactsError(f"{where}: 'from' is {since}, which is not after {before}; the earliest stands first.")


def hours_of(value: Mapping[str, object], where: str, day_starts: int) -> Hours:
    """Return the phases of one day; times before the trading day's start belong to its second calendar day."""
    if value.get("continuous") is None:
        raise MarketFactsError(f"{where}: 'continuous' is missing.")
    listed = blocks.items(value["continuous"], f"{where}.continuous", 'one or more spans such as [["10:00", "14:45"]]')
    if listed and isinstance(listed[0], str):
        listed = [listed]
    if not listed:
        raise MarketFactsError(f"{where}.continuous is empty; it takes one or more spans.")
    is_one = value["continuous"] is not listed
    spans = tuple(
        _span(span, f"{where}.continuous" if is_one else f"{where}.continuous[{number}]", day_starts)
        for number, span in enumerate(listed)
    )
    for number, ((_, end), (start, _)) in enumerate(pairwise(spans), 1):
        if start < end:
            raise MarketFactsError(f"{where}.continuous[{number}] begins before the span in front of it ends.")
    others = {
        name: None if value.get(name) is None else _span(value[name], f"{where}.{name}", day_starts)
        for name in PHASES
        if name != "continuous"
    }
    hours = Hours(spans, **others)
    _check_order(hours, where)
    return hours


def day_start_of(value: object, where: str) -> int:
    """Return when the trading day begins, in ns since midnight of the calendar day before it; 0 for midnight."""
    if value is None:
        return 0
    clock = blocks.text(value, where, blocks.CLOCK.pattern, 'a time such as "17:00"')
    return _time(clock) % DAY


def _session(value: object, where: str, day_starts: int) -> Sessions:
    content = blocks.block(value, where, ("from", "week", "day_starts", *PHASES))
    since = EVER if content.get("from") is None else blocks.day(content["from"], f"{where}.from")
    if day_start_of(content.get("day_starts"), f"{where}.day_starts") != day_starts:
        raise MarketFactsError(f"{where}.day_starts is not that of the first; a market has one, the earliest.")
    week = content.get("week")
    names = [
        blocks.one_of(name, f"{where}.week[{number}]", WEEK)
        for number, name in enumerate(blocks.items(week, f"{where}.week", 'a list such as ["Mon", "Tue"]'))
    ]
    if week is not None and len(set(names)) != max(len(names), 1):
        raise blocks.wrong(f"{where}.week", week, "each day of the trading week once")
    of_week = frozenset(map(WEEK.index, names)) if names else WORKING_WEEK
    return Sessions(since, of_week, hours_of(content, where, day_starts))


def _check_order(hours: Hours, where: str) -> None:
    """Raise MarketFactsError where auctions are on the wrong side of continuous trading; a call may reach into it."""
    for name in ("pre_open", "opening_auction"):
        span = getattr(hours, name)
        if span is not None and span[1] > hours.opens:
            raise MarketFactsError(f"{where}.{name} ends after continuous trading begins.")
    if hours.closing_auction is not None and hours.closing_auction[1] < hours.closes:
        raise MarketFactsError(f"{where}.closing_auction ends before continuous trading does.")
    if hours.trade_at_last is not None and hours.trade_at_last[0] < hours.prints_from:
        raise MarketFactsError(f"{where}.trade_at_last begins before the auction, or trading, is over.")


def _span(value: object, where: str, day_starts: int) -> Span:
    start, end = (_time(clock) for clock in blocks.clocks(value, where))
    start = (start - day_starts) % DAY
    end = (end - day_starts) % DAY or DAY
    if start >= end:
        why = "" if day_starts else ' (a day that begins on the evening before says when: "day_starts")'
        raise MarketFactsError(f"{where} does not begin before it ends{why}.")
    return start, end


def _time(clock: str) -> int:
    hours, minutes, seconds = (int(part) for part in f"{clock}:00".split(":")[:3])
    return hours * HOUR + minutes * MINUTE + seconds * SECOND
