"""What is recorded while a replay is traced: places in the queue, how prints were shared out, and the fill sought."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType

    from pipeline.tracing.explanation import How

NEVER: Final = -1

Spot: TypeAlias = "tuple[CodeType, int]"
"""A place in a strategy's code: which function, and where in it."""


@dataclass(slots=True)
class Place:
    """Our order or our noted place on one side; ticks by number. See `Order` for what is what."""

    taken: int = NEVER
    shown: int = 0
    ahead: int = 0
    placed: int = NEVER
    size: int = 0
    again: int = 0
    sent: int = NEVER
    spot: Spot | None = None
    resizes: list[tuple[int, int, int]] = field(default_factory=list)
    prints: list[tuple[int, int, int]] = field(default_factory=list)

    def copied(self) -> Place:
        """Return it as it is now."""
        return replace(self, resizes=list(self.resizes), prints=list(self.prints))


@dataclass(slots=True)
class Queue:
    """One side before a print is matched: whether it is reached, what is ahead of us, what is left of ours."""

    reached: bool
    ahead: int
    remaining: int


@dataclass(frozen=True, slots=True)
class Shared:
    """How a print was shared out; see `Match`."""

    used: int
    ahead: int
    cleared: int
    passed: int
    remaining: int
    limit: float
    through: bool


@dataclass(frozen=True, slots=True)
class Aside:
    """When the quotes began to stand aside: the tick, the book, the position and the strategy's fields then."""

    event: int
    bid: float
    ask: float
    position: int
    memory: dict[str, Any]


@dataclass(slots=True)
class Moment:
    """The fill that was waited for, as it was booked."""

    how: How
    event: int
    side: int
    price: float
    quantity: int
    position_before: int
    entry_before: float
    pnl_before: float
    memory: dict[str, Any]
    book: tuple[float, int, float, int] = (0.0, 0, 0.0, 0)
    realized: float = 0.0
    position: int = 0
    entry: float = 0.0
    pnl: float = 0.0
    order: float = 0.0
    place: Place | None = None
    shared: Shared | None = None
    wanted: int = 0
    spot: Spot | None = None
    aside: Aside | None = None
    found: int = NEVER
    trade_type: int = NEVER
    reference: float = 0.0


class Watch:
    """What a replay is watched for: the fill of this number, counted from 1. on_day: told each day's first event."""

    def __init__(self, wanted: int, on_day: Callable[[int], None] | None = None) -> None:
        self.wanted = wanted
        self.on_day = on_day
        self.begin()

    def begin(self) -> None:
        """Forget what an attempt saw that ran out of room."""
        self.moment: Moment | None = None
        self.event = NEVER
        self.at_event: list[tuple[int, How, int, float, int]] = []

    def booked(self, number: int, event: int, how: How, side: int, price: float, quantity: int) -> None:
        """Note a fill, with the others of its tick: number, how, side, price, quantity."""
        if event != self.event:
            if self.moment is not None:
                return
            self.event = event
            self.at_event = []
        self.at_event.append((number, how, side, price, quantity))
