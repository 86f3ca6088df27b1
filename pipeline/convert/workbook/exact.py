"""One sheet in, its rows cell by cell out, each cell as it stands in the file: what it is and its text."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final
from xml.etree.ElementTree import ParseError, iterparse

from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format

from pipeline.convert.workbook.archive import archive_of
from pipeline.convert.workbook.cells import BLANK, BOOL, ERROR, ISO, NUMBER, SERIAL, TEXT, Cell
from pipeline.convert.workbook.parts import text_of
from pipeline.convert.workbook.scan import column_of
from pipeline.errors import UnreadableSheet

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from xml.etree.ElementTree import Element

    from pipeline.convert.workbook.archive import Sheet, Workbook

_KIND_OF_TYPE: Final = {"b": BOOL, "e": ERROR, "str": TEXT, "inlineStr": TEXT, "s": TEXT, "d": ISO}


def read_rows(
    workbook: Workbook, sheet: Sheet, header_row: int, columns: Sequence[int]
) -> Iterator[tuple[int, list[Cell]]]:
    """Yield (Excel row number, cells at `columns`) for every row element below the header, in file order.

    The sheet's stated dimension is not looked at. Formulas give their cached values. Raises UnreadableSheet.
    """
    dates = date_style_numbers(workbook.styles)
    slots = {column: slot for slot, column in enumerate(columns)}
    number = 0
    try:
        with archive_of(workbook.path) as archive, archive.open(sheet.part) as source:
            # The scan has refused sheets that declare entities, so the plain parser is safe and three times as fast.
            for _, node in iterparse(source):  # noqa: S314
                if not node.tag.endswith("}row"):
                    continue
                number = int(node.get("r") or number + 1)
                if number > header_row:
                    yield number, _cells(node, slots, workbook.texts, dates)
                node.clear()
    except (ParseError, ValueError, IndexError, zlib.error) as error:
        raise UnreadableSheet(
            f"row {number + 1} or a later one cannot be read ({error}); save the workbook again in Excel."
        ) from error


def date_style_numbers(styles: Sequence[str]) -> frozenset[int]:
    """Return the numbers of the cell styles that show a number as a date or a time."""
    found = []
    for number, style in enumerate(styles):
        code = style[1:] if style.startswith("=") else BUILTIN_FORMATS.get(int(style) if style.isdigit() else -1)
        if is_date_format(code):
            found.append(number)
    return frozenset(found)


def _cells(row: Element, slots: dict[int, int], texts: tuple[str, ...], dates: frozenset[int]) -> list[Cell]:
    found = [BLANK] * len(slots)
    position = -1
    for node in row:
        position = column_of(node.get("r"), position + 1)
        slot = slots.get(position)
        if slot is not None:
            found[slot] = _cell(node, texts, dates)
    return found


def _cell(node: Element, texts: tuple[str, ...], dates: frozenset[int]) -> Cell:
    kind = node.get("t", "n")
    value = ""
    for child in node:
        tag = child.tag
        if tag.endswith("}v"):
            value = child.text or ""
        elif tag.endswith("}is"):
            value = text_of(child)
    if kind == "s" and value:
        value = texts[int(value)]
    if not value.strip():
        return BLANK
    known = _KIND_OF_TYPE.get(kind)
    if known is not None:
        return Cell(known, value)
    if not _is_number(value):
        return Cell(TEXT, value)
    style = node.get("s", "")
    return Cell(SERIAL if style.isdigit() and int(style) in dates else NUMBER, value)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text
