"""Joins the sheets of one security, writes its ticks and rejects under temporary names and makes its catalog entry."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from pipeline.conversion.fingerprint import fingerprint
from pipeline.errors import OverlappingWorkbooks, shown
from pipeline.inspection.counting import counted_text
from pipeline.markets.facts import facts_or_open
from pipeline.store.catalog import Entry, Source
from pipeline.store.columns import dictionary_array, number_array, text_array
from pipeline.store.layout import rejects_name, ticks_name
from pipeline.store.parquet import read_footer, stage_table
from pipeline.store.tick_writer import stage_ticks
from pipeline.ticks import join_ticks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.conversion.sheet import SheetContent
    from pipeline.store.atomic import Staged
    from pipeline.store.path import AnyPath
    from pipeline.ticks import Ticks


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


def stage_security(ticker: str, exchange: str, sheets: Sequence[SheetContent], parquet_dir: AnyPath) -> StagedSecurity:
    """Join the sheets in time order and write the security's files under temporary names.

    Raises OverlappingWorkbooks or OutputNotWritable.
    """
    ordered = _in_time_order(ticker, sheets)
    entry, ticks = _joined(ticker, exchange, ordered)
    metadata = _metadata(entry)
    rejects_path = parquet_dir / rejects_name(ticker)
    staged = [stage_ticks(parquet_dir / entry.file, ticks, metadata)]
    if entry.rejects:
        try:
            table = _rejects_table(ordered)
            staged.append(stage_table(rejects_path, table, metadata=metadata, dictionary_columns=("workbook", "sheet")))
        except BaseException:
            staged[0].discard()
            raise
    digests = {file.target.name: read_footer(file.part).digest for file in staged}
    return StagedSecurity(replace(entry, digests=digests), tuple(staged), None if entry.rejects else rejects_path)


def _in_time_order(ticker: str, sheets: Sequence[SheetContent]) -> list[SheetContent]:
    """Order sheets, each of which has ticks, by their first; raises OverlappingWorkbooks naming both."""
    ordered = sorted(sheets, key=lambda sheet: int(sheet.parsed.ticks.timestamp[0]))
    for earlier, later in itertools.pairwise(ordered):
        before, after = earlier.parsed.ticks.timestamp, later.parsed.ticks.timestamp
        # Two that meet in one second are in order, two that are all of one second are not.
        if after.min() < before.max() or after.max() == before.min():
            raise OverlappingWorkbooks(
                f"{ticker}: {_where(earlier)} and {_where(later)} hold ticks of the same time. Name on the command "
                "line the workbooks to convert, or move one of them out of data/raw (--only leaves out whole "
                "securities); of two sheets of one workbook remove one."
            )
    return ordered


def _where(sheet: SheetContent) -> str:
    return f"sheet '{shown(sheet.sheet.name)}' of {sheet.workbook.path}"


def _joined(ticker: str, exchange: str, sheets: Sequence[SheetContent]) -> tuple[Entry, Ticks]:
    """Return a security's line for the catalog, marks of files left out, and its ticks."""
    ticks = join_ticks([sheet.parsed.ticks for sheet in sheets])
    sources = tuple(_source(sheet) for sheet in sheets)
    rejects = sum((Counter(source.rejects) for source in sources), Counter[str]())
    entry = Entry(
        ticker=ticker,
        exchange=exchange,
        file=ticks_name(ticker),
        rows=sum(source.rows for source in sources),
        ticks=len(ticks),
        blank=sum(source.blank for source in sources),
        rejects=dict(sorted(rejects.items())),
        fingerprint=fingerprint([source.record for source in sources]),
        digests={},
        sources=sources,
        inspection=counted_text(ticks, facts_or_open(exchange)),
    )
    return entry, ticks


def _source(sheet: SheetContent) -> Source:
    path, stamp = sheet.workbook.path, sheet.workbook.stamp
    return Source(
        workbook=path.name,
        path=str(path),
        size=stamp.size,
        mtime_ns=stamp.mtime_ns,
        sheet=sheet.sheet.name,
        rows=sheet.parsed.rows,
        ticks=len(sheet.parsed.ticks),
        blank=sheet.parsed.blank,
        rejects=sheet.parsed.reject_counts,
        record=sheet.record,
    )


def _metadata(entry: Entry) -> dict[str, str]:
    return {
        "ticker": entry.ticker,
        "exchange": entry.exchange,
        "sheet": "; ".join(dict.fromkeys(source.sheet for source in entry.sources)),
        "workbook": "; ".join(source.workbook for source in entry.sources),
        "fingerprint": entry.fingerprint,
        "rows_in": str(entry.rows),
        "rows_kept": str(entry.ticks),
        "rows_rejected": str(sum(entry.rejects.values())),
        "rows_blank": str(entry.blank),
        "inspection": entry.inspection,
    }


def _rejects_table(sheets: Sequence[SheetContent]) -> Any:
    rejects = [reject for sheet in sheets for reject in sheet.parsed.rejects]
    origin = np.repeat(np.arange(len(sheets), dtype=np.int8), [len(sheet.parsed.rejects) for sheet in sheets])
    columns = {
        "workbook": dictionary_array(origin, [sheet.workbook.path.name for sheet in sheets]),
        "sheet": dictionary_array(origin, [sheet.sheet.name for sheet in sheets]),
        "row": number_array(np.array([reject.row for reject in rejects], dtype=np.int64), pa.int64()),
    }
    for number, name in enumerate(("time", "type", "price", "size")):
        columns[name] = text_array([reject.cells[number] for reject in rejects])
    columns["rule"] = text_array([reject.rule for reject in rejects])
    return pa.Table.from_arrays(list(columns.values()), names=list(columns))
