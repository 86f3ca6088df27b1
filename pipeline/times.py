"""Time as the project counts it, ns since 1970-01-01 on the exchange's clock: units, days as dates, ISO text."""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import Final

MILLISECOND: Final = 1_000_000
SECOND: Final = 1_000 * MILLISECOND
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
"""Lengths of time, ns."""

FARTHEST_DAY: Final = 53_000
"""Days before and after 1970-01-01 that a replay takes: a time and a length of time then add up in 64 bits."""

WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

FIRST_DAY: Final = dt.date(1970, 1, 1)
_MIDNIGHT: Final = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - exchange-local, as every time here is


@cache
def date_of(day: int) -> dt.date:
    """Return a day since 1970-01-01 as a date."""
    return FIRST_DAY + dt.timedelta(days=day)


def moment_of(time: int) -> dt.datetime:
    """Return ns since 1970-01-01 as date and time of day, cut to microseconds."""
    return _MIDNIGHT + dt.timedelta(microseconds=time // 1_000)


def iso(time: int) -> str:
    """Return ns since 1970-01-01 as ISO text, cut to the millisecond."""
    return moment_of(time).isoformat(timespec="milliseconds")
