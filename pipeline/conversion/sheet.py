"""Reads one sheet of a workbook: its ticks, its rejects and the record of the content they were read from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.conversion.excel.layout import rows_with_values
from pipeline.conversion.excel.scan import scan_sheet, whole_rows
from pipeline.conversion.excel.texts import same_texts
from pipeline.conversion.fingerprint import make_record
from pipeline.conversion.headers import HEAD_ROWS, find_columns
from pipeline.conversion.refuse import refuse_several_securities
from pipeline.conversion.strict import accept
from pipeline.conversion.ticks import judge_rows, type_code
from pipeline.errors import EmptySheet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from pipeline.conversion.excel.archive import Sheet, Workbook
    from pipeline.conversion.excel.cells import Cell
    from pipeline.conversion.excel.compiled_reader import RowsLoop
    from pipeline.conversion.excel.fastexcel_reader import StrictColumns
    from pipeline.conversion.excel.layout import Shape
    from pipeline.conversion.excel.scan import Scan
    from pipeline.conversion.headers import Columns
    from pipeline.conversion.memory_budget import Room
    from pipeline.conversion.ticks import Parsed

FAST: Final = "fast"
ROW_BY_ROW: Final = "row by row"
_PROGRESS_ROWS: Final = 20_000
# Measured: what the fast reader takes for a place in the span, for a cell, for a row and for a shared text, in bytes.
_A_PLACE, _A_CELL, _A_ROW, _A_TEXT = 32, 40, 64, 48
_LEAST_XML: Final = 20


@dataclass(frozen=True, slots=True)
class SheetContent:
    """What a sheet holds, by which reader it was read, and the record of the content it was read from."""

    parsed: Parsed
    reader: str
    record: dict[str, Any]


def read_sheet(
    workbook: Workbook,
    sheet: Sheet,
    header_row: int,
    room: Room,
    loop: RowsLoop | None = None,
    on_rows: Callable[[int], None] | None = None,
) -> SheetContent:
    """Read one sheet by a fast reader, or row by row when any cell in it is not as a clean sheet's.

    `loop` reads rows as Excel writes them in one pass, `room` is the memory that the fast reader of others may take,
    `on_rows` is told the rows read so far now and then. Raises a SheetError or CorruptWorkbook.
    """
    if loop is not None:
        from pipeline.conversion.compiled_sheets import read_swiftly  # brings the compiler's runtime

        found = read_swiftly(workbook, sheet, header_row, loop)
        if found is not None:
            return _content(workbook, sheet, header_row, *found, FAST)
    scan = scan_sheet(workbook, sheet, header_row, HEAD_ROWS)
    columns = find_columns(scan.head, header_row)
    parsed, reader = _read_fast(workbook, sheet, header_row, columns, scan, room), FAST
    if parsed is None:
        parsed, reader = _read_row_by_row(workbook, sheet, header_row, columns, on_rows), ROW_BY_ROW
    return _content(workbook, sheet, header_row, parsed, scan.head, reader)


def _content(
    workbook: Workbook, sheet: Sheet, header_row: int, parsed: Parsed, head: dict[int, dict[int, str]], reader: str
) -> SheetContent:
    if parsed.rows != len(parsed.ticks) + len(parsed.rejects) + parsed.blank:
        raise AssertionError(f"sheet '{sheet.name}': rows got lost between reading and sorting")
    if parsed.rows == 0:
        raise EmptySheet(
            f"the sheet has headers in row {header_row} and no rows below them. If Excel shows rows, save it there "
            "again: a formula counts as the value that was saved with it."
        )
    refuse_several_securities(sheet.name, parsed)
    seen = {*head.get(header_row, {}).values(), *parsed.texts}
    return SheetContent(parsed, reader, make_record(workbook, sheet, header_row, seen))


def _read_fast(
    workbook: Workbook, sheet: Sheet, header_row: int, columns: Columns, scan: Scan, room: Room
) -> Parsed | None:
    # Arrow is loaded in the main thread while sheets are unpacked on others.
    from pipeline.conversion.excel.fastexcel_reader import read_strict

    shape = scan.shape
    if shape is None or not workbook.plain:
        return None
    if not same_texts(workbook, sheet, len(shape.rows), lambda text: type_code(text) >= 0):
        return None
    where = (workbook.path, sheet.name, header_row)
    with room.taken(_need(workbook, sheet, shape)) as has_room:
        found = read_strict(*where, columns.used, columns.security) if has_room else None
        if found is None or not _rows_agree(found, workbook, sheet, header_row, shape):
            return None
        return accept(found, date1904=workbook.date1904)


def _need(workbook: Workbook, sheet: Sheet, shape: Shape) -> int:
    """Return the bytes that the fast reader may take: the span of the cells, the cells, and all texts there are."""
    own_texts = max(0, sheet.size - _LEAST_XML * shape.cells)
    shared = workbook.text_facts.total + _A_TEXT * len(workbook.texts)
    return _A_PLACE * shape.area + _A_CELL * shape.cells + _A_ROW * len(shape.rows) + own_texts + shared


def _rows_agree(found: StrictColumns, workbook: Workbook, sheet: Sheet, header_row: int, shape: Shape) -> bool:
    """Return whether the fast reader found every row that holds anything and no others.

    An error cell comes from it as an empty one, so a row of them would look blank.
    """
    told = np.flatnonzero(np.ones(len(found.price)) if found.filled is None else found.filled) + header_row + 1
    rows = shape.rows[~shape.hollow]
    if np.array_equal(rows[rows > header_row], told):
        return True
    # Cells that are there and empty, as those of a formatted column, are no reason to read row by row.
    rows = shape.rows[rows_with_values(whole_rows(workbook, sheet))]
    return np.array_equal(rows[rows > header_row], told)


def _read_row_by_row(
    workbook: Workbook, sheet: Sheet, header_row: int, columns: Columns, on_rows: Callable[[int], None] | None
) -> Parsed:
    # openpyxl takes 0.2 s to import and most conversions never need it.
    from pipeline.conversion.excel.row_reader import read_rows

    named = columns.security is not None
    places = columns.used if columns.security is None else (*columns.used, columns.security)
    rows: Iterable[tuple[int, Sequence[Cell]]] = read_rows(workbook, sheet, header_row, places)
    if on_rows is not None:
        rows = _counted(rows, on_rows)
    return judge_rows(rows, header_row, date1904=workbook.date1904, named=named)


def _counted(
    rows: Iterable[tuple[int, Sequence[Cell]]], on_rows: Callable[[int], None]
) -> Iterator[tuple[int, Sequence[Cell]]]:
    for count, row in enumerate(rows, start=1):
        yield row
        if count % _PROGRESS_ROWS == 0:
            on_rows(count)
