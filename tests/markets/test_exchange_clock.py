"""Times of an exchange's clock in UTC: over changes of the clock, with days from the evening before on, in order."""

from __future__ import annotations

import datetime as dt
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.markets.exchange_clock import UTC, ExchangeClock
from tests.made import HOUR, SECOND

NEW_YORK: Final = ExchangeClock("America/New_York")
CHICAGO: Final = ExchangeClock("America/Chicago", 7 * HOUR)
LORD_HOWE: Final = ExchangeClock("Australia/Lord_Howe")
START: Final = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - of a clock without a zone
ZONES: Final = (
    "America/New_York",
    "Europe/London",
    "Asia/Tokyo",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Africa/Cairo",
)


def ns(text: str) -> int:
    """Return ISO text as ns since 1970."""
    return (dt.datetime.fromisoformat(text) - START) // dt.timedelta(seconds=1) * SECOND


@pytest.mark.parametrize(
    ("clock", "local", "utc"),
    [
        (UTC, "2025-03-07T10:00:00", "2025-03-07T10:00:00"),
        (NEW_YORK, "2025-03-07T10:00:00", "2025-03-07T15:00:00"),
        (NEW_YORK, "2025-03-10T10:00:00", "2025-03-10T14:00:00"),
        (NEW_YORK, "2025-03-09T01:59:59", "2025-03-09T06:59:59"),
        (NEW_YORK, "2025-03-09T02:30:00", "2025-03-09T07:00:00"),
        (NEW_YORK, "2025-03-09T03:00:00", "2025-03-09T07:00:00"),
        (NEW_YORK, "2025-11-02T00:59:59", "2025-11-02T04:59:59"),
        (NEW_YORK, "2025-11-02T01:00:00", "2025-11-02T06:00:00"),
        (NEW_YORK, "2025-11-02T02:00:00", "2025-11-02T07:00:00"),
        (LORD_HOWE, "2025-04-06T01:29:59", "2025-04-05T14:29:59"),
        (LORD_HOWE, "2025-04-06T01:30:00", "2025-04-05T15:00:00"),
        (CHICAGO, "2025-01-14T00:00:00", "2025-01-13T23:00:00"),
        (CHICAGO, "2025-07-14T23:00:00", "2025-07-14T21:00:00"),
    ],
)
def test_a_time_in_utc(clock: ExchangeClock, local: str, utc: str) -> None:
    assert clock.utc(np.array([[ns(local)]])).tolist() == [[ns(utc)]]


@given(st.sampled_from(ZONES), st.lists(st.integers(-(10**9), 4 * 10**9), max_size=9))
def test_every_time_is_the_later_one_that_its_clock_shows_and_none_passes_another(
    name: str, seconds: list[int]
) -> None:
    zone, times = ZoneInfo(name), np.array(sorted(seconds), np.int64) * SECOND
    utc = ExchangeClock(name).utc(times)
    assert (np.diff(utc) >= 0).all()
    for time, moment in zip(times.tolist(), utc.tolist(), strict=True):
        local = START + dt.timedelta(seconds=time // SECOND)
        expected = local.replace(tzinfo=zone, fold=1).astimezone(dt.UTC)
        if expected.astimezone(zone).replace(tzinfo=None) == local:
            assert moment == ns(expected.replace(tzinfo=None).isoformat())
