"""A market for the plain engine that watches its rules: orders join late enough, prints are not overdrawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.engine.plain import PlainReplay
from pipeline.engine.rules.market import Market
from pipeline.engine.rules.orders import Side
from pipeline.markets.facts import facts_of
from pipeline.replay.simulate import engine_facts
from pipeline.strategies.loading.load import load_strategy
from tests.engine.replays import field_values

if TYPE_CHECKING:
    from pipeline.engine.outcome import Outcome
    from tests.properties.streams import Case


class WatchedSide(Side):
    """`Side`, with its promises asserted where they are kept."""

    decided = 0

    def quote(self, price: float, size: int, post_only: bool) -> bool:  # noqa: FBT001 - as the rules call it
        if not (self.sent and self.sent_price == price):
            self.decided = self.market.now
        return super().quote(price, size, post_only)

    def join(self, price: float, size: int) -> None:
        super().join(price, size)
        assert self.market.now >= self.decided + self.market.latency
        behind = price <= self.price if self.is_bid else price >= self.price
        assert self.ahead == (self.size if behind else 0), "behind the book of now"


class WatchedMarket(Market):
    """`Market`, with its promises asserted where they are kept."""

    side_type = WatchedSide

    def match_print(self) -> None:
        cleared = {"ask": self.through_clears and self.price != self.ask_order}
        cleared["bid"] = self.through_clears and self.price != self.bid_order
        queues = {side: 0 if cleared[side] else getattr(self, f"{side}_ahead") for side in ("ask", "bid")}
        before = self.fills
        super().match_print()
        taken = {"ask": 0, "bid": 0}
        for at in range(before, self.fills):
            taken["ask" if self.fill_side[at] < 0 else "bid"] += self.fill_quantity[at]
        used = 0
        for side, filled in taken.items():
            assert filled <= max(0, self.volume - queues[side]), "the queue ahead comes first"
            if filled:
                used += queues[side] + filled
        assert not self.print_used_once or used <= self.volume, "one print is used once"


def watch(case: Case) -> Outcome:
    """Replay a case in a watched market."""
    strategy: Any = load_strategy(case.name)
    watched = type("Watched", (strategy,), {"rules": WatchedMarket, "__module__": strategy.__module__})
    facts = engine_facts(facts_of(case.exchange), case.execution)
    return PlainReplay(watched).run(case.ticks, facts, field_values(strategy, case.parameters))
