"""How much of a sweep's best setting is the luck of having tried many, here and in other sweeps of these ticks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.metrics.figure import shown_annualised
from pipeline.metrics.formulas import TRADING_DAYS_A_YEAR
from pipeline.metrics.sharpe import probabilistic_sharpe, shape_of
from pipeline.sweeps.choice_statistics import (
    average_correlation,
    by_chance,
    deflated_sharpe,
    expected_maximum,
    independent_trials,
    overfitting,
)
from pipeline.sweeps.date_windows import WHOLE
from pipeline.sweeps.objectives import BAND_LOW, NET_PNL, SHARPE
from pipeline.sweeps.trials import even_sample

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pipeline.sweeps.choice import Best, Fold
    from pipeline.sweeps.objectives import Objective
    from pipeline.sweeps.results import SettingBlock, SweepResults
    from pipeline.ticks import Float64s

MOST_SETTINGS: Final = 2_000
"""Of how many settings the statistics are at most, evenly spread over all, the best among them."""

NEAR: Final = 64
"""Settings whose numbers differ by so much at most are read at once, with those between them."""

AT_A_TIME: Final = 4_096
ANNUAL: Final = math.sqrt(TRADING_DAYS_A_YEAR)
TEST: Final = "test"
WALKED: Final = "walk forward"
CROSSED: Final = "cross-validation"


@dataclass(frozen=True, slots=True)
class Luck:
    """How much of the best setting is luck, on all securities together or on the only one.

    Attributes:
        settings: How many could be chosen, under the execution model that settings are chosen under.
        settings_used: Of how many of them the statistics are.
        market_days: The days that settings were chosen on.
        figure: What `best`, `by_chance` and `out_of_sample` are: `net_pnl` a market day, or `sharpe`, annualised.
        best: Of the setting chosen, on the days it was chosen on.
        by_chance: What the best of as many settings is expected to have were none any good.
        out_of_sample: What the choice made on days that it did not see; None where these have no figure.
        out_of_sample_from: Whether these are the test's, the walk forward's or the other halves of cross-validation.
        p_value: How often the best of as many settings without merit would do as well, 0 to 1.
        sharpe: Annualised Sharpe ratio of the setting chosen.
        sharpe_by_chance: That luck gives the best of `settings_ever`; the deflated ratio is measured against it.
        probabilistic_sharpe: How probable it is that the true ratio is above 0, had no other setting been tried.
        deflated_sharpe: How probable it is that it is above `sharpe_by_chance`.
        settings_ever: How many settings were tried on these ticks, here, in sweeps beside it and in those replaced.
        sweeps: How many sweeps these are.
        independent_trials: As how many independent ones they count.
        average_correlation: Mean correlation of the daily P&L of two settings.
        overfitting_probability: How often the best of half of the days was not above the median on the other half.
        rank_correlation: Of all settings between such halves, the mean.
        block_days: Mean length of the blocks of days that were drawn.
    """

    settings: int
    settings_used: int
    market_days: int
    figure: str
    best: float
    by_chance: float
    out_of_sample: float | None
    out_of_sample_from: str
    p_value: float
    sharpe: float
    sharpe_by_chance: float
    probabilistic_sharpe: float
    deflated_sharpe: float
    settings_ever: int
    sweeps: int
    independent_trials: float
    average_correlation: float
    overfitting_probability: float
    rank_correlation: float
    block_days: float


def luck_of(
    results: SweepResults,
    best: Best | None,
    folds: Sequence[Fold],
    objective: Objective,
    train: Any,
    before: tuple[int, int] = (0, 0),
) -> Luck | None:
    """Return how much of the best setting is luck.

    Args:
        results: Of the sweep.
        best: The setting chosen for all securities together, or for the only one; None where none was.
        folds: The walk forward of the same; empty without one.
        objective: What settings were chosen by; of all but the Sharpe ratio the statistics are those of net P&L.
        train: The window that settings were chosen on; None for all days.
        before: How many settings other sweeps tried on these ticks, and how many sweeps.

    Returns:
        The statistics; None for fewer than two settings, or too few or equal days.
    """
    if best is None:
        return None
    daily, at, settings = _daily(results, best, train or WHOLE)
    shape = shape_of(daily[at])
    if settings < 2 or shape is None:  # noqa: PLR2004 - of one there is nothing to choose
        return None
    by_sharpe = objective.name == SHARPE and objective.own is None
    unit = ANNUAL if by_sharpe else 1.0
    correlation = average_correlation(daily)
    trials = independent_trials(settings + before[0], correlation)
    deflated = deflated_sharpe(daily, at, settings + before[0])
    assert deflated is not None  # noqa: S101 - there is a shape
    expected, probability = deflated
    chance, over = by_chance(daily, at, by_sharpe=by_sharpe), overfitting(daily, by_sharpe=by_sharpe)
    assert over is not None  # noqa: S101 - a shape takes more days
    grown = expected_maximum(settings + before[0]) / expected_maximum(len(daily))
    crossed = over.after * unit if objective.has_column and objective.name != BAND_LOW else None
    came, source = _out_of_sample(best, folds, crossed, by_sharpe=by_sharpe)
    return Luck(
        settings=settings,
        settings_used=len(daily),
        market_days=shape.days,
        figure=SHARPE if by_sharpe else NET_PNL,
        best=shape.sharpe * ANNUAL if by_sharpe else float(daily[at].mean()),
        by_chance=chance.best * grown * unit,
        out_of_sample=came,
        out_of_sample_from=source,
        p_value=chance.p_value,
        sharpe=shape.sharpe * ANNUAL,
        sharpe_by_chance=expected * ANNUAL,
        probabilistic_sharpe=probabilistic_sharpe(shape),
        deflated_sharpe=probability,
        settings_ever=settings + before[0],
        sweeps=1 + before[1],
        independent_trials=trials,
        average_correlation=correlation,
        overfitting_probability=over.probability,
        rank_correlation=over.rank_correlation,
        block_days=chance.block_days,
    )


def _daily(results: SweepResults, best: Best, window: Any) -> tuple[Float64s, int, int]:
    """Return the daily net P&L of settings that could be chosen, which of them is the best, and how many there are."""
    settings, numbers = 0, []
    for part in results.trials.parts:
        block = results.block(part)
        may = part.having(results.plan.assumed) & block.good(best.security)
        numbers.append(part.numbers[may])
        settings += int(may.sum())
    every = np.concatenate(numbers)
    if len(every) > MOST_SETTINGS:
        every = np.unique(np.append(every[even_sample(every, MOST_SETTINGS - 1)], best.trial.number))
    bounds = np.flatnonzero(np.diff(every) > NEAR) + 1
    rows = [
        block.window(best.security, window).daily[np.isin(block.columns.numbers, every)]
        for near in np.split(every, bounds)
        for block in _blocks(results, int(near[0]), int(near[-1]))
    ]
    return np.concatenate(rows), int(np.flatnonzero(every == best.trial.number)[0]), settings


def _blocks(results: SweepResults, first: int, last: int) -> Iterator[SettingBlock]:
    """Yield the settings from one number to another, so many at a time and of one strategy."""
    while first <= last:
        part, at = results.trials.place(first)
        some = part.take(slice(at, at + min(last - first + 1, AT_A_TIME)))
        yield results.block(some)
        first += len(some)


def _out_of_sample(
    best: Best, folds: Sequence[Fold], crossed: float | None, *, by_sharpe: bool
) -> tuple[float | None, str]:
    """Return what the choice made on days that it did not see, and which days these are.

    crossed: by cross-validation, which chooses by net P&L or by the Sharpe ratio only.
    """
    if best.test is not None:
        net = best.test.net_pnl
        daily = None if net is None or not best.test.market_days else net / best.test.market_days
        return (shown_annualised(best.test.sharpe, best.test.market_days) if by_sharpe else daily), TEST
    days = sum(fold.test.market_days for fold in folds)
    if days and not by_sharpe:
        return sum(fold.test.net_pnl or 0.0 for fold in folds) / days, WALKED
    return crossed, CROSSED
