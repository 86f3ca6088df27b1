"""An axis of a sweep's page: its values in order, and the cells in which a map of limited size shows them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.engine.execution import SWITCH

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_CELLS: Final = 40
"""Values up to which a map has a row or column a value; more are put together."""

BINS: Final = 20
LOG_FROM: Final = 30.0
"""Numbers above 0 whose ends differ by more than this factor are put together by their logarithms."""

SPAN_DIGITS: Final = 4
EXACT_DIGITS: Final = 17

NONE: Final = "none"
OTHERS: Final = "others"


@dataclass(frozen=True, slots=True)
class Axis:
    """What was varied by one name.

    values: different values as text, numbers ascending; numbers: the same as numbers, None unless all are. codes: the
    place of each setting's value, -1 where the axis says nothing to its strategy. cells: how maps show the values;
    cell_of: the cell of each value; cell_codes: the cell of each setting, as codes.
    """

    name: str
    label: str
    values: tuple[str, ...]
    numbers: tuple[float, ...] | None
    codes: Any
    cells: tuple[str, ...]
    cell_of: Any
    cell_codes: Any

    @property
    def binned(self) -> bool:
        """Whether a cell stands for more than one value."""
        return len(self.cells) < len(self.values)


def axis_of_values(name: str, values: Sequence[Any], codes: Any, applies: Any) -> Axis:
    """Return the axis of a column: numbers in their order, texts and truths in the order the sweep first used them.

    codes: the place of each setting's value in values, -1 for none; applies: where the axis says something.
    """
    used = np.flatnonzero(np.bincount(codes[codes >= 0], minlength=len(values))).tolist()
    are_numbers = all(isinstance(values[at], (int, float)) and not isinstance(values[at], bool) for at in used)
    order = sorted(used, key=lambda at: values[at]) if are_numbers else used
    rank = np.full(len(values) + 1, -1, np.int32)
    rank[order] = np.arange(len(order))
    shown = [number_text(float(values[at])) if are_numbers else _text(values[at]) for at in order]
    if (applies & (codes < 0)).any():
        rank[-1] = len(shown)
        return _choices(name, [*shown, NONE], np.where(applies, rank[codes], -1))
    placed = np.where(applies, rank[codes], -1)
    if not are_numbers or not order:
        return _choices(name, shown, placed)
    numbers = np.array([values[at] for at in order], np.float64)
    if len(numbers) <= MOST_CELLS:
        return _axis(name, shown, numbers, placed, shown, np.arange(len(shown)))
    bins = _bins(numbers)
    used_bins = np.unique(bins)
    cell_of = np.searchsorted(used_bins, bins)
    cells = [_span(numbers[cell_of == at], SPAN_DIGITS) for at in range(len(used_bins))]
    if len(set(cells)) < len(cells):
        cells = [_span(numbers[cell_of == at], EXACT_DIGITS) for at in range(len(used_bins))]
    return _axis(name, shown, numbers, placed, cells, cell_of)


def _text(value: Any) -> str:
    """Return a choice as people write it; fees by exchange are JSON in the table."""
    if isinstance(value, str) and value.startswith("{"):
        return ", ".join(f"{name} {number_text(float(fee))}" for name, fee in json.loads(value).items())
    return str(value).lower() if isinstance(value, bool) else str(value)


def number_text(value: float) -> str:
    """Return a value of an axis as people write it."""
    return f"{int(value):,}" if value.is_integer() and abs(value) < 1e15 else f"{value:,}"  # noqa: PLR2004 - 2**50


def short_name(axis: str) -> str:
    """Return an axis as the terminal calls it, `fees_bps` for `execution.fees_bps`."""
    return axis.removeprefix(SWITCH)


def _choices(name: str, values: Sequence[str], codes: Any) -> Axis:
    cell_of = np.arange(len(values))
    if len(values) <= MOST_CELLS:
        return _axis(name, values, None, codes, values, cell_of)
    cells = [*values[: MOST_CELLS - 1], OTHERS]
    return _axis(name, values, None, codes, cells, np.minimum(cell_of, MOST_CELLS - 1))


def _axis(name: str, values: Sequence[str], numbers: Any, codes: Any, cells: Sequence[str], cell_of: Any) -> Axis:
    listed = None if numbers is None else tuple(numbers.tolist())
    of = np.append(cell_of, -1).astype(np.int32)
    return Axis(name, short_name(name), tuple(values), listed, codes.astype(np.int32), tuple(cells), of[:-1], of[codes])


def _bins(numbers: Any) -> Any:
    """Return the bin of each number: as wide as each other, in the logarithm where the numbers span decades."""
    scaled = np.log(numbers) if numbers[0] > 0 and numbers[-1] / numbers[0] > LOG_FROM else numbers
    edges = np.linspace(scaled[0], scaled[-1], BINS + 1)
    return np.clip(np.searchsorted(edges, scaled, side="right") - 1, 0, BINS - 1)


def _span(numbers: Any, digits: int) -> str:
    """Return the first and last of numbers; those that are not whole to so many digits, so that many fit."""
    first, last = (
        number_text(end if end.is_integer() else float(f"{end:.{digits}g}")) for end in numbers[[0, -1]].tolist()
    )
    return first if first == last else f"{first} \N{EN DASH} {last}"
