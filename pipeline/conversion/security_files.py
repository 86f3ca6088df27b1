"""Writes one security's ticks and rejected rows under temporary names while they come, block by block."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from pipeline.inspection.counting import RunningCounts, counted_text
from pipeline.markets.facts import facts_or_open
from pipeline.store.atomic import discarding
from pipeline.store.columns import dictionary_array, number_array, text_array
from pipeline.store.layout import rejects_name, ticks_name
from pipeline.store.parquet import GrowingTable, row_groups
from pipeline.store.tick_file import read_ticks, ticks_of
from pipeline.store.tick_writer import TicksWriter, stage_ticks
from pipeline.times import MINUTE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pipeline.conversion.ticks import Reject
    from pipeline.store.atomic import Staged
    from pipeline.store.path import AnyPath
    from pipeline.ticks import Ticks

_NAMES: Final = pa.dictionary(pa.int8(), pa.utf8())
_REJECTS: Final = pa.schema(
    [("workbook", _NAMES), ("sheet", _NAMES), ("row", pa.int64())]
    + [(name, pa.utf8()) for name in ("time", "type", "price", "size", "rule")]
)
_MOST_REJECTS: Final = 1 << 16
"""Of a row group."""


class SecurityFiles:
    """The files of one security that are being written: its ticks, and its rejected rows if there are any.

    ticks: how many there are. first, earliest, latest: times of the first tick and of all, ns. has_seconds: whether
    one is of no whole minute.
    Raises OutputNotWritable.
    """

    def __init__(self, ticker: str, exchange: str, parquet_dir: AnyPath, *, with_condition: bool) -> None:
        self._facts = facts_or_open(exchange)
        self._paths = (parquet_dir / ticks_name(ticker), parquet_dir / rejects_name(ticker))
        self._writer = TicksWriter(self._paths[0], with_condition=with_condition)
        self._counts = RunningCounts(self._facts)
        self._rejects: GrowingTable | None = None
        self._waiting: list[Any] = []
        self.with_condition = with_condition
        self.ticks = 0
        self.first = self.earliest = self.latest = 0
        self.has_seconds = False

    @property
    def waiting(self) -> int:
        """How many ticks are in memory, to be written or to be counted."""
        return max(self._writer.waiting, self._counts.waiting)

    def flush(self) -> None:
        """Write the ticks that are in memory, and count those of whole days."""
        if self._writer.waiting:
            self._writer.flush()
        self._counts.flush()

    def add(self, ticks: Ticks) -> None:
        """Take the next ticks."""
        if not len(ticks):
            return
        earliest, latest = int(ticks.timestamp.min()), int(ticks.timestamp.max())
        if not self.ticks:
            self.first, self.earliest, self.latest = int(ticks.timestamp[0]), earliest, latest
        self.earliest, self.latest = min(self.earliest, earliest), max(self.latest, latest)
        self.ticks += len(ticks)
        self.has_seconds = self.has_seconds or bool((ticks.timestamp % MINUTE).any())
        self._writer.write(ticks)
        self._counts.add(ticks)

    def add_rejects(self, rejects: Sequence[Reject], workbook: str, sheet: str) -> None:
        """Take the next rejected rows, which are of a sheet of a workbook."""
        if not rejects:
            return
        self.add_rejects_table(_table(rejects, workbook, sheet))

    def add_rejects_table(self, table: Any) -> None:
        """Take the next rejected rows as the columns of their file."""
        self._waiting.append(table)
        if sum(table.num_rows for table in self._waiting) >= _MOST_REJECTS:
            self._write_rejects()

    def close(self, metadata_of: Callable[[str], Mapping[str, str]]) -> list[Staged]:
        """End the files with our metadata, given the text of what was counted; the caller commits or discards them."""
        text = self._counts.text()
        staged: list[Staged] = []
        with discarding([self]), discarding(staged):
            if self._counts.days_ascend:
                staged.append(self._writer.close(metadata_of(text)))
            else:
                text, again = self._counted_again(metadata_of)
                staged.append(again)
            if self._waiting:
                self._write_rejects()
            if self._rejects is not None:
                staged.append(self._rejects.close(metadata_of(text)))
        return staged

    def discard(self) -> None:
        """Remove what was written."""
        self._writer.discard()
        if self._rejects is not None:
            self._rejects.discard()

    def move_to(self, others: SecurityFiles) -> None:
        """Write all behind what is in other files, and remove what was written here."""
        staged = self.close(lambda _: {})
        try:
            for number, file in enumerate(staged):
                for table in row_groups(file.part):
                    if number:
                        others.add_rejects_table(table)
                    else:
                        others.add(ticks_of(file.part, table))
        finally:
            for file in staged:
                file.discard()

    def _counted_again(self, metadata_of: Callable[[str], Mapping[str, str]]) -> tuple[str, Staged]:
        """Count the ticks all at once, since their days do not follow one another, and write them with that."""
        written = self._writer.close({})
        try:
            ticks = read_ticks(written.part)
        finally:
            written.discard()
        text = counted_text(ticks, self._facts)
        return text, stage_ticks(self._paths[0], ticks, metadata_of(text))

    def _write_rejects(self) -> None:
        if self._rejects is None:
            self._rejects = GrowingTable(self._paths[1], dictionary_columns=("workbook", "sheet"))
        self._rejects.append(pa.concat_tables(self._waiting).combine_chunks())
        self._waiting = []


def _table(rejects: Sequence[Reject], workbook: str, sheet: str) -> Any:
    code = np.zeros(len(rejects), np.int8)
    columns = [
        dictionary_array(code, [workbook]),
        dictionary_array(code, [sheet]),
        number_array(np.array([reject.row for reject in rejects], np.int64), pa.int64()),
        *(text_array([reject.cells[number] for reject in rejects]) for number in range(4)),
        text_array([reject.rule for reject in rejects]),
    ]
    return pa.Table.from_arrays(columns, schema=_REJECTS)
