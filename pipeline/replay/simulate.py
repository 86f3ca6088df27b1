"""Replays one security's ticks under one set of parameters: no files, no processes, nothing shared."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import numpy as np

from pipeline.engine.execution import PRESETS, Execution, make_execution
from pipeline.engine.field_kinds import hints_of
from pipeline.engine.outcome import Facts
from pipeline.engine.strategy import Strategy, fields_of
from pipeline.replay.charges import charges_of
from pipeline.strategies.loading.load import anew
from pipeline.ticks import TRADE, union_of
from pipeline.times import DAY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipeline.engine.compiled import CompiledReplay
    from pipeline.engine.outcome import Fills, Outcome
    from pipeline.engine.plain import PlainReplay
    from pipeline.markets.market import MarketFacts
    from pipeline.settings import Values
    from pipeline.ticks import Float64s, Int64s, Ticks

Engine: TypeAlias = Literal["compiled", "python"]
CLASSIC: Final = make_execution("classic", {}, "")
PRESET_FIELDS: Final = [make_execution(preset, {}, "").fields() for preset in PRESETS]
BETWEEN_CODES: Final = re.compile(r"[\s,;|/]+")
"""What stands between the condition codes of one tick."""

ENGINES: Final[tuple[Engine, ...]] = ("compiled", "python")


Replayer: TypeAlias = "CompiledReplay | PlainReplay"
"""What replays a strategy over one security's ticks."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Replayed:
    """What one security's replay gave.

    market_days, days_not_flat: int64, days since 1970-01-01, ascending: days with a print, and those of them that
    ended with a position. rows: ticks read. events: those with a price above zero. *_count: events inside the quoting
    session. last_price: of the last print inside the session, None without one. realized_pnl: money, before fees. Money
    is in the market's currency, whatever part of it prices are quoted in.
    orders: how many we placed; None where the strategy keeps its own, or many settings walked together.
    final: the engine's state after the last event. counters: what the strategy counted. charges: what each fill was
    charged, money; None where nothing is. ignored: how many prints were left out of matching for their condition.
    """

    fills: Fills
    market_days: Int64s
    days_not_flat: Int64s
    rows: int
    events: int
    session_rows: int
    bid_count: int
    ask_count: int
    trade_count: int
    last_price: float | None
    position: int
    realized_pnl: float
    orders: int | None
    final: Mapping[str, float]
    trade_types: tuple[str, ...]
    counters: Mapping[str, int]
    charges: Float64s | None
    ignored: int = 0

    @property
    def fill_fees(self) -> Float64s:
        """What each fill was charged, money: 0 where nothing is."""
        return np.zeros(len(self.fills)) if self.charges is None else self.charges


def simulate(
    ticks: Ticks,
    strategy: type[Strategy],
    parameters: Values,
    market: MarketFacts,
    execution: Execution,
    engine: Engine = "compiled",
) -> Replayed:
    """Replay one security under one execution model; parameters by config key, in config units, checked.

    Raises StrategyError for a strategy that the engine cannot run.
    """
    values = fields_of(strategy).field_values(parameters, market.price_units_per_currency)
    matched = matched_ticks(ticks, execution, strategy)
    outcome = replayer(strategy, execution, engine).run(matched, engine_facts(market, execution), values)
    return replayed_of(ticks, outcome, strategy, execution, market)


def matched_ticks(ticks: Ticks, execution: Execution, strategy: type[Strategy]) -> Ticks:
    """Return ticks as the engine gets them: ignored prints have no price, which it takes for a placeholder."""
    ignored = ignored_prints(ticks, execution, strategy)
    if not len(ignored):
        return ticks
    price = ticks.price.copy()
    price[ignored] = 0.0
    return replace(ticks, price=price)


def ignored_prints(ticks: Ticks, execution: Execution, strategy: type[Strategy]) -> Int64s:
    """Return the numbers of the prints that an execution model leaves out of matching for one of their conditions."""
    if not execution.ignored or ticks.condition is None or not takes_switches(strategy):
        return np.empty(0, np.int64)
    has_code = [bool(execution.ignored & {*BETWEEN_CODES.split(text.upper())}) for text in ticks.conditions]
    ignored: Int64s = np.flatnonzero(np.array(has_code)[ticks.condition] & (ticks.kind == TRADE) & (ticks.price > 0.0))
    return ignored


def replayer(
    strategy: type[Strategy],
    execution: Execution,
    engine: Engine,
    on_compile: Callable[[str], None] | None = None,
    *,
    of_any_model: bool = False,
) -> Replayer:
    """Return what replays a strategy: the loop made for its preset, the one that knows the switches, or neither.

    on_compile: called with the strategy's class when its loop is not cached on disk and is compiled now. of_any_model:
    whether to take the one that knows the switches for a preset too, which is slower and spares compiling another.
    """
    if engine == "python":
        from pipeline.engine.plain import PlainReplay  # one engine a run

        return PlainReplay(anew(strategy))
    from pipeline.engine.compiled import compiled_replay

    return compiled_replay(strategy, None if of_any_model else loop_constants(execution), on_compile)


def loop_constants(execution: Execution) -> dict[str, int] | None:
    """Return what the loop for an execution model need not ask about: all switches for a preset, else none."""
    fields = execution.fields()
    return fields if fields in PRESET_FIELDS else None


def takes_switches(strategy: type[Strategy]) -> bool:
    """Return whether the execution switches apply in the market that a strategy trades in."""
    return hints_of(strategy.rules).keys() >= CLASSIC.fields().keys()


def engine_facts(market: MarketFacts, execution: Execution) -> Facts:
    """Return a market's facts and the execution switches, as the engine takes them."""
    return Facts(execution.fields() | {"cancel_over_break": execution.cancels_over_break(market)}, market)


def replayed_of(
    ticks: Ticks, outcome: Outcome, strategy: type[Strategy], execution: Execution, market: MarketFacts
) -> Replayed:
    """Return an outcome as what one security's replay gave; a day of ignored prints alone is a market day as well."""
    ignored = ignored_prints(ticks, execution, strategy)
    market_days = outcome.market_days
    if len(ignored):
        market_days = union_of([market_days, ticks.timestamp[ignored] // DAY])
    return Replayed(
        fills=outcome.fills,
        market_days=market_days,
        days_not_flat=days_not_flat(outcome.fills, market_days, ticks.timestamp),
        rows=len(ticks),
        trade_types=strategy.trade_types,
        charges=charges_of(outcome.fills, strategy, execution.costs(market.exchange), market),
        ignored=len(ignored),
        **counts_of(outcome.final, strategy, outcome.fills, market),
    )


def counts_of(state: Mapping[str, Any], strategy: type[Strategy], fills: Fills, market: MarketFacts) -> dict[str, Any]:
    """Return what the engine and the strategy had counted in a state, by the names in `Replayed`."""
    counts: dict[str, Any] = {
        name: int(state[f"m_{name}"]) for name in ("events", "session_rows", "bid_count", "ask_count", "trade_count")
    }
    return counts | {
        "last_price": float(state["m_last_price"]) if state["m_trade_count"] else None,
        "position": int(state["m_position"]),
        "realized_pnl": market.in_currency(float(state["m_realized_pnl"])),
        "orders": int(state["m_orders"]) if fills.placed is not None and "m_orders" in state else None,
        "final": state,
        "counters": {name: int(state[f"s_{name}"]) for name in strategy.counters},
    }


def days_not_flat(fills: Fills, market_days: Int64s, timestamps: Int64s, position: int = 0) -> Int64s:
    """Return the market days whose last event left a position; days since 1970-01-01, ascending.

    position: that before the first of the days, shares.
    """
    if not len(fills):
        return market_days if position else market_days[:0]
    days = np.maximum.accumulate(timestamps[fills.event] // DAY)
    last_fill = np.searchsorted(days, market_days, side="right") - 1
    left = np.where(last_fill >= 0, fills.position[last_fill], position)
    not_flat: Int64s = market_days[left != 0]
    return not_flat
