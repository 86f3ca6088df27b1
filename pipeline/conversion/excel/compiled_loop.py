"""The loop, compiled as it stands, that reads the rows of a sheet written by Excel and stores their ticks as columns.

It accepts exactly one way of writing a sheet and checks every byte of it: rows and cells in ascending order that carry
their own references, one number or shared string per cell, dates where dates belong. For anything else it returns ODD,
and other readers take the sheet. Each byte is compared before the next one is read, and the last byte is a NUL, which
is valid nowhere, so the loop never reads past the end. It also runs as plain Python, with the same result.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    Letters: TypeAlias = Sequence[int]
    Bytes: TypeAlias = NDArray[np.int8]
    Words: TypeAlias = NDArray[np.int64]

ODD: Final = -1
TICKS, LAST_ROW, LAST_TICK = range(3)
"""What stands where in the memory between two blocks of rows."""

TIME, KIND, PRICE, SIZE, SECURITY = 1, 2, 4, 8, 16
"""What of a tick a column holds."""

WHOLE: Final = TIME | KIND | PRICE | SIZE
_ROW: Final = int.from_bytes(b'<row r="', "little")
_ROW_END: Final = int.from_bytes(b"</row>", "little")
_CELL: Final = int.from_bytes(b'<c r="', "little")
_STYLE: Final = int.from_bytes(b' s="', "little")
_NUMBER: Final = int.from_bytes(b' t="n"', "little")
_SHARED: Final = int.from_bytes(b' t="s"', "little")
_NO_VALUE: Final = int.from_bytes(b"/>", "little")
_VALUE: Final = int.from_bytes(b"><v>", "little")
_VALUE_END: Final = int.from_bytes(b"</v></c>", "little")
_SPACE, _QUOTE, _AND, _DOT, _SLASH, _ZERO, _NINE = tuple(b' "&./09')
_COLON, _LESS, _EQUALS, _GREATER, _A, _Z, _LOW_A, _LOW_Z, _TILDE = tuple(b":<=>AZaz~")
_MOST_ROWS: Final = 1_048_576
_LAST_COLUMN: Final = 16_383
_LARGEST_SIZE: Final = 2**53
# Seventeen digits, which is all that Excel writes, and as many places as powers of ten are exact.
_ROOM_FOR_A_DIGIT: Final = 10**16
_MOST_PLACES: Final = 22
_LAST_DAY: Final = 4_000_000
_MS_PER_DAY: Final = 86_400_000
# A part of a day is taken to eleven places, under a microsecond; where that is near half a millisecond, how a double
# would be rounded is left to those who read doubles.
_DAY_PLACES: Final = 11
_PER_MS: Final = 10**11
_HALF_MS: Final = 5 * 10**10
_DOUBTFUL: Final = 5 * 10**8


def behind(xml: Letters, at: int, token: int) -> int:
    """Return the place behind a token, which is up to eight letters in one number; ODD when it does not stand here."""
    while token != 0:
        if xml[at] != token & 255:
            return ODD
        token >>= 8
        at += 1
    return at


def number(xml: Letters, at: int, most: int) -> tuple[int, int]:
    """Return a whole number of at most so many digits and where it ends, which is its beginning when it is none."""
    value = 0
    end = at
    while end - at < most and _ZERO <= xml[end] <= _NINE:
        value = value * 10 + (xml[end] - _ZERO)
        end += 1
    return value, end


def behind_attributes(xml: Letters, at: int) -> int:
    """Return the place behind any number of attributes; ODD for what is none."""
    while xml[at] == _SPACE:
        at += 1
        start = at
        while _LOW_A <= xml[at] <= _LOW_Z or _A <= xml[at] <= _Z or _ZERO <= xml[at] <= _COLON:
            at += 1
        if at == start or xml[at] != _EQUALS or xml[at + 1] != _QUOTE:
            return ODD
        at += 2
        while _SPACE <= xml[at] <= _TILDE and xml[at] != _QUOTE and xml[at] != _LESS and xml[at] != _AND:
            at += 1
        if xml[at] != _QUOTE:
            return ODD
        at += 1
    return at


def behind_row(xml: Letters, at: int) -> int:
    """Return the place behind a row's end whatever its cells hold; ODD for comments and names from elsewhere."""
    while behind(xml, at, _ROW_END) == ODD:
        if xml[at] == 0:
            return ODD
        if xml[at] == _LESS:
            name = at + 2 if xml[at + 1] == _SLASH else at + 1
            start = name
            while _LOW_A <= xml[name] <= _LOW_Z or _A <= xml[name] <= _Z:
                name += 1
            if name == start or xml[name] == _COLON:
                return ODD
        at += 1
    return behind(xml, at, _ROW_END)


def cell(xml: Letters, at: int, row: int, before: int) -> tuple[int, int, int, int]:
    """Return of a cell its column, its style (ODD: none), whether its value is a shared text, and where the value is.

    It must stand in this row behind the column before. `at` is behind its opening. The place is ODD when it does not.
    """
    start = at
    column = 0
    while at - start < 3 and _A <= xml[at] <= _Z:  # noqa: PLR2004 - XFD is Excel's last
        column = column * 26 + (xml[at] - _A + 1)
        at += 1
    column -= 1
    told, end = number(xml, at, 7)
    if column <= before or column > _LAST_COLUMN or told != row or xml[at] == _ZERO or xml[end] != _QUOTE:
        return column, ODD, 0, ODD
    at = end + 1
    style = ODD
    start = behind(xml, at, _STYLE)
    if start != ODD:
        style, end = number(xml, start, 6)
        if end == start or xml[end] != _QUOTE:
            return column, style, 0, ODD
        at = end + 1
    end = behind(xml, at, _SHARED)
    if end != ODD:
        return column, style, 1, end
    end = behind(xml, at, _NUMBER)
    return column, style, 0, at if end == ODD else end


def moment(xml: Letters, at: int) -> tuple[int, int]:
    """Return a serial as milliseconds since day 0, rounded, and where it ends; ODD for what is none or is doubtful."""
    day, end = number(xml, at, 8)
    if end == at or day > _LAST_DAY:
        return 0, ODD
    part = 0
    places = 0
    if xml[end] == _DOT:
        start = end + 1
        part, end = number(xml, start, _DAY_PLACES)
        places = end - start
        if places == 0:
            return 0, ODD
        while _ZERO <= xml[end] <= _NINE:
            end += 1
    while places < _DAY_PLACES:
        part *= 10
        places += 1
    part *= _MS_PER_DAY
    if _HALF_MS - _DOUBTFUL < part % _PER_MS < _HALF_MS + _DOUBTFUL:
        return 0, ODD
    return day * _MS_PER_DAY + (part + _HALF_MS) // _PER_MS, end


def decimal(xml: Letters, at: int) -> tuple[int, int, int]:
    """Return a decimal number as a whole number of tenths, hundredths ..., its places, and where it ends."""
    value, end = number(xml, at, 17)
    places = 0
    if end == at:
        return 0, 0, ODD
    if xml[end] == _DOT:
        start = end + 1
        end = start
        while _ZERO <= xml[end] <= _NINE and value < _ROOM_FOR_A_DIGIT and end - start < _MOST_PLACES:
            value = value * 10 + (xml[end] - _ZERO)
            end += 1
        places = end - start
        if places == 0:
            return 0, 0, ODD
    return value, places, end


def behind_value(xml: Letters, at: int) -> int:
    """Return where a value of no interest ends."""
    while _SPACE <= xml[at] <= _TILDE and xml[at] != _LESS and xml[at] != _AND:
        at += 1
    return at


def behind_opening(xml: Letters, at: int, last: int) -> tuple[int, int, int]:
    """Return of a row behind the last one its number, whether it is open, and the place behind its tag, or ODD."""
    start = behind(xml, at, _ROW)
    if start == ODD:
        return 0, 0, ODD
    row, end = number(xml, start, 7)
    if row <= last or row > _MOST_ROWS or xml[start] == _ZERO or xml[end] != _QUOTE:
        return 0, 0, ODD
    at = behind_attributes(xml, end + 1)
    if at == ODD:
        return 0, 0, ODD
    end = behind(xml, at, _NO_VALUE)
    if end != ODD:
        return row, 0, end
    return row, 1, at + 1 if xml[at] == _GREATER else ODD


def behind_wanted(
    xml: Letters,
    at: int,
    role: int,
    tick: int,
    texts: int,
    code_of: Bytes,
    is_used: Bytes,
    moments: Words,
    kinds: Bytes,
    mantissas: Words,
    places: Bytes,
    volumes: Words,
) -> int:
    """Put a value of a tick into its column; return the place behind it, ODD when it is none of a tick."""
    if role == TIME:
        moments[tick], end = moment(xml, at)
    elif role == PRICE:
        mantissas[tick], places[tick], end = decimal(xml, at)
    elif role == SIZE:
        volume, end = number(xml, at, 16)
        volumes[tick] = volume
        if end == at or volume > _LARGEST_SIZE:
            return ODD
    else:
        text, end = number(xml, at, 9)
        if end == at or text >= texts:
            return ODD
        if role == KIND:
            if code_of[text] < 0:
                return ODD
            kinds[tick] = code_of[text]
        is_used[text] |= role
    return end


def behind_cells(
    xml: Letters,
    at: int,
    row: int,
    tick: int,
    styles: int,
    texts: int,
    role_of: Bytes,
    is_date: Bytes,
    code_of: Bytes,
    is_used: Bytes,
    moments: Words,
    kinds: Bytes,
    mantissas: Words,
    places: Bytes,
    volumes: Words,
) -> tuple[int, int]:
    """Read the cells of one row into a tick; return which of its values they hold and the place behind them, or ODD."""
    seen = 0
    column = -1
    start = behind(xml, at, _CELL)
    while start != ODD:
        column, style, shared, end = cell(xml, start, row, column)
        if end == ODD:
            return seen, ODD
        at = behind(xml, end, _NO_VALUE)
        if at == ODD:
            start = behind(xml, end, _VALUE)
            if start == ODD:
                return seen, ODD
            role = role_of[column]
            if role == 0:
                end = behind_value(xml, start)
            else:
                shows_date = 0 <= style < styles and is_date[style] != 0
                if (shared != 0) != (role in (KIND, SECURITY)) or (shared == 0 and shows_date != (role == TIME)):
                    return seen, ODD
                seen |= role
                end = behind_wanted(
                    *(xml, start, role, tick, texts, code_of, is_used),
                    *(moments, kinds, mantissas, places, volumes),
                )
            at = behind(xml, end, _VALUE_END) if end != ODD else ODD
            if at == ODD:
                return seen, ODD
        start = behind(xml, at, _CELL)
    return seen, at


def read_rows(
    size: int,
    capacity: int,
    header_row: int,
    styles: int,
    texts: int,
    xml: Letters,
    role_of: Bytes,
    is_date: Bytes,
    code_of: Bytes,
    is_used: Bytes,
    moments: Words,
    kinds: Bytes,
    mantissas: Words,
    places: Bytes,
    volumes: Words,
    memory: Words,
) -> int:
    """Read the whole rows in the first `size` bytes; return where they end, ODD when they are not as Excel writes them.

    role_of: of each column, what of a tick it holds, 0 for nothing. is_date: of each of so many styles, whether it
    shows a date. code_of: of each of so many shared texts, which kind of tick it names, below 0 when none; is_used
    gets the roles of those that were met. Of each tick below the header the columns get its moment (ms since day 0),
    kind, price (as a whole number and its decimal places) and volume. memory: ticks so far, the last row, the last row
    with a tick.
    """
    at = 0
    tick = memory[TICKS]
    last = memory[LAST_ROW]
    filled = memory[LAST_TICK]
    while at < size:
        row, is_open, at = behind_opening(xml, at, last)
        last = row
        if at != ODD and is_open != 0 and row <= header_row:
            at = behind_row(xml, at)
        elif at != ODD and is_open != 0:
            if tick == capacity:
                return ODD
            seen, at = behind_cells(
                *(xml, at, row, tick, styles, texts, role_of, is_date, code_of, is_used),
                *(moments, kinds, mantissas, places, volumes),
            )
            at = behind(xml, at, _ROW_END) if at != ODD and seen in (0, WHOLE, WHOLE | SECURITY) else ODD
            if seen & WHOLE == WHOLE:
                tick += 1
                filled = row
        if at == ODD:
            return ODD
    memory[TICKS] = tick
    memory[LAST_ROW] = last
    memory[LAST_TICK] = filled
    return at
