"""Parses numbers, serials and times letter by letter; compiled as it stands, and run as plain Python, with one result.

Each letter is compared before the next one is read, and the last is a NUL or "<", which no value holds, so nothing is
read past the end. A parser returns where the value ends, or UNSUPPORTED for one that it leaves to the row reader.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    Letters: TypeAlias = Sequence[int]
    Words: TypeAlias = NDArray[np.int64]

UNSUPPORTED: Final = -1
_SPACE, _PLUS, _MINUS, _DOT, _COMMA, _ZERO, _NINE, _COLON = tuple(b" +-.,09:")
_YEAR, _MONTH, _MONTH_2, _MONTH_NAME, _DAY, _DAY_2 = tuple(b"Ymnbde")
_HOUR, _MINUTE, _SECOND, _FRACTION, _HALF, _ZONE = tuple(b"HMSfpz")
_A, _P, _M, _Z, _EXPONENT, _LOW_CASE = tuple(b"APMZE ")
_LARGEST_SIZE: Final = 2**53
# Seventeen digits, which is all that writers write, and as many decimals as powers of ten are exact.
_ROOM_FOR_A_DIGIT: Final = 10**16
_MOST_DECIMALS: Final = 22
_LAST_DAY: Final = 4_000_000
_MS_PER_DAY: Final = 86_400_000
# A part of a day is taken to eleven decimals, under a microsecond; where that is near half a millisecond, how a double
# would be rounded is left to those who read doubles.
_DAY_DECIMALS: Final = 11
_PER_MS: Final = 10**11
_HALF_MS: Final = 5 * 10**10
_DOUBTFUL: Final = 5 * 10**8
# Years of which every day counts from 1970 on, and in nanoseconds.
_FIRST_YEAR, _LAST_YEAR = 1970, 2261
_MONTHS, _HOURS, _MINUTES = 12, 24, 60
_DAYS_TO_1970: Final = 719_468
MONTH_NAMES: Final = 32
MONTH_ENDS: Final = 48
"""In the layout: where the first three letters of the months stand, each as one number, and the letters behind them."""


def expect(xml: Letters, at: int, token: int) -> int:
    """Return where a token ends, up to eight letters as one number; UNSUPPORTED when it does not stand at `at`."""
    while token != 0:
        if xml[at] != token & 255:
            return UNSUPPORTED
        token >>= 8
        at += 1
    return at


def parse_number(xml: Letters, at: int, most: int) -> tuple[int, int]:
    """Return a whole number of at most so many digits and where it ends, which is its beginning when it is none."""
    value = 0
    end = at
    while end - at < most and _ZERO <= xml[end] <= _NINE:
        value = value * 10 + (xml[end] - _ZERO)
        end += 1
    return value, end


def parse_serial(xml: Letters, at: int) -> tuple[int, int, int]:
    """Return a serial's day, its part of a day as milliseconds, rounded, and where it ends."""
    day, end = parse_number(xml, at, 8)
    if end == at or day > _LAST_DAY:
        return 0, 0, UNSUPPORTED
    part = 0
    decimals = 0
    if xml[end] == _DOT:
        start = end + 1
        part, end = parse_number(xml, start, _DAY_DECIMALS)
        decimals = end - start
        if decimals == 0:
            return 0, 0, UNSUPPORTED
        while _ZERO <= xml[end] <= _NINE:
            end += 1
    while decimals < _DAY_DECIMALS:
        part *= 10
        decimals += 1
    part *= _MS_PER_DAY
    if _HALF_MS - _DOUBTFUL < part % _PER_MS < _HALF_MS + _DOUBTFUL:
        return 0, 0, UNSUPPORTED
    return day, (part + _HALF_MS) // _PER_MS, end


def parse_decimal(xml: Letters, at: int) -> tuple[int, int, int]:
    """Return a decimal number as a whole number of tenths, hundredths ..., how many decimals, and where it ends."""
    value, end = parse_number(xml, at, 17)
    decimals = 0
    if end == at:
        return 0, 0, UNSUPPORTED
    if xml[end] == _DOT:
        start = end + 1
        end = start
        while _ZERO <= xml[end] <= _NINE and value < _ROOM_FOR_A_DIGIT and end - start < _MOST_DECIMALS:
            value = value * 10 + (xml[end] - _ZERO)
            end += 1
        decimals = end - start
        if decimals == 0:
            return 0, 0, UNSUPPORTED
    if xml[end] | _LOW_CASE == _EXPONENT | _LOW_CASE:
        is_negative = xml[end + 1] == _MINUS
        start = end + 2 if is_negative or xml[end + 1] == _PLUS else end + 1
        exponent, end = parse_number(xml, start, 3)
        if end == start:
            return 0, 0, UNSUPPORTED
        decimals += exponent if is_negative else -exponent
        while decimals < 0 and value < _ROOM_FOR_A_DIGIT and value != 0:
            value *= 10
            decimals += 1
        if value == 0:
            decimals = 0
        if not 0 <= decimals <= _MOST_DECIMALS:
            return 0, 0, UNSUPPORTED
    return value, decimals, end


def whole_of(value: int, decimals: int) -> int:
    """Return a decimal number as a number of shares; UNSUPPORTED for one that is not whole or that no double holds."""
    while decimals > 0 and value % 10 == 0:
        value //= 10
        decimals -= 1
    return value if decimals == 0 and value <= _LARGEST_SIZE else UNSUPPORTED


def parse_month_name(xml: Letters, at: int, layout: Words) -> tuple[int, int]:
    """Return the month whose English name begins with the letters at `at`, three or more, and where they end."""
    letters = 0
    end = at
    while end - at < 3 and (_A <= xml[end] <= _Z or _A <= xml[end] - _LOW_CASE <= _Z):  # noqa: PLR2004 - three letters
        letters = letters << 8 | xml[end] | _LOW_CASE
        end += 1
    month = 1
    while month <= _MONTHS:
        if letters == layout[MONTH_NAMES + month]:
            rest = layout[MONTH_ENDS + month]
            while rest != 0 and xml[end] | _LOW_CASE == rest & 255:
                rest >>= 8
                end += 1
            return month, end
        month += 1
    return 0, UNSUPPORTED


def parse_zone(xml: Letters, at: int) -> tuple[int, int]:
    """Return an offset from UTC in minutes and where it ends: Z, +04:00, +0400 or +04."""
    if xml[at] == _Z:
        return 0, at + 1
    if xml[at] != _PLUS and xml[at] != _MINUS:
        return 0, UNSUPPORTED
    hours, end = parse_number(xml, at + 1, 2)
    if end - at != 3 or hours >= _HOURS:  # noqa: PLR2004 - a sign and two digits
        return 0, UNSUPPORTED
    start = end + 1 if xml[end] == _COLON else end
    minutes, end = parse_number(xml, start, 2)
    if end == start and xml[end - 1] != _COLON:
        minutes = 0
    elif end - start != 2 or minutes >= _MINUTES:  # noqa: PLR2004 - two digits
        return 0, UNSUPPORTED
    offset = hours * _MINUTES + minutes
    return -offset if xml[at] == _MINUS else offset, end


def parse_fraction(xml: Letters, at: int) -> tuple[int, int]:
    """Return a fraction of a second as milliseconds, cut, and where it ends; no point or comma is no fraction."""
    if xml[at] != _DOT and xml[at] != _COMMA:
        return 0, at
    value, end = parse_number(xml, at + 1, 3)
    digits = end - at - 1
    while digits < 3:  # noqa: PLR2004 - milliseconds
        if digits == 0:
            return 0, UNSUPPORTED
        value *= 10
        digits += 1
    _, end = parse_number(xml, end, 6)
    return value, end


def day_of(year: int, month: int, day: int) -> int:
    """Return a date as a day since 1970-01-01; UNSUPPORTED for one that there is not, or of other years."""
    is_leap = (year % 4 == 0 and year % 100 != 0) or year % 400 == 0
    longest = 28 if month == 2 else 30 if month in (4, 6, 9, 11) else 31  # noqa: PLR2004 - months
    if month == 2 and is_leap:  # noqa: PLR2004 - February
        longest = 29
    if not (_FIRST_YEAR <= year <= _LAST_YEAR and 1 <= month <= _MONTHS and 1 <= day <= longest):
        return UNSUPPORTED
    # Years from March on, so that a leap day is a year's last; the months of such a year have 153 days in every five.
    before_march = 1 if month <= 2 else 0  # noqa: PLR2004 - February
    years = year - before_march
    months = month + 12 * before_march - 3
    return years * 365 + years // 4 - years // 100 + years // 400 + (153 * months + 2) // 5 + day - 1 - _DAYS_TO_1970


def parse_time(  # noqa: C901, PLR0911, PLR0912 - a letter of a form each
    xml: Letters, at: int, forms: Letters, form: int, layout: Words
) -> tuple[int, int, int, int]:
    """Return a time text of this form as a day since 1970, milliseconds, minutes ahead of UTC, and where it ends."""
    year, month, day = 1970, 1, 1
    ms, hour, offset = 0, 0, 0
    half = 0
    while forms[form] != 0:
        letter = forms[form]
        form += 1
        value = 0
        if letter in (_MINUTE, _SECOND, _MONTH_2, _DAY_2):
            value, end = parse_number(xml, at, 2)
            if end - at != 2:  # noqa: PLR2004 - two digits
                return 0, 0, 0, UNSUPPORTED
        elif letter in (_HOUR, _MONTH, _DAY):
            value, end = parse_number(xml, at, 2)
        elif letter == _YEAR:
            value, end = parse_number(xml, at, 4)
            if end - at != 4:  # noqa: PLR2004 - four digits
                return 0, 0, 0, UNSUPPORTED
        elif letter == _FRACTION:
            value, end = parse_fraction(xml, at)
            ms += value
        elif letter == _ZONE:
            offset, end = parse_zone(xml, at)
        elif letter == _MONTH_NAME:
            month, end = parse_month_name(xml, at, layout)
        elif letter == _HALF:
            half = 1 if xml[at] | _LOW_CASE == _A | _LOW_CASE else 2 if xml[at] | _LOW_CASE == _P | _LOW_CASE else 0
            end = at + 2 if half != 0 and xml[at + 1] | _LOW_CASE == _M | _LOW_CASE else UNSUPPORTED
        else:
            end = at + 1 if xml[at] == letter else UNSUPPORTED
        if end == UNSUPPORTED or (end == at and letter != _FRACTION):
            return 0, 0, 0, UNSUPPORTED
        at = end
        if letter == _YEAR:
            year = value
        elif letter in (_MONTH, _MONTH_2):
            month = value
        elif letter in (_DAY, _DAY_2):
            day = value
        elif letter == _HOUR:
            hour = value
        elif letter == _MINUTE:
            if value >= _MINUTES:
                return 0, 0, 0, UNSUPPORTED
            ms += value * 60_000
        elif letter == _SECOND:
            if value >= _MINUTES:
                return 0, 0, 0, UNSUPPORTED
            ms += value * 1_000
    if half != 0:
        if not 1 <= hour <= 12:  # noqa: PLR2004 - on a clock's face
            return 0, 0, 0, UNSUPPORTED
        hour = hour % 12 + 12 * (half - 1)
    date = day_of(year, month, day)
    if hour >= _HOURS or date == UNSUPPORTED:
        return 0, 0, 0, UNSUPPORTED
    return date, ms + hour * 3_600_000, offset, at
