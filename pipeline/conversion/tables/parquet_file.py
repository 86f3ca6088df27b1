"""Reads the ticks of a Parquet file that another tool wrote, part by part."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.conversion.excel.cells import BOOL, ISO, NUMBER, Cell
from pipeline.conversion.tables.csv_block import Dialect, cells_of
from pipeline.conversion.tables.tick_rows import NO_ROWS, BlockRows, take_ticks
from pipeline.errors import StoreError, UnreadableSheet
from pipeline.store.columns import whole
from pipeline.store.parquet import column_types, parts_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pipeline.conversion.headers import Columns
    from pipeline.conversion.rules import Rules

_ROWS: Final = 1 << 18


def column_names(path: Path) -> list[str]:
    """Return the names of a file's columns; raises UnreadableSheet."""
    try:
        return list(column_types(path))
    except StoreError as error:
        raise UnreadableSheet(str(error)) from error


def read_parts(path: Path, columns: Columns, rules: Rules) -> Iterator[BlockRows]:
    """Yield the rows of a file, part by part; raises UnreadableSheet."""
    names = column_names(path)
    read = {position: names[position] for position in columns.with_others}
    try:
        for part in parts_of(path, list(read.values()), _ROWS):
            column = {position: whole(part.column(name)) for position, name in read.items()}
            yield _rows_of(column, columns, rules)
    except StoreError as error:
        raise UnreadableSheet(str(error)) from error


def _rows_of(column: dict[int, Any], columns: Columns, rules: Rules) -> BlockRows:
    count = len(column[columns.time])
    clean, taken = np.zeros(count, bool), BlockRows(count, NO_ROWS, [])
    if not columns.quotes:
        clean, taken = take_ticks(column, columns, rules, np.arange(count))
    odd = []
    for place in np.flatnonzero(~clean).tolist():
        values = {position: values[place].as_py() for position, values in column.items()}
        odd.append((place, _cells(values, columns)))
    return BlockRows(count, taken.ticks, odd, taken.evidence)


def _cells(values: dict[int, Any], columns: Columns) -> dict[int, Cell]:
    """Return a row's cells that are not empty, as a sheet would have them."""
    row = [""] * (max(values) + 1)
    cells = {}
    for position, value in values.items():
        if isinstance(value, str):
            row[position] = value
        elif isinstance(value, bool):
            cells[position] = Cell(BOOL, str(int(value)))
        elif isinstance(value, dt.date | dt.time):
            cells[position] = Cell(ISO, str(value))
        elif value is not None and value == value:  # noqa: PLR0124 - NaN stands for an empty cell
            cells[position] = Cell(NUMBER, repr(float(value)) if not isinstance(value, int) else str(value))
    return cells | cells_of(row, Dialect("", ".", len(row)), columns)
