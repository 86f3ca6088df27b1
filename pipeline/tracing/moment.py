"""Explains what our order on one side was at a moment: what stood ahead of it, what touched it, what would fill it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.engine.rules.auction import AuctionMarket
from pipeline.engine.rules.replay_state import BUY, SELL
from pipeline.errors import BadRequest, UnknownMoment
from pipeline.ticks import union_of
from pipeline.times import DAY, SECOND, date_of
from pipeline.tracing.approach import STRIDE, Approach
from pipeline.tracing.explain import TraceReader, traced_replay
from pipeline.tracing.explanation import Line, Order, Passed, Tick, Touch, as_plain
from pipeline.tracing.order_rendering import hour_of, when
from pipeline.tracing.trace import StartEarlierError, Trace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipeline.engine.outcome import Fills
    from pipeline.markets.market import MarketFacts
    from pipeline.runs.recorded_setting import Setting
    from pipeline.ticks import Int64s
    from pipeline.tracing.approach import TickSource, Window
    from pipeline.tracing.trace import Decision
    from pipeline.tracing.tracing_side import TracingSide

SIDES: Final = {"buy": BUY, "sell": SELL}
MESSAGES: Final = ("", "place", "post", "resize", "join", "cancel", "hold")


@dataclass(frozen=True, slots=True)
class Ended:
    """How the last order of a side ended: `filled`, `cancelled` by the line, or the switch that cancelled it."""

    tick: Tick
    how: str
    line: Line | None


@dataclass(frozen=True, slots=True)
class Call:
    """The last that a strategy asked for on a side, and whether it was refused."""

    tick: Tick
    refused: bool
    line: Line | None


@dataclass(frozen=True, slots=True)
class Message:
    """What is on its way to the exchange: its kind, price and size (shares), and from when on it can arrive."""

    kind: str
    price: float
    size: int
    due: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """What would have filled our order next, shares and money.

    first, whole: a print of so many at or through `price` fills its first share, and all of it. through: a print
    strictly through it fills from its first share on. touch: the opposite touch at or through it does. not_before: no
    print fills before that time, ns, None where any does.
    """

    price: float
    first: int
    whole: int
    through: bool
    touch: bool
    not_before: int | None


@dataclass(frozen=True, slots=True)
class Moment:
    """What our order on a side was at a moment, after the last of the `events` in it.

    asked_at, until: its first and last ns. tick: the last one until then. ahead, remaining: of the order, shares.
    ended, call: how the last order of this side ended, and what the strategy last asked for, None for never.
    last_print, last_touch, last_quote: the last that touched the order in its place. aside_since: since
    when our quotes stand aside. day: the trading day, as ISO text.
    """

    asked_at: int
    until: int
    tick: Tick
    events: int
    side: str
    bid: Touch | None
    ask: Touch | None
    position: int
    order: Order | None
    remaining: int
    ahead: int
    ended: Ended | None
    call: Call | None
    messages: tuple[Message, ...]
    last_print: Passed | None
    last_touch: Passed | None
    last_quote: Passed | None
    wanted: Wanted | None
    aside_since: Tick | None
    memory: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    security: str = ""
    run: str = ""
    strategy: str = ""
    execution: str = ""
    day: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the same as plain values for JSON, times as ISO text; what does not apply is null."""
        return as_plain(self)


def last_event(source: TickSource, setting: Setting, asked: int, length: int) -> tuple[int, int]:
    """Return the number of the last tick until the end of a moment, and how many ticks are in it.

    Args:
        source: The security's ticks.
        setting: What is replayed.
        asked: The moment's first ns.
        length: How long it is, ns.

    Raises:
        UnknownMoment: It is outside the continuous session or the data.
        BadRequest: The strategy keeps its own orders.
    """
    if issubclass(setting.strategy.rules, AuctionMarket):
        raise BadRequest(f"{setting.strategy.__name__} keeps its own orders: ask for one of its fills with --fill.")
    market = setting.market
    if not len(_in_session(np.array([asked]), market)):
        spans = [[hour_of(market.own_time(time)) for time in span] for span in _spans(asked // DAY, market)]
        sessions = " and ".join(f"{opens} to {closes}" for opens, closes in spans)
        raise _unknown(f"outside the continuous session, {sessions}", asked, source, market)
    first, end = 0, asked + length - 1
    for ticks in source.days():
        times = ticks.timestamp
        of_day = np.flatnonzero(times // DAY == asked // DAY)
        of_session = of_day[_in_session(times[of_day], market)]
        if len(of_session):
            within = of_day[(times[of_day] >= asked) & (times[of_day] <= end)]
            later = of_day[times[of_day] > end]
            last = within[-1] if len(within) else later[0] - 1 if len(later) else of_day[-1]
            if last < of_session[0]:
                raise _unknown("before the first tick of that day's session", asked, source, market)
            return first + int(last), len(within)
        first += len(times)
    raise _unknown("on a day without ticks in the session", asked, source, market)


def _spans(day: int, market: MarketFacts) -> tuple[tuple[int, int], ...]:
    return market.hours_on(date_of(day)).continuous


def _in_session(times: Int64s, market: MarketFacts) -> Int64s:
    """Return at which places times are of continuous trading, by the hours of their days, breaks left out."""
    inside = np.zeros(len(times), bool)
    for day in union_of([times // DAY]).tolist():
        for start, end in _spans(day, market):
            inside |= (times >= day * DAY + start) & (times < day * DAY + end)
    return np.flatnonzero(inside)


def _unknown(why: str, asked: int, source: TickSource, market: MarketFacts) -> UnknownMoment:
    nearest, shift = "There is none.", market.clock_shift
    in_session = [ticks.timestamp[_in_session(ticks.timestamp, market)] for ticks in source.days()]
    closest = [int(times[np.abs(times - asked).argmin()]) for times in in_session if len(times)]
    if closest:
        at = min(closest, key=lambda time: abs(time - asked))
        nearest = f"The nearest tick in the session is at {when(at - shift)}."
    return UnknownMoment(f"--at {when(asked - shift)} is {why}. {nearest}")


def explain_moment(
    source: TickSource,
    setting: Setting,
    asked: int,
    side: str,
    *,
    length: int = SECOND,
    on_day: Callable[[int], None] | None = None,
    stride: int = STRIDE,
) -> tuple[Moment, Fills]:
    """Replay the ticks up to a moment and return what our order on a side was then.

    Args:
        source: The security's ticks.
        setting: What is replayed.
        asked: The moment's first ns.
        side: buy or sell.
        length: How long the moment is, ns.
        on_day: Called with numbers of ticks, each the first of a day, while the replay goes on.
        stride: Ticks from one place from which the trace can begin to the next.

    Returns:
        The explanation, and the fills until then.

    Raises:
        PipelineError: What `last_event` and a replay of these ticks raise.
    """
    last, events = last_event(source, setting, asked, length)
    for window in Approach(source, setting, stride, on_day).windows_of_event(last):
        trace = Trace(on_day=on_day, last_event=last)
        fills = traced_replay(window, setting, trace)
        with suppress(StartEarlierError):
            return _MomentFromTrace(window, setting, trace).moment(asked, length, events, SIDES[side]), fills
    raise AssertionError("the last window begins with the first tick")


class _MomentFromTrace(TraceReader):
    """Turns the trace of a replay that has ended at a moment into its explanation."""

    def __init__(self, window: Window, setting: Setting, trace: Trace) -> None:
        super().__init__(window, setting)
        self._market = trace.market
        self._last = trace.last_event

    def moment(self, asked: int, length: int, events: int, side: int) -> Moment:
        market = self._market
        ours: TracingSide = market.bid_side if side == BUY else market.ask_side
        history = self.known(ours.queue_position)
        aside = market.stood_aside if market.standing_aside else None
        return Moment(
            asked_at=asked,
            until=asked + length - 1,
            tick=self.tick(self._last),
            events=events,
            side="bid" if side == BUY else "ask",
            bid=Touch(market.bid, market.bid_size) if market.bid_size else None,
            ask=Touch(market.ask, market.ask_size) if market.ask_size else None,
            position=market.position,
            order=self.order(side, ours.order_price, history) if ours.live else None,
            remaining=ours.remaining,
            ahead=ours.ahead if ours.live else 0,
            ended=None
            if ours.ended is None
            else Ended(ours.ended.tick, ours.ended.how, self._line_of(ours.ended.decision)),
            call=None if ours.decision is None else self._call(ours.decision),
            messages=_messages(ours),
            last_print=history.prints[-1] if history.prints else None,
            last_touch=history.touches[-1] if history.touches else None,
            last_quote=history.last_quote,
            wanted=self._wanted(ours) if ours.live else None,
            aside_since=None if aside is None else self.tick(aside.event),
            memory={name: vars(market.strategy)[name] for name in self.names()},
        )

    def _wanted(self, ours: TracingSide) -> Wanted:
        market = self._market
        quotes_from = market.continuous_opens + market.open_delay
        return Wanted(
            price=ours.order_price,
            first=ours.ahead + 1,
            whole=ours.ahead + ours.remaining,
            through=bool(market.through_clears),
            touch=bool(market.touch_fills),
            not_before=market.day_start + quotes_from if market.time_of_day < quotes_from else None,
        )

    def _call(self, decision: Decision) -> Call:
        return Call(decision.tick, decision.refused, self._line_of(decision))

    def _line_of(self, decision: Decision | None) -> Line | None:
        return None if decision is None else self.line(decision.called_from)


def _messages(ours: TracingSide) -> tuple[Message, ...]:
    sent = Message(MESSAGES[ours.sent_message], ours.sent_price, ours.sent_size, ours.arrives)
    later = Message(MESSAGES[ours.later], ours.later_price, ours.later_size, ours.later_arrives)
    return (*([sent] if ours.sent else []), *([later] if ours.later else []))
