"""Strategies written to hit what parts a walk's loops over the settings and asks before them, as text.

Each takes a parameter `p`, so that settings differ, and what else it names; all that it remembers is compared.
"""

from __future__ import annotations

from typing import Final

FIELDS: Final = """\
class Own(Strategy):
    p: Shares = parameter(1)
    w: AED = parameter(0.5)
    o: Shares | None = parameter(None)
"""

FILLS_ANYWAY: Final = """\
    def on_tick(self, m):
        if m.ask_size > 0 and m.kind == 2:
            m.buy_at_ask(10)
            m.sell_at_bid(3)
"""

NUMBERS_AS_TESTS: Final = """\
    n: int = 0
    wide: int = 0
    money: float = 0.0
    hits: int = 0
    late: int = 0
    both: int = 0

    def on_tick(self, m):
        if m.volume > 100 * self.p:
            self.n = 256
            self.money = 2.5
        if self.n:
            self.hits = self.hits + m.volume
        if self.n and self.p:
            self.wide = self.hits
        if self.money and self.w:
            self.late = self.hits
        if not (self.money and self.n) or self.p and self.o:
            self.both += 1 if self.n and self.p else 2 if not self.n else 3
"""

NAMES_OF_THE_QUESTION: Final = """\
    x: int = 0
    x_now: int = 5
    x_at: int = 7
    now: int = 1
    q0_now: int = 8

    def on_tick(self, m):
        if m.volume > 400 * self.p and self.x < m.volume:
            self.x = m.volume
        if m.volume < 100 * self.p and self.x_now < self.x:
            self.x_now = self.x_now + 1
            self.now = self.x_now
        if self.x_at < self.x_now:
            self.x_at += self.q0_now
            self.q0_now = self.p
"""

NAMES_OF_LOCALS: Final = """\
    n: int = 0
    total: int = 0

    def on_tick(self, m):
        setting = m.volume + self.p
        settings = setting * 2
        acts = setting > 300
        acting = settings - setting
        any = 1 if acts else 2
        q = acting + any
        m_x = q * self.p
        s_x = m_x + 1
        q0_now = s_x
        lane_ints = q0_now
        any0_set = lane_ints
        if acts:
            self.n += s_x
        if self.n > m_x:
            self.total += any0_set + settings
            m.quote_bid(m.price, self.p)
"""

MINUS_ZERO: Final = """\
    x: float = 1.0
    y: float = 0.0
    sign: float = 0.0

    def on_tick(self, m):
        if m.kind == self.p:
            self.x = 0.0 * (-1.0 if m.volume > 400 else 1.0)
        if self.x == 0.0 and m.kind == 2:
            self.y = self.x
        if self.p > 1:
            self.sign = math.copysign(1.0, self.y)
"""

NOT_A_NUMBER: Final = """\
    x: float = 1.0
    y: float = 0.0
    changes: int = 0

    def on_tick(self, m):
        if m.kind == self.p:
            self.x = math.inf - math.inf
        if m.kind == 2:
            self.x = m.price
        if self.x != self.y:
            self.y = self.x
            self.changes += 1
"""

CARRIED: Final = """\
    n: int = 0
    a: float = 0.0
    late: int = 0
    seconds: float = 0.0

    def on_tick(self, m):
        step = 1
        total = self.w
        at = m.now + self.p + step
        step = m.kind
        self.late = int(at) % 1000
        at = at / 1e9
        self.seconds = at + step
        k = 0
        while k < m.kind + 1:
            total += self.w * k
            k += 1
            if m.volume > 700:
                return
            self.n += k
        if m.kind == 2:
            self.a += total
        before = total
        total = m.price
        k = m.volume
        self.a += before * k
"""

ROUNDS: Final = """\
    n: int = 0
    a: int = 0
    b: float = 0.0

    def on_tick(self, m):
        i = 0
        for i in range(self.p):
            self.n += i
        if m.kind == 2:
            self.a += i
        total = 0.0
        for k in range(3):
            total = total * 2 + self.p
            self.a += k * self.p
            if k == 1 and m.volume > 500:
                break
            if k == 2 and m.kind == 1:
                self.b += total
        for k in range(3):
            if k == self.p:
                continue
            self.a += 1
            if self.a % 7 == 0:
                break
        while self.n > 50 * self.p:
            self.n -= 40
            if m.kind == 0:
                continue
            self.a += self.sign(m.volume - 300 * self.p)

    def sign(self, value):
        if value > 0:
            return 1
        for j in range(3):
            if j * value < -900:
                return -j
        return 0
"""

VERBS_IN_ANY_ORDER: Final = """\
    n: int = 0

    def on_tick(self, m):
        if m.bid_size > 0 and m.ask_size > 0:
            m.quote_bid(m.bid, 50 * self.p)
            m.quote_ask(m.ask, 50)
        if self.n % (self.p + 3) == 0:
            m.stand_aside()
        elif self.n % 7 == 1:
            m.resume()
        if self.n % 11 == self.p:
            m.watch_bid(m.price)
        if self.n % 13 == self.p and m.bid_order > 0:
            m.resize_bid(30)
        if self.n % 17 == 3:
            m.cancel_ask()
            m.watch_ask(m.price)
            self.n += m.buy_at_ask(self.p * 5)
            m.resize_ask(20)
        if m.position > 100 * self.p:
            self.n += m.sell_at_bid(m.position)
        if m.bid_live and m.kind == 1:
            m.cancel_bid()
        self.n += 1

    def on_fill(self, m, side, price, quantity):
        self.n += quantity * self.p

    def on_overnight_cancel(self, m):
        self.n += 100
"""

DAY_ENDS: Final = """\
    rules = AuctionMarket
    trade_types = ("one", "other")
    seen: int = 0
    days: int = 0
    best: float = 0.0

    def on_tick(self, m):
        self.seen += 1
        if m.kind == 2 and self.seen > 5 * self.p:
            m.trade(BUY if m.position <= 0 else SELL, m.price, 10, m.price - self.best, m.volume % 2, self.w, m.event)
            self.seen = 0
        if m.kind == 0 and m.volume > 300:
            m.trade(SELL, m.best_bid, 1, -0.0, 1, m.best_ask, m.event)

    def on_day_end(self, m):
        self.days += 1
        for level in range(self.p):
            self.best = max(self.best, m.round_to_tick(m.best_bid + level * self.w))
        if m.position != 0:
            m.trade(-1 if m.position > 0 else 1, m.last_price, abs(m.position), 0.0, 0, 0.0, m.event)
"""

PARTED: Final = (
    "from pipeline.engine.market import AuctionMarket\n\n\n"
    + FIELDS
    + "    rules = AuctionMarket\n"
    + CARRIED.replace("step = m.kind", "step = m.kind\n        self.n += step")
)
"""The same where its statements are parted: `at` would be carried as a float, which is too short for it."""

WALK: Final = {
    name: ("from pipeline.engine.market import AuctionMarket\n\n\n" if "AuctionMarket" in body else "") + FIELDS + body
    for name, body in {
        "fills that no setting decides": FILLS_ANYWAY,
        "numbers as tests": NUMBERS_AS_TESTS,
        "memory named as the question names its own": NAMES_OF_THE_QUESTION,
        "locals named as the walk names its own": NAMES_OF_LOCALS,
        "a zero with a sign": MINUS_ZERO,
        "memory that is not a number": NOT_A_NUMBER,
        "locals carried from one loop over the settings to another": CARRIED,
        "rounds that settings share, and such that differ": ROUNDS,
        "verbs in every order": VERBS_IN_ANY_ORDER,
        "days that end, trades that no setting decides": DAY_ENDS,
    }.items()
}
