"""A strategy's own figures: pure functions of a security's fills and series, which a run computes when it is over."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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

Parts: TypeAlias = Sequence[Mapping[str, "float | None"]]
"""The own figures of every security, by name, in the order of tickers; None where one has none."""

Together: TypeAlias = str | Callable[[Parts], "float | None"]
"""How all securities together have a figure: SUM or MEAN of theirs, or a function of all of their figures."""

SUM: Final = "sum"
MEAN: Final = "mean"


class Declared(NamedTuple):
    """A figure as a class declares it. together: None where all securities together have none."""

    compute: OwnFigure
    together: Together | None


FORM: Final = (
    '`figures = {"edge": edge}`, with `def edge(fills, series):` above the class, or `{"edge": (edge, "sum")}`, where '
    'all securities together have its sum, its "mean", or what a function of their figures gives'
)


def declared_figures(strategy: type[Strategy]) -> dict[str, Declared]:
    """Return a strategy's figures, by name."""
    return {
        name: Declared(*figure) if isinstance(figure, tuple) else Declared(figure, None)
        for name, figure in strategy.figures.items()
    }


def check_figures(strategy: type[Strategy]) -> None:
    """Raise StrategyError, with file and line, for figures that are no functions by name."""
    figures: object = strategy.figures
    wrong = None
    if not isinstance(figures, Mapping):
        wrong = f" is a {type(figures).__name__}"
    else:
        for name, figure in figures.items():
            if not isinstance(name, str) or not name.isidentifier():
                wrong = f": {name!r} is no name of letters, digits and _"
            elif isinstance(figure, tuple):
                if len(figure) != len(Declared._fields) or not callable(figure[0]) or not _adds_up(figure[1]):
                    wrong = f": '{name}' is {figure!r}, no function with how it adds up"
            elif not callable(figure):
                wrong = f": '{name}' is {figure!r}, no function"
    if wrong:
        raise StrategyError(f"{declaration(strategy, 'figures')}: {strategy.__name__}.figures{wrong}. Write {FORM}.")


def _adds_up(together: object) -> bool:
    return together in (SUM, MEAN) if isinstance(together, str) else callable(together)
