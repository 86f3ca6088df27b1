"""How far a Sharpe ratio can be believed: its standard error, the probabilistic ratio, the track record it takes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pipeline.metrics.bootstrap import FEWEST, autocovariances, normal_cdf
from pipeline.metrics.formulas import TRADING_DAYS_A_YEAR, sharpe

if TYPE_CHECKING:
    from pipeline.ticks import Float64s

Z_ONE_SIDED: Final = 1.6448536269514722
"""The 95 % point of the normal distribution."""

LARGEST_TRACK_RECORD: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Shape:
    """How daily P&L is distributed, without units.

    Attributes:
        days: How many market days there are.
        sharpe: Mean over standard deviation of a day, not annualised.
        skew: Third standardised moment: below 0 where large losses are rarer but larger than gains.
        kurtosis: Fourth standardised moment, 3 of a normal distribution.
        autocorrelation: Of each day with the next.
    """

    days: int
    sharpe: float
    skew: float
    kurtosis: float
    autocorrelation: float

    @property
    def error(self) -> float:
        """The standard error of `sharpe`: √((1 - skew · S + (kurtosis - 1) / 4 · S²) / (n - 1)).

        Source: E. Mertens, Comments on Variance of the IID Estimator in Lo (2002), as in `probabilistic_sharpe`.
        """
        variance = 1.0 - self.skew * self.sharpe + (self.kurtosis - 1.0) / 4.0 * self.sharpe**2
        return math.sqrt(max(variance, 0.0) / (self.days - 1))


def shape_of(daily: Float64s) -> Shape | None:
    """Return how daily P&L is distributed; None for fewer than FEWEST days, or where all earned the same.

    Args:
        daily: P&L of each market day, shape (days,), money.
    """
    annual = sharpe(daily) if len(daily) >= FEWEST else None
    if annual is None:
        return None
    variance, following = autocovariances(daily, 1).tolist()
    standard = (daily - daily.mean()) / math.sqrt(variance)
    squares = standard * standard
    return Shape(
        days=len(daily),
        sharpe=annual / math.sqrt(TRADING_DAYS_A_YEAR),
        skew=float((squares * standard).mean()),
        kurtosis=float((squares * squares).mean()),
        autocorrelation=following / variance,
    )


def probabilistic_sharpe(shape: Shape, above: float = 0.0) -> float:
    """Return how probable it is that the true Sharpe ratio is above a value, given the days that were seen.

    Source: D. H. Bailey and M. López de Prado, The Sharpe Ratio Efficient Frontier, J. Risk 15 (2012): Φ((S - S*) /
    `Shape.error`). It takes days to be independent.

    Args:
        shape: Of daily P&L.
        above: S*, of a day, not annualised.

    Returns:
        The probability, 0 to 1.
    """
    away = shape.sharpe - above
    if shape.error == 0.0:
        return 1.0 if away > 0.0 else 0.0
    return normal_cdf(away / shape.error)


def minimum_track_record(shape: Shape) -> float | None:
    """Return how many market days like these it takes to be 95 % sure that the true Sharpe ratio is above 0.

    Source: as of `probabilistic_sharpe`: 1 + (1 - skew · S + (kurtosis - 1) / 4 · S²) · (1.645 / S)².

    Args:
        shape: Of daily P&L.

    Returns:
        The number of days, rounded up; None where the Sharpe ratio is not above 0, or more than a million were needed.
    """
    if shape.sharpe <= 0.0:
        return None
    days = 1.0 + (shape.error * Z_ONE_SIDED / shape.sharpe) ** 2 * (shape.days - 1)
    return float(math.ceil(days)) if days <= LARGEST_TRACK_RECORD else None
