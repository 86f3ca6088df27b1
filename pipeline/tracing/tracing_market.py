"""The markets of the plain engine, their rules unchanged, with a record of our orders and of what led to one fill.

Each override calls the engine's own method and notes the state before and after it; nothing that the engine computes is
computed here.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, ClassVar, Final

from pipeline.engine import plain
from pipeline.engine.rules import order, orders, side
from pipeline.engine.rules.auction import AuctionMarket
from pipeline.engine.rules.market import Market
from pipeline.engine.rules.replay_state import ReplayState
from pipeline.engine.rules.side import Side
from pipeline.ticks import TRADE
from pipeline.tracing.explanation import Match
from pipeline.tracing.trace import NEVER, QueuePosition, StandAside, TracedFill

if TYPE_CHECKING:
    from pipeline.engine.rules.orders import Orders
    from pipeline.tracing.explanation import How
    from pipeline.tracing.trace import CodePosition, Trace

OURS: Final = (__file__, order.__file__, orders.__file__, side.__file__, plain.__file__)
"""The files that stand between a strategy's line and what it calls."""


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

    def finish(self, fill: TracedFill) -> None:
        """Keep the fill that is explained, and let the replay end with this event."""
        fill.realized = self.fill_realized[self.rows - 1]
        fill.position, fill.pnl = self.position, self.realized_pnl
        self.trace.fill = fill
        self.diverged = True


class TracingSide(Side):
    """`Side`, traced."""

    market: TracingMarket

    def __init__(self, market: Orders, *, is_bid: bool) -> None:
        super().__init__(market, is_bid=is_bid)
        self.queue_position = QueuePosition()
        self.called_from: CodePosition | None = None
        self.decided = NEVER
        self.before_print = 0, 0, 0

    def quote(self, price: float, size: int, post_only: bool) -> bool:  # noqa: FBT001
        """Note the line that placed it, and with a latency when that was decided."""
        self.called_from = _caller()
        if not self.sent or price != self.sent_price:
            self.decided = self.market.event
        return super().quote(price, size, post_only)

    def resize(self, size: int) -> bool:
        """Note the line that asked for it."""
        if not self.live:
            self.called_from = _caller()
        return super().resize(size)

    def place(self, price: float, size: int, anew: bool) -> None:  # noqa: FBT001
        """Note the queue position taken, or a size that changed, or an order that came back into its position."""
        before, event, size_before = self.queue_position, self.market.event, self.remaining if self.live else NEVER
        unbroken = self.live and price == self.order_price
        super().place(price, size, anew)
        if anew:
            placed, again = (before.placed, before.again + 1) if unbroken else (event, 0)
            sent = self.decided if self.market.latency > 0 else NEVER
            self.queue_position = QueuePosition(
                event, self.size, self.ahead, placed, size, again, sent, self.called_from
            )
        elif size_before == NEVER:
            self.queue_position = QueuePosition(
                before.taken, before.shown, self.ahead, event, size, called_from=self.called_from
            )
        elif size_before != size:
            before.resizes.append((event, size_before, size))

    def keep_place(self, price: float) -> None:
        """Note the queue position kept without an order."""
        super().keep_place(price)
        self.queue_position = QueuePosition(self.market.event, self.size, self.ahead)

    def remove(self) -> None:
        """Note that no queue position is left."""
        super().remove()
        self.queue_position = QueuePosition(self.market.event)

    def match(self, volume: int, touched: bool) -> int:  # noqa: FBT001
        """Note what a print finds, and what it takes of the queue when it does not fill us."""
        self.before_print = volume, self.ahead, self.remaining
        ahead, self.market.matching = self.ahead, self
        left = super().match(volume, touched)
        if self.market.matching is self:  # no fill was booked
            self.market.matching = None
            if ahead > self.ahead:
                self.queue_position.prints.append((self.market.event, ahead - self.ahead, 0))
        return left

    def match_of(self, quantity: int) -> Match:
        """Return how the print at hand was shared out, of which so much fills us."""
        market = self.market
        volume, ahead, remaining = self.before_print
        through = market.price != self.order_price
        cleared = ahead if through and market.through_clears else 0
        passed = ahead - cleared - self.ahead
        self.queue_position.prints.append((market.event, cleared + passed, quantity))
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

    def __init__(self) -> None:
        super().__init__()
        self.matching: TracingSide | None = None
        self.taking: tuple[int, CodePosition] | None = None
        self.flattening = self.against_touch = False
        self.stood_aside: StandAside | None = None
        self.found_open = NEVER

    def buy_at_ask(self, quantity: int) -> int:
        """Note how much was asked for."""
        self.taking = quantity, _caller()
        taken = super().buy_at_ask(quantity)
        self.taking = None
        return taken

    def sell_at_bid(self, quantity: int) -> int:
        """Note how much was asked for."""
        self.taking = quantity, _caller()
        taken = super().sell_at_bid(quantity)
        self.taking = None
        return taken

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

    def flatten(self, price: float) -> None:
        """Note that this is what books the fill."""
        self.flattening = True
        super().flatten(price)
        self.flattening = False

    def book_fill(self, side: int, price: float, quantity: int, *rest: Any) -> None:
        """Note the fill, all of it when it is the one that is explained."""
        number = self.fills + 1
        matching, self.matching = self.matching, None
        how: How = "print" if matching is not None else "taken"
        if self.flattening:
            how = "touch" if self.against_touch else "auction"
        fill = self._traced(how, side, price, quantity) if number == self.trace.fill_number else None
        self.trace.booked(number, self.event, how, side, price, quantity)
        if matching is not None:
            position = matching.queue_position.copied()
            match = matching.match_of(quantity)
            if fill is not None:
                fill.match, fill.queue_position = match, position
        super().book_fill(side, price, quantity, *rest)
        if fill is not None:
            fill.entry = self.entry_price
            self.finish(fill)

    def _traced(self, how: How, side: int, price: float, quantity: int) -> TracedFill:
        fill = TracedFill(
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
        if self.taking is not None:
            fill.asked_for, fill.called_from = self.taking
            fill.stand_aside = self.stood_aside if self.standing_aside else None
        return fill


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
    while (
        frame.f_code.co_filename in (__file__, orders.__file__, side.__file__, plain.__file__)
        and frame.f_back is not None
    ):
        frame = frame.f_back
    return frame.f_code, frame.f_lasti
