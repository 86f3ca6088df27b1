"""Checks a conversion request and lists the sheets to convert; every error of the request is raised before any work."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from pipeline.conversion.contents import blocks_in
from pipeline.conversion.excel.archive import Workbook, open_workbook
from pipeline.conversion.headers import NO_BLOCK, Block
from pipeline.conversion.missing_headers import NEEDED, ORDERS, TicksWithoutHeaders
from pipeline.conversion.names import full_name
from pipeline.conversion.naming import name_blocks
from pipeline.conversion.sheet_options import SheetOptions
from pipeline.conversion.tables.table import SUFFIXES as TABLE_SUFFIXES
from pipeline.conversion.tables.table import Table, TableSheet, is_table
from pipeline.errors import (
    BadRequest,
    CorruptWorkbook,
    DuplicateSecurity,
    EmptySheet,
    MissingColumns,
    NotAWorkbook,
    NoWorkbook,
    SheetError,
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
    from pipeline.conversion.rules import Rules
    from pipeline.store.path import AnyPath

_SUFFIXES: Final = frozenset({".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"})
_TEXT: Final = ".txt"
_OF_SYSTEMS: Final = frozenset({".md", ".tmp", ".ini", ".db"})
"""What stands in folders without being meant: notes, what Excel leaves behind, and what Windows keeps of a folder."""
_TAKEN: Final = (*sorted(_SUFFIXES), *(suffix for suffix in TABLE_SUFFIXES if suffix != _TEXT))
_LOCK_PREFIX: Final = "~$"
_SHOW: Final = "unhide it in Excel (right-click a tab, Unhide) and save, or name it as a security, as 'FAB UH Equity'."
_HIDDEN: Final = f"it is hidden, so its ticks were not read: {_SHOW}"
_OF_ORDERS: Final = re.compile(r"(?<![A-Za-z])(orders|fills?|executions?|blotter)(?![A-Za-z])", re.IGNORECASE)
_PROBE: Final = f".probe{PART_SUFFIX}"


@dataclass(frozen=True, slots=True)
class SheetJob:
    """One block of one sheet to convert; `position` is its row in the closing table.

    full: the security's name as Bloomberg writes it, code: its exchange's code in that; own: the name that the sheet,
    the cells above or the request say, where the rows name securities. is_open: whether those are still to be read.
    error: why it cannot be converted. skipped: why nothing of the sheet is meant to be, which has no block then.
    has_lost_ticks: whether rows of a skipped sheet look like ticks.
    """

    position: int
    workbook: Workbook | Table
    sheet: Sheet | TableSheet
    rules: Rules
    block: Block = NO_BLOCK
    ticker: str = ""
    exchange: str = ""
    full: str = ""
    code: str = ""
    own: str = ""
    is_open: bool = False
    error: str | None = None
    skipped: str | None = None
    has_lost_ticks: bool = False


def find_workbooks(raw_dir: Path) -> list[Path]:
    """Return the workbooks and tables in `raw_dir` by name, without the lock files of an open Excel."""
    if not raw_dir.is_dir():
        return []
    return sorted(path for path in raw_dir.iterdir() if _is_taken(path) and path.is_file())


def not_taken(raw_dir: Path) -> list[str]:
    """Return what to say of files in `raw_dir` that are no workbooks or tables, of folders of such, of broken links."""
    there = sorted(raw_dir.iterdir()) if raw_dir.is_dir() else []
    others = [path for path in there if path.is_file() and not _is_taken(path)]
    below = {path: _taken_below(path) for path in there if path.is_dir() and not path.name.startswith(".")}
    said = [
        f"{path} was not converted: give it the ending .csv where it is a table of ticks, or move it elsewhere."
        if path.suffix.lower() == _TEXT
        else f"{path} was not converted: it is neither a workbook nor a table ({', '.join(_TAKEN)}). Export its ticks "
        "as one of these, or move it elsewhere."
        for path in others
        if not path.name.startswith((".", _LOCK_PREFIX)) and path.suffix.lower() not in _OF_SYSTEMS
    ]
    said += [
        f"{folder} was not looked into, and holds workbooks or tables ({number:,}): move them into {raw_dir} itself, "
        "or name them on the command line."
        for folder, number in below.items()
        if number
    ]
    return said + [
        f"{path} was not converted: it is a link to a file that is not there. Put the file back, or remove the link."
        for path in there
        if _is_taken(path) and path.is_symlink() and not path.exists()
    ]


def _taken_below(folder: Path) -> int:
    return sum(_is_taken(path) and path.is_file() for path in folder.rglob("*"))


def _is_taken(path: Path) -> bool:
    # A text in data/raw may be anything; one that is named on the command line is meant.
    is_one = path.suffix.lower() in _SUFFIXES or (is_table(path) and path.suffix.lower() != _TEXT)
    return is_one and not path.name.startswith((".", _LOCK_PREFIX))


def check_options(*, header_row: int | None, max_sheets: int | None, workers: int | None) -> None:
    """Raise BadRequest for an option's value that cannot be meant."""
    for name, value in (("--header-row", header_row), ("--max-sheets", max_sheets), ("--workers", workers)):
        if value is not None and value < 1:
            raise BadRequest(f"{name} is {value}; it must be 1 or more.")


def open_all(workbooks: Sequence[Path], limits: Limits | None = None) -> list[Workbook | Table]:
    """Open every workbook once, within the limits; raises NoWorkbook or what is wrong with one of them."""
    if not workbooks:
        raise NoWorkbook(
            "There is no workbook to convert. Put .xlsx or .csv files into data/raw, not into a folder below it, or "
            "name one on the command line, as data/sample/sample_ticks.xlsx after `pipeline sample`; `pipeline demo` "
            "does it all on synthetic ticks."
        )
    once = dict.fromkeys(path.absolute() for path in workbooks)
    return [_opened(path, limits) for path in once]


def _opened(path: Path, limits: Limits | None) -> Workbook | Table:
    if (written := str(path).encode(errors="replace").decode()) != str(path):
        raise NotAWorkbook(
            f"{written}: its path has letters that are not UTF-8, so that no file can name it; rename it."
        )
    if is_table(path):
        return Table(path)
    try:
        return open_workbook(path, limits)
    except NotAWorkbook as error:
        if type(error) is NotAWorkbook and path.is_file() and not _is_taken(path):
            raise NotAWorkbook(f"{error} `convert` takes {', '.join(_TAKEN[:-1])} and {_TAKEN[-1]}.") from error
        raise


def plan_sheets(books: Iterable[Workbook | Table], options: SheetOptions | None = None) -> list[SheetJob]:
    """Return the blocks in workbook order, and the sheets that are skipped.

    Raises BadRequest for a security given for more than one block or for none.
    """
    options = options or SheetOptions()
    jobs = name_blocks([job for book in books for job in _jobs(book, options)], options)
    return [replace(job, position=position, own=job.full) for position, job in enumerate(jobs)]


def chosen(jobs: Sequence[SheetJob], only: Sequence[str] | None, max_sheets: int | None) -> list[SheetJob]:
    """Return the jobs to do, all as long as it is not known of which securities some are.

    Raises DuplicateSecurity when two sheets would make one file, UnknownSecurity for a name in `only` that is none.
    """
    jobs = list(jobs)
    _refuse_twins(jobs)
    if any(job.is_open for job in jobs):
        return jobs
    if only:
        jobs = _selected(jobs, only)
    if max_sheets is not None:
        # A security in several workbooks counts once, so that a quick try never cuts one in half.
        first = list(dict.fromkeys(_file_key(job) for job in jobs if job.skipped is None))[:max_sheets]
        jobs = [job for job in jobs if _file_key(job) in first]
    return jobs


def prepare_directory(parquet_dir: AnyPath) -> None:
    """Make the Parquet directory when needed and try that it can be written; raises OutputNotWritable or PathError."""
    try:
        parquet_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise not_written(parquet_dir, error) from error
    write_bytes(parquet_dir / _PROBE, b"", durable=False)
    (parquet_dir / _PROBE).unlink(missing_ok=True)


def _jobs(book: Workbook | Table, options: SheetOptions) -> list[SheetJob]:
    """Return a workbook's blocks, and its sheets without one: skipped as long as there is anything else."""
    jobs = []
    for sheet in book.sheets:
        is_named = full_name(sheet.name) is not None
        job = SheetJob(0, book, sheet, options.rules(book))
        if sheet.hidden and not is_named:
            jobs += [replace(job, skipped=_HIDDEN)] if _has_ticks(job, options) else []
            continue
        try:
            blocks = blocks_in(book, sheet, options)
            if any(block.by_side for block in blocks) and _OF_ORDERS.search(f"{sheet.name} {book.path.stem}"):
                raise MissingColumns(f"it has a column Side, and is named as {ORDERS}")
            jobs += [replace(job, block=block) for block in blocks]
        except (SheetError, CorruptWorkbook) as error:
            is_skipped = isinstance(error, EmptySheet | MissingColumns) and not is_named
            why, has_ticks = str(error), isinstance(error, TicksWithoutHeaders)
            skipped = replace(job, skipped=why, has_lost_ticks=has_ticks)
            jobs.append(skipped if is_skipped else replace(job, error=why))
    if all(job.skipped for job in jobs):
        hidden = "".join(
            f" Its hidden sheet '{shown(job.sheet.name)}' has ticks: {_SHOW}" for job in jobs if _is_hidden(job)
        )
        return [job if _is_hidden(job) else replace(job, error=f"{job.skipped}{hidden}", skipped=None) for job in jobs]
    # What to do about it is for a workbook without any ticks.
    return [replace(job, skipped=job.skipped.removesuffix(NEEDED).strip()) if job.skipped else job for job in jobs]


def _has_ticks(job: SheetJob, options: SheetOptions) -> bool:
    """Return whether a hidden sheet has ticks; Excel add-ins keep some of their own, which nobody means to convert."""
    try:
        return any(block.has_ticks for block in blocks_in(job.workbook, job.sheet, options))
    except (SheetError, CorruptWorkbook):
        return False


def _is_hidden(job: SheetJob) -> bool:
    return job.skipped == _HIDDEN


def _file_key(job: SheetJob) -> str:
    return job.ticker.casefold() or f"{job.workbook.path}\0{job.sheet.name}"


def _refuse_twins(jobs: Iterable[SheetJob]) -> None:
    seen: dict[str, SheetJob] = {}
    for job in jobs:
        if not job.ticker or job.is_open:
            continue
        other = seen.setdefault(job.ticker.casefold(), job)
        if other.full == job.full:
            continue
        first, second = (f"'{shown(one.sheet.name)}' ({one.workbook.path}, {shown(one.full)})" for one in (other, job))
        raise DuplicateSecurity(
            f"The sheets {first} and {second} would both make {job.ticker}.parquet. Convert one of them into another "
            "directory (--only, --parquet-dir), or rename one."
        )


def _selected(jobs: list[SheetJob], only: Sequence[str]) -> list[SheetJob]:
    """Keep the blocks named by ticker, by security or by sheet, any case."""
    known = {name for job in jobs for name in (job.ticker, job.full, job.sheet.name) if name}
    folded = {name.casefold() for name in known}
    for name in only:
        if name.strip().casefold() not in folded:
            there = sorted({job.ticker or job.sheet.name for job in jobs if job.skipped is None})
            raise UnknownSecurity(f"No sheet is for '{name}'.{nearest(name, known)} There are: {', '.join(there)}.")
    wanted = {name.strip().casefold() for name in only}
    return [job for job in jobs if wanted & {name.casefold() for name in (job.ticker, job.full, job.sheet.name)}]
