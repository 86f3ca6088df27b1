"""Joins the sheets of one security, writes its ticks and rejects under temporary names and makes its catalog entry."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pipeline.conversion.excel.cells import letters_of
from pipeline.conversion.fingerprint import fingerprint
from pipeline.conversion.seam import Counted, ticks_at
from pipeline.conversion.security_files import SecurityFiles
from pipeline.conversion.tables.reading import TableContent
from pipeline.errors import OverlappingWorkbooks, shown
from pipeline.markets.facts import facts_or_open
from pipeline.store.atomic import discarding
from pipeline.store.catalog import Entry, Source
from pipeline.store.layout import rejects_name, ticks_name
from pipeline.store.parquet import read_footer
from pipeline.times import moment_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.conversion.contents import Content
    from pipeline.conversion.plan import SheetJob
    from pipeline.store.atomic import Staged
    from pipeline.store.path import AnyPath


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


@dataclass(frozen=True, slots=True)
class Part:
    """What a sheet or a table holds of a security: times of the first tick and of all (ns), and its source.

    The ticks of a sheet are in memory, those of a table in files under temporary names.
    """

    source: Source
    where: str
    first: int
    earliest: int
    latest: int
    content: Content

    @property
    def with_condition(self) -> bool:
        """Whether its ticks have condition codes."""
        content = self.content
        if isinstance(content, TableContent):
            return content.files.with_condition
        return content.parsed.ticks.condition is not None

    def add_to(self, files: SecurityFiles) -> None:
        """Write its ticks and rejects behind those that are in some files already."""
        if isinstance(self.content, TableContent):
            self.content.files.move_to(files)
        else:
            files.add(self.content.parsed.ticks)
            files.add_rejects(self.content.parsed.rejects, self.source.workbook, self.source.sheet)


def part_of(job: SheetJob, content: Content) -> Part:
    """Return what was read for a job, which has ticks, as a part of its security."""
    source = _source(job, content)
    if isinstance(content, TableContent):
        files = content.files
        return Part(source, source.path, files.first, files.earliest, files.latest, content)
    timestamp = content.parsed.ticks.timestamp
    beside = "" if job.block.is_alone else f" from column {letters_of(min(job.block.columns.used))} on"
    where = f"sheet '{shown(source.sheet)}' of {source.path}{beside}"
    return Part(source, where, int(timestamp[0]), int(timestamp.min()), int(timestamp.max()), content)


def stage_security(job: SheetJob, parts: Sequence[Part], parquet_dir: AnyPath) -> StagedSecurity:
    """Join the parts of a job's security in time order and write its files under temporary names.

    Raises OverlappingWorkbooks or OutputNotWritable.
    """
    ticker, exchange = job.ticker, job.exchange
    ordered = _in_time_order(ticker, parts)
    ordered[1:] = itertools.starmap(_with_seam, itertools.pairwise(ordered))
    first = ordered[0].content
    if len(ordered) == 1 and isinstance(first, TableContent):
        files = first.files
    else:
        with_condition = any(part.with_condition for part in ordered)
        files = SecurityFiles(ticker, exchange, parquet_dir, with_condition=with_condition)
        with discarding([files]):
            for part in ordered:
                part.add_to(files)
    entry = _entry(job, [part.source for part in ordered])
    inspection: list[str] = []

    def metadata_of(counted: str) -> dict[str, str]:
        inspection.append(counted)
        return _metadata(replace(entry, inspection=counted))

    staged = files.close(metadata_of)
    digests = {file.target.name: read_footer(file.part).digest for file in staged}
    without_rejects = None if entry.rejects else parquet_dir / rejects_name(ticker)
    return StagedSecurity(replace(entry, digests=digests, inspection=inspection[0]), tuple(staged), without_rejects)


def _in_time_order(ticker: str, parts: Sequence[Part]) -> list[Part]:
    """Order parts, each of which has ticks, by their first; raises OverlappingWorkbooks naming both."""
    ordered = sorted(parts, key=lambda part: part.first)
    for before, after in itertools.pairwise(ordered):
        # Two that meet in one second are in order, two that are all of one second are not.
        if after.earliest < before.latest or after.latest == before.earliest:
            raise OverlappingWorkbooks(
                f"{ticker}: {before.where} and {after.where} hold ticks of the same time. Name on the command "
                "line the workbooks to convert, or move one of them out of data/raw (--only leaves out whole "
                "securities); of two sheets of one workbook remove one. Where one has the BID, ASK or TRADE rows that "
                "the other lacks, put all rows below each other in one sheet, sorted by time."
            )
    return ordered


def _with_seam(before: Part, after: Part) -> Part:
    """Return the later of two parts, with a remark where both hold a tick: an export that begins where one ended."""
    if before.latest != after.earliest:
        return after
    both = sum((_ticks_at(before, after.earliest) & _ticks_at(after, after.earliest)).values())
    if not both:
        return after
    moment = f"{moment_of(after.earliest):%Y-%m-%d %H:%M:%S}"
    remark = (
        f"ticks of {moment} that stand in {before.where} as well, and count twice where they are the same: {both:,}"
    )
    return replace(after, source=replace(after.source, remarks=(*after.source.remarks, remark)))


def _ticks_at(part: Part, moment: int) -> Counted:
    """Return how many ticks of each kind, price and size a part has at its earliest or latest time."""
    content = part.content
    return content.ends.at(moment) if isinstance(content, TableContent) else ticks_at(content.parsed.ticks, moment)


def _entry(job: SheetJob, sources: Sequence[Source]) -> Entry:
    """Return a security's line for the catalog, what was counted and marks of files left out."""
    rejects = sum((Counter(source.rejects) for source in sources), Counter[str]())
    facts = facts_or_open(job.exchange)
    return Entry(
        ticker=job.ticker,
        exchange=job.exchange,
        file=ticks_name(job.ticker),
        rows=sum(source.rows for source in sources),
        ticks=sum(source.ticks for source in sources),
        blank=sum(source.blank for source in sources),
        rejects=dict(sorted(rejects.items())),
        fingerprint=fingerprint([source.record for source in sources]),
        digests={},
        sources=tuple(sources),
        code=job.code,
        time_zone=facts.known_zone,
        currency=facts.prices_in,
    )


def _source(job: SheetJob, content: Content) -> Source:
    path, stamp = job.workbook.path, job.workbook.stamp
    return Source(
        workbook=path.name,
        path=str(path),
        size=stamp.size,
        mtime_ns=stamp.mtime_ns,
        sheet=job.sheet.name,
        **content.counts,
        record=content.record,
        remarks=content.remarks,
        securities=content.securities,
    )


def _metadata(entry: Entry) -> dict[str, str]:
    return {
        "ticker": entry.ticker,
        "exchange": entry.exchange,
        "code": entry.code,
        "time_zone": entry.time_zone,
        "currency": entry.currency,
        "sheet": "; ".join(dict.fromkeys(source.sheet for source in entry.sources)),
        "workbook": "; ".join(source.workbook for source in entry.sources),
        "fingerprint": entry.fingerprint,
        "rows_in": str(entry.rows),
        "rows_kept": str(entry.ticks),
        "rows_rejected": str(sum(entry.rejects.values())),
        "rows_blank": str(entry.blank),
        "inspection": entry.inspection,
    }
