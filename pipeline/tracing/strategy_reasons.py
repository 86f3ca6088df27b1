"""The reasons that the shipped strategies give for a fill of theirs, beyond what the engine knows.

A user's own strategy has none here: it is explained by the actions it called and the lines that called them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from pipeline.numbers import money
from pipeline.strategies.closing_auction import AUCTION_ENTRY, EOD_FLATTEN, STOP_LOSS, VWAP_EXIT, ClosingAuction
from pipeline.strategies.v1_baseline import V1Baseline
from pipeline.strategies.v2_1_stop_loss import LEAST_COST, V21StopLoss
from pipeline.strategies.v2_price_follow_qty_cooldown import V2PriceFollowQtyCooldown
from pipeline.strategies.v3_liquidity_monitor import V3LiquidityMonitor
from pipeline.tracing.explanation import Rule
from pipeline.tracing.order_rendering import clock_at, per_currency, price
from pipeline.tracing.plain_values import moved

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.engine.strategy import Strategy
    from pipeline.tracing.explanation import Explanation
    from pipeline.tracing.trace import TracedFill

STICKS: Final = Rule(
    "§6",
    "A side is placed at its touch when its timer, started when it was last placed or filled, has run out. Until then "
    "it sticks at its price.",
)
FOLLOWS: Final = Rule(
    "§7",
    "At every event a quote goes to its touch; while that keeps its price, the order keeps its place and only its size "
    "is set. After a fill the side keeps what is left of it until its cooldown is over.",
)
STAYS_BEHIND: Final = Rule(
    "§9",
    "At every event a quote goes to its touch and behind all that is shown there: a print has to exceed that in one go "
    "to reach us.",
)
PLACING: Final[Mapping[type[Strategy], Rule]] = {
    V1Baseline: STICKS,
    V2PriceFollowQtyCooldown: FOLLOWS,
    V21StopLoss: FOLLOWS,
    V3LiquidityMonitor: STAYS_BEHIND,
}
STOP: Final = (
    Rule(
        "§8, A",
        "With both sides of the book there and an open position, its loss at mid in percent of its cost is compared "
        "with the threshold at every event; beyond it the whole position is to be closed.",
    ),
    Rule(
        "§8, B",
        "A working stop takes what the opposite touch shows, event by event, until nothing is left; until then our "
        "quotes are frozen and cannot be filled.",
    ),
)
OF_TRADE: Final = {
    AUCTION_ENTRY: Rule(
        "§10, settle",
        "An auction order is executed when the closing price is at its limit or better, up to our share of the whole "
        "day's auction volume, at the closing price: the auction's first print.",
    ),
    VWAP_EXIT: Rule(
        "§10, step 5",
        "From the next day on a print at the exit price or better fills what is left of the exit order, up to the "
        "whole print and without a queue, at the print's price.",
    ),
    STOP_LOSS: Rule(
        "§10, step 4",
        "From 10 minutes after the open to one before the close, the whole position is closed at its own touch when it "
        "has lost more than the threshold there.",
    ),
    EOD_FLATTEN: Rule(
        "§10, settle",
        "What is left of an exit order that is due is closed at the closing price: the auction's first print.",
    ),
}


@dataclass(frozen=True, slots=True)
class Reasons:
    """A strategy's own reasons: in words, in numbers by name, and the rules they follow."""

    words: tuple[str, ...] = ()
    numbers: Mapping[str, float] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()


class _TracingClosingAuction(ClosingAuction):
    """Notes on which tick the day's auction orders were placed."""

    def place_orders(self, m: Any) -> None:
        before = self.placed
        super().place_orders(m)
        if self.placed and not before:
            vars(self)["placed_at"] = m.at_hand()


def tracing_strategy(strategy: type[Strategy]) -> type[Strategy]:
    """Return a strategy that does the same and notes what its reasons need."""
    if strategy is ClosingAuction:
        return _TracingClosingAuction
    return strategy


def strategy_reasons(strategy: type[Strategy], fill: Explanation, traced: TracedFill, shift: int) -> Reasons:
    """Return what a strategy has to say of one of its fills; nothing for one that does not come with the project.

    shift: how far the exchange's own clock is ahead of that of the ticks, ns.
    """
    if fill.trade is not None and strategy is ClosingAuction:
        words, numbers = OF_AUCTION[traced.trade_type](fill, traced.memory, shift)
        return Reasons(words, numbers, (OF_TRADE[traced.trade_type],))
    if fill.how == "taken" and traced.stand_aside is not None and strategy is V21StopLoss:
        return _stop(fill, traced, shift)
    return Reasons(rules=(PLACING[strategy],)) if fill.order is not None and strategy in PLACING else Reasons()


def _stop(fill: Explanation, traced: TracedFill, shift: int) -> Reasons:
    aside = traced.stand_aside
    assert aside is not None  # noqa: S101 - asked by strategy_reasons
    assert fill.taking is not None  # noqa: S101 - for mypy
    memory: Any = aside.memory
    mid, cost = (aside.bid + aside.ask) / 2, memory["cost"]
    loss = percent = 0.0
    if cost >= LEAST_COST:
        loss = (mid - memory["average_cost"]) * aside.position
        percent = loss / cost * 100
    at = moved(aside.tick, shift)
    triggered, ordered = clock_at(at, moved(fill.tick, shift)), abs(aside.position)
    cost, loss = cost / fill.prices_per_currency, loss / fill.prices_per_currency
    numbers = {
        "trigger_tick": at.index,
        "mid": mid,
        "cost": cost,
        "unrealized": loss,
        "loss_pct": percent,
        "threshold_pct": memory["stop_loss"],
        "ordered": ordered,
        "done_before": ordered - fill.taking.wanted,
    }
    why = (
        f"The stop was triggered at tick {at.index:,} ({triggered}): position {aside.position:,} at a cost of "
        f"{money(cost)} {fill.currency}, mid {price(mid)}: {money(loss)} {fill.currency} are {percent:.4f} % of the "
        f"cost, less than {-memory['stop_loss']:g} %."
    )
    left = fill.taking.wanted
    slices = f"{ordered:,} to close, {ordered - left:,} done before, {left:,} left; {fill.taking.shown:,} are shown."
    return Reasons((why, slices), numbers, STOP)


def _entry(fill: Explanation, memory: Any, shift: int) -> tuple[tuple[str, ...], dict[str, float]]:
    buys = fill.side == "buy"
    limit = memory["buy_price"] if buys else memory["sell_price"]
    share = int(memory["auction_volume"] * (memory["fill_share"] / 100))
    notional = memory["order_notional"] / fill.prices_per_currency
    placed = moved(memory["placed_at"], shift)
    numbers = {
        "placed_tick": placed.index,
        "vwap": memory["vwap"],
        "limit": limit,
        "ordered": memory["order_quantity"],
        "auction_volume": memory["auction_volume"],
        "share": share,
    }
    order = (
        f"The {fill.side} order was placed at tick {placed.index:,} ({clock_at(placed, moved(fill.tick, shift))}): "
        f"{notional:,.0f} {fill.currency} at the late VWAP of {price(memory['vwap'])} are "
        f"{memory['order_quantity']:,} shares; limit: the VWAP {'less' if buys else 'plus'} {memory['spread']:g} %, in "
        f"whole ticks, {price(limit)}."
    )
    close = f"The auction's first print, {price(fill.price)}, is {'at or below' if buys else 'at or above'} it."
    volume = (
        f"{memory['fill_share']:g} % of the day's auction volume of {memory['auction_volume']:,} are {share:,}; of "
        f"{memory['order_quantity']:,} ordered {fill.quantity:,} were filled."
    )
    return (order, close, volume), numbers


def _exit(fill: Explanation, memory: Any, shift: int) -> tuple[tuple[str, ...], dict[str, float]]:
    sells = fill.side == "sell"
    left = memory["exit_quantity"]
    numbers = _of_exit(fill, memory) | {"print_size": fill.tick.size}
    why = (
        f"The exit order {fill.side}s at {price(memory['exit_price'])}, the VWAP of the entry's day in whole ticks: "
        f"the print at {price(fill.price)} is {'at or above' if sells else 'at or below'} it."
    )
    words = (
        why,
        f"{left + fill.quantity:,} were left, {fill.tick.size:,} printed: {fill.quantity:,} filled, {left:,} remain.",
        _gain(fill, memory["exit_entry"]),
    )
    return words, numbers


def _flatten(fill: Explanation, memory: Any, shift: int) -> tuple[tuple[str, ...], dict[str, float]]:
    words = (
        f"{fill.quantity:,} of the exit order at {price(memory['exit_price'])} were left at the close.",
        f"The auction's first print is {price(fill.price)}.",
        _gain(fill, memory["exit_entry"]),
    )
    return words, _of_exit(fill, memory)


def _of_exit(fill: Explanation, memory: Any) -> dict[str, float]:
    left = memory["exit_quantity"]
    entry = memory["exit_entry"]
    return {"limit": memory["exit_price"], "remaining": left + fill.quantity, "remains": left, "entry": entry}


def _loss(fill: Explanation, memory: Any, shift: int) -> tuple[tuple[str, ...], dict[str, float]]:
    entry = memory["entry"]
    gain = fill.price - entry if fill.side == "sell" else entry - fill.price
    percent = gain / entry * 100
    why = (
        f"The position of {fill.account.position_before:,} was entered at {price(entry)}; its touch is at "
        f"{price(fill.price)}: {percent:.4f} %, less than {-memory['stop_loss']:g} %."
    )
    return (why, _gain(fill, entry)), {"entry": entry, "loss_pct": percent, "threshold_pct": memory["stop_loss"]}


def _gain(fill: Explanation, entry: float) -> str:
    first, second = (fill.price, entry) if fill.side == "sell" else (entry, fill.price)
    gain = f"({price(first)} - {price(second)}) x {fill.quantity:,}{per_currency(fill)}"
    return f"{gain} = {money(fill.account.realized)} {fill.currency} realised."


OF_AUCTION: Final = {AUCTION_ENTRY: _entry, VWAP_EXIT: _exit, STOP_LOSS: _loss, EOD_FLATTEN: _flatten}
