"""Reads the rows of a block of CSV text: whole columns at once, and row by row those that are no clean ticks."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
from pyarrow import csv as arrow_csv

from pipeline.conversion import timestamps
from pipeline.conversion.excel.cells import ERROR, NUMBER, TEXT, Cell
from pipeline.conversion.number_column import LARGEST_SIZE
from pipeline.conversion.rules import type_code
from pipeline.conversion.tables.time_texts import read_texts
from pipeline.conversion.tick_columns import LONGEST_SHOWN
from pipeline.conversion.ticks import TickRows
from pipeline.errors import UnreadableSheet
from pipeline.store.columns import float_values, number_values, whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from pipeline.conversion.headers import Columns
    from pipeline.conversion.rules import Rules
    from pipeline.ticks import Float64s, Int32s, Int64s

    Mask = NDArray[np.bool_]

_NUMBER: Final = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", re.ASCII)
_DAY_DIGITS: Final = 8
_MOST_LINES: Final = 20
"""Of one cell: where it has more, a quote that opens it was never closed."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How rows are written: the mark between cells, the decimal mark, and how many cells are in a row."""

    delimiter: str
    decimal: str
    width: int


class OddRow(NamedTuple):
    """A row that is no clean tick: its place in the block, counted from 0, and its cells."""

    place: int
    cells: list[str]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class BlockRows:
    """A block's rows: the ticks, whose `rows` are places in the block, and the others that are not blank."""

    records: int
    ticks: TickRows
    odd: list[OddRow]


def read_block(block: bytes, dialect: Dialect, columns: Columns, rules: Rules) -> BlockRows:
    """Read a block of whole lines, which is UTF-8, or else Windows' Latin; raises UnreadableSheet."""
    try:
        return _by_columns(block, dialect, columns, rules)
    except pa.ArrowInvalid:
        text = _text_of(block)
    block = text.encode()
    try:
        return _by_columns(block, dialect, columns, rules, one_by_one=True)
    except pa.ArrowInvalid:
        return _by_rows(text, dialect)


def cells_of(row: Sequence[str], dialect: Dialect, columns: Columns) -> dict[int, Cell]:
    """Return a row's cells that are not blank, as a sheet would have them."""
    cells = {}
    for column in columns.with_others:
        text = row[column] if column < len(row) else ""
        if not text or text.isspace():
            continue
        kind = TEXT
        if column in (columns.price, columns.size):
            kind, text = _number_of(text.strip(), dialect)
        elif column in (columns.time, columns.clock) and _NUMBER.fullmatch(text.strip()):
            is_day = len(text.strip()) == _DAY_DIGITS and text.strip().isdigit()
            kind = TEXT if is_day else NUMBER
        cells[column] = Cell(kind, text)
    return cells


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

    table = _table(block, dialect, columns, skip if one_by_one else None, pa.string() if one_by_one else pa.float64())
    records = table.num_rows + len(ragged)
    places = np.delete(np.arange(records), ragged) if ragged else np.arange(records)
    column = {position: whole(table.column(str(position))) for position in columns.with_others}
    numbers = _numbers_of_texts if one_by_one else _numbers
    price, size = (numbers(column[position], dialect) for position in (columns.price, columns.size))
    kinds = _codes(column[columns.type], lambda text: type_code(text, rules.words), np.int8)
    moments, is_time = _moments(column, columns, rules)
    clean = is_time & (kinds >= 0) & (price >= 0) & (price < np.inf)
    clean &= (size >= 0) & (size <= LARGEST_SIZE) & (size == np.floor(size))
    labels = [""]
    security = _labelled(column, columns.security, labels, lambda text: text[:LONGEST_SHOWN])
    condition = _labelled(column, columns.condition, labels, lambda text: text.strip()[:LONGEST_SHOWN])
    taken: Any = slice(None) if clean.all() else clean
    ticks = TickRows(
        rows=places[taken],
        moments=moments[taken],
        kinds=kinds[taken],
        price=price[taken] + 0.0,
        volume=size[taken].astype(np.int64),
        security=None if security is None else security[taken],
        condition=None if condition is None else condition[taken],
        labels=tuple(labels),
    )
    odd = np.sort(np.concatenate([places[~clean], np.array(ragged, np.int64)]))
    if (len(odd) or b'"' in block) and block.count(b"\n") != records:
        return _by_rows(_text_of(block), dialect)
    return BlockRows(records, ticks, _odd_rows(block, odd, dialect) if len(odd) else [])


def _table(block: bytes, dialect: Dialect, columns: Columns, skip: Callable[[Any], str] | None, number: Any) -> Any:
    kinds = dict.fromkeys(columns.with_others, pa.dictionary(pa.int32(), pa.string()))
    times = [columns.time] if columns.clock is None else [columns.time, columns.clock]
    kinds |= dict.fromkeys(times, pa.string()) | dict.fromkeys((columns.price, columns.size), number)
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


def _numbers(column: Any, _: Dialect) -> Float64s:
    values: Float64s = float_values(pa.chunked_array([column]))
    return values


def _numbers_of_texts(column: Any, dialect: Dialect) -> Float64s:
    """Return the numbers that texts are, NaN for those that need a closer look."""
    from pyarrow import compute  # only what is not clean pays for it

    mark = re.escape(dialect.decimal)
    is_number = compute.match_substring_regex(column, rf"^-?[0-9]+({mark}[0-9]+)?$")
    texts = compute.if_else(is_number, column, pa.scalar(None, pa.string()))
    if dialect.decimal != ".":
        texts = compute.replace_substring(texts, dialect.decimal, ".")
    return _numbers(texts.cast(pa.float64()), dialect)


def _codes(column: Any, code_of: Callable[[str], int], kind: type[Any]) -> Any:
    """Return what each text of a dictionary column stands for."""
    if not len(column):
        return np.empty(0, kind)
    codes = np.array([code_of(text) for text in column.dictionary.to_pylist()], kind)
    return codes[number_values(column.indices, np.int32)]


def _labelled(
    column: dict[int, Any], position: int | None, labels: list[str], label_of: Callable[[str], str]
) -> Int32s | None:
    """Return a column's labels as places in `labels`, to which they are added."""
    if position is None:
        return None

    def place(text: str) -> int:
        label = "" if text.isspace() else label_of(text)
        if label not in labels:
            labels.append(label)
        return labels.index(label)

    codes: Int32s = _codes(column[position], place, np.int32)
    return codes


def _moments(column: dict[int, Any], columns: Columns, rules: Rules) -> tuple[Int64s, Mask]:
    """Return times in ms on the exchange's clock, and which of them could be read."""
    times = read_texts(*_buffers(column[columns.time]), rules.date_order)
    clock, offset, is_time, has_offset = times.clock, times.offset, times.has_day, times.has_offset
    if columns.clock is not None:
        clocks = read_texts(*_buffers(column[columns.clock]), rules.date_order)
        clock, is_time = clocks.clock, is_time & clocks.has_clock
        offset = np.where(has_offset, offset, clocks.offset)
        has_offset = has_offset | clocks.has_offset
    moments = times.day + clock
    if has_offset.any():
        utc = moments[has_offset] - offset[has_offset]
        moments[has_offset] = utc
    is_time &= (moments >= timestamps.FIRST_MS_1900) & (moments < timestamps.END_MS)
    zoned = has_offset & is_time
    if zoned.any():
        moments[zoned] = timestamps.to_clock(moments[zoned], rules.time_zone)
    return moments, is_time


def _buffers(texts: Any) -> tuple[Any, Any]:
    """Return the bytes of all texts of a column and where each begins, and the last ends."""
    _, offsets, content = texts.buffers()
    data = np.frombuffer(content, np.uint8) if content is not None else np.empty(0, np.uint8)
    count = len(texts) + 1
    return data, np.frombuffer(offsets, np.int32, count, 4 * texts.offset) if len(texts) else np.zeros(1, np.int32)


def _odd_rows(block: bytes, places: Int64s, dialect: Dialect) -> list[OddRow]:
    """Return the cells of some rows, each of which is a line; those that are blank are left out."""
    ends = np.flatnonzero(np.frombuffer(block, np.uint8) == ord("\n"))
    starts = np.concatenate([[0], ends[:-1] + 1])
    odd = []
    for place, start, end in zip(places.tolist(), starts[places].tolist(), ends[places].tolist(), strict=True):
        for row in read_rows([_text_of(block[start:end])], dialect.delimiter):
            odd += [OddRow(place, row)] if any(row) else []
    return odd


def _by_rows(text: str, dialect: Dialect) -> BlockRows:
    """Read a block row by row."""
    rows = list(read_rows(io.StringIO(text, newline=""), dialect.delimiter))
    for row in rows:
        if any(cell.count("\n") > _MOST_LINES for cell in row):
            raise UnreadableSheet(
                f"a quote opens a cell and no quote closes it, in the row '{row[0][:LONGEST_SHOWN]}'."
            )
    nothing = np.empty(0, np.int64)
    ticks = TickRows(nothing, nothing, nothing.astype(np.int8), nothing.astype(float), nothing)
    return BlockRows(len(rows), ticks, [OddRow(place, row) for place, row in enumerate(rows) if any(row)])


def read_rows(lines: Iterable[str], delimiter: str) -> Iterator[list[str]]:
    """Yield the cells of rows by Python's own reader; raises UnreadableSheet."""
    try:
        yield from csv.reader(lines, delimiter=delimiter)
    except csv.Error as error:
        raise UnreadableSheet(f"it is no CSV file: {error}.") from error
