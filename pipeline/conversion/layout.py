"""Finds the blocks of ticks of a sheet, and which security each is of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.conversion.excel.row_reader import packed_pieces, read_head
from pipeline.conversion.headers import HEAD_ROWS, MOST_HEAD_ROWS, Block, find_blocks
from pipeline.errors import EmptySheet, MissingColumns, SheetError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.conversion.excel.archive import Workbook
    from pipeline.conversion.excel.parts import Sheet
    from pipeline.conversion.header_words import Meaning


def blocks_of(
    workbook: Workbook, sheet: Sheet, header_row: int | None = None, own: Mapping[str, Meaning] | None = None
) -> list[Block]:
    """Return the blocks of ticks of a sheet, left to right.

    Args:
        workbook: The workbook, opened.
        sheet: One of its sheets.
        header_row: Row of the headers, counted from 1; by default it is looked for.
        own: A desk's own headers, and what they stand for.

    Raises:
        SheetError: It has none, or its first rows cannot be read.
        CorruptWorkbook: The bytes are not those that the archive promises.
    """
    try:
        rows = max(header_row or 0, HEAD_ROWS)
        head = read_head(workbook, sheet, rows)
        try:
            return find_blocks(head, header_row, own)
        except (MissingColumns, EmptySheet):
            if header_row is not None or (head and max(head) < rows):
                raise
            return find_blocks(read_head(workbook, sheet, MOST_HEAD_ROWS), None, own)
    except SheetError:
        for _ in packed_pieces(workbook, sheet):  # where bytes were changed, that is what is wrong
            pass
        raise
