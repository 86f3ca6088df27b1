"""Hours of continuous trading by day, and the table of their spans by which time of the session is counted."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from pipeline.times import DAY, FIRST_DAY

if TYPE_CHECKING:
    from collections.abc import Iterable

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


def session_table(several: Iterable[tuple[SessionHours, ExchangeClock]], days: Int64s) -> Int64s:
    """Return the spans in which any of some securities trades on some days, and how long all before them are.

    Args:
        several: The hours of each security, and the clock that they are on; UTC where the spans are to stay on it.
        days: Days since 1970-01-01 on each of these clocks, ascending.

    Returns:
        A row a span: start and end, ns since 1970-01-01 in UTC, and the time in the spans before it, ns; one more row,
        of a span that never begins, with the time of all. Shape (spans + 1, 3). Spans that touch are one.
    """
    each = [clock.utc(_spans(hours, days)) for hours, clock in {*several}]
    spans = np.concatenate([np.empty((0, 2), np.int64), *each])
    spans = spans[np.argsort(spans[:, 0], kind="stable")]
    ends = np.maximum.accumulate(spans[:, 1])
    first = np.flatnonzero(spans[:, 0] > np.concatenate([[-NEVER], ends])[:-1])
    last = np.append(first, len(spans))[1:] - 1
    whole = np.concatenate([np.column_stack([spans[first, 0], ends[last]]), [[NEVER, NEVER]]])
    lengths = whole[:, 1] - whole[:, 0]
    return np.column_stack([whole, np.cumsum(lengths) - lengths])


def _spans(hours: SessionHours, days: Int64s) -> Int64s:
    """Return the spans of hours on some days, those of the first hours before these are, too."""
    begins = np.searchsorted(days, [since for since, _ in hours[1:]])
    of_hours = zip(np.split(days, begins), hours, strict=False)
    spans = [(some[:, None, None] * DAY + np.array(own)).reshape(-1, 2) for some, (_, own) in of_hours]
    return np.concatenate([np.empty((0, 2), np.int64), *spans])
