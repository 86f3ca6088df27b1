"""Reads a sheet row by row and cell by cell, each cell as the file holds it: its kind and its text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pipeline.conversion.excel.archive import archive_of, pieces_of
from pipeline.conversion.excel.cell_references import column_of, row_of, shared_text
from pipeline.conversion.excel.cells import BLANK, BOOL, ERROR, ISO, NUMBER, SERIAL, TEXT, Cell
from pipeline.conversion.excel.formats import date_style_numbers
from pipeline.conversion.excel.parts import text_of
from pipeline.conversion.excel.stream import TooLong, elements
from pipeline.errors import UnreadableSheet

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from xml.etree.ElementTree import Element

    from pipeline.conversion.excel.archive import Sheet, Workbook

_KIND_OF_TYPE: Final = {"b": BOOL, "e": ERROR, "str": TEXT, "inlineStr": TEXT, "s": TEXT, "d": ISO}
# With a namespace and, as no Excel writes it, without.
_VALUE, _INLINE = ("}v", "v"), ("}is", "is")
_STYLE: Final = re.compile(r"[0-9]{1,6}", re.ASCII)


def read_rows(
    workbook: Workbook, sheet: Sheet, header_row: int, columns: Sequence[int]
) -> Iterator[tuple[int, list[Cell]]]:
    """Yield (Excel row number, cells at `columns`) for every row element below the header, in file order.

    The sheet's stated dimension is not looked at. Formulas give their cached values. Raises UnreadableSheet.
    """
    dates = date_style_numbers(workbook.styles)
    slots = {column: slot for slot, column in enumerate(columns)}
    # A text may be as long as a book and stand in every row, so it is looked through once.
    texts = tuple("" if text.isspace() else text for text in workbook.texts)
    number = 0
    with archive_of(workbook.path) as archive:
        try:
            for node in elements(pieces_of(archive, sheet.part), ("row",), workbook.limits.bytes_of("row_mb")):
                number = row_of(node.get("r"), number)
                if number > header_row:
                    yield number, _cells(node, number, slots, texts, dates)
                node.clear()
        except TooLong as error:
            raise UnreadableSheet(
                f"row {number + 1} or a later one is too long for a row of ticks ({error}). "
                "If you trust it: --limit row_mb=NUMBER."
            ) from error
        except ValueError as error:
            raise UnreadableSheet(
                f"row {number + 1} or a later one cannot be read ({error}); save the workbook again in Excel."
            ) from error


def _cells(
    row: Element, number: int, slots: dict[int, int], texts: tuple[str, ...], dates: frozenset[int]
) -> list[Cell]:
    cells = [BLANK] * len(slots)
    position = -1
    for node in row:
        position = column_of(node.get("r"), position, number)
        slot = slots.get(position)
        if slot is not None:
            cells[slot] = _cell(node, texts, dates)
    return cells


def _cell(node: Element, texts: tuple[str, ...], dates: frozenset[int]) -> Cell:
    kind = node.get("t", "n")
    value = ""
    for child in node:
        tag = child.tag
        if tag[-2:] in _VALUE:
            value = child.text or ""
        elif tag[-3:] in _INLINE:
            value = text_of(child)
    if kind == "s" and value:
        value = shared_text(value, texts)
        return Cell(TEXT, value) if value else BLANK
    if not value or value.isspace():
        return BLANK
    known = _KIND_OF_TYPE.get(kind)
    if known is not None:
        return Cell(known, value)
    if not _is_number(value):
        return Cell(TEXT, value)
    style = node.get("s", "")
    return Cell(SERIAL if _STYLE.fullmatch(style) and int(style) in dates else NUMBER, value)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return text.isascii() and "_" not in text
