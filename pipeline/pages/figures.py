"""Every figure that a backtest page shows, defined once: its name in the files, label, unit, format and meaning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pipeline.replay.observe import HORIZONS

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

    @property
    def name(self) -> str:
        """Its label without a horizon."""
        return self.label.rpartition(" ")[0] if "." in self.key else self.label

    def of(self, held: Mapping[str, Any]) -> float | None:
        """Return its value among one security's or the portfolio's figures; None where it cannot be computed."""
        if self.key == "days_not_flat":
            days = held.get("days_not_flat")
            return None if days is None else len(days)
        horizon, dot, part = self.key.rpartition(".")
        value: float | None = held["markouts"][horizon][part] if dot else held[self.key]
        return value


_PNL: Final = (
    Figure("net_pnl", "Net P&L", "AED", "money", "Realised P&L less fees. An open position counts when it is closed."),
    Figure("realized_pnl", "Gross P&L", "AED", "money", "Realised P&L before fees."),
    Figure("fees", "Fees", "AED", "money", "Fill value times the fees_bps of the exchange; 0 where none are set."),
    Figure("turnover", "Turnover", "AED", "whole_money", "Price times quantity, summed over all fills."),
    Figure("win_rate", "Win rate", "%", "share", "Fills that realised a gain, among those that realised gain or loss."),
    Figure(
        "profit_factor", "Profit factor", "", "ratio", "All that gaining fills gained over all that losing ones lost."
    ),
    Figure("average_win", "Average win", "AED", "money", "Mean gross P&L of the fills that realised a gain."),
    Figure("average_loss", "Average loss", "AED", "money", "Mean gross P&L of the fills that realised a loss."),
    Figure(
        "return_on_limit",
        "Return on limit",
        "%",
        "share",
        "Net P&L of the whole run over the notional limit (max_notional); the portfolio's over the sum of the limits.",
    ),
)
_RISK: Final = (
    Figure(
        "sharpe",
        "Sharpe",
        "a year",
        "ratio",
        "Mean over standard deviation (n - 1) of net P&L by market day, times the root of 252; riskless rate 0.",
    ),
    Figure(
        "sortino",
        "Sortino",
        "a year",
        "ratio",
        "Mean net P&L by market day over its downside deviation (root of the mean of squared losses over all days), "
        "times the root of 252.",
    ),
    Figure("calmar", "Calmar", "a year", "ratio", "Mean net P&L by market day times 252, over the largest drawdown."),
    Figure("max_drawdown", "Max drawdown", "AED", "money", "Largest fall of net realised equity from its peak so far."),
    Figure(
        "max_drawdown_pct", "Max drawdown", "% of peak capital", "percentage", "Largest drawdown over the peak capital."
    ),
    Figure(
        "max_drawdown_days",
        "Drawdown length",
        "market days",
        "days",
        "From the peak before the largest drawdown until equity was back there, or to the end of the run; both days "
        "count.",
    ),
    Figure(
        "max_drawdown_marked",
        "Max drawdown, marked",
        "AED",
        "money",
        "Largest fall of equity with the open position at its mark, looked at every five minutes of the session.",
    ),
    Figure(
        "peak_capital",
        "Peak capital",
        "AED",
        "whole_money",
        "Largest value of the open positions, long or short, each at the price of its latest fill.",
    ),
)
_FILLS: Final = (
    Figure("fills", "Fills", "", "count", "Executions; what flattens or stops a position is one too."),
    Figure("closing_fills", "Closing fills", "", "count", "Fills that realised a gain or a loss."),
    Figure("fills_a_day", "Fills a day", "", "ratio", "Fills over market days."),
    Figure("orders", "Orders", "", "count", "Quotes placed: each at one price on one side without a break."),
    Figure("fill_ratio", "Fill ratio", "%", "share", "Orders that were filled at least in part, among those placed."),
    Figure(
        "time_to_fill_median",
        "Time to fill, median",
        "s",
        "seconds",
        "From the placing of an order to its first fill, in seconds of continuous session: the median.",
    ),
    Figure(
        "time_to_fill_mean",
        "Time to fill, mean",
        "s",
        "seconds",
        "From the placing of an order to its first fill, in seconds of continuous session: the mean.",
    ),
    Figure("market_days", "Market days", "", "count", "Days with a print."),
    Figure("strategy_days", "Days traded", "", "count", "Days with a fill of ours."),
    Figure("days_not_flat", "Days not flat", "", "count", "Days that ended with an open position."),
)
_INVENTORY: Final = (
    Figure(
        "inventory_mean",
        "Inventory, mean",
        "AED",
        "whole_money",
        "Value of the open positions, long or short, at every five minutes of the session: the mean.",
    ),
    Figure(
        "inventory_p95",
        "Inventory, 95th percentile",
        "AED",
        "whole_money",
        "Value of the open positions, long or short, at every five minutes of the session: exceeded in 5 % of them.",
    ),
    Figure("time_in_market", "Time in market", "%", "share", "Share of the session's time with an open position."),
    Figure(
        "time_at_limit",
        "Time at limit",
        "%",
        "share",
        "Share of the five-minute marks at which the position was at its limit.",
    ),
)


def _marks(unit: str, form: str) -> tuple[Figure, ...]:
    part = unit.lower()
    over = " Over the value of the fills." if unit == "bps" else ""
    return (
        *(Figure(f"{horizon}.{part}", f"Mark-out {horizon}", unit, form, _MARKED + over) for horizon in HORIZONS),
        *(
            Figure(f"{horizon}.adverse_{part}", f"Adverse {horizon}", unit, form, _ADVERSE + over)
            for horizon in HORIZONS
        ),
    )


_MARKED: Final = "What fills had gained so long after: side times (mid of then less fill price) times quantity, summed."
_ADVERSE: Final = (
    "What the market had moved against fills so long after: side times (mid at the fill less mid of then) times "
    "quantity, summed. Mark-out and adverse together are the spread that these fills captured."
)
_CAPTURED: Final = (
    "What fills earned against the mid of their moment: side times (mid at the fill less fill price) times quantity, "
    "summed."
)
_IN_BPS: Final = (
    Figure("spread_captured_bps", "Spread captured", "bps", "bps", f"{_CAPTURED} Over the value of the fills."),
    *_marks("bps", "bps"),
)
_IN_AED: Final = (
    Figure("spread_captured", "Spread captured", "AED", "money", _CAPTURED),
    *_marks("AED", "money"),
    *(
        Figure(
            f"{horizon}.fills",
            f"Fills marked {horizon}",
            "",
            "count",
            "Fills with a mid at the fill and so long after, in one continuous session: what the mark-outs are over.",
        )
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
