"""Reads and writes tables and ticks as Parquet files, atomic and checksummed; the only file that knows Parquet."""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Final, TypedDict, Unpack

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.errors import CorruptParquet, MissingFile, NewerFormat, OtherTicks, WrongColumns
from pipeline.store.atomic import Staged, staging
from pipeline.store.columns import dictionary_array, number_array, number_values, whole
from pipeline.store.layout import CONDITION_COLUMN, FORMAT_VERSION, TICK_COLUMNS, TIME_ZONE
from pipeline.store.seal import SEAL_NAME, read_sealed, sealed
from pipeline.ticks import MOST_VOLUME, TICK_TYPES, Ticks
from pipeline.times import MILLISECOND

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pipeline.store.path import AnyPath

_PREFIX: Final = "tick-pipeline."
_COMPRESSION: Final = "lz4"
_SEAL: Final = "seal"


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


def stage_table(path: AnyPath, table: Any, **options: Unpack[TableOptions]) -> Staged:
    """Write `table` beside `path` under a temporary name; the caller commits or discards it."""
    with staging(path, durable=options.pop("durable", True)) as (file, staged):
        _encode(table, file, options)
    return staged


def write_table(path: AnyPath, table: Any, **options: Unpack[TableOptions]) -> None:
    """Write a pyarrow table whole or not at all, with our metadata and page checksums; raises OutputNotWritable."""
    stage_table(path, table, **options).commit()


def table_bytes(table: Any, **options: Unpack[TableOptions]) -> bytes:
    """Return a pyarrow table as the bytes of a Parquet file, as `write_table` writes it."""
    sink = io.BytesIO()
    _encode(table, sink, options)
    return sink.getvalue()


def _encode(table: Any, file: IO[bytes], options: TableOptions) -> None:
    ours = {f"{_PREFIX}{key}": value for key, value in sorted(options.get("metadata", {}).items())}
    ours |= {f"{_PREFIX}format_version": str(FORMAT_VERSION), f"{_PREFIX}{_SEAL}": SEAL_NAME}
    sink = io.BytesIO()
    pq.write_table(
        table.replace_schema_metadata(ours),
        sink,
        compression=_COMPRESSION,
        use_dictionary=list(options.get("dictionary_columns", ())),
        column_encoding=dict.fromkeys(options.get("delta_columns", ()), "DELTA_BINARY_PACKED") or None,
        row_group_size=max(table.num_rows, 1),
        write_page_checksum=True,
    )
    for part in sealed(sink.getbuffer()):
        file.write(part)


def read_table(path: AnyPath, columns: Sequence[str] | None = None) -> Any:
    """Return the pyarrow table of `path`, checksums verified; raises CorruptParquet, MissingFile or NewerFormat."""
    with _opened(path) as (file, _):
        return file.read(columns=None if columns is None else list(columns), use_threads=False)


def read_footer(path: AnyPath) -> Footer:
    """Return row count and metadata without reading data; raises CorruptParquet, MissingFile or NewerFormat."""
    with _opened(path, footer_only=True) as (_, footer):
        return footer


def stage_ticks(path: AnyPath, ticks: Ticks, metadata: Mapping[str, str]) -> Staged:
    """Write ticks beside `path` under a temporary name; time is kept in whole milliseconds."""
    columns = [
        number_array(ticks.timestamp // MILLISECOND, pa.timestamp("ms")),
        dictionary_array(ticks.kind, TICK_TYPES),
        number_array(ticks.price, pa.float64()),
        number_array(ticks.volume, pa.int64()),
    ]
    names = list(TICK_COLUMNS)
    if ticks.condition is not None:
        columns.append(dictionary_array(ticks.condition, ticks.conditions))
        names.append(CONDITION_COLUMN)
    table = pa.Table.from_arrays(columns, names=names)
    return stage_table(
        path,
        table,
        metadata={"time_zone": TIME_ZONE, **metadata},
        delta_columns=("timestamp", "volume"),
        dictionary_columns=("type", "price", *names[len(TICK_COLUMNS) :]),
    )


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
        columns = file.read(columns=names, use_threads=False).columns
    read = [_whole(path, name, chunks) for name, chunks in zip(names, columns, strict=True)]
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
    except (pa.ArrowException, OSError, EOFError, ValueError, OverflowError) as error:
        raise CorruptParquet(_not_whole(path, _first_line(error))) from error


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
    if not (pa.types.is_dictionary(column.type) and pa.types.is_string(column.type.value_type)):
        raise WrongColumns(f"{path}: column condition is {column.type}; run `pipeline convert` to make the file again.")
    return _positions(path, column, "condition").astype(np.int32), tuple(column.dictionary.to_pylist())


def _positions(path: AnyPath, column: Any, what: str) -> Any:
    """Return the places of a column's values in its own dictionary."""
    positions = number_values(column.indices, column.indices.type.to_pandas_dtype())
    if len(positions) and not (positions.min() >= 0 and positions.max() < len(column.dictionary)):
        raise CorruptParquet(_not_whole(path, f"a {what} is none of those that it lists"))
    return positions
