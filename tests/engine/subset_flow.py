"""One small strategy for each way that control flows in the compiled engine's subset, as text."""

from __future__ import annotations

from typing import Final

BRANCHES: Final = """\
class Own(Strategy):
    high: int = 0
    low: int = 0
    nested: int = 0
    other: int = 0

    def on_tick(self, m):
        if m.price > 10.02:
            self.high += 1
        elif m.price < 9.99:
            self.low += 1
            if m.kind == 2:
                if m.volume > 400:
                    self.nested += m.volume
                else:
                    pass
        else:
            self.other += 1
"""

WHILE: Final = """\
class Own(Strategy):
    steps: int = 0
    rounds: int = 0
    left: int = 0

    def on_tick(self, m):
        rest = m.volume
        while rest > 0:
            rest -= 7
            self.rounds += 1
            if rest % 5 == 0:
                continue
            if rest % 11 == 3:
                break
            self.left += rest
        while self.step() < 5:
            if self.steps % 7 == 0:
                continue
            if self.steps % 11 == 0:
                break
            if self.steps % 13 == 0:
                return
        self.left -= 1

    def step(self):
        self.steps += 1
        return self.steps * 5 % 9
"""

FOR: Final = """\
class Own(Strategy):
    up: int = 0
    down: int = 0
    pairs: int = 0
    last: int = 0

    def on_tick(self, m):
        for i in range(m.volume % 6):
            self.up += i
        for i in range(2, 9, 3):
            self.up += i * i
        for i in range(m.volume % 10, -2, -2):
            self.down += i
            self.last = i
            i = 100
        for i in range(4):
            for j in range(i):
                if j == m.volume % 3:
                    continue
                if i + j > 4:
                    break
                self.pairs += 10 * i + j
"""

EARLY_RETURN: Final = """\
class Own(Strategy):
    found: int = 0
    after: int = 0
    seen: int = 0

    def on_tick(self, m):
        self.found += self.search(m.volume % 40) * 3
        for i in range(3):
            self.seen += self.sign(m.volume - 300 * i)
            while True:
                if self.seen % 8 == 7:
                    return
                break
        self.after += 1

    def search(self, wanted):
        for i in range(6):
            for j in range(6):
                if i * j == wanted:
                    return 10 * i + j
                if i * j > wanted:
                    return -1
            while i == 5:
                return -5
        return -9

    def sign(self, value):
        if value > 0:
            return 1
        if value < 0:
            return -1
        return 0
"""

HELPERS: Final = """\
class Own(Strategy):
    total: int = 0
    calls: int = 0

    def on_tick(self, m):
        value = self.outer(m, m.volume)
        value = self.outer(m, value)
        self.total += value + self.outer(m, self.inner(value))

    def outer(self, m, value):
        twice = self.inner(value) + self.inner(value + 1)
        if twice > 900:
            return self.inner(twice) - m.volume
        value += 1
        return value - twice

    def inner(self, value):
        self.calls += 1
        half = value // 2
        return half if half % 2 else self.least(half)

    def least(self, value):
        return min(value, 77)
"""

LOCALS: Final = """\
class Own(Strategy):
    x: float = 0.0
    n: int = 0

    def on_tick(self, m):
        price = 1.0
        n = 2
        self.x += self.shadow(m, price + 1) + price + n
        self.count(market=m, other=self)

    def shadow(self, market, price):
        n = price * 3
        m = n + market.price
        event: float = m
        return event

    def count(self, market, other):
        other.n += market.volume + self.tenth(market)

    def tenth(self, price):
        return price.bid_size // 10
"""

FLOW: Final = {
    "if, elif, else": BRANCHES,
    "while, break, continue": WHILE,
    "for over range": FOR,
    "return from within loops": EARLY_RETURN,
    "methods that call methods": HELPERS,
    "locals that share names": LOCALS,
}
