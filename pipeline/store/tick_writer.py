"""Writes one security's ticks as a Parquet file, row group by row group, so that no more than one is in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from pipeline.store.atomic import discarding
from pipeline.store.columns import dictionary_array, number_array
from pipeline.store.layout import CONDITION_COLUMN, TICK_COLUMNS
from pipeline.store.parquet import GrowingTable
from pipeline.ticks import NO_TICKS, TICK_TYPES, join_ticks
from pipeline.times import MILLISECOND

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.store.atomic import Staged
    from pipeline.store.path import AnyPath
    from pipeline.ticks import Ticks

ROW_GROUP: Final = 1 << 20
"""Ticks of a row group: as many as the rows of a full Excel sheet."""
_TYPES: Final = (
    pa.timestamp("ms"),
    pa.dictionary(pa.int8(), pa.utf8()),
    pa.float64(),
    pa.int64(),
    pa.dictionary(pa.int32(), pa.utf8()),
)


class TicksWriter:
    """Writes one security's ticks beside `path` under a temporary name, in row groups of `ROW_GROUP` ticks.

    with_condition: whether the file gets a column of condition codes. Raises OutputNotWritable.
    """

    def __init__(self, path: AnyPath, *, with_condition: bool = False) -> None:
        names = [*TICK_COLUMNS, *[CONDITION_COLUMN] * with_condition]
        fields = [pa.field(name, of_type, nullable=False) for name, of_type in zip(names, _TYPES, strict=False)]
        self._schema = pa.schema(fields)
        self._file = GrowingTable(
            path,
            delta_columns=("timestamp", "volume"),
            dictionary_columns=("type", "price", *names[len(TICK_COLUMNS) :]),
        )
        self._waiting: list[Ticks] = []
        self.waiting = 0
        """How many ticks are in memory still."""

    def write(self, ticks: Ticks) -> None:
        """Take the next ticks; time is kept in whole milliseconds."""
        while self.waiting + len(ticks) > ROW_GROUP:
            fits = ROW_GROUP - self.waiting
            self._waiting.append(ticks[:fits])
            self.flush()
            ticks = ticks[fits:]
        self._waiting.append(ticks)
        self.waiting += len(ticks)

    def flush(self) -> None:
        """Write what is in memory as a row group."""
        self._file.append(self._rest())

    def close(self, metadata: Mapping[str, str]) -> Staged:
        """Write the rest and end the file with our metadata; the caller commits or discards it."""
        return self._file.close(metadata, self._rest())

    def discard(self) -> None:
        """Remove what was written."""
        self._file.discard()

    def _rest(self) -> Any:
        """Return what is in memory as a table, and leave none there."""
        ticks = join_ticks(self._waiting or [NO_TICKS])
        self._waiting, self.waiting = [], 0
        columns = [
            number_array(ticks.timestamp // MILLISECOND, pa.timestamp("ms")),
            dictionary_array(ticks.kind, TICK_TYPES),
            number_array(ticks.price, pa.float64()),
            number_array(ticks.volume, pa.int64()),
        ]
        if len(self._schema) > len(columns):
            codes = np.zeros(len(ticks), np.int32) if ticks.condition is None else ticks.condition
            columns.append(dictionary_array(codes, ticks.conditions or ("",)))
        return pa.Table.from_arrays(columns, schema=self._schema)


def stage_ticks(path: AnyPath, ticks: Ticks, metadata: Mapping[str, str]) -> Staged:
    """Write ticks beside `path` under a temporary name; time is kept in whole milliseconds."""
    writer = TicksWriter(path, with_condition=ticks.condition is not None)
    with discarding([writer]):
        writer.write(ticks)
        return writer.close(metadata)
