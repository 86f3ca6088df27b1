"""Says in words how much of a run's P&L may be chance, from its figures as metrics.json has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pipeline.metrics.bootstrap import DRAWS, FEWEST
from pipeline.numbers import counted, ratio, share

if TYPE_CHECKING:
    from collections.abc import Mapping

ONE_SIDED: Final = -1.0
"""A skew below which a few large losses decide."""

FAT: Final = 6.0
"""A kurtosis above which a few days decide: twice that of a normal distribution."""


NEARLY_SURE: Final = 0.999


def too_few(days: int) -> str:
    """Return why nothing is said about chance."""
    return f"{counted(days, 'market day')}: too few to say how much of the P&L is chance; it takes {FEWEST}."


def percent(probability: float) -> str:
    """Return a probability in per cent, never as a certainty."""
    if probability > NEARLY_SURE:
        return f"over {share(NEARLY_SURE)} %"
    return f"under {share(1.0 - NEARLY_SURE)} %" if probability < 1.0 - NEARLY_SURE else f"{share(probability)} %"


def in_words(portfolio: Mapping[str, Any]) -> list[str]:
    """Return how far the figures of a run can be believed, in sentences; none of a run of an older version.

    Args:
        portfolio: The figures of all securities together, as metrics.json has them.
    """
    if "intervals" not in portfolio:
        return []
    days = portfolio["market_days"] or 0
    if portfolio["intervals"] is None:
        return [too_few(days)]
    said = [f"95 % bootstrap intervals, from {DRAWS:,} resamples of these {days:,} days."]
    if portfolio["probabilistic_sharpe"] is None:
        return said
    return [*said, _sureness(portfolio), *_shape(portfolio, days)]


def _sureness(portfolio: Mapping[str, Any]) -> str:
    probability = percent(portfolio["probabilistic_sharpe"])
    probable = f"The true Sharpe ratio is above 0 with a probability of {probability}"
    needed = portfolio["minimum_track_record"]
    more = "" if needed is None else f"; to be 95 % sure it takes {counted(int(needed), 'market day')} like these"
    return f"{probable}{more}, were this the only setting ever tried."


def _shape(portfolio: Mapping[str, Any], days: int) -> list[str]:
    said = []
    following, skew, kurtosis = (portfolio[name] for name in ("autocorrelation", "skew", "kurtosis"))
    if abs(following) > 2.0 / days**0.5:
        over = "overstates" if following > 0.0 else "understates"
        said.append(
            f"Daily P&L is {'' if following > 0.0 else 'negatively '}autocorrelated ({ratio(following)}), so √252 "
            f"{over} the Sharpe ratio; the intervals allow for this, the probability does not."
        )
    if skew < ONE_SIDED or kurtosis > FAT:
        said.append(
            f"A few days drive the result (skew {ratio(skew)}, kurtosis {ratio(kurtosis)}): another sample could lose "
            "where this one did not."
        )
    return said
