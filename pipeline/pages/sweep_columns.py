"""The figures of a sweep's page, a column of all settings each: in memory, or in a temporary file if they are many."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Final
from weakref import finalize

import numpy as np

if TYPE_CHECKING:
    from pipeline.ticks import Float64s

MOST_IN_MEMORY: Final = 128 * 2**20
Name = tuple[str, str]


class SweepColumns(Mapping[Name, "Float64s"]):
    """Columns of `count` numbers by view and figure, NaN where nothing was put."""

    def __init__(self, names: Sequence[Name], count: int) -> None:
        self._places = {name: place for place, name in enumerate(names)}
        self._count = count
        is_small = len(names) * count * 8 <= MOST_IN_MEMORY
        self._values = np.full((len(names), count) if is_small else (0, 0), np.nan)
        self._file = None if is_small else TemporaryFile()  # noqa: SIM115 - read as long as this lives
        if self._file is not None:
            finalize(self, self._file.close)
            for _ in names:
                self._file.write(np.full(count, np.nan).data)

    def put(self, name: Name, start: int, values: Float64s) -> None:
        """Put numbers into a column from a place on."""
        if self._file is None:
            self._values[self._places[name], start : start + len(values)] = values
        else:
            self._file.seek((self._places[name] * self._count + start) * 8)
            self._file.write(np.ascontiguousarray(values).data)

    def only(self, names: Iterable[Name]) -> SweepColumns:
        """Leave out all columns but these."""
        self._places = {name: self._places[name] for name in list(names)}
        return self

    def __getitem__(self, name: Name) -> Float64s:
        """Return a column."""
        place = self._places[name]
        if self._file is None:
            column: Float64s = self._values[place]
            return column
        self._file.seek(place * self._count * 8)
        return np.frombuffer(self._file.read(self._count * 8), np.float64)

    def __iter__(self) -> Iterator[Name]:
        """Yield the names."""
        return iter(self._places)

    def __len__(self) -> int:
        """Return the number of columns."""
        return len(self._places)
