"""Reads a sheet of any kind of workbook row by row, whatever lawful XML it is; and the texts of its first rows."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from pipeline.conversion.excel.archive import unpacked
from pipeline.conversion.excel.binary import binary_rows
from pipeline.conversion.excel.cells import LAST_COLUMN, CellReader, letters_of
from pipeline.conversion.excel.encoding import decoded
from pipeline.conversion.excel.open_document import table_rows
from pipeline.conversion.excel.stream import ElementStream, TooLong, local_name
from pipeline.errors import UnreadableSheet, shown

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from xml.etree.ElementTree import Element

    from pipeline.conversion.excel.archive import Workbook
    from pipeline.conversion.excel.cells import RowCells
    from pipeline.conversion.excel.parts import Sheet

_ROW, _ROWS = "row", "sheetData"
_HEAD_BYTES: Final = 1 << 20
_HEAD_STEP: Final = 1 << 12
_LONGEST_NAME: Final = 256


def packed_pieces(workbook: Workbook, sheet: Sheet) -> Iterator[bytes]:
    """Yield the bytes of a sheet's part; raises CorruptWorkbook at their end where the checksum differs."""
    if workbook.kind == "xls":  # is one file, which has none
        return iter(())
    return unpacked(workbook.path, sheet.packed or sheet.part, f"sheet '{sheet.name}'")


def pieces_of(workbook: Workbook, sheet: Sheet) -> Iterator[bytes]:
    """Yield the XML of a sheet of an .xlsx in UTF-8 piece by piece.

    Raises CorruptWorkbook at its end where its checksum differs, UnreadableSheet for an encoding that is not read.
    """
    pieces = packed_pieces(workbook, sheet)
    with _readable(pieces):
        yield from decoded(pieces)


def _other_rows(workbook: Workbook, sheet: Sheet) -> Iterator[RowCells]:
    """Yield the rows of a sheet that is no XML of an .xlsx; raises UnreadableSheet or CorruptWorkbook."""
    pieces = packed_pieces(workbook, sheet)
    with _readable(pieces):
        if workbook.kind == "xls":
            from pipeline.conversion.excel.old_excel import old_rows

            yield from old_rows(workbook.path, sheet.name)
        elif workbook.kind == "xlsb":
            yield from binary_rows(pieces, workbook)
        else:
            number = [each.name for each in workbook.sheets].index(sheet.name)
            limits = workbook.limits
            yield from table_rows(decoded(pieces), number, limits.bytes_of("row_mb"), limits.bytes_of("sheet_gb"))


@contextmanager
def _readable(pieces: Iterator[bytes], what: str = "its text") -> Iterator[None]:
    """Turn a ValueError of what `pieces` hold into an UnreadableSheet, or into CorruptWorkbook where they changed."""
    try:
        yield
    except ValueError as error:
        for _ in pieces:  # where bytes were changed, that is what is wrong
            pass
        raise UnreadableSheet(f"{what} cannot be read ({error}); save the workbook again in Excel.") from error


def read_head(workbook: Workbook, sheet: Sheet, rows: int) -> dict[int, dict[int, str]]:
    """Return the texts of the first `rows` rows, as far as they stand in the first megabyte: row → column → its start.

    Raises UnreadableSheet.
    """
    head: dict[int, dict[int, str]] = {}
    is_xml = workbook.kind == "xlsx"
    for number, cells, _ in _first_rows(workbook, sheet, rows) if is_xml else _other_rows(workbook, sheet):
        if number > rows:
            break
        head[number] = {column: cell.text[:_LONGEST_NAME] for column, cell in cells.items()}
    return head


def _first_rows(workbook: Workbook, sheet: Sheet, rows: int) -> Iterator[RowCells]:
    """Yield the first `rows` rows of an .xlsx that end in the first megabyte."""
    reader = CellReader(workbook, range(LAST_COLUMN + 1))
    stream = ElementStream((_ROW,), _HEAD_BYTES, ends=(_ROWS,), step=_HEAD_STEP)
    left = _HEAD_BYTES
    with _readable(iter(()), "its first rows"):
        for piece in pieces_of(workbook, sheet):
            for row in stream.feed(piece[:left]):
                if row.tag.endswith(_ROWS) or reader.next_row(row) > rows:
                    return
                yield reader.row, reader.cells(row), False
            left -= len(piece)
            if left <= 0:
                return


def read_rows(
    workbook: Workbook, sheet: Sheet, header_row: int, columns: Collection[int], beside: range = range(0)
) -> Iterator[RowCells]:
    """Yield every row below the header, in file order.

    Blank cells are left out, and those of the columns `beside` where a row has a cell in the others. The sheet's stated
    dimension is not looked at. Formulas give their cached values. Raises UnreadableSheet, or CorruptWorkbook where the
    checksum differs.
    """
    if workbook.kind != "xlsx":
        for number, cells, hidden in _other_rows(workbook, sheet):
            if number > header_row:
                used = {column: cell for column, cell in cells.items() if column in columns}
                yield number, used or {at: cell for at, cell in cells.items() if at in beside}, hidden
        return
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
    if workbook.kind != "xlsx":
        return ""
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
