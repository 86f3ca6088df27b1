"""Reads what the setting chosen for a view of a sweep, and the median one, made day by day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.runs.read_file import csv_rows
from pipeline.sweeps.writer import EQUITY_FILE

if TYPE_CHECKING:
    from collections.abc import Collection

    from pipeline.store.path import AnyPath

MOST_POINTS: Final = 500
"""Days that a page draws; of more each so many, and the last."""


def read_equity(directory: AnyPath, views: Collection[str]) -> dict[str, dict[str, Any]]:
    """Return the equity of some views as a page draws it, to the cent; raises what a damaged file makes of it."""
    rows: dict[str, list[dict[str, str]]] = {}
    for row in csv_rows(directory / EQUITY_FILE):
        if row["security"] in views:
            rows.setdefault(row["security"], []).append(row)
    return {view: _drawn(of_view) for view, of_view in rows.items()}


def _drawn(rows: list[dict[str, str]]) -> dict[str, Any]:
    """Return the numbers of the setting chosen and of the median one, and their net realised P&L as days end, money."""
    places = sorted({*range(0, len(rows), -(-len(rows) // MOST_POINTS)), len(rows) - 1})
    chosen, median = (np.cumsum([float(row[name]) for row in rows]) for name in ("net_pnl", "median_net_pnl"))
    return {
        "settings": [int(rows[0]["setting"]), int(rows[0]["median_setting"])],
        "days": [rows[at]["day"] for at in places],
        "chosen": chosen[places].round(2).tolist(),
        "median": median[places].round(2).tolist(),
    }
