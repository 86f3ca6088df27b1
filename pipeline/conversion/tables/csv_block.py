"""Reads the rows of a block of CSV text: whole columns at once, and row by row those that are no clean ticks."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
from pyarrow import csv as arrow_csv

from pipeline.conversion.excel.cells import ERROR, NUMBER, TEXT, UNCLEAR, Cell
from pipeline.conversion.tables.tick_rows import NO_ROWS, BlockRows, take_ticks
from pipeline.conversion.tick_columns import LONGEST_SHOWN
from pipeline.conversion.ticks import BEYOND
from pipeline.errors import UnreadableSheet
from pipeline.store.columns import whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from pipeline.conversion.headers import Columns
    from pipeline.conversion.rules import Rules
    from pipeline.conversion.ticks import Row
    from pipeline.ticks import Int64s

_NUMBER: Final = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", re.ASCII)
_TIME: Final = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)", re.ASCII)
"""Without an exponent: Excel leaves six digits of ms since 1970 before one."""
_THREE_BEHIND_MARK: Final = re.compile(r"[-+]?[1-9]\d{0,2}[.,]\d{3}", re.ASCII)
_OF_DIGITS: Final = (8, 14, 17)
"""How long a day is that is written in digits alone, one with its time of day, and one with ms too."""
_MOST_LINES: Final = 20
"""Of one cell: where it has more, a quote that opens it was never closed."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How rows are written: the mark between cells, the decimal mark, and how many cells are in a row.

    headers: how many cells the row of the headers has, 0 where no row can have more. unnamed: those of them that are
    blank, from the block's first column on. unclear: the columns in which a number such as 1.000 may be a thousand.
    """

    delimiter: str
    decimal: str
    width: int
    headers: int = 0
    unnamed: tuple[int, ...] = ()
    unclear: frozenset[int] = frozenset()

    def without_header(self, cells: int) -> tuple[int, ...]:
        """Return which columns of a row of so many cells have no header, where it has more cells than there are."""
        return (*self.unnamed, *range(self.headers, cells)) if self.headers and cells > self.headers else ()


def read_block(block: bytes, dialect: Dialect, columns: Columns, rules: Rules) -> BlockRows:
    """Read a block of whole lines, which is UTF-8, or else Windows' Latin; raises UnreadableSheet.

    Rows of whole quotes are left to be judged one by one.
    """
    if columns.quotes:
        return _by_rows(_text_of(block), dialect, columns)
    try:
        if not (dialect.unclear and (b"0x" in block or b"0X" in block)):  # whole numbers to Arrow, texts to us
            return _by_columns(block, dialect, columns, rules)
    except pa.ArrowInvalid:
        pass
    text = _text_of(block)
    try:
        return _by_columns(text.encode(), dialect, columns, rules, one_by_one=True)
    except pa.ArrowInvalid:
        return _by_rows(text, dialect, columns)


def cells_of(row: Sequence[str], dialect: Dialect, columns: Columns) -> dict[int, Cell]:
    """Return a row's cells that are not blank, as a sheet would have them."""
    cells = {}
    numbers = {columns.price, columns.size, *(column for _, *pair in columns.quotes for column in pair)}
    for column in columns.with_others:
        text = row[column] if column < len(row) else ""
        if not text or text.isspace():
            continue
        kind = TEXT
        if column in numbers:
            kind, text = _number_of(text.strip(), dialect)
            if column in dialect.unclear and kind == NUMBER and _THREE_BEHIND_MARK.fullmatch(text):
                kind, text = UNCLEAR, row[column].strip()
        elif column in (columns.time, columns.clock) and _TIME.fullmatch(text.strip()):
            is_of_digits = len(text.strip()) in _OF_DIGITS and text.strip().isdigit()
            kind = TEXT if is_of_digits else NUMBER
        cells[column] = Cell(kind, text)
    beyond = [row[column] for column in dialect.without_header(len(row)) if row[column].strip()]
    if beyond:
        cells[BEYOND] = Cell(TEXT, dialect.delimiter.join(beyond))
    # One text beside the columns of ticks may name another security.
    return cells or {column: Cell(TEXT, text) for column, text in enumerate(row) if text and not text.isspace()}


def _number_of(text: str, dialect: Dialect) -> tuple[str, str]:
    """Return the kind and text of a price or size; an error where comma or point could mean either."""
    if dialect.decimal == ",":
        if "." in text:
            return ERROR, text
        point = text.replace(",", ".")
        return (NUMBER, point) if _NUMBER.fullmatch(point) else (ERROR, text)
    if dialect.delimiter == ";" and "," in text:
        return ERROR, text
    return (NUMBER if _NUMBER.fullmatch(text) else TEXT), text


def _text_of(block: bytes) -> str:
    try:
        return block.decode()
    except UnicodeDecodeError:
        return block.decode("cp1252", "replace")


def _by_columns(
    block: bytes, dialect: Dialect, columns: Columns, rules: Rules, *, one_by_one: bool = False
) -> BlockRows:
    """Read a block's columns by Arrow; raises ArrowInvalid.

    one_by_one: whether there may be rows with more or fewer cells than others, and numbers that are none.
    """
    ragged: list[int] = []

    def skip(row: Any) -> str:
        ragged.append(row.number - 1)
        return "skip"

    table = _table(block, dialect, columns, skip if one_by_one else None)
    records = table.num_rows + len(ragged)
    places = np.delete(np.arange(records), ragged) if ragged else np.arange(records)
    column = {position: whole(table.column(str(position))) for position in columns.with_others}
    if one_by_one and dialect.decimal != ".":
        column |= {position: _with_points(column[position]) for position in (columns.price, columns.size)}
    beyond = [whole(table.column(str(position))) for position in dialect.without_header(dialect.width)]
    clean, taken = take_ticks(column, columns, rules, places, dialect.unclear, beyond)
    odd = np.sort(np.concatenate([places[~clean], np.array(ragged, np.int64)]))
    if (len(odd) or b'"' in block) and block.count(b"\n") != records:
        return _by_rows(_text_of(block), dialect, columns)
    return replace(taken, records=records, odd=_odd_rows(block, odd, dialect, columns) if len(odd) else [])


def _table(block: bytes, dialect: Dialect, columns: Columns, skip: Callable[[Any], str] | None) -> Any:
    """Return a block's columns; raises ArrowInvalid, without `skip` also where a number is none, or may be two."""
    kinds = dict.fromkeys(columns.with_others, pa.dictionary(pa.int32(), pa.string()))
    times = [columns.time] if columns.clock is None else [columns.time, columns.clock]
    kinds |= dict.fromkeys(times, pa.string()) | dict.fromkeys((columns.price, columns.size), pa.float64())
    kinds |= dict.fromkeys(dialect.unclear, pa.int64()) | dict.fromkeys(
        dialect.without_header(dialect.width), pa.null()
    )
    if skip is not None:
        texts = (columns.price, columns.size, *dialect.without_header(dialect.width))
        kinds |= dict.fromkeys(texts, pa.string())
    return arrow_csv.read_csv(
        pa.BufferReader(block),
        read_options=arrow_csv.ReadOptions(
            use_threads=False,
            block_size=len(block) + 1,
            column_names=[str(position) for position in range(dialect.width)],
        ),
        parse_options=arrow_csv.ParseOptions(
            delimiter=dialect.delimiter, ignore_empty_lines=False, invalid_row_handler=skip
        ),
        convert_options=arrow_csv.ConvertOptions(
            column_types={str(position): kind for position, kind in kinds.items()},
            include_columns=[str(position) for position in kinds],
            null_values=[""],
            strings_can_be_null=False,
            decimal_point=dialect.decimal,
        ),
    )


def _with_points(texts: Any) -> Any:
    """Return numbers with a decimal comma as numbers with a point; a point in them makes them none."""
    from pyarrow import compute

    return compute.replace_substring(compute.replace_substring(texts, ".", "?"), ",", ".")


def _odd_rows(block: bytes, places: Int64s, dialect: Dialect, columns: Columns) -> list[Row]:
    """Return the cells of some rows, each of which is a line."""
    ends = np.flatnonzero(np.frombuffer(block, np.uint8) == ord("\n"))
    starts = np.concatenate([[0], ends[:-1] + 1])
    odd: list[Row] = []
    for place, start, end in zip(places.tolist(), starts[places].tolist(), ends[places].tolist(), strict=True):
        rows = read_rows([_text_of(block[start:end])], dialect.delimiter)
        odd += [(place, cells_of(row, dialect, columns)) for row in rows]
    return odd


def _by_rows(text: str, dialect: Dialect, columns: Columns) -> BlockRows:
    """Read a block row by row."""
    rows = list(read_rows(io.StringIO(text, newline=""), dialect.delimiter))
    for row in rows:
        if any(cell.count("\n") > _MOST_LINES for cell in row):
            raise UnreadableSheet(
                f"a quote opens a cell and no quote closes it, in the row '{row[0][:LONGEST_SHOWN]}'."
            )
    return BlockRows(len(rows), NO_ROWS, [(place, cells_of(row, dialect, columns)) for place, row in enumerate(rows)])


def read_rows(lines: Iterable[str], delimiter: str) -> Iterator[list[str]]:
    """Yield the cells of rows by Python's own reader; raises UnreadableSheet."""
    try:
        yield from csv.reader(lines, delimiter=delimiter)
    except csv.Error as error:
        raise UnreadableSheet(f"it is no CSV file: {error}.") from error
