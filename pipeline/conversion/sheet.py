"""Reads one sheet of a workbook: its ticks, its rejects and the record of the content they were read from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pipeline.conversion import timestamps
from pipeline.conversion.excel.fast_reader import FastReader
from pipeline.conversion.excel.scan import HEAD_BYTES, HeadReader, chunks_of
from pipeline.conversion.fingerprint import make_record
from pipeline.conversion.headers import HEAD_ROWS, find_columns
from pipeline.conversion.refuse import refuse_several_securities
from pipeline.conversion.ticks import Parsed, judge_rows, type_code
from pipeline.errors import EmptySheet, SheetError
from pipeline.ticks import Ticks
from pipeline.times import MILLISECOND

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from pipeline.conversion.excel.archive import Sheet, Workbook
    from pipeline.conversion.excel.cells import Cell
    from pipeline.conversion.excel.compiled_reader import RowsLoop
    from pipeline.conversion.excel.fast_reader import FastColumns, Rows
    from pipeline.conversion.headers import Head

FAST: Final = "fast"
ROW_BY_ROW: Final = "row by row"
_PROGRESS_ROWS: Final = 20_000
_MOST_TEXTS: Final = 65_536
# Bytes of XML for one of the fast reader: a row has 100 bytes at least, and takes 26.
_XML_PER_BYTE: Final = 3


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
    loop: RowsLoop | None = None,
    on_rows: Callable[[int], None] | None = None,
) -> SheetContent:
    """Read one sheet by the fast reader, or row by row when any cell in it is not as a clean sheet's.

    Args:
        workbook: The workbook, opened.
        sheet: One of its sheets.
        header_row: Row of the column names, counted from 1.
        loop: The compiled loop over rows; without it the fast reader matches a pattern, which takes longer.
        on_rows: Called with the number of rows read so far now and then.

    Raises:
        SheetError: The sheet holds no ticks that can be read.
        CorruptWorkbook: The bytes are not those that the archive promises.
    """
    fast = read_fast(workbook, sheet, header_row, loop)
    if fast is None and loop is not None:
        fast = read_fast(workbook, sheet, header_row, None)  # takes a few more ways of writing a cell
    if fast is not None:
        (parsed, head), reader = fast, FAST
    else:
        head = read_head(workbook, sheet, header_row)
        parsed, reader = read_row_by_row(workbook, sheet, header_row, head, on_rows), ROW_BY_ROW
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


def read_fast(workbook: Workbook, sheet: Sheet, header_row: int, loop: RowsLoop | None) -> tuple[Parsed, Head] | None:
    """Unpack a sheet once, verify CRC and size, and read its ticks and first rows meanwhile.

    Returns None for a sheet that is not written exactly as Excel writes one, or is not all clean ticks.
    """
    if len(workbook.texts) > _MOST_TEXTS or sheet.size // _XML_PER_BYTE > workbook.limits.bytes_of("fast_gb"):
        return None
    head = HeadReader(workbook.texts, max(header_row, HEAD_ROWS))
    reader: FastReader | None = None
    first = b""
    for chunk in chunks_of(workbook.path, sheet):
        if reader is not None:
            if not reader.feed(chunk):
                return None
            continue
        head.feed(chunk)
        first += chunk
        if head.whole:
            reader = _reader(workbook, sheet, header_row, head.head, loop)
            if reader is None or not reader.feed(first):
                return None
        elif len(first) >= HEAD_BYTES:
            return None
    if reader is None:
        reader = _reader(workbook, sheet, header_row, head.head, loop)
        if reader is None or not reader.feed(first):
            return None
    parsed = _parsed(reader.columns(), header_row, date1904=workbook.date1904)
    return None if parsed is None else (parsed, head.head)


def _reader(workbook: Workbook, sheet: Sheet, header_row: int, head: Head, loop: RowsLoop | None) -> FastReader | None:
    try:
        columns = find_columns(head, header_row)
    except SheetError:
        return None
    rows: Rows
    if loop is not None and columns.clock is None:
        from pipeline.conversion.excel.compiled_reader import CompiledRows  # brings the compiler's runtime

        rows = CompiledRows(loop, workbook, sheet.size, columns, header_row, type_code)
    else:
        from pipeline.conversion.excel.pattern_reader import PatternRows

        rows = PatternRows(workbook, columns, header_row, type_code)
    return FastReader(rows, workbook.limits.bytes_of("row_mb"))


def _parsed(columns: FastColumns | None, header_row: int, *, date1904: bool) -> Parsed | None:
    """Return the ticks when every moment is one that is read as a date, and no two rows name different securities."""
    if columns is None or len(columns.securities) > 1:
        return None
    moments = columns.moments
    if moments.min() < timestamps.first_ms(date1904=date1904) or moments.max() >= timestamps.END_MS:
        return None
    ticks = Ticks(timestamp=moments * MILLISECOND, kind=columns.kinds, price=columns.price, volume=columns.volume)
    rows = columns.last - header_row
    securities = dict.fromkeys(columns.securities, 0)
    return Parsed(ticks, (), rows, rows - len(ticks), columns.texts, securities=securities)


def read_head(workbook: Workbook, sheet: Sheet, header_row: int) -> Head:
    """Unpack a sheet, verify CRC and size, and read its first rows."""
    head = HeadReader(workbook.texts, max(header_row, HEAD_ROWS))
    for chunk in chunks_of(workbook.path, sheet):
        head.feed(chunk)
    return head.head


def read_row_by_row(
    workbook: Workbook, sheet: Sheet, header_row: int, head: Head, on_rows: Callable[[int], None] | None = None
) -> Parsed:
    """Return the ticks and rejects of a sheet with these first rows, read cell by cell."""
    # openpyxl takes 0.2 s to import and most conversions never need it.
    from pipeline.conversion.excel.row_reader import read_rows

    columns = find_columns(head, header_row)
    named = columns.security is not None
    positions = columns.used if columns.security is None else (*columns.used, columns.security)
    rows: Iterable[tuple[int, Sequence[Cell]]] = read_rows(workbook, sheet, header_row, positions)
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
