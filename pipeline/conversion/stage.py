"""Converts workbooks to a Parquet directory, one file per security: sheets in parallel, unchanged ones skipped."""

from __future__ import annotations

import importlib
import os
import threading
import time
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from pipeline.conversion.excel.archive import Workbook, stamp_of
from pipeline.conversion.limits import limits_of
from pipeline.conversion.plan import SheetJob, check_options, open_all, plan_sheets, prepare_directory
from pipeline.conversion.rejects import MAX_REJECTS, rejects_allowed
from pipeline.conversion.result import ConvertResult, EventKind, SheetEvent, SheetRow, Status
from pipeline.conversion.unchanged import refreshed, source_of
from pipeline.errors import BadCatalog, CorruptWorkbook, NotAWorkbook, PipelineError, SheetError, WorkbookChanged
from pipeline.store.atomic import remove_abandoned
from pipeline.store.catalog import Entry, read_catalog, write_catalog
from pipeline.store.layout import ticks_name
from pipeline.store.lock import sole_writer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from pipeline.conversion.excel.compiled_reader import RowsLoop
    from pipeline.conversion.security import Part, StagedSecurity
    from pipeline.store.path import AnyPath


# Of sheets. Compiling takes three seconds, once a machine; what is compiled is loaded in a few hundredths of a second
# and reads in a third of the time of a pattern, which Python runs on one core.
_WORTH_COMPILING: Final = 64 << 20
_WORTH_LOADING: Final = 4 << 20


def convert(
    workbooks: Sequence[Path],
    parquet_dir: AnyPath,
    *,
    header_row: int = 3,
    only: Sequence[str] | None = None,
    max_sheets: int | None = None,
    workers: int | None = None,
    force: bool = False,
    strict: bool = False,
    max_rejects: float | None = None,
    limits: Mapping[str, float] | Sequence[str] | None = None,
    on_event: Callable[[SheetEvent], None] | None = None,
    on_compile: Callable[[], None] | None = None,
) -> ConvertResult:
    """Convert the sheets of `workbooks` into `parquet_dir`, each security's files whole or not at all.

    Args:
        workbooks: Paths of the workbooks.
        parquet_dir: The store, on disk or in a bucket.
        header_row: Row of the column names, counted from 1.
        only: Tickers or sheet names to convert; by default all.
        max_sheets: How many securities at most.
        workers: Sheets read at a time; by default the number of CPUs.
        force: Convert unchanged sheets as well.
        strict: Allow no rejected row.
        max_rejects: Share of a sheet's rows that may be rejected, by default 0.1.
        limits: Those of `Limits` by name, or texts KEY=VALUE.
        on_event: Called with each event of a sheet, from worker threads, one at a time.
        on_compile: Called before the reader of large workbooks is compiled.

    Returns:
        One row per sheet. A sheet that cannot be converted, or without a tick, is a failed row; the others go on, and
        what the directory holds of its security stays.

    Raises:
        PipelineError: Before anything is written: BadRequest, NoWorkbook, NotAWorkbook and its kinds,
            DuplicateSecurity, UnknownSecurity, InUse or OutputNotWritable. Later: WorkbookChanged when a workbook was
            saved meanwhile; nothing of it is put in place then.
    """
    check_options(header_row=header_row, max_sheets=max_sheets, workers=workers)
    rejects = rejects_allowed(max_rejects, strict=strict)
    allowed = limits_of(limits)
    books = open_all(workbooks, allowed)
    jobs = plan_sheets(books, only, max_sheets)
    threads = workers or os.cpu_count() or 1
    run = _Run(parquet_dir, header_row, len(jobs), on_event, on_compile, rejects)
    with sole_writer(parquet_dir, "pipeline convert", "--parquet-dir"):
        return _convert_into(run, jobs, threads, force=force)


def _convert_into(run: _Run, jobs: list[SheetJob], threads: int, *, force: bool) -> ConvertResult:
    parquet_dir = run.parquet_dir
    prepare_directory(parquet_dir)
    remove_abandoned(parquet_dir)
    catalog = _known(parquet_dir)
    waiting = run.settle(jobs, {} if force else catalog)
    try:
        run.convert_all(waiting, threads)
        changed = run.commit(dict.fromkeys(job.workbook for group in waiting for job in group))
    finally:
        run.discard()
    catalog |= run.entries
    if run.entries:
        write_catalog(parquet_dir, catalog)
    if changed:
        raise WorkbookChanged(
            f"{changed[0].path} was saved or replaced while it was read, so nothing of it was converted; "
            "run the conversion again."
        )
    from pipeline.inspection.warn import stored_by_catalog, warnings_of

    rows = tuple(run.rows[job.position] for job in jobs)
    warnings = warnings_of(run.entries, [stored_by_catalog(entry) for entry in catalog.values()])
    return ConvertResult(parquet_dir, rows, _earlier(parquet_dir, rows), tuple(warnings))


def _earlier(parquet_dir: AnyPath, rows: Iterable[SheetRow]) -> dict[str, int]:
    """Return the ticks that the store holds of securities that failed, by ticker."""
    ticks = {}
    for ticker in sorted({row.ticker for row in rows if row.status == "failed" and row.ticker}):
        from pipeline.store.parquet import read_footer

        with suppress(PipelineError):
            ticks[ticker] = read_footer(parquet_dir / ticks_name(ticker)).rows
    return ticks


def _known(parquet_dir: AnyPath) -> dict[str, Entry]:
    try:
        return read_catalog(parquet_dir)
    except BadCatalog:
        return {}


@dataclass(slots=True)
class _Run:
    """One conversion under way: rows by position, files staged and waiting, catalog entries that stand."""

    parquet_dir: AnyPath
    header_row: int
    total: int
    on_event: Callable[[SheetEvent], None] | None
    on_compile: Callable[[], None] | None = None
    rejects_allowed: float = MAX_REJECTS
    rows: dict[int, SheetRow] = field(default_factory=dict)
    entries: dict[str, Entry] = field(default_factory=dict)
    staged: list[tuple[list[SheetJob], StagedSecurity]] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def settle(self, jobs: Iterable[SheetJob], catalog: dict[str, Entry]) -> list[list[SheetJob]]:
        """Answer for sheets with bad names and unchanged content; return the others by security."""
        groups: dict[str, list[SheetJob]] = {}
        for job in jobs:
            if job.error is not None:
                self._finish(job, _row(job, "failed", error=job.error))
            else:
                groups.setdefault(job.ticker, []).append(job)
        waiting = []
        for ticker, group in groups.items():
            known = catalog.get(ticker)
            entry = known and refreshed(known, group, self.parquet_dir, self.header_row, self.rejects_allowed)
            if not entry:
                waiting.append(group)
                continue
            self.entries[ticker] = entry
            for job in group:
                self._finish(job, _unchanged(job, entry))
        return waiting

    def convert_all(self, groups: list[list[SheetJob]], threads: int) -> None:
        """Read all sheets on threads, largest first, and write each security's files under temporary names."""
        if not groups:
            return
        single = {group[0].position for group in groups if len(group) == 1}
        jobs = sorted((job for group in groups for job in group), key=lambda job: -job.sheet.part.file_size)
        parts: dict[int, Part] = {}
        loop = self._loop(sum(job.sheet.part.file_size for job in jobs))
        pool = ThreadPoolExecutor(min(threads, len(jobs)), thread_name_prefix="convert")
        try:
            futures = {pool.submit(self._read, job, loop, alone=job.position in single): job for job in jobs}
            # Unpacking needs no Arrow, so it runs on the threads while Arrow is loaded here.
            importlib.import_module("pipeline.conversion.security")
            self._collect(futures, parts)
        except BaseException:
            self.stopped.set()
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
        for group in groups:
            if len(group) > 1:
                self._join(group, parts)

    def _loop(self, size: int) -> RowsLoop | None:
        """Return the compiled loop over rows when there are so many bytes of sheets that it is worth it."""
        if size < _WORTH_LOADING:
            return None
        from pipeline.conversion.excel.compiled_reader import rows_loop

        return rows_loop(self.on_compile, may_compile=size >= _WORTH_COMPILING)

    def commit(self, books: Iterable[Workbook]) -> list[Workbook]:
        """Put in place what was made from workbooks that are still what was read; return those that are not."""
        changed = [book for book in books if not _still(book)]
        for jobs, staged in self.staged:
            if not any(job.workbook in changed for job in jobs):
                staged.commit()
                self.entries[staged.entry.ticker] = staged.entry
        return changed

    def discard(self) -> None:
        """Remove the temporary files that were not put in place."""
        for _, staged in self.staged:
            staged.discard()

    def _collect(self, futures: dict[Future[Part | None], SheetJob], parts: dict[int, Part]) -> None:
        done, _ = wait(futures, return_when=FIRST_EXCEPTION)
        for future in done:
            part = future.result()
            if part is not None:
                parts[futures[future].position] = part

    def _read(self, job: SheetJob, loop: RowsLoop | None, *, alone: bool) -> Part | None:
        """Read one sheet; a security's only sheet is written at once, so that its memory is free again."""
        from pipeline.conversion.refuse import refuse_rejects
        from pipeline.conversion.sheet import read_sheet

        start = time.perf_counter()
        self._report("started", job)
        try:
            content = read_sheet(job.workbook, job.sheet, self.header_row, loop, lambda rows: self._progress(job, rows))
            from pipeline.conversion.security import Part, stage_security  # Arrow, loaded meanwhile

            refuse_rejects(content.parsed, self.rejects_allowed)
            part = Part(job, content)
            if alone:
                staged = stage_security([part], self.parquet_dir)
                with self.lock:
                    self.staged.append(([job], staged))
        except (SheetError, CorruptWorkbook) as error:
            self._finish(job, _row(job, "failed", error=_about(job, error), seconds=time.perf_counter() - start))
            return None
        self._finish(job, _converted(part, time.perf_counter() - start))
        return None if alone else part

    def _join(self, group: list[SheetJob], parts: dict[int, Part]) -> None:
        """Write a security that stands in several workbooks; one bad part fails them all."""
        from pipeline.conversion.security import stage_security

        bad = [self.rows[job.position] for job in group if job.position not in parts]
        error = None
        if bad:
            error = f"another part of {group[0].ticker} failed: {bad[0].error}"
        else:
            try:
                staged = stage_security([parts[job.position] for job in group], self.parquet_dir)
                self.staged.append((group, staged))
            except SheetError as overlapping:
                error = str(overlapping)
        for job in group:
            if error is not None and self.rows[job.position].status != "failed":
                self.rows[job.position] = replace(self.rows[job.position], status="failed", error=error)

    def _progress(self, job: SheetJob, rows: int) -> None:
        if self.stopped.is_set():
            raise SheetError("the conversion was stopped.")
        self._report("rows", job, rows)

    def _finish(self, job: SheetJob, row: SheetRow) -> None:
        with self.lock:
            self.rows[job.position] = row
        self._report("finished", job, row.rows, row)

    def _report(self, kind: EventKind, job: SheetJob, rows: int = 0, row: SheetRow | None = None) -> None:
        if self.on_event is not None:
            with self.lock:
                self.on_event(SheetEvent(kind, job.workbook.path, job.sheet.name, job.position, self.total, rows, row))


def _still(book: Workbook) -> bool:
    """Return whether the workbook is the file that was read."""
    try:
        return stamp_of(book.path) == book.stamp
    except NotAWorkbook:
        return False


def _about(job: SheetJob, error: Exception) -> str:
    """Return the error with workbook and sheet named."""
    sheet = f"sheet '{job.sheet.name}'"
    return str(error) if sheet in str(error) else f"{job.workbook.path.name}, {sheet}: {error}"


def _row(job: SheetJob, status: Status, **more: Any) -> SheetRow:
    return SheetRow(job.workbook.path, job.sheet.name, job.ticker, job.exchange, status, **more)


def _converted(part: Part, seconds: float) -> SheetRow:
    parsed = part.content.parsed
    return _row(
        part.job,
        "converted",
        rows=parsed.rows,
        ticks=len(parsed.ticks),
        blank=parsed.blank,
        rejects=parsed.reject_counts,
        seconds=seconds,
        reader=part.content.reader,
    )


def _unchanged(job: SheetJob, entry: Entry) -> SheetRow:
    source = source_of(entry, job)
    counts = {"rows": source.rows, "ticks": source.ticks, "blank": source.blank, "rejects": source.rejects}
    return _row(job, "unchanged", **counts)
