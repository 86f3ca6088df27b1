"""The figures that say how much of a run's P&L may be chance, from its daily net P&L."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from pipeline.metrics.bootstrap import DRAWS, FEWEST, intervals
from pipeline.metrics.figure import NO_DAY, ONE_DAY, TOO_FEW_DAYS, Figure, Reason
from pipeline.metrics.formulas import FEWEST_DAYS, TRADING_DAYS_A_YEAR, max_drawdown
from pipeline.metrics.sharpe import Shape, minimum_track_record, probabilistic_sharpe
from pipeline.numbers import MONEY

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.metrics.portfolio import Portfolio

CHANCE: Final = "How much may be chance, by daily net P&L"
RATIO: Final = (
    "D. H. Bailey and M. López de Prado, The Sharpe Ratio Efficient Frontier, J. Risk 15 (2012), whose days are "
    "independent."
)
NO_SHAPE: Final = (TOO_FEW_DAYS, Reason("Every market day earned the same.", lambda p: p.shape is None))


def _of_shape(value: Callable[[Shape], float | None]) -> Callable[[Portfolio], float | None]:
    """Return what computes a figure from how daily P&L is distributed, None where that is not known."""
    return lambda p: None if p.shape is None else value(p.shape)


chance = partial(Figure, group=CHANCE)
of_shape = partial(chance, missing=NO_SHAPE)

CHANCE_FIGURES: Final = (
    chance(
        name="daily_net_pnl",
        compute=lambda p: float(p.daily.mean()) if len(p.daily) else None,
        label="Daily net P&L",
        form="money",
        meaning="Mean net P&L of a market day.",
        formula="`net_pnl` / `market_days`",
        missing=(NO_DAY,),
        better=1,
    ),
    chance(
        name="daily_volatility",
        compute=lambda p: float(p.daily.std(ddof=1)) if len(p.daily) >= FEWEST_DAYS else None,
        label="Volatility of daily net P&L",
        form="money",
        meaning="How far a market day's net P&L usually is from the mean: its standard deviation.",
        formula="√(Σ (daily net P&L - mean)² / (n - 1))",
        missing=(NO_DAY, ONE_DAY),
        better=-1,
    ),
    chance(
        name="daily_drawdown",
        compute=lambda p: max_drawdown(p.daily.cumsum()) if len(p.daily) else None,
        label="Max drawdown, as days end",
        form="money",
        meaning="Largest fall of net realised equity from its running peak, looked at as market days end.",
        formula="max over market days of (running peak of Σ daily net P&L - Σ daily net P&L)",
        missing=(NO_DAY,),
        better=-1,
    ),
    of_shape(
        name="sharpe_error",
        compute=_of_shape(lambda shape: shape.error * TRADING_DAYS_A_YEAR**0.5),
        label="Standard error of the Sharpe ratio",
        unit="annualised",
        form="ratio",
        meaning="How far the Sharpe ratio of other days like these would lie from this one, two times out of three.",
        formula="√((1 - `skew` · S + (`kurtosis` - 1) / 4 · S²) / (n - 1)) · √252, S being the Sharpe ratio of a day",
        source="E. Mertens, Comments on Variance of the IID Estimator in Lo (2002).",
        better=-1,
    ),
    of_shape(
        name="probabilistic_sharpe",
        compute=_of_shape(probabilistic_sharpe),
        label="Probabilistic Sharpe ratio",
        form="share",
        meaning="How probable it is that the true Sharpe ratio is above 0, were this the only setting ever tried.",
        formula="Φ(`sharpe` / `sharpe_error`), Φ being the normal distribution",
        source=RATIO,
        better=1,
    ),
    chance(
        name="minimum_track_record",
        compute=_of_shape(minimum_track_record),
        label="Minimum track record",
        form="days",
        meaning="How many market days like these it takes to be 95 % sure that the true Sharpe ratio is above 0.",
        formula="1 + (`sharpe_error` / `sharpe` · 1.645)² · (n - 1), rounded up",
        source=RATIO,
        missing=(
            *NO_SHAPE,
            Reason(
                "The Sharpe ratio is not above 0, or is so close to it that even a million days would not be enough."
            ),
        ),
        better=-1,
    ),
    of_shape(
        name="skew",
        compute=_of_shape(lambda shape: shape.skew),
        label="Skew",
        form="ratio",
        meaning="Below 0 where days that lose much are fewer than days that gain as much.",
        formula="mean of z³, z being a day's distance from the mean over the standard deviation (n)",
        better=1,
    ),
    of_shape(
        name="kurtosis",
        compute=_of_shape(lambda shape: shape.kurtosis),
        label="Kurtosis",
        form="ratio",
        meaning="3 of a normal distribution; more where few days make most of the difference.",
        formula="mean of z⁴",
        better=-1,
    ),
    of_shape(
        name="autocorrelation",
        compute=_of_shape(lambda shape: shape.autocorrelation),
        label="Autocorrelation",
        form="ratio",
        meaning="How far a day's P&L goes with that of the day before, -1 to 1.",
        formula="Σ z(t) · z(t + 1) / n",
    ),
    chance(
        name="intervals",
        compute=lambda p: intervals(p.daily),
        label="95 % intervals",
        unit=f"{MONEY}, ratio",
        form="intervals",
        meaning=f"Between which values figures would lie in 95 of 100 runs of as many days like these; from {FEWEST} "
        "market days on.",
        formula="lower and upper end of `daily_net_pnl`, `net_pnl`, `sharpe` and `daily_drawdown`: percentiles of "
        f"{DRAWS:,} runs drawn from the days in blocks (stationary bootstrap, blocks of the length that the "
        "autocorrelation asks for, seed 1), moved out by √(n / (n - 1)) and Student's t",
        source="D. N. Politis and J. P. Romano, The Stationary Bootstrap, J. American Statistical Association 89 "
        "(1994); D. N. Politis and H. White, Econometric Reviews 23 (2004), corrected in 28 (2009); T. C. Hesterberg, "
        "What Teachers Should Know About the Bootstrap, The American Statistician 69 (2015).",
        missing=(TOO_FEW_DAYS,),
        of_all=True,
    ),
)
