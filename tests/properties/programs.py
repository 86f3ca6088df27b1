"""Random strategies as text, each from its number alone: every construct of the subset, in every place it may stand.

What a program tests or computes with is shared by all settings (the event), differs between them (parameters, memory,
position), or both; its loops and early ways out likewise. Whole numbers stay small, so that Python's are the machine's.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

FIELDS: Final = """\
class Own(Strategy):
    p: Shares = parameter(1)
    w: AED = parameter(0.5)
    on: bool = parameter(False)
    o: Shares | None = parameter(None)
    a: int = 0
    b: int = 3
    x: float = 0.0
    y: float = 1.5
    f: bool = False
    x_now: int = 2
"""
PARAMETERS: Final = {
    "p": (0, 1, 2, 5, 40),
    "w": (0.5, 0.0, -0.0, 10.0, 1e308),
    "on": (False, True),
    "o": (None, 0, 3, 60),
}

WHOLE_SHARED: Final = ("m.volume", "m.kind", "m.bid_size", "m.event", "2", "0", "7")
WHOLE_OWN: Final = (
    "self.a",
    "self.b",
    "self.p",
    "self.x_now",
    "m.position",
    "lane",
    "m_x",
    "(0 if self.o is None else self.o)",
)
FLOAT_SHARED: Final = ("m.price", "m.bid", "m.ask", "10.0", "0.0", "-0.0")
FLOAT_OWN: Final = ("self.x", "self.y", "self.w", "m.realized_pnl", "m.bid_order", "m.entry_price", "q")
TRUTH_SHARED: Final = (
    "m.kind == 2",
    "m.price > 10.0",
    "m.volume > 60",
    "m.bid_size > 0 and m.ask_size > 0",
    "m.volume",
)
TRUTH_OWN: Final = (
    "self.f",
    "self.on",
    "m.bid_live",
    "self.o is not None",
    "acts",
    "m.position",
    "self.a",
    "self.x",
    "not q",
)
VERBS: Final = (
    *("m.quote_bid({price}, {size})", "m.quote_ask({price}, {size})", "m.cancel_bid()", "m.cancel_ask()"),
    *("m.watch_bid({price})", "m.watch_ask({price})", "self.f = m.bid_order > 0.0 and m.resize_bid({size})"),
    "self.f = m.ask_order > 0.0 and m.resize_ask({size})",
    *("m.stand_aside()", "m.resume()", "self.b += m.buy_at_ask({size})", "self.b -= m.sell_at_bid({size})"),
    *("self.f = m.quote_bid(max(m.bid, 0.01), {size})", "self.f = m.quote_ask(max(m.ask, 0.01), {size})"),
)
QUIET_VERBS: Final = tuple(verb for verb in VERBS if "buy_at" not in verb and "sell_at" not in verb)
LOCALS: Final = ("lane = 1", "m_x = m.kind", "q = 0.25", "acts = m.kind == 1")
CLAMPS: Final = (
    "if self.a > 9999 or self.a < -9999:\n    self.a = 7",
    "if self.b > 9999 or self.b < -9999:\n    self.b = -7",
    "if self.x_now > 9999 or self.x_now < -9999:\n    self.x_now = 5",
)
DEEPEST: Final = 3


IN_AN_AUCTION: Final = {
    r"m\.(quote|resize|watch)_\w+\(.*\)$": "m.trade(BUY, max(m.price, 0.01), self.p, self.x, 0, q, m.event)",
    r"self\.f = .*m\.trade": "m.trade",
    r"m\.(cancel_\w+|stand_aside|resume)\(\)": "m.trade(SELL, max(m.price, 0.01), 5, 0.0, 1, self.x, m.event)",
    r"m\.(buy_at_ask|sell_at_bid)\((.*)\)": r"\2",
    r"m\.bid_size": "m.volume",
    r"m\.ask_size": "m.kind",
    r"m\.bid_live": "m.position",
    r"m\.(bid_order|entry_price)": "m.last_price",
    r"m\.(bid|ask)\b": r"m.best_\1",
    r"def on_fill\(self, m, .*\)": "def on_day_end(self, m)",
    r"class Own.*": r"\g<0>\n    rules = AuctionMarket\n    trade_types = ('one', 'other')",
}


def auction_program(seed: int) -> str:
    """Return a program's counterpart in the market in which each part of it stands in own loops over the lanes."""
    text = program(seed)
    for pattern, instead in IN_AN_AUCTION.items():
        text = re.sub(pattern, instead, text, flags=re.MULTILINE)
    return "from pipeline.engine.auction import AuctionMarket\n\n\n" + text


def program(seed: int) -> str:
    """Return the class of a strategy of this number."""
    making = _Making(np.random.Generator(np.random.PCG64(seed)))
    on_tick = [*LOCALS, *making.block(0, VERBS), *making.block(0, VERBS), *CLAMPS]
    on_fill = [*LOCALS, *making.block(1, QUIET_VERBS), *CLAMPS]
    helper = [*LOCALS, *making.block(1, QUIET_VERBS, result=True), "return lane"]
    early = ["if self.on and m.kind == 1:", "    return"] if making.chance(4) else []
    methods = {
        "on_tick(self, m)": [*early, *on_tick],
        "on_fill(self, m, side, price, quantity)": on_fill,
        "helper(self, m, n)": helper,
    }
    return FIELDS + "".join(f"\n    def {head}:\n{_indented(body, 8)}" for head, body in methods.items())


class _Making:
    def __init__(self, random: np.random.Generator) -> None:
        self._random = random
        self._loops = 0
        self._helps = 2

    def chance(self, of: int) -> bool:
        return int(self._random.integers(0, of)) == 0

    def one_of(self, values: Sequence[str]) -> str:
        return values[int(self._random.integers(0, len(values)))]

    def block(self, depth: int, verbs: Sequence[str], *, result: bool = False, loops: bool = False) -> list[str]:
        made: list[str] = []
        for _ in range(int(self._random.integers(1, 5 - depth))):
            made += self._statement(depth, verbs, result=result, loops=loops)
        return made

    def _statement(self, depth: int, verbs: Sequence[str], *, result: bool, loops: bool) -> list[str]:
        kind = int(self._random.integers(0, 12 if depth < DEEPEST else 5))
        if kind <= 2:
            return [self._assignment(may_help=verbs is VERBS)]
        if kind <= 4:
            return [self.one_of(verbs).format(price=self._price(), size=self.one_of(("self.p", "30", "self.p + 5")))]
        inner = self.block(depth + 1, verbs, result=result, loops=loops or kind >= 10)
        if kind <= 9:
            if self.chance(4):
                inner.append(self._way_out(result=result, loops=loops))
            other = ["else:", *_in(self.block(depth + 1, verbs, result=result, loops=loops))] if self.chance(3) else []
            return [f"if {self._truth()}:", *_in(inner), *other]
        self._loops += 1
        count = f"i{self._loops}"
        bound = self.one_of(("3", "m.kind", "2", "min(self.p, 3)", "min(abs(self.b), 3)"))
        if kind == 10:
            return [f"for {count} in range({bound}):", *_in([f"lane += {count}", *inner])]
        start = [f"{count} = 0", f"while {count} < {bound} and ({self._truth()}):"]
        return [*start, *_in([f"{count} += 1", *inner])]

    def _way_out(self, *, result: bool, loops: bool) -> str:
        leave = f"return {self._whole()}" if result else "return"
        return self.one_of((leave, "break", "continue") if loops else (leave,))

    def _assignment(self, *, may_help: bool) -> str:
        if may_help and self._helps and self.chance(6):
            self._helps -= 1
            return f"self.a = self.helper(m, {self._whole()})"
        form = self.one_of(("self.a", "self.b", "self.x_now", "lane", "m_x", "self.x", "self.y", "q", "self.f", "acts"))
        if form in ("self.f", "acts"):
            return f"{form} = {self._comparison()}"
        value = self._float() if form in ("self.x", "self.y", "q") else self._whole()
        return f"{form} = {form} + {value}" if self.chance(6) else f"{form} = {value}"

    def _whole(self) -> str:
        one = self.one_of(WHOLE_OWN + WHOLE_SHARED)
        other = self.one_of(WHOLE_OWN + WHOLE_SHARED)
        forms = (
            "{one}",
            "{one} + {other}",
            "min({one}, {other})",
            "abs({one} - {other})",
            "max({one}, 0, {other})",
        )
        more = ("{one} // 3", "{one} % 7", "-{one}", "({one} if {truth} else {other})", "round({one} / 2)")
        return self.one_of(forms + more).format(one=one, other=other, truth=self._truth())

    def _float(self) -> str:
        one = self.one_of(FLOAT_OWN + FLOAT_SHARED)
        other = self.one_of(FLOAT_OWN + FLOAT_SHARED)
        forms = (
            "{one}",
            "{one} - {other}",
            "{one} * {other}",
            "min({one}, {other})",
            "math.copysign({one}, {other})",
        )
        more = ("-{one}", "math.fabs({one})", "({one} if {truth} else {other})", "{one} / 2.0", "m.volume * {one}")
        return self.one_of(forms + more).format(one=one, other=other, truth=self._truth())

    def _price(self) -> str:
        return self.one_of(("max(m.bid, 0.01)", "max(0.01, m.ask)", "m.price", "m.price + 0.01 * self.p"))

    def _comparison(self) -> str:
        sides = (self._whole(), self._whole()) if self.chance(2) else (self._float(), self._float())
        return f"{sides[0]} {self.one_of(('<', '<=', '==', '!='))} {sides[1]}"

    def _truth(self) -> str:
        one, other = self.one_of(TRUTH_OWN), self.one_of(TRUTH_SHARED)
        forms = (
            "{one}",
            "{other}",
            "{one} and {other}",
            "{other} and {one}",
            "{one} or {other}",
            "not ({one} and {other})",
        )
        return self.one_of(forms).format(one=one, other=other)


def _in(lines: Sequence[str]) -> list[str]:
    return ["    " + line for text in lines for line in text.split("\n")]


def _indented(lines: Sequence[str], by: int) -> str:
    return "".join(" " * by + line + "\n" for text in lines for line in text.split("\n"))
