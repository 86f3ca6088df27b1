"""Converts Excel serials and texts of times to milliseconds since 1970-01-01, and tells the form of such a text."""

from __future__ import annotations

import datetime as dt
import math
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from pipeline.times import FIRST_DAY, MILLISECOND, moment_of

if TYPE_CHECKING:
    from pipeline.conversion.rules import DateOrder
    from pipeline.ticks import Float64s, Int64s

MS_PER_DAY: Final = 86_400_000
_MS_PER_MINUTE: Final = 60_000
_DAY: Final = float(MS_PER_DAY)
# Day 0 of the 1900 system as Excel counts from 1 March 1900 on is 1899-12-30; 1904-01-01 is day 1462 of it.
_EPOCH_MS: Final = -25569 * MS_PER_DAY
_EPOCH_1904_DAYS: Final = 1462.0
# Before 1 March 1900 the 1900 system has a day that never was; below day 1 of the 1904 system there is no date.
FIRST_MS_1900: Final = _EPOCH_MS + 61 * MS_PER_DAY
FIRST_MS_1904: Final = _EPOCH_MS + 1463 * MS_PER_DAY
# Nanoseconds since 1970 end in April 2262.
END_MS: Final = 9_214_646_400_000
# A number without a date format is a date from 1990-01-01 on and before 2100-01-01.
EARLIEST_PLAIN_MS: Final = 7_305 * MS_PER_DAY
LATEST_PLAIN_MS: Final = 47_482 * MS_PER_DAY
FIRST_SERIAL, END_SERIAL = 32_874, 73_051
"""A number without a date format is a date from 1990-01-01 up to 2100-01-01."""
EPOCHS: Final = ((1000, 1), (1, 1), (1, 1_000), (1, 1_000_000))
"""Of seconds, ms, us and ns since 1970: how many ms one is, or how many of them a ms has."""
_LONGEST: Final = 255
# Zones change their offset at quarters of an hour, of UTC too.
_QUARTER: Final = 15 * _MS_PER_MINUTE

_DATES: Final = (
    *("Y-m-d", "Y/m/d", "Y.m.d", "Yne", "d.m.Y"),
    *("d-b-Y", "d b Y", "d/b/Y", "b d, Y", "b d Y", "b-d-Y", "Y-b-d"),
)
_DATES_BY_ORDER: Final = {"dmy": ("d/m/Y", "d-m-Y"), "mdy": ("m/d/Y", "m-d-Y")}
DAY_AND_MONTH: Final = tuple(form[:3] for forms in _DATES_BY_ORDER.values() for form in forms)
"""How the forms begin whose order of day and month the text does not tell."""

_CLOCK: Final = re.compile(
    r"(?P<gap>T|, ?| {1,2})?\d{1,2}:\d\d(?P<second>:\d\d(?:[.,]\d{1,9})?)?(?P<half> ?[AaPp][Mm])?"
    r"(?P<zone> ?(?:Z|[+-]\d\d(?::?\d\d)?))?\Z",
    re.ASCII,
)
# No-break, figure, thin and narrow no-break ones, as browsers and newer systems write them before AM and PM.
_BLANKS: Final = str.maketrans(dict.fromkeys("\u00a0\u2007\u2009\u202f", " "))
_DIGITS: Final = {"Y": 4, "n": 2, "e": 2, "M": 2, "S": 2}
_LETTERS: Final = {
    **{letter: rf"(\d{{{digits}}})" for letter, digits in _DIGITS.items()},
    **dict.fromkeys("mdH", r"(\d{1,2})"),
    "b": "([A-Za-z]{3,9})",
    "f": r"((?:[.,]\d{1,9})?)",
    "p": "([AaPp][Mm])",
    "z": r"(Z|[+-]\d\d(?::?\d\d)?)",
}
MONTHS: Final = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
"""English names; a text has the first three letters of one, or more of them."""


class Field(NamedTuple):
    """Where a letter of a form (`form_of`) stands in a text."""

    letter: str
    start: int
    end: int


class TimeText(NamedTuple):
    """What a text says that is a date, a time of day or both, and its form (`form_of`).

    day: midnight, ms since 1970. clock: ms since midnight. offset: ms that its zone is ahead of UTC. None: not in it.
    """

    form: str
    day: int | None
    clock: int | None
    offset: int | None


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


def form_of(text: str, order: DateOrder | None = None) -> str | None:
    """Return the form of a time text, such as `Y-m-d H:M:Sf`; None for a text that is no time.

    Letters: Y year of 4 digits; m, d month and day of 1 or 2 digits; n, e the same of exactly 2; b English month, 3
    letters of it or more, in any case; H hour of 1 or 2 digits; M, S minute and second of 2; f fraction of a second,
    nothing or `.` or `,` and 1 to 9 digits; p AM or PM, in any case; z zone, Z, +hh:mm, +hhmm, +hh or with -. Others
    are themselves.
    """
    time = parse_time(text, order)
    return None if time is None else time.form


def parse_time(text: str, order: DateOrder | None = None, likely: str | None = None) -> TimeText | None:
    """Return what a time text says, digits beyond the millisecond cut; None for a text that is no time.

    Args:
        text: The cell's text; blanks around it do not count.
        order: Of day and month where both are numbers and the year comes last; None: the first that is a date.
        likely: A form that is tried before the others.
    """
    if len(text) > _LONGEST:
        return None
    text = text.strip()
    if not text.isascii():
        text = text.translate(_BLANKS)
    if likely is not None and (time := _read(likely, text)) is not None:
        return time
    clock = _CLOCK.search(text)
    if clock is not None and bool(clock["gap"]) == (clock.start() == 0):
        return None
    if clock is not None and clock.start() == 0:
        return _read(_form_of_clock(clock), text)
    rest = "" if clock is None else _form_of_clock(clock)
    orders = _DATES_BY_ORDER if order is None else (order,)
    dates = (*_DATES, *(date for each in orders for date in _DATES_BY_ORDER[each]))
    return next(filter(None, (_read(date + rest, text) for date in dates)), None)


def fields_of(text: str, order: DateOrder | None = None) -> tuple[str, list[Field]] | None:
    """Return the form of a time text, and its letters with their places; None for a text that is no time.

    None too where the text does not tell day from month and no order does, and for one with blanks around it.
    """
    time = parse_time(text, order)
    if time is None or (order is None and time.form.startswith(DAY_AND_MONTH)):
        return None
    letters, pattern = _pattern(time.form)
    match = pattern.fullmatch(text)
    fields = match and [Field(letter, *match.span(number)) for number, letter in enumerate(letters, start=1)]
    return (time.form, fields) if fields else None


def epoch_ms(number: int) -> int | None:
    """Return ms of UTC since 1970 of a count of s, ms, us or ns since then; None where that is not 1990 to 2099."""
    return next(
        (number * ms // units for ms, units in EPOCHS if EARLIEST_PLAIN_MS <= number * ms // units < LATEST_PLAIN_MS),
        None,
    )


def to_clock(utc: Int64s, time_zone: str) -> Int64s:
    """Return moments of UTC, ms since 1970, on the clock of a time zone."""
    from zoneinfo import ZoneInfo  # not needed for most sheets

    zone = ZoneInfo(time_zone)
    quarters = utc // _QUARTER
    starts = np.flatnonzero(np.diff(quarters, prepend=quarters[:1] - 1))
    offsets: dict[int, int] = {}
    for quarter in set(quarters[starts].tolist()):
        moment = moment_of(quarter * _QUARTER * MILLISECOND).replace(tzinfo=dt.UTC)
        offsets[quarter] = (moment.astimezone(zone).utcoffset() or dt.timedelta()) // dt.timedelta(milliseconds=1)
    of_runs = np.array([offsets[quarter] for quarter in quarters[starts].tolist()], np.int64)
    clock: Int64s = utc + np.repeat(of_runs, np.diff(starts, append=len(utc)))
    return clock


def day_of_month(moment_ms: int) -> int:
    """Return the day of a moment's month."""
    return moment_of(moment_ms * MILLISECOND).day


def days_of_month(moments: Int64s) -> Int64s:
    """Return the day of each moment's month."""
    dates = (moments // MS_PER_DAY).astype("datetime64[D]")
    days: Int64s = (dates - dates.astype("datetime64[M]")).astype(np.int64) + 1
    return days


def as_text(moment_ms: int) -> str:
    """Return a moment as ISO text, milliseconds only where there are some."""
    return moment_of(moment_ms * MILLISECOND).isoformat(" ", "milliseconds").removesuffix(".000")


def _form_of_clock(clock: re.Match[str]) -> str:
    """Return the form of a clock, of the gap before it and of the zone behind it."""
    half, zone = clock["half"] or "", clock["zone"] or ""
    blank = " " if zone.startswith(" ") else ""
    second = ":Sf" if clock["second"] else ""
    return f"{clock['gap'] or ''}H:M{second}{half[:-2]}{'p' if half else ''}{blank}{'z' if zone else ''}"


@lru_cache(maxsize=1024)
def _pattern(form: str) -> tuple[str, re.Pattern[str]]:
    """Return the letters of a form and the expression of its texts, with a group for each."""
    letters = "".join(character for character in form if character in _LETTERS)
    expression = "".join(_LETTERS.get(character) or re.escape(character) for character in form)
    return letters, re.compile(expression, re.ASCII)


def _read(form: str, text: str) -> TimeText | None:
    """Return what a text of this form says; None for another text, and for a date or time that there is not."""
    letters, pattern = _pattern(form)
    match = pattern.fullmatch(text)
    if match is None:
        return None
    parts = dict(zip(letters, match.groups(), strict=True))
    get = parts.get
    try:
        day = _midnight(get("Y"), get("b") or get("m") or get("n"), get("d") or get("e")) if "Y" in parts else None
        clock = _clock_of(parts) if "H" in parts else None
        offset = _offset_of(parts["z"]) if "z" in parts else None
    except ValueError:
        return None
    return TimeText(form, day, clock, offset)


@lru_cache(maxsize=4096)
def _midnight(year: str, month: str, day: str) -> int:
    month_number = int(month) if month.isdigit() else _month_of(month.lower())
    return (dt.date(int(year), month_number, int(day)) - FIRST_DAY).days * MS_PER_DAY


def _month_of(word: str) -> int:
    return 1 + [name.startswith(word) for name in MONTHS].index(True)


def _clock_of(parts: dict[str, str]) -> int:
    hour = int(parts["H"])
    if "p" in parts:
        if not 1 <= hour <= 12:  # noqa: PLR2004 - of a clock's face
            raise ValueError(hour)
        hour = hour % 12 + (12 if parts["p"][0] in "Pp" else 0)
    clock = _minutes(hour, int(parts["M"])) * _MS_PER_MINUTE
    second = int(parts.get("S", 0))
    if second >= 60:  # noqa: PLR2004
        raise ValueError(second)
    return clock + second * 1000 + int(f"{parts.get('f', '')[1:]}000"[:3])


def _offset_of(zone: str) -> int:
    if zone == "Z":
        return 0
    offset = _minutes(int(zone[1:3]), int(zone[3:].removeprefix(":") or 0)) * _MS_PER_MINUTE
    return -offset if zone[0] == "-" else offset


def _minutes(hours: int, minutes: int) -> int:
    if hours >= 24 or minutes >= 60:  # noqa: PLR2004
        raise ValueError(hours, minutes)
    return hours * 60 + minutes
