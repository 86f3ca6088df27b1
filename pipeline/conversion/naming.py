"""Says which security each block of ticks is of: by its sheet, the cells above it, the request or its workbook."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pipeline.conversion.excel.cells import letters_of
from pipeline.conversion.headers import NO_BLOCK
from pipeline.conversion.names import FORM, full_name, likely_name, security_of
from pipeline.conversion.tables.table import Table
from pipeline.errors import BadRequest, BadSheetName, shown
from pipeline.markets.facts import facts_or_open

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.conversion.plan import SheetJob
    from pipeline.conversion.sheet_options import SheetOptions


def name_blocks(jobs: Sequence[SheetJob], options: SheetOptions) -> list[SheetJob]:
    """Return the jobs with the security of each block, or with the error that it has none.

    A block whose rows name their securities is open until these are known. Raises BadRequest where `options.security`
    is no name, or there is not exactly one block that it can be for.
    """
    named = [with_security(job, name) if (name := _name_of(job)) else job for job in jobs]
    left = [index for index, job in enumerate(named) if job.block is not NO_BLOCK and not job.ticker and not job.error]
    closed = [index for index in left if named[index].block.columns.security is None]
    if options.security is not None:
        left = closed or left
        _check_security(options.security, [named[index] for index in left])
    for index in left:
        above = named[index].block.security
        if name := options.security or name_of_file(named[index]) or (above and above.name):
            named[index] = with_security(named[index], name)
        elif index in closed and not named[index].block.has_ticks and any(job.ticker for job in named):
            row = named[index].block.header_row
            why = f"it names no security, has the headers of ticks in row {row} and no tick in the rows below."
            named[index] = replace(named[index], block=NO_BLOCK, skipped=why)
        elif index in closed:
            named[index] = replace(named[index], error=_nameless(named[index]))
    return [replace(job, is_open=job.block.columns.security is not None and not job.error) for job in named]


def _name_of(job: SheetJob) -> str | None:
    """Return the security that the sheet names or surely the cells above, the sheet alone where it has no block."""
    sheet = job.sheet.name if job.block.is_alone else ""
    may_be_likely = job.block is not NO_BLOCK and job.block.columns.security is None
    above = job.block.security
    sure = above.name if above and (above.is_sure or not job.block.is_alone) else None
    return full_name(sheet) or sure or (likely_name(sheet) if may_be_likely else None)


def name_of_file(job: SheetJob) -> str | None:
    """Return the security that the name of a workbook or table says."""
    stem = job.workbook.path.stem
    return full_name(stem) or likely_name(stem)


def with_security(job: SheetJob, name: str) -> SheetJob:
    """Return a job with the security of a name, or with the error that the name is none."""
    try:
        security = security_of(name)
    except BadSheetName as error:
        return replace(job, error=str(error))
    rules = replace(job.rules, time_zone=facts_or_open(security.exchange).time_zone)
    ticker, exchange, full, code = security
    return replace(job, rules=rules, ticker=ticker, exchange=exchange, full=full, code=code)


def _check_security(security: str, left: Sequence[SheetJob]) -> None:
    try:
        security_of(security)
    except BadSheetName as error:
        raise BadRequest(f"--security: {error}") from error
    if len(left) != 1:
        which = ", ".join(f"'{shown(job.sheet.name)}' of {job.workbook.path.name}" for job in left)
        raise BadRequest(
            f"--security is for one sheet that names no security; there are {len(left):,}: {which}. Rename these."
            if left
            else "--security is for a sheet that names no security; each of these sheets names its own."
        )


def _nameless(job: SheetJob) -> str:
    row = job.block.header_row
    what = "file" if isinstance(job.workbook, Table) else "sheet"
    if not job.block.is_alone:
        column = letters_of(min(job.block.columns.used))
        return f"the block of ticks at {column}{row} has no security's name above it: write one there ({FORM})."
    return (
        f"it has ticks below row {row} and names no security. Name the {what} as one ({FORM}), write the name above "
        f'row {row}, or say --security "FAB UH Equity".'
    )
