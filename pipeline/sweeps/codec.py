"""Sweep codec: figures and daily results of settings on one security as arrays, all that a sweep keeps of replays."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.metrics.formulas import first_of_each_day
from pipeline.metrics.ledger_builder import replay_figures
from pipeline.metrics.registry import SWEEP_FIGURES
from pipeline.ticks import union_of
from pipeline.times import DAY

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pipeline.replay.simulate import Replayed
    from pipeline.ticks import Int64s

FIGURES: Final = tuple(figure.name for figure in SWEEP_FIGURES)
"""The figures of one setting on one security. NaN: cannot be computed."""

COUNTS: Final = tuple(figure.name for figure in SWEEP_FIGURES if figure.form in ("count", "shares"))


DAY_TYPES: Final = {"net": "<f8", "turnover": "<f8", "fills": "<i4", "closing": "<i4", "wins": "<i4"}
"""What is kept of each day: AED, and counts of fills."""


@dataclass(frozen=True, slots=True, eq=False)
class FigureBlock:
    """What settings did on one security.

    Attributes:
        figures: FIGURES of each setting, shape (settings, figures).
        days: The days on which any of them has fills, and the market days, since 1970-01-01, ascending, shape (days,).
        market: Which of them are market days, shape (days,).
        net: Net P&L by day, AED, shape (settings, days), as all that follow.
        turnover: AED.
        fills: Counts of fills.
        closing: Counts of fills that realised a gain or a loss.
        wins: Counts of those that gained.
    """

    figures: Any
    days: Any
    market: Any
    net: Any
    turnover: Any
    fills: Any
    closing: Any
    wins: Any

    def arrays(self) -> dict[str, Any]:
        """Return the arrays by their names."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def take(self, places: Any) -> FigureBlock:
        """Return some of the settings."""
        by_setting = {name: getattr(self, name)[places] for name in ("figures", *DAY_TYPES)}
        return replace(self, **by_setting)


def encode_figures(replays: Iterable[Replayed]) -> FigureBlock:
    """Return the figures and days of replays of one security, a setting each, in their order."""
    figures: list[list[float]] = []
    traded: list[tuple[Int64s, dict[str, Any]]] = []
    market = np.empty(0, np.int64)
    for replayed in replays:
        market = replayed.market_days  # whatever is matched, they are the days of the ticks
        values = replay_figures(replayed, SWEEP_FIGURES).values()
        figures.append([np.nan if value is None else value for value in values])
        traded.append(_by_day(replayed))
    days = union_of([market, *(day for day, _ in traded)])
    return FigureBlock(
        np.array(figures, "<f8").reshape(-1, len(FIGURES)),
        days.astype("<i4"),
        np.isin(days, market),
        **{name: _on_days(days, traded, name, kind) for name, kind in DAY_TYPES.items()},
    )


def _by_day(replayed: Replayed) -> tuple[Int64s, dict[str, Any]]:
    """Return the days with fills, and what was done on each."""
    fills, fees = replayed.fills, replayed.fill_fees
    day = np.maximum.accumulate(fills.timestamp) // DAY
    starts = first_of_each_day(day)
    if not len(starts):
        return day[:0], dict.fromkeys(DAY_TYPES, day[:0])
    return day[starts], {
        "net": np.add.reduceat(fills.realized, starts) - np.add.reduceat(fees, starts),
        "turnover": np.add.reduceat(fills.price * fills.quantity, starts),
        "fills": np.diff(starts, append=len(day)),
        "closing": np.add.reduceat(fills.realized != 0.0, starts, dtype=np.int32),
        "wins": np.add.reduceat(fills.realized > 0.0, starts, dtype=np.int32),
    }


def _on_days(days: Int64s, traded: Sequence[tuple[Int64s, dict[str, Any]]], name: str, kind: str) -> Any:
    rows = np.zeros((len(traded), len(days)), kind)
    for row, (day, values) in zip(rows, traded, strict=True):
        row[np.searchsorted(days, day)] = values[name]
    return rows
