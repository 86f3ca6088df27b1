"""How daily P&L is distributed, by definitions that share nothing with those of the project."""

from __future__ import annotations

import itertools
import math
import statistics
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def shape(daily: Sequence[float], *, even: bool) -> dict[str, float | None]:
    """Return how daily P&L is distributed, and how far its Sharpe ratio can be believed."""
    names = ("skew", "kurtosis", "autocorrelation", "sharpe_error", "probabilistic_sharpe", "minimum_track_record")
    if even:
        return dict.fromkeys(names)
    count, mean, spread = len(daily), statistics.fmean(daily), statistics.pstdev(daily)
    z = [(day - mean) / spread for day in daily]
    skew, kurtosis = (math.fsum(each**power for each in z) / count for power in (3, 4))
    daily_ratio = mean / statistics.stdev(daily)
    variance = 1 - skew * daily_ratio + (kurtosis - 1) / 4 * daily_ratio**2
    normal = statistics.NormalDist()
    return {
        "skew": skew,
        "kurtosis": kurtosis,
        "autocorrelation": math.fsum(one * other for one, other in itertools.pairwise(z)) / count,
        "sharpe_error": math.sqrt(variance / (count - 1) * 252),
        "probabilistic_sharpe": normal.cdf(daily_ratio * math.sqrt((count - 1) / variance)),
        "minimum_track_record": 1.0 + math.ceil(variance * (normal.inv_cdf(0.95) / daily_ratio) ** 2)
        if daily_ratio > 0
        else None,
    }
