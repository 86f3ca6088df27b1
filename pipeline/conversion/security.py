"""Joins the sheets of one security, writes its ticks and rejects under temporary names and makes its catalog entry."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from pipeline.conversion.fingerprint import fingerprint
from pipeline.errors import OverlappingWorkbooks
from pipeline.inspection.counting import counted_text
from pipeline.markets.facts import facts_of
from pipeline.store.catalog import Entry, Source, file_mark
from pipeline.store.columns import dictionary_array, number_array, text_array
from pipeline.store.layout import rejects_name, ticks_name
from pipeline.store.parquet import stage_table, stage_ticks, ticks_digest
from pipeline.ticks import Ticks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.conversion.plan import SheetJob
    from pipeline.conversion.sheet import SheetContent
    from pipeline.store.atomic import Staged
    from pipeline.store.path import AnyPath


@dataclass(frozen=True, slots=True)
class Part:
    """One sheet of a security and what was read from it."""

    job: SheetJob
    content: SheetContent


@dataclass(frozen=True, slots=True)
class StagedSecurity:
    """A security's files, written whole under temporary names, and its line for the catalog."""

    entry: Entry
    staged: tuple[Staged, ...]
    without_rejects: AnyPath | None

    def commit(self) -> None:
        """Put the files in place; an old file of rejects goes when there are none now."""
        for staged in self.staged:
            staged.commit()
        if self.without_rejects is not None:
            self.without_rejects.unlink(missing_ok=True)

    def discard(self) -> None:
        """Remove the temporary files."""
        for staged in self.staged:
            staged.discard()


def stage_security(parts: Sequence[Part], parquet_dir: AnyPath) -> StagedSecurity:
    """Join the parts in time order and write the security's files; raises OverlappingWorkbooks or OutputNotWritable."""
    ordered = in_time_order(parts)
    ticks = _joined([part.content.parsed.ticks for part in ordered])
    entry = _entry(ordered, ticks)
    metadata = _metadata(entry)
    rejects_path = parquet_dir / rejects_name(entry.ticker)
    staged = [stage_ticks(parquet_dir / entry.file, ticks, metadata)]
    if entry.rejects:
        try:
            staged.append(
                stage_table(
                    rejects_path, _rejects_table(ordered), metadata=metadata, dictionary_columns=("workbook", "sheet")
                )
            )
        except BaseException:
            staged[0].discard()
            raise
    marks = {file.target.name: file_mark(file.part) for file in staged}
    return StagedSecurity(replace(entry, marks=marks), tuple(staged), None if entry.rejects else rejects_path)


def in_time_order(parts: Sequence[Part]) -> list[Part]:
    """Order parts by their first tick (parts without ticks last); raises OverlappingWorkbooks naming both."""
    filled = [part for part in parts if len(part.content.parsed.ticks)]
    filled.sort(key=lambda part: int(part.content.parsed.ticks.timestamp[0]))
    for earlier, later in itertools.pairwise(filled):
        before, after = (part.content.parsed.ticks.timestamp for part in (earlier, later))
        # Two that meet in one second are in order, two that are all of one second are not.
        if after.min() < before.max() or after.max() == before.min():
            raise OverlappingWorkbooks(
                f"{earlier.job.ticker}: {earlier.job.workbook.path} and {later.job.workbook.path} hold ticks of the "
                "same time. Name on the command line the workbooks to convert, or move one of them out of data/raw "
                "(--only leaves out whole securities)."
            )
    return [*filled, *(part for part in parts if not len(part.content.parsed.ticks))]


def _joined(ticks: Sequence[Ticks]) -> Ticks:
    if len(ticks) == 1:
        return ticks[0]
    return Ticks(
        timestamp=np.concatenate([part.timestamp for part in ticks]),
        kind=np.concatenate([part.kind for part in ticks]),
        price=np.concatenate([part.price for part in ticks]),
        volume=np.concatenate([part.volume for part in ticks]),
    )


def _entry(parts: Sequence[Part], ticks: Ticks) -> Entry:
    sources = tuple(_source(part) for part in parts)
    rejects: Counter[str] = Counter()
    for source in sources:
        rejects.update(source.rejects)
    first = parts[0].job
    return Entry(
        ticker=first.ticker,
        exchange=first.exchange,
        file=ticks_name(first.ticker),
        rows=sum(source.rows for source in sources),
        ticks=len(ticks),
        blank=sum(source.blank for source in sources),
        rejects=dict(sorted(rejects.items())),
        digest=ticks_digest(ticks),
        fingerprint=fingerprint([source.record for source in sources]),
        marks={},
        sources=sources,
        inspection=counted_text(ticks, facts_of(first.exchange)),
    )


def _source(part: Part) -> Source:
    workbook, parsed = part.job.workbook, part.content.parsed
    return Source(
        workbook=workbook.path.name,
        path=str(workbook.path),
        size=workbook.stamp.size,
        mtime_ns=workbook.stamp.mtime_ns,
        sheet=part.job.sheet.name,
        rows=parsed.rows,
        ticks=len(parsed.ticks),
        blank=parsed.blank,
        rejects=parsed.reject_counts,
        record=part.content.record,
    )


def _metadata(entry: Entry) -> dict[str, str]:
    return {
        "ticker": entry.ticker,
        "exchange": entry.exchange,
        "sheet": "; ".join(dict.fromkeys(source.sheet for source in entry.sources)),
        "workbook": "; ".join(source.workbook for source in entry.sources),
        "fingerprint": entry.fingerprint,
        "digest": entry.digest,
        "rows_in": str(entry.rows),
        "rows_kept": str(entry.ticks),
        "rows_rejected": str(sum(entry.rejects.values())),
        "rows_blank": str(entry.blank),
        "inspection": entry.inspection,
    }


def _rejects_table(parts: Sequence[Part]) -> Any:
    books = [part.job.workbook.path.name for part in parts]
    sheets = [part.job.sheet.name for part in parts]
    counts = [len(part.content.parsed.rejects) for part in parts]
    rejects = [reject for part in parts for reject in part.content.parsed.rejects]
    origin = np.repeat(np.arange(len(parts), dtype=np.int8), counts)
    cells = [text_array([reject.cells[column] for reject in rejects]) for column in range(4)]
    return pa.Table.from_arrays(
        [
            dictionary_array(origin, books),
            dictionary_array(origin, sheets),
            number_array(np.array([reject.row for reject in rejects], dtype=np.int64), pa.int64()),
            *cells,
            text_array([reject.rule for reject in rejects]),
        ],
        names=["workbook", "sheet", "row", "time", "type", "price", "size", "rule"],
    )
