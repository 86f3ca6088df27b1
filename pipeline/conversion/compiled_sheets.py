"""Reads a sheet's ticks and first rows in one pass over its bytes with the compiled reader.

A sheet that is not written exactly as Excel writes one is declined (None) and left to the other readers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from pipeline.conversion import timestamps
from pipeline.conversion.excel.compiled_reader import RowsLoop, SwiftColumns, SwiftReader
from pipeline.conversion.excel.scan import HEAD_BYTES, HeadReader, chunks_of
from pipeline.conversion.headers import HEAD_ROWS, find_columns
from pipeline.conversion.ticks import Parsed, type_code
from pipeline.errors import SheetError
from pipeline.ticks import Ticks

if TYPE_CHECKING:
    from pipeline.conversion.excel.archive import Sheet, Workbook

Head: TypeAlias = dict[int, dict[int, str]]
_MOST_TEXTS: Final = 65_536
# Bytes of XML for one in a column: a row has 100 bytes at least, and takes 26.
_XML_A_BYTE: Final = 3
_NS_PER_MS: Final = 1_000_000


class _Declined(Exception):
    """The sheet is for the other readers."""


def read_swiftly(workbook: Workbook, sheet: Sheet, header_row: int, loop: RowsLoop) -> tuple[Parsed, Head] | None:
    """Unpack a sheet once, verify CRC and size, and read it meanwhile; None asks for the other readers.

    Raises CorruptWorkbook when the bytes are not those the archive promises, UnreadableSheet for bad XML in the head.
    """
    if not workbook.plain or len(workbook.texts) > _MOST_TEXTS or sheet.size // _XML_A_BYTE > workbook.limits.fast:
        return None
    try:
        return _read(workbook, sheet, header_row, loop)
    except _Declined:
        return None


def _read(workbook: Workbook, sheet: Sheet, header_row: int, loop: RowsLoop) -> tuple[Parsed, Head]:
    head = HeadReader(workbook.texts, max(header_row, HEAD_ROWS))
    reader: SwiftReader | None = None
    first = b""
    for chunk in chunks_of(workbook.path, sheet):
        if reader is None:
            head.feed(chunk)
            first += chunk
            if head.whole:
                reader = _reader(workbook, sheet, header_row, head.head, loop)
                reader.feed(first)
            elif len(first) >= HEAD_BYTES:
                raise _Declined
        else:
            reader.feed(chunk)
        if reader is not None and reader.odd:
            raise _Declined
    if reader is None:
        reader = _reader(workbook, sheet, header_row, head.head, loop)
        reader.feed(first)
    return _parsed(reader.columns(), header_row, date1904=workbook.date1904), head.head


def _reader(workbook: Workbook, sheet: Sheet, header_row: int, head: Head, loop: RowsLoop) -> SwiftReader:
    try:
        columns = find_columns(head, header_row)
    except SheetError as error:
        raise _Declined from error
    if columns.clock is not None:
        raise _Declined
    return SwiftReader(loop, workbook, sheet.size, header_row, columns.used, columns.security, type_code)


def _parsed(found: SwiftColumns | None, header_row: int, *, date1904: bool) -> Parsed:
    """Return the ticks when every moment is one that is read as a date, and no two rows name different securities."""
    if found is None or len(found.securities) > 1:
        raise _Declined
    moments = found.moments + timestamps.day_zero_ms(date1904=date1904)
    if moments.min() < timestamps.first_ms(date1904=date1904) or moments.max() >= timestamps.END_MS:
        raise _Declined
    ticks = Ticks(timestamp=moments * _NS_PER_MS, kind=found.kinds, price=found.price, volume=found.volume)
    rows = found.last - header_row
    return Parsed(ticks, (), rows, rows - len(ticks), found.texts, securities=dict.fromkeys(found.securities, 0))
