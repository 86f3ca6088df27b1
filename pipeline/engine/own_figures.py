"""A strategy's own figures: pure functions of a security's fills and series, which a run computes when it is over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from pipeline.engine.declared import declaration
from pipeline.errors import StrategyError

if TYPE_CHECKING:
    from pipeline.engine.strategy import Strategy


class Recorded(NamedTuple):
    """One of a strategy's series.

    time: when each number was recorded, datetime64[ms] on the exchange's clock. value: the numbers, float64.
    """

    time: Any
    value: Any


FillColumns: TypeAlias = Mapping[str, Any]
"""A security's fills in execution order, by column arrays of one length that cannot be written to.

`timestamp` datetime64[ms] on the exchange's clock; `side` int64, 1 a buy and -1 a sell; `fill_price` float64, as the
market quotes; `fill_qty` int64, shares; `realized_pnl`, `pnl` and `fee` float64 in the currency of the market;
`position` int64, shares after the fill; `mid`, `mid_1s`, `mid_10s`, `mid_60s` and `mid_300s` float64, the mid at the
fill and after it, NaN where there is none. An auction strategy's also `trade_type`, text, and `vwap_reference`,
float64.
"""

SeriesColumns: TypeAlias = Mapping[str, Recorded]
"""What the strategy recorded of the security, by series."""

OwnFigure: TypeAlias = Callable[[FillColumns, SeriesColumns], "float | None"]
"""A figure: a number, or None where there is none."""

FORM: Final = '`figures = {"edge": edge}`, with `def edge(fills, series):` above the class'


def check_figures(strategy: type[Strategy]) -> None:
    """Raise StrategyError, with file and line, for figures that are no functions by name."""
    figures: object = strategy.figures
    wrong = None
    if not isinstance(figures, Mapping):
        wrong = f" is a {type(figures).__name__}"
    else:
        for name, function in figures.items():
            if not isinstance(name, str) or not name.isidentifier():
                wrong = f": {name!r} is no name of letters, digits and _"
            elif not callable(function):
                wrong = f": '{name}' is {function!r}, no function"
    if wrong:
        raise StrategyError(f"{declaration(strategy, 'figures')}: {strategy.__name__}.figures{wrong}. Write {FORM}.")
