"""Reads a cell's value as what its column holds, and stores it in the columns of the ticks.

Compiled with the loop over rows, or run as plain Python, with one result. A value that is none of a clean tick's is
UNSUPPORTED: its row is left to the judge.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pipeline.conversion.excel.loop_tags import ISO, OTHER, PLAIN, SHARED
from pipeline.conversion.excel.loop_values import (
    UNSUPPORTED,
    parse_decimal,
    parse_number,
    parse_serial,
    parse_time,
    whole_of,
)

if TYPE_CHECKING:
    from pipeline.conversion.excel.loop_values import Letters, Words

NEEDED: Final = -2
"""Returned instead of where a value ends when the loop has to be told something first; the memory says what."""

(
    HEADER_ROW,
    STYLES,
    TEXTS,
    CAPACITY,
    ODD_ROWS,
    SLOTS,
    EPOCH,
    FIRST_DAY,
    LAST_DAY,
    PLAIN_FIRST,
    PLAIN_LAST,
    CLOCKS,
    WHOLE,
    LABELS,
) = range(14)
"""What stands where in the layout: the header's row; how many styles and shared texts there are, how many ticks and
odd rows there is room for, and slots of texts; the day of serial 0 since 1970; from which serial to which a
number is a date when it is shown as one, and when not; whether the clock stands in a column of its own; what a
tick consists of, and which labels it may have."""

ROLES: Final = 64
DATES: Final = ROLES + 16_384
"""In the layout: from where on what each column holds, and whether each style shows a date."""

TICKS, LAST_ROW, ODD, HIDDEN, NEED, NEED_START, NEED_END, NEED_IN_BLOB = range(8)
SERIALS, TIME_TEXTS, SERIAL_ROW, TEXT_ROW, NUMBER_TEXTS, DOTTED_PRICES, NEED_SLOT = range(8, 15)
"""What stands where in the memory between two blocks: ticks, last row, odd and hidden rows so far; what is needed, and
of which letters; how many times are serials and texts, and the first row of each; how many prices and sizes are texts,
how many such prices have decimals behind a point; in which slot a new text goes."""

WORD, CODE, FORM, CLOCK_FORM, ROOM = range(1, 6)
"""What may be needed: a new text's number, a text's type code, the form of times or of clocks, room for odd rows."""

TIME, KIND, PRICE, SIZE, CLOCK, SECURITY, CONDITION, BESIDE = 1, 2, 4, 8, 16, 32, 64, 128
"""What of a tick a column holds; one beside them is left to the judge where it alone holds a text."""

ROWS, MOMENTS, KINDS, MANTISSAS, DECIMALS, VOLUMES, SECURITIES, CONDITIONS = range(8)
"""The columns of the ticks, one behind the other."""

UNKNOWN: Final = -3
"""Type code of a text that was not asked for yet."""

_LABELS: Final = KIND | SECURITY | CONDITION
_MS_PER_DAY: Final = 86_400_000
_MS_PER_MINUTE: Final = 60_000
_MIXED: Final = 0xFFFFFFFF
CLOCK_FORM_AT: Final = 64
"""Where the form of clocks begins among the forms."""
_SPACE, _AND, _LESS = tuple(b" &<")


def find_text(
    xml: Letters, at: int, layout: Words, blob: Letters, texts: Words, slots: Words, memory: Words
) -> tuple[int, int]:
    """Return the number of a text that stands in its cell, and where it ends; NEEDED for a new one."""
    mask = layout[SLOTS] - 1
    mixed = 0
    end = at
    while xml[end] >= _SPACE and xml[end] != _LESS and xml[end] != _AND:
        mixed = (mixed * 31 + xml[end]) & _MIXED
        end += 1
    if xml[end] != _LESS or end == at:
        return 0, UNSUPPORTED
    slot = mixed & mask
    while slots[slot] != 0:
        text = slots[slot] - 1
        start = texts[2 * text]
        length = 0
        while length < end - at and blob[start + length] == xml[at + length]:
            length += 1
        if length == end - at and blob[start + length] == _LESS:
            return text, end
        slot = (slot + 1) & mask
    memory[NEED] = WORD
    memory[NEED_SLOT] = slot
    memory[NEED_START] = at
    memory[NEED_END] = end
    return 0, NEEDED


def read_label(
    role: int, text: int, is_text: bool, tick: int, layout: Words, texts: Words, columns: Words, memory: Words
) -> int:
    """Store a text's type, or its number as a security or a condition; return UNSUPPORTED, NEEDED, or 0."""
    capacity = layout[CAPACITY]
    if role == SECURITY:
        columns[SECURITIES * capacity + tick] = text
    elif role == CONDITION:
        columns[CONDITIONS * capacity + tick] = text
    else:
        code = texts[2 * text + 1]
        if code == UNKNOWN:
            memory[NEED] = CODE
            memory[NEED_START] = text
            return NEEDED
        if code < 0 or not is_text:
            return UNSUPPORTED
        columns[KINDS * capacity + tick] = code
    return 0


def read_amount(letters: Letters, at: int, role: int, is_text: bool, tick: int, layout: Words, columns: Words) -> int:
    """Store a price or a size; return where it ends. A size as text with a point may be a thousand times as much."""
    value, decimals, end = parse_decimal(letters, at)
    if end == UNSUPPORTED or (is_text and (letters[end] != _LESS or (role == SIZE and decimals != 0))):
        return UNSUPPORTED
    capacity = layout[CAPACITY]
    if role == PRICE:
        columns[MANTISSAS * capacity + tick] = value
        columns[DECIMALS * capacity + tick] = decimals
        return end
    size = whole_of(value, decimals)
    columns[VOLUMES * capacity + tick] = size
    return UNSUPPORTED if size == UNSUPPORTED else end


def read_serial(xml: Letters, at: int, role: int, is_date: bool, tick: int, layout: Words, columns: Words) -> int:
    """Add a serial, or the day or clock of one, to a tick's moment; return where it ends."""
    day, ms, end = parse_serial(xml, at)
    if role == TIME:
        first = layout[FIRST_DAY] if is_date else layout[PLAIN_FIRST]
        last = layout[LAST_DAY] if is_date else layout[PLAIN_LAST]
        end = end if first <= day < last else UNSUPPORTED
    elif day != 0 and not (is_date and day < layout[FIRST_DAY]):
        end = UNSUPPORTED
    moment = MOMENTS * layout[CAPACITY] + tick
    if role == TIME:
        columns[moment] += (day + layout[EPOCH]) * _MS_PER_DAY
    if role == CLOCK or layout[CLOCKS] == 0:
        columns[moment] += ms
    elif ms != 0:
        end = UNSUPPORTED
    return end


def read_time(
    letters: Letters, at: int, role: int, tick: int, layout: Words, forms: Letters, columns: Words, memory: Words
) -> int:
    """Add a time text, or the day or clock of one, to a tick's moment; return where it ends."""
    form = 0 if role == TIME else CLOCK_FORM_AT
    if forms[form] == 0:
        memory[NEED] = FORM if role == TIME else CLOCK_FORM
        memory[NEED_START] = at
        while letters[at] >= _SPACE and letters[at] != _LESS:
            at += 1
        memory[NEED_END] = at
        return NEEDED
    day, ms, offset, end = parse_time(letters, at, forms, form, layout)
    if end == UNSUPPORTED or letters[end] != _LESS:
        return UNSUPPORTED
    moment = MOMENTS * layout[CAPACITY] + tick
    if role == TIME:
        columns[moment] += day * _MS_PER_DAY
    if role == CLOCK or layout[CLOCKS] == 0:
        columns[moment] += ms - offset * _MS_PER_MINUTE
    if layout[CLOCKS] != 0 and (ms if role == TIME else day) != 0:
        return UNSUPPORTED
    return end


def read_value(  # noqa: C901, PLR0911 - a value is of one of many kinds
    xml: Letters,
    at: int,
    role: int,
    kind: int,
    is_date: bool,
    tick: int,
    layout: Words,
    blob: Letters,
    texts: Words,
    slots: Words,
    forms: Letters,
    columns: Words,
    memory: Words,
) -> int:
    """Read a cell's value as what its column holds; return where it ends, UNSUPPORTED or NEEDED."""
    is_text = kind != PLAIN
    if kind == OTHER or (role & _LABELS != 0 and (kind == ISO or (is_date and not is_text))):
        return UNSUPPORTED
    text, end = 0, at
    if kind == SHARED:
        text, end = parse_number(xml, at, 9)
        if end == at or text >= layout[TEXTS]:
            return UNSUPPORTED
    elif role & _LABELS != 0:
        text, end = find_text(xml, at, layout, blob, texts, slots, memory)
        if end < 0:
            return end
    memory[NEED_IN_BLOB] = kind == SHARED
    if role & _LABELS != 0:
        ended = read_label(role, text, is_text, tick, layout, texts, columns, memory)
    elif role & (PRICE | SIZE) != 0:
        if kind == ISO or (not is_text and is_date):
            return UNSUPPORTED
        if kind != SHARED:
            return read_amount(xml, at, role, is_text, tick, layout, columns)
        ended = read_amount(blob, texts[2 * text], role, is_text, tick, layout, columns)
    else:
        if not is_text:
            return read_serial(xml, at, role, is_date, tick, layout, columns)
        if kind != SHARED:
            return read_time(xml, at, role, tick, layout, forms, columns, memory)
        ended = read_time(blob, texts[2 * text], role, tick, layout, forms, columns, memory)
    return ended if ended < 0 else end
