"""Decides whether a security's sheets are unchanged since their conversion, and refreshes its catalog entry if so."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pipeline.conversion.fingerprint import fingerprint, still_holds
from pipeline.conversion.rejects import too_many
from pipeline.inspection.counts import is_current
from pipeline.markets.facts import facts_of
from pipeline.store.catalog import Entry, Source, file_mark
from pipeline.store.layout import rejects_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.conversion.plan import SheetJob
    from pipeline.store.path import AnyPath


def refreshed(
    entry: Entry, jobs: Sequence[SheetJob], parquet_dir: AnyPath, header_row: int, allowed: float
) -> Entry | None:
    """Return the entry with its workbooks' present size and time; None when it must be converted again.

    allowed: the share of a sheet's rows that may be rejected; a sheet with more is read again, so that they are quoted.
    """
    if len(jobs) != len(entry.sources) or any(job.exchange != entry.exchange for job in jobs):
        return None
    if any(too_many(sum(source.rejects.values()), source.ticks, allowed) for source in entry.sources):
        return None
    if not is_current(entry.inspection, facts_of(entry.exchange)):
        return None
    left = list(jobs)
    sources: list[Source] = []
    for source in entry.sources:
        job = next((job for job in left if still_holds(source.record, job.workbook, job.sheet, header_row)), None)
        if job is None:
            return None
        left.remove(job)
        path, stamp = job.workbook.path, job.workbook.stamp
        sources.append(replace(source, workbook=path.name, path=str(path), size=stamp.size, mtime_ns=stamp.mtime_ns))
    if not _files_stand(entry, parquet_dir):
        return None
    return replace(entry, sources=tuple(sources))


def source_of(entry: Entry, job: SheetJob) -> Source:
    """Return the refreshed entry's source that is the sheet of `job`."""
    place = (str(job.workbook.path), job.sheet.name)
    return next(source for source in entry.sources if (source.path, source.sheet) == place)


def _files_stand(entry: Entry, parquet_dir: AnyPath) -> bool:
    """Return whether the security's files are those that were written with the catalog's line."""
    rejects = rejects_name(entry.ticker)
    if set(entry.marks) != ({entry.file, rejects} if entry.rejects else {entry.file}):
        return False
    if not entry.rejects and (parquet_dir / rejects).exists():
        return False
    try:
        stand = all(file_mark(parquet_dir / name) == mark for name, mark in entry.marks.items())
    except OSError:
        return False
    return stand and fingerprint([source.record for source in entry.sources]) == entry.fingerprint
