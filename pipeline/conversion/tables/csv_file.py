"""Opens a CSV file: its first rows, how its rows are written, and its blocks, read on threads in their order."""

from __future__ import annotations

import io
import re
from collections import Counter, deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from pipeline.conversion.excel.file_kind import OLE_MAGIC
from pipeline.conversion.headers import HEAD_ROWS, MOST_HEAD_ROWS
from pipeline.conversion.tables.csv_block import Dialect, read_block, read_rows
from pipeline.conversion.tables.text_file import TextBlocks
from pipeline.errors import EmptySheet, UnreadableSheet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from concurrent.futures import Future
    from pathlib import Path

    from pipeline.conversion.headers import Columns, Head
    from pipeline.conversion.rules import Rules
    from pipeline.conversion.tables.tick_rows import BlockRows

T = TypeVar("T")

_DELIMITERS: Final = ",;\t|"
_NO_TEXT: Final = {
    b"PK\x03\x04": "a workbook: give it the ending .xlsx, or .xlsb or .ods where it was saved as one",
    OLE_MAGIC: "a workbook of Excel 97 to 2003: give it the ending .xls",
    b"PAR1": "a Parquet file: give it the ending .parquet",
}
"""By their first bytes, the files that have the wrong ending most often."""

_SERIAL: Final = re.compile(r"\d{5}\.\d+", re.ASCII)
_SHOWN_DECIMALS: Final = 5
_MINUTES_A_DAY: Final = 1_440
_HEAD_BYTES: Final = 1 << 18
_SAMPLE_ROWS: Final = 200


@dataclass(frozen=True, slots=True)
class FirstRows:
    """A file's first rows by one delimiter; `ends` are the bytes up to the end of each."""

    delimiter: str
    rows: Sequence[Sequence[str]]
    ends: Sequence[int]

    def head(self, rows: int = HEAD_ROWS) -> Head:
        """Return the texts by row number and column, as those of a sheet."""
        return {
            number: {column: text for column, text in enumerate(row) if text.strip()}
            for number, row in enumerate(self.rows[:rows], start=1)
        }

    def dialect(self, header_row: int, columns: Columns) -> Dialect:
        """Return how the rows below the header are written, as the first of them show it.

        The decimal mark is a comma where semicolons stand between cells and numbers have decimals behind commas, and
        no points. A column in which no number has other than three digits behind the mark does not show that the mark
        is the decimal one: sizes of any file, prices where semicolons stand between cells. Raises UnreadableSheet.
        """
        header = self.rows[header_row - 1]
        below = [row for row in self.rows[header_row:] if any(row)] or [header]
        width = Counter(map(len, below)).most_common(1)[0][0]
        _refuse_rounded([row[columns.time].strip() for row in below if columns.time < len(row)])
        prices = [price for _, price, _ in columns.quotes] or [columns.price]
        sizes = [size for _, _, size in columns.quotes] or [columns.size]
        of_prices, of_sizes = (
            [row[column].strip() for row in below for column in some if column < len(row)] for some in (prices, sizes)
        )
        decimal = "."
        if self.delimiter == ";" and not any("." in text for text in (*of_prices, *of_sizes)):
            decimal = "," if _show_decimals([*of_prices, *of_sizes], ",") else "."
        unclear = [] if _show_decimals(of_sizes, decimal) else sizes
        if self.delimiter == ";" and not _show_decimals(of_prices, decimal):
            unclear = [*unclear, *prices]
        last = max(columns.with_others)
        headers = max(len(header), last + 1)
        named = {column for column, text in enumerate(header) if text.strip()}.union(columns.with_others)
        return Dialect(
            self.delimiter,
            decimal,
            max(width, last + 1),
            headers,
            tuple(column for column in range(min(columns.used), headers) if column not in named),
            frozenset(unclear),
        )


def _refuse_rounded(times: Iterable[str]) -> None:
    """Raise UnreadableSheet for Excel's numbers of moments with no more decimals than its cells show: five.

    Times of whole minutes may have as few.
    """
    serials = [text for text in times if _SERIAL.fullmatch(text)]
    longest = max(serials, key=len, default="")
    hundred_thousandths = [int(text.partition(".")[2].ljust(_SHOWN_DECIMALS, "0")) for text in serials]
    is_shown = len(longest.partition(".")[2]) <= _SHOWN_DECIMALS
    if is_shown and any(part * _MINUTES_A_DAY % 10**_SHOWN_DECIMALS for part in hundred_thousandths):
        raise UnreadableSheet(
            f"its times are Excel's numbers rounded to five decimals or fewer, so by a second or more ('{longest}'). "
            "In the workbook format the column of times as yyyy-mm-dd hh:mm:ss.000, save it as CSV again and convert "
            "that."
        )


def _show_decimals(texts: Iterable[str], mark: str) -> bool:
    """Return whether a mark stands in some number where none between thousands would: not before three digits."""
    shows = re.compile(r"[-+]?(\d*M(\d{0,2}|\d{4,})|(0\d*|\d{4,})M\d+)".replace("M", re.escape(mark)), re.ASCII)
    return any(mark in text and shows.fullmatch(text) for text in texts)


def first_rows(path: Path) -> list[FirstRows]:
    """Return a file's first rows by each delimiter that may be meant, the one with most cells first.

    Raises EmptySheet, UnreadableSheet or CorruptWorkbook.
    """
    block = next(iter(TextBlocks(path, _HEAD_BYTES)), b"")
    if not block.strip():
        raise EmptySheet("it is empty.")
    for start, what in _NO_TEXT.items():
        if block.startswith(start):
            raise UnreadableSheet(f"it is no text but {what}, and convert it again.")
    try:
        text, encoding = block.decode(), "utf-8"
    except UnicodeDecodeError:
        text, encoding = block.decode("cp1252", "replace"), "latin-1"  # a byte for a letter, whichever it is
    by_delimiter = [_first_rows(text, delimiter, encoding) for delimiter in _DELIMITERS]
    return sorted(by_delimiter, key=lambda first: -sum(map(len, first.rows)))


def read_blocks(
    text: TextBlocks, start: int, dialect: Dialect, columns: Columns, rules: Rules, threads: int
) -> Iterator[BlockRows]:
    """Yield the rows from byte `start` on, block by block; raises UnreadableSheet or CorruptWorkbook."""
    return _in_order(_from(text, start), partial(read_block, dialect=dialect, columns=columns, rules=rules), threads)


def ahead(items: Iterator[T]) -> Iterator[T]:
    """Yield items, the next of which is made on a thread meanwhile."""
    end: Any = object()
    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as pool:
        upcoming = pool.submit(next, items, end)
        while (item := upcoming.result()) is not end:
            upcoming = pool.submit(next, items, end)
            yield item


def _first_rows(text: str, delimiter: str, encoding: str) -> FirstRows:
    sizes: list[int] = []

    def counted() -> Iterator[str]:
        for line in io.StringIO(text, newline=""):
            sizes.append(len(line.encode(encoding, "replace")))
            yield line

    rows: list[list[str]] = []
    ends: list[int] = []
    for row in read_rows(counted(), delimiter):
        rows.append(row)
        ends.append(sum(sizes))
        if len(rows) == MOST_HEAD_ROWS + _SAMPLE_ROWS:
            break
    return FirstRows(delimiter, rows, ends)


def _from(blocks: TextBlocks, skipped: int) -> Iterator[bytes]:
    """Yield blocks without the first so many bytes."""
    for block in blocks:
        if rest := block[skipped:]:
            yield rest
        skipped = max(0, skipped - len(block))


def _in_order(blocks: Iterator[bytes], read: Callable[[bytes], BlockRows], threads: int) -> Iterator[BlockRows]:
    """Yield what is read of each block, in their order; few more blocks are in memory than there are threads."""
    with ThreadPoolExecutor(threads, thread_name_prefix="csv") as pool:
        waiting: deque[Future[BlockRows]] = deque()
        try:
            for block in ahead(blocks):
                waiting.append(pool.submit(read, block))
                if len(waiting) > threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
