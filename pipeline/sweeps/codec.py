"""Sweep codec: figures and daily results of settings on one security as arrays, all that a sweep keeps of replays."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.metrics.registry import SWEEP_FIGURES
from pipeline.ticks import union_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.metrics.setting_figures import BookedSettings
    from pipeline.sweeps.tasks import Replays
    from pipeline.ticks import Int64s

FIGURES: Final = tuple(figure.name for figure in SWEEP_FIGURES)
"""The figures of one setting on one security. NaN: cannot be computed."""

COUNTS: Final = tuple(figure.name for figure in SWEEP_FIGURES if figure.form in ("count", "shares"))


DAY_TYPES: Final = {"net": "<f8", "turnover": "<f8", "fills": "<i4", "closing": "<i4", "wins": "<i4"}
"""What is kept of each day: money, and counts of fills."""


@dataclass(frozen=True, slots=True, eq=False)
class FigureBlock:
    """What settings did on one security.

    Attributes:
        figures: FIGURES of each setting, shape (settings, figures).
        days: The days on which any of them has fills, and the market days, since 1970-01-01, ascending, shape (days,).
        market: Which of them are market days, shape (days,).
        net: Net P&L by day, money, shape (settings, days), as all that follow.
        turnover: money.
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


def encode_figures(replays: Replays) -> FigureBlock:
    """Return the figures and days of settings on one security, in the order in which they came to an end."""
    every = list(replays.booked())
    market_days = every[0].market_days if every else np.empty(0, np.int64)  # those of the ticks, whatever is matched
    traded = [booked.days[booked.by_day["fills"].any(axis=0)] for booked in every]
    days = union_of([market_days, *traded])
    return FigureBlock(
        np.concatenate([booked.figures for booked in every] or [np.empty((0, len(FIGURES)))]),
        days.astype("<i4"),
        np.isin(days, market_days),
        **{name: _on_days(days, every, name, kind) for name, kind in DAY_TYPES.items()},
    )


def _on_days(days: Int64s, every: Sequence[BookedSettings], name: str, kind: str) -> Any:
    parts = [np.empty((0, len(days)), kind)]
    for booked in every:
        places = np.searchsorted(booked.days, days)
        parts.append(booked.by_day[name][:, places].astype(kind))
    return np.concatenate(parts)
