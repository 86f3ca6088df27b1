"""Opens a CSV file: its first rows, how its rows are written, and its ticks block by block on threads."""

from __future__ import annotations

import io
from collections import Counter, deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, TypeVar

from pipeline.conversion.headers import HEAD_ROWS
from pipeline.conversion.tables.csv_block import BlockRows, Dialect, cells_of, read_block, read_rows
from pipeline.conversion.tables.text_file import TextBlocks
from pipeline.conversion.ticks import Judge
from pipeline.errors import EmptySheet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future
    from pathlib import Path

    from pipeline.conversion.headers import Columns, Head
    from pipeline.conversion.rules import Rules
    from pipeline.conversion.ticks import Parsed

T = TypeVar("T")

DELIMITERS: Final = ",;\t|"
_HEAD_BYTES: Final = 1 << 18
_SAMPLE_ROWS: Final = 200


@dataclass(frozen=True, slots=True)
class HeadRows:
    """A file's first rows by one delimiter; `ends` are the bytes up to the end of each."""

    delimiter: str
    rows: list[list[str]]
    ends: list[int]

    @property
    def head(self) -> Head:
        """The texts by row number and column, as a sheet's."""
        return {
            number: {column: text for column, text in enumerate(row) if text.strip()}
            for number, row in enumerate(self.rows[: HEAD_ROWS + 1], start=1)
        }


def heads_of(path: Path) -> list[HeadRows]:
    """Return a file's first rows by each delimiter that stands in them, the one with most cells first.

    Raises EmptySheet, UnreadableSheet or CorruptWorkbook.
    """
    first = next(iter(TextBlocks(path, _HEAD_BYTES)), b"")
    if not first.strip():
        raise EmptySheet("it is empty.")
    try:
        text = first.decode()
    except UnicodeDecodeError:
        text = first.decode("cp1252", "replace")
    heads = [_head_rows(text, delimiter) for delimiter in DELIMITERS]
    return sorted(heads, key=lambda head: -sum(map(len, head.rows)))


def _head_rows(text: str, delimiter: str) -> HeadRows:
    lines = io.StringIO(text, newline="")
    sizes: list[int] = []

    def counted() -> Iterator[str]:
        for line in lines:
            sizes.append(len(line.encode()))
            yield line

    rows: list[list[str]] = []
    ends: list[int] = []
    for row in read_rows(counted(), delimiter):
        rows.append(row)
        ends.append(sum(sizes))
        if len(rows) == HEAD_ROWS + _SAMPLE_ROWS:
            break
    return HeadRows(delimiter, rows, ends)


def dialect_of(head: HeadRows, header_row: int, columns: Columns) -> Dialect:
    """Return how the rows below the header are written.

    The decimal mark is a comma where semicolons stand between cells and the first numbers have commas and no points.
    """
    below = [row for row in head.rows[header_row:] if any(row)] or [head.rows[header_row - 1]]
    width = Counter(map(len, below)).most_common(1)[0][0]
    numbers = "".join(row[column] for row in below for column in (columns.price, columns.size) if column < len(row))
    decimal = "," if head.delimiter == ";" and "," in numbers and "." not in numbers else "."
    return Dialect(head.delimiter, decimal, max(width, *(column + 1 for column in columns.with_others)))


class CsvTicks:
    """The rows of a CSV file below its header, judged block by block in their order.

    last_row: the last row that is filled, of those read so far.
    """

    def __init__(self, path: Path, head: HeadRows, header_row: int, columns: Columns, rules: Rules) -> None:
        self._blocks = TextBlocks(path)
        self._skipped = head.ends[header_row - 1]
        self._header_row = header_row
        self._columns = columns
        self._rules = rules
        self._dialect = dialect_of(head, header_row, columns)
        self.last_row = header_row

    @property
    def crc(self) -> int:
        """The CRC-32 of what was read of the file."""
        return self._blocks.crc

    def parsed(self, threads: int) -> Iterator[Parsed]:
        """Yield what each block holds; raises SheetError or CorruptWorkbook."""
        row = self._header_row + 1
        for block in _in_order(self._texts(), self._read, threads):
            judge = Judge(self._columns, self._rules)
            for place, cells in block.odd:
                judge.judge(row + place, cells_of(cells, self._dialect, self._columns))
            parsed = judge.parsed(row - 1, replace(block.ticks, rows=block.ticks.rows + row))
            filled = [
                numbers[-1] for numbers in (parsed.row_numbers, [each.row for each in parsed.rejects]) if len(numbers)
            ]
            self.last_row = max([self.last_row, *map(int, filled)])
            row += block.records
            yield parsed

    def _texts(self) -> Iterator[bytes]:
        skipped = self._skipped
        for block in self._blocks:
            if rest := block[skipped:]:
                yield rest
            skipped = max(0, skipped - len(block))

    def _read(self, block: bytes) -> BlockRows:
        return read_block(block, self._dialect, self._columns, self._rules)


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


def ahead(items: Iterator[T]) -> Iterator[T]:
    """Yield items, the next of which is made on a thread meanwhile."""
    end: Any = object()
    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as pool:
        upcoming = pool.submit(next, items, end)
        while (item := upcoming.result()) is not end:
            upcoming = pool.submit(next, items, end)
            yield item
