"""A file of ticks that is no workbook: CSV, or a Parquet file of another tool. It has one sheet, named as the file."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from pipeline.conversion.excel.archive import Stamp
from pipeline.conversion.headers import HEAD_ROWS, MOST_HEAD_ROWS, find_blocks
from pipeline.conversion.tables.text_file import TextBlocks, file_crc
from pipeline.errors import MissingColumns, NotAWorkbook, SheetError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from pipeline.conversion.header_words import Meaning
    from pipeline.conversion.headers import Block
    from pipeline.conversion.rules import Rules
    from pipeline.conversion.tables.csv_file import FirstRows
    from pipeline.conversion.tables.tick_rows import BlockRows

_TEXT: Final = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".txt")
_PARQUET: Final = (".parquet", ".pq")
SUFFIXES: Final = (*_TEXT, *_PARQUET)


@dataclass(frozen=True, slots=True)
class TableSheet:
    """The only sheet of a table: its name is that of the file without its ending."""

    name: str
    hidden: bool = False


class Table:
    """A file of ticks that is no workbook, as it is on the disk now.

    path, stamp: the file and what tells this state of it from others. sheets: the one it has. kind: what it is.
    date1904: as that of a workbook whose dates do not count from 1904.
    """

    date1904: Final = False

    def __init__(self, path: Path) -> None:
        """Take the file; raises NotAWorkbook where there is none."""
        self.path = path
        self.stamp = stamp_of_table(path)
        name = path.name
        ending = next(suffix for suffix in SUFFIXES if name.lower().endswith(suffix))
        self.sheets = (TableSheet(name[: -len(ending)]),)
        self.kind: Literal["CSV", "Parquet"] = "Parquet" if ending in _PARQUET else "CSV"
        self._first: FirstRows | None = None

    def blocks(self, header_row: int | None = None, own: Mapping[str, Meaning] | None = None) -> list[Block]:
        """Return its blocks of columns, as those of a sheet; raises SheetError or CorruptWorkbook."""
        if self.kind == "Parquet":
            from pipeline.conversion.tables.parquet_file import head_of, with_index

            head = dict(head_of(self.path))
            try:
                return find_blocks(head, 0, own)
            except MissingColumns:
                indexed = with_index(self.path, head[0])
                if indexed == head[0]:
                    raise
                return find_blocks(head | {0: indexed}, 0, own)
        from pipeline.conversion.tables.csv_file import first_rows

        errors: list[SheetError] = []
        for first in first_rows(self.path):
            for rows in (max(header_row or 0, HEAD_ROWS), MOST_HEAD_ROWS):
                try:
                    blocks = find_blocks(first.head(rows), header_row, own)
                except SheetError as error:
                    errors.append(error)
                else:
                    self._first = first
                    return blocks
        raise next((error for error in errors if not isinstance(error, MissingColumns)), errors[0])

    def crc(self) -> int:
        """Return the CRC-32 of its bytes now, -1 where they cannot be read."""
        crc = file_crc(self.path)
        return -1 if crc is None else crc

    def rows(self, block: Block, rules: Rules, threads: int) -> TableRows:
        """Return the rows below a block's headers; `blocks` found it."""
        if self._first is None:  # as for a Parquet file
            from pipeline.conversion.tables.parquet_file import read_parts

            return TableRows(read_parts(self.path, block.columns, rules), self.crc, {})
        from pipeline.conversion.tables.csv_file import read_blocks

        text = TextBlocks(self.path)
        dialect = self._first.dialect(block.header_row, block.columns)
        below = self._first.ends[block.header_row - 1]
        return TableRows(
            read_blocks(text, below, dialect, block.columns, rules, threads),
            lambda: text.crc,
            {
                "delimiter": dialect.delimiter,
                "decimal": dialect.decimal,
                "headers": dialect.headers,
                "unclear": sorted(dialect.unclear),
            },
        )


@dataclass(frozen=True, slots=True)
class TableRows:
    """The rows of a table, part by part; when all are read, the CRC-32 of the file; how its rows are written."""

    parts: Iterator[BlockRows]
    crc: Any
    dialect: dict[str, Any]


def is_table(path: Path) -> bool:
    """Return whether a file's ending is that of a table."""
    return path.name.lower().endswith(SUFFIXES)


def stamp_of_table(path: Path) -> Stamp:
    """Return the state of a table now; raises NotAWorkbook where it cannot be read."""
    try:
        now = path.stat()
        with path.open("rb"):
            pass
    except FileNotFoundError as error:
        raise NotAWorkbook(f"There is no file {path}.") from error
    except OSError as error:
        if path.is_dir():
            raise NotAWorkbook(f"{path} is a directory, not a file of ticks.") from error
        raise NotAWorkbook(
            f"{path} cannot be read: {error.strerror or error}. Is it open in another program?"
        ) from error
    if not stat.S_ISREG(now.st_mode):
        raise NotAWorkbook(f"{path} is a device or a pipe, not a file of ticks.")
    return Stamp(now.st_size, now.st_mtime_ns, ())
