"""Checks a conversion request and lists the sheets to convert; every error of the request is raised before any work."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from pipeline.conversion.excel.archive import Workbook, open_workbook
from pipeline.conversion.names import security_of
from pipeline.errors import (
    BadRequest,
    BadSheetName,
    DuplicateSecurity,
    NoWorkbook,
    UnknownSecurity,
    nearest,
    shown,
)
from pipeline.store.atomic import PART_SUFFIX, not_written, write_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from pipeline.conversion.excel.parts import Sheet
    from pipeline.conversion.limits import Limits
    from pipeline.store.path import AnyPath

_SUFFIXES: Final = frozenset({".xlsx", ".xlsm"})
_LOCK_PREFIX: Final = "~$"
_PROBE: Final = f".probe{PART_SUFFIX}"


@dataclass(frozen=True, slots=True)
class SheetJob:
    """One sheet to convert; `position` is its row in the closing table, `error` is set when its name is not valid."""

    position: int
    workbook: Workbook
    sheet: Sheet
    ticker: str
    exchange: str
    error: str | None = None


def find_workbooks(raw_dir: Path) -> list[Path]:
    """Return the workbooks in `raw_dir` by name, without the lock files that an open Excel keeps beside them."""
    if not raw_dir.is_dir():
        return []
    return sorted(
        path
        for path in raw_dir.iterdir()
        if path.suffix.lower() in _SUFFIXES and not path.name.startswith(_LOCK_PREFIX) and path.is_file()
    )


def check_options(*, header_row: int, max_sheets: int | None, workers: int | None) -> None:
    """Raise BadRequest for an option's value that cannot be meant."""
    for name, value in (("--header-row", header_row), ("--max-sheets", max_sheets), ("--workers", workers)):
        if value is not None and value < 1:
            raise BadRequest(f"{name} is {value}; it must be 1 or more.")


def open_all(workbooks: Sequence[Path], limits: Limits | None = None) -> list[Workbook]:
    """Open every workbook once, within the limits; raises NoWorkbook or what is wrong with one of them."""
    if not workbooks:
        raise NoWorkbook(
            "There is no workbook to convert. Put .xlsx files into data/raw, or name one on the command line, "
            "as data/sample/sample_ticks.xlsx after `pipeline sample`; `pipeline demo` does it all on synthetic ticks."
        )
    once = dict.fromkeys(path.absolute() for path in workbooks)
    return [open_workbook(path, limits) for path in once]


def plan_sheets(books: Iterable[Workbook], only: Sequence[str] | None, max_sheets: int | None) -> list[SheetJob]:
    """Return the sheets to convert in workbook order.

    Raises DuplicateSecurity when two sheets would make one file, UnknownSecurity for a name in `only` that is none.
    """
    jobs = [job for book in books for job in _jobs(book)]
    _refuse_twins(jobs)
    if only:
        jobs = _selected(jobs, only)
    if max_sheets is not None:
        # A security in several workbooks counts once, so that a quick try never cuts one in half.
        first = list(dict.fromkeys(_file_key(job) for job in jobs))[:max_sheets]
        jobs = [job for job in jobs if _file_key(job) in first]
    return [replace(job, position=position) for position, job in enumerate(jobs)]


def prepare_directory(parquet_dir: AnyPath) -> None:
    """Make the Parquet directory when needed and try that it can be written; raises OutputNotWritable or PathError."""
    try:
        parquet_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise not_written(parquet_dir, error) from error
    write_bytes(parquet_dir / _PROBE, b"", durable=False)
    (parquet_dir / _PROBE).unlink(missing_ok=True)


def _jobs(book: Workbook) -> list[SheetJob]:
    jobs = []
    for sheet in book.sheets:
        try:
            ticker, exchange = security_of(sheet.name)
        except BadSheetName as error:
            # Excel add-ins keep hidden sheets of their own, which nobody means to convert.
            if not sheet.hidden:
                jobs.append(SheetJob(0, book, sheet, "", "", str(error)))
        else:
            jobs.append(SheetJob(0, book, sheet, ticker, exchange))
    return jobs


def _file_key(job: SheetJob) -> str:
    return job.ticker.casefold() or f"{job.workbook.path}\0{job.sheet.name}"


def _refuse_twins(jobs: Iterable[SheetJob]) -> None:
    seen: dict[str, SheetJob] = {}
    for job in jobs:
        if not job.ticker:
            continue
        other = seen.setdefault(job.ticker.casefold(), job)
        if other is job:
            continue
        if other.workbook.path == job.workbook.path:
            raise DuplicateSecurity(
                f"{job.workbook.path}: the sheets '{shown(other.sheet.name)}' and '{shown(job.sheet.name)}' would both "
                f"make {job.ticker}.parquet; rename or remove one."
            )
        if other.exchange != job.exchange:
            raise DuplicateSecurity(
                f"{job.ticker} is on {other.exchange} in {other.workbook.path} (sheet '{shown(other.sheet.name)}') and "
                f"on {job.exchange} in {job.workbook.path} (sheet '{shown(job.sheet.name)}'); rename or remove one."
            )


def _selected(jobs: list[SheetJob], only: Sequence[str]) -> list[SheetJob]:
    """Keep the sheets named by ticker or by sheet name, any case."""
    known = {name for job in jobs for name in (job.ticker, job.sheet.name) if name}
    folded = {name.casefold() for name in known}
    for name in only:
        if name.strip().casefold() not in folded:
            raise UnknownSecurity(f"No sheet is for '{name}'.{nearest(name, known)}")
    wanted = {name.strip().casefold() for name in only}
    return [job for job in jobs if job.ticker.casefold() in wanted or job.sheet.name.casefold() in wanted]
