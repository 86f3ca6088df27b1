"""Reads a column of time texts all at once, as `timestamps.parse_time` reads one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.conversion.timestamps import DAY_AND_MONTH, MONTHS, MS_PER_DAY, fields_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pipeline.conversion.rules import DateOrder
    from pipeline.conversion.timestamps import Field
    from pipeline.ticks import Int64s

    Bytes = NDArray[np.uint8]
    Mask = NDArray[np.bool_]

_LONGEST: Final = 64
_MOST_FORMS: Final = 16
"""Of texts of one length in one block; those of others are left to be read one by one."""

_FIRST_YEAR: Final = 1900
_YEARS: Final = 363
_LETTER_CASE: Final = 0x20


def _calendar() -> tuple[Int64s, Bytes]:
    """Return the day since 1970 on which each month begins, and how many days it has, from January 1900 on."""
    months = np.arange(f"{_FIRST_YEAR}-01", f"{_FIRST_YEAR + _YEARS}-02", dtype="datetime64[M]")
    firsts = months.astype("datetime64[D]").astype(np.int64)
    return firsts[:-1], np.diff(firsts).astype(np.uint8)


_FIRSTS, _LENGTHS = _calendar()


@dataclass(slots=True)
class TimeTexts:
    """What texts say, in ms: midnight of the day since 1970, time of day, what their zone is ahead of UTC.

    has_day, has_clock, has_offset: of which texts that is so; a text that cannot be read has none of them. has_order:
    which were read by the order of day and month.
    """

    day: Int64s
    clock: Int64s
    offset: Int64s
    has_day: Mask
    has_clock: Mask
    has_offset: Mask
    has_order: Mask


def read_texts(data: Bytes, offsets: NDArray[np.int32], order: DateOrder | None) -> TimeTexts:
    """Return what texts say that stand one after the other in `data`, each from an offset up to the next."""
    count = len(offsets) - 1
    day, clock, offset = np.zeros((3, count), np.int64)
    times = TimeTexts(day, clock, offset, *np.zeros((4, count), bool))
    lengths = np.diff(offsets)
    for length in np.flatnonzero(np.bincount(lengths)[: _LONGEST + 1]).tolist():
        left = np.flatnonzero(lengths == length)
        letters = _letters(data, offsets, left, length)
        for _ in range(_MOST_FORMS):
            if not len(left) or not length:
                break
            text = letters[:, 0].tobytes().decode("latin-1")
            known = fields_of(text, order)
            if known is None:
                left, letters = left[1:], letters[:, 1:]
                continue
            form, fields = known
            unread = _read(letters, text, fields, left, times)
            if form.startswith(DAY_AND_MONTH):
                times.has_order[left[~unread]] = True
            left, letters = left[unread], letters[:, unread]
    return times


def _letters(data: Bytes, offsets: NDArray[np.int32], rows: Int64s, length: int) -> Bytes:
    """Return the texts of some rows, all of one length, a letter a line and a text a column."""
    if len(rows) == len(offsets) - 1:
        matrix = data[offsets[0] : offsets[-1]].reshape(len(rows), length)
    else:
        matrix = data[offsets[rows][:, None] + np.arange(length)]
    return np.ascontiguousarray(matrix.T)


def _read(letters: Bytes, text: str, fields: list[Field], rows: Int64s, times: TimeTexts) -> Mask:
    """Read the texts that have the same fields in the same places as `text`; return which were none of these."""
    right = np.ones(letters.shape[1], bool)
    places = {field.letter: letters[field.start : field.end] for field in fields}
    fixed = set(range(len(text))).difference(*(range(field.start, field.end) for field in fields))
    for place in fixed:
        right &= letters[place] == ord(text[place])
    day = clock = offset = None
    if "Y" in places:
        day = _days(places, right) * MS_PER_DAY
    if "H" in places:
        clock = _clocks(places, right)
    if "z" in places:
        offset = _offsets(places["z"], right)
    everything = bool(right.all())
    where: Any = slice(None) if everything and len(rows) == len(times.day) else rows[right]
    for values, known, read in (
        (times.day, times.has_day, day),
        (times.clock, times.has_clock, clock),
        (times.offset, times.has_offset, offset),
    ):
        if read is not None:
            values[where] = read if everything else read[right]
            known[where] = True
    return ~right


def _number(digits: Bytes, right: Mask) -> Any:
    """Return the numbers that lines of digits are; `right` becomes false where one is no digit."""
    values = digits - np.uint8(ord("0"))
    right &= values.max(axis=0) < 10  # noqa: PLR2004
    number = values[0] if len(values) <= 2 else values[0].astype(np.int32)  # noqa: PLR2004 - two digits fit a byte
    for line in values[1:]:
        number = number * number.dtype.type(10) + line
    return number


def _days(places: dict[str, Bytes], right: Mask) -> Int64s:
    """Return days since 1970-01-01."""
    year = _number(places["Y"], right) - _FIRST_YEAR
    if "b" in places:
        month = _month_names(places["b"], right)
    else:
        month = _number(places["m"] if "m" in places else places["n"], right)
    day = _number(places["d"] if "d" in places else places["e"], right)
    right &= (year >= 0) & (year < _YEARS) & (month >= 1) & (month <= 12)  # noqa: PLR2004
    of_month = np.where(right, year * 12 + month - 1, 0)
    right &= (day >= 1) & (day <= _LENGTHS[of_month])
    days: Int64s = _FIRSTS[of_month] + day - 1
    return days


def _month_names(letters: Bytes, right: Mask) -> Any:
    lower = letters | _LETTER_CASE
    month = np.zeros(letters.shape[1], np.int32)
    for number, name in enumerate(MONTHS, start=1):
        if len(name) >= len(lower):
            month[np.logical_and.reduce([line == ord(letter) for line, letter in zip(lower, name, strict=False)])] = (
                number
            )
    right &= month > 0
    return month


def _clocks(places: dict[str, Bytes], right: Mask) -> Int64s:
    """Return ms since midnight."""
    hour, minute = _number(places["H"], right), _number(places["M"], right)
    right &= minute < 60  # noqa: PLR2004
    if "p" in places:
        half = places["p"][0] | _LETTER_CASE
        right &= ((half == ord("a")) | (half == ord("p"))) & ((places["p"][1] | _LETTER_CASE) == ord("m"))
        right &= (hour >= 1) & (hour <= 12)  # noqa: PLR2004
        hour = hour % np.uint8(12) + np.where(half == ord("p"), np.uint8(12), np.uint8(0))
    right &= hour < 24  # noqa: PLR2004
    clock: Int64s = (hour.astype(np.int64) * 60 + minute) * 60_000
    if "S" in places:
        second = _number(places["S"], right)
        right &= second < 60  # noqa: PLR2004
        clock += second.astype(np.int32) * 1000
    fraction = places.get("f")
    if fraction is not None and len(fraction) > 1:
        right &= (fraction[0] == ord(".")) | (fraction[0] == ord(","))
        _number(fraction[1:], right)
        of_second = _number(fraction[1:4], right).astype(np.int32)
        clock += of_second * 10 ** (3 - len(fraction[1:4]))
    return clock


def _offsets(zone: Bytes, right: Mask) -> Int64s:
    """Return ms that zones such as Z, +04:00, -0500 and +04 are ahead of UTC."""
    if len(zone) == 1:
        right &= zone[0] == ord("Z")
        return np.zeros(zone.shape[1], np.int64)
    right &= (zone[0] == ord("+")) | (zone[0] == ord("-"))
    if len(zone) == len("+hh:mm"):
        right &= zone[3] == ord(":")
    hours = _number(zone[1:3], right)
    minutes = _number(zone[-2:], right) if len(zone) > len("+hh") else np.zeros_like(hours)
    right &= (hours < 24) & (minutes < 60)  # noqa: PLR2004
    offset: Int64s = (hours.astype(np.int64) * 60 + minutes) * 60_000
    offset[zone[0] == ord("-")] *= -1
    return offset
