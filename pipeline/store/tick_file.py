"""Reads one security's ticks from its Parquet file, all at once or whole days at a time."""

from __future__ import annotations

from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from pipeline.errors import CorruptParquet, OtherTicks, StoreError, WrongColumns
from pipeline.store.columns import number_values, whole
from pipeline.store.layout import CONDITION_COLUMN, TICK_COLUMNS
from pipeline.store.parquet import GroupReader, not_whole, reading
from pipeline.ticks import MOST_VOLUME, TICK_TYPES, Ticks, shifted, stack_ticks
from pipeline.times import DAY, MILLISECOND

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Self

    from numpy.typing import NDArray

    from pipeline.store.path import AnyPath
    from pipeline.ticks import Int8s, Int32s, Int64s

_MOST: Final = (2**63 - 1) // MILLISECOND
_AGAIN: Final = "run `pipeline convert` to make the file again."


class TickFile:
    """One security's file of ticks, which is read once, from front to back; use it in a `with`.

    path: The file. digest: The digest that it is listed with, in the catalog or in a run; empty where none is.
    shift: How far the clock on which its days are trading days is ahead of the file's, ns; the ticks are on that clock.
    rows: How many ticks it has. row_groups: In how many row groups.

    Raises OtherTicks where the file is not the one that was listed with this digest; WrongColumns where its columns, or
    their types, are not those of ticks, also for an empty cell or an unknown type; MissingFile, CorruptParquet or
    NewerFormat where it cannot be read. A damage may be noticed as late as at the last of the ticks.
    """

    def __init__(self, path: AnyPath, digest: str = "", shift: int = 0) -> None:
        self._path = path
        self._shift = shift
        self._reader = GroupReader(path)
        footer = self._reader.footer
        self._columns = [*TICK_COLUMNS, *({CONDITION_COLUMN} & {*footer.columns})]
        self.rows = footer.rows
        self.row_groups = len(self._reader.rows)
        try:
            if digest and footer.digest != digest:
                raise OtherTicks(f"{path} was replaced after its digest was taken; run the command again.")
            _check_columns(path, footer.columns)
        except StoreError:
            self._reader.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._reader.close()

    @property
    def span(self) -> tuple[int, int] | None:
        """The least and the greatest timestamp, ns; None where there is no tick."""
        bounds = self._bounds
        return (min(low for low, _ in bounds), max(high for _, high in bounds)) if bounds else None

    def batches(self) -> Iterator[Ticks]:
        """Yield all ticks as stretches of whole days, a day or about a row group each: no two have a day in common.

        A stretch is longer where the days of row groups interleave, since a clock may step back.
        """
        cut = DayCut([low for low, _ in self._bounds])
        for ticks in self._groups():
            if len(ticks):
                yield from cut.add(ticks)

    def read(self) -> Ticks:
        """Return all ticks."""
        with reading(self._path):
            return stack_ticks(self._groups(), self.rows)

    def _groups(self) -> Iterator[Ticks]:
        texts = self._texts()
        for table in self._reader.groups(self._columns):
            try:
                with reading(self._path):
                    ticks = shifted(ticks_of(self._path, table, texts), self._shift)
            except StoreError:
                self._reader.verify()
                raise
            yield ticks

    @cached_property
    def _bounds(self) -> list[tuple[int, int]]:
        """The least and the greatest timestamp of each row group that has any tick, ns."""
        time = TICK_COLUMNS[0]
        bounds = []
        for number, (rows, listed) in enumerate(zip(self._reader.rows, self._reader.bounds(time), strict=True)):
            if rows and listed is not None and all(abs(bound) < _MOST for bound in listed):
                bounds.append((listed[0] * MILLISECOND + self._shift, listed[1] * MILLISECOND + self._shift))
            elif rows:
                times = _times(self._path, self._reader.part(number, [time]))
                bounds.append((int(times.min()) + self._shift, int(times.max()) + self._shift))
        return bounds

    def _texts(self) -> list[str] | None:
        """Return the condition codes of all row groups, sorted; None where those of each table will do."""
        if CONDITION_COLUMN not in self._columns or len(self._reader.rows) == 1:
            return None
        texts: set[str] = set()
        for number in range(len(self._reader.rows)):
            column = _whole(self._path, self._reader.part(number, [CONDITION_COLUMN]), CONDITION_COLUMN)
            texts.update(_condition_texts(self._path, column))
        return sorted(texts)


def read_ticks(path: AnyPath, digest: str = "", shift: int = 0) -> Ticks:
    """Return all ticks of a file; the parameters, and what is raised, are those of `TickFile`."""
    with TickFile(path, digest, shift) as file:
        return file.read()


def ticks_of(path: AnyPath, table: Any, texts: Sequence[str] | None = None) -> Ticks:
    """Return the ticks that a table of `path` holds; raises WrongColumns.

    texts: The condition codes, sorted, that the ticks are to refer to; those of the table where there are none.
    """
    names = [*TICK_COLUMNS, *({CONDITION_COLUMN} & {*table.column_names})]
    time, kind, price, volume, *others = (_whole(path, table, name) for name in names)
    _check_types(path, time, kind, price, volume)
    condition, conditions = _conditions(path, others[0], texts) if others else (None, ())
    volumes = number_values(volume, np.int64)
    if len(volumes) and volumes.view(np.uint64).max() > MOST_VOLUME:  # which a number below 0 is too
        raise WrongColumns(f"{path}: a volume is below 0 or above 2**53; {_AGAIN}")
    return Ticks(
        timestamp=number_values(time, np.int64) * MILLISECOND,
        kind=_kinds(path, kind),
        price=number_values(price, np.float64),
        volume=volumes,
        condition=condition,
        conditions=conditions,
    )


def _times(path: AnyPath, table: Any) -> Int64s:
    times: Int64s = number_values(_whole(path, table, TICK_COLUMNS[0]), np.int64)
    return times * MILLISECOND


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
        raise WrongColumns(f"{path}: column {TICK_COLUMNS[wrong]} is {of_type}; {_AGAIN}")


def _whole(path: AnyPath, table: Any, name: str) -> Any:
    """Return a column as one Arrow array without nulls."""
    chunks = table.column(name)
    if chunks.null_count:
        raise WrongColumns(f"{path}: column {name} has {chunks.null_count} empty cells; {_AGAIN}")
    return whole(chunks)


def _kinds(path: AnyPath, column: Any) -> Int8s:
    """Map the file's own dictionary to `TICK_TYPES` by its texts, never by its positions."""
    texts = column.dictionary.to_pylist()
    unknown = [str(text) for text in texts if text not in TICK_TYPES]
    if unknown:
        raise WrongColumns(f"{path}: type {unknown[0]!r} is none of {', '.join(TICK_TYPES)}.")
    kinds: Int8s = _recoded(path, column, TICK_TYPES, np.int8, "type")
    return kinds


def _conditions(path: AnyPath, column: Any, texts: Sequence[str] | None) -> tuple[Int32s | None, tuple[str, ...]]:
    """Return the codes of conditions and their texts, sorted; neither where no tick has a condition."""
    own = _condition_texts(path, column)
    texts = sorted(own) if texts is None else texts
    if texts == [""]:
        return None, ()
    if not {*own} <= {*texts}:
        raise CorruptParquet(not_whole(path, "it was replaced while it was read"))
    return _recoded(path, column, texts, np.int32, "condition"), tuple(texts)


def _condition_texts(path: AnyPath, column: Any) -> list[str]:
    if not (pa.types.is_dictionary(column.type) and pa.types.is_string(column.type.value_type)):
        raise WrongColumns(f"{path}: column {CONDITION_COLUMN} is {column.type}; {_AGAIN}")
    texts: list[str] = column.dictionary.to_pylist()
    return texts


def _recoded(path: AnyPath, column: Any, texts: Sequence[str], kind: type[Any], what: str) -> Any:
    """Return the place of each value of a column in `texts`, where all of its own texts are, as integers of `kind`."""
    own = column.dictionary.to_pylist()
    positions = number_values(column.indices, column.indices.type.to_pandas_dtype())
    unsigned = positions.view(f"u{positions.itemsize}")
    if len(positions) and unsigned.max() >= len(own):
        raise CorruptParquet(not_whole(path, f"a {what} is none of those that it lists"))
    if positions.dtype == kind and own == [*texts[: len(own)]]:
        return positions
    return np.array([texts.index(text) for text in own], kind)[positions]


class DayCut:
    """Cuts ticks so that those of a stretch are of earlier days than all that follow; clocks may step back.

    lows: The least timestamp of each part that will come, ns.
    """

    def __init__(self, lows: Sequence[int]) -> None:
        self._rest = iter([*reversed([*accumulate(reversed(lows[1:]), min)]), None])
        self._waiting: list[Ticks] = []

    def add(self, part: Ticks) -> Iterator[Ticks]:
        """Take the next part, which has a tick, and yield the stretches that are whole now."""
        least = next(self._rest)
        if self._waiting:
            # The day under way goes alone, so that the days after it need not be copied to stand behind it.
            end = (max(int(ticks.timestamp.max()) for ticks in self._waiting) // DAY + 1) * DAY
            row = _first(part.timestamp >= end)
            if row < len(part) and min(int(part.timestamp[row:].min()), end if least is None else least) >= end:
                yield _joined([*self._waiting, part[:row]])
                self._waiting, part = [], part[row:]
        self._waiting.append(part)
        number, row = (len(self._waiting), 0) if least is None else self._end(least)
        whole = [*self._waiting[:number], *(ticks[:row] for ticks in self._waiting[number : number + 1])]
        self._waiting = [*(ticks[row:] for ticks in self._waiting[number : number + 1]), *self._waiting[number + 1 :]]
        if any(map(len, whole)):
            yield _joined(whole)

    def _end(self, least: int) -> tuple[int, int]:
        """Return the part and its row up to which days are whole, where `least` is the least time that is to come."""
        begin = least // DAY * DAY
        while True:
            rows = ((number, _first(ticks.timestamp >= begin)) for number, ticks in enumerate(self._waiting))
            number, row = next((at for at in rows if at[1] < len(self._waiting[at[0]])), (len(self._waiting), 0))
            rest = [ticks.timestamp[row if place == 0 else 0 :] for place, ticks in enumerate(self._waiting[number:])]
            before = min([begin, *(int(times.min()) for times in rest)]) // DAY * DAY
            if before == begin:
                return number, row
            begin = before


def _joined(parts: Sequence[Ticks]) -> Ticks:
    parts = [part for part in parts if len(part)]
    return stack_ticks(parts, sum(map(len, parts)))


def _first(which: NDArray[np.bool_]) -> int:
    """Return the first place that is true, or how many there are."""
    place = int(which.argmax())
    return place if which[place] else len(which)
