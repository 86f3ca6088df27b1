"""Reads and writes tables and ticks as Parquet files, atomic and checksummed; the only file that knows Parquet."""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Final, TypedDict, Unpack

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.errors import (
    CorruptParquet,
    MissingFile,
    NewerFormat,
    OtherTicks,
    OutOfMemory,
    StoreError,
    WrongColumns,
    ran_out_of_memory,
)
from pipeline.store.atomic import GrowingFile, Staged, staging
from pipeline.store.columns import number_values, whole
from pipeline.store.layout import CONDITION_COLUMN, FORMAT_VERSION, TICK_COLUMNS
from pipeline.store.seal import SEAL_NAME, Sealing, read_sealed
from pipeline.ticks import MOST_VOLUME, TICK_TYPES, Ticks
from pipeline.times import MILLISECOND

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
    """What a Parquet file says of itself without its data: rows, our own metadata as text, the digest of its pages."""

    rows: int
    columns: tuple[str, ...]
    metadata: dict[str, str]
    digest: str


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

    def __init__(self, path: AnyPath, schema: Any, **options: Unpack[TableOptions]) -> None:
        self._file = GrowingFile(path, durable=options.get("durable", True))
        self._sink = io.BytesIO()
        self._writer = _writer(self._sink, schema, options)
        self._sealing = Sealing()

    def append(self, table: Any) -> None:
        """Write a table of the schema as one row group."""
        self._writer.write_table(table, row_group_size=max(table.num_rows, 1))
        pages = self._sink.getvalue()
        self._sink.seek(0)
        self._sink.truncate()
        self._sealing.add_pages(pages)
        self._file.append(pages)

    def close(self, metadata: Mapping[str, str]) -> Staged:
        """End the file with our metadata; the caller commits or discards it."""
        self._writer.add_key_value_metadata(_as_kept(metadata))
        self._writer.close()
        return self._file.finish(*self._sealing.end(self._sink.getbuffer()))

    def discard(self) -> None:
        """Remove what was written."""
        self._file.discard()


def stage_table(path: AnyPath, table: Any, **options: Unpack[TableOptions]) -> Staged:
    """Write `table` beside `path` under a temporary name; the caller commits or discards it."""
    with staging(path, durable=options.get("durable", True)) as (file, staged):
        for part in _encoded(table, options):
            file.write(part)
    return staged


def write_table(path: AnyPath, table: Any, **options: Unpack[TableOptions]) -> None:
    """Write a pyarrow table whole or not at all, with our metadata and page checksums; raises OutputNotWritable."""
    stage_table(path, table, **options).commit()


def table_bytes(table: Any, **options: Unpack[TableOptions]) -> bytes:
    """Return a pyarrow table as the bytes of a Parquet file, as `write_table` writes it."""
    return b"".join(_encoded(table, options))


def _encoded(table: Any, options: TableOptions) -> Sequence[bytes | memoryview]:
    table = table.replace_schema_metadata(_as_kept(options.get("metadata", {})))
    sink = io.BytesIO()
    with _writer(sink, table.schema, options) as writer:
        writer.write_table(table, row_group_size=max(table.num_rows, 1))
    return Sealing().end(sink.getbuffer())


def _writer(sink: IO[bytes], schema: Any, options: TableOptions) -> Any:
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
    """Return the pyarrow table of `path`, checksums verified; raises CorruptParquet, MissingFile or NewerFormat."""
    with _opened(path) as (file, _):
        return file.read(columns=None if columns is None else list(columns), use_threads=False)


def read_footer(path: AnyPath) -> Footer:
    """Return row count and metadata without reading data; raises CorruptParquet, MissingFile or NewerFormat."""
    with _opened(path, footer_only=True) as (_, footer):
        return footer


def read_ticks(path: AnyPath, digest: str = "") -> Ticks:
    """Return the ticks of a file.

    Args:
        path: The file.
        digest: The digest that the file is listed with, in the catalog or in a run; empty where none is.

    Returns:
        The ticks as numpy arrays, timestamps in ns.

    Raises:
        OtherTicks: The file is not the one that was listed with this digest.
        WrongColumns: Its columns, or their types, are not those of ticks; also for an empty cell or an unknown type.
        MissingFile, CorruptParquet, NewerFormat: It cannot be read.
    """
    with _opened(path) as (file, footer):
        if digest and footer.digest != digest:
            raise OtherTicks(f"{path} was replaced after its digest was taken; run the command again.")
        _check_columns(path, footer.columns)
        names = [*TICK_COLUMNS, *({CONDITION_COLUMN} & {*footer.columns})]
        table = file.read(columns=names, use_threads=False)
    return ticks_of(path, table)


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


def ticks_of(path: AnyPath, table: Any) -> Ticks:
    """Return the ticks that a table of `path` holds; raises WrongColumns."""
    names = [*TICK_COLUMNS, *({CONDITION_COLUMN} & {*table.column_names})]
    read = [_whole(path, name, table.column(name)) for name in names]
    time, kind, price, volume, *others = read
    _check_types(path, time, kind, price, volume)
    condition, conditions = _conditions(path, others[0]) if others else (None, ())
    volumes = number_values(volume, np.int64)
    if len(volumes) and volumes.view(np.uint64).max() > MOST_VOLUME:  # which a number below 0 is too
        raise WrongColumns(
            f"{path}: a volume is below 0 or above 2**53; run `pipeline convert` to make the file again."
        )
    return Ticks(
        timestamp=number_values(time, np.int64) * MILLISECOND,
        kind=_kinds(path, kind),
        price=number_values(price, np.float64),
        volume=volumes,
        condition=condition,
        conditions=conditions,
    )


@contextlib.contextmanager
def _opened(path: AnyPath, *, footer_only: bool = False) -> Iterator[tuple[Any, Footer]]:
    """Open a Parquet file, once its seal holds, and turn Arrow's failures into ours, also those inside the block."""
    try:
        content, digest = read_sealed(path, end_only=footer_only)
        with pq.ParquetFile(pa.BufferReader(content), page_checksum_verification=True) as file:
            footer = _footer(path, file, digest)
            if _SEAL in footer.metadata and not digest:
                raise CorruptParquet(_not_whole(path, "its seal is broken"))
            yield file, footer
    except FileNotFoundError as error:
        raise MissingFile(f"{path} is not there; run `pipeline convert`.") from error
    except _FAILURES as error:
        raise _unreadable(path, error, _not_whole(path, _first_line(error))) from error


def _unreadable(path: AnyPath, error: BaseException, damaged: str) -> StoreError | OutOfMemory:
    """Return what a failure to read a file means: Arrow's memory errors are among its others."""
    if ran_out_of_memory(error):
        return error if isinstance(error, OutOfMemory) else OutOfMemory(f"There is not enough memory to read {path}.")
    return CorruptParquet(damaged)


def _not_whole(path: AnyPath, why: str) -> str:
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
    return Footer(file.metadata.num_rows, tuple(file.schema_arrow.names), metadata, digest)


def _check_columns(path: AnyPath, names: Sequence[str]) -> None:
    missing = [column for column in TICK_COLUMNS if column not in names]
    if missing:
        raise WrongColumns(
            f"{path} has the columns {', '.join(names) or '(none)'} and lacks {', '.join(missing)}; "
            "it was not made by `pipeline convert`."
        )


def _check_types(path: AnyPath, time: Any, kind: Any, price: Any, volume: Any) -> None:
    is_text = pa.types.is_dictionary(kind.type) and pa.types.is_string(kind.type.value_type)
    right = (time.type == pa.timestamp("ms"), is_text, price.type == pa.float64(), volume.type == pa.int64())
    if not all(right):
        wrong = right.index(False)
        of_type = (time, kind, price, volume)[wrong].type
        raise WrongColumns(
            f"{path}: column {TICK_COLUMNS[wrong]} is {of_type}; run `pipeline convert` to make the file again."
        )


def _whole(path: AnyPath, name: str, chunks: Any) -> Any:
    """Return a column as one Arrow array without nulls."""
    if chunks.null_count:
        raise WrongColumns(
            f"{path}: column {name} has {chunks.null_count} empty cells; run `pipeline convert` to make the file again."
        )
    return whole(chunks)


def _kinds(path: AnyPath, column: Any) -> Any:
    """Map the file's own dictionary to `TICK_TYPES` by its texts, never by its positions."""
    texts = column.dictionary.to_pylist()
    unknown = [str(text) for text in texts if text not in TICK_TYPES]
    if unknown:
        raise WrongColumns(f"{path}: type {unknown[0]!r} is none of {', '.join(TICK_TYPES)}.")
    codes = np.array([TICK_TYPES.index(text) for text in texts], dtype=np.int8)
    return codes[_positions(path, column, "type")]


def _conditions(path: AnyPath, column: Any) -> tuple[Any, tuple[str, ...]]:
    """Return the codes of conditions and their texts, sorted; neither where no tick has a condition."""
    if not (pa.types.is_dictionary(column.type) and pa.types.is_string(column.type.value_type)):
        raise WrongColumns(f"{path}: column condition is {column.type}; run `pipeline convert` to make the file again.")
    texts = column.dictionary.to_pylist()
    if texts == [""]:
        return None, ()
    ordered = sorted(texts)
    codes = np.array([ordered.index(text) for text in texts], np.int32)
    return codes[_positions(path, column, "condition")], tuple(ordered)


def _positions(path: AnyPath, column: Any, what: str) -> Any:
    """Return the places of a column's values in its own dictionary."""
    positions = number_values(column.indices, column.indices.type.to_pandas_dtype())
    if len(positions) and not (positions.min() >= 0 and positions.max() < len(column.dictionary)):
        raise CorruptParquet(_not_whole(path, f"a {what} is none of those that it lists"))
    return positions
