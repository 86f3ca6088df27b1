"""What is one order and what is the next: when it was placed stands beside each fill, and how many there were."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

from pipeline.engine.execution import make_execution
from pipeline.strategies.loading.load import load_strategy
from tests.engine.replays import both, strategy_of, written

if TYPE_CHECKING:
    from pathlib import Path

QUOTES: Final = {"quote_size": 100, "min_local_currency_before_quote": 50, "refill_interval_sec": 60}

ORDERS: Final[dict[str, tuple[str, dict[str, Any], list[int], int]]] = {
    "placed anew at its price it is the same order": (
        """
        1 10:00:00 bid   10.00 10
        1 10:01:00 bid   10.00 10
        1 10:01:01 trade 10.00 15
        """,
        {},
        [0],
        1,
    ),
    "at another price it is a new one": (
        """
        1 10:00:00 bid   10.00 10
        1 10:01:00 bid   10.02 10
        1 10:01:01 trade 10.02 15
        """,
        {},
        [1],
        2,
    ),
    "filled in parts it is one": (
        """
        1 10:00:00 bid   10.00 10
        1 10:00:01 trade 10.00 15
        1 10:00:02 trade 10.00  5
        """,
        {},
        [0, 0],
        1,
    ),
    "after it was filled whole comes a new one": (
        """
        1 10:00:00 bid   10.00 10
        1 10:00:01 trade 10.00 110
        1 10:01:01 bid   10.00 10
        1 10:01:02 trade 10.00 20
        """,
        {},
        [0, 2],
        2,
    ),
    "after it was cancelled comes a new one": (
        """
        1 10:00:00 bid   10.00 10
        1 10:01:00 bid   10.00  1
        1 10:01:01 bid   10.00 10
        1 10:01:02 trade 10.00 20
        """,
        {},
        [2],
        2,
    ),
    "each side has its own": (
        """
        1 10:00:00 bid   10.00 10
        1 10:00:01 ask   10.10 10
        1 10:00:02 trade 10.10 15
        1 10:00:03 trade 10.00 15
        """,
        {},
        [1, 0],
        2,
    ),
    "what closes the day is of no order": (
        """
        1 10:00:00 bid   10.00 10
        1 10:00:01 trade 10.00 30
        1 14:55:00 trade 10.10  1
        """,
        {},
        [0, -1],
        1,
    ),
    "with latency it is placed when it joins its queue": (
        """
        1 10:00:00 bid   10.00 10
        1 10:00:02 bid   10.00 10
        1 10:00:03 trade 10.00 20
        """,
        {"latency_ms": 2_000},
        [1],
        1,
    ),
}


@pytest.mark.parametrize("case", ORDERS)
def test_an_order_is_our_quote_at_one_price_without_a_break(case: str) -> None:
    stream, switches, placed, orders = ORDERS[case]
    outcome = both(load_strategy("v1_baseline"), written(stream), QUOTES, make_execution("classic", switches, "here"))
    assert outcome.fills.placed is not None
    assert outcome.fills.placed.tolist() == placed
    assert outcome.final["m_orders"] == orders


def test_a_stop_takes_from_the_touch_with_no_order() -> None:
    stream = """
        1 10:00:00 bid   10.00 10
        1 10:00:00 ask   10.02 10
        1 10:00:01 trade 10.00 60
        1 10:00:02 bid    9.00 40
    """
    values = {**QUOTES, "stop_loss_threshold_pct": 1.0, "max_position": 1_000}
    outcome = both(load_strategy("v2_1_stop_loss"), written(stream), values)
    assert outcome.fills.placed is not None
    assert list(zip(outcome.fills.quantity.tolist(), outcome.fills.placed.tolist(), strict=True)) == [(50, 0), (40, -1)]


def test_a_late_order_to_take_arrives_before_the_order_that_is_sent_with_it(tmp_path: Path) -> None:
    body = """
class Own(Strategy):
    def on_tick(self, m):
        if m.event == 0:
            m.quote_bid(m.ask, 50)
            m.buy_at_ask(30)
    """
    stream = """
        1 10:00:00 ask   10.20 40
        1 10:00:01 trade 10.30 10
    """
    switches = {"latency_ms": 1_000, "marketable": "take", "shown_size": "once"}
    execution = make_execution("classic", switches, "here")
    outcome = both(strategy_of(tmp_path, body), written(stream), {}, execution)
    assert outcome.fills.placed is not None
    assert list(zip(outcome.fills.quantity.tolist(), outcome.fills.placed.tolist(), strict=True)) == [(10, 1), (30, -1)]
    assert outcome.final["m_bid_remaining"] == 40
