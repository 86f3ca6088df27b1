"""Reads a sheet's columns as arrays through fastexcel's strict mode; None when a column is not all of one type."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import fastexcel
import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

# Both tell of what they find odd through logging, which would print; the row-by-row reader says it better.
for _logger in ("fastexcel", "calamine"):
    logging.getLogger(_logger).addHandler(logging.NullHandler())


@dataclass(frozen=True, slots=True)
class StrictColumns:
    """The rows below the header: times in ms since 1970, types as numbers into `type_texts`, prices and sizes.

    `filled` is None when no cell is empty, else True where all cells of a row are filled and False where none is.
    `securities` are the texts beside filled rows in the column that names each row's security.
    """

    times: tuple[NDArray[np.int64], ...]
    types: NDArray[np.int32]
    type_texts: tuple[str, ...]
    price: NDArray[np.float64]
    size: NDArray[np.float64]
    filled: NDArray[np.bool_] | None
    securities: tuple[str, ...]


def read_strict(
    path: Path, sheet: str, header_row: int, columns: Sequence[int], security: int | None = None
) -> StrictColumns | None:
    """Read (time, [clock,] type, price, size) at `columns`; None when a column is not purely of its type.

    security: the column that names each row's security.

    Every call opens the file anew: fastexcel's reader is not thread-safe.
    """
    order = sorted(columns if security is None else {*columns, security})
    try:
        batch = fastexcel.read_excel(str(path)).load_sheet(
            sheet,
            header_row=None,
            skip_rows=header_row,
            use_columns=order,
            schema_sample_rows=None,
            dtype_coercion="strict",
            eager=True,
        )
    except fastexcel.FastExcelError:
        return None
    except BaseException as error:
        # A panic in fastexcel's Rust comes as no Exception; the row-by-row reader names what is wrong with the sheet.
        if type(error).__name__ != "PanicException":
            raise
        return None
    found = [batch.column(order.index(column)) for column in columns]
    *times, kind, price, size = found
    if not all(time.type == pa.timestamp("ms") for time in times):
        return None
    if not (pa.types.is_string(kind.type) and price.type == pa.float64() and size.type == pa.float64()):
        return None
    names = None if security is None else batch.column(order.index(security))
    if names is not None and not pa.types.is_string(names.type):
        return None
    return _views(times, kind, price, size, names)


def _views(times: list[Any], kind: Any, price: Any, size: Any, names: Any) -> StrictColumns | None:
    filled = None
    if any(column.null_count for column in (*times, kind, price, size)):
        masks = [_filled(column) for column in (*times, kind, price, size)]
        if any(not np.array_equal(mask, masks[0]) for mask in masks):
            return None
        filled = masks[0]
    encoded = kind.dictionary_encode()
    if names is not None and filled is not None:
        names = names.filter(pa.array(filled))
    return StrictColumns(
        times=tuple(_view(time, np.int64) for time in times),
        types=_view(encoded.indices, np.int32),
        type_texts=tuple(encoded.dictionary.to_pylist()),
        price=_view(price, np.float64),
        size=_view(size, np.float64),
        filled=filled,
        securities=() if names is None else tuple(text for text in names.unique().to_pylist() if text and text.strip()),
    )


def _filled(column: Any) -> NDArray[np.bool_]:
    bitmap = column.buffers()[0]
    if bitmap is None:
        return np.ones(len(column), dtype=np.bool_)
    bits = np.unpackbits(np.frombuffer(bitmap, dtype=np.uint8), bitorder="little")
    return bits[column.offset : column.offset + len(column)].astype(np.bool_)


def _view(column: Any, kind: type[Any]) -> Any:
    if len(column) == 0:
        return np.empty(0, dtype=kind)
    return np.frombuffer(column.buffers()[1], dtype=kind, count=len(column), offset=column.offset * kind().itemsize)
