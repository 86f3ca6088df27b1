"""Reads the cells of a row's XML: where each stands, and its kind and text as the file holds them."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from pipeline.conversion.excel.parts import RETURN, text_of
from pipeline.errors import shown

if TYPE_CHECKING:
    from collections.abc import Container
    from xml.etree.ElementTree import Element

    from pipeline.conversion.excel.archive import Workbook

EMPTY: Final = "empty"
NUMBER: Final = "number"
SERIAL: Final = "serial"
ISO: Final = "iso"
TEXT: Final = "text"
BOOL: Final = "bool"
ERROR: Final = "error"
UNCLEAR: Final = "unclear"
"""Of a table's text that is a number or a thousand times that."""

LAST_ROW: Final = 1_048_576
LAST_COLUMN: Final = 16_383
_REFERENCE: Final = re.compile(r"([A-Z]{1,3})([0-9]{1,7})", re.IGNORECASE | re.ASCII)
_LETTERS: Final = re.compile(r"[A-Z]{1,3}", re.IGNORECASE | re.ASCII)
_WHOLE: Final = re.compile(r"[0-9]{1,9}", re.ASCII)
_EXACT: Final = 2.0**53
_STYLE: Final = re.compile(r"[0-9]{1,6}", re.ASCII)
_KIND_OF_TYPE: Final = {"b": BOOL, "e": ERROR, "str": TEXT, "inlineStr": TEXT, "s": TEXT, "d": ISO}
# With a namespace and, as no Excel writes it, without.
_VALUE, _INLINE = ("}v", "v"), ("}is", "is")


class Cell(NamedTuple):
    """A cell's kind (a SERIAL is a number shown as a date, an ISO a date kept as text) and its text."""

    kind: str
    text: str


BLANK: Final = Cell(EMPTY, "")
RowCells: TypeAlias = "tuple[int, dict[int, Cell], bool]"
"""A row's number, its cells that are not blank, by column (0 for A), and whether Excel hides it."""

_NOT_IN_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def text_cell(text: str) -> Cell:
    """Return a text of a workbook that is no .xlsx as the XML of one holds it: line ends are line feeds."""
    plain = _NOT_IN_XML.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n")).replace(RETURN, "\r")
    return BLANK if not plain or plain.isspace() else Cell(TEXT, plain)


def number_cell(value: float, *, is_date: bool = False) -> Cell:
    """Return a number of such a workbook, or one shown as a date."""
    return Cell(SERIAL if is_date else NUMBER, number_text(value))


def number_text(value: float) -> str:
    """Return a number as Excel's cells do: 17.3, and 1000 without a decimal point."""
    return str(int(value)) if value.is_integer() and abs(value) < _EXACT else repr(value)


class CellReader:
    """Reads the cells of rows that come in the order of the file; raises ValueError for what Excel does not write.

    columns: those to read, 0 for A.
    """

    def __init__(self, workbook: Workbook, columns: Container[int]) -> None:
        self._columns = columns
        self._date_styles = workbook.date_styles
        self._texts = workbook.texts
        self._known: dict[str, str] = {}
        self.row = 0
        """Number of the row that was read last."""

    def next_row(self, row: Element) -> int:
        """Return a row's number: that of its attribute, or the one after the previous row's."""
        reference = row.get("r")
        if reference is None:
            number = self.row + 1
        elif _WHOLE.fullmatch(reference):
            number = int(reference)
        else:
            raise ValueError(f"'{shown(reference)}' is not a row number")
        if not 1 <= number <= LAST_ROW:
            raise ValueError(f"row {number} is beyond the {LAST_ROW:,} that Excel has")
        self.row = number
        return number

    def cells(self, row: Element) -> dict[int, Cell]:
        """Return the cells of the present row that are not blank, by column."""
        cells = {}
        column = -1
        digits = str(self.row)
        for node in row:
            reference = node.get("r")
            column = column + 1 if reference is None else self._column_of(reference, digits)
            if column > LAST_COLUMN:
                raise ValueError(f"a cell of row {self.row} stands beyond column XFD, Excel's last")
            if column in self._columns and (cell := self._cell(node)) is not BLANK:
                cells[column] = cell
        return cells

    def _column_of(self, reference: str, digits: str) -> int:
        """Return the column of a cell's reference, which is to end in the digits of the present row."""
        column = _column(reference.removesuffix(digits))
        if column is None:
            match = _REFERENCE.fullmatch(reference)
            column = _column(match[1]) if match and int(match[2]) == self.row else None
        if column is None:
            raise ValueError(f"'{shown(reference)}' is not a cell of row {self.row}")
        return column

    def _cell(self, node: Element) -> Cell:
        kind = node.get("t", "n")
        value = ""
        for child in node:
            tag = child.tag
            if tag[-2:] in _VALUE:
                value = child.text or ""
            elif tag[-3:] in _INLINE:
                value = text_of(child)
        if kind == "s" and value:
            value = self._shared_text(value.strip())
            return Cell(TEXT, value) if value else BLANK
        if kind != "n":
            value = value.replace(RETURN, "\r")
        if not value or value.isspace():
            return BLANK
        known = _KIND_OF_TYPE.get(kind)
        if known is not None:
            return Cell(known, value)
        if not _is_number(value):
            return Cell(TEXT, value)
        style = node.get("s", "")
        return Cell(SERIAL if _STYLE.fullmatch(style) and int(style) in self._date_styles else NUMBER, value)

    def _shared_text(self, number: str) -> str:
        text = self._known.get(number)
        if text is None:
            if not _WHOLE.fullmatch(number) or int(number) >= len(self._texts):
                raise ValueError(f"there is no shared text {shown(number)}")
            text = self._texts[int(number)]
            # A text may be as long as a book and stand in every row, so it is looked through once.
            text = self._known[number] = "" if text.isspace() else text
        return text


def letters_of(column: int) -> str:
    """Return the letters of a column, A for 0."""
    letters = ""
    column += 1
    while column:
        column, letter = divmod(column - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return letters


@lru_cache(maxsize=1024)
def _column(letters: str) -> int | None:
    """Return the column of some letters, 0 for A; None for what are none."""
    if not _LETTERS.fullmatch(letters):
        return None
    column = 0
    for letter in letters.upper():
        column = column * 26 + ord(letter) - ord("A") + 1
    return column - 1


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return text.isascii() and "_" not in text
