"""The markets of the plain engine with a record of every order and of all that led to one fill; their rules unchanged.

Each override calls the engine's own method and records what it found before and after; nothing is computed here that
the engine computes.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, ClassVar

from pipeline.engine import plain
from pipeline.engine.rules.auction import AuctionMarket
from pipeline.engine.rules.market import Market
from pipeline.engine.rules.replay_state import BUY, SELL, Tape
from pipeline.ticks import TRADE
from pipeline.tracing.trace import NEVER, Aside, Moment, Place, Queue, Shared, Watch

if TYPE_CHECKING:
    from pipeline.tracing.explanation import How
    from pipeline.tracing.trace import Spot


class Watched(Tape):
    """What both watched markets share."""

    watch: ClassVar[Watch]

    def __init__(self) -> None:
        self.watch.begin()

    def turn_day(self) -> None:
        """Tell how far the replay is."""
        super().turn_day()
        if self.watch.on_day is not None:
            self.watch.on_day(self.event)

    def seen(self, moment: Moment) -> None:
        """Keep the fill that was waited for, and let the replay end with this event."""
        moment.realized = self.fill_realized[self.rows - 1]
        moment.position, moment.pnl = self.position, self.realized_pnl
        self.watch.moment = moment
        self.apart = True


class WatchedMarket(Watched, Market):
    """`Market`, watched."""

    def __init__(self) -> None:
        super().__init__()
        self.places = {BUY: Place(), SELL: Place()}
        self.spots: dict[int, Spot | None] = {BUY: None, SELL: None}
        self.decided = {BUY: NEVER, SELL: NEVER}
        self.queues: dict[int, Queue] | None = None
        self.used_by_ask = 0
        self.taking: tuple[int, Spot] | None = None
        self.flattening = False
        self.against_touch = False
        self.aside: Aside | None = None
        self.found_open = NEVER

    # The verbs

    def quote_bid(self, price: float, size: int) -> bool:
        """Note the line that placed it, and with a latency when that was decided."""
        self.spots[BUY] = _caller()
        if not self.bid_sent or price != self.bid_sent_price:
            self.decided[BUY] = self.event
        return super().quote_bid(price, size)

    def quote_ask(self, price: float, size: int) -> bool:
        """Note the line that placed it, and with a latency when that was decided."""
        self.spots[SELL] = _caller()
        if not self.ask_sent or price != self.ask_sent_price:
            self.decided[SELL] = self.event
        return super().quote_ask(price, size)

    def resize_bid(self, size: int) -> bool:
        """Note a size that changed, or an order that came back into its place."""
        was = self.bid_remaining if self.bid_live else NEVER
        stands = super().resize_bid(size)
        if stands and was != size:
            self._resized(BUY, self.bid_ahead, was, size, _caller())
        return stands

    def resize_ask(self, size: int) -> bool:
        """Note a size that changed, or an order that came back into its place."""
        was = self.ask_remaining if self.ask_live else NEVER
        stands = super().resize_ask(size)
        if stands and was != size:
            self._resized(SELL, self.ask_ahead, was, size, _caller())
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
            self.aside = Aside(self.event, *book, self.position, dict(vars(self.strategy)))
        super().stand_aside()

    # What becomes of our orders

    def join_bid(self, price: float, size: int) -> None:
        """Note the place taken."""
        unbroken = self.bid_live and price == self.bid_order
        super().join_bid(price, size)
        self._joined(BUY, self.bid_size, self.bid_ahead, size, unbroken=unbroken)

    def join_ask(self, price: float, size: int) -> None:
        """Note the place taken."""
        unbroken = self.ask_live and price == self.ask_order
        super().join_ask(price, size)
        self._joined(SELL, self.ask_size, self.ask_ahead, size, unbroken=unbroken)

    def hold_bid(self, price: float) -> None:
        """Note the place kept without an order."""
        super().hold_bid(price)
        self.places[BUY] = Place(self.event, self.bid_size, self.bid_ahead)

    def remove_bid(self) -> None:
        """Note that no place is left."""
        super().remove_bid()
        self.places[BUY] = Place(self.event)

    def hold_ask(self, price: float) -> None:
        """Note the place kept without an order."""
        super().hold_ask(price)
        self.places[SELL] = Place(self.event, self.ask_size, self.ask_ahead)

    def remove_ask(self) -> None:
        """Note that no place is left."""
        super().remove_ask()
        self.places[SELL] = Place(self.event)

    def _joined(self, side: int, shown: int, ahead: int, size: int, *, unbroken: bool) -> None:
        old = self.places[side]
        placed, again = (old.placed, old.again + 1) if unbroken else (self.event, 0)
        sent = self.decided[side] if self.latency > 0 else NEVER
        self.places[side] = Place(self.event, shown, ahead, placed, size, again, sent, self.spots[side])

    def _resized(self, side: int, ahead: int, was: int, size: int, spot: Spot) -> None:
        place = self.places[side]
        if was == NEVER:
            self.places[side] = Place(place.taken, place.shown, ahead, self.event, size, spot=spot)
        else:
            place.resizes.append((self.event, was, size))

    # What fills

    def match_print(self) -> None:
        """Note what a print that reaches us finds, and what it takes of the queue."""
        asks = self.ask_live and self.price >= self.ask_order
        bids = self.bid_live and self.price <= self.bid_order
        if asks or bids:
            self.queues = {
                SELL: Queue(asks, self.ask_ahead, self.ask_remaining),
                BUY: Queue(bids, self.bid_ahead, self.bid_remaining),
            }
            self.used_by_ask = 0
        super().match_print()
        if self.queues is not None:
            self._passed(SELL)
            self._passed(BUY)
            self.queues = None

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
        """Note the fill, all of it when it is the one waited for."""
        number = self.fills + 1
        shared = self._shared(side, quantity) if self.queues is not None else None
        how: How = "print" if shared is not None else "taken"
        if self.flattening:
            how = "touch" if self.against_touch else "auction"
        moment = self._moment(how, side, price, quantity, shared) if number == self.watch.wanted else None
        self.watch.booked(number, self.event, how, side, price, quantity)
        if shared is not None:
            self.places[side].prints.append((self.event, shared.cleared + shared.passed, quantity))
        super().book_fill(side, price, quantity, *rest)
        if moment is not None:
            moment.entry = self.entry_price
            self.seen(moment)
        if self.queues is not None:  # on_fill may have placed either side anew
            self.queues = {
                SELL: Queue(reached=False, ahead=self.ask_ahead, remaining=self.ask_remaining),
                BUY: Queue(self.queues[BUY].reached and side == SELL, self.bid_ahead, self.bid_remaining),
            }

    def _passed(self, side: int) -> None:
        """Note what a print took of the queue ahead of an order that it reached and did not fill."""
        assert self.queues is not None  # noqa: S101 - only inside match_print
        queue, limit, ahead = self.queues[side], self.bid_order, self.bid_ahead
        if side == SELL:
            limit, ahead = self.ask_order, self.ask_ahead
        if queue.reached and queue.ahead > ahead:
            self.places[side].prints.append((self.event, queue.ahead - ahead, 0))
            if side == SELL and not (self.through_clears and self.price != limit):
                self.used_by_ask = queue.ahead - ahead
        queue.reached = False

    def _shared(self, side: int, quantity: int) -> Shared:
        assert self.queues is not None  # noqa: S101 - only inside match_print
        if side == SELL:
            limit, ahead, used = self.ask_order, self.ask_ahead, 0
        else:
            self._passed(SELL)
            limit, ahead = self.bid_order, self.bid_ahead
            used = self.used_by_ask if self.print_used_once else 0
        queue, through = self.queues[side], self.price != limit
        cleared = queue.ahead if through and self.through_clears else 0
        passed = queue.ahead - cleared - ahead
        if side == SELL:
            self.used_by_ask = passed + quantity
        return Shared(used, queue.ahead, cleared, passed, queue.remaining, limit, through)

    def _moment(self, how: How, side: int, price: float, quantity: int, shared: Shared | None) -> Moment:
        moment = Moment(
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
        )
        if shared is not None:
            moment.order, moment.place, moment.shared = shared.limit, self.places[side].copied(), shared
        if self.taking is not None:
            moment.wanted, moment.spot = self.taking
            moment.aside = self.aside if self.standing_aside else None
        moment.found = self.found_open
        return moment


class WatchedAuction(Watched, AuctionMarket):
    """`AuctionMarket`, watched."""

    def trade(
        self, side: int, price: float, quantity: int, realized: float, trade_type: int, reference: float, event: int
    ) -> None:
        """Note the trade, all of it when it is the one waited for."""
        number = self.fills + 1
        before = self.position, 0.0, self.realized_pnl
        memory = dict(vars(self.strategy)) if number == self.watch.wanted else {}
        self.watch.booked(number, event, "trade", side, price, quantity)
        super().trade(side, price, quantity, realized, trade_type, reference, event)
        if number == self.watch.wanted:
            moment = Moment("trade", event, side, price, quantity, *before, memory)
            moment.spot, moment.trade_type, moment.reference = _caller(), trade_type, reference
            self.seen(moment)


def watched(rules: type[Tape], watch: Watch) -> type[Tape]:
    """Return the watched kind of a market."""
    kind = WatchedAuction if issubclass(rules, AuctionMarket) else WatchedMarket
    return type(f"Watched{rules.__name__}", (kind, rules), {"watch": watch})


def line_of(spot: Spot) -> int:
    """Return the line of a place in a strategy's code."""
    code, at = spot
    return next((line for start, end, line in code.co_lines() if start <= at < end and line), code.co_firstlineno)


def _caller() -> Spot:
    """Return the place in the strategy that called the verb that asks; the check of its arguments stands between."""
    frame = sys._getframe(2)  # noqa: SLF001 - the only way to a caller that costs nothing while nobody asks
    while frame.f_code.co_filename == plain.__file__ and frame.f_back is not None:
        frame = frame.f_back
    return frame.f_code, frame.f_lasti
