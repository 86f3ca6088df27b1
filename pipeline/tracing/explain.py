"""Explains one fill by replaying the ticks around it through the plain engine with a market that keeps a trace.

Nothing here reads files: `recorded_fill.py` has everything from a run folder and a store.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.engine.compiler.parts import source_of
from pipeline.engine.outcome import SIDES, join_fills
from pipeline.engine.plain import PlainReplay
from pipeline.engine.rules.auction import AuctionMarket
from pipeline.engine.rules.ladder import LadderMarket
from pipeline.engine.rules.replay_state import BUY
from pipeline.engine.strategy import fields_of
from pipeline.replay.charges import charges_of
from pipeline.replay.simulate import engine_facts, matched_ticks
from pipeline.strategies.loading.load import anew
from pipeline.ticks import ASK, BID, TICK_TYPES
from pipeline.tracing.approach import STRIDE, Approach
from pipeline.tracing.explanation import (
    Account,
    AuctionTrade,
    Explanation,
    Flatten,
    Line,
    Order,
    Other,
    Taking,
    Tick,
    Touch,
)
from pipeline.tracing.rules import rules_of
from pipeline.tracing.strategy_reasons import strategy_reasons, tracing_strategy
from pipeline.tracing.trace import BEFORE, StartEarlierError, Trace, line_of
from pipeline.tracing.tracing_ladder import TracingLadder
from pipeline.tracing.tracing_market import TracingAuctionMarket, TracingMarket

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.engine.outcome import Fills
    from pipeline.engine.rules.replay_state import ReplayState
    from pipeline.runs.recorded_setting import RecordedTicks, Setting
    from pipeline.tracing.approach import Window
    from pipeline.tracing.trace import Decision, QueuePosition, TracedFill


PROJECT: Final = Path(__file__).parents[2]


def explain_fill(
    source: RecordedTicks,
    setting: Setting,
    number: int,
    on_day: Callable[[int], None] | None = None,
    stride: int = STRIDE,
) -> tuple[Explanation | None, Fills]:
    """Replay the ticks up to a fill and return why it happened.

    Args:
        source: The security's ticks.
        setting: What is replayed.
        number: The fill, counted from 1.
        on_day: Called with numbers of ticks, each the first of a day, while the replay goes on.
        stride: Ticks from one place from which the trace can begin to the next.

    Returns:
        The explanation, None when there are fewer fills, and the fills up to it.

    Raises:
        PipelineError: What a replay of these ticks raises.
    """
    approach = Approach(source, setting, stride, on_day)
    for window in approach.windows_of_fill(number):
        trace = Trace(number, on_day)
        fills = traced_replay(window, setting, trace).at(slice(0, number))
        if trace.fill is None:
            return None, fills
        costs = setting.execution.costs(setting.market.exchange)
        charges = charges_of(fills, setting.strategy, costs, setting.market)
        fee = 0.0 if charges is None else float(charges[-1])
        with suppress(StartEarlierError):
            return _FromTrace(window, setting, trace, trace.fill, fee).explanation(), fills
    return None, approach.fills


def traced_replay(window: Window, setting: Setting, trace: Trace) -> Fills:
    """Replay a window until the trace has what it is kept for, and return the fills until then, all before included."""
    strategy = anew(setting.strategy)
    namespace = {"rules": tracing(strategy.rules, trace), "__module__": strategy.__module__}
    replay = PlainReplay(type(strategy.__name__, (tracing_strategy(strategy),), namespace))
    values = fields_of(strategy).field_values(setting.parameters, setting.market.price_units_per_currency)
    run = replay.begin(window.span, engine_facts(setting.market, setting.execution), values, window.start)
    if window.start is not None:
        trace.market.forget_past()
    fills = [run.feed(matched_ticks(window.ticks, setting.execution, strategy))]
    if window.ends and not trace.market.diverged:
        fills.append(run.end().fills)
    return join_fills(fills if window.fills is None else [window.fills, *fills])


def tracing(market: type[ReplayState], trace: Trace) -> type[ReplayState]:
    """Return the kind of a market that traces into `trace`."""
    kinds = {AuctionMarket: TracingAuctionMarket, LadderMarket: TracingLadder}
    kind = next((kinds[each] for each in kinds if issubclass(market, each)), TracingMarket)
    return type(f"Tracing{market.__name__}", (kind, market), {"trace": trace})


class TraceReader:
    """Turns what a trace keeps, ticks by number and code by its position, into parts of an explanation."""

    def __init__(self, window: Window, setting: Setting) -> None:
        self._window = window
        self._setting = setting

    def names(self) -> list[str]:
        """Return what a strategy's memory and parameters are called; series are none, since it cannot read them."""
        fields = fields_of(self._setting.strategy)
        names = [*fields.parameters, *fields.memory, *fields.compounds, *fields.objects]
        return [name for name in names if name not in fields.series]

    def tick(self, index: int) -> Tick:
        """Return a tick by its number; raises StartEarlierError for one that is not traced."""
        ticks, at = self._window.ticks, index - self._window.first
        if at < 0:
            raise StartEarlierError
        return Tick(
            index=index,
            time=int(ticks.timestamp[at]),
            type=TICK_TYPES[int(ticks.kind[at])],
            price=float(ticks.price[at]),
            size=int(ticks.volume[at]),
        )

    def order(self, side: int, price: float, queue_position: QueuePosition) -> Order:
        """Return our order on a side, at its price; raises StartEarlierError for one whose history is not all known."""
        known = {name: getattr(queue_position, name) for name in Order.__slots__ if hasattr(queue_position, name)}
        if BEFORE in known.values():
            raise StartEarlierError
        kept: dict[str, Any] = {name: tuple(each) if isinstance(each, list) else each for name, each in known.items()}
        decision = queue_position.decision
        asked = decision.price if decision is not None and decision.price not in (0.0, price) else None
        sent, due = self.sent(decision)
        return Order(
            side="bid" if side == BUY else "ask",
            price=price,
            asked=asked,
            sent=sent,
            due=due,
            line=self.line(decision),
            **kept,
        )

    def sent(self, decision: Decision | None) -> tuple[Tick | None, int | None]:
        """Return, with a latency, on which tick a message was decided, and from when on it can arrive."""
        latency = self._setting.execution.fields()["latency"]
        if not latency or decision is None:
            return None, None
        return decision.tick, decision.tick.time + latency

    def line(self, decision: Decision | None) -> Line | None:
        """Return the line of an action's call, from the text that was run and not from the file as it may stand now."""
        if decision is None:
            return None
        number = line_of(decision.called_from)
        file = decision.called_from[0].co_filename
        name = _file_name(Path(file))
        for base in self._setting.strategy.__mro__[:-1]:
            module: Any = sys.modules[base.__module__]
            if module.__file__ == file:
                return Line(name, number, source_of(module).splitlines()[number - 1].strip())
        return Line(name, number, "")


class _FromTrace(TraceReader):
    """Turns the trace of a fill into its explanation."""

    def __init__(self, window: Window, setting: Setting, trace: Trace, fill: TracedFill, fee: float) -> None:
        super().__init__(window, setting)
        self._trace = trace
        self._fill = fill
        self._fee = fee

    def explanation(self) -> Explanation:
        fill, setting = self._fill, self._setting
        bid, ask = self._book()
        queue_position = fill.queue_position
        facts = Explanation(
            number=self._trace.fill_number,
            side="buy" if fill.side == BUY else "sell",
            price=fill.price,
            quantity=fill.quantity,
            how=fill.how,
            tick=self.tick(fill.event),
            before=self.tick(fill.event - 1) if fill.event > 0 else None,
            bid=bid,
            ask=ask,
            account=self._account(),
            order=None if queue_position is None else self.order(fill.side, fill.limit, queue_position),
            match=fill.match,
            taking=self._taking(),
            flatten=self._flatten(),
            trade=self._trade(),
            prior=fill.prior,
            others=tuple(
                Other(number, how, SIDES[side], quantity, price, order)
                for number, how, side, price, quantity, order in self._trace.fills_at_event
                if number != self._trace.fill_number
            ),
            memory={name: fill.memory[name] for name in self.names()},
            currency=setting.market.currency,
            prices_in=setting.market.prices_in,
            prices_per_currency=setting.market.price_units_per_currency,
        )
        reasons = strategy_reasons(setting.strategy, facts, fill, -setting.market.clock_shift)
        rules = rules_of(facts, setting.execution, setting.market)
        return replace(facts, reasons=reasons.words, details=reasons.numbers, rules=(*rules, *reasons.rules))

    def _book(self) -> tuple[Touch | None, Touch | None]:
        if issubclass(self._setting.strategy.rules, AuctionMarket):
            return self._best(BID), self._best(ASK)
        bid, bid_size, ask, ask_size = self._fill.book
        return (Touch(bid, bid_size) if bid_size > 0 else None), (Touch(ask, ask_size) if ask_size > 0 else None)

    def _best(self, kind: int) -> Touch | None:
        """Return the last quote of a side up to the fill's tick; an auction market forgets none and keeps no size."""
        window = self._window
        end = self._fill.event + 1 - window.first
        quotes = np.flatnonzero((window.ticks.kind[:end] == kind) & (window.ticks.price[:end] > 0.0))
        if len(quotes):
            return Touch(float(window.ticks.price[quotes[-1]]), None)
        before = window.start.state["m_best_bid" if kind == BID else "m_best_ask"] if window.start else 0.0
        return Touch(before, None) if before > 0.0 else None

    def _account(self) -> Account:
        fill, in_currency = self._fill, self._setting.market.in_currency
        before, signed = fill.position_before, fill.side * fill.quantity
        closed = min(abs(before), fill.quantity) if before * signed < 0 else 0
        return Account(
            position_before=before,
            entry_before=fill.entry_before,
            pnl_before=in_currency(fill.pnl_before),
            closed=closed,
            opened=fill.quantity - closed,
            realized=in_currency(fill.realized),
            position=fill.position,
            entry=fill.entry,
            pnl=in_currency(fill.pnl),
            fee=self._fee,
        )

    def _taking(self) -> Taking | None:
        fill, take = self._fill, self._fill.take
        if take is None:
            return None
        available = max(0, take.shown - take.had)
        taken = min(take.wanted, available)
        sent, due = self.sent(take.decision)
        return Taking(
            tick=take.tick,
            price=take.price,
            wanted=take.wanted,
            shown=take.shown,
            had=take.had,
            available=available,
            taken=taken,
            remains=take.wanted - taken,
            earlier=fill.quantity - taken,
            limit=None if fill.how == "taken" else fill.limit,
            sent=sent,
            due=due,
            aside_since=None if fill.stand_aside is None else fill.stand_aside.tick,
            line=self.line(take.decision),
        )

    def _flatten(self) -> Flatten | None:
        fill = self._fill
        if fill.how not in ("auction", "touch"):
            return None
        return Flatten(self.tick(fill.found_open), waited=fill.found_open != fill.event)

    def _trade(self) -> AuctionTrade | None:
        fill = self._fill
        if fill.how != "trade":
            return None
        types = self._setting.strategy.trade_types
        known = 0 <= fill.trade_type < len(types)
        name = types[fill.trade_type] if known else str(fill.trade_type)
        return AuctionTrade(name, fill.reference, self.line(fill.decision))


def _file_name(path: Path) -> str:
    """Return a file as it would be typed here, or as it is called in the project's own folder."""
    for folder in (Path.cwd(), PROJECT):
        if path.is_relative_to(folder):
            return path.relative_to(folder).as_posix()
    return path.as_posix()
