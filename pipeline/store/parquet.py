"""Reads and writes tables and ticks as Parquet files, atomic and checksummed; the only file that knows Parquet."""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypedDict, Unpack

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.errors import (
    CorruptParquet,
    MissingFile,
    NewerFormat,
    OutOfMemory,
    StoreError,
    ran_out_of_memory,
)
from pipeline.store.atomic import GrowingFile, Staged
from pipeline.store.layout import FORMAT_VERSION
from pipeline.store.seal import SEAL_NAME, SealedFile, Sealing, read_end_sealed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from pipeline.store.path import AnyPath

_PREFIX: Final = "tick-pipeline."
_COMPRESSION: Final = "lz4"
_SEAL: Final = "seal"
_FAILURES: Final = (pa.ArrowException, MemoryError, OSError, EOFError, ValueError, OverflowError)


@dataclass(frozen=True, slots=True, eq=False)
class Footer:
    """What a Parquet file says of itself without its data: rows, our own metadata as text, the digest of its pages.

    group_rows: how many rows its largest row group has.
    """

    rows: int
    columns: tuple[str, ...]
    metadata: dict[str, str]
    digest: str
    group_rows: int


class TableOptions(TypedDict, total=False):
    """How a table is written: our metadata, columns encoded otherwise, and whether it is flushed to the disk itself."""

    metadata: Mapping[str, str]
    delta_columns: Sequence[str]
    dictionary_columns: Sequence[str]
    durable: bool


class GrowingTable:
    """A Parquet file that is written beside `path` under a temporary name, one row group after the other.

    Only the row group under way is held in memory, and no file is held open. Raises OutputNotWritable.
    """

    def __init__(self, path: AnyPath, **options: Unpack[TableOptions]) -> None:
        self._file = GrowingFile(path, durable=options.get("durable", True))
        self._options = options
        self._sink = io.BytesIO()
        self._writer: Any = None
        self._sealing = Sealing()

    def append(self, table: Any) -> None:
        """Write a table as one row group; all have one schema."""
        if self._writer is None:
            self._writer = _writer(self._sink, table.schema, self._options)
        self._writer.write_table(table, row_group_size=max(table.num_rows, 1))
        pages = self._sink.getvalue()
        self._sink.seek(0)
        self._sink.truncate()
        self._sealing.add_pages(pages)
        self._file.append(pages)

    def close(self, metadata: Mapping[str, str], last: Any = None) -> Staged:
        """Write the last table, if any, and our metadata; the caller commits or discards the file.

        One that is the only table is written as `stage_table` writes it.
        """
        if self._writer is None:
            return self._file.finish(*_encoded(last, {**self._options, "metadata": metadata}))
        if last:
            self.append(last)
        self._writer.add_key_value_metadata(_as_kept(metadata))
        self._writer.close()
        return self._file.finish(*self._sealing.end(self._sink.getbuffer()))

    def discard(self) -> None:
        """Remove what was written."""
        self._file.discard()


def stage_table(path: AnyPath, table: Any, **options: Unpack[TableOptions]) -> Staged:
    """Write `table` beside `path` under a temporary name; the caller commits or discards it."""
    return GrowingFile(path, durable=options.get("durable", True)).finish(*_encoded(table, options))


def write_table(path: AnyPath, table: Any, **options: Unpack[TableOptions]) -> None:
    """Write a pyarrow table whole or not at all, with our metadata and page checksums; raises OutputNotWritable."""
    stage_table(path, table, **options).commit()


def table_bytes(table: Any, **options: Unpack[TableOptions]) -> bytes:
    """Return a pyarrow table as the bytes of a Parquet file, as `write_table` writes it."""
    return b"".join(_encoded(table, options))


def _encoded(table: Any, options: TableOptions) -> Sequence[bytes | memoryview]:
    table = table.replace_schema_metadata(_as_kept(options.get("metadata", {})))
    sink = pa.BufferOutputStream()  # unlike a file of Python's, it is written without holding the interpreter's lock
    with _writer(sink, table.schema, options) as writer:
        writer.write_table(table, row_group_size=max(table.num_rows, 1))
    return Sealing().end(memoryview(sink.getvalue()))


def _writer(sink: Any, schema: Any, options: TableOptions) -> Any:
    return pq.ParquetWriter(
        sink,
        schema,
        compression=_COMPRESSION,
        use_dictionary=list(options.get("dictionary_columns", ())),
        column_encoding=dict.fromkeys(options.get("delta_columns", ()), "DELTA_BINARY_PACKED") or None,
        write_page_checksum=True,
    )


def _as_kept(metadata: Mapping[str, str]) -> dict[str, str]:
    ours = {f"{_PREFIX}{key}": value for key, value in sorted(metadata.items())}
    return ours | {f"{_PREFIX}format_version": str(FORMAT_VERSION), f"{_PREFIX}{_SEAL}": SEAL_NAME}


def read_table(path: AnyPath, columns: Sequence[str] | None = None) -> Any:
    """Return the pyarrow table of `path`, its seal verified; raises CorruptParquet, MissingFile or NewerFormat."""
    with contextlib.closing(GroupReader(path)) as reader:
        return reader.whole(columns)


def table_of(content: bytes) -> Any:
    """Return the pyarrow table of the bytes of a file that `stage_table` wrote."""
    return pq.ParquetFile(pa.BufferReader(content), page_checksum_verification=True).read(use_threads=False)


def read_footer(path: AnyPath) -> Footer:
    """Return row count and metadata without reading data; raises CorruptParquet, MissingFile or NewerFormat."""
    with reading(path):
        end, digest = read_end_sealed(path)
        with pq.ParquetFile(pa.BufferReader(end)) as file:
            return _footer(path, file, digest)


def row_groups(path: Path) -> Iterator[Any]:
    """Yield the row groups of a file of this machine as pyarrow tables, one at a time; its seal is not looked at."""
    with _file(path) as file:
        for number in range(file.num_row_groups):
            yield file.read_row_group(number, use_threads=False)


def parts_of(path: Path, columns: Sequence[str] | None, rows: int) -> Iterator[Any]:
    """Yield these columns, or all, of a Parquet file of any tool as pyarrow tables of at most so many rows.

    Raises CorruptParquet or MissingFile, as `column_types` does.
    """
    with _file(path) as file:
        for batch in file.iter_batches(rows, columns=columns and list(columns), use_threads=False):
            yield pa.Table.from_batches([batch])


def column_types(path: Path) -> dict[str, Any]:
    """Return the names and Arrow types of the columns of a Parquet file of any tool."""
    with _file(path) as file:
        return dict(zip(file.schema_arrow.names, file.schema_arrow.types, strict=True))


@contextlib.contextmanager
def _file(path: Path) -> Iterator[Any]:
    """Open a Parquet file of this machine of which nothing is held in memory."""
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            yield file
    except FileNotFoundError as error:
        raise MissingFile(f"{path} is not there.") from error
    except _FAILURES as error:
        raise _unreadable(path, error, f"{path} is not a whole Parquet file ({_first_line(error)}).") from error


class GroupReader:
    """Reads a Parquet file of this project row group by row group, in order, and verifies its seal on the way.

    footer: what it says of itself; rows: how many each row group has. No more than the pages of one row group are in
    memory, but all of a file in a bucket. Raises CorruptParquet, MissingFile or NewerFormat.
    """

    def __init__(self, path: AnyPath) -> None:
        self._path = path
        with reading(path), contextlib.ExitStack() as on_failure:
            self._file = on_failure.enter_context(contextlib.closing(SealedFile(path)))
            metadata = pq.read_metadata(pa.BufferReader(self._file.end))
            groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
            # Pages that are verified by the seal before they are decoded need no checksums of their own.
            checks = len(groups) != 1 or not self._file.digest
            self._parquet = pq.ParquetFile(self._file, metadata=metadata, page_checksum_verification=checks)
            self.footer = _footer(path, self._parquet, self._file.digest)
            on_failure.pop_all()
        self.rows = [group.num_rows for group in groups]
        starts = [min(map(_start, map(group.column, range(group.num_columns))), default=0) for group in groups]
        self._stops = [*starts, None][1:] if starts == sorted(starts) else [None] * len(starts)

    def close(self) -> None:
        """Let go of the file."""
        self._parquet.close()
        self._file.close()

    def groups(self, columns: Sequence[str]) -> Iterator[Any]:
        """Yield each row group's columns as a table; the last is yielded when the seal of all holds. Use it once."""
        if not self._stops:
            self.verify()
        for number, stop in enumerate(self._stops):
            with reading(self._path):
                self._file.take(stop)
                if number + 1 == len(self._stops):
                    self._file.verify()
            yield self.part(number, columns)

    def whole(self, columns: Sequence[str] | None = None) -> Any:
        """Return these columns, or all, as a table."""
        names = list(self.footer.columns if columns is None else columns)
        tables = list(self.groups(names))
        return pa.concat_tables(tables) if tables else self._parquet.read(names)

    def part(self, number: int, columns: Sequence[str]) -> Any:
        """Return columns of a row group, whose checksums are verified, as a table."""
        with reading(self._path):
            try:
                return self._parquet.read_row_group(number, columns=list(columns), use_threads=False)
            except _FAILURES:
                self.verify()
                raise

    def verify(self) -> None:
        """Read on to the end, and raise CorruptParquet where the file is not what was sealed."""
        with reading(self._path):
            self._file.verify()

    def bounds(self, column: str) -> list[tuple[int, int] | None]:
        """Return the least and the greatest whole number of a column in each row group, None where it says neither."""
        where = self._parquet.schema_arrow.names.index(column)
        return [_bounds(self._parquet.metadata.row_group(number).column(where)) for number in range(len(self.rows))]


def _start(column: Any) -> int:
    """Return where a column of a row group begins in the file."""
    start: int = column.dictionary_page_offset if column.has_dictionary_page else column.data_page_offset
    return start


def _bounds(column: Any) -> tuple[int, int] | None:
    known = column.is_stats_set and column.statistics.has_min_max
    return (column.statistics.min_raw, column.statistics.max_raw) if known else None


@contextlib.contextmanager
def reading(path: AnyPath) -> Iterator[None]:
    """Turn Arrow's failures, the seal's and a lack of memory into ours."""
    try:
        yield
    except FileNotFoundError as error:
        raise MissingFile(f"{path} is not there; run `pipeline convert`.") from error
    except _FAILURES as error:
        raise _unreadable(path, error, not_whole(path, _first_line(error))) from error


def _unreadable(path: AnyPath, error: BaseException, damaged: str) -> StoreError | OutOfMemory:
    """Return what a failure to read a file means: Arrow's memory errors are among its others."""
    if ran_out_of_memory(error):
        return error if isinstance(error, OutOfMemory) else OutOfMemory(f"There is not enough memory to read {path}.")
    return CorruptParquet(damaged)


def not_whole(path: AnyPath, why: str) -> str:
    """Return the message for a file that is damaged."""
    return f"{path} is not a whole Parquet file ({why}); run `pipeline convert` to make it again."


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")


def _footer(path: AnyPath, file: Any, digest: str) -> Footer:
    raw = file.metadata.metadata or {}
    metadata = {
        key.decode("utf-8", "replace").removeprefix(_PREFIX): value.decode("utf-8", "replace")
        for key, value in raw.items()
        if key.startswith(_PREFIX.encode())
    }
    version = metadata.get("format_version", "1")
    if not version.isdigit() or int(version) > FORMAT_VERSION:
        raise NewerFormat(
            f"{path} has format version {version} and this version of the project knows {FORMAT_VERSION}; "
            "update the project, or run `pipeline convert` to make the file again."
        )
    if _SEAL in metadata and not digest:
        raise CorruptParquet(not_whole(path, "its seal is broken"))
    groups = (file.metadata.row_group(number).num_rows for number in range(file.num_row_groups))
    columns = tuple(file.schema_arrow.names)
    return Footer(file.metadata.num_rows, columns, metadata, digest, max(groups, default=0))
