"""Converts workbooks to a Parquet directory, one file per security: sheets in parallel, unchanged ones skipped."""

from __future__ import annotations

import importlib
import os
import threading
import time
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from pipeline.conversion.contents import about, formulas_note, is_still, read_contents, size_of
from pipeline.conversion.desk_words import read_desk_words
from pipeline.conversion.limits import limits_of
from pipeline.conversion.opening import open_sheets
from pipeline.conversion.plan import SheetJob, check_options, chosen, open_all, plan_sheets, prepare_directory
from pipeline.conversion.refuse import SHEET_FAILURES, failure_words, refuse_rejected, rejects_allowed
from pipeline.conversion.remarks import remarks_of
from pipeline.conversion.replaced import drop_deleted, earlier_ticks, left_over, refuse_other_exchange, replaced
from pipeline.conversion.result import ConvertResult, EventKind, SheetEvent, SheetRow, Status
from pipeline.conversion.sheet_options import SheetOptions, checked_order
from pipeline.conversion.tables.table import Table
from pipeline.conversion.unchanged import unchanged_sources
from pipeline.errors import BadCatalog, SheetError, WorkbookChanged
from pipeline.store.atomic import remove_abandoned
from pipeline.store.catalog import Entry, listed_security, read_catalog, write_catalog
from pipeline.store.lock import sole_writer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from pipeline.conversion.contents import Content
    from pipeline.conversion.excel.archive import Workbook
    from pipeline.conversion.security import StagedSecurity
    from pipeline.native.functions import CompiledFunction
    from pipeline.store.path import AnyPath


# Of sheets. Compiling takes a second, once a machine; what is compiled is loaded in a few hundredths of a second, and
# reads a row in a fiftieth of the time that it takes row by row.
WORTH_COMPILING: Final = 8 << 20
WORTH_LOADING: Final = 1 << 20

Result = TypeVar("Result")


def convert(
    workbooks: Sequence[Path],
    parquet_dir: AnyPath,
    *,
    header_row: int | None = None,
    security: str | None = None,
    date_order: str | None = None,
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

    Parameters and what is returned are those of `pipeline.convert`. Raises, before anything is written, BadRequest,
    NoWorkbook, NotAWorkbook and its kinds, DuplicateSecurity (of the store as well), UnknownSecurity, InUse or
    OutputNotWritable; later WorkbookChanged when a workbook was saved meanwhile: nothing of it is put in place then.
    """
    check_options(header_row=header_row, max_sheets=max_sheets, workers=workers)
    allowed = rejects_allowed(max_rejects, strict=strict)
    options = SheetOptions(header_row, security, checked_order(date_order), read_desk_words())
    books = open_all(workbooks, limits_of(limits))
    jobs = chosen(plan_sheets(books, options), only, max_sheets)
    run = _Conversion(parquet_dir, allowed, workers or os.cpu_count() or 1, len(jobs), on_event)
    with sole_writer(parquet_dir, "pipeline convert", "--parquet-dir"):
        prepare_directory(parquet_dir)
        remove_abandoned(parquet_dir)
        catalog: dict[str, Entry] = {}
        with suppress(BadCatalog):
            catalog = read_catalog(parquet_dir)
        known = {} if force else catalog
        securities: list[_Security] = []
        try:
            if any(job.is_open for job in jobs):
                jobs, run.contents = open_sheets(jobs, known, lambda some: run.split_all(some, on_compile))
                jobs = chosen(jobs, only, max_sheets)
                run.total = len(jobs)
            refuse_other_exchange(jobs, catalog, parquet_dir)
            securities = run.pass_over(jobs, known)
            run.read_all(securities, on_compile)
            changed = run.publish(securities)
        finally:
            run.discard(securities)
        catalog |= run.entries
        unmade = left_over(jobs, books, catalog) if not only and max_sheets is None else []
        run.replaced += drop_deleted(unmade, catalog, parquet_dir) if unmade else []
        if run.entries or unmade:
            write_catalog(parquet_dir, catalog)
    if changed:
        raise WorkbookChanged(
            f"{changed[0].path} was saved or replaced while it was read, so nothing of it was converted; "
            f"run the conversion again.{''.join(f' {warning}' for warning in run.replaced)}"
        )
    from pipeline.inspection.warn import warnings_of

    rows = tuple(run.rows[job.position] for job in jobs)
    warnings = warnings_of(run.entries, [listed_security(entry, parquet_dir) for entry in catalog.values()])
    lost = [about(job, f"its ticks were not read, since {job.skipped}") for job in jobs if job.has_lost_ticks]
    return ConvertResult(parquet_dir, rows, earlier_ticks(parquet_dir, rows), (*lost, *run.replaced, *warnings))


@dataclass(slots=True)
class _Security:
    """The sheets of one security; what was read of them, by position, until its files are staged."""

    jobs: list[SheetJob]
    read: dict[int, Content | None] = field(default_factory=dict)
    staged: StagedSecurity | None = None


@dataclass(slots=True)
class _Conversion:
    """One conversion under way: the rows of sheets by position, the catalog entries that stand, what was replaced."""

    parquet_dir: AnyPath
    rejects_allowed: float
    threads: int
    total: int
    on_event: Callable[[SheetEvent], None] | None
    contents: dict[int, Content] = field(default_factory=dict)
    rows: dict[int, SheetRow] = field(default_factory=dict)
    entries: dict[str, Entry] = field(default_factory=dict)
    replaced: list[str] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def pass_over(self, jobs: Iterable[SheetJob], catalog: dict[str, Entry]) -> list[_Security]:
        """Answer for sheets without ticks, without a name and of unchanged content; return the others by security."""
        by_ticker: dict[str, list[SheetJob]] = {}
        for job in jobs:
            if job.error is not None and not job.ticker:
                self._pass_over(job, "failed", error=about(job, job.error))
            elif job.skipped is not None:
                self._pass_over(job, "skipped", note=job.skipped)
            else:
                by_ticker.setdefault(job.ticker, []).append(job)
        changed = []
        for ticker, group in by_ticker.items():
            if error := next((job.error for job in group if job.error is not None), None):
                for job in group:
                    self._pass_over(job, "failed", error=about(job, job.error or _of_another_part(ticker, error)))
                continue
            entry = catalog.get(ticker)
            sources = entry and unchanged_sources(entry, group, self.parquet_dir, self.rejects_allowed)
            if not entry or not sources:
                changed.append(_Security(group))
                continue
            self.entries[ticker] = replace(entry, sources=tuple(sources.values()))
            for job in group:
                source = sources[job.position]
                counts = {name: getattr(source, name) for name in ("rows", "ticks", "blank", "rejects")}
                self._pass_over(job, "unchanged", **counts)
        return changed

    def discard(self, securities: Iterable[_Security]) -> None:
        """Remove the temporary files that were not put in place."""
        for security in securities:
            if security.staged is not None:
                security.staged.discard()
            self.contents |= {number: content for number, content in security.read.items() if content is not None}
        for content in self.contents.values():
            content.discard()

    def _pass_over(self, job: SheetJob, status: Status, **more: Any) -> None:
        self.rows[job.position] = _row(job, status, **more)
        self._report("finished", job, row=self.rows[job.position])

    def read_all(self, securities: list[_Security], on_compile: Callable[[], None] | None) -> None:
        """Read all sheets and tables, largest first, and write each security's files under temporary names."""
        of_job = {job.position: security for security in securities for job in security.jobs}
        jobs = sorted((job for security in securities for job in security.jobs), key=size_of, reverse=True)
        loop = _loop(jobs, on_compile)
        self._on_threads(jobs, lambda job: self._convert_sheet(of_job[job.position], job, loop))

    def split_all(
        self, jobs: Sequence[SheetJob], on_compile: Callable[[], None] | None
    ) -> list[Mapping[str, Content] | str]:
        """Return what each block holds of its securities, by their names, or why it cannot be read."""
        loop = _loop(jobs, on_compile)
        return self._on_threads(jobs, lambda job: self._split_or_error(job, loop))

    def _on_threads(self, jobs: Sequence[SheetJob], call: Callable[[SheetJob], Result]) -> list[Result]:
        """Return what a call returns of each job: of sheets on threads, then of tables, which use the threads alone."""
        if not jobs:
            return []
        tables = [job for job in jobs if isinstance(job.workbook, Table)]
        sheets = [job for job in jobs if not isinstance(job.workbook, Table)]
        pool = ThreadPoolExecutor(max(1, min(self.threads, len(sheets))), thread_name_prefix="convert")
        try:
            futures = {job.position: pool.submit(call, job) for job in sheets}
            # Unpacking needs no Arrow, so it runs on the threads while Arrow is loaded here.
            importlib.import_module("pipeline.conversion.security")
            for future in wait(futures.values(), return_when=FIRST_EXCEPTION).done:
                future.result()
            results = {job.position: call(job) for job in tables}
            results |= {position: future.result() for position, future in futures.items()}
            return [results[job.position] for job in jobs]
        except BaseException:
            self.stopped.set()
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def publish(self, securities: Iterable[_Security]) -> list[Workbook | Table]:
        """Put in place what was made from workbooks that are still what was read; return those that are not."""
        books = dict.fromkeys(job.workbook for security in securities for job in security.jobs)
        changed = [book for book in books if not is_still(book)]
        for security in securities:
            if security.staged is not None and not any(job.workbook in changed for job in security.jobs):
                self.replaced += replaced(security.staged, self.parquet_dir)
                security.staged.commit()
                self.entries[security.jobs[0].ticker] = security.staged.entry
        return changed

    def _convert_sheet(self, security: _Security, job: SheetJob, loop: CompiledFunction | None) -> None:
        """Read one sheet; with a security's last one, write its files, so that its memory is free again."""
        start = time.perf_counter()
        self._report("started", job)
        content: Content | None = None
        try:
            content = self.contents.pop(job.position, None) or self._split(job, loop)[job.full]
            refuse_rejected(content.rejected, content.ticks, self.rejects_allowed, partial(formulas_note, job))
            content = replace(content, remarks=remarks_of(job, content))
            row = _row(job, "converted", **content.counts, reader=content.reader, note=content.not_fast)
        except SHEET_FAILURES as error:
            if content is not None:
                content.discard()
            row, content = _row(job, "failed", error=about(job, self._words(error))), None
        with self.lock:
            self.rows[job.position] = replace(row, seconds=time.perf_counter() - start)
            security.read[job.position] = content
            is_last = len(security.read) == len(security.jobs)
        if is_last:
            self._stage(security)
            self.rows[job.position] = replace(self.rows[job.position], seconds=time.perf_counter() - start)
        self._report("finished", job, row=self.rows[job.position])

    def _split(self, job: SheetJob, loop: CompiledFunction | None) -> Mapping[str, Content]:
        """Read a block and return what it holds of each security, by name."""
        return read_contents(job, loop, self.parquet_dir, self.threads, partial(self._progress, job))

    def _split_or_error(self, job: SheetJob, loop: CompiledFunction | None) -> Mapping[str, Content] | str:
        try:
            return self._split(job, loop)
        except SHEET_FAILURES as error:
            return self._words(error)

    def _words(self, error: Exception) -> str:
        return failure_words(error, min(self.threads, self.total))

    def _stage(self, security: _Security) -> None:
        """Write a security's files under temporary names; one bad sheet of several fails them all."""
        from pipeline.conversion.security import part_of, stage_security  # Arrow, loaded meanwhile

        first = security.jobs[0]
        contents = [(job, content) for job in security.jobs if (content := security.read.pop(job.position)) is not None]
        errors = [self.rows[job.position].error for job in security.jobs if self.rows[job.position].error]
        error = _of_another_part(first.ticker, errors[0] or "") if errors else ""
        if not error:
            try:
                parts = [part_of(job, content) for job, content in contents]
                security.staged = stage_security(first, parts, self.parquet_dir)
            except SHEET_FAILURES as failure:
                name = f"{first.ticker}: "
                error = name + self._words(failure).removeprefix(name)
        if error:
            for _, content in contents:
                content.discard()
        for job in security.jobs if error else ():
            row = self.rows[job.position]
            self.rows[job.position] = replace(row, status="failed", error=row.error or error)

    def _progress(self, job: SheetJob, rows: int) -> None:
        if self.stopped.is_set():
            raise SheetError("the conversion was stopped.")
        self._report("rows", job, rows)

    def _report(self, kind: EventKind, job: SheetJob, rows: int = 0, row: SheetRow | None = None) -> None:
        if self.on_event is not None:
            count = row.rows if row else rows
            event = SheetEvent(kind, job.workbook.path, job.sheet.name, job.position, self.total, count, row)
            with self.lock:
                self.on_event(event)


def _loop(jobs: Sequence[SheetJob], on_compile: Callable[[], None] | None) -> CompiledFunction | None:
    """Return the compiled loop over rows when there are so many bytes of sheets that it is worth it."""
    size = sum(size_of(job) for job in jobs if job.workbook.kind == "xlsx")
    if size < WORTH_LOADING:
        return None
    from pipeline.conversion.excel.loop_rows import read_rows
    from pipeline.native.functions import compiled, is_compiled

    return compiled(read_rows, on_compile) if size >= WORTH_COMPILING or is_compiled(read_rows) else None


def _of_another_part(ticker: str, error: str) -> str:
    return f"another part of {ticker} failed: {error}"


def _row(job: SheetJob, status: Status, **more: Any) -> SheetRow:
    return SheetRow(job.workbook.path, job.sheet.name, job.ticker, job.exchange, status, **more)
