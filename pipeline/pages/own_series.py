"""The lines of what a strategy recorded on a security's panel: on the row of prices, or each on a row of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.pages.cells import clipped
from pipeline.pages.curves import digits_of
from pipeline.pages.html import NOTHING, Piece, html
from pipeline.pages.page import chart_text
from pipeline.runs.layout import SERIES_FOLDER
from pipeline.runs.read_file import reading
from pipeline.spark import extremes
from pipeline.store.columns import float_values, number_values, whole
from pipeline.store.parquet import read_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.pages.run_reader import Contents, Track
    from pipeline.ticks import Float64s, Int64s

MOST_SERIES: Final = 6
"""Series drawn of a security, the first declared; a note names the others."""
POINT_BYTES: Final = 7
"""About how many bytes of a page a point of a thinned series takes."""
SERIES_BYTES: Final = 400
"""Bytes of a page that a series takes besides its numbers, at most."""
FIGURE_BYTES: Final = 4_000
"""Bytes of what panels with the same series on the same rows have in common, at most."""
LONGEST_NAME: Final = 40
LONGEST_TITLE: Final = 14
SHARE: Final = 4
"""Of the room for a panel one part in so many is its series', if they need it."""
NEAR: Final = 0.01
"""How far beside the prices a series of price's size may be at least, as a share of them."""
COLOURS: Final = ("$equity", "$marked", "$position")
DASHES: Final = ("solid", "dot")


@dataclass(frozen=True, slots=True)
class Line:
    """A series as a panel has it. on_price: whether on the row of prices. drawn: how many of the numbers recorded."""

    name: str
    on_price: bool
    drawn: int
    recorded: int


@dataclass(frozen=True, slots=True)
class OwnSeries:
    """What a strategy recorded of one security under one name; stamps: ms, exchange-local, that never step back.

    values: finite. line: how a panel has it.
    """

    line: Line
    stamps: Int64s
    values: Float64s

    def thinned(self, most: int) -> OwnSeries:
        """Return it with at most so many points, the extremes of each stretch."""
        places = extremes([self.values], most)
        return OwnSeries(replace(self.line, drawn=len(places)), self.stamps[places], self.values[places])


def read_own_series(contents: Contents, ticker: str, track: Track) -> list[OwnSeries]:
    """Return what was recorded of a security, a series without a number left out; raises DamagedRun or NewerRun."""
    name = f"{SERIES_FOLDER}/{ticker}.parquet"
    if name not in contents.run.get("files", ()):
        return []
    path = contents.folder / name
    with reading(path):
        table = read_table(path)
        stamps = np.maximum.accumulate(number_values(whole(table.column("timestamp")), np.int64))
        columns = {each: float_values(table.column(each)) for each in table.schema.names if each != "timestamp"}
    prices = np.concatenate([track.mid, track.price])
    series = []
    for each, values in columns.items():
        known = np.isfinite(values)
        if known.any():
            count = int(known.sum())
            line = Line(each, is_of_price_size(values[known], prices), count, count)
            series.append(OwnSeries(line, stamps[known], values[known]))
    return series


def is_of_price_size(values: Float64s, prices: Float64s) -> bool:
    """Return whether all values are within the range of prices, or beside it by at most half of its height.

    That is at least 1 % of the price, so that a day on which it hardly moves has room for what is near it.
    """
    known = prices[~np.isnan(prices)]
    if not len(known):
        return False
    low, high = float(known.min()), float(known.max())
    room = max((high - low) / 2, NEAR * high)
    return low - room <= float(values.min()) and float(values.max()) <= high + room


def reserved(contents: Contents, panels: int) -> int:
    """Return how many bytes of a page so many panels have for their series besides the numbers, at most."""
    if not any(name.startswith(f"{SERIES_FOLDER}/") for name in contents.run.get("files", ())):
        return 0
    return panels * MOST_SERIES * SERIES_BYTES + min(panels, 2**MOST_SERIES) * FIGURE_BYTES


def fitting(recorded: Sequence[OwnSeries], most: int) -> list[OwnSeries]:
    """Return the series that a panel draws, thinned where they take more than their share of so many bytes."""
    drawn = list(recorded[:MOST_SERIES])
    points = most // SHARE // POINT_BYTES
    if sum(each.line.recorded for each in drawn) <= points:
        return drawn
    return [each.thinned(points // len(drawn)) for each in drawn]


def columns_of(series: Sequence[OwnSeries]) -> dict[str, tuple[Any, int]]:
    """Return the columns that timeline.js makes the lines of."""
    columns: dict[str, tuple[Any, int]] = {}
    for number, each in enumerate(series):
        columns |= {f"recorded_{number}": (each.stamps, 0), f"own_{number}": (each.values, digits_of(each.values))}
    return columns


def traces_of(lines: Sequence[Line], rows: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return a trace each; rows: the axis of those that have a row of their own, by name."""
    return [
        {
            "shared": "own_on_price" if each.on_price else "own",
            "yaxis": rows.get(each.name, "y"),
            "own": number,
            "name": chart_text(clipped(each.name, LONGEST_NAME)),
            "line": {
                "color": COLOURS[number % len(COLOURS)],
                "dash": DASHES[number // len(COLOURS)],
                "width": 1.2,
                "shape": "hv",
            },
        }
        for number, each in enumerate(lines)
    ]


def said(lines: Sequence[Line]) -> str:
    """Return what a panel's heading says of its series, the rows in their order; empty without any."""
    names = [clipped(each.name, LONGEST_NAME) + " (with the prices)" * each.on_price for each in lines]
    return f"own series {', '.join(names)}" if names else ""


def notes(ticker: str, lines: Sequence[Line], others: Sequence[str]) -> Piece:
    """Return what a panel does not draw of its series; others: the names of those that it does not draw at all."""
    parts = [
        f"{each.drawn:,} of the {each.recorded:,} numbers of {clipped(each.name, LONGEST_NAME)} are on this page, "
        "with the extremes of each stretch"
        for each in lines
        if each.drawn < each.recorded
    ]
    parts += [f"not drawn: {clipped(', '.join(others))}"] * bool(others)
    if not parts:
        return NOTHING
    return html('<p class="note">%s; all are in series/%s.parquet.</p>\n', "; ".join(parts), ticker)
