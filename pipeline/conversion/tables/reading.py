"""Reads a table from its first row to its last, and writes each security's ticks and rejects as they come."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.conversion.fingerprint import table_record
from pipeline.conversion.refuse import Rejected, refuse_other_blocks
from pipeline.conversion.seam import Ends
from pipeline.conversion.security_files import SecurityFiles
from pipeline.conversion.tables.whole_file import OtherRules, WholeFile
from pipeline.conversion.ticks import zone_note
from pipeline.conversion.wide import judge_of
from pipeline.errors import EmptySheet
from pipeline.store.atomic import discarding
from pipeline.ticks import NO_TICKS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pipeline.conversion.headers import Block
    from pipeline.conversion.rules import Rules
    from pipeline.conversion.tables.row_names import RowNames
    from pipeline.conversion.tables.table import Table
    from pipeline.conversion.ticks import Parsed, Reject
    from pipeline.store.path import AnyPath
    from pipeline.ticks import Ticks

MOST_WAITING: Final = 2 << 20
"""Ticks that wait in memory for their files to be written, of all securities."""


@dataclass(slots=True, eq=False)
class TableContent:
    """What a table holds of one security: its files, under temporary names, and what was counted of its rows.

    ends: its first and last ticks. rows = ticks + rejected rows + blank. record: the content that it was read from.
    notes: what is to be said of how its cells were read; remarks: of how it was read at all. securities: the names of
    all that the table was split into.
    """

    files: SecurityFiles
    rejected: Rejected
    reader: str
    ends: Ends = field(default_factory=Ends)
    rows: int = 0
    blank: int = 0
    record: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    securities: tuple[str, ...] = ()
    not_fast: str = ""
    hidden_rows: int = 0

    @property
    def ticks(self) -> int:
        """Return how many ticks it has."""
        return self.files.ticks

    @property
    def has_seconds(self) -> bool:
        """Return whether a tick is of no whole minute."""
        return self.files.has_seconds

    @property
    def counts(self) -> dict[str, Any]:
        """Return how many rows of each kind there are."""
        rejects = dict(sorted(self.rejected.counts.items()))
        return {"rows": self.rows, "ticks": self.ticks, "blank": self.blank, "rejects": rejects}

    def discard(self) -> None:
        """Remove what was written."""
        self.files.discard()


def read_table(
    table: Table,
    block: Block,
    rules: Rules,
    names: RowNames,
    parquet_dir: AnyPath,
    threads: int = 1,
    on_rows: Callable[[int], None] = lambda _: None,
) -> dict[str, TableContent]:
    """Return what a block of a table holds of each security, by its full name.

    Args:
        table: The file.
        block: Its columns, and the row of their headers.
        rules: By what its cells are read.
        names: Says of which security each row is.
        parquet_dir: Where the files are to be.
        threads: Parts that are read at a time.
        on_rows: Called with the number of rows read so far now and then.

    Raises:
        SheetError: It holds no ticks that can be read, or it cannot be said of what security they are.
        CorruptWorkbook: It cannot be unpacked.
        OutputNotWritable: A file cannot be written.
    """
    decided = rules
    while True:
        reading = _Reading(table, block, rules, names, parquet_dir)
        try:
            with discarding([reading]):
                return reading.read(WholeFile(rules, decided), threads, on_rows)
        except OtherRules as other:
            decided = other.rules


class _Reading:
    """One reading of a table."""

    def __init__(
        self,
        table: Table,
        block: Block,
        rules: Rules,
        names: RowNames,
        parquet_dir: AnyPath,
    ) -> None:
        self._table = table
        self._block = block
        self._names = names
        self._parquet_dir = parquet_dir
        self._contents: dict[str, TableContent] = {}
        self._notes: Counter[str] = Counter()
        self._nameless: list[Reject] = []
        self._last_row = block.header_row
        self._filled = 0
        self._time_zone = rules.time_zone

    def discard(self) -> None:
        """Remove what was written."""
        for content in self._contents.values():
            content.files.discard()

    def read(self, whole: WholeFile, threads: int, on_rows: Callable[[int], None]) -> dict[str, TableContent]:
        """Read the table by rules that hold if it is as `whole` takes it to be; raises OtherRules where it is not."""
        rows = self._table.rows(self._block, whole.rules, threads)
        row = self._block.header_row + 1
        with ThreadPoolExecutor(1, thread_name_prefix="write") as pool:
            writing = pool.submit(lambda: None)
            for part in rows.parts:
                whole.add(part, row)
                judge = judge_of(self._block.columns, whole.rules)
                for place, cells in part.odd:
                    judge.judge(row + place, cells)
                parsed = judge.parsed(row - 1, replace(part.ticks, rows=part.ticks.rows + row))
                whole.add_ticks(parsed)
                writing.result()
                writing = pool.submit(self._take, parsed, row)
                row += part.records
                on_rows(row - self._block.header_row - 1)
            writing.result()
        whole.check()
        if self._last_row == self._block.header_row:
            raise EmptySheet(f"it has headers in row {self._block.header_row} and no rows below them.")
        record = table_record(self._table, self._block, whole.requested, rows.crc(), rows.dialect)
        return self._finished(record, whole.of_utc)

    def _take(self, parsed: Parsed, row: int) -> None:
        """Write what a part that begins at `row` holds, of each security."""
        self._notes.update(parsed.notes)
        filled = [
            numbers[-1] for numbers in (parsed.row_numbers, [each.row for each in parsed.rejects]) if len(numbers)
        ]
        if filled:
            self._last_row = int(max(filled))
            self._filled += self._last_row - row + 1 - parsed.blank
        if parsed.security is None:
            content = self._content_of("", 0)
            refuse_other_blocks(self._contents, parsed)
            self._write(content, parsed.ticks, parsed.rejects)
            return
        of_code = [
            None if not row or (not text and not (parsed.security == code).any()) else self._content_of(text, row)
            for code, (text, row) in enumerate(parsed.first_rows.items())
        ]
        refuse_other_blocks(self._contents, parsed)
        self._nameless += [reject for reject in parsed.rejects if of_code[reject.security] is None]
        contents = list(self._contents.values())
        places = {id(content): place for place, content in enumerate(contents)}
        of_tick = np.array([places.get(id(content), 0) for content in of_code], np.uint16)[parsed.security]
        order = np.argsort(of_tick, kind="stable")
        ticks, ends = parsed.ticks[order], np.cumsum(np.bincount(of_tick, minlength=len(contents))).tolist()
        rejects: dict[int, list[Reject]] = {}
        for reject in parsed.rejects:
            if of_code[reject.security] is not None:
                rejects.setdefault(places[id(of_code[reject.security])], []).append(reject)
        if contents:
            rejects[0] = sorted(self._nameless + rejects.get(0, []), key=lambda reject: reject.row)
            self._nameless = []
        for place, (content, start, end) in enumerate(zip(contents, [0, *ends], ends, strict=False)):
            if end > start or rejects.get(place):
                self._write(content, ticks[start:end], rejects.get(place, []))
        files = [content.files for content in self._contents.values()]
        if sum(each.waiting for each in files) > MOST_WAITING:
            for each in sorted(files, key=lambda each: -each.waiting)[: 1 + len(files) // 2]:
                each.flush()

    def _content_of(self, text: str, row: int) -> TableContent:
        """Return what is read of the security of a text; rejects that name none are the first security's."""
        name = self._names.security(text, row)
        content = self._contents.get(name.full)
        if content is None:
            has_condition = self._block.columns.condition is not None
            files = SecurityFiles(name.ticker, name.exchange, self._parquet_dir, with_condition=has_condition)
            content = self._contents[name.full] = TableContent(files, Rejected(), self._table.kind)
        return content

    def _write(self, content: TableContent, ticks: Ticks, rejects: Sequence[Reject]) -> None:
        content.files.add(ticks)
        content.ends.add(ticks)
        content.files.add_rejects(rejects, self._table.path.name, self._table.sheets[0].name)
        content.rejected.add(rejects)
        content.rows += len(ticks) + len(rejects)

    def _finished(self, record: dict[str, Any], of_utc: int) -> dict[str, TableContent]:
        """Return the contents with all that is known at the end."""
        if self._nameless:
            self._write(self._content_of("", self._nameless[0].row), NO_TICKS, self._nameless)
        self._names.check(self._contents)
        contents = list(self._contents.values())
        contents[0].blank = self._last_row - self._block.header_row - self._filled
        contents[0].rows += contents[0].blank
        if of_utc:
            self._notes[zone_note(self._time_zone)] += of_utc
        for content in contents:
            content.record = record
            content.notes = tuple(note.format(count) for note, count in self._notes.items())
            content.securities = tuple(self._contents) if self._block.columns.security is not None else ()
        return self._contents
