"""Strategies as people write them first, and those that are refused at their line with what to write instead."""

from __future__ import annotations

from textwrap import dedent, indent
from typing import Final

HEADER: Final = """\
import datetime as dt
import math
from dataclasses import dataclass

import numpy as np

from pipeline.engine.market import Market
from pipeline.engine.strategy import AED, Duration, Nanoseconds, Shares, Strategy, parameter

"""
QUOTE: Final = """
    if m.bid_size > 0 and (not m.bid_live or m.bid_order != m.bid):
        m.quote_bid(m.bid, self.size)
"""
SIZE: Final = "size: Shares = parameter(1000)\n"


def own(
    before: str = "", *, fields: str = SIZE, methods: str = "", above: str = "", hook: str = "on_tick(self, m)"
) -> str:
    """Return a file whose class quotes the bid at every change of the touch, after what `before` does."""
    body = f"{fields}{methods}def {hook}:{indent(before, '    ') if before else ''}{QUOTE}"
    return f"{HEADER}{above}class S(Strategy):\n{indent(dedent(body), '    ')}"


COUNT: Final = f"{SIZE}c: int = 0\nt: Nanoseconds = 0\nv: float = 0.0\n"
"""The fields of the cases on arithmetic below."""

TICKS_AND_SIDES: Final = """\
from pipeline.engine.market import BUY, SELL
from pipeline.ticks import ASK, BID

"""
ON_FILL: Final = "def on_fill(self, m, side, price, quantity):\n"

REFUSED: Final = {
    "a parameter without its type": (
        own("\nif not self.active:\n    return", fields=f"{SIZE}active = parameter(False)\n"),
        (
            "line 12: S.active has no type, so it is neither a parameter nor memory. For a parameter write "
            "`active: bool = parameter(False)`."
        ),
    ),
    "memory without its type": (
        own("\nself.n += 1", fields=f"{SIZE}n = 0\n"),
        (
            "line 12: S.n has no type, so it is neither a parameter nor memory. For memory write `n: int = 0`. "
            "A constant stands above the class."
        ),
    ),
    "a constructor": (
        own(methods="def __init__(self):\n    self.x = 5\n"),
        (
            "line 12: S.__init__ would not be called. Give each field its first value in the class, as in "
            "`x: int = 5`; compute "
            "what depends on parameters in `def on_start(self):`."
        ),
    ),
    "a dataclass": (own(above="@dataclass\n"), "line 11: S is a @dataclass: remove that; its typed fields are enough."),
    "a list as a parameter": (
        own(fields=f"{SIZE}mode: list = parameter(5)\n"),
        "line 12: S.mode: a parameter is int, float, bool, str, a list of numbers (Array, IntArray) or one of the",
    ),
    "a word that is none of its choices": (
        own(fields=f'{SIZE}mode: str = parameter("both", choices=("bid", "ask"))\n'),
        'line 12: S.mode, its default: mode is "both"; it takes bid or ask.',
    ),
    "a hook misspelt": (own(hook="ontick(self, m)"), "line 12: nothing calls ontick. Did you mean 'on_tick'?"),
    "a hook that there is not": (
        own(methods="def on_trade(self, m):\n    pass\n"),
        "line 12: nothing calls on_trade. on_tick is called on each quote and print, and `m.kind` says which it is.",
    ),
    "no hook at all": (own(hook="run(self, m)"), "line 10: S has no on_tick, so it would do nothing."),
    "a hook that takes less": (
        own(methods="def on_fill(self, m):\n    pass\n"),
        (
            "line 12: on_fill takes m; the engine gives it m, side, price, quantity. "
            "Write `def on_fill(self, m, side, price, quantity)`."
        ),
    ),
    "another system's word": (own("\nx = m.best_bid"), "line 13: the market has no 'best_bid'. Did you mean 'bid'?"),
    "another system's verb": (
        own("\nm.place_bid(m.bid, 5)"),
        "line 13: the market has no 'place_bid'. Did you mean 'quote_bid'?",
    ),
    "what is computed here": (own("\nx = m.mid"), "line 13: the market has no 'mid'. Write `(m.bid + m.ask) / 2`."),
    "a parameter misspelt": (own("\nx = self.siz"), "line 13: S has no 'siz'. Did you mean 'size'?"),
    "memory that is not declared": (
        own("\nself.count = 1"),
        "line 13: S has no 'count'. Declare what is to be remembered in the class, as in `count: float = 0.0`.",
    ),
    "a method that there is not": (
        own('\nself.log("x")'),
        "line 13: S has no 'log'. Write it as a method: `def log(self, ...)`.",
    ),
    "a parameter assigned to": (
        own("\nself.size = 5"),
        "line 13: size is a parameter; it keeps its value for the whole run. Remember another in a field.",
    ),
    "the market assigned to": (
        own("\nm.position = 0"),
        "line 13: `m.position` can be read, not assigned to; what is yours goes into a field of S.",
    ),
    "a local misspelt": (own("\nmidd = m.bid\nx = mid"), "line 14: unknown name 'mid'. Did you mean 'midd'?"),
    "self left out": (own("\nx = size"), "line 13: unknown name 'size'. Write `self.size`."),
    "the market left out": (own("\nx = bid"), "line 13: unknown name 'bid'. Write `m.bid`."),
    "the market not passed on": (
        own("\nx = self.mid()", methods="def mid(self):\n    return (m.bid + m.ask) / 2\n"),
        "line 13: unknown name 'm'. Write `def mid(self, m)`, and `self.mid(m)` where it is called.",
    ),
    "the same in a list comprehension": (
        own("\nx = [bidd for _ in range(3)]"),
        "line 13: unknown name 'bidd'.",
    ),
    "a local without a value": (
        own("\nfor i in range(3):\n    pass\nx = i"),
        "line 15: 'i' may have no value here; give it one before, on every path.",
    ),
    "int memory that becomes a float": (
        own("\nself.last = m.bid", fields=f"{SIZE}last: int = 0\n"),
        "line 14: last is declared int and would become a float here; write int(...) or declare it float.",
    ),
    "a size that is a float": (
        own("\nm.quote_ask(m.ask, self.size / 2)"),
        "line 13: quote_ask takes size as int and would be given a float; write int(...).",
    ),
    "a tick's kind for a side": (
        own(methods=f"{ON_FILL}    if side in (ASK, 5):\n        self.c = 1\n", fields=COUNT, above=TICKS_AND_SIDES),
        "line 19: `side in (ASK, 5)`: a side is BUY or SELL, from pipeline.engine.market.",
    ),
    "a side for a tick's kind": (
        own("\nif BUY == m.kind:\n    return", above=TICKS_AND_SIDES),
        "line 16: `BUY == m.kind`: m.kind is BID, ASK or TRADE, from pipeline.ticks.",
    ),
    "a tick's kind for the side of an order": (
        (
            f"{HEADER}{TICKS_AND_SIDES}class S(Strategy):\n    levels = 2\n\n"
            "    def on_tick(self, m):\n        m.place(ASK, 9.9, 5)\n"
        ),
        "line 17: `m.place(ASK, 9.9, 5)`: a side is BUY or SELL, from pipeline.engine.market.",
    ),
    "a verb of one order a side where there are several": (
        own(fields=f"levels = 2\n{SIZE}"),
        "line 15: the market has no 'quote_bid'. Did you mean 'place'?",
    ),
    "another system's hook": (
        own(methods="def notify_order(self, order):\n    pass\n"),
        "line 12: nothing calls notify_order. This market calls on_close, on_fill, on_open,",
    ),
    "the market as a field": (
        own("\nx = self.mid()", methods="def mid(self):\n    return self.m.bid\n"),
        "line 13: S has no 'm'. Write `def mid(self, m)`, and `self.mid(m)` where it is called.",
    ),
    "a method without self": (
        own("\nx = self.half(m.bid)", methods="def half(x):\n    return x / 2\n"),
        "line 15: half takes nothing; 1 given. Write `def half(self, x)`.",
    ),
    "an import in the class": (
        own(fields=f"import statistics\n{SIZE}"),
        "line 11: S.statistics is a module: import above the class.",
    ),
    "a name of the class without self": (
        own("\nx = Fraction(1, 2)", fields=f"from fractions import Fraction\n{SIZE}"),
        "line 14: unknown name 'Fraction'. Write `self.Fraction`, or move it above the class.",
    ),
    "a field named as a hook": (
        own(fields=f"{SIZE}on_fill: int = 0\n"),
        "line 12: S.on_fill is a method that the engine calls; give the field another name.",
    ),
    "one config key for two parameters": (
        own(fields=f'{SIZE}more: int = parameter(5, key="size")\n'),
        "line 12: S.more: the config key 'size' is that of size; `key=` gives it another.",
    ),
    "the config's own key for a parameter": (
        own(fields=f'{SIZE}exchange: str = parameter("ADX")\n'),
        "line 12: S.exchange: the config key 'exchange' is that of the engine; `key=` gives it another.",
    ),
    "a bound that is no number": (
        own(fields=f'{SIZE}more: int = parameter(5, minimum="3")\n'),
        "line 12: S.more: its minimum is '3'; it is a number.",
    ),
    "seconds in memory": (
        own(fields=f"{SIZE}rest: Duration = 60\n"),
        "line 12: S.rest: it starts from 60 ns. For 60 seconds write `= parameter(60)`; else its type is Nanoseconds.",
    ),
    "counters that are no names": (
        own(fields=f'counters = "c"\n{SIZE}c: int = 0\n'),
        "line 11: S.counters is 'c'; it lists names, as in `counters = (\"first\",)`.",
    ),
    "a market that is none": (
        own(fields=f"rules = 5\n{SIZE}"),
        "line 11: S.rules is 5; it is a market of pipeline.engine.market.",
    ),
    "a list made as a dataclass makes it": (
        own(above="from dataclasses import field\n\n", fields=f"{SIZE}mids: list = field(default_factory=list)\n"),
        "line 14: S.mids cannot be copied for each replay (TypeError: cannot pickle 'mappingproxy' object). Write",
    ),
    "a size that a parameter sets": (
        own(
            fields="n: int = parameter(5)\nw: Array = Array(n)\n", above="from pipeline.engine.memory import Array\n\n"
        ),
        "line 14: Array(parameter(5)): it holds 1 to 10,000 numbers, set by no parameter.",
    ),
    "a time that a parameter sets": (
        own(fields="n: int = parameter(5)\nw: Ewma = Ewma(n)\n", above="from pipeline.engine.memory import Ewma\n\n"),
        "line 14: Ewma(parameter(5)): it takes whole nanoseconds. What a parameter says is set in on_start.",
    ),
    "what a window has not": (
        own(
            "\nself.w.append(1.0)",
            fields=f"{SIZE}w: Window = Window(5)\n",
            above="from pipeline.engine.memory import Window\n",
        ),
        "line 15: w, Window(5), has no 'append'. It has add, clear, highest, lowest, mean, newest, oldest, sum, value,",
    ),
    "taking in on_fill": (
        own(methods="def on_fill(self, m, side, price, quantity):\n    m.sell_at_bid(quantity)\n"),
        "line 13: on_fill may not call sell_at_bid: it fills at once",
    ),
    "two classes": (
        own() + "\nclass T(Strategy):\n    pass\n",
        "a strategy file holds one class built on Strategy; found S, T. Keep one in the file, and put each other",
    ),
    "no strategy": (
        own().replace("(Strategy)", ""),
        "a strategy file holds one class built on Strategy; found none. Write `class S(Strategy):`.",
    ),
    "a colon left out": (own("\nif m.bid > 0\n    pass"), "line 13: cannot be imported (SyntaxError: expected ':')."),
    "a module that is not there": (
        own(above="import no_such\n"),
        "line 10: cannot be imported (ModuleNotFoundError: No module named 'no_such'). Install it, or put no_such.py",
    ),
}
