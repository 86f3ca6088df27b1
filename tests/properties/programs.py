"""Random strategies as text, drawn by hypothesis from all of the subset, and the markets they trade in.

Kinds are kept: what is assigned to a field or a local is what it is declared. What a program tests or computes with is
shared by all settings (the event), differs between them (parameters, memory, position), or both.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st

from pipeline.engine.compiler.objects import hidden_in
from pipeline.engine.compiler.specialise import market_fields
from pipeline.engine.rules.market import Market

if TYPE_CHECKING:
    from collections.abc import Sequence

FIELDS: Final = """\
LIMIT = 7
RATE = 0.25

class Own(Strategy):
    counters = ("a", "b")
    p: Shares = parameter(1)
    w: AED = parameter(0.5)
    d: Duration = parameter(1)
    on: bool = parameter(False)
    o: Shares | None = parameter(None)
    v: AED | None = parameter(None)
    a: int = 0
    b: int = 3
    x: float = 0.0
    y: float = 1.5
    f: bool = False
    x_now: int = 2
"""
PARAMETERS: Final[dict[str, tuple[Any, ...]]] = {
    "p": (0, 1, 2, 5, 40),
    "w": (0.5, 0.0, -0.0, 10.0, 1e308),
    "d": (1, 0, 0.5, 30),
    "on": (False, True),
    "o": (None, 0, 3, 60),
    "v": (None, 0.0, 9.99),
}

OF_MARKET: Final = market_fields(Market)
SEEN: Final = {
    kind: tuple(
        f"m.{name}"
        for name, of in {**OF_MARKET.inputs, **OF_MARKET.state}.items()
        if of == kind and name not in hidden_in(OF_MARKET)
    )
    for kind in ("int", "float", "bool")
}
"""All that a strategy may see of the market, by kind."""

BIG_NUMBERS: Final = r"now|day|arrives|latency|delay|opens|closes|prints"
LARGE: Final = tuple(name for name in SEEN["int"] if re.search(BIG_NUMBERS, name))
WHOLE_SHARED: Final = ("m.volume", "m.kind", "m.bid_size", "m.event", "2", "0", "LIMIT")
WHOLE_OWN: Final = (
    *("self.a", "self.b", "self.p", "self.x_now", "setting", "m_x"),
    "(0 if self.o is None else self.o)",
    *(name for name in SEEN["int"] if name not in LARGE),
)
WIDE: Final = (*LARGE, "self.d", "4_000_000_000", "3_037_000_500", "9_007_199_254_740_993", "9_223_372_036_854_775_807")
FLOAT_SHARED: Final = ("m.price", "m.bid", "m.ask", "10.0", "0.0", "-0.0", "RATE")
FLOAT_OWN: Final = ("self.x", "self.y", "self.w", "q", "(self.w if self.v is None else self.v)", *SEEN["float"])
VAST: Final = ("1e300", "9.2e18", "9223372036854775808.0", "9007199254740992.0", "math.inf", "math.pi")
TRUTH_SHARED: Final = (
    "m.kind == 2",
    "m.price > 10.0",
    "m.volume > 60",
    "m.bid_size > 0 < m.ask_size",
    "m.volume",
    "True",
)
TRUTH_OWN: Final = (
    "self.f",
    "self.on",
    "self.o is not None",
    "acts",
    "m.position",
    "self.a",
    "self.x",
    "not q",
    *SEEN["bool"],
)
SIZES: Final = ("self.p", "30", "self.p + 5", "abs(m.position)", "min(m.volume, 50)")
WRONG_SIZES: Final = ("self.b", "m.position", "-1")
PRICES: Final = (
    *("m.price", "m.price - 0.01", "m.price + 0.01 * self.p", "m.round_to_tick(m.price * 1.01)"),
    *("m.round_down_to_tick(m.price * 0.999)", "m.round_up_to_tick(m.price + 0.001)", "m.price - m.tick(m.price)"),
)
WRONG_PRICES: Final = ("m.bid", "m.ask", "self.x", "m.bid_order", "0.0", "math.inf")
VERBS: Final = (
    *("m.quote_bid({price}, {size})", "m.quote_ask({price}, {size})", "m.cancel_bid()", "m.cancel_ask()"),
    *("m.post_bid({price}, {size})", "self.f = m.post_ask({price}, {size})"),
    *("m.watch_bid({price})", "m.watch_ask(price={price})", "m.stand_aside()", "m.resume()"),
    *("self.f = m.quote_bid({price}, size={size})", "self.f = m.quote_ask({price}, {size})"),
    *("self.b += m.buy_at_ask({size})", "self.b -= m.sell_at_bid({size})"),
    *("if m.bid_order > 0:\n    m.resize_bid({size})", "if m.ask_order > 0:\n    self.f = m.resize_ask({size})"),
)
QUOTES: Final = (
    "if m.kind == 0:\n    m.quote_bid(m.price, 30)",
    "if m.kind == 1:\n    self.f = m.quote_ask(m.price, self.p + 5)",
    "m.quote_bid(m.price, 5)",
)
QUIET_VERBS: Final = tuple(verb for verb in VERBS if "buy_at" not in verb and "sell_at" not in verb)
LOCALS: Final = ("setting = 1", "m_x = m.kind", "q = 0.25", "acts = m.kind == 1")
CLAMPS: Final = tuple(
    f"if {name} > 9999 or {name} < -9999:\n    {name} = 7" for name in ("self.a", "self.b", "self.x_now")
)
DEEPEST: Final = 3

IN_AN_AUCTION: Final = {
    r"m\.(quote|post|resize|watch)_\w+\(.*\)$": "m.trade(BUY, m.price + 0.01, self.p, self.x, 0, q, m.event)",
    r"self\.f = m\.trade\(": "m.trade(",
    r"m\.(cancel_\w+|stand_aside|resume)\(\)": "m.trade(SELL, m.price + 0.01, 5, 0.0, 1, self.x, m.event)",
    r"m\.(buy_at_ask|sell_at_bid)\((.*)\)": r"\2",
    r"m\.(bid_size|\w+_sent_size)": "m.volume",
    r"m\.(ask_size|bid_ahead|ask_ahead|bid_remaining|ask_remaining)": "m.kind",
    r"m\.(bid_order|ask_order|entry_price|\w+_sent_price)": "m.last_price",
    r"m\.(bid|ask)\b": r"m.best_\1",
    r"m\.(flat_day|latency|open_delay|\w+_arrives)\b": "m.now",
    rf"({'|'.join(name.replace('.', chr(92) + '.') for name in SEEN['bool'])})\b": "m.position",
    r"def on_fill\(self, m, .*\)": "def on_day_end(self, m)",
    "def on_overnight_cancel": "def overnight",
    r"class Own.*": r"\g<0>\n    rules = AuctionMarket\n    trade_types = ('one', 'other')",
}


@dataclass(frozen=True)
class Program:
    """The class of a strategy as text, and values for its parameters, some settings of them."""

    text: str
    values: tuple[dict[str, Any], ...]

    def __repr__(self) -> str:
        """Show the program as it would be typed."""
        return f"{self.values}\n{self.text}"

    def in_an_auction(self) -> Program:
        """Return its counterpart in the market in which each part of it stands in own loops over the settings."""
        text = self.text
        for pattern, instead in IN_AN_AUCTION.items():
            text = re.sub(pattern, instead, text, flags=re.MULTILINE)
        return Program("from pipeline.engine.market import AuctionMarket\n\n\n" + text, self.values)


@st.composite
def programs(draw: st.DrawFn, *, wide: bool = False, mistakes: Sequence[str] = ()) -> Program:
    """Draw a program and its settings.

    wide: with whole numbers near the end of 64 bits and floats near the end of theirs, which only machine code tells
    from Python's; else whole numbers stay small. mistakes: lines of which the program holds one.
    """
    making = _Making(draw, wide=wide)
    quote = making.one_of(QUOTES)
    on_tick = [*LOCALS, quote, *making.block(0, VERBS), *([] if wide else CLAMPS)]
    if mistakes:
        outer = [at for at, line in enumerate(on_tick) if not line.startswith((" ", "else"))]
        on_tick.insert(outer[making.below(len(outer))], making.one_of(mistakes))
    on_fill = [*LOCALS, *making.block(2, QUIET_VERBS), *CLAMPS]
    helper = [*LOCALS, *making.block(2, (), result="whole"), f"return {making.whole()}"]
    worth = [*LOCALS, *making.block(2, (), result="real"), f"return {making.real()}"]
    early = ["if self.on and m.kind == 1:", "    return"] if making.chance(4) else []
    reset = [f"self.{making.one_of(('a', 'b', 'x_now'))} = {making.one_of(('0', 'self.p', 'm.volume'))}"]
    methods = {
        "on_start(self)": ["self.b = self.p"] if making.chance(2) else [],
        "on_tick(self, m)": [*early, *on_tick],
        "on_fill(self, m, side, price, quantity)": on_fill,
        "on_overnight_cancel(self, m)": reset,
        "helper(self, m, n)": helper,
        "worth(self, m, n)": worth,
    }
    text = FIELDS + "".join(f"\n    def {head}:\n{_indented(body, 8)}" for head, body in methods.items() if body)
    values = [{key: draw(st.sampled_from(row)) for key, row in PARAMETERS.items()} for _ in range(3)]
    return Program(text, tuple(values))


class _Making:
    def __init__(self, draw: st.DrawFn, *, wide: bool) -> None:
        self._draw = draw
        self._wide = wide
        self._loops = 0
        self._helps = 2

    def below(self, number: int) -> int:
        return self._draw(st.integers(0, number - 1))

    def chance(self, of: int) -> bool:
        return self.below(of) == of - 1

    def one_of(self, values: Sequence[str]) -> str:
        return values[self.below(len(values))]

    def block(self, depth: int, verbs: Sequence[str], *, result: str = "", loops: bool = False) -> list[str]:
        made: list[str] = []
        for _ in range(1 + self.below(4 - depth)):
            made += self._statement(depth, verbs, result=result, loops=loops)
        return made

    def _statement(self, depth: int, verbs: Sequence[str], *, result: str, loops: bool) -> list[str]:
        kind = self.below(12 if depth < DEEPEST else 5)
        if kind <= 2 or (kind <= 4 and not verbs):
            return [self._assignment(may_help=verbs is VERBS)]
        if kind <= 4:
            sizes, prices = (WRONG_SIZES, WRONG_PRICES) if self._wide and self.chance(12) else (SIZES, PRICES)
            return [self.one_of(verbs).format(price=self.one_of(prices), size=self.one_of(sizes))]
        inner = self.block(depth + 1, verbs, result=result, loops=loops or kind >= 10)
        if kind <= 9:
            if self.chance(4):
                inner.append(self._way_out(result=result, loops=loops))
            other = ["else:", *_in(self.block(depth + 1, verbs, result=result, loops=loops))] if self.chance(3) else []
            return [f"if {self.truth()}:", *_in(inner), *other]
        self._loops += 1
        count = f"i{self._loops}"
        bound = self.one_of(("3", "m.kind", "2", "min(self.p, 3)", "min(abs(self.b), 3)"))
        if kind == 10:
            span = self.one_of(("{bound}", "1, {bound}", "{bound}, -1, -2")).format(bound=bound)
            return [f"for {count} in range({span}):", *_in([f"setting += {count}", *inner])]
        start = [f"{count} = 0", f"while {count} < {bound} and ({self.truth()}):"]
        return [*start, *_in([f"{count} += 1", *inner])]

    def _way_out(self, *, result: str, loops: bool) -> str:
        value = {"": "", "whole": self.whole, "real": self.real}[result]
        leave = f"return {value()}" if callable(value) else "return"
        return self.one_of((leave, "break", "continue") if loops else (leave,))

    def _assignment(self, *, may_help: bool) -> str:
        if may_help and self._helps and self.chance(6):
            self._helps -= 1
            return self.one_of(
                (
                    f"self.a = self.helper(m, {self.whole()})",
                    f"self.x = self.worth(m, {self.real()})",
                    f"self.y = self.worth(m, n=self.helper(m, {self.whole()}) + 0.5)",
                )
            )
        form = self.one_of(
            ("self.a", "self.b", "self.x_now", "setting", "m_x", "self.x", "self.y", "q", "self.f", "acts")
        )
        if form in ("self.f", "acts"):
            return f"{form} = {self._comparison()}"
        of_floats = form in ("self.x", "self.y", "q")
        value = self.mixed() if of_floats and self.chance(4) else self.real() if of_floats else self.whole()
        several = f"{form}, self.f = {value}, {self._comparison()}"
        ways = (f"{form} = {value}", f"{form} += {value}", f"{form} -= {value}", several)
        return ways[max(0, self.below(10) - 6)]

    def whole(self) -> str:
        names = WHOLE_OWN + WHOLE_SHARED + (WIDE if self._wide else ())
        one, other = self.one_of(names), self.one_of(names)
        forms = ("{one}", "{one} + {other}", "min({one}, {other})", "abs({one} - {other})", "max({one}, 0, {other})")
        more = ("{one} // 3", "{one} % 7", "-{one}", "({one} if {truth} else {other})", "round({one} / 2)", "{one} & 6")
        odd = (
            "({one} == {other}) + {one}",
            "{one} ^ {other}",
            "{one} >> 1",
            "({one} and {other})",
            "int({one} > {other})",
        )
        wide = (
            "{one} * 3",
            "{one} * {large}",
            "({one} % 4_000_000_007)**2",
            "{one} << 3",
            "{one} // {other}",
            "~{one}",
        )
        wider = (
            "{one} % {other}",
            "{large} - {one}",
            "int({float})",
            "math.floor({float})",
            "round({float})",
            "abs({one})",
        )
        every = forms + more + odd + (wide + wider if self._wide else ())
        return self.one_of(every).format(
            one=one, other=other, truth=self.truth(), large=self.one_of(WIDE), float=self.one_of(FLOAT_OWN + VAST)
        )

    def real(self) -> str:
        names = FLOAT_OWN + FLOAT_SHARED + (VAST if self._wide else ())
        one, other = self.one_of(names), self.one_of(names)
        forms = ("{one}", "{one} - {other}", "{one} * {other}", "min({one}, {other})", "math.copysign({one}, {other})")
        more = (
            "-{one}",
            "math.fabs({one})",
            "({one} if {truth} else {other})",
            "{one} / 2.0",
            "m.volume * {one}",
            "abs({one})",
        )
        odd = ("float({whole})", "{whole} / 4", "{one} // 0.3", "{one} % 0.7", "({one} or {other})", "{one} + {whole}")
        wide = ("{one} / {other}", "{whole} / {other}", "round({one}, 2)", "{one}**2", "{whole} * {one}")
        wide += ("math.sqrt({one})", "math.exp({one})", "math.log({one})", "math.tanh({one})")
        wide += ("abs({one})**{other}", "abs({one})**{whole}", "abs({whole})**0.5")
        every = forms + more + odd + (wide if self._wide else ())
        return self.one_of(every).format(one=one, other=other, truth=self.truth(), whole=self.one_of(WHOLE_OWN))

    def mixed(self) -> str:
        """Return what is a whole number now and a float at another time."""
        names = WHOLE_OWN + (WIDE if self._wide else ())
        forms = ("({whole} if {truth} else {float})", "{whole}", "min({whole}, {float})", "({whole} and {float})")
        more = (
            "max({float}, {whole}, {float})",
            "(self.f and {float})",
            "self.on",
            "({whole} if {truth} else {float}) + {whole}",
        )
        return self.one_of(forms + more).format(
            whole=self.one_of(names), float=self.one_of(FLOAT_OWN + FLOAT_SHARED), truth=self.truth()
        )

    def _comparison(self) -> str:
        makers = (self.whole, self.real)
        sides = [makers[self.below(2)]() for _ in range(2)]
        if self.chance(5):
            names = FLOAT_OWN + WHOLE_OWN
            return f"{sides[0]} < {self.one_of(names)} <= {self.one_of(names)}"
        return f"{sides[0]} {self.one_of(('<', '<=', '==', '!=', '>='))} {sides[1]}"

    def truth(self) -> str:
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
