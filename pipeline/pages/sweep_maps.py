"""Maps of all settings over pairs of axes, for a sweep too large for its page to hold whole."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.pages.sweep_fold import FOLDS, HELD_UP_TO, Ranked, packed, places_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pipeline.pages.sweep_axes import Axis
    from pipeline.pages.sweep_data import Swept
    from pipeline.pages.sweep_figures import Figure
    from pipeline.pages.sweep_fold import Choice

MOST_AXES: Final = 6
SORTED: Final = 30_000_000
"""Settings x maps that are gone through for one page: about a second."""

A_SORT: Final = 5
"""What sorting a figure costs, in maps of it."""


def maps_of(
    swept: Swept, figures: Sequence[Figure], start: Choice, size: int
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return maps of all settings over pairs of axes, for as many axes and then views as there is room and time for."""
    plan = next(one for one in _plans(swept, figures, start) if one.fits(swept, size) or one.is_last)
    columns: dict[str, dict[str, Any]] = {}
    room, time = size, SORTED
    for view in swept.views:
        own = [one for one in plan.figures if (view, one.name) in swept.columns]
        if columns and (room < plan.bytes * len(own) or time < plan.work(swept) * len(own)):
            continue
        columns[view] = {}
        for figure in own:
            ranked = Ranked(swept.values(view, figure.name), figure.better)
            found = [one for across, up in plan.pairs for one in _held_maps(ranked, across, up, plan.holds)]
            columns[view][figure.name] = packed(np.concatenate(found) if found else np.empty(0), figure.digits)
            room -= len(columns[view][figure.name]["base64"])
        time -= plan.work(swept) * len(own)
    told = {
        "axes": [axis.name for axis in plan.axes],
        "pairs": [[one.name, other.name] for one, other in plan.pairs],
        "holds": [hold and (hold[0].name, hold[1]) for hold in plan.holds],
        "folds": list(FOLDS),
        "columns": columns,
    }
    return told, tuple(view for view in swept.views if view not in columns)


@dataclass(frozen=True, slots=True)
class _Plan:
    """What maps are made of: axes, what they are held at, figures."""

    axes: tuple[Axis, ...]
    holds: tuple[tuple[Axis, int] | None, ...]
    figures: tuple[Figure, ...]
    is_last: bool = False

    @property
    def pairs(self) -> list[tuple[Axis, Axis]]:
        return list(combinations(self.axes, 2))

    @property
    def bytes(self) -> int:
        """What one figure of one view may take."""
        cells = sum(len(one.cells) * len(other.cells) for one, other in self.pairs)
        return cells * len(FOLDS) * len(self.holds) * 16 // 3

    def work(self, swept: Swept) -> int:
        """Return how many settings are gone through for one figure of one view; the cells of a hold share them."""
        passes = 1 + len({hold[0].name for hold in self.holds if hold is not None})
        return len(swept.settings) * (len(self.pairs) * passes + A_SORT)

    def fits(self, swept: Swept, size: int) -> bool:
        """Return whether one view is a third of the room at most, and is there in time."""
        many = len(self.figures)
        return self.bytes * many * 3 <= size and self.work(swept) * many <= SORTED


def _plans(swept: Swept, figures: Sequence[Figure], start: Choice) -> Iterator[_Plan]:
    """Yield what maps could be made of, from the most to the least: the axes shown at first, and the main figure."""
    first = (start.across, start.up)
    order = [name for name in first if name is not None]
    axes = sorted(
        swept.axes, key=lambda axis: (-1, order.index(axis.name)) if axis.name in order else (0, -len(axis.cells))
    )
    main = (swept.main, swept.main.replace("train_", "test_"))
    needed = tuple(one for one in figures if one.name in main)
    for count in range(min(len(axes), MOST_AXES), 1, -1):
        kept = tuple(axes[:count])
        holds = (None, *_holds(swept.assumptions))
        yield _Plan(kept, holds, tuple(figures))
        yield _Plan(kept, holds, needed)
        yield _Plan(kept, (None,), needed, is_last=count == 2)  # noqa: PLR2004 - the last two are the map
    yield _Plan((), (None,), (), is_last=True)


def _holds(axes: Sequence[Axis]) -> Iterator[tuple[Axis, int]]:
    """Yield the cells at which an axis may be held, one at a time."""
    for axis in axes:
        if len(axis.cells) <= HELD_UP_TO:
            yield from ((axis, cell) for cell in range(len(axis.cells)))


def _held_maps(ranked: Ranked, across: Axis, up: Axis, holds: Sequence[Any]) -> Iterator[Any]:
    """Yield a pair's maps, those of each hold with both folds; where the axis held is of the pair, the whole ones."""
    places = places_of(across, up)
    cells = len(across.cells) * len(up.cells)
    for hold in holds:
        some = places
        if hold is not None and hold[0] not in (across, up):
            some = np.where(hold[0].cell_codes == hold[1], places, -1)
        maps = ranked.maps(some, cells)
        yield from (maps[fold] for fold in FOLDS)
