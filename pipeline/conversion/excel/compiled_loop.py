"""Loop over the rows of a sheet as Excel writes them, compiled as it stands; it stores their ticks as columns.

It accepts exactly one way of writing a sheet and checks every byte of it: rows and cells in ascending order that carry
their own references, one number or shared string per cell, dates where dates belong. For anything else it returns
UNSUPPORTED, and the row reader takes the sheet. Each byte is compared before the next one is read, and the last byte is
a NUL, which is valid nowhere, so the loop never reads past the end. It also runs as plain Python, with the same result.
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

UNSUPPORTED: Final = -1
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
# Seventeen digits, which is all that Excel writes, and as many decimals as powers of ten are exact.
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


def skip_attributes(xml: Letters, at: int) -> int:
    """Return where any number of attributes ends; UNSUPPORTED for anything else."""
    while xml[at] == _SPACE:
        at += 1
        start = at
        while _LOW_A <= xml[at] <= _LOW_Z or _A <= xml[at] <= _Z or _ZERO <= xml[at] <= _COLON:
            at += 1
        if at == start or xml[at] != _EQUALS or xml[at + 1] != _QUOTE:
            return UNSUPPORTED
        at += 2
        while _SPACE <= xml[at] <= _TILDE and xml[at] != _QUOTE and xml[at] != _LESS and xml[at] != _AND:
            at += 1
        if xml[at] != _QUOTE:
            return UNSUPPORTED
        at += 1
    return at


def skip_row(xml: Letters, at: int) -> int:
    """Return where a row ends, whatever its cells hold; UNSUPPORTED for comments and prefixed names."""
    while expect(xml, at, _ROW_END) == UNSUPPORTED:
        if xml[at] == 0:
            return UNSUPPORTED
        if xml[at] == _LESS:
            name = at + 2 if xml[at + 1] == _SLASH else at + 1
            start = name
            while _LOW_A <= xml[name] <= _LOW_Z or _A <= xml[name] <= _Z:
                name += 1
            if name == start or xml[name] == _COLON:
                return UNSUPPORTED
        at += 1
    return expect(xml, at, _ROW_END)


def parse_cell(xml: Letters, at: int, row: int, before: int) -> tuple[int, int, int, int]:
    """Return a cell's column, its style (UNSUPPORTED: none), whether its value is a shared text, and where that begins.

    The cell must be of this row and to the right of the column `before`; else where it begins is UNSUPPORTED. `at` is
    after the cell's opening.
    """
    start = at
    column = 0
    while at - start < 3 and _A <= xml[at] <= _Z:  # noqa: PLR2004 - XFD is Excel's last
        column = column * 26 + (xml[at] - _A + 1)
        at += 1
    column -= 1
    row_of_cell, end = parse_number(xml, at, 7)
    if column <= before or column > _LAST_COLUMN or row_of_cell != row or xml[at] == _ZERO or xml[end] != _QUOTE:
        return column, UNSUPPORTED, 0, UNSUPPORTED
    at = end + 1
    style = UNSUPPORTED
    start = expect(xml, at, _STYLE)
    if start != UNSUPPORTED:
        style, end = parse_number(xml, start, 6)
        if end == start or xml[end] != _QUOTE:
            return column, style, 0, UNSUPPORTED
        at = end + 1
    end = expect(xml, at, _SHARED)
    if end != UNSUPPORTED:
        return column, style, 1, end
    end = expect(xml, at, _NUMBER)
    return column, style, 0, at if end == UNSUPPORTED else end


def parse_moment(xml: Letters, at: int) -> tuple[int, int]:
    """Return a serial as milliseconds since day 0, rounded, and where it ends, UNSUPPORTED for a doubtful one."""
    day, end = parse_number(xml, at, 8)
    if end == at or day > _LAST_DAY:
        return 0, UNSUPPORTED
    part = 0
    decimals = 0
    if xml[end] == _DOT:
        start = end + 1
        part, end = parse_number(xml, start, _DAY_DECIMALS)
        decimals = end - start
        if decimals == 0:
            return 0, UNSUPPORTED
        while _ZERO <= xml[end] <= _NINE:
            end += 1
    while decimals < _DAY_DECIMALS:
        part *= 10
        decimals += 1
    part *= _MS_PER_DAY
    if _HALF_MS - _DOUBTFUL < part % _PER_MS < _HALF_MS + _DOUBTFUL:
        return 0, UNSUPPORTED
    return day * _MS_PER_DAY + (part + _HALF_MS) // _PER_MS, end


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
    return value, decimals, end


def parse_size(xml: Letters, at: int) -> tuple[int, int]:
    """Return a whole number of shares and where it ends, UNSUPPORTED for one that no double holds."""
    size, end = parse_number(xml, at, 16)
    return size, UNSUPPORTED if end == at or size > _LARGEST_SIZE else end


def skip_value(xml: Letters, at: int) -> int:
    """Return where a value of no interest ends."""
    while _SPACE <= xml[at] <= _TILDE and xml[at] != _LESS and xml[at] != _AND:
        at += 1
    return at


def parse_opening(xml: Letters, at: int, last: int) -> tuple[int, int, int]:
    """Return the number of a row after `last`, whether it has content, and where its tag ends, or UNSUPPORTED."""
    start = expect(xml, at, _ROW)
    if start == UNSUPPORTED:
        return 0, 0, UNSUPPORTED
    row, end = parse_number(xml, start, 7)
    if row <= last or row > _MOST_ROWS or xml[start] == _ZERO or xml[end] != _QUOTE:
        return 0, 0, UNSUPPORTED
    at = skip_attributes(xml, end + 1)
    if at == UNSUPPORTED:
        return 0, 0, UNSUPPORTED
    end = expect(xml, at, _NO_VALUE)
    if end != UNSUPPORTED:
        return row, 0, end
    return row, 1, at + 1 if xml[at] == _GREATER else UNSUPPORTED


def parse_cells(  # noqa: C901, PLR0912 - a cell is one of six kinds
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
    decimals: Bytes,
    volumes: Words,
) -> tuple[int, int]:
    """Read the cells of one row into a tick; return which values they hold, and where they end, or UNSUPPORTED."""
    seen = 0
    column = -1
    start = expect(xml, at, _CELL)
    while start != UNSUPPORTED:
        column, style, shared, end = parse_cell(xml, start, row, column)
        if end == UNSUPPORTED:
            return seen, UNSUPPORTED
        at = expect(xml, end, _NO_VALUE)
        if at == UNSUPPORTED:
            start = expect(xml, end, _VALUE)
            if start == UNSUPPORTED:
                return seen, UNSUPPORTED
            role = role_of[column]
            shows_date = 0 <= style < styles and is_date[style] != 0
            seen |= role
            if role == 0:
                end = skip_value(xml, start)
            elif (shared != 0) != (role in (KIND, SECURITY)) or (shared == 0 and shows_date != (role == TIME)):
                return seen, UNSUPPORTED
            elif role == TIME:
                moments[tick], end = parse_moment(xml, start)
            elif role == PRICE:
                mantissas[tick], decimals[tick], end = parse_decimal(xml, start)
            elif role == SIZE:
                volumes[tick], end = parse_size(xml, start)
            else:
                text, end = parse_number(xml, start, 9)
                if end == start or text >= texts or (role == KIND and code_of[text] < 0):
                    return seen, UNSUPPORTED
                if role == KIND:
                    kinds[tick] = code_of[text]
                is_used[text] |= role
            at = expect(xml, end, _VALUE_END) if end != UNSUPPORTED else UNSUPPORTED
            if at == UNSUPPORTED:
                return seen, UNSUPPORTED
        start = expect(xml, at, _CELL)
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
    decimals: Bytes,
    volumes: Words,
    memory: Words,
) -> int:
    """Read the whole rows in the first `size` bytes; return where they end, or UNSUPPORTED.

    role_of: of each column, what of a tick it holds, 0 for nothing. is_date: of each of so many styles, whether it
    shows a date. code_of: of each of so many shared texts, the kind of tick that it names, below 0 for none; is_used
    gets the roles of those that were met. Of each tick below the header the columns get its moment (ms since day 0),
    kind, price (as a whole number and how many of its digits are decimals) and volume. memory: ticks so far, the last
    row, the last row with a tick.
    """
    at = 0
    tick = memory[TICKS]
    last = memory[LAST_ROW]
    filled = memory[LAST_TICK]
    while at < size:
        row, is_open, at = parse_opening(xml, at, last)
        last = row
        if at != UNSUPPORTED and is_open != 0 and row <= header_row:
            at = skip_row(xml, at)
        elif at != UNSUPPORTED and is_open != 0:
            if tick == capacity:
                return UNSUPPORTED
            seen, at = parse_cells(
                *(xml, at, row, tick, styles, texts, role_of, is_date, code_of, is_used),
                *(moments, kinds, mantissas, decimals, volumes),
            )
            at = (
                expect(xml, at, _ROW_END) if at != UNSUPPORTED and seen in (0, WHOLE, WHOLE | SECURITY) else UNSUPPORTED
            )
            if seen & WHOLE == WHOLE:
                tick += 1
                filled = row
        if at == UNSUPPORTED:
            return UNSUPPORTED
    memory[TICKS] = tick
    memory[LAST_ROW] = last
    memory[LAST_TICK] = filled
    return at
