"""Reads one sheet of a workbook: its ticks, its rejects and the record of the content they were read from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pipeline.conversion import timestamps
from pipeline.conversion.excel.row_reader import pieces_of, read_rows
from pipeline.conversion.fingerprint import make_record
from pipeline.conversion.refuse import refuse_several_securities
from pipeline.conversion.rules import Rules
from pipeline.conversion.ticks import Parsed, judge_rows
from pipeline.errors import EmptySheet
from pipeline.ticks import Ticks
from pipeline.times import MILLISECOND

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pipeline.conversion.excel.archive import Workbook
    from pipeline.conversion.excel.compiled_reader import RowsLoop
    from pipeline.conversion.excel.fast_reader import FastReader
    from pipeline.conversion.excel.parts import Sheet
    from pipeline.conversion.headers import Block, Columns
    from pipeline.conversion.ticks import Row

FAST: Final = "fast"
ROW_BY_ROW: Final = "row by row"
_PROGRESS_ROWS: Final = 20_000
_MOST_TEXTS: Final = 65_536
# Bytes of XML for one of the fast reader: a row has 100 bytes at least, and takes 26.
_XML_PER_BYTE: Final = 3


@dataclass(frozen=True, slots=True)
class SheetContent:
    """What a sheet holds, by which reader it was read, and the record of the content it was read from.

    hidden_rows: how many of its rows Excel does not show. remarks: what a person must be told of how it was read.
    """

    workbook: Workbook
    sheet: Sheet
    parsed: Parsed
    reader: str
    record: dict[str, Any]
    hidden_rows: int = 0
    remarks: tuple[str, ...] = ()


def read_sheet(
    workbook: Workbook,
    sheet: Sheet,
    block: Block,
    loop: RowsLoop | None = None,
    on_rows: Callable[[int], None] = lambda _: None,
    rules: Rules | None = None,
) -> SheetContent:
    """Read one block of a sheet by a fast reader, or row by row when any cell in it is not as a clean sheet's.

    Args:
        workbook: The workbook, opened.
        sheet: One of its sheets.
        block: Its columns, and the row of their headers.
        loop: The compiled loop over rows; without it the fast reader matches a pattern, which takes longer.
        on_rows: Called with the number of rows read so far now and then.
        rules: By what its cells are read.

    Raises:
        SheetError: The sheet holds no ticks that can be read.
        CorruptWorkbook: The bytes are not those that the archive promises.
    """
    columns, header_row = block.columns, block.header_row
    rules = rules or Rules(workbook.date1904)
    parsed = None
    for compiled in dict.fromkeys((loop, None)):  # the pattern takes a few more ways of writing a cell
        parsed = parsed or read_fast(workbook, sheet, columns, header_row, compiled)
    reader = FAST if parsed else ROW_BY_ROW
    parsed = parsed or read_row_by_row(workbook, sheet, columns, header_row, rules, on_rows)
    if parsed.rows != len(parsed.ticks) + len(parsed.rejects) + parsed.blank:
        raise AssertionError(f"sheet '{sheet.name}': rows got lost between reading and sorting")
    if parsed.rows == 0:
        raise EmptySheet(
            f"the sheet has headers in row {header_row} and no rows below them. If Excel shows rows, save it there "
            "again: a formula counts as the value that was saved with it."
        )
    refuse_several_securities(sheet.name, parsed)
    record = make_record(workbook, sheet, block, rules, parsed.texts)
    return SheetContent(workbook, sheet, parsed, reader, record)


def read_fast(
    workbook: Workbook, sheet: Sheet, columns: Columns, header_row: int, loop: RowsLoop | None
) -> Parsed | None:
    """Unpack a sheet once, verify its checksum, and read its ticks meanwhile.

    Returns None for a sheet that is not written exactly as Excel writes one, or is not all clean ticks of one security.
    """
    if len(workbook.texts) > _MOST_TEXTS or sheet.part.file_size // _XML_PER_BYTE > workbook.limits.bytes_of("fast_gb"):
        return None
    reader: FastReader
    if loop is not None and columns.clock is None and columns.condition is None:
        from pipeline.conversion.excel.compiled_reader import CompiledReader  # brings the compiler's runtime

        reader = CompiledReader(loop, workbook, sheet.part.file_size, columns, header_row)
    else:
        from pipeline.conversion.excel.pattern_reader import PatternReader

        reader = PatternReader(workbook, columns, header_row)
    for piece in pieces_of(workbook, sheet):
        if not reader.feed(piece):
            return None
    read = reader.close()
    if read is None or len(read.securities) > 1:
        return None
    if read.moments.min() < timestamps.first_ms(date1904=workbook.date1904) or read.moments.max() >= timestamps.END_MS:
        return None
    ticks = Ticks(
        timestamp=read.moments * MILLISECOND,
        kind=read.kinds,
        price=read.price,
        volume=read.volume,
        condition=read.condition,
        conditions=read.conditions,
    )
    rows = read.last - header_row
    return Parsed(ticks, (), rows, rows - len(ticks), read.texts, securities=read.securities)


def read_row_by_row(
    workbook: Workbook,
    sheet: Sheet,
    columns: Columns,
    header_row: int,
    rules: Rules | None = None,
    on_rows: Callable[[int], None] = lambda _: None,
) -> Parsed:
    """Return the ticks and rejects of a sheet, read cell by cell; raises UnreadableSheet or CorruptWorkbook."""

    def counted() -> Iterator[Row]:
        for count, row in enumerate(read_rows(workbook, sheet, header_row, columns.with_others), start=1):
            yield row
            if count % _PROGRESS_ROWS == 0:
                on_rows(count)

    return judge_rows(counted(), columns, header_row, rules or Rules(workbook.date1904))
