"""Says what a person must be told of how a block was read: what was left out, taken for something, or not shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pipeline.conversion.names import full_name
from pipeline.conversion.tables.table import Table
from pipeline.errors import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.conversion.plan import SheetJob
    from pipeline.conversion.sheet import SheetContent
    from pipeline.conversion.tables.reading import TableContent


_KINDS: Final = {
    "xls": "a workbook of Excel 97 to 2003 and was read by xlrd",
    "xlsb": "a binary workbook and was read record by record",
    "ods": "an OpenDocument spreadsheet and was read cell by cell",
}


def remarks_of(job: SheetJob, content: SheetContent | TableContent) -> tuple[str, ...]:
    """Return what is to be told of a block's name, columns, rows and cells, without a full stop behind each."""
    remarks = (*_of_kind(job), *_of_name(job), *job.block.remarks, *_of_rows(content), *content.notes)
    return tuple(remark.rstrip(".") for remark in remarks)


def _of_kind(job: SheetJob) -> Iterator[str]:
    kind = _KINDS.get(job.workbook.kind)
    if kind:
        yield f"{job.workbook.path.name} is {kind}, which `validate` cannot compare: save it as .xlsx for that"


def _of_name(job: SheetJob) -> Iterator[str]:
    sheet, above = full_name(job.sheet.name), job.block.security
    if job.block.is_alone and sheet is not None and above not in (None, sheet):
        yield f"the sheet's name says {sheet}, the cells above the headers {above}: the sheet's name was taken"
    elif job.block.is_alone and sheet is None and above is None and job.block.columns.security is None:
        yield f"{place_of(job)} was taken for {job.full}"


def place_of(job: SheetJob) -> str:
    """Return the words for a sheet, or for a file that is no workbook."""
    name = job.workbook.path.name
    return name if isinstance(job.workbook, Table) else f"the sheet '{shown(job.sheet.name)}' of {name}"


def _of_rows(content: SheetContent | TableContent) -> Iterator[str]:
    if content.hidden_rows:
        yield f"rows that Excel hides or filters out were read as well: {content.hidden_rows:,}"
