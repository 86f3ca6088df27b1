"""The parts of an explanation as plain values: the fill, its event, the book, our order, the account, the rules."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from pipeline.numbers import MONEY
from pipeline.tracing.plain_values import as_plain

if TYPE_CHECKING:
    from collections.abc import Mapping

How: TypeAlias = Literal["print", "crossing", "marketable", "taken", "auction", "touch", "trade"]
"""By a print that reached our order, by the opposite touch that came to it, by our order as it was placed at or through
that touch, by a verb that takes from the touch, by a flatten in the auction or against the touch, or as a trade of an
auction strategy's own."""


@dataclass(frozen=True, slots=True)
class Tick:
    """One stored tick: its place from 0, ns on the exchange's clock, BID, ASK or TRADE, price, shares.

    Of a call between ticks the type is CALL, the index that of the tick that comes next, the price and size 0.
    """

    index: int
    time: int
    type: str
    price: float
    size: int


@dataclass(frozen=True, slots=True)
class Touch:
    """The best price of one side, and the shares shown there; None where an auction strategy does not see them."""

    price: float
    size: int | None


@dataclass(frozen=True, slots=True)
class Line:
    """The line of the strategy's file that called the verb."""

    file: str
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Resize:
    """A change of our order's size that kept its place."""

    tick: Tick
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Passed:
    """A print or touch that reached our order earlier: shares of the queue ahead that went, and shares of ours."""

    tick: Tick
    ahead: int
    filled: int


@dataclass(frozen=True, slots=True)
class Shrink:
    """A quote of our side that shortened the queue ahead of us, shares.

    shown_before, shown: at our price, by the quote before and by this one. printed: there meanwhile. gone: what is
    missing besides, which the queue model calls cancelled, 0 where it asks for none. share: the part of that ahead of
    us. ahead: of us before; ahead - cancelled - capped + kept = left, capped being what stood ahead beyond `shown`,
    kept what still stands before an older order of ours at this price.
    """

    tick: Tick
    shown_before: int
    shown: int
    printed: int
    gone: int
    share: float
    ahead: int
    cancelled: int
    capped: int
    left: int
    kept: int = 0


@dataclass(frozen=True, slots=True)
class Order:
    """The order that was filled.

    placed: on which tick, at this price without a break since. taken: where it took its present place in the queue:
    later than `placed` when it was placed anew, `again` times; earlier when the side was out of the market and its
    place only noted. shown: displayed at our side's touch then, shown_at: at which price. ahead, size: of the order
    when it took that place, or when it was placed if that was later. asked: the price that the strategy asked for,
    where that is not on the grid. sent, due: with a latency, when the strategy decided, and from when on the order
    could arrive. resizes, prints, touches, shrinks: since its place was taken, without what filled it; touches are
    also those that it came to itself. Of several orders a side: number, as `place` returned it; first: on which
    tick it was placed at its first price, and how often it moved to another since.
    """

    side: Literal["bid", "ask"]
    price: float
    placed: Tick
    taken: Tick
    again: int
    shown: int
    shown_at: float
    ahead: int
    size: int
    asked: float | None
    sent: Tick | None
    due: int | None
    resizes: tuple[Resize, ...]
    prints: tuple[Passed, ...]
    touches: tuple[Passed, ...]
    shrinks: tuple[Shrink, ...]
    line: Line | None
    number: int | None = None
    first: Tick | None = None
    moves: int = 0

    @property
    def passed(self) -> int:
        """How much of the queue ahead earlier prints took, shares."""
        return sum(print_.ahead for print_ in self.prints)

    @property
    def filled(self) -> int:
        """How much of the order earlier prints filled, shares."""
        return sum(print_.filled for print_ in self.prints)

    @property
    def still_ahead(self) -> int:
        """How many shares stand ahead of the order after all that, shares."""
        by_touches, by_quotes = sum(touch.ahead for touch in self.touches), sum(q.ahead - q.left for q in self.shrinks)
        return self.ahead - self.passed - by_touches - by_quotes

    @property
    def opposite(self) -> str:
        """The side that fills it."""
        return "ask" if self.side == "bid" else "bid"


@dataclass(frozen=True, slots=True)
class Match:
    """How a print was shared out, shares: print_size - used - better - older - passed = left.

    filled = min(remaining, left). used: by our asks, when a print is used once. better: of several orders a side, by
    those at better prices and what stood ahead of them; older: by older ones at this price. ahead: of us, before this
    print. cleared: of that, because the print was through our price. passed: of that, by this print's own volume.
    limit: our order's price.
    """

    print_size: int
    used: int
    ahead: int
    cleared: int
    passed: int
    left: int
    remaining: int
    filled: int
    remains: int
    limit: float
    through: bool
    at_limit: bool
    better: int = 0
    older: int = 0


@dataclass(frozen=True, slots=True)
class Prior:
    """An order of ours that a print or touch came to before ours: what was left of it then, and how much was filled."""

    number: int
    price: float
    remaining: int
    filled: int


@dataclass(frozen=True, slots=True)
class Taking:
    """What was had of the opposite touch, shares: shown - had = available; taken = min(wanted, available).

    By our order that it came to, by our order as it was placed there, or by a verb. tick: when, which is before the
    fill was booked where a hook asked for it. had: by us before, of the touch as it stands; 0 where it is shown again.
    earlier: taken before that at the same tick and booked with it. price: of the touch. limit: our order's, None for a
    verb. sent, due: with a latency, when a verb was called, and from when on it could arrive. aside_since: since when
    our quotes stand aside.
    """

    tick: Tick
    price: float
    wanted: int
    shown: int
    had: int
    available: int
    taken: int
    remains: int
    earlier: int
    limit: float | None
    sent: Tick | None
    due: int | None
    aside_since: Tick | None
    line: Line | None


@dataclass(frozen=True, slots=True)
class Flatten:
    """How the day's position was closed: which tick found it open, and whether the position waited for a print."""

    found: Tick
    waited: bool


@dataclass(frozen=True, slots=True)
class AuctionTrade:
    """A trade an auction strategy booked: its type, the price it is measured against; the line that booked it."""

    type: str
    reference: float
    line: Line | None


@dataclass(frozen=True, slots=True)
class Account:
    """What the fill did to the position: shares closed at `entry_before` and opened, money realised, totals after it.

    Entries are prices. The average entry of an auction strategy is its own: both entries are 0. fee: money, not in the
    P&L.
    """

    position_before: int
    entry_before: float
    pnl_before: float
    closed: int
    opened: int
    realized: float
    position: int
    entry: float
    pnl: float
    fee: float


@dataclass(frozen=True, slots=True)
class Other:
    """Another fill of ours at the same tick, and the number of its order where orders have one."""

    number: int
    how: How
    side: str
    quantity: int
    price: float
    order: int | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule that decided: its section in docs/reference/rules.md, or the execution switch, and what it says."""

    section: str
    text: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why one fill happened. number counts from 1, of `fills` in the run.

    prior: which of our orders the event came to before this one, by price and time. reasons: the strategy's own, in
    words, and in numbers as details. memory: the strategy's fields when it filled. warnings: of the run, about this
    security. day: the trading day, as ISO text. currency: what its amounts are in;
    prices_in: what its prices are, of which prices_per_currency are one of the currency.
    """

    number: int
    side: Literal["buy", "sell"]
    price: float
    quantity: int
    how: How
    tick: Tick
    before: Tick | None
    bid: Touch | None
    ask: Touch | None
    account: Account
    order: Order | None = None
    match: Match | None = None
    taking: Taking | None = None
    flatten: Flatten | None = None
    trade: AuctionTrade | None = None
    prior: tuple[Prior, ...] = ()
    others: tuple[Other, ...] = ()
    reasons: tuple[str, ...] = ()
    details: Mapping[str, float] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    memory: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    security: str = ""
    run: str = ""
    strategy: str = ""
    execution: str = ""
    fills: int = 0
    day: str = ""
    currency: str = MONEY
    prices_in: str = MONEY
    prices_per_currency: float = 1.0

    def as_json(self) -> dict[str, Any]:
        """Return the explanation as plain values for JSON, times as ISO text; what does not apply is null."""
        return as_plain(self)
