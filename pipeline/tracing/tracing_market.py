"""The markets of the plain engine, their rules unchanged, with a record of our orders and of what led to one fill.

Each override calls the engine's own method and notes the state before and after it; nothing that the engine computes is
computed here.
"""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any, ClassVar, Final

from pipeline.engine.memory import Compound
from pipeline.engine.rules.account import CLOSE, NO_ORDER, PRINT, TAKE, TOUCH
from pipeline.engine.rules.auction import AuctionMarket
from pipeline.engine.rules.market import Market
from pipeline.engine.rules.replay_state import BUY, ReplayState
from pipeline.engine.series import Series
from pipeline.ticks import TICK_TYPES, TRADE
from pipeline.tracing.explanation import Match, Tick
from pipeline.tracing.trace import BEFORE, CALL, NEVER, Decision, StandAside, TracedFill, caller
from pipeline.tracing.tracing_side import TracingSide

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.tracing.explanation import How
    from pipeline.tracing.trace import Met, Trace

OF_ORDERS: Final = ("print", "crossing", "marketable")
TAKES: Final = ("crossing", "marketable", "taken")
HOWS: Final[Mapping[int, How]] = {PRINT: "print", TOUCH: "crossing", TAKE: "taken", CLOSE: "auction"}


class TracingState(ReplayState):
    """What both tracing markets share."""

    trace: ClassVar[Trace]

    def __init__(self) -> None:
        super().__init__()
        self.is_between = False
        self.trace.begin(self)

    def turn_day(self) -> None:
        """Report how far the replay has come."""
        super().turn_day()
        if self.trace.on_day is not None:
            self.trace.on_day(self.event)

    def forget_past(self) -> None:
        """Know nothing of what was before the event with which the trace begins."""

    def pass_time(self, now: int, price: float) -> None:
        """Know that what happens now is before the tick that comes next."""
        self.is_between = True
        super().pass_time(now, price)
        self.is_between = False

    def at_hand(self) -> Tick:
        """Return the tick at hand, or the call before the one that comes next."""
        if self.is_between:
            return Tick(self.event, self.now, CALL, 0.0, 0)
        return Tick(self.event, self.now, TICK_TYPES[self.kind], self.price, self.volume)

    def memory(self) -> dict[str, Any]:
        """Return the strategy's fields as they are now, also those that hold several numbers."""
        return {
            name: deepcopy(value) if isinstance(value, Compound) else value
            for name, value in vars(self.strategy).items()
            if not isinstance(value, Series)
        }

    def finish(self, fill: TracedFill) -> None:
        """Keep the fill that is explained, and let the replay end with this event."""
        fill.realized = self.fill_realized[self.rows - 1]
        fill.position, fill.pnl = self.position, self.realized_pnl
        self.trace.fill = fill
        self.diverged = True


class TracingOrders(TracingState, Market):
    """`Market`, traced but for our orders, of which there may be one a side or several."""

    def __init__(self) -> None:
        super().__init__()
        self.against_touch = False
        self.stood_aside: StandAside | None = None
        self.found_open = NEVER

    def forget_past(self) -> None:
        """Know nothing of what was before the event with which the trace begins."""
        self.stood_aside = BEFORE if self.standing_aside else None

    def on_event(self) -> None:
        """Let the replay end with the event that is asked about."""
        super().on_event()
        if self.event == self.trace.last_event:
            self.diverged = True

    def stand_aside(self) -> None:
        """Note when that began, and what the strategy knew then."""
        if not self.standing_aside:
            book = (self.bid if self.bid_size else 0.0), (self.ask if self.ask_size else 0.0)
            self.stood_aside = StandAside(self.at_hand(), *book, self.position, dict(vars(self.strategy)))
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
        name: How = "marketable" if how == TAKE and placed != NO_ORDER else HOWS[how]
        if how == CLOSE and self.against_touch:
            name = "touch"
        fill = self._traced(name, side, price, quantity) if self.is_explained() else None
        self.trace.booked(self.fills + 1, self.event, name, side, price, quantity, self.number_of_order())
        if fill is not None:
            fill.limit = limit
            fill.stand_aside = self.stood_aside if self.standing_aside else None
            self.note_order(fill)
        self.note_fill(side, quantity, how)
        super().book_fill(side, price, quantity, placed, how, limit)
        if fill is not None:
            fill.entry = self.entry_price
            self.finish(fill)

    def is_explained(self) -> bool:
        """Say whether the fill that is booked next is the one that is explained."""
        return self.fills + 1 == self.trace.fill_number

    def number_of_order(self) -> int | None:
        """Return the number of the order that is filled, None where orders have none."""
        return None

    def note_order(self, fill: TracedFill) -> None:
        """Note the order whose fill is explained, or what was taken."""
        raise NotImplementedError

    def note_fill(self, side: int, quantity: int, how: int) -> None:
        """Note a fill in the history of its order."""

    def match_of(self, met: Met, limit: float, quantity: int) -> Match:
        """Return how the print at hand was shared out, of which so much fills an order at `limit`."""
        through = self.price != limit
        return Match(
            print_size=self.volume,
            used=self.volume - met.volume,
            better=met.volume - met.arriving,
            older=met.arriving - met.coming,
            ahead=met.ahead,
            cleared=met.ahead if through and self.through_clears else 0,
            passed=met.passed,
            left=met.coming - met.passed,
            remaining=met.remaining,
            filled=quantity,
            remains=met.remaining - quantity,
            limit=limit,
            through=through,
            at_limit=bool(self.order_price_fills),
        )

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
            self.memory(),
            (self.bid, self.bid_size, self.ask, self.ask_size),
            found_open=self.found_open,
        )


class TracingMarket(TracingOrders):
    """A market with one order a side, traced."""

    side_type = TracingSide

    bid_side: TracingSide
    ask_side: TracingSide

    def forget_past(self) -> None:
        """Know nothing of what was before the event with which the trace begins."""
        super().forget_past()
        self.bid_side.forget_past()
        self.ask_side.forget_past()

    def note_order(self, fill: TracedFill) -> None:
        """Note the order whose fill is explained, or what was taken."""
        ours = self.bid_side if fill.side == BUY else self.ask_side
        late = fill.how == "taken" and self.latency > 0
        fill.match = self.match_of(ours.met(), ours.order_price, fill.quantity) if fill.how == "print" else None
        fill.take = ours.taking_late if late else ours.taking if fill.how in TAKES else None
        if fill.how == "marketable" and ours.taking not in (None, BEFORE):
            fill.queue_position = ours.taking.queue_position
        elif fill.how in OF_ORDERS:
            fill.queue_position = ours.queue_position.copied()

    def note_fill(self, side: int, quantity: int, how: int) -> None:
        """Note a fill in the history of its order."""
        if how in (PRINT, TOUCH):
            ours = self.bid_side if side == BUY else self.ask_side
            ours.note_reached(quantity, touched=how == TOUCH)


class TracingAuctionMarket(TracingState, AuctionMarket):
    """`AuctionMarket`, traced."""

    def trade(
        self, side: int, price: float, quantity: int, realized: float, trade_type: int, reference: float, event: int
    ) -> None:
        """Note the trade, all of it when it is the one that is explained."""
        number = self.fills + 1
        before = self.position, 0.0, self.realized_pnl
        explained = number == self.trace.fill_number
        memory = self.memory() if explained else {}
        self.trace.booked(number, event, "trade", side, price, quantity)
        super().trade(side, price, quantity, realized, trade_type, reference, event)
        if explained:
            fill = TracedFill("trade", event, side, price, quantity, *before, memory)
            fill.decision, fill.trade_type, fill.reference = Decision(self.at_hand(), caller()), trade_type, reference
            self.finish(fill)
