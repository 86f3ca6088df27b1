"""What each verb does to our orders: a script of verbs, one an event, and the state it leaves, worked out by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from pipeline.engine.execution import make_execution
from tests.engine.replays import both, strategy_of, written

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.engine.outcome import Outcome
    from pipeline.engine.strategy import Strategy
    from pipeline.settings import Value

VERBS: Final = (
    *("quote_bid", "quote_ask", "resize_bid", "resize_ask", "watch_bid", "watch_ask", "cancel_bid", "cancel_ask"),
    *("buy_at_ask", "sell_at_bid", "stand_aside", "resume"),
)

SCRIPTED: Final = """\
class Own(Strategy):
    done: int = 0
    rounded: float = -1.0

    def on_tick(self, m):
        self.rounded = m.round_to_tick(self.price_2)
        verb = -1
        price = 0.0
        size = 0
        if m.event == 2:
            verb = self.verb_2
            price = self.price_2
            size = self.size_2
        elif m.event == 3:
            verb = self.verb_3
            price = self.price_3
            size = self.size_3
        elif m.event == 4:
            verb = self.verb_4
            price = self.price_4
            size = self.size_4
        elif m.event == 5:
            verb = self.verb_5
            price = self.price_5
            size = self.size_5
        if verb == 0:
            self.done += m.quote_bid(price, size)
        elif verb == 1:
            self.done += m.quote_ask(price, size)
        elif verb == 2:
            self.done += m.resize_bid(size)
        elif verb == 3:
            self.done += m.resize_ask(size)
        elif verb == 4:
            m.watch_bid(price)
        elif verb == 5:
            m.watch_ask(price)
        elif verb == 6:
            m.cancel_bid()
        elif verb == 7:
            m.cancel_ask()
        elif verb == 8:
            self.done += m.buy_at_ask(size)
        elif verb == 9:
            self.done += m.sell_at_bid(size)
        elif verb == 10:
            m.stand_aside()
        elif verb == 11:
            m.resume()
"""

BID, ASK = "quote_bid 10.0 50", "quote_ask 10.2 60"
SCRIPTS: Final = {
    # what is done at the events 2 to 5 (see TICKS)
    "place both": (BID, ASK),
    "better the touch": ("quote_bid 10.1 50", "quote_ask 10.1 60"),
    "away from the touch": ("quote_bid 9.9 50", "quote_ask 10.3 60"),
    "resize": (BID, ASK, "resize_bid 0 7", "resize_ask 0 8"),
    "watch, then take the place": ("watch_bid 10.0 0", "watch_ask 10.2 0", "resize_bid 0 7", "resize_ask 0 8"),
    "cancel": (BID, ASK, "cancel_bid 0 0", "cancel_ask 0 0"),
    "cancel, then take the place": (BID, "cancel_bid 0 0", "resize_bid 0 7"),
    "buy what the ask shows": ("buy_at_ask 0 500",),
    "buy less than the ask shows": ("buy_at_ask 0 7", "buy_at_ask 0 7"),
    "sell what the bid shows": ("sell_at_bid 0 500", "sell_at_bid 0 100"),
    "take nothing": ("sell_at_bid 0 0", "buy_at_ask 0 0"),
    "stand aside": ("quote_bid 10.1 50", "stand_aside 0 0"),
    "stand aside and resume": ("quote_bid 10.1 50", "stand_aside 0 0", "resume 0 0"),
    "say whether it stands": (BID, ASK, "resize_bid 0 6", "resize_ask 0 6"),
    "place across": (ASK, "quote_bid 10.2 50"),
}

TICKS: Final = written(
    """
    1 10:00:00 bid   10.00 30
    1 10:00:00 ask   10.20 40
    1 10:00:01 bid   10.00 30
    1 10:00:02 ask   10.20 40
    1 10:00:03 ask   10.20 40
    1 10:00:04 ask   10.20 40
    1 10:00:05 trade 10.10 20
    """
)


@pytest.fixture(scope="module")
def scripted(tmp_path_factory: pytest.TempPathFactory) -> type[Strategy]:
    """Make one strategy of all verbs, told by its parameters what to do: it is compiled once."""
    steps = "".join(
        f"    verb_{event}: int = parameter(-1)\n    price_{event}: AED = parameter(0.0)\n"
        f"    size_{event}: int = parameter(0)\n"
        for event in (2, 3, 4, 5)
    )
    body = SCRIPTED.replace("    done: int = 0\n", steps + "    done: int = 0\n")
    return strategy_of(tmp_path_factory.mktemp("scripted"), body)


def played(scripted: type[Strategy], script: str, **switches: object) -> Outcome:
    execution = make_execution("classic", switches, "here")
    values: dict[str, Value] = {}
    for event, step in enumerate(SCRIPTS[script], start=2):
        verb, price, size = step.split()
        values |= {f"verb_{event}": VERBS.index(verb), f"price_{event}": float(price), f"size_{event}": int(size)}
    return both(scripted, TICKS, values, execution)


def orders(outcome: Outcome) -> list[tuple[float, ...]]:
    """Return our bid and our ask as (live, price, ahead, remaining)."""
    fields = ("live", "order", "ahead", "remaining")
    return [tuple(outcome.final[f"m_{side}_{field}"] for field in fields) for side in ("bid", "ask")]


@pytest.mark.parametrize(
    ("script", "bid", "ask"),
    [
        ("place both", (1, 10.0, 30, 50), (1, 10.2, 40, 60)),
        ("better the touch", (1, 10.1, 0, 30), (1, 10.1, 0, 40)),
        ("away from the touch", (1, 9.9, 30, 50), (1, 10.3, 40, 60)),
        ("resize", (1, 10.0, 30, 7), (1, 10.2, 40, 8)),
        ("watch, then take the place", (1, 10.0, 30, 7), (1, 10.2, 40, 8)),
        ("cancel", (0, 10.0, 30, 0), (0, 10.2, 40, 0)),
        ("cancel, then take the place", (1, 10.0, 30, 7), (0, 0.0, 0, 0)),
        ("stand aside", (1, 10.1, 0, 50), (0, 0.0, 0, 0)),
        ("stand aside and resume", (1, 10.1, 0, 30), (0, 0.0, 0, 0)),
        ("place across", (1, 10.2, 0, 30), (1, 10.2, 40, 60)),
    ],
)
def test_a_verb_leaves_our_orders_so(
    script: str, bid: tuple[float, ...], ask: tuple[float, ...], scripted: type[Strategy]
) -> None:
    assert orders(played(scripted, script)) == [bid, ask]


@pytest.mark.parametrize(
    ("script", "done", "position"),
    [
        ("buy what the ask shows", 40, 40),
        ("buy less than the ask shows", 14, 14),
        ("sell what the bid shows", 60, -60),
        ("take nothing", 0, 0),
        ("say whether it stands", 4, 0),
    ],
)
def test_a_verb_says_what_it_did(script: str, done: int, position: int, scripted: type[Strategy]) -> None:
    outcome = played(scripted, script)
    assert (outcome.final["s_done"], outcome.final["m_position"]) == (done, position)
    assert (outcome.final["m_bid_size"], outcome.final["m_ask_size"]) == (30, 40)


def test_under_self_cross_the_older_order_goes_whole(scripted: type[Strategy]) -> None:
    assert orders(played(scripted, "place across", self_cross="cancel_older")) == [(1, 10.2, 0, 30), (0, 0.0, 0, 0)]


@pytest.mark.parametrize(
    ("price", "rounded"),
    [
        (0.12344, 0.123),
        (0.9996, 1.0),
        (1.2345, 1.23),
        (9.999, 10.0),
        (10.01, 10.0),
        (10.035, 10.04),
        (49.99, 50.0),
        (50.02, 50.0),
        (99.98, 100.0),
        (100.14, 100.1),
        (0.0, 0.0),
    ],
)
def test_a_price_is_rounded_to_the_tick_of_its_level(price: float, rounded: float, scripted: type[Strategy]) -> None:
    outcome = both(scripted, TICKS, {"price_2": price})
    assert outcome.final["s_rounded"] == pytest.approx(rounded, abs=1e-12)


OFF_GRID: Final = """\
class Own(Strategy):
    right: int = 0

    def on_tick(self, m):
        other = m.event % 3 == 0
        m.quote_bid(9.887 if other else 9.894, 10)
        m.quote_ask(10.281 if other else 10.304, 10)
        self.right += m.bid_order == (9.88 if other else 9.89)
        self.right += m.ask_order == (10.3 if other else 10.32)
"""


@pytest.mark.parametrize(("preset", "changes"), [("classic", {"order_price": "grid"}), ("strict", {})])
def test_each_price_is_rounded_whatever_was_rounded_before(
    preset: str, changes: dict[str, str], tmp_path: Path
) -> None:
    quotes = "\n".join(f"1 10:06:{second:02} bid 10.00 30\n1 10:06:{second:02} ask 10.20 40" for second in range(9))
    outcome = both(strategy_of(tmp_path, OFF_GRID), written(quotes), execution=make_execution(preset, changes, "here"))
    assert outcome.final["s_right"] == 2 * 18
