"""Writes the files of one security in a run folder, row group by row group, while its days are replayed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from pipeline.runs.csv_cells import table_lines, with_csv_cells
from pipeline.runs.fill_tables import marks_table, prices_table, trades_table
from pipeline.runs.layout import FOLDERS, SERIES_FOLDER
from pipeline.store.atomic import GrowingFile, Staged, discarding, write_bytes
from pipeline.store.columns import number_array
from pipeline.store.parquet import GrowingTable, read_table
from pipeline.times import MILLISECOND, SECOND

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.engine.series import Series
    from pipeline.replay.parts import Part
    from pipeline.store.path import AnyPath
    from pipeline.ticks import Float64s, Int64s

ROWS: Final = 1 << 17
"""Rows of a row group, whatever parts they come in, so that a file's bytes do not depend on those."""

BEFORE_ALL: Final = -(2**62)


def file_names(ticker: str) -> tuple[str, str, str, str]:
    """Return the names of a security's fills, the marks around them, its price path, and its fills as CSV."""
    trades, marks, prices = (f"{folder}/{ticker}.parquet" for folder in FOLDERS)
    return trades, marks, prices, f"{ticker.lower()}_trades_timeseries.csv"


def series_name(ticker: str) -> str:
    """Return the name of the file of what a strategy recorded of a security."""
    return f"{SERIES_FOLDER}/{ticker}.parquet"


class SecurityFiles:
    """The files of one security, written beside their places, where they are put when all are whole.

    series: what its strategy records, by field.
    Raises OutputNotWritable or PathError.
    """

    def __init__(self, folder: AnyPath, ticker: str, shift: int, series: Mapping[str, Series]) -> None:
        self._shift = shift
        self._series = SeriesRows(series, shift)
        trades, marks, prices, text = file_names(ticker)
        self._files = {text: _Rows(_CsvFile(folder / text), {})}
        for name in (trades, marks, prices, *([series_name(ticker)] if series else [])):
            ascending = "event" if name == marks else "timestamp"
            table = GrowingTable(folder / name, delta_columns=[ascending], durable=False)
            self._files[name] = _Rows(table, {"security": ticker})

    def add(self, part: Part) -> None:
        """Write the fills of some days, and the market around them."""
        trades = trades_table(part.replayed, self._shift)
        marks = marks_table(part.replayed.fills, part.observed, self._shift)
        prices = prices_table(part.observed, self._shift)
        series = [self._series.table(part.ticks.timestamp, part.series)] if part.series else []
        for file, rows in zip(self._files.values(), (trades, trades, marks, prices, *series), strict=True):
            file.add(rows)

    def close(self) -> dict[str, Staged]:
        """End the files and return them by name; the caller commits or discards them."""
        staged: dict[str, Staged] = {}
        with discarding(staged.values()):
            for name, file in self._files.items():
                staged[name] = file.close()
        return staged

    def discard(self) -> None:
        """Remove what was written."""
        for file in self._files.values():
            file.discard()


def write_files(folder: AnyPath, ticker: str, files: Mapping[str, bytes]) -> None:
    """Write a security's files; its fills as CSV are made from its file of fills where they are not among them."""
    trades, _, _, text = file_names(ticker)
    for name, content in files.items():
        write_bytes(folder / name, content, durable=False)
    if text not in files:
        rows = _Rows(_CsvFile(folder / text), {})
        rows.add(read_table(folder / trades))
        rows.close().commit()


class _Rows:
    """Rows that come part by part and are written so many at a time."""

    def __init__(self, file: GrowingTable | _CsvFile, metadata: Mapping[str, str]) -> None:
        self._file = file
        self._metadata = metadata
        self._waiting: list[Any] = []
        self._count = 0

    def add(self, rows: Any) -> None:
        """Take rows, an Arrow table."""
        self._waiting.append(rows)
        self._count += len(rows)
        while self._count > ROWS:
            self._file.append(self._next(ROWS))

    def close(self) -> Staged:
        """Write what is left."""
        return self._file.close(self._metadata, self._next(self._count))

    def discard(self) -> None:
        """Remove what was written."""
        self._file.discard()

    def _next(self, count: int) -> Any:
        rows = self._waiting[0] if len(self._waiting) == 1 else pa.concat_tables(self._waiting).combine_chunks()
        self._waiting, self._count = [rows.slice(count)], self._count - count
        return rows.slice(0, count)


class _CsvFile:
    """A CSV file that grows as a `GrowingTable` does."""

    def __init__(self, path: AnyPath) -> None:
        self._file = GrowingFile(path, durable=False)
        self._has_header = False
        self.discard = self._file.discard

    def append(self, rows: Any) -> None:
        """Write rows as lines."""
        self._file.append(self._lines(rows))

    def close(self, _: Mapping[str, str], last: Any) -> Staged:
        """Write the last rows."""
        return self._file.finish(self._lines(last))

    def _lines(self, rows: Any) -> memoryview:
        lines = table_lines(with_csv_cells(rows, "trade_type"), with_header=not self._has_header)
        self._has_header = True
        return lines


class SeriesRows:
    """The rows of a security's series, from part to part of its ticks.

    shift: how far the clock of its ticks is ahead of its exchange's, ns.
    """

    def __init__(self, series: Mapping[str, Series], shift: int) -> None:
        self._every = {name: round(each.every * SECOND) for name, each in series.items()}
        self._next = dict.fromkeys(series, BEFORE_ALL)
        self._shift = shift

    def table(self, timestamps: Int64s, recorded: Mapping[str, Float64s]) -> Any:
        """Return the rows of a part: where any of its series has a number, the others being null there."""
        kept = {name: self._thinned(name, timestamps, values) for name, values in recorded.items()}
        rows = np.flatnonzero(np.logical_or.reduce([~np.isnan(values) for values in kept.values()]))
        times = number_array((timestamps[rows] - self._shift) // MILLISECOND, pa.timestamp("ms"))
        columns = {
            name: number_array(values[rows], pa.float64(), ~np.isnan(values[rows])) for name, values in kept.items()
        }
        return pa.table({"timestamp": times, **columns})

    def _thinned(self, name: str, timestamps: Int64s, values: Float64s) -> Float64s:
        """Leave out the numbers that come sooner after the one before than a series asks for."""
        if not self._every[name]:
            return values
        places = np.flatnonzero(~np.isnan(values))
        times = np.maximum.accumulate(timestamps[places])
        chosen, at = [], int(np.searchsorted(times, self._next[name]))
        while at < len(places):
            chosen.append(places[at])
            self._next[name] = int(times[at]) + self._every[name]
            at = int(np.searchsorted(times, self._next[name]))
        thinned = np.full(len(values), np.nan)
        thinned[chosen] = values[chosen]
        return thinned
