"""The markets of the plain engine, their rules unchanged, with a record of our orders and of what led to one fill.

Each override calls the engine's own method and notes the state before and after it; nothing that the engine computes is
computed here.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, ClassVar, Final

from pipeline.engine import plain
from pipeline.engine.rules import orders, side
from pipeline.engine.rules.account import CLOSE, NO_ORDER, PRINT, TAKE, TOUCH
from pipeline.engine.rules.auction import AuctionMarket
from pipeline.engine.rules.market import Market
from pipeline.engine.rules.queue import FRONT
from pipeline.engine.rules.replay_state import BUY, ReplayState
from pipeline.engine.rules.side import Side
from pipeline.ticks import TICK_TYPES, TRADE
from pipeline.tracing.explanation import Match, Passed, Resize, Shrink, Tick
from pipeline.tracing.trace import NEVER, Decision, QueuePosition, StandAside, TracedFill, TracedTake

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.engine.rules.orders import Orders
    from pipeline.tracing.explanation import How
    from pipeline.tracing.trace import CodePosition, Trace

ENGINE: Final = (__file__, orders.__file__, side.__file__, plain.__file__)
"""The files that stand between a strategy's line and what it calls."""

HOWS: Final[Mapping[int, How]] = {PRINT: "print", TOUCH: "crossing", TAKE: "taken", CLOSE: "auction"}


class TracingState(ReplayState):
    """What both tracing markets share."""

    trace: ClassVar[Trace]

    def __init__(self) -> None:
        super().__init__()
        self.trace.begin()

    def turn_day(self) -> None:
        """Report how far the replay has come."""
        super().turn_day()
        if self.trace.on_day is not None:
            self.trace.on_day(self.event)

    def at_hand(self) -> Tick:
        """Return the tick at hand."""
        return Tick(self.event, self.now, TICK_TYPES[self.kind], self.price, self.volume)

    def finish(self, fill: TracedFill) -> None:
        """Keep the fill that is explained, and let the replay end with this event."""
        fill.realized = self.fill_realized[self.rows - 1]
        fill.position, fill.pnl = self.position, self.realized_pnl
        self.trace.fill = fill
        self.diverged = True


class TracingSide(Side):
    """`Side`, traced."""

    market: TracingMarket
    other: TracingSide

    def __init__(self, market: Orders, *, is_bid: bool) -> None:
        super().__init__(market, is_bid=is_bid)
        self.queue_position = QueuePosition()
        self.decision: Decision | None = None
        self.on_way: list[Decision | None] = []
        self.to_take: Decision | None = None
        self.taking: TracedTake | None = None
        self.before_print: tuple[int, int, int] | None = None
        self.cancels = 0, 0.0, 0

    def quote(self, price: float, size: int, post_only: bool) -> bool:  # noqa: FBT001
        """Note the line that placed it."""
        self.decision = Decision(self.market.at_hand(), _caller(), price)
        return super().quote(price, size, post_only)

    def resize(self, size: int) -> bool:
        """Note the line that asked for it."""
        self.decision = Decision(self.market.at_hand(), _caller())
        return super().resize(size)

    def watch(self, price: float) -> None:
        """Note the line that asked for it."""
        self.decision = Decision(self.market.at_hand(), _caller(), price)
        super().watch(price)

    def cancel(self) -> None:
        """Note the line that asked for it."""
        self.decision = Decision(self.market.at_hand(), _caller())
        super().cancel()

    def send(self) -> None:
        """Note when and where a message was decided that is on its way from now on."""
        before = self.sent, self.later, self.later_price
        super().send()
        if self.sent and before != (self.sent, self.later, self.later_price):
            self.on_way[1:] = [self.decision]

    def obey(self, message: int, price: float, size: int) -> None:
        """Note where the message that has arrived was decided, for as long as it is acted on."""
        last, self.decision = self.decision, self.on_way.pop(0)
        super().obey(message, price, size)
        self.decision = last

    def forget(self) -> None:
        """Note that nothing is on its way."""
        super().forget()
        self.on_way = []

    def take(self, quantity: int) -> int:
        """Note the line that takes from this touch, and how much it asked for."""
        decision = Decision(self.market.at_hand(), _caller())
        if self.market.latency > 0:
            self.to_take = self.to_take if self.take_sent else decision
        else:
            self.other.taking = self.of_touch(quantity, decision)
        return super().take(quantity)

    def arrive(self) -> None:
        """Note what an order to take finds."""
        due = self.take_sent and self.market.now >= self.take_arrives
        taking = self.of_touch(self.take_size, self.to_take)
        super().arrive()
        if due:
            self.other.taking = taking

    def of_touch(self, wanted: int, decision: Decision | None = None) -> TracedTake:
        """Return what our touch has for an order that wants so much."""
        had = self.taken if self.market.shown_once else 0
        return TracedTake(self.market.at_hand(), self.price, wanted, self.size, had, decision)

    def place(self, price: float, size: int, anew: bool) -> None:  # noqa: FBT001
        """Note the queue position taken, or a size that changed, or an order that came back into its position."""
        before, event, size_before = self.queue_position, self.market.event, self.remaining if self.live else NEVER
        if anew:
            unbroken = self.live and price == self.order_price
            placed, again = (before.placed, before.again + 1) if unbroken else (event, 0)
            self.queue_position = QueuePosition(event, self.size, 0, placed, size, again, self.decision)
        elif size_before == NEVER:
            self.queue_position = QueuePosition(before.taken, before.shown, 0, event, size, 0, self.decision)
        elif size_before != size:
            before.resizes.append(Resize(self.market.at_hand(), size_before, size))
        super().place(price, size, anew)
        if anew or size_before == NEVER:
            self.queue_position.ahead = self.ahead

    def cross(self) -> None:
        """Note what our order takes as it is placed."""
        taking, before = self.other.of_touch(self.remaining), self.remaining
        super().cross()
        if self.remaining < before:
            self.queue_position.ahead = self.ahead
            taking.queue_position = self.queue_position.copied()
            self.taking = taking
            self.queue_position.touches.append(Passed(self.market.at_hand(), 0, before - self.remaining))

    def follow_quote(self, price: float, size: int) -> None:
        """Note what of the queue ahead went with a quote, and of that what by cancels."""
        self.cancels, ahead, printed = (0, 0.0, self.ahead), self.ahead, self.printed
        super().follow_quote(price, size)
        gone, share, uncancelled = self.cancels
        if self.ahead < ahead:
            shown_before = self.size if self.price == self.order_price else 0
            shown = size if price == self.order_price else 0
            cancelled, capped = ahead - uncancelled, uncancelled - self.ahead
            sizes = shown_before, shown, printed, gone, share, ahead, cancelled, capped, self.ahead
            self.queue_position.shrinks.append(Shrink(self.market.at_hand(), *sizes))

    def share_cancels(self, gone: int) -> None:
        """Note the part of the cancelled shares that stood ahead of us."""
        ahead, behind = self.ahead, max(self.size - self.ahead, 0)
        power = self.market.queue_model - FRONT
        super().share_cancels(gone)
        self.cancels = gone, ahead**power / (ahead**power + behind**power) if power and ahead else 1.0, self.ahead

    def keep_place(self, price: float) -> None:
        """Note the queue position kept without an order."""
        super().keep_place(price)
        self.queue_position = QueuePosition(self.market.event, self.size, self.ahead)

    def remove(self) -> None:
        """Note that no queue position is left."""
        super().remove()
        self.queue_position = QueuePosition(self.market.event)

    def match(self, volume: int, touched: bool) -> int:  # noqa: FBT001
        """Note what a print or the touch finds, and what a print takes of the queue when it does not fill us."""
        ahead = self.ahead
        self.before_print = volume, ahead, self.remaining
        if touched:
            self.taking = self.other.of_touch(self.remaining)
        left = super().match(volume, touched)
        if ahead > self.ahead:
            self.note_reached(0, touched=touched)
        self.before_print = None
        return left

    def note_reached(self, quantity: int, *, touched: bool) -> None:
        """Note what a print or the touch took of the queue ahead and of us, unless that is noted with its fill."""
        if self.before_print is not None:
            history = self.queue_position.touches if touched else self.queue_position.prints
            history.append(Passed(self.market.at_hand(), self.before_print[1] - self.ahead, quantity))
            self.before_print = None

    def match_of(self, quantity: int) -> Match:
        """Return how the print at hand was shared out, of which so much fills us."""
        market = self.market
        assert self.before_print is not None  # noqa: S101 - asked while a print is matched
        volume, ahead, remaining = self.before_print
        through = market.price != self.order_price
        cleared = ahead if through and market.through_clears else 0
        passed = ahead - cleared - self.ahead
        return Match(
            print_size=market.volume,
            used=market.volume - volume,
            ahead=ahead,
            cleared=cleared,
            passed=passed,
            left=volume - passed,
            remaining=remaining,
            filled=quantity,
            remains=remaining - quantity,
            limit=self.order_price,
            through=through,
            at_limit=bool(market.order_price_fills),
        )


class TracingMarket(TracingState, Market):
    """`Market`, traced."""

    side_type = TracingSide

    bid_side: TracingSide
    ask_side: TracingSide

    def __init__(self) -> None:
        super().__init__()
        self.against_touch = False
        self.stood_aside: StandAside | None = None
        self.found_open = NEVER

    def stand_aside(self) -> None:
        """Note when that began, and what the strategy knew then."""
        if not self.standing_aside:
            book = (self.bid if self.bid_size else 0.0), (self.ask if self.ask_size else 0.0)
            self.stood_aside = StandAside(self.event, *book, self.position, dict(vars(self.strategy)))
        super().stand_aside()

    def closing(self) -> bool:
        """Note how a position would be closed now, and when a wait for a print begins."""
        waiting = self.flatten_pending
        at_close = self.time_of_day >= self.continuous_closes
        touch = self.flatten_at_touch and at_close and self.bid_size > 0 < self.ask_size
        self.against_touch = touch and not (self.kind == TRADE and waiting)
        if not waiting:
            self.found_open = self.event
        return super().closing()

    def book_fill(self, side: int, price: float, quantity: int, placed: int, how: int, limit: float) -> None:
        """Note the fill, all of it when it is the one that is explained."""
        number = self.fills + 1
        ours = self.bid_side if side == BUY else self.ask_side
        by_order = placed != NO_ORDER
        name: How = "marketable" if how == TAKE and by_order else HOWS[how]
        if how == CLOSE and self.against_touch:
            name = "touch"
        fill = self._traced(name, side, price, quantity) if number == self.trace.fill_number else None
        self.trace.booked(number, self.event, name, side, price, quantity)
        if fill is not None:
            fill.limit = limit
            fill.queue_position = ours.queue_position.copied() if by_order else None
            fill.match = ours.match_of(quantity) if how == PRINT else None
            fill.take = ours.taking if how in (TOUCH, TAKE) else None
            if name == "marketable" and ours.taking is not None:
                fill.queue_position = ours.taking.queue_position
            fill.stand_aside = self.stood_aside if self.standing_aside else None
        if how in (PRINT, TOUCH):
            ours.note_reached(quantity, touched=how == TOUCH)
        super().book_fill(side, price, quantity, placed, how, limit)
        if fill is not None:
            fill.entry = self.entry_price
            self.finish(fill)

    def _traced(self, how: How, side: int, price: float, quantity: int) -> TracedFill:
        return TracedFill(
            how,
            self.event,
            side,
            price,
            quantity,
            self.position,
            self.entry_price,
            self.realized_pnl,
            dict(vars(self.strategy)),
            (self.bid, self.bid_size, self.ask, self.ask_size),
            found_open=self.found_open,
        )


class TracingAuctionMarket(TracingState, AuctionMarket):
    """`AuctionMarket`, traced."""

    def trade(
        self, side: int, price: float, quantity: int, realized: float, trade_type: int, reference: float, event: int
    ) -> None:
        """Note the trade, all of it when it is the one that is explained."""
        number = self.fills + 1
        before = self.position, 0.0, self.realized_pnl
        explained = number == self.trace.fill_number
        memory = dict(vars(self.strategy)) if explained else {}
        self.trace.booked(number, event, "trade", side, price, quantity)
        super().trade(side, price, quantity, realized, trade_type, reference, event)
        if explained:
            fill = TracedFill("trade", event, side, price, quantity, *before, memory)
            fill.called_from, fill.trade_type, fill.reference = _caller(), trade_type, reference
            self.finish(fill)


def tracing(market: type[ReplayState], trace: Trace) -> type[ReplayState]:
    """Return the kind of a market that traces into `trace`."""
    kind = TracingAuctionMarket if issubclass(market, AuctionMarket) else TracingMarket
    return type(f"Tracing{market.__name__}", (kind, market), {"trace": trace})


def line_of(position: CodePosition) -> int:
    """Return the line of a position in a strategy's code."""
    code, offset = position
    return next((line for start, end, line in code.co_lines() if start <= offset < end and line), code.co_firstlineno)


def _caller() -> CodePosition:
    """Return where in the strategy the action was called; the engine's own code stands between."""
    frame = sys._getframe(1)  # noqa: SLF001 - the only way to a caller that costs nothing while nobody asks
    while frame.f_code.co_filename in ENGINE and frame.f_back is not None:
        frame = frame.f_back
    return frame.f_code, frame.f_lasti
