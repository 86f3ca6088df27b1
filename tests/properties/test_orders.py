"""The order that stands beside each fill, and how many there were, are those of a record kept step by step."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import assume, given, settings

from tests.made import make_strategy
from tests.properties.recorder import record
from tests.properties.seeded import for_seeded_cases
from tests.properties.streams import MAKERS, Case, cases

if TYPE_CHECKING:
    from pathlib import Path

EVERY_VERB: Final = """
turn: int = 0

def on_tick(self, m):
    self.turn = (m.event * 7 + m.volume) % 14
    if self.turn == 0 and m.bid_size > 0:
        m.quote_bid(m.bid, 100)
    if self.turn == 1:
        m.cancel_bid()
    if self.turn == 2 and m.ask_size > 0:
        m.quote_ask(m.ask, 50)
    if self.turn == 3 and m.bid_order > 0.0:
        m.resize_bid(30)
    if self.turn == 4 and m.ask_size > 0:
        m.watch_ask(m.ask)
    if self.turn == 5 and m.ask_order > 0.0:
        m.resize_ask(20)
    if self.turn == 6 and m.bid_size > 0:
        m.quote_bid(m.bid, 10)
        m.quote_ask(m.bid, 10)
    if self.turn == 7 and m.bid_size > 0:
        m.cancel_bid()
        m.quote_bid(m.bid, 10)
    if self.turn == 8:
        m.sell_at_bid(5)
    if self.turn == 9:
        m.stand_aside()
    if self.turn == 10:
        m.resume()
    if self.turn == 11 and m.ask_size > 0:
        m.post_bid(m.ask, 20)
        m.buy_at_ask(3)
    if self.turn == 12 and m.bid_size > 0:
        m.post_ask(m.bid + 0.01, 30)
    if self.turn == 13:
        m.buy_at_ask(7)

def on_fill(self, m, side, price, quantity):
    if side > 0 and m.bid_size > 0:
        m.quote_bid(m.bid, 40)
    if side < 0 and m.volume > 50:
        m.quote_ask(price, 40)
    if side < 0 and m.volume < 6:
        m.cancel_bid()
"""


def check(case: Case) -> int:
    found = case.run()
    assert found.fills.placed is not None
    own, orders = record(case)
    assert found.fills.placed.tolist() == own
    assert found.orders == orders
    return sum(event >= 0 for event in own)


@pytest.mark.parametrize("count", [100, pytest.param(300, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", MAKERS)
def test_orders_of_every_strategy_are_those_recorded(name: str, count: int) -> None:
    filled = []
    for_seeded_cases([name], count, lambda case: filled.append(check(case)))
    assert sum(filled) > count / 3


@settings(max_examples=settings().max_examples // 2)
@given(cases())
def test_orders_under_any_switches_are_those_recorded(case: Case) -> None:
    assume(case.name in MAKERS)
    check(case)


@pytest.mark.slow
def test_orders_are_those_recorded_whatever_a_strategy_does_with_them(tmp_path: Path) -> None:
    own = str(make_strategy(tmp_path / "own.py", EVERY_VERB))
    filled = []
    for_seeded_cases(["v1_baseline"], 300, lambda case: filled.append(check(replace(case, name=own, given={}))))
    assert sum(filled) > 400
