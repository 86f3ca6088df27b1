"""The figures of market making: inventory, orders, spread captured, mark-outs and adverse selection."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import numpy as np

from pipeline.metrics.figure import NO_DAY, NO_MARK, OWN_ORDERS, TAU, Figure, Reason
from pipeline.metrics.formulas import percentile
from pipeline.metrics.performance_figures import ACTIVITY
from pipeline.replay.observe import HORIZONS
from pipeline.times import SECOND

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pipeline.metrics.portfolio import Portfolio

INVENTORY: Final = "Inventory"
BPS: Final = "Spread and mark-outs, bps of the value traded"
AMOUNTS: Final = "Spread and mark-outs, amounts"

HUANG_STOLL: Final = (
    "The realised-spread decomposition of R. Huang and H. Stoll, Dealer versus Auction Markets, J. Financial "
    "Economics 41 (1996), in money."
)
NO_MID: Final = Reason("No fill in the continuous session with both sides of the book quoted.")
NO_LATER_MID: Final = Reason("No fill with a mid both at the fill and so long after it, in one continuous session.")
NO_WAIT: Final = Reason("No resting order was filled.")
MARKOUT: Final = f"Σ side · (mid at {TAU} - price) · quantity, side +1 for a buy"
ADVERSE_SELECTION: Final = f"Σ side · (mid at fill - mid at {TAU}) · quantity"
AGAINST: Final = (
    f"How far the mid had moved against the fills {TAU} later. With the mark-out it adds up to the spread that these "
    "fills captured."
)
OVER_VALUE: Final = " / Σ price · quantity of these fills · 10,000"


def _earned(name: str, of: str, horizon: str, group: str) -> Callable[[Portfolio], float | None]:
    """Return what computes a sum over the fills that have the mids for it, in money or in bps of their value."""

    def compute(p: Portfolio) -> float | None:
        amount, value = p.sums[f"{name}{horizon}"], p.sums[f"{of}_value{horizon}"]
        if not p.sums[f"{of}_fills{horizon}"] or (group == BPS and value <= 0.0):
            return None
        return float(amount / value * 10_000 if group == BPS else amount)

    return compute


def _fills_marked(horizon: str) -> Callable[[Portfolio], int]:
    return lambda p: int(p.sums[f"markout_fills_{horizon}"])


def _time_at_limit(p: Portfolio) -> float | None:
    marks, at_limit = len(p.clock.inventory), p.clock.at_limit
    return at_limit / marks if at_limit is not None and marks else None


def _median_time_to_fill(p: Portfolio) -> float | None:
    waits = [ledger.waits[:] for ledger in p.ledgers]
    return percentile(np.concatenate(waits)[:, 0] / SECOND, 50) if p.sums["waits"] else None


def _markouts(part: str, form: str) -> Iterator[Figure]:
    """Yield the mark-out, then the adverse selection, at each horizon, in one unit."""
    group = BPS if form == "bps" else AMOUNTS
    for name, prefix, label, meaning, formula, better in (
        ("markout", "", "Mark-out", f"What the fills were worth {TAU} later, against the mid then.", MARKOUT, 1),
        ("adverse", "adverse_", "Adverse selection", AGAINST, ADVERSE_SELECTION, -1),
    ):
        for horizon in HORIZONS:
            yield Figure(
                name=f"markouts.{horizon}.{prefix}{part}",
                compute=_earned(name, "markout", f"_{horizon}", group),
                group=group,
                label=f"{label} after {horizon}",
                form=form,
                meaning=meaning,
                formula=f"`markouts.{TAU}.{prefix}amount`{OVER_VALUE}" if group == BPS else formula,
                source=HUANG_STOLL,
                missing=(NO_LATER_MID,),
                better=better,
                horizon=horizon,
            )


inventory = partial(Figure, group=INVENTORY)
activity = partial(Figure, group=ACTIVITY)
in_bps = partial(Figure, group=BPS)
in_money = partial(Figure, group=AMOUNTS)

MARKET_MAKING_FIGURES: Final = (
    inventory(
        name="position",
        compute=lambda p: p.position,
        label="Final position",
        form="shares",
        meaning="Position after the last event.",
        formula="shares bought - shares sold",
        in_metrics=False,
        in_sweep=True,
        summary=(3, "position"),
    ),
    inventory(
        name="time_in_market",
        compute=lambda p: p.time_in_market if len(p.inventory) else None,
        label="Time in market",
        form="share",
        of_counts=True,
        meaning="Share of the continuous sessions' time with an open position; of the portfolio, with any.",
        formula="session time with a position / session time",
        missing=(NO_DAY, NO_MARK),
    ),
    inventory(
        name="inventory_mean",
        compute=lambda p: float(p.inventory.mean()) if len(p.inventory) else None,
        label="Inventory, mean",
        form="whole_money",
        meaning="Usual value of the open positions, long or short.",
        formula="mean of Σ abs(position) · mark at the five-minute marks",
        missing=(NO_DAY, NO_MARK),
    ),
    inventory(
        name="pnl_per_inventory",
        compute=lambda p: p.net_pnl / float(p.inventory.mean()) if len(p.inventory) and p.inventory.any() else None,
        label="P&L per unit of inventory",
        form="share",
        meaning="What the run earned for the risk of holding: net P&L on the usual value of the open positions.",
        formula="`net_pnl` / `inventory_mean`",
        missing=(NO_DAY, Reason("No position at a five-minute mark.")),
        better=1,
    ),
    inventory(
        name="inventory_p95",
        compute=lambda p: percentile(p.inventory, 95) if len(p.inventory) else None,
        label="Inventory, 95th percentile",
        form="whole_money",
        meaning="Value of the open positions that is exceeded at one mark in twenty.",
        formula="95th percentile of Σ abs(position) · mark at the five-minute marks, linear between two marks",
        missing=(NO_DAY, NO_MARK),
    ),
    inventory(
        name="time_at_limit",
        compute=_time_at_limit,
        label="Time at limit",
        form="share",
        meaning="How long the strategy could not quote both sides: share of the five-minute marks with the position at "
        "`max_position`, or at `max_notional` / mark where the strategy keeps to it.",
        formula="marks at the limit / marks",
        missing=(
            NO_DAY,
            Reason("Limits are each security's own.", lambda p: not p.is_one_security),
            Reason("The strategy has no position limit.", lambda p: p.clock.at_limit is None),
            NO_MARK,
        ),
    ),
    activity(
        name="orders",
        compute=lambda p: p.orders,
        label="Orders",
        form="count",
        meaning="Orders placed. An order is our quote on one side at one price without a break; one placed anew at its "
        "price goes to the back of its queue and is the same order.",
        formula="number of orders",
        missing=(OWN_ORDERS,),
    ),
    activity(
        name="fill_ratio",
        compute=lambda p: p.sums["waits"] / p.orders if p.orders else None,
        label="Fill ratio",
        form="share",
        of_counts=True,
        meaning="Share of the orders placed that were filled, at least in part.",
        formula="orders with at least one fill / `orders`",
        missing=(OWN_ORDERS, Reason("No order was placed.")),
    ),
    activity(
        name="time_to_fill_median",
        compute=_median_time_to_fill,
        label="Time to fill, median",
        form="seconds",
        meaning="How long a filled order had stood before its first fill, in time of the continuous session: nights, "
        "breaks and days without a print do not count. With a latency it stands from when it joins its queue.",
        formula="median of (first fill - placing)",
        missing=(OWN_ORDERS, NO_WAIT),
    ),
    activity(
        name="time_to_fill_mean",
        compute=lambda p: p.sums["waited"] / SECOND / p.sums["waits"] if p.sums["waits"] else None,
        label="Time to fill, mean",
        form="seconds",
        meaning="How long a filled order had stood before its first fill, where long waits weigh more.",
        formula="mean of (first fill - placing)",
        missing=(OWN_ORDERS, NO_WAIT),
    ),
    in_bps(
        name="spread_captured_bps",
        compute=_earned("spread", "spread", "", BPS),
        label="Spread captured",
        form="bps",
        meaning="The spread captured for each unit traded.",
        formula=f"`spread_captured`{OVER_VALUE}",
        source=HUANG_STOLL,
        missing=(NO_MID,),
        is_headline=True,
        better=1,
    ),
    *_markouts("bps", "bps"),
    in_money(
        name="spread_captured",
        compute=_earned("spread", "spread", "", AMOUNTS),
        label="Spread captured",
        form="money",
        meaning="What fills earned against the mid at the fill: half the spread, for a quote at the touch. Fills "
        "that take from the touch pay it, and count.",
        formula="Σ side · (mid at fill - price) · quantity, side +1 for a buy",
        source=HUANG_STOLL,
        missing=(NO_MID,),
        better=1,
    ),
    *_markouts("amount", "money"),
    *(
        in_money(
            name=f"markouts.{horizon}.fills",
            compute=_fills_marked(horizon),
            label=f"Fills marked after {horizon}",
            form="count",
            meaning="Fills that the mark-outs are over.",
            formula=f"number of fills with a mid both at the fill and {TAU} later, in one continuous session",
            horizon=horizon,
        )
        for horizon in HORIZONS
    ),
)
