"""Several orders a side: compiled, plain and the slow reference find the same under every switch, to the bit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

from pipeline.engine.execution import make_execution
from pipeline.markets.facts import facts_of
from pipeline.replay.simulate import simulate
from tests.engine.replays import bits, bits_of_fills, strategy_of
from tests.properties.agreement import exact, rows_of_fills
from tests.properties.ladder_cases import SCATTERED, case_of, model_of
from tests.properties.seeded import seeded_case
from tests.properties.streams import columns
from tests.reference.records import Switches
from tests.reference.scattered import Scattered

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pipeline.engine.execution import Execution
    from pipeline.engine.strategy import Strategy
    from pipeline.ticks import Ticks

ONE_ORDER: Final = """
class Own(Strategy):
    levels = {levels}
    seed: int = parameter(1, minimum=0, maximum=1e9)
    state: int = 0
    bid: int = 0
    ask: int = 0

    def on_start(self):
        self.state = self.seed

    def draw(self, below):
        self.state = (self.state * 1103515245 + 12345) % 2147483648
        return self.state // 65536 % below

    def on_tick(self, m):
        what = self.draw(8)
        bid = m.round_down_to_tick((995 + self.draw(9)) / 100)
        ask = m.round_up_to_tick((997 + self.draw(9)) / 100)
        size = 1 + self.draw(5) * 40
        {acts}
"""
BY_VERBS: Final = """
        if what < 3:
            m.quote_bid(bid, max(size, m.bid_remaining + 1 if m.bid_live and m.bid_order == bid else 0))
        elif what < 6:
            m.quote_ask(ask, max(size, m.ask_remaining + 1 if m.ask_live and m.ask_order == ask else 0))
        elif what == 6:
            m.cancel_bid()
        else:
            m.cancel_ask()
"""
BY_NUMBER: Final = """
        if what < 3:
            self.bid = self.quote(m, BUY, self.bid, bid, size)
        elif what < 6:
            self.ask = self.quote(m, SELL, self.ask, ask, size)
        elif what == 6:
            m.cancel(self.bid)
        else:
            m.cancel(self.ask)

    def quote(self, m, side, order, price, size):
        if m.live(order):
            m.replace(order, price, max(size, m.remaining(order) + 1 if m.order_price(order) == price else 0))
            return order
        return m.place(side, price, size)
"""

LEVELS: Final = (1, 2, 5, 16)
SAME: Final = ("event", "side", "price", "quantity", "realized", "position", "pnl", "how", "placed")


@pytest.fixture(scope="module")
def scattered(tmp_path_factory: pytest.TempPathFactory) -> dict[int, type[Strategy]]:
    folder: Path = tmp_path_factory.mktemp("levels")
    return {levels: strategy_of(folder, SCATTERED.format(levels=levels), f"own{levels}.py") for levels in LEVELS}


def told_by_reference(ticks: Ticks, values: dict[str, Any], execution: Execution, exchange: str) -> dict[str, Any]:
    known = {key: value for key, value in execution.settings.items() if key != "fees_bps"}
    reference = Scattered(values, Switches(**known), exchange)  # type: ignore[arg-type]
    found = reference.run(*columns(ticks))
    sides = {"buy": 1, "sell": -1}
    rows = [
        (f.event, f.timestamp_ns, sides[f.side], f.price, f.quantity, f.realized, f.position, f.pnl)
        for f in found.fills
    ]
    return {
        "fills": [tuple(map(exact, row)) for row in rows],
        "account": (found.final_position, exact(found.pnl)),
        "strategy": (reference.state, reference.heard, reference.next),
        "orders": (reference.placed, reference.refused),
        "last price": found.last_price,
    }


def check(strategy: type[Strategy], levels: int, seed: int, *, compiled: bool) -> int:
    case = case_of(seed)
    execution, values = model_of(seed), {"seed": seed}
    facts = facts_of(case.exchange)
    found = simulate(case.ticks, strategy, values, facts, execution, "python")
    if compiled:
        assert bits(simulate(case.ticks, strategy, values, facts, execution)) == bits(found)
    assert {
        "fills": [tuple(map(exact, row[:8])) for row in rows_of_fills(found)],
        "account": (found.position, exact(found.realized_pnl)),
        "strategy": tuple(found.final[f"s_{name}"] for name in ("state", "heard", "next")),
        "orders": (found.final["m_last_order"], found.final["m_beyond_levels"]),
        "last price": found.last_price,
    } == told_by_reference(case.ticks, values | {"levels": levels}, execution, case.exchange)
    return len(found.fills)


@pytest.mark.parametrize("count", [200, pytest.param(600, marks=pytest.mark.slow)])
@pytest.mark.parametrize("levels", LEVELS)
def test_each_order_fills_as_in_a_plain_list_of_orders(
    scattered: dict[int, type[Strategy]], levels: int, count: int
) -> None:
    for_seeds(count, 5, lambda seed: check(scattered[levels], levels, seed, compiled=False))


@pytest.mark.parametrize("count", [40, pytest.param(300, marks=pytest.mark.slow)])
def test_the_compiled_loop_fills_each_order_alike(scattered: dict[int, type[Strategy]], count: int) -> None:
    for_seeds(count, 5, lambda seed: check(scattered[5], 5, seed, compiled=True))


def test_the_verbs_of_one_order_are_the_case_of_one_level(tmp_path: Path) -> None:
    by_verbs, by_number = (
        strategy_of(tmp_path, ONE_ORDER.format(levels=levels, acts=acts.strip()), f"of_{levels}.py")
        for levels, acts in ((0, BY_VERBS), (1, BY_NUMBER))
    )

    def check_one(seed: int) -> int:
        case = seeded_case("v1_baseline", seed)
        model = model_of(seed)
        model = make_execution("classic", {**model.settings, "crossed_book": "quoted", "latency_ms": 0}, "here")
        facts = facts_of(case.exchange)
        verbs, number = (
            simulate(case.ticks, own, {"seed": seed}, facts, model, "python") for own in (by_verbs, by_number)
        )
        one, other = bits_of_fills(verbs.fills), bits_of_fills(number.fills)
        assert {name: one[name] for name in SAME} == {name: other[name] for name in SAME}
        assert verbs.orders == number.orders
        return len(verbs.fills)

    for_seeds(200, 1, check_one)


def for_seeds(count: int, fills_each: int, run: Callable[[int], int]) -> None:
    """Run cases by their number, which a failure tells; they fill so often on average."""
    fills = 0
    for seed in range(count):
        try:
            fills += run(seed)
        except AssertionError as error:
            error.add_note(f"seed {seed}: {model_of(seed).name}")
            raise
    assert fills > fills_each * count
