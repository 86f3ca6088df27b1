"""Reads one sheet of a workbook: its ticks, its rejects and the record of the content they were read from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from pipeline.conversion.excel.row_blocks import Unsupported
from pipeline.conversion.excel.row_reader import pieces_of, read_rows, uncalculated
from pipeline.conversion.fingerprint import make_record
from pipeline.conversion.refuse import Rejected
from pipeline.conversion.rules import Rules
from pipeline.conversion.ticks import Judge, OtherDateOrder, Parsed
from pipeline.conversion.wide import judge_all
from pipeline.errors import EmptySheet
from pipeline.times import MINUTE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pipeline.conversion.excel.archive import Workbook
    from pipeline.conversion.excel.parts import Sheet
    from pipeline.conversion.headers import Block
    from pipeline.conversion.ticks import Row
    from pipeline.native.functions import CompiledFunction

FAST: Final = "fast"
ROW_BY_ROW: Final = "row by row"
_PROGRESS_ROWS: Final = 20_000


@dataclass(frozen=True, slots=True)
class SheetContent:
    """What a sheet holds, by which reader it was read, and the record of the content it was read from.

    hidden_rows: how many rows below the header Excel does not show. remarks: what a person must be told of how it was
    read. not_fast: why it was read row by row, where that lies in the sheet. securities: the names of all that its rows
    are of, where it was split by them.
    """

    parsed: Parsed
    reader: str
    record: dict[str, Any]
    hidden_rows: int = 0
    remarks: tuple[str, ...] = ()
    not_fast: str = ""
    securities: tuple[str, ...] = ()

    @property
    def ticks(self) -> int:
        """Return how many ticks it has."""
        return len(self.parsed.ticks)

    @property
    def has_seconds(self) -> bool:
        """Return whether a tick is of no whole minute."""
        return bool((self.parsed.ticks.timestamp % MINUTE).any())

    @property
    def notes(self) -> tuple[str, ...]:
        """Return what a person must be told of how its cells were read."""
        return self.parsed.remarks

    @property
    def rejected(self) -> Rejected:
        """Return its rejected rows."""
        return Rejected(self.parsed.rejects)

    @property
    def counts(self) -> dict[str, Any]:
        """Return how many rows of each kind there are."""
        parsed = self.parsed
        return {"rows": parsed.rows, "ticks": self.ticks, "blank": parsed.blank, "rejects": parsed.reject_counts}

    def discard(self) -> None:
        """Forget it: there is nothing of it on the disk."""


def read_sheet(
    workbook: Workbook,
    sheet: Sheet,
    block: Block,
    loop: CompiledFunction | None = None,
    on_rows: Callable[[int], None] = lambda _: None,
    rules: Rules | None = None,
) -> SheetContent:
    """Read one block of a sheet in one pass, or row by row where there is no loop for that or its XML hides rows.

    Args:
        workbook: The workbook, opened.
        sheet: One of its sheets.
        block: Its columns, and the row of their headers.
        loop: The compiled loop over rows.
        on_rows: Called with the number of rows read so far now and then.
        rules: By what its cells are read.

    Raises:
        SheetError: The sheet holds no ticks that can be read.
        CorruptWorkbook: The bytes are not those that the archive promises.
    """
    rules = rules or Rules(workbook.date1904)
    read, not_fast = None, ""
    if block.columns.quotes:
        not_fast = "its rows hold whole quotes"
    elif loop is not None and workbook.kind == "xlsx":
        try:
            read = read_fast(workbook, sheet, block, loop, rules, on_rows)
        except Unsupported as unsupported:
            not_fast = str(unsupported)
    reader = FAST if read else ROW_BY_ROW
    parsed, hidden_rows = read or read_row_by_row(workbook, sheet, block, rules, on_rows)
    if parsed.rows != len(parsed.ticks) + len(parsed.rejects) + parsed.blank:
        raise AssertionError(f"sheet '{sheet.name}': rows got lost between reading and sorting")
    if parsed.rows == 0:
        formulas = uncalculated(workbook, sheet)
        what = f"values below them. {formulas}" if formulas else "rows below them."
        raise EmptySheet(f"the sheet has headers in row {block.header_row} and no {what}")
    record = make_record(workbook, sheet, block, rules, parsed.texts)
    return SheetContent(parsed, reader, record, hidden_rows, not_fast=not_fast)


def read_fast(
    workbook: Workbook,
    sheet: Sheet,
    block: Block,
    loop: CompiledFunction,
    rules: Rules,
    on_rows: Callable[[int], None] = lambda _: None,
) -> tuple[Parsed, int]:
    """Unpack a sheet once, verify its checksum, and read its rows meanwhile; return them and how many are hidden.

    Raises Unsupported for a sheet whose XML hides rows from one pass.
    """
    from pipeline.conversion.excel.compiled_reader import CompiledReader  # brings the compiler's runtime

    judge = Judge(block.columns, rules)
    reader = CompiledReader(loop, workbook, sheet.part.file_size, block, rules, judge)
    ticks = reader.read(pieces_of(workbook, sheet), on_rows)
    try:
        return judge.parsed(block.header_row, ticks), reader.hidden_rows
    except OtherDateOrder as other:
        return read_fast(workbook, sheet, block, loop, replace(rules, date_order=other.order), on_rows)


def read_row_by_row(
    workbook: Workbook, sheet: Sheet, block: Block, rules: Rules, on_rows: Callable[[int], None] = lambda _: None
) -> tuple[Parsed, int]:
    """Return a sheet's ticks and rejects, read cell by cell, and how many rows are hidden.

    Raises UnreadableSheet or CorruptWorkbook.
    """
    hidden_rows = 0

    def rows() -> Iterator[Row]:
        nonlocal hidden_rows
        hidden_rows = 0
        below = read_rows(workbook, sheet, block.header_row, block.columns.with_others, block.beside)
        for count, (number, cells, is_hidden) in enumerate(below, start=1):
            yield number, cells
            hidden_rows += is_hidden
            if count % _PROGRESS_ROWS == 0:
                on_rows(count)

    return judge_all(rows, block, rules), hidden_rows
