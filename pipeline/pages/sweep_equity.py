"""Reads what the setting chosen for a view of a sweep, and the median one, made day by day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.runs.read_file import csv_rows
from pipeline.sweeps.writer import EQUITY_FILE

if TYPE_CHECKING:
    from collections.abc import Collection

    from pipeline.store.path import AnyPath
    from pipeline.ticks import Float64s

MOST_POINTS: Final = 500
"""Days that a page draws; of more each so many, and the last."""


@dataclass(frozen=True, slots=True)
class ChosenEquity:
    """The numbers of the setting chosen and of the median one, and their net realised P&L as days end, money."""

    settings: tuple[int, int]
    days: tuple[str, ...]
    chosen: Float64s
    median: Float64s

    def as_drawn(self) -> dict[str, Any]:
        """Return it as a page draws it, to the cent."""
        last = len(self.days) - 1
        step = max(1, -(-len(self.days) // MOST_POINTS))
        places = sorted({*range(0, len(self.days), step), last})
        return {
            "settings": list(self.settings),
            "days": [self.days[at] for at in places],
            "chosen": self.chosen[places].round(2).tolist(),
            "median": self.median[places].round(2).tolist(),
        }


def read_equity(directory: AnyPath, views: Collection[str]) -> dict[str, ChosenEquity]:
    """Return the equity of some views; raises what a damaged file makes of it."""
    rows: dict[str, list[dict[str, str]]] = {}
    for row in csv_rows(directory / EQUITY_FILE):
        if row["security"] in views:
            rows.setdefault(row["security"], []).append(row)
    return {
        view: ChosenEquity(
            (int(of_view[0]["setting"]), int(of_view[0]["median_setting"])),
            tuple(row["day"] for row in of_view),
            *(np.cumsum([float(row[name]) for row in of_view]) for name in ("net_pnl", "median_net_pnl")),
        )
        for view, of_view in rows.items()
    }
