"""Reads a table row by row through Python's own csv module, for comparison with what was stored of it."""

from __future__ import annotations

import csv
import gzip
import io
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from pipeline.conversion.excel.cells import BLANK, BOOL, ERROR, ISO, NUMBER, TEXT, Cell
from pipeline.conversion.ticks import OtherDateOrder
from pipeline.conversion.wide import judge_of
from pipeline.errors import UnreadableSheet
from pipeline.store.parquet import parts_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from pipeline.conversion.headers import Block
    from pipeline.conversion.rules import Rules
    from pipeline.conversion.ticks import Parsed

_DIGITS: Final = re.compile(r"[0-9]+")
_ROWS: Final = 10_000


def read_by_csv(path: Path, dialect: Mapping[str, str], block: Block, rules: Rules) -> Parsed:
    """Return the ticks and rejects of a block of a table, of which `dialect` says how its rows are written.

    Raises UnreadableSheet or SheetError.
    """
    try:
        judge = judge_of(block.columns, rules)
        rows = _csv_rows(path, dialect, block) if dialect else _parquet_rows(path)
        for number, row in rows:
            if number > block.header_row:
                judge.judge(number, {column: row[column] for column in row if row[column] is not BLANK})
        return judge.parsed(block.header_row)
    except OtherDateOrder as other:
        return read_by_csv(path, dialect, block, replace(rules, date_order=other.order))
    except (OSError, EOFError, csv.Error) as error:
        raise UnreadableSheet(f"{path} cannot be read: {error}") from error


def _csv_rows(path: Path, dialect: Mapping[str, str], block: Block) -> Iterator[tuple[int, dict[int, Cell]]]:
    columns = block.columns
    quoted = {column for _, *pair in columns.quotes for column in pair}
    numbers, times = {columns.price, columns.size} | quoted, {columns.time, columns.clock}
    for number, row in enumerate(csv.reader(io.StringIO(_text(path), newline=""), delimiter=dialect["delimiter"]), 1):
        cells = {}
        for column, text in enumerate(row):
            kind = "number" if column in numbers else "time" if column in times else "text"
            cells[column] = _cell(text, kind, dialect)
        yield number, cells


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


def _cell(text: str, kind: str, dialect: Mapping[str, str]) -> Cell:
    plain = text.strip()
    if not plain:
        return BLANK
    if kind == "time":
        return Cell(TEXT if _DIGITS.fullmatch(plain) and len(plain) == len("yyyymmdd") else _kind(plain), text)
    if kind == "text":
        return Cell(TEXT, text)
    if dialect["decimal"] == ",":
        plain = "?" if "." in plain else plain.replace(",", ".")
        return Cell(NUMBER, plain) if _kind(plain) == NUMBER else Cell(ERROR, text.strip())
    if dialect["delimiter"] == ";" and "," in plain:
        return Cell(ERROR, plain)
    return Cell(_kind(plain), plain)


def _kind(text: str) -> str:
    try:
        float(text)
    except ValueError:
        return TEXT
    return NUMBER if text.isascii() and not re.search("[_a-df-zA-DF-Z]", text) else TEXT


def _parquet_rows(path: Path) -> Iterator[tuple[int, dict[int, Cell]]]:
    number = 0
    for part in parts_of(path, None, _ROWS):
        for row in part.to_pylist():
            number += 1
            yield number, {column: _of_value(value) for column, value in enumerate(row.values())}


def _of_value(value: Any) -> Cell:
    if value is None or value != value or (isinstance(value, str) and not value.strip()):  # noqa: PLR0124 - NaN
        return BLANK
    if isinstance(value, bool):
        return Cell(BOOL, str(int(value)))
    if isinstance(value, str):
        return Cell(_kind(value.strip()), value)
    if hasattr(value, "isoformat"):
        return Cell(ISO, str(value))
    return Cell(NUMBER, str(value) if isinstance(value, int) else repr(float(value)))
