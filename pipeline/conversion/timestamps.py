"""Converts Excel serials and ISO texts to milliseconds since 1970-01-01 on the exchange's clock."""

from __future__ import annotations

import datetime as dt
import math
import re
from typing import TYPE_CHECKING, Final

import numpy as np

from pipeline.times import FIRST_DAY, MILLISECOND, moment_of

if TYPE_CHECKING:
    from pipeline.ticks import Float64s

MS_PER_DAY: Final = 86_400_000
_DAY: Final = float(MS_PER_DAY)
# Day 0 of the 1900 system as Excel counts from 1 March 1900 on is 1899-12-30; 1904-01-01 is day 1462 of it.
_EPOCH_MS: Final = -25569 * MS_PER_DAY
_EPOCH_1904_DAYS: Final = 1462.0
# Before 1 March 1900 the 1900 system has a day that never was; below day 1 of the 1904 system there is no date.
FIRST_MS_1900: Final = _EPOCH_MS + 61 * MS_PER_DAY
FIRST_MS_1904: Final = _EPOCH_MS + 1463 * MS_PER_DAY
# Nanoseconds since 1970 end in April 2262.
END_MS: Final = 9_214_646_400_000
_LONGEST: Final = 255
_ISO: Final = re.compile(
    r"(?P<date>\d{4}-\d{2}-\d{2})?(?P<gap>[T ](?=\d))?(?P<time>\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)?", re.ASCII
)


def first_ms(*, date1904: bool) -> int:
    """Return the earliest moment that is read as a date under the workbook's epoch."""
    return FIRST_MS_1904 if date1904 else FIRST_MS_1900


def day_zero_ms(*, date1904: bool) -> int:
    """Return the moment that a serial of 0 stands for."""
    return _EPOCH_MS + int(_EPOCH_1904_DAYS) * MS_PER_DAY if date1904 else _EPOCH_MS


def serial_ms(serial: float, *, date1904: bool) -> int | None:
    """Return the moment of an Excel serial, rounded to the nearest millisecond; None when it is not a date in range."""
    if not math.isfinite(serial):
        return None
    days = serial + _EPOCH_1904_DAYS if date1904 else serial
    moment = math.floor(days * _DAY + 0.5) + _EPOCH_MS
    return moment if first_ms(date1904=date1904) <= moment < END_MS else None


def serials_ms(serials: Float64s, *, date1904: bool) -> Float64s:
    """Return the moments of many serials as `serial_ms` does, as whole numbers that may lie out of range."""
    days = serials + _EPOCH_1904_DAYS if date1904 else serials
    moments: Float64s = np.floor(days * _DAY + 0.5) + _EPOCH_MS
    return moments


def serial_day_ms(serial: float, *, date1904: bool) -> int | None:
    """Return midnight of a serial's day; None when it is not a date in range."""
    return serial_ms(math.floor(serial), date1904=date1904) if math.isfinite(serial) else None


def serial_clock_ms(serial: float) -> int | None:
    """Return a serial's time of day, rounded to the nearest millisecond (midnight may come out as a whole day)."""
    if not math.isfinite(serial) or serial < 0:
        return None
    return math.floor((serial - math.floor(serial)) * _DAY + 0.5)


def iso_ms(text: str) -> int | None:
    """Return the moment of an ISO text `YYYY-MM-DD[( |T)HH:MM[:SS[.fff]]]`, further digits cut; None for any other."""
    parts = _split(text)
    if parts is None or parts[0] is None:
        return None
    moment = parts[0] + (parts[1] or 0)
    return moment if FIRST_MS_1900 <= moment < END_MS else None


def iso_day_ms(text: str) -> int | None:
    """Return midnight of the day of an ISO date or moment."""
    parts = _split(text)
    return None if parts is None else parts[0]


def iso_clock_ms(text: str) -> int | None:
    """Return the time of day of an ISO time or moment; None for a date alone."""
    parts = _split(text)
    return None if parts is None else parts[1]


def as_text(moment_ms: int) -> str:
    """Return a moment as ISO text, milliseconds only where there are some."""
    return moment_of(moment_ms * MILLISECOND).isoformat(" ", "milliseconds").removesuffix(".000")


def _split(text: str) -> tuple[int | None, int | None] | None:
    match = _ISO.fullmatch(text.strip()) if len(text) <= _LONGEST else None
    if match is None or bool(match["gap"]) != bool(match["date"] and match["time"]):
        return None
    try:
        day = None if match["date"] is None else (dt.date.fromisoformat(match["date"]) - FIRST_DAY).days * MS_PER_DAY
        clock = None if match["time"] is None else _clock(match["time"])
    except ValueError:
        return None
    return None if day is None and clock is None else (day, clock)


def _clock(text: str) -> int:
    whole, _, fraction = text.partition(".")
    time = dt.time.fromisoformat(whole)
    return ((time.hour * 60 + time.minute) * 60 + time.second) * 1000 + int(f"{fraction}000"[:3] or 0)
