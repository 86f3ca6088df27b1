"""One small strategy for each kind of expression in the compiled engine's subset, as text."""

from __future__ import annotations

from typing import Final

SHORT_CIRCUIT: Final = """\
class Own(Strategy):
    a: int = 0
    b: int = 0
    both: int = 0
    either: int = 0
    number: int = 0
    mixed: int = 0

    def on_tick(self, m):
        if self.bump_a(m) and self.bump_b(m) and m.volume % 2:
            self.both += 1
        if m.kind == 0 or self.bump_a(m) or self.bump_b(m):
            self.either += 1
        self.number += (m.volume % 3 and self.step()) + (m.volume % 5 or self.step())
        if not (self.bump_a(m) or (m.price > 10 and not self.bump_b(m))):
            self.mixed += 1

    def bump_a(self, m):
        self.a += 1
        return m.volume > 450

    def bump_b(self, m):
        self.b += 1
        return m.price > 10.0

    def step(self):
        self.b += 100
        return self.b % 7
"""

CONDITIONAL: Final = """\
class Own(Strategy):
    x: int = 0
    y: float = 0.0
    calls: int = 0

    def on_tick(self, m):
        self.x += 1 if m.kind == 0 else 2 if m.kind == 1 else 3
        self.x += self.plus(5) if self.plus(m.volume) % 2 else self.plus(7) - self.plus(1)
        self.y += (m.volume if m.volume > 200 else m.price) // 2

    def plus(self, value):
        self.calls += value
        return self.calls
"""

EXTREMES: Final = """\
class Own(Strategy):
    least: float = 99.0
    most: float = 0.0
    zero: float = 0.0
    first: float = 0.0
    whole: int = 0

    def on_tick(self, m):
        nothing = math.inf - math.inf
        self.least = min(self.least, m.price, 9.995)
        self.most = max(m.price, self.most, nothing)
        self.zero += math.copysign(1.0, max(-0.0, 0.0)) + math.copysign(3.0, min(0.0, -0.0, 0.0))
        self.first += max(min(m.price, nothing), min(3, m.volume))
        self.whole += min(m.volume, 400, self.next()) + max(-3, -m.volume)

    def next(self):
        self.whole += 1
        return self.whole % 300
"""

AUGMENTED: Final = """\
class Own(Strategy):
    a: int = 5
    b: float = 1.5
    bits: int = 3
    order: int = 1

    def on_tick(self, m):
        signed = m.volume - 450
        self.a += signed // 7
        self.a -= signed % 7
        self.a *= -1
        self.a %= 100_003
        self.a //= 2
        self.b += m.price
        self.b *= 1.0001
        self.b /= 1.01
        self.b -= signed % 0.7
        self.b += -signed // 0.3
        self.b %= 1000.0
        self.bits ^= m.volume
        self.bits |= m.kind << 2
        self.bits &= ~(m.volume >> 1)
        self.order += self.moved(m)
        self.order = self.order - self.moved(m) + self.order * 2
        self.order %= 10_007

    def moved(self, m):
        self.order += m.volume
        return self.order % 13
"""

KEYWORDS: Final = """\
class Own(Strategy):
    total: int = 0
    money: float = 0.0

    def on_tick(self, m):
        self.total += self.weigh(m.volume, second=m.kind, third=3)
        self.money += self.worth(price=m.price, size=m.volume)
        m.quote_bid(price=m.price, size=50)

    def weigh(self, first, second, third):
        return first * 100 + second * 10 + third

    def worth(self, price, size):
        return price * size
"""

MATHS: Final = """\
class Own(Strategy):
    whole: int = 0
    a: float = 0.0
    b: float = 0.0
    odd: int = 0

    def on_tick(self, m):
        x = m.price * (m.volume - 450) / 900
        self.whole += math.floor(x) * 5 + math.ceil(x) * 3 + math.trunc(x) + int(x * 100) + abs(m.volume - 450)
        self.whole += round(x * 10) + round(m.volume / 2) + int(m.price > 10)
        self.a += math.sqrt(abs(x)) + math.copysign(x, -1.0) + math.fabs(x) + float(m.volume)
        self.b += float(m.price > 10.0) + m.round_to_tick(x * x)
        if math.isnan(x - x) or math.isinf(x * 1e308 * 10) or not math.isfinite(x):
            self.odd += 1
"""

LIBRARY: Final = """\
class Own(Strategy):
    half_life: float = parameter(30.0)
    weight: float = 0.0
    vol: float = 0.0
    skew: float = 0.0
    far: float = 0.0
    seen: int = 0

    def on_tick(self, m):
        self.seen += 1
        decay = 0.5 ** (1 / self.half_life)
        self.weight = decay * self.weight + math.exp(-m.volume / 500) + decay ** self.seen
        if m.last_price > 0:
            self.vol += math.log(m.price / m.last_price) ** 2 + math.log1p(m.volume) + math.expm1(m.price / 1e6)
        self.skew += math.tanh(m.position / 400) + math.erf(m.price - 10) - math.erfc(m.price - 10)
        self.skew += math.sin(m.time_of_day / 4e12) * math.cos(m.price) + math.log2(m.price) - math.log10(m.volume)
        self.far += m.volume ** -2 + m.price ** 2.5 + m.price ** -self.seen + math.pow(m.price, m.kind) + m.price ** 0
"""

MEMORY: Final = """\
class Own(Strategy):
    recent: Window = Window(5)
    flow: TimeWindow = TimeWindow(900_000_000_000, 4)
    mid: Ewma = Ewma(30_000_000_000)
    steps: Array = Array(4)
    counts: IntArray = IntArray(3)
    a: float = 0.0
    n: int = 0

    def on_tick(self, m):
        self.recent.add(m.price)
        self.flow.add(m.volume, m.now)
        self.mid.add(m.price, m.now)
        self.counts[m.kind] += 1
        self.steps[m.volume % 4] += m.price
        if self.recent.count == self.recent.size and self.recent.variance() > 0.0001:
            self.a += self.recent.mean() - self.mid.mean() + self.steps[1] + self.flow.sum() / self.recent.highest()
            self.n += self.flow.count + self.counts[2] + self.flow.dropped
"""

CHAINS: Final = """\
class Own(Strategy):
    n: int = 0
    inside: int = 0
    reached: int = 0
    equal: int = 0

    def on_tick(self, m):
        if 3 < m.volume % 10 < self.bump():
            self.reached += 1
        if 9.99 <= m.price < 10.02 != m.bid:
            self.inside += 1
        self.equal += 0 < m.kind == m.volume % 3

    def bump(self):
        self.n += 1
        return self.n
"""

SEVERAL: Final = """\
class Own(Strategy):
    a: int = 1
    b: int = 2
    standing: int = 0
    best: float = math.inf
    last: float = math.nan
    finite: bool = False

    def on_tick(self, m):
        self.a, self.b = self.b + m.volume, self.a
        low, high = m.price, m.price + 1.0
        low, high = high, low
        self.best = min(self.best, low - high + m.price)
        self.standing += m.quote_bid(m.price, 50)
        self.last = m.price
        self.finite = not math.isnan(self.last)
"""

CONSTANTS: Final = """\
STEP = 3
RATE: float = 0.125
ON = True
LEAST = -math.inf
TINY = 5e-324

class Own(Strategy):
    steps: int = STEP
    money: float = 2
    peak: float = 0.0

    def on_tick(self, m):
        if ON and m.price > LEAST:
            self.steps += STEP * -STEP + (1 if m.kind == BUY else SELL)
            self.money += RATE * math.pi + math.tau / math.e + TINY
        self.peak = max(self.peak, -LEAST if self.steps == 0 else m.price)
"""

OPTIONAL: Final = """\
class Own(Strategy):
    size: Shares | None = parameter(None)
    price: AED | None = parameter(None)
    wait: Duration | None = parameter(None)
    had_size: int = -1
    had_price: float = -1.0
    had_wait: int = -1

    def on_tick(self, m):
        if self.size is not None:
            self.had_size = self.size
        self.had_price = -1.0 if self.price is None else self.price
        if not (self.wait is None):
            self.had_wait = self.wait
"""

FLAGS: Final = """\
class Own(Strategy):
    up: bool = False
    down: bool = True
    changes: int = 0
    number: int = 0
    money: float = 0.0

    def on_tick(self, m):
        was = self.up
        self.money = self.up and m.price
        self.up = m.price > 10.0 and not self.down or m.volume == 3
        self.down = (m.volume > 450) == self.up or False
        if was != self.up:
            self.changes += 1
        self.number += self.up + 2 * self.down - True
        if m.now > 1735822800000000000:
            self.up = True
            self.down = False
"""

VALUES: Final = {
    "and, or, not": SHORT_CIRCUIT,
    "conditional expressions": CONDITIONAL,
    "min and max": EXTREMES,
    "augmented assignment": AUGMENTED,
    "keyword arguments": KEYWORDS,
    "math": MATHS,
    "functions of the C library, powers": LIBRARY,
    "memory of several numbers": MEMORY,
    "chained comparisons": CHAINS,
    "several at once, verbs' results, starts that are no numbers": SEVERAL,
    "constants of the module": CONSTANTS,
    "memory of true and false": FLAGS,
}
