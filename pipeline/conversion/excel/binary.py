"""Reads the parts of an Excel Binary Workbook (.xlsb), records of BIFF12 as [MS-XLSB] has them; rows as cells."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from pipeline.conversion.excel.cells import (
    BLANK,
    BOOL,
    ERROR,
    LAST_COLUMN,
    LAST_ROW,
    TEXT,
    Cell,
    number_cell,
    text_cell,
)
from pipeline.conversion.excel.parts import Entry, check_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pipeline.conversion.excel.archive import Workbook
    from pipeline.conversion.excel.cells import RowCells
    from pipeline.conversion.excel.parts import Pieces

_ROW, _BEGIN, _END = 0, 145, 146
_VALUE_OF_FORMULA: Final = {8: 6, 9: 5, 10: 4, 11: 3}
_CELLS: Final = frozenset({*range(1, 12), 62})
_SHORT: Final = {kind + 11: kind for kind in range(1, 8)}
"""Cells that do not say where they are: each stands beside the one before."""

_ITEM, _FORMAT, _STYLE, _BEGIN_STYLES, _END_STYLES, _SETTINGS, _SHEET = 19, 44, 47, 617, 618, 153, 156
_VISIBLE: Final = 0
_SEVEN_BITS: Final = 127
_DOUBLE: Final = struct.Struct("<d")
_NO_TEXT: Final = 0xFFFF_FFFF
_LONGEST: Final = 1 << 22
_HIDDEN_AT, _HIDDEN = 11, 16
_ERRORS: Final = {
    0x00: "#NULL!",
    0x07: "#DIV/0!",
    0x0F: "#VALUE!",
    0x17: "#REF!",
    0x1D: "#NAME?",
    0x24: "#NUM!",
    0x2A: "#N/A",
    0x2B: "#GETTING_DATA",
}


def records(pieces: Iterable[bytes], longest: int = _LONGEST) -> Iterator[tuple[int, bytes]]:
    """Yield each record's kind and content; raises ValueError for bytes that are none."""
    rest = b""
    for piece in pieces:
        rest += piece
        at = 0
        while True:
            kind, start = _varint(rest, at, 2)
            size, start = _varint(rest, start, 4)
            if size > longest:
                raise ValueError(f"it has a record of {size:,} bytes")
            if start < 0 or start + size > len(rest):
                break
            at = start + size
            yield kind, rest[start:at]
        rest = rest[at:]
    if rest:
        raise ValueError("it ends within a record")


def _varint(content: bytes, at: int, longest: int) -> tuple[int, int]:
    """Return a number of seven bits a byte, and where it ends; -1 where the content ends before."""
    if 0 <= at < len(content) and content[at] <= _SEVEN_BITS:  # as most are
        return content[at], at + 1
    value = 0
    if at < 0:
        return 0, -1
    for number, byte in enumerate(content[at : at + longest], start=1):
        value |= (byte & _SEVEN_BITS) << 7 * (number - 1)
        if byte <= _SEVEN_BITS or number == longest:
            return value, at + number
    return 0, -1


def binary_entries(pieces: Pieces) -> tuple[list[Entry], bool]:
    """Return the sheets that the workbook's part lists, and whether its dates count from 1904; raises ValueError."""
    entries = []
    date1904 = False
    for kind, content in records(pieces):
        if kind == _SETTINGS:
            date1904 = bool(_whole(content, 0, 4) & 1)
        elif kind == _SHEET:
            link, at = _wide(content, 8)
            entries.append(Entry(_wide(content, at)[0], link, _whole(content, 0, 4) != _VISIBLE))
            check_number(len(entries))
    return entries, date1904


def binary_texts(pieces: Pieces, longest: int, most: int) -> tuple[str, ...]:
    """Return the shared texts by number; raises ValueError."""
    texts = []
    for kind, content in records(pieces, longest):
        if kind == _ITEM:
            texts.append(_wide(content, 1)[0])
            if len(texts) > most:
                raise ValueError(f"it has more than {most:,} texts")
    return tuple(texts)


def binary_styles(pieces: Pieces) -> tuple[str, ...]:
    """Return the number format of each cell style, as `read_styles` does; raises ValueError."""
    own: dict[int, str] = {}
    numbers: list[int] = []
    of_cells = False
    for kind, content in records(pieces):
        if kind == _FORMAT:
            own[_whole(content, 0, 2)] = _wide(content, 2)[0]
        elif kind in (_BEGIN_STYLES, _END_STYLES):
            of_cells = kind == _BEGIN_STYLES
        elif kind == _STYLE and of_cells:
            numbers.append(_whole(content, 2, 2))
        check_number(max(len(own), len(numbers)))
    return tuple(f"={own[number]}" if number in own else str(number) for number in numbers)


def binary_rows(pieces: Iterable[bytes], workbook: Workbook) -> Iterator[RowCells]:
    """Yield a sheet's rows; raises ValueError for records that no sheet has."""
    cells: dict[int, Cell] = {}
    number, column = 0, -1
    hidden = inside = False
    for kind, content in records(pieces):
        if kind in (_BEGIN, _END):
            inside = kind == _BEGIN
        elif inside and kind == _ROW:
            if number:
                yield number, cells, hidden
            number, column, cells = _whole(content, 0, 4) + 1, -1, {}
            hidden = bool(_whole(content, _HIDDEN_AT, 1) & _HIDDEN)
            if number > LAST_ROW:
                raise ValueError(f"row {number} is beyond the {LAST_ROW:,} that Excel has")
        elif inside and (kind in _CELLS or kind in _SHORT):
            column = column + 1 if kind in _SHORT else _whole(content, 0, 4)
            if column > LAST_COLUMN:
                raise ValueError(f"a cell of row {number} stands beyond column XFD, Excel's last")
            cell = _cell(_SHORT.get(kind, kind), content, 0 if kind in _SHORT else 4, workbook)
            if cell is not BLANK:
                cells[column] = cell
    if number:
        yield number, cells, hidden


def _cell(kind: int, content: bytes, at: int, workbook: Workbook) -> Cell:
    """Return a cell, whose style stands at `at` and its value behind."""
    style, at = at, at + 4
    match _VALUE_OF_FORMULA.get(kind, kind):
        case 2 | 5 as kind:
            number = _rk(_whole(content, at, 4)) if kind == 2 else _real(content[at : at + _DOUBLE.size])  # noqa: PLR2004
            of_style = _whole(content, style, 3)
            cell = number_cell(number, is_date=of_style > 0 and of_style in workbook.date_styles)
        case 3:
            cell = Cell(ERROR, _ERRORS.get(_whole(content, at, 1), "#N/A"))
        case 4:
            cell = Cell(BOOL, str(int(bool(_whole(content, at, 1)))))
        case 6:
            cell = text_cell(_wide(content, at)[0])
        case 7:
            shared = _whole(content, at, 4)
            if shared >= len(workbook.texts):
                raise ValueError(f"there is no shared text {shared}")
            text = workbook.texts[shared]
            cell = BLANK if not text or text.isspace() else Cell(TEXT, text)
        case 62:
            cell = text_cell(_wide(content, at + 1)[0])
        case _:
            cell = BLANK
    return cell


def _rk(value: int) -> float:
    """Return the number that Excel packs into 30 bits: a whole one or the upper half of a double, or its hundredth."""
    if value & 2:
        number = float((value ^ 1 << 31) - (1 << 31) >> 2)
    else:
        number = _real((value & ~3).to_bytes(4, "little").rjust(8, b"\0"))
    return number / 100 if value & 1 else number


def _real(content: bytes) -> float:
    if len(content) < _DOUBLE.size:
        raise ValueError("a record is too short")
    return float(_DOUBLE.unpack(content)[0])


def _whole(content: bytes, at: int, size: int) -> int:
    if at + size > len(content):
        raise ValueError("a record is too short")
    return int.from_bytes(content[at : at + size], "little")


def _wide(content: bytes, at: int) -> tuple[str, int]:
    """Return a text of UTF-16 after its length, and where it ends."""
    length = _whole(content, at, 4)
    if length == _NO_TEXT:
        return "", at + 4
    end = at + 4 + 2 * length
    if end > len(content):
        raise ValueError("a text is longer than its record")
    return content[at + 4 : end].decode("utf-16-le", "replace"), end
