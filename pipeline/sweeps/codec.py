"""Sweep codec: figures and daily results of settings on one security as arrays, all that a sweep keeps of replays."""

from __future__ import annotations

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


def encode_figures(replays: Replays) -> dict[str, Any]:
    """Return the figures and days of the settings that came to an end on one security, as arrays by name.

    figures: FIGURES of each setting, shape (settings, figures). days: those on which any of them has fills, and the
    market days, since 1970-01-01, ascending, shape (days,); market: which of them are market days. The others, those of
    DAY_TYPES, are by day, shape (settings, days): net P&L, turnover, counts of fills, of those that realised a gain or
    a loss, and of those that gained.
    """
    every = list(replays.booked())
    order = np.argsort(replays.ended)
    market_days = every[0].market_days if every else np.empty(0, np.int64)  # those of the ticks, whatever is matched
    traded = [booked.days[booked.by_day["fills"].any(axis=0)] for booked in every]
    days = union_of([market_days, *traded])
    return {
        "figures": np.concatenate([np.empty((0, len(FIGURES))), *(booked.figures for booked in every)])[order],
        "days": days.astype("<i4"),
        "market": np.isin(days, market_days),
        **{name: _on_days(days, every, name, kind)[order] for name, kind in DAY_TYPES.items()},
    }


def _on_days(days: Int64s, every: Sequence[BookedSettings], name: str, kind: str) -> Any:
    parts = [np.empty((0, len(days)), kind)]
    for booked in every:
        places = np.searchsorted(booked.days, days)
        parts.append(booked.by_day[name][:, places].astype(kind))
    return np.concatenate(parts)
