"""One sheet of one workbook in, its ticks and rejects and the record of its content out."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.convert.fingerprint import make_record
from pipeline.convert.headers import find_columns
from pipeline.convert.strict import accept
from pipeline.convert.ticks import judge_rows
from pipeline.convert.workbook.fast import read_strict
from pipeline.convert.workbook.scan import row_shapes
from pipeline.errors import EmptySheet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from pipeline.convert.headers import Columns
    from pipeline.convert.ticks import Parsed
    from pipeline.convert.workbook.archive import Sheet, Workbook
    from pipeline.convert.workbook.cells import Cell
    from pipeline.convert.workbook.fast import StrictColumns
    from pipeline.convert.workbook.scan import Scan

FAST: Final = "fast"
ROW_BY_ROW: Final = "row by row"
_PROGRESS_ROWS: Final = 20_000
_LARGEST_AREA: Final = 40_000_000


@dataclass(frozen=True, slots=True)
class SheetContent:
    """What a sheet holds, by which reader it was read, and the record of the content it was read from."""

    parsed: Parsed
    reader: str
    record: dict[str, Any]


def read_sheet(
    workbook: Workbook, sheet: Sheet, scan: Scan, header_row: int, on_rows: Callable[[int], None] | None = None
) -> SheetContent:
    """Read one scanned sheet by the fast reader, or row by row when any cell in it is not as a clean sheet's.

    `on_rows` is told the rows read so far now and then. Raises a SheetError or CorruptWorkbook.
    """
    columns = find_columns(scan.head, header_row)
    parsed, reader = _read_fast(workbook, sheet, header_row, columns, scan), FAST
    if parsed is None:
        parsed, reader = _read_row_by_row(workbook, sheet, header_row, columns, on_rows), ROW_BY_ROW
    if parsed.rows != len(parsed.ticks) + len(parsed.rejects) + parsed.blank:
        raise AssertionError(f"sheet '{sheet.name}': rows got lost between reading and sorting")
    if parsed.rows == 0:
        raise EmptySheet(f"the sheet has headers in row {header_row} and no rows below them.")
    seen = {*scan.head.get(header_row, {}).values(), *parsed.texts}
    return SheetContent(parsed, reader, make_record(workbook, sheet, header_row, seen))


def _read_fast(workbook: Workbook, sheet: Sheet, header_row: int, columns: Columns, scan: Scan) -> Parsed | None:
    # The fast reader takes 17&#46;3, which is 17.3, for 17; and it keeps room for every cell of the sheet's span, so
    # one stray cell far to the right would take all memory.
    if scan.character_references or scan.area > _LARGEST_AREA:
        return None
    found = read_strict(workbook.path, sheet.name, header_row, columns.used)
    if found is None or not _rows_agree(found, workbook, sheet, header_row, scan):
        return None
    return accept(found, date1904=workbook.date1904)


def _rows_agree(found: StrictColumns, workbook: Workbook, sheet: Sheet, header_row: int, scan: Scan) -> bool:
    """Return whether the fast reader gave each of the file's rows once and each empty row is truly empty.

    Of two rows under one number the fast reader drops one without a word, and an error cell comes as an empty one.
    """
    if found.filled is None and scan.row_elements - scan.head_row_elements == len(found.price):
        return True
    shapes = row_shapes(workbook, sheet)
    if shapes is None:
        return False
    numbers, hollow = shapes
    if any(later <= earlier for earlier, later in itertools.pairwise(numbers)):
        return False
    filled = np.ones(len(found.price), dtype=np.bool_) if found.filled is None else found.filled
    solid = np.array([number for number in numbers if number > header_row and number not in hollow], dtype=np.int64)
    return np.array_equal(solid, np.flatnonzero(filled) + header_row + 1)


def _read_row_by_row(
    workbook: Workbook, sheet: Sheet, header_row: int, columns: Columns, on_rows: Callable[[int], None] | None
) -> Parsed:
    # openpyxl takes 0.2 s to import and most conversions never need it.
    from pipeline.convert.workbook.exact import read_rows  # noqa: PLC0415

    rows: Iterable[tuple[int, Sequence[Cell]]] = read_rows(workbook, sheet, header_row, columns.used)
    if on_rows is not None:
        rows = _counted(rows, on_rows)
    return judge_rows(rows, header_row, date1904=workbook.date1904)


def _counted(
    rows: Iterable[tuple[int, Sequence[Cell]]], on_rows: Callable[[int], None]
) -> Iterator[tuple[int, Sequence[Cell]]]:
    for count, row in enumerate(rows, start=1):
        yield row
        if count % _PROGRESS_ROWS == 0:
            on_rows(count)
