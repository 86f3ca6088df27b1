"""Reads a table row by row through Python's own csv module, for comparison with what was stored of it."""

from __future__ import annotations

import csv
import gzip
import io
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.conversion.excel.cells import BLANK, ERROR, ISO, NUMBER, TEXT, UNCLEAR, Cell
from pipeline.conversion.ticks import BEYOND
from pipeline.conversion.wide import judge_all
from pipeline.errors import UnreadableSheet
from pipeline.store.parquet import parts_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

    from pipeline.conversion.headers import Block
    from pipeline.conversion.rules import Rules
    from pipeline.conversion.ticks import Parsed, Row

_DIGITS: Final = re.compile(r"[0-9]+")
_DATE_LENGTHS: Final = [*map(len, ("yyyymmdd", "yyyymmddhhmmss", "yyyymmddhhmmssfff"))]
_ROWS: Final = 10_000
_COULD_BE_THOUSANDS: Final = re.compile(r"[1-9][0-9]{0,2}[.,][0-9]{3}")
_PARQUET: Final = {"delimiter": "", "decimal": "."}


def read_by_csv(path: Path, dialect: Mapping[str, Any], block: Block, rules: Rules) -> Parsed:
    """Return the ticks and rejects of a block of a table, of which `dialect` says how its rows are written.

    Raises UnreadableSheet or SheetError.
    """

    def rows() -> Iterator[Row]:
        for number, row in _csv_rows(path, dialect, block) if dialect else _parquet_rows(path, block):
            if number > block.header_row:
                yield number, {column: row[column] for column in row if row[column] is not BLANK}

    try:
        return judge_all(rows, block, rules)
    except (OSError, EOFError, OverflowError, csv.Error) as error:
        raise UnreadableSheet(f"{path} cannot be read: {error}") from error


def _csv_rows(path: Path, dialect: Mapping[str, Any], block: Block) -> Iterator[tuple[int, dict[int, Cell]]]:
    columns = block.columns
    header: list[str] = []
    for number, row in enumerate(csv.reader(io.StringIO(_text(path), newline=""), delimiter=dialect["delimiter"]), 1):
        header = row if number == block.header_row else header
        kinds = _kinds(block, dialect["unclear"])
        cells = {column: _cell(text, kinds.get(column, "text"), dialect) for column, text in enumerate(row)}
        if len(row) > dialect["headers"]:
            names = dict(enumerate(header)) | dict.fromkeys(columns.with_others, "known")
            unnamed = [column for column in range(min(columns.used), len(row)) if not names.get(column, "").strip()]
            if any(row[column].strip() for column in unnamed):
                cells[BEYOND] = Cell(TEXT, "")
        yield number, cells


def _kinds(block: Block, unclear: Collection[int]) -> dict[int | None, str]:
    """Return what the columns of a block hold, where it is not a text."""
    columns = block.columns
    numbers = {columns.price, columns.size, *(column for _, *pair in columns.quotes for column in pair)}
    return {
        **{column: "unclear number" if column in unclear else "number" for column in numbers},
        **dict.fromkeys((columns.time, columns.clock), "time"),
    }


def _text(path: Path) -> str:
    content = path.read_bytes()
    if content[:2] == b"\x1f\x8b":
        content = gzip.decompress(content)
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16")
    if b"\0" in content[:2]:
        return content.decode("utf-16-be" if content[:1] == b"\0" else "utf-16-le")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", "replace")
    return text if "\n" in text else text.replace("\r", "\n")


def _cell(text: str, kind: str, dialect: Mapping[str, Any]) -> Cell:
    plain = text.strip()
    if not plain:
        return BLANK
    if kind == "time":
        is_text = "e" in plain.lower() or (_DIGITS.fullmatch(plain) and len(plain) in _DATE_LENGTHS)
        return Cell(TEXT if is_text else _kind(plain), text)
    if kind == "text":
        return Cell(TEXT, text)
    return _number_cell(plain, dialect, is_unclear=kind == "unclear number")


def _number_cell(plain: str, dialect: Mapping[str, Any], *, is_unclear: bool) -> Cell:
    if is_unclear and dialect["decimal"] in plain and _COULD_BE_THOUSANDS.fullmatch(plain.lstrip("+-")):
        return Cell(UNCLEAR, plain)
    if dialect["decimal"] == ",":
        point = "?" if "." in plain else plain.replace(",", ".")
        return Cell(NUMBER, point) if _kind(point) == NUMBER else Cell(ERROR, plain)
    if dialect["delimiter"] == ";" and "," in plain:
        return Cell(ERROR, plain)
    return Cell(_kind(plain), plain)


def _kind(text: str) -> str:
    try:
        float(text)
    except ValueError:
        return TEXT
    return NUMBER if text.isascii() and not re.search("[_a-df-zA-DF-Z]", text) else TEXT


def _parquet_rows(path: Path, block: Block) -> Iterator[tuple[int, dict[int, Cell]]]:
    kinds = _kinds(block, [size for _, _, size in block.columns.quotes] or [block.columns.size])
    prices = [price for _, price, _ in block.columns.quotes] or [block.columns.price]
    number = 0
    for part in parts_of(path, None, _ROWS):
        names = list(dict.fromkeys(part.column_names))
        types = [part.schema.types[part.column_names.index(name)] for name in names]
        narrow = [column for column in prices if str(getattr(types[column], "value_type", types[column])) == "float"]
        for row in part.to_pylist():
            number += 1
            cells = {column: row[names[column]] for column in block.columns.with_others}
            cells |= {column: float(str(np.float32(cells[column]))) for column in narrow if cells[column] is not None}
            yield number, {column: _of_value(value, kinds.get(column, "text")) for column, value in cells.items()}


def _of_value(value: Any, kind: str) -> Cell:
    if value is None or value != value or (isinstance(value, str) and not value.strip()):  # noqa: PLR0124 - NaN
        return BLANK
    if isinstance(value, bool):
        return Cell(TEXT, str(value).lower())
    if isinstance(value, bytes):
        value = value.decode()
    if isinstance(value, str):
        return _cell(value, kind, _PARQUET)
    if hasattr(value, "isoformat"):
        return Cell(ISO, str(value))
    is_whole = isinstance(value, int) or (isinstance(value, Decimal) and value == int(value))
    return Cell(NUMBER, str(int(value)) if is_whole else repr(float(value)))
