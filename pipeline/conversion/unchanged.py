"""Decides whether a security's sheets and files are what they were when it was converted."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pipeline.conversion.excel.parts import Sheet
from pipeline.conversion.fingerprint import fingerprint, still_holds, table_still_holds
from pipeline.conversion.refuse import faulty, too_many
from pipeline.conversion.tables.table import Table
from pipeline.inspection.counts import is_current
from pipeline.markets.facts import facts_or_open
from pipeline.store.layout import rejects_name
from pipeline.store.seal import file_digest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.conversion.plan import SheetJob
    from pipeline.store.catalog import Entry, Source
    from pipeline.store.path import AnyPath


def unchanged_sources(
    entry: Entry, jobs: Sequence[SheetJob], parquet_dir: AnyPath, allowed: float
) -> dict[int, Source] | None:
    """Return the entry's sources, as their workbooks are now, by position of the sheet; None to convert it again.

    allowed: the share of a sheet's rows that may be rejected; a sheet with more is read again, so that they are quoted.
    """
    if len(jobs) != len(entry.sources) or any(job.exchange != entry.exchange for job in jobs):
        return None
    if any(too_many(faulty(source.rejects), source.ticks, allowed) for source in entry.sources):
        return None
    facts = facts_or_open(entry.exchange)
    of_market = facts.known_zone, facts.prices_in
    if not is_current(entry.inspection, facts) or (entry.time_zone, entry.currency) != of_market:
        return None
    sources: dict[int, Source] = {}
    for source in entry.sources:
        others = (job for job in jobs if job.position not in sources)
        job = next((job for job in others if is_of(source, job)), None)
        if job is None:
            return None
        path, stamp = job.workbook.path, job.workbook.stamp
        sources[job.position] = replace(
            source, workbook=path.name, path=str(path), size=stamp.size, mtime_ns=stamp.mtime_ns
        )
    return sources if _files_stand(entry, parquet_dir) else None


def is_of(source: Source, job: SheetJob) -> bool:
    """Return whether a job would read what a source was read from."""
    book, sheet = job.workbook, job.sheet
    if not isinstance(book, Table):
        return isinstance(sheet, Sheet) and still_holds(source.record, book, sheet, job.block, job.rules)
    same = (source.path, source.size, source.mtime_ns) == (str(book.path), book.stamp.size, book.stamp.mtime_ns)
    return table_still_holds(source.record, book, job.block, job.rules, is_same_file=same)


def _files_stand(entry: Entry, parquet_dir: AnyPath) -> bool:
    """Return whether the security's files are those that were written with the catalog's line."""
    rejects = rejects_name(entry.ticker)
    if set(entry.digests) != ({entry.file, rejects} if entry.rejects else {entry.file}):
        return False
    if not entry.rejects and (parquet_dir / rejects).exists():
        return False
    intact = all(file_digest(parquet_dir / name) == digest for name, digest in entry.digests.items())
    return intact and fingerprint([source.record for source in entry.sources]) == entry.fingerprint
