"""Reads a sheet row by row and cell by cell, whatever lawful XML it is; and the texts of any sheet's first rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pipeline.conversion.excel.archive import unpacked
from pipeline.conversion.excel.cells import LAST_COLUMN, Cell, CellReader, letters_of
from pipeline.conversion.excel.kinds import sheet_pieces
from pipeline.conversion.excel.stream import ElementStream, TooLong, local_name
from pipeline.errors import UnreadableSheet, shown

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from xml.etree.ElementTree import Element

    from pipeline.conversion.excel.archive import Workbook
    from pipeline.conversion.excel.parts import Sheet

_ROW, _ROWS = "row", "sheetData"
_HEAD_BYTES: Final = 1 << 20
_HEAD_STEP: Final = 1 << 12
_LONGEST_NAME: Final = 256


def pieces_of(workbook: Workbook, sheet: Sheet) -> Iterator[bytes]:
    """Yield a sheet's XML in UTF-8 piece by piece.

    Raises CorruptWorkbook at its end where its checksum differs, UnreadableSheet for an encoding that is not read.
    """
    pieces = (
        iter(())
        if workbook.kind == "xls"
        else unpacked(workbook.path, sheet.packed or sheet.part, f"sheet '{sheet.name}'")
    )
    try:
        yield from sheet_pieces(workbook, sheet, pieces)
    except ValueError as error:
        for _ in pieces:  # where bytes were changed, that is what is wrong
            pass
        raise UnreadableSheet(f"its text cannot be read ({error}); save the workbook again in Excel.") from error


def read_head(workbook: Workbook, sheet: Sheet, rows: int) -> dict[int, dict[int, str]]:
    """Return the texts of the first `rows` rows, as far as they stand in the first megabyte: row → column → its start.

    Raises UnreadableSheet.
    """
    reader = CellReader(workbook, range(LAST_COLUMN + 1))
    stream = ElementStream((_ROW,), _HEAD_BYTES, ends=(_ROWS,), step=_HEAD_STEP)
    head: dict[int, dict[int, str]] = {}
    left = _HEAD_BYTES
    try:
        for piece in pieces_of(workbook, sheet):
            for row in stream.feed(piece[:left]):
                if row.tag.endswith(_ROWS):
                    return head
                number = reader.next_row(row)
                if number > rows:
                    return head
                head[number] = {column: cell.text[:_LONGEST_NAME] for column, cell in reader.cells(row).items()}
            left -= len(piece)
            if left <= 0:
                break
    except ValueError as error:
        raise UnreadableSheet(f"its first rows cannot be read ({error}); save the workbook again in Excel.") from error
    return head


def read_rows(
    workbook: Workbook, sheet: Sheet, header_row: int, columns: Collection[int], beside: range = range(0)
) -> Iterator[tuple[int, dict[int, Cell], bool]]:
    """Yield (Excel row number, column → cell, whether it is hidden) of every row below the header, in file order.

    Blank cells are left out, and those of the columns `beside` where a row has a cell in the others. The sheet's stated
    dimension is not looked at. Formulas give their cached values. Raises UnreadableSheet, or CorruptWorkbook where the
    checksum differs.
    """
    reader, reader_beside = CellReader(workbook, columns), CellReader(workbook, beside)
    pieces = pieces_of(workbook, sheet)
    try:
        for row in _rows(pieces, workbook.limits.bytes_of("row_mb")):
            if reader.next_row(row) > header_row:
                reader_beside.row = reader.row
                cells = reader.cells(row) or reader_beside.cells(row)
                yield reader.row, cells, row.get("hidden", "").strip() in ("1", "true")
            row.clear()
    except ValueError as error:
        for _ in pieces:  # where bytes were changed, that is what is wrong
            pass
        where = f"row {reader.row + 1} or a later one"
        if isinstance(error, TooLong):
            message = f"{where} is too long for a row of ticks ({error}). If you trust it: --limit row_mb=NUMBER."
        else:
            message = f"{where} cannot be read ({error}); save the workbook again in Excel."
        raise UnreadableSheet(message) from error


def uncalculated(workbook: Workbook, sheet: Sheet) -> str:
    """Return what to say and do about formulas that were saved without what they give; empty where there are none.

    Programs that write formulas do not calculate them. Raises UnreadableSheet or CorruptWorkbook.
    """
    reader = CellReader(workbook, ())
    count, first = 0, ""
    for row in _rows(pieces_of(workbook, sheet), workbook.limits.bytes_of("row_mb")):
        number = reader.next_row(row)
        for column, cell in enumerate(row):
            texts = {local_name(node): node.text for node in cell}
            if "f" in texts and not texts.get("v") and "is" not in texts:
                count += 1
                first = first or cell.get("r") or f"{letters_of(column)}{number}"
    return (
        f"Formulas in it were saved without their values: {count:,}, the first in {shown(first)}. Open the workbook in "
        "Excel, let it calculate, save it and convert it again."
        if count
        else ""
    )


def _rows(pieces: Iterable[bytes], longest: int) -> Iterator[Element]:
    """Yield the rows of a sheet; what says where a button stands, further below, is called row as well."""
    stream = ElementStream((_ROW,), longest, ends=(_ROWS,))
    is_above_end = True
    for piece in pieces:
        for node in stream.feed(piece):
            is_above_end = is_above_end and not node.tag.endswith(_ROWS)
            if is_above_end:
                yield node
    if stream.begun:
        stream.close()
