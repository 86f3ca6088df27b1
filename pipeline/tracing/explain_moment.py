"""Explains what our orders on one side were at a moment: what stood ahead of each, what touched it, what would."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.engine.called import calls_of
from pipeline.engine.rules.auction import AuctionMarket
from pipeline.engine.rules.ladder_side import MOST_LEVELS
from pipeline.engine.rules.replay_state import BUY, SELL
from pipeline.engine.strategy import Strategy
from pipeline.errors import BadRequest, UnknownMoment
from pipeline.replay.other_touch import in_session
from pipeline.replay.simulate import matched_ticks
from pipeline.times import DAY, SECOND, date_of
from pipeline.tracing.approach import STRIDE, Approach
from pipeline.tracing.explain import TraceReader, traced_replay
from pipeline.tracing.explanation import Touch
from pipeline.tracing.moment import Call, Ended, Message, Moment, Standing, Wanted
from pipeline.tracing.order_rendering import hour_of, when
from pipeline.tracing.trace import BEFORE, StartEarlierError, Trace

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from pipeline.engine.outcome import Fills
    from pipeline.runs.recorded_setting import RecordedTicks, Setting
    from pipeline.ticks import Ticks
    from pipeline.tracing.approach import Window
    from pipeline.tracing.explanation import Passed
    from pipeline.tracing.trace import Decision, QueuePosition, TracedEnd
    from pipeline.tracing.tracing_ladder import TracingLadder
    from pipeline.tracing.tracing_side import TracingSide

SIDES: Final = {"buy": BUY, "sell": SELL}
MESSAGES: Final = ("", "place", "post", "resize", "join", "cancel", "hold")
OF_SEVERAL: Final = ("", "place", "replace", "cancel")


def last_event(source: RecordedTicks, setting: Setting, asked: int, length: int) -> tuple[int, int]:
    """Return the number of the last tick until the end of a moment, and how many ticks are in it.

    Args:
        source: The security's ticks.
        setting: What is replayed.
        asked: The moment's first ns.
        length: How long it is, ns.

    Raises:
        UnknownMoment: It is outside the continuous session or the data.
        BadRequest: The strategy keeps its own orders, or is called between ticks as well.
    """
    if issubclass(setting.strategy.rules, AuctionMarket):
        raise BadRequest(f"{setting.strategy.__name__} keeps its own orders: ask for one of its fills with --fill.")
    if {*calls_of(setting.strategy, Strategy)} - {"on_outside"}:
        raise BadRequest(
            f"{setting.strategy.__name__} is called between ticks as well, after the last that --at comes to: "
            "ask for one of its fills with --fill."
        )
    market = setting.market
    if not in_session(np.array([asked]), market).any():
        spans = [
            [hour_of(market.own_time(time)) for time in span]
            for span in market.hours_on(date_of(asked // DAY)).continuous
        ]
        sessions = " and ".join(f"{opens} to {closes}" for opens, closes in spans)
        raise _unknown(f"outside the continuous session, {sessions}", asked, source, setting)
    first, end = 0, asked + length - 1
    for ticks in source.days():
        times = ticks.timestamp
        of_day = np.flatnonzero(times // DAY == asked // DAY)
        of_session = of_day[_is_seen(ticks[of_day], setting)]
        if len(of_session):
            within = of_day[(times[of_day] >= asked) & (times[of_day] <= end)]
            later = of_day[times[of_day] > end]
            last = within[-1] if len(within) else later[0] - 1 if len(later) else of_day[-1]
            if last < of_session[0]:
                raise _unknown("before the first tick of that day's session", asked, source, setting)
            return first + int(last), len(within)
        first += len(times)
    raise _unknown("on a day without ticks in the session", asked, source, setting)


def _is_seen(ticks: Ticks, setting: Setting) -> NDArray[np.bool_]:
    """Return which ticks are of continuous trading and no placeholders, which pass a strategy by."""
    priced = matched_ticks(ticks, setting.execution, setting.strategy).price > 0.0
    return priced & in_session(ticks.timestamp, setting.market)


def _unknown(why: str, asked: int, source: RecordedTicks, setting: Setting) -> UnknownMoment:
    nearest, shift = "There is none.", setting.market.clock_shift
    seen = [ticks.timestamp[_is_seen(ticks, setting)] for ticks in source.days()]
    closest = [int(times[np.abs(times - asked).argmin()]) for times in seen if len(times)]
    if closest:
        at = min(closest, key=lambda time: abs(time - asked))
        nearest = f"The nearest tick in the session is at {when(at - shift)}."
    return UnknownMoment(f"--at {when(asked - shift)} is {why}. {nearest}")


def explain_moment(
    source: RecordedTicks,
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
        aside = market.stood_aside if market.standing_aside else None
        of_side = self._several(market, side) if self._setting.strategy.levels else self._single(market, side)
        return Moment(
            asked_at=asked,
            until=asked + length - 1,
            tick=self.tick(self._last),
            events=events,
            side="bid" if side == BUY else "ask",
            bid=Touch(market.bid, market.bid_size) if market.bid_size else None,
            ask=Touch(market.ask, market.ask_size) if market.ask_size else None,
            position=market.position,
            aside_since=None if aside is None else aside.tick,
            memory={name: vars(market.strategy)[name] for name in self.names()},
            **of_side,
        )

    def _single(self, market: Any, side: int) -> dict[str, Any]:
        """Return what is of our one order of a side."""
        ours: TracingSide = market.bid_side if side == BUY else market.ask_side
        history = _known(ours.queue_position)
        return {
            "order": self.order(side, ours.order_price, history) if ours.live else None,
            "remaining": ours.remaining,
            "ahead": ours.ahead if ours.live else 0,
            **_touched(history),
            "wanted": self._wanted(ours.order_price, ours.ahead, ours.remaining) if ours.live else None,
            **self._last_of(ours.ended, ours.decision),
            "messages": _messages(ours),
        }

    def _several(self, market: TracingLadder, side: int) -> dict[str, Any]:
        """Return what is of our several orders of a side."""
        first = 0 if side == BUY else MOST_LEVELS
        slots = market.standing_of(first)
        return {
            "orders": tuple(self._standing(market, side, slots[: at + 1]) for at in range(len(slots))),
            **dict.fromkeys(("order", "last_print", "last_touch", "last_quote", "wanted")),
            **dict.fromkeys(("remaining", "ahead"), 0),
            **self._last_of(market.ended[first], market.calls[first]),
            "messages": _messages_of_several(market, first),
        }

    def _standing(self, market: TracingLadder, side: int, slots: list[int]) -> Standing:
        """Return the last of some orders in price-time order, the others of which a print comes to before it."""
        *others, slot = slots
        price, ahead, remaining = market.level_price[slot], market.level_ahead[slot], market.level_remaining[slot]
        history = _known(market.positions[slot])
        passed = {market.level_price[other]: market.level_ahead[other] for other in others} | {price: ahead}
        prior = sum(market.level_remaining[other] for other in others)
        return Standing(
            order=self.order(side, price, history),
            remaining=remaining,
            ahead=ahead,
            **_touched(history),
            wanted=self._wanted(price, ahead if market.through_clears else sum(passed.values()), remaining, prior),
        )

    def _wanted(self, price: float, ahead: int, remaining: int, prior: int = 0) -> Wanted:
        market = self._market
        quotes_from = market.continuous_opens + market.open_delay
        return Wanted(
            price=price,
            first=prior + ahead + 1,
            whole=prior + ahead + remaining,
            through=bool(market.through_clears),
            touch=bool(market.touch_fills),
            acts_first=not market.match_first,
            not_before=market.day_start + quotes_from if market.time_of_day < quotes_from else None,
            prior=prior,
        )

    def _last_of(self, ended: TracedEnd | None, call: Decision | None) -> dict[str, Any]:
        """Return how the last order of a side ended, and what the strategy last asked for on it."""
        end = None if ended is None else Ended(ended.tick, ended.how, self.line(ended.decision), ended.number)
        return {"ended": end, "call": None if call is None else Call(call.tick, call.refused, self.line(call))}


def _known(position: QueuePosition) -> QueuePosition:
    """Return a position in the queue whose whole history is traced; raises StartEarlierError for another."""
    if position.taken is BEFORE:
        raise StartEarlierError
    return position


def _touched(history: QueuePosition) -> dict[str, Passed | None]:
    """Return what touched an order last in its place."""
    return {
        "last_print": history.prints[-1] if history.prints else None,
        "last_touch": history.touches[-1] if history.touches else None,
        "last_quote": history.last_quote,
    }


def _messages(ours: TracingSide) -> tuple[Message, ...]:
    sent = Message(MESSAGES[ours.sent_message], ours.sent_price, ours.sent_size, ours.arrives)
    later = Message(MESSAGES[ours.later], ours.later_price, ours.later_size, ours.later_arrives)
    return (*([sent] if ours.sent else []), *([later] if ours.later else []))


def _messages_of_several(m: TracingLadder, first: int) -> tuple[Message, ...]:
    """Return what is on its way about orders of a side, as it was sent."""
    sent = m.level_sent_number, m.level_sent, m.level_sent_price, m.level_sent_size, m.level_arrives
    later = m.level_later_number, m.level_later, m.level_later_price, m.level_later_size, m.level_later_arrives
    several = []
    for slot in range(first, first + MOST_LEVELS):
        for numbers, kinds, prices, sizes, arrives in (sent, later):
            if kinds[slot]:
                what = OF_SEVERAL[kinds[slot]], prices[slot], sizes[slot], arrives[slot], m.level_order[slot]
                several.append((numbers[slot], Message(*what)))
    return tuple(message for _, message in sorted(several, key=lambda each: each[0]))
