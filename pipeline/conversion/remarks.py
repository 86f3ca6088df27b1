"""Says what a person must be told of how a block was read: what was left out, taken for something, or not shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pipeline.conversion.names import full_name, likely_name
from pipeline.conversion.naming import name_of_file
from pipeline.conversion.tables.table import Table
from pipeline.errors import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.conversion.contents import Content
    from pipeline.conversion.plan import SheetJob


_KINDS: Final = {
    "xls": "a workbook of Excel 97 to 2003 and was read by xlrd",
    "xlsb": "a binary workbook and was read record by record",
    "ods": "an OpenDocument spreadsheet and was read cell by cell",
}
_MANY: Final = 100
"""Of so many ticks at least one is of no whole minute."""


def remarks_of(job: SheetJob, content: Content) -> tuple[str, ...]:
    """Return what is to be told of a block's name, columns, rows and cells, without a full stop behind each."""
    remarks = (
        *_of_kind(job),
        *_of_name(job),
        *job.block.remarks,
        *_of_rows(content),
        *_of_times(content),
        *content.notes,
    )
    return tuple(remark.rstrip(".") for remark in remarks)


def _of_kind(job: SheetJob) -> Iterator[str]:
    kind = _KINDS.get(job.workbook.kind)
    if kind:
        yield f"{job.workbook.path.name} is {kind}, which `validate` cannot compare: save it as .xlsx for that"


def _of_name(job: SheetJob) -> Iterator[str]:
    """Yield what the block was taken for by almost a name, and which other name there is that was not taken."""
    sheet, above = full_name(job.sheet.name) if job.block.is_alone else None, job.block.security
    is_from_above = above is not None and sheet is None and job.full == above.name
    if is_from_above and above and not (above.is_sure and full_name(above.text)):
        yield f"'{shown(above.text.strip())}' above the headers of {place_of(job)} was taken for {job.full}"
    elif job.block.is_alone and sheet is None and not is_from_above and job.block.columns.security is None:
        yield f"{place_of(job)} was taken for {job.full}"
    if not job.block.is_alone:
        return
    if above is not None and above.name != job.full and sheet is not None:
        yield f"the sheet's name says {sheet}, the cells above the headers {above.name}: the sheet's name was taken"
    elif above is not None and above.name != job.full:
        yield f"the cells above the headers say {above.name} ('{shown(above.text.strip())}'), which was not taken"
    other = None if sheet else likely_name(job.sheet.name) or name_of_file(job)
    if is_from_above and other not in (None, job.full):
        yield f"{place_of(job)} is named as {other}, the cells above the headers say {job.full}: these were taken"


def place_of(job: SheetJob) -> str:
    """Return the words for a sheet, or for a file that is no workbook."""
    name = job.workbook.path.name
    return name if isinstance(job.workbook, Table) else f"the sheet '{shown(job.sheet.name)}' of {name}"


def _of_rows(content: Content) -> Iterator[str]:
    if content.hidden_rows:
        yield f"rows that Excel hides or filters out were read as well: {content.hidden_rows:,}"


def _of_times(content: Content) -> Iterator[str]:
    if content.ticks >= _MANY and not content.has_seconds:
        yield (
            f"all {content.ticks:,} times are whole minutes, as where Excel saved them as text from cells that show no "
            "seconds: export them again with their seconds"
        )
