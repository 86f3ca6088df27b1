"""The markets of the plain engine, their rules unchanged, with a record of our orders and of what led to one fill.

Each override calls the engine's own method and notes the state before and after it; nothing that the engine computes is
computed here.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, ClassVar

from pipeline.engine import plain
from pipeline.engine.rules.auction import AuctionMarket
from pipeline.engine.rules.market import Market
from pipeline.engine.rules.replay_state import BUY, SELL, Tape
from pipeline.ticks import TRADE
from pipeline.tracing.explanation import Match
from pipeline.tracing.trace import NEVER, BeforePrint, QueuePosition, StandAside, TracedFill

if TYPE_CHECKING:
    from pipeline.tracing.explanation import How
    from pipeline.tracing.trace import CodePosition, Trace


class TracingState(Tape):
    """What both tracing markets share."""

    trace: ClassVar[Trace]

    def __init__(self) -> None:
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
        self.apart = True


class TracingMarket(TracingState, Market):
    """`Market`, traced."""

    def __init__(self) -> None:
        super().__init__()
        self.queue_positions = {BUY: QueuePosition(), SELL: QueuePosition()}
        self.called_from: dict[int, CodePosition | None] = {BUY: None, SELL: None}
        self.decided = {BUY: NEVER, SELL: NEVER}
        self.before_print: dict[int, BeforePrint] | None = None
        self.used_by_ask = 0
        self.taking: tuple[int, CodePosition] | None = None
        self.flattening = self.against_touch = False
        self.stood_aside: StandAside | None = None
        self.found_open = NEVER

    # The actions

    def quote_bid(self, price: float, size: int) -> bool:
        """Note the line that placed it, and with a latency when that was decided."""
        self.called_from[BUY] = _caller()
        if not self.bid_sent or price != self.bid_sent_price:
            self.decided[BUY] = self.event
        return super().quote_bid(price, size)

    def quote_ask(self, price: float, size: int) -> bool:
        """Note the line that placed it, and with a latency when that was decided."""
        self.called_from[SELL] = _caller()
        if not self.ask_sent or price != self.ask_sent_price:
            self.decided[SELL] = self.event
        return super().quote_ask(price, size)

    def resize_bid(self, size: int) -> bool:
        """Note a size that changed, or an order that came back into its queue position."""
        size_before = self.bid_remaining if self.bid_live else NEVER
        stands = super().resize_bid(size)
        if stands and size_before != size:
            self._note_resize(BUY, self.bid_ahead, size_before, size, _caller())
        return stands

    def resize_ask(self, size: int) -> bool:
        """Note a size that changed, or an order that came back into its queue position."""
        size_before = self.ask_remaining if self.ask_live else NEVER
        stands = super().resize_ask(size)
        if stands and size_before != size:
            self._note_resize(SELL, self.ask_ahead, size_before, size, _caller())
        return stands

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

    # Our orders

    def join_bid(self, price: float, size: int) -> None:
        """Note the queue position taken."""
        unbroken = self.bid_live and price == self.bid_order
        super().join_bid(price, size)
        self._note_join(BUY, self.bid_size, self.bid_ahead, size, unbroken=unbroken)

    def join_ask(self, price: float, size: int) -> None:
        """Note the queue position taken."""
        unbroken = self.ask_live and price == self.ask_order
        super().join_ask(price, size)
        self._note_join(SELL, self.ask_size, self.ask_ahead, size, unbroken=unbroken)

    def hold_bid(self, price: float) -> None:
        """Note the queue position kept without an order."""
        super().hold_bid(price)
        self.queue_positions[BUY] = QueuePosition(self.event, self.bid_size, self.bid_ahead)

    def remove_bid(self) -> None:
        """Note that no queue position is left."""
        super().remove_bid()
        self.queue_positions[BUY] = QueuePosition(self.event)

    def hold_ask(self, price: float) -> None:
        """Note the queue position kept without an order."""
        super().hold_ask(price)
        self.queue_positions[SELL] = QueuePosition(self.event, self.ask_size, self.ask_ahead)

    def remove_ask(self) -> None:
        """Note that no queue position is left."""
        super().remove_ask()
        self.queue_positions[SELL] = QueuePosition(self.event)

    def _note_join(self, side: int, shown: int, ahead: int, size: int, *, unbroken: bool) -> None:
        before = self.queue_positions[side]
        placed, again = (before.placed, before.again + 1) if unbroken else (self.event, 0)
        sent = self.decided[side] if self.latency > 0 else NEVER
        self.queue_positions[side] = QueuePosition(
            self.event, shown, ahead, placed, size, again, sent, self.called_from[side]
        )

    def _note_resize(self, side: int, ahead: int, size_before: int, size: int, caller: CodePosition) -> None:
        before = self.queue_positions[side]
        if size_before == NEVER:
            self.queue_positions[side] = QueuePosition(
                before.taken, before.shown, ahead, self.event, size, called_from=caller
            )
        else:
            before.resizes.append((self.event, size_before, size))

    # Fills

    def match_print(self) -> None:
        """Note what a print that reaches us finds, and what it takes of the queue."""
        asks = self.ask_live and self.price >= self.ask_order
        bids = self.bid_live and self.price <= self.bid_order
        if asks or bids:
            self.before_print = {
                SELL: BeforePrint(asks, self.ask_ahead, self.ask_remaining),
                BUY: BeforePrint(bids, self.bid_ahead, self.bid_remaining),
            }
            self.used_by_ask = 0
        super().match_print()
        if self.before_print is not None:
            self._note_passed(SELL)
            self._note_passed(BUY)
            self.before_print = None

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
        match = self._match(side, quantity) if self.before_print is not None else None
        how: How = "print" if match is not None else "taken"
        if self.flattening:
            how = "touch" if self.against_touch else "auction"
        fill = self._traced(how, side, price, quantity, match) if number == self.trace.fill_number else None
        self.trace.booked(number, self.event, how, side, price, quantity)
        if match is not None:
            self.queue_positions[side].prints.append((self.event, match.cleared + match.passed, quantity))
        super().book_fill(side, price, quantity, *rest)
        if fill is not None:
            fill.entry = self.entry_price
            self.finish(fill)
        if self.before_print is not None:  # on_fill may have placed either side anew
            self.before_print = {
                SELL: BeforePrint(reached=False, ahead=self.ask_ahead, remaining=self.ask_remaining),
                BUY: BeforePrint(self.before_print[BUY].reached and side == SELL, self.bid_ahead, self.bid_remaining),
            }

    def _note_passed(self, side: int) -> None:
        """Note what a print took of the queue ahead of an order that it reached and did not fill."""
        assert self.before_print is not None  # noqa: S101 - only inside match_print
        before, limit, ahead = self.before_print[side], self.bid_order, self.bid_ahead
        if side == SELL:
            limit, ahead = self.ask_order, self.ask_ahead
        if before.reached and before.ahead > ahead:
            self.queue_positions[side].prints.append((self.event, before.ahead - ahead, 0))
            if side == SELL and not (self.through_clears and self.price != limit):
                self.used_by_ask = before.ahead - ahead
        before.reached = False

    def _match(self, side: int, quantity: int) -> Match:
        assert self.before_print is not None  # noqa: S101 - only inside match_print
        if side == SELL:
            limit, ahead, used = self.ask_order, self.ask_ahead, 0
        else:
            self._note_passed(SELL)
            limit, ahead = self.bid_order, self.bid_ahead
            used = self.used_by_ask if self.print_used_once else 0
        before, through = self.before_print[side], self.price != limit
        cleared = before.ahead if through and self.through_clears else 0
        passed = before.ahead - cleared - ahead
        if side == SELL:
            self.used_by_ask = passed + quantity
        return Match(
            print_size=self.volume,
            used=used,
            ahead=before.ahead,
            cleared=cleared,
            passed=passed,
            left=self.volume - used - passed,
            remaining=before.remaining,
            filled=quantity,
            remains=before.remaining - quantity,
            limit=limit,
            through=through,
            at_limit=bool(self.order_price_fills),
        )

    def _traced(self, how: How, side: int, price: float, quantity: int, match: Match | None) -> TracedFill:
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
            match=match,
            queue_position=self.queue_positions[side].copied() if match is not None else None,
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


def tracing(market: type[Tape], trace: Trace) -> type[Tape]:
    """Return the kind of a market that traces into `trace`."""
    kind = TracingAuctionMarket if issubclass(market, AuctionMarket) else TracingMarket
    return type(f"Tracing{market.__name__}", (kind, market), {"trace": trace})


def line_of(position: CodePosition) -> int:
    """Return the line of a position in a strategy's code."""
    code, offset = position
    return next((line for start, end, line in code.co_lines() if start <= offset < end and line), code.co_firstlineno)


def _caller() -> CodePosition:
    """Return where in the strategy the action was called; the check of its arguments stands between."""
    frame = sys._getframe(2)  # noqa: SLF001 - the only way to a caller that costs nothing while nobody asks
    while frame.f_code.co_filename == plain.__file__ and frame.f_back is not None:
        frame = frame.f_back
    return frame.f_code, frame.f_lasti
