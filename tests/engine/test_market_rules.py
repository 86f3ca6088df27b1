"""Both engines keep the market's rules: the streams of `rules.py` give the fills worked out there by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from pipeline.engine.execution import make_execution
from pipeline.replay.simulate import CLASSIC
from pipeline.strategies.loading.load import load_strategy
from tests.engine.replays import both, moment, written
from tests.engine.rules import RULES
from tests.engine.switches import SWITCHES_BY_HAND

if TYPE_CHECKING:
    from pipeline.engine.execution import Execution
    from pipeline.engine.outcome import Outcome
    from pipeline.settings import Value

QUOTES: Final = {"quote_size": 100, "min_local_currency_before_quote": 0, "refill_interval_sec": 60}
SIDES: Final = {"buy": 1, "sell": -1}


@pytest.mark.parametrize("rule", RULES)
def test_the_market_keeps_its_rules(rule: str) -> None:
    stream, fills = RULES[rule]
    assert fills_of(replayed(stream)) == worked_out(fills)


@pytest.mark.parametrize("case", SWITCHES_BY_HAND)
def test_a_switch_changes_what_it_says(case: str) -> None:
    switches, stream, fills = SWITCHES_BY_HAND[case]
    classic, switched = fills.split("---")
    assert fills_of(replayed(stream)) == worked_out(classic)
    assert fills_of(replayed(stream, execution=make_execution("classic", switches, "here"))) == worked_out(switched)


@pytest.mark.parametrize(
    ("values", "bought"),
    [
        ({"quote_size": 100}, 100),
        ({"quote_size": 100, "quote_size_bid": 30}, 30),
        ({"quote_size": 100, "quote_size_ask": 30}, 100),
        ({"max_position": 70}, 70),
        ({"max_notional": 655.0}, 65),
        ({"max_notional": 695.0, "max_position": 70}, 69),
        ({"max_notional": 705.0, "max_position": 70}, 70),
        ({"max_notional": 5.0}, 0),
        ({"min_local_currency_before_quote": 100.0}, 100),
        ({"min_local_currency_before_quote": 100.01}, 0),
    ],
)
def test_v1_sizes_its_quote_by_its_parameters(values: dict[str, Value], bought: int) -> None:
    outcome = replayed("1 10:00:00 bid 10.00 10\n 1 10:00:01 trade 10.00 9999", values)
    assert outcome.final["m_position"] == bought


def test_the_counts_are_of_the_session_and_the_days_of_the_prints() -> None:
    outcome = replayed(
        """
        1 09:00:00 trade 10.00 5
        1 10:00:00 bid   10.00 5
        1 10:00:00 ask   10.20 5
        1 10:00:01 ask   10.30 0
        1 10:00:02 trade  0.00 5
        1 10:00:03 trade 10.10 5
        1 14:45:00 trade 10.90 5
        2 10:00:00 bid   10.00 5
        4 15:30:00 trade 10.00 0
        """
    )
    names = ("events", "session_rows", "bid_count", "ask_count", "trade_count", "last_price")
    assert [outcome.final[f"m_{name}"] for name in names] == [8, 5, 2, 2, 1, 10.1]
    assert outcome.market_days.tolist() == [20_089, 20_092]


def test_an_order_is_live_until_it_is_wholly_filled() -> None:
    stream = "1 10:00:00 ask 10.00 10\n 1 10:00:00 bid 9.00 10\n 1 10:00:01 trade 10.00 {}"
    after = [replayed(stream.format(volume)).final for volume in (109, 110)]
    assert [(final["m_ask_live"], final["m_ask_remaining"]) for final in after] == [(1, 1), (0, 0)]
    assert [(final["m_bid_live"], final["m_bid_remaining"]) for final in after] == [(1, 100), (1, 100)]


def test_no_ticks_give_no_fills() -> None:
    outcome = replayed("")
    assert (len(outcome.fills), outcome.market_days.tolist(), outcome.final["m_events"]) == (0, [], 0)


def replayed(stream: str, values: dict[str, Value] | None = None, execution: Execution = CLASSIC) -> Outcome:
    return both(load_strategy("v1_baseline"), written(stream), QUOTES | (values or {}), execution)


def fills_of(outcome: Outcome) -> list[tuple[float, ...]]:
    fills = outcome.fills
    columns = (fills.timestamp, fills.side, fills.price, fills.quantity, fills.position, fills.pnl)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def worked_out(fills: str) -> list[tuple[float, ...]]:
    expected: list[tuple[float, ...]] = []
    for line in fills.strip().splitlines():
        day, clock, side, price, quantity, position, pnl = line.split()
        row = (moment(day, clock), SIDES[side], float(price), int(quantity), int(position), float(pnl))
        expected.append(row)
    return expected
