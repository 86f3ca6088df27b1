"""Says what a person must be told of how a block was read: what was left out, taken for something, or not shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.conversion.names import full_name
from pipeline.errors import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.conversion.plan import SheetJob
    from pipeline.conversion.sheet import SheetContent


def remarks_of(job: SheetJob, content: SheetContent) -> tuple[str, ...]:
    """Return what is to be told of a block's name, columns, rows and cells, without a full stop behind each."""
    remarks = (*_of_name(job), *job.block.remarks, *_of_rows(content), *content.parsed.remarks)
    return tuple(remark.rstrip(".") for remark in remarks)


def _of_name(job: SheetJob) -> Iterator[str]:
    sheet, above = full_name(job.sheet.name), job.block.security
    if job.block.is_alone and sheet is not None and above not in (None, sheet):
        yield f"the sheet's name says {sheet}, the cells above the headers {above}: the sheet's name was taken"
    elif job.block.is_alone and sheet is None and above is None and job.block.columns.security is None:
        yield f"the sheet '{shown(job.sheet.name)}' of {job.workbook.path.name} was taken for {job.full}"


def _of_rows(content: SheetContent) -> Iterator[str]:
    if content.hidden_rows:
        yield f"rows that Excel hides or filters out were read as well: {content.hidden_rows:,}"
