"""How else figures of daily P&L could have come out: the stationary block bootstrap, seeded, and its intervals."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from pipeline.metrics.formulas import sharpe_of_each
from pipeline.metrics.loop_bootstrap import HALF, draw_days, find_drawdowns
from pipeline.native.functions import compiled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.ticks import Float64s, Int64s

DRAWS: Final = 2_000
SEED: Final = 1
FEWEST: Final = 10
"""The fewest market days from which anything is said about chance: of fewer, no method knows enough."""

INTERVALS: Final = ("net_pnl", "daily_net_pnl", "sharpe", "daily_drawdown")
"""The figures that have an interval, as they are shown."""

Z_TWO_SIDED: Final = 1.959963984540054
"""The 97.5 % point of the normal distribution."""

AT_ONCE: Final = 1 << 15
"""About how many days are drawn at a time, so that they stay in the processor's cache."""

_STEP: Final = 0x9E3779B97F4A7C15
_MIX: Final = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB))


def normal_cdf(value: float) -> float:
    """Return the probability that a standard normal variable is below a value."""
    return math.erfc(-value / math.sqrt(2.0)) / 2.0


def autocovariances(values: Float64s, lags: int) -> Float64s:
    """Return Σ (x[t] - mean) (x[t + lag] - mean) / n for each lag from 0 on.

    Args:
        values: Rows of at least one number, shape (..., n).
        lags: The highest lag, below n.

    Returns:
        The autocovariances of each row, shape (..., lags + 1), in the unit of the values squared.
    """
    away = values - values.mean(axis=-1, keepdims=True)
    count = values.shape[-1]
    sums = [(away[..., : count - lag] * away[..., lag:]).sum(axis=-1) for lag in range(lags + 1)]
    covariances: Float64s = np.stack(sums, axis=-1) / count
    return covariances


def block_lengths(daily: Float64s) -> list[float]:
    """Return by the automatic rule the mean lengths of blocks that keep the autocorrelation of daily P&L, row by row.

    Source: D. N. Politis and H. White, Automatic Block-Length Selection for the Dependent Bootstrap, Econometric
    Reviews 23 (2004), as corrected by A. Patton, D. N. Politis and H. White, Econometric Reviews 28 (2009): the cube
    root of n 2 G² / D, where G = Σ λ(k / M) |k| R(k) and D = 2 (Σ λ(k / M) R(k))² over the lags k from -M to M, R are
    autocovariances, λ is 1 up to ½ and falls to 0 at 1, and M is twice the lag after which five autocorrelations in a
    row are below 2 √(log₁₀ n / n), at least 2.

    Args:
        daily: P&L of each market day, shape (rows, days), at least FEWEST days.

    Returns:
        The lengths in market days, from 1 to the lesser of 3 √n and n / 3, rounded up.
    """
    count = daily.shape[1]
    most = min(math.ceil(math.sqrt(count)) + _silent_lags(count), count - 1)
    return [_block_length(covariances, count) for covariances in autocovariances(daily, most)]


def _silent_lags(count: int) -> int:
    return max(5, int(math.log10(count)))


def _block_length(covariances: Float64s, count: int) -> float:
    silent_lags, most = _silent_lags(count), len(covariances) - 1
    if covariances[0] <= 0.0:
        return 1.0
    heard = np.abs(covariances[1:] / covariances[0]) >= 2.0 * math.sqrt(math.log10(count) / count)
    last = next((lag for lag in range(most) if not heard[lag : lag + silent_lags].any()), most)
    bandwidth = min(2 * max(last, 1), most)
    lags = np.arange(1, bandwidth + 1)
    window = np.minimum(1.0, 2.0 * (1.0 - lags / bandwidth)) * covariances[1 : bandwidth + 1]
    slope, spectrum = 2.0 * float((window * lags).sum()), float(covariances[0] + 2.0 * window.sum())
    if spectrum == 0.0:
        return 1.0
    longest = math.ceil(min(3.0 * math.sqrt(count), count / 3.0))
    return float(min(max((slope * slope / (spectrum * spectrum) * count) ** (1.0 / 3.0), 1.0), longest))


def drawn_days(days: int, length: float, draws: int = DRAWS, seed: int = SEED) -> Iterator[Int64s]:
    """Yield which days runs that could have been have: blocks of days that follow one another, put together at random.

    Each block begins on any day and goes on with probability 1 - 1 / length, from the last day to the first. Source:
    D. N. Politis and J. P. Romano, The Stationary Bootstrap, J. American Statistical Association 89 (1994). The random
    numbers are those of G. L. Steele, D. Lea and C. H. Flood, Fast Splittable Pseudorandom Number Generators, OOPSLA
    2014, alike on every machine and under every version of numpy.

    Args:
        days: How many there are.
        length: Mean length of the blocks, at least 1.
        draws: How many such runs.
        seed: Of the random numbers.

    Yields:
        The days of some of the runs, numbers from 0 on, shape (runs, days).
    """
    begins_below = int(2.0**HALF / length)
    each = max(1, AT_ONCE // days)
    for first in range(0, draws, each):
        runs = min(each, draws - first)
        bits = random_bits(seed, first * days, runs * days)
        drawn = np.empty(runs * days, np.int64)
        compiled(draw_days)(runs, days, begins_below, bits, drawn)
        yield drawn.reshape(runs, days)


def intervals(daily: Float64s, draws: int = DRAWS, seed: int = SEED) -> dict[str, list[float] | None] | None:
    """Return between which values figures of a run would lie in 95 of 100 runs of as many days like these.

    The ends are percentiles of runs of `drawn_days`, moved out as few days demand, by √(n / (n - 1)) and Student's t.
    Source: T. C. Hesterberg, What Teachers Should Know About the Bootstrap, The American Statistician 69 (2015).

    Args:
        daily: Net P&L of each market day, shape (days,), money.
        draws: How many runs are drawn.
        seed: Of the random numbers.

    Returns:
        Lower and upper end of `daily_net_pnl` (the mean), `net_pnl`, `sharpe` (annualised; None where no day differs
        from another) and `daily_drawdown`, as days end; None for fewer than FEWEST days.
    """
    if len(daily) < FEWEST:
        return None
    figures: dict[str, list[Float64s]] = {"net_pnl": [], "sharpe": [], "daily_drawdown": []}
    for drawn in drawn_days(len(daily), block_lengths(daily[np.newaxis])[0], draws, seed):
        runs = daily[drawn]
        figures["net_pnl"].append(runs.sum(axis=1))
        figures["sharpe"].append(sharpe_of_each(runs))
        drawdowns = np.empty(len(runs))
        compiled(find_drawdowns)(*runs.shape, runs, drawdowns)
        figures["daily_drawdown"].append(drawdowns)
    ends = {name: _ends(np.concatenate(parts), len(daily)) for name, parts in figures.items()}
    total = ends["net_pnl"]
    mean = None if total is None else [end / len(daily) for end in total]
    return {"daily_net_pnl": mean, **ends}


def _ends(values: Float64s, days: int) -> list[float] | None:
    known = np.sort(values[~np.isnan(values)])
    if not len(known):
        return None
    beyond = int(_tail(days) * len(known))
    return [float(known[beyond]), float(known[len(known) - 1 - beyond])]


def _tail(days: int) -> float:
    """Return which share of draws is left out at each end."""
    return normal_cdf(-student_t(days - 1) * math.sqrt(days / (days - 1)))


def student_t(freedom: int) -> float:
    """Return the 97.5 % point of Student's t, by M. Abramowitz and I. A. Stegun, Handbook (1964), 26.7.5."""
    z = Z_TWO_SIDED
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
    )
    return z + sum((term / freedom**power for power, term in enumerate(terms, 1)), 0.0)


def random_bits(seed: int, first: int, count: int) -> Int64s:
    """Return so many of the random numbers of a seed, unsigned and of 64 bits, from one of them on."""
    bits = np.arange(first + 1, first + count + 1, dtype=np.uint64)
    bits = (bits + np.uint64(seed << HALF)) * np.uint64(_STEP)
    for shift, factor in _MIX:
        bits = (bits ^ (bits >> np.uint64(shift))) * np.uint64(factor)
    return bits ^ (bits >> np.uint64(31))
