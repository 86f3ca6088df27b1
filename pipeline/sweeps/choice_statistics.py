"""Statistics of choosing the best of many settings, from the daily P&L of each: how much of it is having tried many.

All take daily P&L of shape (settings, days), money, a row a setting that was evaluated, a column a market day.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.metrics.bootstrap import block_lengths, drawn_days
from pipeline.metrics.formulas import ROUNDING, TRADING_DAYS_A_YEAR, sharpe_of_each
from pipeline.metrics.sharpe import probabilistic_sharpe, shape_of

if TYPE_CHECKING:
    from pipeline.ticks import Float64s

EULER: Final = 0.5772156649015329
"""The constant of Euler and Mascheroni."""

DRAWS: Final = 1_000
MOST_BLOCKS: Final = 10
FEWEST_BLOCKS: Final = 4
LENGTHS_OF: Final = 50
"""Of how many settings the blocks of the bootstrap have the mean length."""


def expected_maximum(trials: float) -> float:
    """Return how many standard deviations the best of so many independent trials without any merit is expected to have.

    Source: D. H. Bailey and M. López de Prado, The Deflated Sharpe Ratio, J. Portfolio Management 40 (2014): (1 - c)
    Φ⁻¹(1 - 1 / N) + c Φ⁻¹(1 - 1 / (N e)), c being the constant of Euler and Mascheroni.

    Args:
        trials: How many, at least 1; of one it is 0.
    """
    from statistics import NormalDist  # 10 ms that only sweeps pay for

    if trials <= 1.0:
        return 0.0
    quantile = NormalDist().inv_cdf
    return max((1.0 - EULER) * quantile(1.0 - 1.0 / trials) + EULER * quantile(1.0 - 1.0 / (trials * math.e)), 0.0)


def average_correlation(daily: Float64s) -> float:
    """Return the mean correlation of two settings' daily P&L; settings that did not vary are as one with all others.

    Args:
        daily: At least two settings.
    """
    away = daily - daily.mean(axis=1, keepdims=True)
    scale = np.sqrt((away * away).sum(axis=1))
    varies = scale > ROUNDING * np.abs(daily).sum(axis=1)
    count = int(varies.sum())
    if count < 2:  # noqa: PLR2004 - a pair
        return 1.0
    total = (away[varies] / scale[varies, np.newaxis]).sum(axis=0)
    among = (float(total @ total) - count) / (count * (count - 1))
    pairs, of_varying = len(daily) * (len(daily) - 1), count * (count - 1)
    return min(max((among * of_varying + pairs - of_varying) / pairs, 0.0), 1.0)


def independent_trials(trials: int, correlation: float) -> float:
    """Return as how many independent trials so many count, whose mean correlation is known: r + (1 - r) N.

    Source: as of `expected_maximum`, appendix 3.
    """
    return correlation + (1.0 - correlation) * trials


def deflated_sharpe(daily: Float64s, chosen: int, trials: int) -> tuple[float, float] | None:
    """Return the Sharpe ratio of a day that luck gives the best of trials, and how probable it is that one is above it.

    Source: as of `expected_maximum`: √V times the expected maximum, V being the variance of the Sharpe ratio over the
    settings. Settings that go together have a smaller V, so that all trials count here: were only the independent ones
    to count as well, correlation would be allowed for twice, and of pure noise up to 10 instead of 5 of 100 sweeps
    would pass 95 %.

    Args:
        daily: At least two settings.
        chosen: The setting in question.
        trials: How many were tried, these and others like them.

    Returns:
        Both; None for too few days, or where all earned the same.
    """
    shape = shape_of(daily[chosen])
    if shape is None:
        return None
    ratios = np.nan_to_num(sharpe_of_each(daily)) / math.sqrt(TRADING_DAYS_A_YEAR)
    expected = float(ratios.std(ddof=1)) * expected_maximum(trials)
    return expected, probabilistic_sharpe(shape, expected)


@dataclass(frozen=True, slots=True)
class Overfitting:
    """What choosing on half of the days was worth on the other half, over all ways to halve them by blocks.

    Attributes:
        probability: How often the setting that was best on one half was not above the median on the other.
        after: Mean of the figure on the other half, of the setting chosen.
        rank_correlation: Mean rank correlation of all settings between the halves.
        halvings: How many ways there were.
    """

    probability: float
    after: float
    rank_correlation: float
    halvings: int


def overfitting(daily: Float64s, *, by_sharpe: bool) -> Overfitting | None:
    """Return what combinatorially symmetric cross-validation says of choosing the best setting.

    Source: D. H. Bailey, J. M. Borwein, M. López de Prado and Q. J. Zhu, The Probability of Backtest Overfitting, J.
    Computational Finance 20 (2016). Equal settings share their mean rank; a half on which all are equal has no order,
    and its rank correlation counts as 0.

    Args:
        daily: At least two settings.
        by_sharpe: Choose by the Sharpe ratio of a day instead of by its mean net P&L; `after` is in that.

    Returns:
        The finding; None for fewer than eight days.
    """
    blocks = min(MOST_BLOCKS, daily.shape[1] // 2) // 2 * 2
    if blocks < FEWEST_BLOCKS:
        return None
    parts = np.array_split(daily, blocks, axis=1)
    days = np.array([part.shape[1] for part in parts])
    sums = np.stack([part.sum(axis=1) for part in parts])
    squares = np.stack([(part * part).sum(axis=1) for part in parts])
    halves = np.array([*combinations(range(blocks), blocks // 2)])
    figures = _figures(sums, squares, days, halves, by_sharpe=by_sharpe)
    # In their order the ways to halve read backwards are the other halves.
    count, other_half = len(halves), figures[::-1]
    after = other_half[range(count), figures.argmax(axis=1)]
    chosen = after[:, np.newaxis]
    ranks_after = (other_half < chosen).sum(axis=1) + ((other_half == chosen).sum(axis=1) + 1) / 2
    over = int((ranks_after <= (len(daily) + 1) / 2).sum())
    ranks = mean_ranks(figures) - (len(daily) - 1) / 2
    lengths = (ranks * ranks).sum(axis=1)
    scales = np.sqrt(lengths * lengths[::-1])
    alike = np.divide((ranks * ranks[::-1]).sum(axis=1), scales, out=np.zeros(count), where=scales > 0.0)
    return Overfitting(over / count, _added(after) / count, _added(alike) / count, count)


@dataclass(frozen=True, slots=True)
class Chance:
    """What the best of the settings would look like were none any good.

    Attributes:
        best: Mean of the highest figure of any setting.
        p_value: How often the highest would be as high as the setting chosen is, 0 to 1.
        block_days: Mean length of the blocks that days were drawn in.
    """

    best: float
    p_value: float
    block_days: float


def by_chance(daily: Float64s, chosen: int | None = None, *, by_sharpe: bool, draws: int = DRAWS) -> Chance:
    """Return what chance alone makes of the best of the settings.

    Days are drawn in blocks, the same for all settings, each setting less its own mean, and the figure worked out anew.
    Source: H. White, A Reality Check for Data Snooping, Econometrica 68 (2000); as P. R. Hansen, A Test for Superior
    Predictive Ability, J. Business & Economic Statistics 23 (2005), settings that are far below 0 are left there. The
    benchmark is not to trade.

    Args:
        daily: At least two settings.
        chosen: The setting that was chosen by something else; by default the best.
        by_sharpe: Of the Sharpe ratio of a day instead of its mean net P&L.
        draws: How many times the days are drawn.
    """
    count, days = daily.shape
    length = float(np.mean(block_lengths(daily[:: max(1, count // LENGTHS_OF)])))
    weights = np.concatenate([_weights(drawn, days) for drawn in drawn_days(days, length, draws)])
    mean = daily.mean(axis=1)
    figures = weights @ daily.T
    spread = np.sqrt(np.maximum((daily * daily).mean(axis=1) - mean * mean, 0.0))
    spreads = np.sqrt(np.maximum(weights @ (daily * daily).T - figures * figures, 0.0)) if by_sharpe else None
    hopeless = _ratio(mean, spread, mean) * math.sqrt(days) < -math.sqrt(2.0 * math.log(math.log(days)))
    figures -= np.where(hopeless, 0.0, mean)
    if spreads is None:
        own, highest = mean, figures.max(axis=1) * math.sqrt(days / (days - 1))
    else:
        own, highest = _ratio(mean, spread, mean), _ratio(figures, spreads, mean).max(axis=1)
    best = float(own.max() if chosen is None else own[chosen])
    p_value = float((highest >= best).mean()) if best > 0.0 else 1.0
    return Chance(float(highest.mean()), p_value, length)


def _ratio(values: Float64s, spreads: Float64s, mean: Float64s) -> Float64s:
    """Return values over how much days vary, 0 where these do not."""
    ratios: Float64s = np.divide(values, spreads, out=np.zeros_like(values), where=spreads > ROUNDING * np.abs(mean))
    return ratios


def _weights(drawn: Any, days: int) -> Float64s:
    """Return which share of the days of each draw each day is."""
    flat = (drawn + np.arange(len(drawn))[:, np.newaxis] * days).ravel()
    counts: Float64s = np.bincount(flat, minlength=len(drawn) * days).reshape(len(drawn), days) / days
    return counts


def _figures(sums: Any, squares: Any, days: Any, halves: Any, *, by_sharpe: bool) -> Float64s:
    """Return the figure of each setting on each half, from what it has in each block."""
    count = days[halves].sum(axis=1, keepdims=True)
    mean: Float64s = _of_blocks(sums, halves) / count
    if not by_sharpe:
        return mean
    variance = np.maximum(_of_blocks(squares, halves) / count - mean * mean, 0.0) * count / np.maximum(count - 1, 1)
    return _ratio(mean, np.sqrt(variance), mean)


def _of_blocks(values: Any, halves: Any) -> Float64s:
    """Return for each half what its blocks come to, added in their order."""
    total: Float64s = values[halves[:, 0]]
    for blocks in halves.T[1:]:
        total = total + values[blocks]
    return total


def mean_ranks(values: Float64s) -> Float64s:
    """Return each value's rank in its row, from 0 on; equal values share their mean rank.

    Args:
        values: Rows of at least one number, shape (rows, n).
    """
    order = np.argsort(values, axis=1, kind="stable")
    ordered = np.take_along_axis(values, order, 1)
    places = np.arange(values.shape[1])
    begins = np.ones(values.shape, bool)
    begins[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    lowest = np.maximum.accumulate(np.where(begins, places, 0), axis=1)
    ends = np.where(np.roll(begins, -1, axis=1), places, len(places))
    highest = np.minimum.accumulate(ends[:, ::-1], axis=1)[:, ::-1]
    ranks: Float64s = np.empty(values.shape)
    np.put_along_axis(ranks, order, (lowest + highest) / 2, 1)
    return ranks


def _added(values: Float64s) -> float:
    """Return a sum that does not depend on how a processor's vectors add."""
    return float(np.cumsum(values)[-1])
