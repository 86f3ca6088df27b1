"""The parts of what our orders on one side were at a moment, as plain values: where each stood, what would fill it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pipeline.tracing.plain_values import as_plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.tracing.explanation import Line, Order, Passed, Tick, Touch


@dataclass(frozen=True, slots=True)
class Ended:
    """How the last order of a side ended: `filled`, `cancelled` by the line, or the switch that cancelled it.

    number: of the order, of several a side.
    """

    tick: Tick
    how: str
    line: Line | None
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """The last that a strategy asked for on a side, and whether it was refused."""

    tick: Tick
    refused: bool
    line: Line | None


@dataclass(frozen=True, slots=True)
class Message:
    """What is on its way to the exchange: its kind, price and size (shares), and from when on it can arrive.

    number: of the order that it is about, of several a side.
    """

    kind: str
    price: float
    size: int
    due: int
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What would have filled our order next, shares and money.

    first, whole: a print of so many at or through `price` fills its first share, and all of it. through: a print
    strictly through it fills from its first share on. touch: the opposite touch at or through it does. not_before: no
    print fills before that time, ns, None where any does. prior: shares of our other orders that it comes to before.
    acts_first: the strategy acts on a print before that is matched, and may change the order.
    """

    price: float
    first: int
    whole: int
    through: bool
    touch: bool
    not_before: int | None
    prior: int = 0
    acts_first: bool = True


@dataclass(frozen=True, slots=True)
class Standing:
    """An order of ours that stands at a moment, as in `Moment`."""

    order: Order
    remaining: int
    ahead: int
    last_print: Passed | None
    last_touch: Passed | None
    last_quote: Passed | None
    wanted: Wanted


@dataclass(frozen=True, slots=True)
class Moment:
    """What our order on a side was at a moment, after the last of the `events` in it.

    asked_at, until: its first and last ns. tick: the last one until then. ahead, remaining: of the order, shares.
    ended, call: how the last order of this side ended, and what the strategy last asked for, None for never.
    last_print, last_touch, last_quote: the last that touched the order in its place. aside_since: since
    when our quotes stand aside. day: the trading day, as ISO text. orders: those of several a side, the best price
    first, then the older; what is of a single order is null then.
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
    orders: tuple[Standing, ...] = ()

    @property
    def standing(self) -> tuple[Standing, ...]:
        """Our orders on the side, one or several."""
        if self.order is None or self.wanted is None:
            return self.orders
        seen = self.last_print, self.last_touch, self.last_quote
        return (Standing(self.order, self.remaining, self.ahead, *seen, self.wanted),)

    def as_json(self) -> dict[str, Any]:
        """Return the same as plain values for JSON, times as ISO text; what does not apply is null."""
        return as_plain(self)
