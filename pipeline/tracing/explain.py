"""Explains one fill of a strategy by replaying the ticks up to it through the plain engine and recording what it did.

Nothing here reads files: `of_run.py` supplies everything from a run folder and a store.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.engine.compiler.parts import source_of
from pipeline.engine.outcome import SIDES
from pipeline.engine.plain import PlainReplay
from pipeline.engine.rules.auction import AuctionMarket
from pipeline.engine.rules.replay_state import BUY
from pipeline.engine.strategy import fields_of
from pipeline.replay.simulate import engine_facts
from pipeline.ticks import ASK, BID, TICK_TYPES
from pipeline.tracing.explanation import (
    Account,
    AuctionTrade,
    Explanation,
    Flatten,
    Line,
    Match,
    Order,
    Other,
    Passed,
    Resize,
    Taking,
    Tick,
    Touch,
)
from pipeline.tracing.rules import rules_of
from pipeline.tracing.strategy_reasons import own_reasons, watched_strategy
from pipeline.tracing.text import file_of
from pipeline.tracing.trace import NEVER, Watch
from pipeline.tracing.tracing_market import line_of, watched

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.engine.execution import Execution
    from pipeline.engine.outcome import Fills
    from pipeline.engine.strategy import Strategy
    from pipeline.markets.facts import MarketFacts
    from pipeline.settings import Values
    from pipeline.ticks import Ticks
    from pipeline.tracing.trace import Moment, Place, Spot


@dataclass(frozen=True, slots=True)
class Setting:
    """What is replayed: a strategy class, its parameters by config key, its market and execution model."""

    strategy: type[Strategy]
    parameters: Values
    market: MarketFacts
    execution: Execution


def explain_fill(
    ticks: Ticks, setting: Setting, number: int, on_day: Callable[[int], None] | None = None
) -> tuple[Explanation | None, Fills]:
    """Return why the fill of this number, counted from 1, happened, and the fills up to it; None when there is none.

    on_day: told the number of each day's first tick while the replay goes on. Raises what a replay raises.
    """
    watch = Watch(number, on_day)
    strategy = setting.strategy
    rules = watched(strategy.rules, watch)
    kind = watched_strategy(strategy)
    replay = PlainReplay(type(strategy.__name__, (kind,), {"rules": rules, "__module__": strategy.__module__}))
    held = fields_of(strategy).held(setting.parameters)
    found = replay.run(ticks, engine_facts(setting.market, setting.execution), held)
    fills = found.fills.at(slice(0, number))
    if watch.moment is None:
        return None, fills
    return _Told(ticks, setting, watch, watch.moment).explanation(), fills


class _Told:
    """Turns what was noted, which is numbers of ticks, into facts."""

    def __init__(self, ticks: Ticks, setting: Setting, watch: Watch, moment: Moment) -> None:
        self._ticks = ticks
        self._setting = setting
        self._watch = watch
        self._moment = moment

    def explanation(self) -> Explanation:
        moment, setting = self._moment, self._setting
        bid, ask = self._book()
        told = Explanation(
            number=self._watch.wanted,
            side="buy" if moment.side == BUY else "sell",
            price=moment.price,
            quantity=moment.quantity,
            how=moment.how,
            tick=self._tick(moment.event),
            before=self._tick(moment.event - 1) if moment.event > 0 else None,
            bid=bid,
            ask=ask,
            account=self._account(),
            order=None if moment.place is None else self._order(moment.place),
            match=self._match(),
            taking=self._taking(),
            flatten=self._flatten(),
            trade=self._trade(),
            others=tuple(
                Other(number, how, SIDES[side], quantity, price)
                for number, how, side, price, quantity in self._watch.at_event
                if number != self._watch.wanted
            ),
            memory={name: moment.memory[name] for name in self._names()},
        )
        reasons = own_reasons(setting.strategy, told, moment, self._tick)
        rules = rules_of(told, setting.execution, setting.market)
        return replace(told, reasons=reasons.words, details=reasons.numbers, rules=(*rules, *reasons.rules))

    def _names(self) -> list[str]:
        fields = fields_of(self._setting.strategy)
        return [*fields.parameters, *fields.memory, *fields.objects]

    def _tick(self, index: int) -> Tick:
        ticks = self._ticks
        return Tick(
            index=index,
            time=int(ticks.timestamp[index]),
            type=TICK_TYPES[int(ticks.kind[index])],
            price=float(ticks.price[index]),
            size=int(ticks.volume[index]),
        )

    def _book(self) -> tuple[Touch | None, Touch | None]:
        if issubclass(self._setting.strategy.rules, AuctionMarket):
            return self._best(BID), self._best(ASK)
        bid, bid_size, ask, ask_size = self._moment.book
        return (Touch(bid, bid_size) if bid_size > 0 else None), (Touch(ask, ask_size) if ask_size > 0 else None)

    def _best(self, kind: int) -> Touch | None:
        """Return the last quote of a side up to the fill's tick; an auction market forgets none and keeps no size."""
        end = self._moment.event + 1
        quotes = np.flatnonzero((self._ticks.kind[:end] == kind) & (self._ticks.price[:end] > 0.0))
        return Touch(float(self._ticks.price[quotes[-1]]), None) if len(quotes) else None

    def _account(self) -> Account:
        moment = self._moment
        before, signed = moment.position_before, moment.side * moment.quantity
        fees = self._setting.execution.fees_bps(self._setting.market.exchange)
        closed = min(abs(before), moment.quantity) if before * signed < 0 else 0
        return Account(
            position_before=before,
            entry_before=moment.entry_before,
            pnl_before=moment.pnl_before,
            closed=closed,
            opened=moment.quantity - closed,
            realized=moment.realized,
            position=moment.position,
            entry=moment.entry,
            pnl=moment.pnl,
            fee=moment.price * moment.quantity * (fees / 10_000),
        )

    def _order(self, place: Place) -> Order:
        return Order(
            side="bid" if self._moment.side == BUY else "ask",
            price=self._moment.order,
            placed=self._tick(place.placed),
            taken=self._tick(place.taken),
            again=place.again,
            shown=place.shown,
            ahead=place.ahead,
            size=place.size,
            sent=None if place.sent == NEVER else self._tick(place.sent),
            resizes=tuple(Resize(self._tick(event), was, size) for event, was, size in place.resizes),
            prints=tuple(Passed(self._tick(event), ahead, filled) for event, ahead, filled in place.prints),
            line=self._line(place.spot),
        )

    def _match(self) -> Match | None:
        shared, filled = self._moment.shared, self._moment.quantity
        if shared is None:
            return None
        size = self._tick(self._moment.event).size
        return Match(
            print_size=size,
            used=shared.used,
            ahead=shared.ahead,
            cleared=shared.cleared,
            passed=shared.passed,
            left=size - shared.used - shared.passed,
            remaining=shared.remaining,
            filled=filled,
            remains=shared.remaining - filled,
            limit=shared.limit,
            through=shared.through,
            at_limit=bool(self._setting.execution.fields()["order_price_fills"]),
        )

    def _taking(self) -> Taking | None:
        moment = self._moment
        if moment.how != "taken":
            return None
        _, bid_size, _, ask_size = moment.book
        shown = ask_size if moment.side == BUY else bid_size
        since = None if moment.aside is None else self._tick(moment.aside.event)
        return Taking(moment.wanted, shown, moment.quantity, since, self._line(moment.spot))

    def _flatten(self) -> Flatten | None:
        moment = self._moment
        if moment.how not in ("auction", "touch"):
            return None
        return Flatten(self._tick(moment.found), waited=moment.found != moment.event)

    def _trade(self) -> AuctionTrade | None:
        moment = self._moment
        if moment.how != "trade":
            return None
        types = self._setting.strategy.trade_types
        known = 0 <= moment.trade_type < len(types)
        name = types[moment.trade_type] if known else str(moment.trade_type)
        return AuctionTrade(name, moment.reference, self._line(moment.spot))

    def _line(self, spot: Spot | None) -> Line | None:
        """Return the line of the verb's call, from the text that was run and not from the file as it may stand now."""
        if spot is None:
            return None
        number = line_of(spot)
        file = spot[0].co_filename
        shown = file_of(Path(file))
        for base in self._setting.strategy.__mro__[:-1]:
            module: Any = sys.modules[base.__module__]
            if module.__file__ == file:
                return Line(shown, number, source_of(module).splitlines()[number - 1].strip())
        return Line(shown, number, "")
