"""Random cases for several orders a side: a strategy that does whatever chance says, models, streams of ticks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from pipeline.engine.execution import SWITCHES, make_execution
from pipeline.ticks import TRADE, Ticks
from tests.engine.replays import FIRST_DAY, SECOND
from tests.properties.seeded import seeded_case

if TYPE_CHECKING:
    from pipeline.engine.execution import Execution
    from tests.properties.streams import Case

SCATTERED: Final = """
class Own(Strategy):
    levels = {levels}
    seed: int = parameter(1, minimum=0, maximum=1e9)
    state: int = 0
    orders: IntArray = IntArray(12)
    next: int = 0
    heard: int = 0

    def on_start(self):
        self.state = self.seed

    def draw(self, below):
        self.state = (self.state * 1103515245 + 12345) % 2147483648
        return self.state // 65536 % below

    def note(self, value):
        self.heard = (self.heard * 31 + value) % 1000003

    def on_tick(self, m):
        if self.draw(30) == 0:
            if m.standing_aside:
                m.resume()
            else:
                m.stand_aside()
        for _ in range(self.draw(4)):
            self.act(m)
        if self.draw(10) == 0:
            if self.draw(2) == 0:
                self.note(m.buy_at_ask(30))
            else:
                self.note(m.sell_at_bid(30))

    def act(self, m):
        what = self.draw(8)
        side = BUY if self.draw(2) == 0 else SELL
        cents = self.draw(9) * 10 + (self.draw(3) if self.draw(4) == 0 else 0)
        price = (9960 + cents) / 1000
        size = self.draw(5) * 40
        chosen = self.orders[self.draw(12)]
        if what < 4:
            order = m.place(side, price, size)
            if order > 0:
                self.orders[self.next] = order
                self.next = (self.next + 1) % 12
            self.note(order // 32)
        elif what < 6:
            self.note(1 if m.replace(chosen, price, size) else 2)
        elif what == 6:
            m.cancel(chosen)
        else:
            self.note(m.remaining(chosen) + 7 * m.ahead(chosen) + round(m.order_price(chosen) * 1000))
            self.note(1 if m.sent(chosen) else 0)

    def on_fill(self, m, side, price, quantity, order):
        self.note(order // 32 * 3 + quantity)
        if self.draw(3) == 0:
            self.act(m)
"""

KNOWN: Final = {key: switch.words for key, switch in SWITCHES.items() if switch.words}
LATENCIES: Final = (0, 0, 0, 0.001, 1_000, 1_500, 45_000, 7_200_000)


def model_of(seed: int) -> Execution:
    """Return a preset, or one with each switch changed by chance."""
    random = np.random.default_rng(seed)
    preset = ("classic", "strict")[seed % 2]
    changes = {key: words[int(random.integers(len(words)))] for key, words in KNOWN.items() if random.integers(2)}
    late = {"latency_ms": LATENCIES[int(random.integers(len(LATENCIES)))]}
    return make_execution(preset, changes | late if seed % 4 > 1 else {}, "here")


def case_of(seed: int) -> Case:
    """Return a stream of `seeded_case`, or, of every second four, a day whose touch seldom moves, with large prints."""
    case = seeded_case("v1_baseline", seed)
    if seed // 4 % 2:
        return case
    random = np.random.default_rng(seed)
    count = 160
    kind = random.integers(0, 3, count).astype(np.int8)
    low = np.choose(
        kind, [9.98 + 0.02 * random.integers(0, 2, count), 10.02 + 0.02 * random.integers(0, 2, count), 0.0]
    )
    price = np.where(kind == TRADE, 9.96 + 0.01 * random.integers(0, 9, count), low).round(2)
    volume = random.choice([0, 20, 100, 150, 400, 1_000], count, p=[0.03, 0.2, 0.27, 0.2, 0.2, 0.1])
    times = FIRST_DAY + np.sort(random.integers(36_000, 37_000, count)) * SECOND
    return replace(case, ticks=Ticks(times, kind, price, volume.astype(np.int64)))
