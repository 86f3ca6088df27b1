"""Escapes CSV cells so that a text which a spreadsheet would take for a formula stays a text."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
from pyarrow import csv as arrow_csv

from pipeline.store.columns import text_array

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_FORMULAS: Final = ("=", "+", "-", "@", "\t", "\r")
_QUOTE: Final = "'"
_ESCAPED: Final = tuple(_QUOTE + first for first in (*_FORMULAS, _QUOTE))
_ENDS: Final = "\r\n"
_ENDS_A_CELL: Final = frozenset(',"\r\n')

ROWS_AT_A_TIME: Final = 1 << 15
"""Rows that become text at a time."""


def csv_cell(value: Any) -> Any:
    """Return a value for a CSV writer; an apostrophe goes before a text that begins as a formula does, or with one.

    Numbers stay numbers, negative ones too; None is an empty cell. Source: OWASP, "CSV Injection".
    """
    if value is None:
        return ""
    return _QUOTE + value if isinstance(value, str) and value.startswith((*_FORMULAS, _QUOTE)) else value


def csv_bytes(rows: Iterable[Sequence[Any]]) -> bytes:
    """Return rows as CSV, lines ending in a line feed, every other end of a line inside quotes."""
    return _lines([[csv_cell(value) if isinstance(value, str) else value for value in row] for row in rows])


def _lines(rows: Sequence[Sequence[Any]]) -> bytes:
    text = io.StringIO(newline="")
    # What ends its lines is what the writer quotes; a bare carriage return begins a row in Excel.
    writer = csv.writer(text, lineterminator=_ENDS)
    writer.writerows(rows)
    written = text.getvalue()
    if written.count("\r") == len(rows):
        return written.replace(_ENDS, "\n").encode()
    return b"".join(_lines([row]) for row in rows) if len(rows) > 1 else f"{written[: -len(_ENDS)]}\n".encode()


def text_of_cell(cell: str) -> str:
    """Return the text that `csv_cell` made a cell of."""
    return cell[1:] if cell.startswith(_ESCAPED) else cell


def needs_quotes(cells: Iterable[str]) -> bool:
    """Return whether one of some texts stands in quotes in CSV."""
    return any(not _ENDS_A_CELL.isdisjoint(cell) for cell in cells)


def table_lines(table: Any, *, with_header: bool = True, with_quotes: bool = True) -> memoryview:
    """Return an Arrow table as CSV: texts that are what `csv_cell` returns, floats in their shortest exact form.

    with_quotes: whether texts stand in quotes, and all of them then, since Arrow knows no other way.
    """
    sink = pa.BufferOutputStream()
    quoting = "needed" if with_quotes else "none"
    options = arrow_csv.WriteOptions(include_header=with_header, quoting_style=quoting, batch_size=ROWS_AT_A_TIME)
    arrow_csv.write_csv(table, sink, options)
    return memoryview(sink.getvalue())


def with_csv_cells(table: Any, column: str) -> Any:
    """Return an Arrow table in which a column of texts, if it has that column, is one of CSV cells."""
    index = table.schema.get_field_index(column)
    if index < 0:
        return table
    return table.set_column(index, column, text_array([csv_cell(text) for text in table.column(column).to_pylist()]))
