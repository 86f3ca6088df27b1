"""What is recorded while a replay is traced: queue positions, the prints that reached our orders, the fill sought."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from pipeline.engine import plain
from pipeline.engine.rules import orders

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import CodeType

    from pipeline.tracing.explanation import How, Match, Passed, Prior, Resize, Shrink, Tick

NEVER: Final = -1

ENGINE: Final = (str(Path(__file__).parent), str(Path(orders.__file__).parent), plain.__file__)
"""Where the code is that stands between a strategy's line and what it calls."""

CodePosition: TypeAlias = "tuple[CodeType, int]"
"""Where in a strategy's code: the function, and the bytecode offset in it."""


CALL: Final = "CALL"
"""What stands for the type of a tick where a strategy was called between ticks."""


class StartEarlierError(Exception):
    """What is asked for goes back to before the tick with which the trace begins."""


class _Before:
    """What was noted before the trace begins, and is not known therefore: whoever looks at it has to start earlier."""

    def __getattr__(self, name: str) -> Any:
        raise StartEarlierError(name)

    def __deepcopy__(self, _: Any) -> Any:
        return self


BEFORE: Final[Any] = _Before()


@dataclass(frozen=True, slots=True)
class Decision:
    """A call of an action: on which tick, from where, its price, 0 for none; whether it was refused."""

    tick: Tick
    called_from: CodePosition
    price: float = 0.0
    refused: bool = False


@dataclass(frozen=True, slots=True)
class TracedEnd:
    """How an order ended: the tick, `filled`, `cancelled` or the switch that cancelled it, and the call that did."""

    tick: Tick
    how: str
    decision: Decision | None = None
    number: int | None = None


@dataclass(slots=True)
class TracedTake:
    """What was taken from the opposite touch, as in `Taking`: by our order, or by an action that was decided before."""

    tick: Tick
    price: float
    wanted: int
    shown: int
    had: int
    decision: Decision | None = None
    queue_position: QueuePosition | None = None
    limit: float = 0.0


@dataclass(frozen=True, slots=True)
class Met:
    """What a print, or touch, was when it came to an order, and what it found; the sizes are those of `Match`.

    volume: for this side. arriving: at this price. coming: past our earlier orders. ahead, remaining: found there.
    """

    volume: int
    arriving: int
    coming: int
    ahead: int
    remaining: int
    passed: int


@dataclass(slots=True)
class QueuePosition:
    """Our order, or the position we keep without one, on one side. The fields are those of `Order`.

    taken: BEFORE, as placed and first, where that is not known. number: of one of several orders a side.
    """

    taken: Tick | None = None
    shown: int = 0
    ahead: int = 0
    placed: Tick | None = None
    size: int = 0
    again: int = 0
    decision: Decision | None = None
    resizes: list[Resize] = field(default_factory=list)
    prints: list[Passed] = field(default_factory=list)
    touches: list[Passed] = field(default_factory=list)
    shrinks: list[Shrink] = field(default_factory=list)
    last_quote: Passed | None = None
    number: int | None = None
    first: Tick | None = None
    moves: int = 0
    shown_at: float = 0.0

    def copied(self) -> QueuePosition:
        """Return a copy that later events leave as it is."""
        return deepcopy(self)


@dataclass(frozen=True, slots=True)
class StandAside:
    """When our quotes began to stand aside: the tick, the book, the position and the strategy's fields then."""

    tick: Tick
    bid: float
    ask: float
    position: int
    memory: dict[str, Any]


@dataclass(slots=True)
class TracedFill:
    """The fill that is explained, as the market booked it."""

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
    queue_position: QueuePosition | None = None
    match: Match | None = None
    limit: float = 0.0
    take: TracedTake | None = None
    decision: Decision | None = None
    stand_aside: StandAside | None = None
    found_open: int = NEVER
    trade_type: int = NEVER
    reference: float = 0.0
    prior: tuple[Prior, ...] = ()


class Trace:
    """The record of one replay, kept for the fill of this number, counted from 1, or as it is after an event.

    on_day: told the number of each day's first event.
    """

    market: Any

    def __init__(
        self, fill_number: int = NEVER, on_day: Callable[[int], None] | None = None, last_event: int = NEVER
    ) -> None:
        self.fill_number = fill_number
        self.on_day = on_day
        self.last_event = last_event
        self.begin(None)

    def begin(self, market: Any) -> None:
        """Begin with a market, or without one."""
        self.market = market
        self.fill: TracedFill | None = None
        self.event = NEVER
        self.fills_at_event: list[tuple[int, How, int, float, int, int | None]] = []

    def booked(
        self, number: int, event: int, how: How, side: int, price: float, quantity: int, order: int | None = None
    ) -> None:
        """Note a fill, with the others of its tick: number, how, side, price, quantity, order."""
        if event != self.event:
            if self.fill is not None:
                return
            self.event = event
            self.fills_at_event = []
        self.fills_at_event.append((number, how, side, price, quantity, order))


@contextmanager
def ended_by(holder: Any, switch: str) -> Iterator[None]:
    """Note on a side, or a market of several orders, that it is a switch that cancels orders now."""
    holder.ended_by = switch
    yield
    holder.ended_by = ""


def line_of(position: CodePosition) -> int:
    """Return the line of a position in a strategy's code."""
    code, offset = position
    return next((line for start, end, line in code.co_lines() if start <= offset < end and line), code.co_firstlineno)


def caller() -> CodePosition:
    """Return where in the strategy the action was called; the engine's own code stands between."""
    frame = sys._getframe(1)  # noqa: SLF001 - the only way to a caller that costs nothing while nobody asks
    while frame.f_code.co_filename.startswith(ENGINE) and frame.f_back is not None:
        frame = frame.f_back
    return frame.f_code, frame.f_lasti
