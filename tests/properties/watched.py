"""A market for the plain engine that watches its rules: orders join late enough, prints are not overdrawn."""

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
    from pipeline.engine.outcome import Outcome
    from pipeline.engine.rules.orders import Orders
    from tests.properties.streams import Case


class WatchedSide(Side):
    """`Side`, with its promises asserted where they are kept."""

    def __init__(self, market: Orders, *, is_bid: bool) -> None:
        super().__init__(market, is_bid=is_bid)
        self.asked_at: list[tuple[int, int, float]] = []

    def ask_for(self, message: int, price: float, size: int) -> None:
        self.asked_at.append((self.market.now, message, price))
        super().ask_for(message, price, size)

    def obey(self, message: int, price: float, size: int) -> None:
        latest = self.market.now - self.market.latency
        assert any(at <= latest and (verb, limit) == (message, price) for at, verb, limit in self.asked_at)
        super().obey(message, price, size)

    def place(self, price: float, size: int, anew: bool) -> None:  # noqa: FBT001 - as the rules call it
        super().place(price, size, anew)
        crosses = self.market.takes_marketable and self.is_marketable(price)
        behind = price <= self.price if self.is_bid else price >= self.price
        assert not anew or self.ahead == (self.size if behind and not crosses else 0), "behind the book of now"


class WatchedMarket(Market):
    """`Market`, with its promises asserted where they are kept."""

    side_type = WatchedSide

    def match_orders(self, touched: bool) -> None:  # noqa: FBT001 - as the rules call it
        sides = {"ask": self.ask_side, "bid": self.bid_side}
        available = {name: side.other.available() if touched else self.volume for name, side in sides.items()}
        limits = {name: side.order_price for name, side in sides.items()}
        through = {name for name, limit in limits.items() if self.through_clears and self.price != limit}
        queues = {name: 0 if touched or name in through else side.ahead for name, side in sides.items()}
        before = self.fills
        super().match_orders(touched)
        filled = {"ask": 0, "bid": 0}
        for at in range(before, self.fills):
            name = "ask" if self.fill_side[at] < 0 else "bid"
            filled[name] += self.fill_quantity[at]
            assert not touched or self.fill_price[at] == limits[name], "the touch fills at our price"
        for name, shares in filled.items():
            assert shares <= max(0, available[name] - queues[name]), "the queue ahead comes first"
        used = sum(queues[name] + shares for name, shares in filled.items() if shares)
        assert touched or not self.print_used_once or used <= self.volume, "one print is used once"
        assert not touched or self.bid < self.ask or not any(filled.values()), "a crossed book fills nobody"


def watch(case: Case) -> Outcome:
    """Replay a case in a watched market."""
    strategy: Any = load_strategy(case.name)
    watched = type("Watched", (strategy,), {"rules": WatchedMarket, "__module__": strategy.__module__})
    facts = engine_facts(facts_of(case.exchange), case.execution)
    return PlainReplay(watched).run(case.ticks, facts, field_values(strategy, case.parameters))
