"""Every figure that a page of a backtest shows: its name in the files, its label, unit, form and meaning, once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: key in metrics.json (a mark-out's has its horizon before a dot), and how it is shown and explained.

    form: one of numbers.FORMS. unit: what stands behind the label, empty for a pure number.
    """

    key: str
    label: str
    unit: str
    form: str
    about: str
    missing: str = "It cannot be computed from this run."

    @property
    def anchor(self) -> str:
        """Where its explanation stands on the page: one for all horizons."""
        _, dot, part = self.key.rpartition(".")
        return f"about-mark-{part}" if dot else f"about-{self.key}"

    def of(self, held: Mapping[str, Any]) -> float | None:
        """Return its value among one security's or the portfolio's figures; None where it cannot be computed."""
        if self.key == "days_not_flat":
            days = held.get("days_not_flat")
            return None if days is None else len(days)
        horizon, dot, part = self.key.rpartition(".")
        value: float | None = held["markouts"][horizon][part] if dot else held[self.key]
        return value


HORIZONS: Final = ("1s", "10s", "60s", "300s")

_PNL: Final = (
    Figure("net_pnl", "Net P&L", "AED", "money", "Realised P&L less fees."),
    Figure(
        "realized_pnl",
        "Gross P&L",
        "AED",
        "money",
        "Realised P&L before fees; an open position counts when it is closed.",
    ),
    Figure("fees", "Fees", "AED", "money", "What the run's fees_bps charge on each fill's value; 0 where none is set."),
    Figure("turnover", "Turnover", "AED", "whole_money", "Price times quantity, summed over all fills."),
    Figure("win_rate", "Win rate", "%", "percent", "Closing fills that gained, among those that gained or lost."),
    Figure("profit_factor", "Profit factor", "", "ratio", "What the gaining fills gained, over what the losing lost."),
    Figure("average_win", "Average win", "AED", "money", "Realised P&L of a gaining fill, on average."),
    Figure("average_loss", "Average loss", "AED", "money", "Realised P&L of a losing fill, on average."),
    Figure("return_on_limit", "Return on limit", "%", "percent", "Net P&L over the capital that the limits allow."),
)
_RISK: Final = (
    Figure(
        "sharpe",
        "Sharpe",
        "a year",
        "ratio",
        "Mean over standard deviation of daily net P&L, times the root of 252; riskless rate 0.",
    ),
    Figure("sortino", "Sortino", "a year", "ratio", "As Sharpe, over the deviation of the losing days only."),
    Figure("calmar", "Calmar", "a year", "ratio", "Net P&L a year over the largest drawdown."),
    Figure("max_drawdown", "Max drawdown", "AED", "money", "Largest fall of net realised equity from its peak."),
    Figure("max_drawdown_pct", "Max drawdown", "%", "ratio", "Largest drawdown over peak capital."),
    Figure("max_drawdown_days", "Drawdown length", "days", "days", "Market days of the longest time below a peak."),
    Figure(
        "max_drawdown_marked",
        "Max drawdown, marked",
        "AED",
        "money",
        "Largest fall of equity with the open position valued at each day's last price.",
    ),
    Figure("peak_capital", "Peak capital", "AED", "whole_money", "Largest value of the open position."),
)
_FILLS: Final = (
    Figure("fills", "Fills", "", "count", "Executions, flattening included."),
    Figure("closing_fills", "Closing fills", "", "count", "Fills that realised a gain or a loss."),
    Figure("fills_a_day", "Fills a day", "", "ratio", "Fills over market days."),
    Figure("orders", "Orders", "", "count", "Orders placed."),
    Figure(
        "fill_ratio", "Fill ratio", "%", "percent", "Orders that were filled, at least in part, among those placed."
    ),
    Figure("time_to_fill_median", "Time to fill, median", "s", "seconds", "From an order's placing to its fill."),
    Figure("time_to_fill_mean", "Time to fill, mean", "s", "seconds", "From an order's placing to its fill."),
    Figure("market_days", "Market days", "", "count", "Days with a print."),
    Figure("strategy_days", "Days traded", "", "count", "Days with a fill of ours."),
    Figure("days_not_flat", "Days not flat", "", "count", "Days that ended with an open position."),
)
_INVENTORY: Final = (
    Figure("inventory_mean", "Inventory, mean", "AED", "whole_money", "Size of the open position, averaged over time."),
    Figure("inventory_p95", "Inventory, 95th percentile", "AED", "whole_money", "Exceeded in 5 % of the time."),
    Figure("time_in_market", "Time in market", "%", "percent", "Share of the session with an open position."),
    Figure("time_at_limit", "Time at limit", "%", "percent", "Share of the session at the position limit."),
)


def _marks(unit: str, form: str) -> tuple[Figure, ...]:
    part = unit.lower()
    return (
        *(Figure(f"{horizon}.{part}", f"Mark-out {horizon}", unit, form, _MARKED) for horizon in HORIZONS),
        *(Figure(f"{horizon}.adverse_{part}", f"Adverse {horizon}", unit, form, _ADVERSE) for horizon in HORIZONS),
    )


_MARKED: Final = "What the fills had gained so long after, the mid of then against the fill price; above 0 is for us."
_ADVERSE: Final = "How far the mid had moved against the fills so long after; above 0 is against us."
_IN_BPS: Final = (
    Figure(
        "spread_captured_bps",
        "Spread captured",
        "bps",
        "bps",
        "How much better than the mid of its moment a fill was, over the value traded.",
    ),
    *_marks("bps", "bps"),
)
_IN_AED: Final = (
    Figure(
        "spread_captured",
        "Spread captured",
        "AED",
        "money",
        "How much better than the mid of its moment all fills were.",
    ),
    *_marks("AED", "money"),
    *(
        Figure(f"{horizon}.fills", f"Fills marked {horizon}", "", "count", "Fills that have a mid so long after.")
        for horizon in HORIZONS
    ),
)

TOPICS: Final[Mapping[str, tuple[Figure, ...]]] = {
    "P&L": _PNL,
    "Risk, after fees": _RISK,
    "Fills and orders": _FILLS,
    "Inventory": _INVENTORY,
    "Spread and mark-outs, bps of the value traded": _IN_BPS,
    "Spread and mark-outs, AED": _IN_AED,
}
"""The tables of figures, by their headings."""

FIGURES: Final[Mapping[str, Figure]] = {figure.key: figure for topic in TOPICS.values() for figure in topic}
HEADLINE: Final = tuple(
    FIGURES[key]
    for key in (
        *("net_pnl", "realized_pnl", "fees", "turnover", "sharpe", "sortino"),
        *("max_drawdown", "max_drawdown_days", "fills", "win_rate", "profit_factor", "spread_captured_bps"),
    )
)
