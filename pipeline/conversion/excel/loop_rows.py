"""Loop over the rows of a sheet as any program writes them, compiled as it stands; it stores their ticks as columns.

It takes every byte of a row into account: attributes in any order, cells with or without references, numbers, shared
texts and texts in the cell, formulas with the values saved with them, blanks and comments between elements. A row of
which a cell is none of a clean tick's is noted, with where it stands, for the row reader to judge alone. For what may
change the meaning of other rows, it returns UNSUPPORTED, and the row reader takes the sheet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pipeline.conversion.excel.loop_cells import (
    BESIDE,
    CAPACITY,
    CONDITION,
    CONDITIONS,
    DATES,
    DECIMALS,
    DOTTED_PRICES,
    HEADER_ROW,
    HIDDEN,
    LABELS,
    LAST_ROW,
    MOMENTS,
    NEED,
    NEEDED,
    NUMBER_TEXTS,
    ODD,
    ODD_ROWS,
    PRICE,
    ROLES,
    ROOM,
    ROWS,
    SECURITIES,
    SECURITY,
    SERIAL_ROW,
    SERIALS,
    SIZE,
    STYLES,
    TEXT_ROW,
    TICKS,
    TIME,
    TIME_TEXTS,
    WHOLE,
    read_value,
)
from pipeline.conversion.excel.loop_tags import (
    ISO,
    NO_VALUE,
    NOTHING,
    PLAIN,
    close_value,
    open_value,
    parse_cell_tag,
    parse_row_tag,
    skip_notes,
    skip_row,
    skip_text,
)
from pipeline.conversion.excel.loop_values import UNSUPPORTED, expect

if TYPE_CHECKING:
    from pipeline.conversion.excel.loop_values import Letters, Words

_CELL: Final = int.from_bytes(b"<c", "little")
_END: Final = int.from_bytes(b"</sheetD", "little")
_ROW_END: Final = int.from_bytes(b"</row>", "little")


def read_cells(
    xml: Letters,
    at: int,
    row: int,
    tick: int,
    layout: Words,
    blob: Letters,
    texts: Words,
    slots: Words,
    forms: Letters,
    columns: Words,
    memory: Words,
) -> tuple[int, int, int]:
    """Read the cells of one row into a tick; return what they hold, what of it as text, and where they end."""
    seen, as_text = 0, 0
    column = -1
    columns[MOMENTS * layout[CAPACITY] + tick] = 0
    at = skip_notes(xml, at)
    while at != UNSUPPORTED and expect(xml, at, _CELL) != UNSUPPORTED:
        column, style, kind, at = parse_cell_tag(xml, at + 2, row, column)
        if at != UNSUPPORTED and kind != NOTHING:
            stands_in, at = open_value(xml, at)
            role = layout[ROLES + column]
            if at != UNSUPPORTED and stands_in != NO_VALUE and role & ~BESIDE == 0:
                at = skip_text(xml, at)
                seen |= 0 if kind in (PLAIN, ISO) else role
            elif at != UNSUPPORTED and stands_in != NO_VALUE:
                if seen & role != 0:
                    return seen, as_text, UNSUPPORTED
                seen |= role
                as_text |= 0 if kind in (PLAIN, ISO) else role
                is_date = 0 <= style < layout[STYLES] and layout[DATES + style] != 0
                at = read_value(
                    *(xml, at, role, kind, is_date, tick, layout, blob, texts, slots, forms, columns, memory)
                )
                if at < 0:
                    return seen, as_text, at
            at = at if at == UNSUPPORTED else close_value(xml, at, stands_in)
        at = at if at == UNSUPPORTED else skip_notes(xml, at)
    return seen, as_text, at


def keep_tick(row: int, seen: int, as_text: int, layout: Words, columns: Words, memory: Words) -> None:
    """Count a tick that the columns hold, and its time as a date or a text."""
    tick = memory[TICKS]
    capacity = layout[CAPACITY]
    columns[ROWS * capacity + tick] = row
    without = layout[LABELS] & ~seen
    if without & SECURITY != 0:
        columns[SECURITIES * capacity + tick] = UNSUPPORTED
    if without & CONDITION != 0:
        columns[CONDITIONS * capacity + tick] = UNSUPPORTED
    memory[TICKS] = tick + 1
    memory[NUMBER_TEXTS] += (as_text & PRICE != 0) + (as_text & SIZE != 0)
    if as_text & PRICE != 0 and columns[DECIMALS * capacity + tick] > 0:
        memory[DOTTED_PRICES] += 1
    is_text = as_text & TIME != 0
    first = TEXT_ROW if is_text else SERIAL_ROW
    memory[TIME_TEXTS if is_text else SERIALS] += 1
    if memory[first] == 0:
        memory[first] = row


def keep_odd(row: int, at: int, end: int, odd: Words, memory: Words) -> None:
    """Note a row that is left, and where it begins and ends."""
    place = 3 * memory[ODD]
    odd[place] = row
    odd[place + 1] = at
    odd[place + 2] = end
    memory[ODD] += 1


def read_rows(  # noqa: C901 - a row is one of several kinds
    at: int,
    size: int,
    xml: Letters,
    layout: Words,
    blob: Letters,
    texts: Words,
    slots: Words,
    forms: Letters,
    columns: Words,
    odd: Words,
    memory: Words,
) -> int:
    """Read the whole rows from `at` to `size`; return where they end, the row that needs something, or UNSUPPORTED.

    They end at `size`, or at the end of the table.

    blob: the shared texts and after them those met in cells, each ended by "<". texts: where each begins, and its type
    code, below 0 for none. slots: those met in cells, by their letters. forms: of time texts and of clocks, each ended
    by a NUL. columns: of each tick below the header its row, moment (ms since 1970), kind, price (as a whole number and
    how many of its digits are decimals), volume, and the numbers of the texts of its security and condition. odd: of
    each row that is left, its number, and where it begins and ends.
    """
    memory[NEED] = 0
    at = skip_notes(xml, at)
    while at != UNSUPPORTED and at < size:
        tick = memory[TICKS]
        row, is_hidden, is_open, start = parse_row_tag(xml, at, memory[LAST_ROW])
        if start == UNSUPPORTED and expect(xml, at, _END) != UNSUPPORTED:
            return at
        if start == UNSUPPORTED or tick == layout[CAPACITY]:
            return UNSUPPORTED
        end = start
        if is_open != 0 and row <= layout[HEADER_ROW]:
            end = skip_row(xml, start)
        elif is_open != 0:
            seen, as_text, end = read_cells(
                *(xml, start, row, tick, layout, blob, texts, slots, forms, columns, memory)
            )
            if end == NEEDED:
                return at
            end = end if end == UNSUPPORTED else expect(xml, end, _ROW_END)
            is_whole = seen & layout[WHOLE] == layout[WHOLE]
            if end == UNSUPPORTED or (seen != 0 and not is_whole):
                if memory[ODD] == layout[ODD_ROWS]:
                    memory[NEED] = ROOM
                    return at
                end = skip_row(xml, start)
                keep_odd(row, at, end, odd, memory)
            elif is_whole:
                keep_tick(row, seen, as_text, layout, columns, memory)
        if end == UNSUPPORTED:
            return UNSUPPORTED
        memory[LAST_ROW] = row
        memory[HIDDEN] += is_hidden if row > layout[HEADER_ROW] else 0
        at = skip_notes(xml, end)
    return at
