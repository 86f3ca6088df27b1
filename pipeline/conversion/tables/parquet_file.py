"""Reads the ticks of a Parquet file that another tool wrote, part by part."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from pipeline.conversion.excel.cells import ISO, NUMBER, TEXT, Cell
from pipeline.conversion.headers import HEAD_ROWS
from pipeline.conversion.tables.arrow_columns import is_text
from pipeline.conversion.tables.csv_block import Dialect, cells_of
from pipeline.conversion.tables.tick_rows import NO_ROWS, BlockRows, take_ticks
from pipeline.conversion.tick_columns import LONGEST_SHOWN
from pipeline.errors import StoreError, UnreadableSheet, shown
from pipeline.store.columns import whole
from pipeline.store.parquet import column_types, parts_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from pipeline.conversion.headers import Columns, Head
    from pipeline.conversion.rules import Rules

_ROWS: Final = 1 << 18
_INDEX: Final = "__index_level_0__"


def head_of(path: Path) -> Head:
    """Return the names of a file's columns as row 0, and the texts of its first rows; raises UnreadableSheet."""
    try:
        head = {0: dict(enumerate(column_types(path)))}
        part: Any = next(parts_of(path, None, HEAD_ROWS), None)
    except StoreError as error:
        raise UnreadableSheet(str(error)) from error
    for column, name in head[0].items() if part else ():
        for row, value in enumerate(part.column(part.column_names.index(name)), start=1):
            if text := _text_of(value):
                head.setdefault(row, {})[column] = text
    return head


def _text_of(scalar: Any) -> str:
    """Return the start of a value's text; of one that is empty or cannot be told, an empty one."""
    try:
        value = scalar.as_py()
    except (ValueError, OverflowError):
        return ""
    return "" if value is None or value != value else str(value)[:LONGEST_SHOWN]  # noqa: PLR0124 - NaN is empty


def with_index(path: Path, names: Mapping[int, str]) -> dict[int, str]:
    """Return names of columns with pandas' index without a name as the time, where it has times."""
    types = column_types(path)
    is_index = {at for at, name in names.items() if name == _INDEX and pa.types.is_timestamp(types[name])}
    return {at: "time" if at in is_index else name for at, name in names.items()}


def read_parts(path: Path, columns: Columns, rules: Rules) -> Iterator[BlockRows]:
    """Yield the rows of a file, part by part; raises UnreadableSheet."""
    try:
        names = list(column_types(path))
        read = {position: names[position] for position in columns.with_others}
        prices = [price for _, price, _ in columns.quotes] or [columns.price]
        for part in parts_of(path, list(read.values()), _ROWS):
            column = {}
            for position, name in read.items():
                if len(part.schema.get_all_field_indices(name)) > 1:
                    raise UnreadableSheet(f"two of its columns are called '{shown(name)}': rename or remove one.")
                column[position] = _plain(whole(part.column(name)))
                _refuse_type(name, column[position].type, position, columns)
                if position in prices and pa.types.is_float32(column[position].type):
                    # As its shortest text: 17.3, of which 17.299999237060547 is what 32 bits make.
                    column[position] = column[position].cast(pa.string()).cast(pa.float64())
            yield _rows_of(column, columns, rules)
    except StoreError as error:
        raise UnreadableSheet(str(error)) from error
    except pa.ArrowException as error:
        reason, _, _ = str(error).partition("\n")
        raise UnreadableSheet(f"its columns hold what cannot be read: {reason}.") from error


def _plain(column: Any) -> Any:
    """Return a column of values without codes for them, and of bytes as the text that they are; raises ArrowInvalid."""
    kind = column.type
    if pa.types.is_dictionary(kind) and not is_text(kind):
        column = column.dictionary_decode()
        kind = column.type
    is_bytes = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_binary_view, pa.types.is_fixed_size_binary)
    return column.cast(pa.string()) if any(is_kind(kind) for is_kind in is_bytes) else column


def _refuse_type(name: str, kind: Any, position: int, columns: Columns) -> None:
    """Raise UnreadableSheet for a column of a type that its meaning does not have."""
    types = pa.types
    is_time = position in (columns.time, columns.clock)
    is_exact = not is_time or types.is_float64(kind)  # a float of 32 bits tells times apart by minutes
    is_number = types.is_integer(kind) or types.is_decimal(kind) or (types.is_floating(kind) and is_exact)
    fits = is_number or is_text(kind) or types.is_null(kind)
    what = "prices and sizes are numbers"
    if position == columns.time:
        fits |= types.is_timestamp(kind) or (types.is_date(kind) and columns.clock is not None)
        what = "a time is a timestamp, or a date beside a column of times of day"
    elif position == columns.clock:
        fits |= types.is_timestamp(kind) or types.is_time(kind)
        what = "a time of day is a time or a text"
    elif position in (columns.type, columns.security, columns.condition):
        fits |= types.is_boolean(kind)
        what = "types, names and condition codes are texts"
    if not fits:
        raise UnreadableSheet(f"its column '{shown(name)}' is of the type {kind}: {what}. Write the file again so.")


def _rows_of(column: dict[int, Any], columns: Columns, rules: Rules) -> BlockRows:
    count = len(column[columns.time])
    clean, taken = np.zeros(count, bool), BlockRows(count, NO_ROWS, [])
    if not columns.quotes:
        clean, taken = take_ticks(column, columns, rules, np.arange(count), sizes_of(columns))
    odd = []
    for place in np.flatnonzero(~clean).tolist():
        values = {position: _value(values[place]) for position, values in column.items()}
        odd.append((place, _cells(values, columns)))
    return replace(taken, records=count, odd=odd)


def sizes_of(columns: Columns) -> frozenset[int]:
    """Return the positions of sizes."""
    return frozenset([size for _, _, size in columns.quotes] or [columns.size])


def _value(scalar: Any) -> Any:
    try:
        return scalar.as_py()
    except (ValueError, OverflowError):  # a time of a year that Python has not
        return f"{scalar.cast(pa.int64()).as_py()} {scalar.type.unit} since 1970"


def _cells(values: dict[int, Any], columns: Columns) -> dict[int, Cell]:
    """Return a row's cells that are not empty, as a sheet would have them."""
    row = [""] * (max(values) + 1)
    cells = {}
    for position, value in values.items():
        if isinstance(value, str):
            row[position] = value
        elif isinstance(value, bool):
            cells[position] = Cell(TEXT, str(value).lower())
        elif isinstance(value, dt.date | dt.time):
            cells[position] = Cell(ISO, str(value))
        elif value is not None and value == value:  # noqa: PLR0124 - NaN stands for an empty cell
            is_whole = isinstance(value, Decimal) and value == value.to_integral_value()
            text = str(int(value)) if is_whole else str(value)
            is_inexact = position == columns.time and "e" in text
            cells[position] = Cell(TEXT if is_inexact else NUMBER, text)
    return cells | cells_of(row, Dialect("", ".", len(row), unclear=sizes_of(columns)), columns)
