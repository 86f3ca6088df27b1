"""Takes the clean ticks of a block's columns all at once; which rows are none is left to who judges them one by one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.conversion.rules import type_code
from pipeline.conversion.tables.arrow_columns import codes_of, filled_of, numbers_of
from pipeline.conversion.tables.time_column import BlockTimes
from pipeline.conversion.tick_columns import LONGEST_SHOWN
from pipeline.conversion.ticks import TickRows
from pipeline.conversion.time_column import Evidence
from pipeline.ticks import MOST_VOLUME

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from numpy.typing import NDArray

    from pipeline.conversion.headers import Columns
    from pipeline.conversion.rules import Rules
    from pipeline.conversion.ticks import Row
    from pipeline.ticks import Int32s, Int64s

    Mask = NDArray[np.bool_]

_NONE: Final = np.empty(0, np.int64)
NO_ROWS: Final = TickRows(_NONE, _NONE, _NONE.astype(np.int8), _NONE.astype(np.float64), _NONE)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class BlockRows:
    """A block's rows, numbered from 0: the clean ticks, and the cells of all others.

    evidence: what their times show of the order of day and month. of_utc: how many ticks had times with a zone.
    """

    records: int
    ticks: TickRows
    odd: Sequence[Row]
    evidence: Evidence = field(default_factory=Evidence)
    of_utc: int = 0


def take_ticks(
    column: Mapping[int, Any],
    columns: Columns,
    rules: Rules,
    places: Int64s,
    unclear: Collection[int] = (),
    beyond: Sequence[Any] = (),
) -> tuple[Mask, BlockRows]:
    """Return the rows that are clean ticks, without the others, and which of all they are.

    Args:
        column: By position, for those of `columns`: texts or what they stand for.
        columns: What the positions are.
        rules: By what cells are read.
        places: Each row's number.
        unclear: The columns in which a text such as 1.000 may be a thousand.
        beyond: Columns without headers, which no row of a tick fills.
    """
    price, size = (
        numbers_of(column[position], is_unclear=position in unclear) for position in (columns.price, columns.size)
    )
    codes: dict[str, int] = {}
    kinds = codes_of(column[columns.type], lambda text: codes.setdefault(text, type_code(text, rules.words)), np.int8)
    clean = (kinds >= 0) & (price >= 0) & (price < np.inf) & (size >= 0) & (size <= MOST_VOLUME)
    clean &= size == np.floor(size)
    for other in beyond:
        if other.null_count < len(other):
            clean &= ~filled_of(other)
    times = BlockTimes(column, columns, rules)
    evidence, of_utc = times.evidence(places), int(np.count_nonzero(times.of_utc & clean))
    clean &= times.is_time
    labels = {"": 0}
    security = _labelled(column, columns.security, labels, lambda text: text[:LONGEST_SHOWN])
    condition = _labelled(column, columns.condition, labels, lambda text: text.strip()[:LONGEST_SHOWN])
    taken: Any = slice(None) if clean.all() else clean
    ticks = TickRows(
        rows=places[taken],
        moments=times.moments[taken],
        kinds=kinds[taken],
        price=price[taken] + 0.0,
        volume=size[taken].astype(np.int64),
        security=None if security is None else security[taken],
        condition=None if condition is None else condition[taken],
        labels=tuple(labels),
        used_texts=frozenset(text for text, code in codes.items() if code >= 0),
    )
    return clean, BlockRows(len(places), ticks, [], evidence, of_utc)


def _labelled(
    column: Mapping[int, Any], position: int | None, labels: dict[str, int], label_of: Callable[[str], str]
) -> Int32s | None:
    """Return a column's labels as places in `labels`, to which they are added."""
    if position is None:
        return None

    def place(text: str) -> int:
        label = "" if text.isspace() else label_of(text)
        return labels.setdefault(label, len(labels))

    codes: Int32s = codes_of(column[position], place, np.int32)
    return codes
