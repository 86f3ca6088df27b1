"""Hours of continuous trading by day, and the table of their spans by which time of the session is counted."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from pipeline.times import DAY, FIRST_DAY

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pipeline.markets.exchange_clock import ExchangeClock
    from pipeline.markets.market import MarketFacts
    from pipeline.ticks import Int64s

Spans: TypeAlias = tuple[tuple[int, int], ...]
"""Spans of continuous trading of a day, each [start, end) in ns since it began, ascending."""

SessionHours: TypeAlias = tuple[tuple[int, Spans], ...]
"""The spans of a security's days, each from a day since 1970-01-01 on, ascending."""

NEVER: Final = 2**62


def session_hours(market: MarketFacts) -> SessionHours:
    """Return the spans of a market's days, half days included."""
    hours: list[tuple[int, Spans]] = []
    for day, of_day, _ in market.stretches(dt.date.min, dt.date.max):
        if not hours or hours[-1][1] != of_day.continuous:
            hours.append(((day - FIRST_DAY).days, of_day.continuous))
    return tuple(hours)


def is_in_session(times: Int64s, hours: SessionHours) -> Int64s:
    """Return whether each time is not after the last close of its day, 0 or 1; those of the path are in no break."""
    if not hours:
        return np.zeros(len(times), np.int64)
    days = times // DAY
    at = np.searchsorted(np.array([since for since, _ in hours]), days, side="right") - 1
    closes = np.array([spans[-1][1] for _, spans in hours], np.int64)[np.maximum(at, 0)]
    inside: Int64s = (times - days * DAY <= closes).astype(np.int64)
    return inside


def session_table(several: Iterable[SessionHours], days: Int64s) -> Int64s:
    """Return the spans in which any of some securities trades on some days, and how long all before them are.

    Args:
        several: The hours of each security.
        days: Days since 1970-01-01, ascending.

    Returns:
        A row a span: start and end, ns since 1970-01-01, and the time in the spans before it, ns; one more row, of a
        span that never begins, with the time of all. Shape (spans + 1, 3).
    """
    hours = sorted({*several} - {()})
    changes = sorted({since for each in hours for since, _ in each})
    parts = [np.empty((0, 2), np.int64)]
    for since, until in pairwise([*changes, NEVER]):
        spans = np.array(_union(_spans_on(each, since) for each in hours), np.int64)
        of_stretch = days[np.searchsorted(days, since) : np.searchsorted(days, until)]
        parts.append((of_stretch[:, None, None] * DAY + spans).reshape(-1, 2))
    return _table(np.concatenate(parts))


def utc_session_table(several: Iterable[tuple[SessionHours, ExchangeClock]], days: Int64s) -> Int64s:
    """Return as `session_table` does the spans in which any of some securities trades, in UTC.

    Args:
        several: The hours of each security, and the clock that they are on.
        days: Days since 1970-01-01 on each of these clocks, ascending.

    Returns:
        As `session_table`; spans of several days that touch are one.
    """
    each = [clock.utc(session_table([hours], days)[:-1, :2]) for hours, clock in sorted({*several})]
    spans = np.concatenate([np.empty((0, 2), np.int64), *each])
    spans = spans[np.argsort(spans[:, 0], kind="stable")]
    ends = np.maximum.accumulate(spans[:, 1])
    first = np.flatnonzero(spans[:, 0] > np.concatenate([[-NEVER], ends])[:-1])
    last = np.append(first, len(spans))[1:] - 1
    return _table(np.column_stack([spans[first, 0], ends[last]]))


def _table(spans: Int64s) -> Int64s:
    """Return spans with the time in those before each, and one that never begins."""
    spans = np.concatenate([spans, [[NEVER, NEVER]]])
    before = np.cumsum(spans[:, 1] - spans[:, 0]) - (spans[:, 1] - spans[:, 0])
    return np.column_stack([spans, before])


def _spans_on(hours: SessionHours, day: int) -> Spans:
    in_force = hours[0][1]
    for since, spans in hours:
        if since <= day:
            in_force = spans
    return in_force


def _union(several: Iterable[Sequence[tuple[int, int]]]) -> list[tuple[int, int]]:
    """Return spans that do not overlap, ascending, in which any of some is."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted({span for spans in several for span in spans}):
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((start, end))
    return joined
