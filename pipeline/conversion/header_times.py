"""Tells from the cells below two columns of times whether they are a day and its time of day, or one is enough."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias

from pipeline.conversion.timestamps import (
    EARLIEST_PLAIN_MS,
    END_SERIAL,
    FIRST_SERIAL,
    MS_PER_DAY,
    parse_time,
    serial_clock_ms,
    serial_day_ms,
)

if TYPE_CHECKING:
    from pipeline.conversion.headers import Head

Reading: TypeAlias = Literal["pair", "date", "clock", "other day", "contradiction"]
"""How a column of days and one of times of day are read: both, or the one that says what both do. Where the second has
days of its own, or the first other times of day than the second, they contradict each other."""

_CLOCK_SERIALS: Final = 2
"""Below it Excel's number is a time of day: some programs count its day as 1."""

_MS_PER_MINUTE: Final = 60_000
_WEEK: Final = 7


class _Parts(NamedTuple):
    """The day and the time of day of a cell, ms; None where it has none."""

    day: int | None
    clock: int | None


def reading_of(head: Head, header_row: int, date: int, clock: int) -> Reading:
    """Return how a column of days and one of times of day are read; without a cell below, the headers count."""
    rows = [
        (day, time)
        for row in _below(head, header_row)
        if any(day := _parts_of(row.get(date, ""))) and any(time := _parts_of(row.get(clock, "")))
    ]
    if any(day.clock for day, _ in rows):
        return "date" if all(map(_says_all, rows)) else "contradiction"
    if any(time.day is not None for _, time in rows):
        return "clock" if all(day.day == time.day for day, time in rows) else "other day"
    return "pair"


def has_time_of_day(head: Head, header_row: int, column: int) -> bool:
    """Return whether a cell below a header holds a day with a time of day other than midnight."""
    parts = (_parts_of(row.get(column, "")) for row in _below(head, header_row))
    return any(each.day is not None and each.clock for each in parts)


def is_clock_of(head: Head, header_row: int, date: int, column: int) -> bool:
    """Return whether a column holds times of day, and another days without any."""
    rows = [(_parts_of(row.get(date, "")), _parts_of(row.get(column, ""))) for row in _below(head, header_row)]
    whole = [(day, time) for day, time in rows if day.day is not None]
    return bool(whole) and all(not day.clock and time.day is None and time.clock for day, time in whole)


def holds_times(head: Head, header_row: int, column: int) -> bool:
    """Return whether all cells of a column that are not blank hold times: with a day, or as texts."""
    texts = [text for row in _below(head, header_row) if (text := row.get(column, "").strip())]
    times = [(_parts_of(text), ":" in text) for text in texts]
    return bool(times) and all(each.clock and (each.day is not None or is_text) for each, is_text in times)


def counts_seconds(head: Head, header_row: int, column: int) -> bool:
    """Return whether a column's numbers are seconds since midnight: as dates they would be of each day of the week."""
    texts = [row.get(column, "") for row in _below(head, header_row)]
    days = [each.day // MS_PER_DAY for each in map(_parts_of, filter(_is_number, texts)) if each.day is not None]
    return 2 * len(set(days)) > len(days) and len({day % _WEEK for day in days}) == _WEEK


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdigit()


def _below(head: Head, header_row: int) -> list[dict[int, str]]:
    return [dict(row) for number, row in head.items() if number > header_row]


def _says_all(row: tuple[_Parts, _Parts]) -> bool:
    """Return whether the first is the same moment as the second, which may be cut to the minute or second."""
    first, second = row
    if first.clock is None or second.clock is None or second.day not in (None, first.day):
        return False
    return 0 <= first.clock - second.clock < _MS_PER_MINUTE


def _parts_of(text: str) -> _Parts:
    """Return what a cell's text says, a number being Excel's."""
    serial = float(text) if _is_number(text) else -1.0
    if 0 <= serial < _CLOCK_SERIALS:
        return _Parts(None, serial_clock_ms(serial))
    if FIRST_SERIAL <= serial < END_SERIAL:
        return _Parts(serial_day_ms(serial, date1904=False), (serial_clock_ms(serial) or 0) % MS_PER_DAY)
    time = parse_time(text)
    if time is None:
        return _Parts(None, None)
    # Programs write a time of day with a day of long ago, as 1900-01-01.
    return _Parts(time.day if (time.day or 0) >= EARLIEST_PLAIN_MS else None, time.clock)
