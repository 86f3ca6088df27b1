"""Reads a security's file of signals, Parquet or CSV: the times of its rows, and columns of numbers."""

from __future__ import annotations

import csv
import io
import re
import warnings
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from pipeline.errors import SignalError, nearest
from pipeline.store.columns import float_values, number_values, whole
from pipeline.store.parquet import table_of
from pipeline.times import DAY, FARTHEST_DAY, iso

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.store.path import AnyPath
    from pipeline.ticks import Float64s, Int64s

SUFFIXES: Final = (".parquet", ".csv")
TIMES: Final = ("time", "timestamp")
"""What the column of times is called."""

UNITS: Final = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d{1,9})?)?")
_WITH_ZONE: Final = re.compile(r"\d{4}-\d\d-\d\d[ T][\d:.]+ ?(Z|UTC|[+-]\d\d:?\d\d)")


def signal_file(folder: AnyPath, ticker: str) -> AnyPath:
    """Return a security's file of signals in their folder; raises SignalError where there is none, or are two."""
    there = [folder / f"{ticker}{suffix}" for suffix in SUFFIXES]
    there = [path for path in there if path.exists()]
    if len(there) == 1:
        return there[0]
    if there:
        raise SignalError(f"There are both {there[0]} and {there[1]}; remove the one that is not meant.")
    raise SignalError(
        f"There is no file of signals of {ticker} in {folder}: write {folder / (ticker + SUFFIXES[0])} or "
        f"{ticker}{SUFFIXES[1]} with a column 'time' and the signals', or name their folder with --signals."
    )


def signal_digest(path: AnyPath) -> str:
    """Return a digest of the bytes of a file of signals."""
    return _digest(path.read_bytes())


def read_signals(path: AnyPath, digest: str, names: Sequence[str], zone: str) -> tuple[Int64s, list[Float64s]]:
    """Return the times of a file's rows, ns on the exchange's clock, and columns of it, NaN where a cell is empty.

    Args:
        path: The file, `.parquet` or `.csv`.
        digest: What `signal_digest` returned of it.
        names: The columns.
        zone: The name of the exchange's clock, for messages.

    Raises:
        SignalError: It is another file by now, or its times or a column are not what a replay can read.
    """
    content = path.read_bytes()
    if _digest(content) != digest:
        raise SignalError(f"{path} was replaced after its digest was taken; run the command again.")
    columns = _of_csv(path, content) if path.name.endswith(SUFFIXES[1]) else _of_parquet(path, content)
    clock = next((name for name in TIMES if name in columns), "")
    if not clock:
        raise SignalError(f"{path} has no column 'time': it has {', '.join(columns) or 'none'}.")
    for name in names:
        if name not in columns or name == clock:
            known = [column for column in columns if column != clock]
            raise SignalError(
                f"{path} has no column '{name}': its signals are {', '.join(known) or 'none'}.{nearest(name, known)}"
            )
    times = _times(path, columns[clock], zone)
    _check_order(path, times)
    return times, [_numbers(path, name, columns[name]) for name in names]


def _digest(content: bytes) -> str:
    return blake2b(content, digest_size=20).hexdigest()


def _of_csv(path: AnyPath, content: bytes) -> dict[str, Any]:
    """Return the columns of a CSV file, each a list of texts."""
    try:
        rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise SignalError(f"{path} cannot be read as CSV in UTF-8: {error}.") from error
    rows = [row for row in rows if row]
    header = [name.strip() for name in rows[0]] if rows else []
    _check_names(path, header)
    for number, row in enumerate(rows):
        if len(row) != len(header):
            raise SignalError(f"{path}, row {number}: {len(row)} cells where the first line names {len(header)}.")
    return dict(zip(header, zip(*rows[1:], strict=True) if len(rows) > 1 else [()] * len(header), strict=True))


def _of_parquet(path: AnyPath, content: bytes) -> Mapping[str, Any]:
    try:
        table = table_of(content)
    except (pa.ArrowException, OSError) as error:
        raise SignalError(f"{path} is no whole Parquet file; write it again.") from error
    _check_names(path, table.column_names)
    return {name: table.column(name) for name in table.column_names}


def _check_names(path: AnyPath, names: Sequence[str]) -> None:
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise SignalError(f"{path} has two columns '{twice[0]}'; rename one.")


def _times(path: AnyPath, column: Any, zone: str) -> Int64s:
    times: Int64s
    if isinstance(column, tuple):
        for number, text in enumerate(column, 1):
            if not _TIME.fullmatch(text.strip()):
                raise _no_time(path, number, text, zone)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                times = np.array([text.strip() for text in column], "datetime64[ns]").astype(np.int64)
        except (ValueError, Warning) as error:
            raise SignalError(f"{path}: a time is none ({error}).") from error
    elif pa.types.is_timestamp(column.type) and column.type.tz is None and not column.null_count:
        unit = UNITS[column.type.unit]
        counted = number_values(whole(column), np.int64) if len(column) else np.empty(0, np.int64)
        _check_reach(path, counted // (DAY // unit))
        times = counted * unit
    else:
        raise _no_times(path, column, zone)
    _check_reach(path, times // DAY)
    return times


def _check_reach(path: AnyPath, days: Int64s) -> None:
    if len(days) and (days.min() < -FARTHEST_DAY or days.max() > FARTHEST_DAY):
        raise SignalError(f"{path}: a time is outside 1825 to 2114, which is what a replay takes.")


def _no_time(path: AnyPath, number: int, text: str, zone: str) -> SignalError:
    if _WITH_ZONE.fullmatch(text.strip()):
        return SignalError(
            f"{path}, row {number}: '{text}' names a zone. Times of signals are on the exchange's clock, {zone}, as "
            "the ticks' are: convert them to it and leave the zone out."
        )
    return SignalError(
        f"{path}, row {number}: '{text}' is no time; write date and time of day on the exchange's clock, {zone}, from "
        "when on the value was known, as 2025-01-06 10:00:00."
    )


def _no_times(path: AnyPath, column: Any, zone: str) -> SignalError:
    if column.null_count:
        return SignalError(f"{path}: {column.null_count} times are empty; every row needs the time it was known from.")
    if pa.types.is_timestamp(column.type):
        how = f"frame.time.dt.tz_convert('{zone}').dt.tz_localize(None)"
        return SignalError(
            f"{path}: its times are of the zone {column.type.tz}. Write them on the exchange's clock without a zone, "
            f"as the ticks' are: in pandas {how}."
        )
    return SignalError(
        f"{path}: its times are of the type {column.type}; write timestamps (date and time of day) on the exchange's "
        f"clock, {zone}."
    )


def _check_order(path: AnyPath, times: Int64s) -> None:
    if not len(times):
        raise SignalError(f"{path} has no row.")
    wrong = np.flatnonzero(np.diff(times) <= 0)
    if len(wrong):
        at = int(wrong[0])
        what = "the same time as" if times[at] == times[at + 1] else "before"
        raise SignalError(
            f"{path}, row {at + 2}: {iso(int(times[at + 1]))} is {what} row {at + 1}, {iso(int(times[at]))}. Sort the "
            "rows by time, and keep one of each time."
        )


def _numbers(path: AnyPath, name: str, column: Any) -> Float64s:
    values: Float64s
    if isinstance(column, tuple):
        try:
            values = np.array([text.strip() or "nan" for text in column], np.float64)
        except ValueError as error:
            raise SignalError(f"{path}: column '{name}' is not of numbers ({error}).") from error
        return values
    kind = column.type
    if not (pa.types.is_float32(kind) or pa.types.is_float64(kind) or pa.types.is_integer(kind) or kind == pa.bool_()):
        raise SignalError(f"{path}: column '{name}' is {kind}; write it as float64.")
    values = float_values(column)
    return values
