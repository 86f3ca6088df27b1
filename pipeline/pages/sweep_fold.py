"""Computes what a sweep's page shows of its settings' figures: maps over two axes, and columns packed as text."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.pages.sweep_axes import Axis
    from pipeline.pages.sweep_data import Swept
    from pipeline.pages.sweep_figures import Figure
    from pipeline.ticks import Float64s, Int64s

FOLDS: Final = ("best", "median")
_KINDS: Final = ("<i1", "<i2", "<i4")
HELD_UP_TO: Final = 6
"""Choices up to which an axis may be held at one of them where maps are made beforehand."""

HELD: Final = (
    (0.7, "the order of the settings mostly held"),
    (0.3, "the order of the settings held in part"),
    (-0.3, "the order of the settings did not hold: what was best before says next to nothing of after"),
    (-1.0, "the order of the settings turned round"),
)
"""What a rank correlation from this value on means."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What a page shows at first: a view, a figure, the axes of its map, and the cells other axes are held at."""

    view: str
    figure: str
    across: str | None
    up: str | None
    fold: str = FOLDS[0]
    held: Mapping[str, int] = field(default_factory=dict)


def first_choice(swept: Swept) -> Choice:
    """Return what a page shows at first: the axes with the most values, under the execution of the chosen setting."""
    view = swept.views[0]
    chosen = swept.chosen(view)
    telling = [axis for axis in swept.axes if chosen is None or axis.codes[chosen] >= 0]
    ordered = sorted(telling, key=lambda one: (one in swept.assumptions, one.numbers is None, -len(one.values)))
    across, up = (*[axis.name for axis in ordered[:2]], None, None)[:2]
    held = {
        axis.name: int(axis.cell_codes[chosen])
        for axis in swept.assumptions
        if chosen is not None and axis.name not in (across, up) and axis.codes[chosen] >= 0
    }
    names = [figure.name for figure in swept.figures]
    figure = swept.main if swept.main in names else next(iter(names), "net_pnl")
    return Choice(view, figure, across, up, held=held)


def inside(swept: Swept, held: Mapping[str, int]) -> Any:
    """Return which settings have the cells that axes are held at."""
    found = np.ones(len(swept.settings), bool)
    for name, cell in held.items():
        found &= axis_of(swept, name).cell_codes == cell
    return found


class Ranked:
    """A figure of all settings, sorted once, so that each map of it takes a pass instead of a sort."""

    def __init__(self, values: Float64s, better: int) -> None:
        self._order = np.argsort(values, kind="stable")[: int((~np.isnan(values)).sum())]
        self._values = values[self._order]
        self._at_best = 0 if better < 0 else -1

    def maps(self, places: Int64s, cells: int) -> dict[str, Float64s]:
        """Return the best and the median of the settings of each cell, NaN for none; places: -1 is in no cell."""
        of = places[self._order]
        inside = of >= 0
        of, values = of[inside].astype(np.int16 if cells <= np.iinfo(np.int16).max else np.int64), self._values[inside]
        values = values[np.argsort(of, kind="stable")]
        counts = np.bincount(of, minlength=cells)
        ends = np.cumsum(counts)
        starts = ends - counts
        some = counts > 0
        best, median = np.full(cells, np.nan), np.full(cells, np.nan)
        best[some] = values[(ends - 1 if self._at_best else starts)[some]]
        lower, upper = (starts + (counts - 1) // 2)[some], (starts + counts // 2)[some]
        median[some] = (values[lower] + values[upper]) / 2
        return {"best": best, "median": median}


def map_of(swept: Swept, choice: Choice, values: Float64s, figure: Figure) -> Float64s:
    """Return the map of a choice, a row a cell of the axis going up; NaN where no setting is."""
    across, up = axis_of(swept, choice.across), axis_of(swept, choice.up)
    places = places_of(across, up)
    places = np.where(inside(swept, choice.held), places, -1)
    shape = (len(up.cells), len(across.cells))
    return Ranked(values, figure.better).maps(places, shape[0] * shape[1])[choice.fold].reshape(shape)


def places_of(across: Axis, up: Axis) -> Int64s:
    """Return the cell of each setting on the map of two axes, counted row by row; -1 for none."""
    columns, rows = across.cell_codes, up.cell_codes
    places: Int64s = np.where((columns < 0) | (rows < 0), -1, rows * len(across.cells) + columns)
    return places


def axis_of(swept: Swept, name: str | None) -> Axis:
    """Return an axis by its name; raises StopIteration for none of them."""
    return next(axis for axis in swept.axes if axis.name == name)


def packed(values: Any, digits: int = 0) -> dict[str, Any]:
    """Return numbers rounded to `digits` decimals as base64 of the narrowest whole numbers; the lowest means none."""
    scaled = np.rint(np.asarray(values, np.float64) * 10**digits)
    known = scaled[~np.isnan(scaled)]
    most = float(np.abs(known).max()) if len(known) else 0.0
    kind = next((kind for kind in _KINDS if most <= np.iinfo(kind).max), None)
    if kind is None:
        held = (scaled / 10**digits).astype("<f8")
        return {"kind": "f8", "digits": 0, "base64": base64.b64encode(held.tobytes()).decode()}
    held = np.where(np.isnan(scaled), np.iinfo(kind).min, scaled).astype(kind)
    return {"kind": kind[1:], "digits": digits, "base64": base64.b64encode(held.tobytes()).decode()}


def unpacked(column: Mapping[str, Any]) -> Float64s:
    """Return the numbers a packed column stands for, as the page reads them: NaN for none."""
    held = np.frombuffer(base64.b64decode(column["base64"]), f"<{column['kind']}")
    if column["kind"] == "f8":
        return held.astype(np.float64)
    none = held == np.iinfo(held.dtype).min
    found: Float64s = np.where(none, np.nan, held / 10 ** column["digits"])
    return found


def rounded(values: Float64s, digits: int) -> Float64s:
    """Return numbers as a page holds them, so that what is drawn first is what is drawn again."""
    return unpacked(packed(values, digits))


def rank_correlation(one: Float64s, other: Float64s) -> float | None:
    """Return Spearman's rank correlation, equal values sharing their mean rank; None for fewer than three settings.

    Source: C. Spearman, The Proof and Measurement of Association between Two Things, Am. J. Psychology 15 (1904).
    """
    known = ~(np.isnan(one) | np.isnan(other))
    if known.sum() < 3:  # noqa: PLR2004 - two are always in line
        return None
    ranks = [_ranks(values[known]) for values in (one, other)]
    apart = [rank - rank.mean() for rank in ranks]
    size = float(np.sqrt((apart[0] ** 2).sum() * (apart[1] ** 2).sum()))
    return float((apart[0] * apart[1]).sum()) / size if size > 0 else None


def _ranks(values: Float64s) -> Float64s:
    _, of, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: Float64s = (np.cumsum(counts) - (counts - 1) / 2)[of]
    return ranks


def sample(numbers: Int64s, most: int) -> Int64s:
    """Return the places of at most so many settings, ascending: spread over all, in step with no axis of the grid.

    Source: D. Knuth, The Art of Computer Programming 3, 6.4: multiplicative hashing by the golden ratio.
    """
    if len(numbers) <= most:
        return np.arange(len(numbers))
    keys = numbers.astype(np.uint64) * np.uint64(2_654_435_761) % np.uint64(2**32)
    found: Int64s = np.sort(np.argpartition(keys, most)[:most])  # no two keys are equal
    return found
