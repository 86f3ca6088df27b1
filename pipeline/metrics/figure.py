"""What one figure is: how it is computed, shown and explained, and which outputs carry it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pipeline.metrics.bootstrap import FEWEST
from pipeline.metrics.formulas import FEWEST_DAYS
from pipeline.numbers import MONEY, currency

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipeline.metrics.portfolio import Portfolio

TAU: Final = "τ"
"""Stands for the horizon where a figure of several horizons is explained once."""

UNKNOWN: Final = "It cannot be computed from this run."
"""Why a figure is missing in a run that gives no reason, as one of an older version."""


def are_few_days(market_days: float | None) -> bool:
    """Return whether an annualised figure of so many market days is not to be shown."""
    return (market_days or 0) < FEWEST


def shown_annualised(value: float | None, market_days: float | None) -> float | None:
    """Return an annualised figure as it is shown: None of too few market days."""
    return None if are_few_days(market_days) else value


@dataclass(frozen=True, slots=True, eq=False)
class Reason:
    """Why a figure can be missing. applies: whether it is the reason, given that the figure is missing."""

    text: str
    applies: Callable[[Portfolio], bool] = lambda _: True


NO_DAY: Final = Reason("No market day.", lambda p: not len(p.market_days))
ONE_DAY: Final = Reason("One market day only.", lambda p: len(p.market_days) < FEWEST_DAYS)
TOO_FEW_DAYS: Final = Reason(
    f"Fewer than {FEWEST} market days, too few to say what is chance.", lambda p: len(p.market_days) < FEWEST
)
NO_MARK: Final = Reason("No five-minute mark in the continuous session.")
NOT_NUMBERS: Final = ("by_name", "by_kind", "intervals")
"""The forms of figures that are no number: numbers by name, several by kind of fill, and two ends by figure."""

UNITS: Final = {
    "money": MONEY,
    "whole_money": MONEY,
    "share": "%",
    "shares": "shares",
    "seconds": "s",
    "bps": "bps",
    "days": "market days",
}
"""What figures are in by their form."""

ANNUALISED: Final = "annualised"
ANNUALISED_FROM: Final = f"Annualised figures, as the Sharpe ratio, are shown from {FEWEST} market days on."
"""What is said wherever a few days would be made a year of."""

SEVERAL_CURRENCIES: Final = (
    "The securities are in several currencies, which do not add up; --fx gives rates and --currency what to convert to."
)
OWN_ORDERS: Final = Reason(
    "The strategy keeps its own orders, which the engine does not see.", lambda p: p.orders is None
)


@dataclass(frozen=True, slots=True, eq=False, repr=False, kw_only=True)
class Figure:
    """One figure, declared in `pipeline.metrics.registry`: all that any output knows of it.

    Attributes:
        name: Its key in metrics.json and its column in sweep files; `markouts.10s.bps` is a key within keys.
        compute: Its value from a portfolio: a number, None where it cannot be computed, an array of days, or numbers by
            name (`form` by_name), columns by kind of fill (`form` by_kind), or ends by figure (`form` intervals).
        group: The table that shows it.
        label: What people read instead of the name.
        unit: What stands beside the label, MONEY for an amount, empty for a pure number; that of its form by default.
        form: How a number is shown, one of `numbers.FORMS`, of days how many; those of NOT_NUMBERS are none.
        meaning: What it says, in a sentence or two, names of switches and parameters in backticks.
        formula: How it is computed.
        source: The publication that the formula is from.
        missing: Why it can be missing; the first that applies is the reason.
        in_metrics: Whether metrics.json, the page and `show` have it.
        is_headline: Whether it is one of the portfolio's tiles on the page.
        in_sweep: Whether a sweep keeps it of every setting; it is then computed without mids.
        better: 1 where more is better, -1 where less is, 0 where neither is.
        of_all: Whether only all securities together have it.
        summary: Its place among the figures of backtest_summary.csv and its heading there; None where it has none.
        horizon: How long after a fill it looks at the market, empty for most.
        of_counts: Whether it is made of counts or times alone, where its form does not say so.
    """

    name: str
    compute: Callable[[Portfolio], Any]
    group: str
    label: str
    unit: str = ""
    form: str
    meaning: str
    formula: str
    source: str = ""
    missing: tuple[Reason, ...] = ()
    in_metrics: bool = True
    is_headline: bool = False
    in_sweep: bool = False
    better: int = 0
    of_all: bool = False
    summary: tuple[int, str] | None = None
    horizon: str = ""
    of_counts: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "unit", self.unit or UNITS.get(self.form, ""))

    @property
    def adds_up(self) -> bool:
        """Whether securities in several currencies have it together."""
        return self.of_counts or self.form in ("count", "shares", "seconds")

    @property
    def key(self) -> str:
        """The key of metrics.json that it stands under, which its reason has too."""
        return self.name.partition(".")[0]

    @property
    def plain_meaning(self) -> str:
        """What it says, where nothing can be set as code."""
        return self.meaning.replace("`", "")

    @property
    def general_name(self) -> str:
        """Its name with τ for the horizon, alike for all horizons."""
        return self.name.replace(self.horizon, TAU, 1) if self.horizon else self.name

    @property
    def general_label(self) -> str:
        """Its label with τ for the horizon, alike for all horizons."""
        return self.label.replace(self.horizon, TAU) if self.horizon else self.label

    @property
    def heading(self) -> str:
        """Its label and what it is shown in."""
        return f"{self.label}, {self.shown_in}" if self.unit else self.label

    @property
    def shown_in(self) -> str:
        """Its unit; of an amount the currency that labels say now."""
        return currency() if self.unit == MONEY else self.unit

    @property
    def column(self) -> str:
        """Its label as a heading within a table of the terminal, with the currency of an amount."""
        label = f"{self.label[0].lower()}{self.label[1:]}"
        return f"{label} ({currency()})" if self.unit == MONEY else label

    @property
    def is_number(self) -> bool:
        """Whether it is shown as one number; of days it is how many."""
        return self.form not in NOT_NUMBERS

    @property
    def anchor(self) -> str:
        """Where a page explains it."""
        return f"about-{self.general_name.replace('.', '-')}"

    def value_in(self, figures: Mapping[str, Any]) -> float | None:
        """Return its number among figures as metrics.json has them.

        None where it is missing, or where a few days would be made a year of.
        """
        if self._is_of_few_days(figures):
            return None
        value: Any = figures
        for key in self.name.split("."):
            value = None if value is None else value.get(key)
        return len(value) if isinstance(value, list) else value

    def reason_in(self, figures: Mapping[str, Any]) -> str:
        """Return why it is missing among figures as metrics.json has them."""
        reasons: Mapping[str, str] = figures.get("reasons") or {}
        few = TOO_FEW_DAYS.text if self._is_of_few_days(figures) else UNKNOWN
        return reasons.get(self.key) or few

    def _is_of_few_days(self, figures: Mapping[str, Any]) -> bool:
        return self.unit == ANNUALISED and are_few_days(figures.get("market_days"))

    def why_missing(self, portfolio: Portfolio) -> str:
        """Return why it cannot be computed from a portfolio."""
        return next(reason.text for reason in self.missing if reason.applies(portfolio))
