"""Reads a block of a workbook's sheet or of a table, and says the same of both: how large it is, whether it changed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias, cast

from pipeline.conversion.excel.archive import stamp_of
from pipeline.conversion.excel.parts import Sheet
from pipeline.conversion.excel.row_reader import uncalculated
from pipeline.conversion.layout import blocks_of
from pipeline.conversion.names import security_of
from pipeline.conversion.sheet import SheetContent, read_sheet
from pipeline.conversion.split import split
from pipeline.conversion.tables.row_names import RowNames
from pipeline.conversion.tables.table import Table, stamp_of_table
from pipeline.conversion.ticks import ON_CLOCK
from pipeline.errors import NotAWorkbook, SeveralSecurities
from pipeline.markets.facts import facts_or_open

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipeline.conversion.excel.archive import Workbook
    from pipeline.conversion.headers import Block
    from pipeline.conversion.plan import SheetJob
    from pipeline.conversion.sheet_options import SheetOptions
    from pipeline.conversion.tables.reading import TableContent
    from pipeline.conversion.tables.table import TableSheet
    from pipeline.native.functions import CompiledFunction
    from pipeline.store.path import AnyPath

Content: TypeAlias = "SheetContent | TableContent"


def read_contents(
    job: SheetJob, loop: CompiledFunction | None, parquet_dir: AnyPath, threads: int, on_rows: Callable[[int], None]
) -> Mapping[str, Content]:
    """Return what a block holds of each security, by its full name; raises SheetError or CorruptWorkbook.

    Args:
        job: The block.
        loop: The compiled loop over rows of sheets.
        parquet_dir: Where the ticks of a table are written meanwhile.
        threads: Parts of a table that are read at a time.
        on_rows: Called with the number of rows read so far now and then.
    """
    while True:
        contents = _read(job, loop, parquet_dir, threads, on_rows)
        zones = {facts_or_open(security_of(full).exchange).time_zone: full for full in contents if full}
        on_clock = any(note.startswith(ON_CLOCK) for content in contents.values() for note in content.notes)
        if not on_clock or not zones.keys() - {job.rules.time_zone}:
            return contents
        for content in contents.values():
            content.discard()
        if len(zones) > 1:
            clocks = ", ".join(f"{full} on {zone}" for zone, full in sorted(zones.items()))
            raise SeveralSecurities(
                f"its times have a time zone, and its securities are on several clocks: {clocks}. Export those of each "
                "clock by themselves."
            )
        job = replace(job, rules=replace(job.rules, time_zone=next(iter(zones))))


def _read(
    job: SheetJob, loop: CompiledFunction | None, parquet_dir: AnyPath, threads: int, on_rows: Callable[[int], None]
) -> Mapping[str, Content]:
    """Return what a block holds of each security, its times on the clock of the job's rules."""
    if isinstance(job.workbook, Table):
        from pipeline.conversion.tables.reading import read_table  # brings Arrow

        return read_table(job.workbook, job.block, job.rules, RowNames(job.own), parquet_dir, threads, on_rows)
    sheet = cast("Sheet", job.sheet)
    return split(read_sheet(job.workbook, sheet, job.block, loop, on_rows, rules=job.rules), job.own)


def blocks_in(book: Workbook | Table, sheet: Sheet | TableSheet, options: SheetOptions) -> list[Block]:
    """Return the blocks of ticks of a sheet or table, left to right; raises SheetError or CorruptWorkbook."""
    if isinstance(book, Table):
        return book.blocks(options.header_row, options.words.columns)
    return blocks_of(book, cast("Sheet", sheet), options.header_row, options.words.columns)


def formulas_note(job: SheetJob) -> str:
    """Return what to say of a sheet's formulas without values; empty where there are none."""
    if isinstance(job.workbook, Table):
        return ""
    return uncalculated(job.workbook, cast("Sheet", job.sheet))


def size_of(job: SheetJob) -> int:
    """Return the bytes of a sheet's XML, or of a table."""
    return job.sheet.part.file_size if isinstance(job.sheet, Sheet) else job.workbook.stamp.size


def is_still(book: Workbook | Table) -> bool:
    """Return whether a workbook or table is the file that was read."""
    try:
        return (stamp_of_table if isinstance(book, Table) else stamp_of)(book.path) == book.stamp
    except NotAWorkbook:
        return False


def about(job: SheetJob, error: str) -> str:
    """Return an error with the file named, and the sheet where it is a workbook's."""
    path = job.workbook.path
    if isinstance(job.workbook, Table):
        return error if path.name in error else f"{path.name}: {error}"
    sheet = f"sheet '{job.sheet.name}'"
    return error if sheet in error else f"{path.name}, {sheet}: {error}"
