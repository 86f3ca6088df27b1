"""A market for the plain engine that keeps its own book of our orders: which are one, and which one was filled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.engine.plain import PlainReplay
from pipeline.engine.rules.market import Market
from pipeline.engine.rules.side import Side
from pipeline.markets.facts import facts_of
from pipeline.replay.simulate import engine_facts
from pipeline.strategies.loading.load import load_strategy
from tests.engine.replays import field_values

if TYPE_CHECKING:
    from tests.properties.streams import Case


class RecordingSide(Side):
    """`Side`, whose market looks at it after each step."""

    market: RecordingMarket

    def place(self, price: float, size: int, anew: bool) -> None:  # noqa: FBT001
        side = "bid" if self.is_bid else "ask"
        crossing = self.crossing
        super().place(price, size, anew)
        self.market.begin(side, price)
        if self.crossing > crossing:
            self.market.took[side] = self.market.since[side]
        self.market.look()

    def withdraw(self) -> None:
        super().withdraw()
        self.market.look()

    def remove(self) -> None:
        super().remove()
        self.market.look()


class RecordingMarket(Market):
    """`Market`, looked at after each step: a side's order goes on while it stands at one price without a break."""

    side_type = RecordingSide

    def __init__(self) -> None:
        super().__init__()
        self.since: dict[str, tuple[float, int] | None] = {"bid": None, "ask": None}
        self.begun = 0
        self.of_fills: list[int] = []
        self.matching = self.taking = False
        self.took: dict[str, tuple[float, int] | None] = {}

    def begin(self, side: str, price: float) -> None:
        before = self.since[side]
        if before is None or before[0] != price:
            self.since[side] = price, self.event
            self.begun += 1

    def look(self) -> None:
        for side in ("bid", "ask"):
            now = getattr(self, f"{side}_order") if getattr(self, f"{side}_live") else None
            if now is None:
                self.since[side] = None
            else:
                self.begin(side, now)

    def match_orders(self, touched: bool) -> None:  # noqa: FBT001
        self.matching = True
        super().match_orders(touched)
        self.matching = False
        self.look()

    def book_crossing(self) -> None:
        self.taking = True
        super().book_crossing()
        self.taking = False

    def book_fill(self, side: int, *fill: Any) -> None:
        name = "bid" if side > 0 else "ask"
        order = self.since[name] if self.matching else self.took.pop(name, None) if self.taking else None
        self.of_fills.append(-1 if order is None else order[1])
        self.look()  # what is filled whole is gone before the strategy hears of it
        states, self.matching, self.taking = (self.matching, self.taking), False, False
        super().book_fill(side, *fill)
        self.matching, self.taking = states


def record(case: Case) -> tuple[list[int], int]:
    """Return on which event the order of each fill was placed, -1 for none, and how many orders there were."""
    markets: list[RecordingMarket] = []

    class Kept(RecordingMarket):
        def __init__(self) -> None:
            super().__init__()
            markets.append(self)

    strategy: Any = load_strategy(case.name)
    recorded = type("Recorded", (strategy,), {"rules": Kept, "__module__": strategy.__module__})
    facts = engine_facts(facts_of(case.exchange), case.execution)
    PlainReplay(recorded).run(case.ticks, facts, field_values(strategy, case.parameters))
    return markets[-1].of_fills, markets[-1].begun
