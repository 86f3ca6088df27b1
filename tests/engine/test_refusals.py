"""What the compiled engine does not take is refused before any tick, with file, line and the nearest right name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from pipeline.engine.compiled import compiled_replay
from pipeline.engine.compiler.names import check_names
from pipeline.engine.plain import PlainReplay
from pipeline.errors import NotCompilable, PipelineError, StrategyError
from tests.engine.replays import HEADER, plain, random_ticks, strategy_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pipeline.engine.strategy import Strategy

OUTSIDE: Final = "outside what can be compiled"

FRAME: Final = """\
class Own(Strategy):
    size: Shares = parameter(500)
    limit: AED | None = parameter(None)
    count: int = 0
    money: float = 0.0
    on: bool = False

    def on_tick(self, m):
        {}  # here

    def helper(self, m):
        return m.volume

    def no_values(self):
        self.count += 1


def max(a, b):
    return 17
"""


REFUSED: Final = {
    # fields, methods and names that are not there
    "a field the market lacks": ("self.money = m.bidd", "the market has no 'bidd'. Did you mean 'bid'?"),
    "memory that is not declared": ("self.conut = 1", "Own has no 'conut'. Did you mean 'count'?"),
    "memory that is not declared, read": ("self.money = self.mony", "Own has no 'mony'. Did you mean 'money'?"),
    "memory like no other": (
        "self.vwap = m.price",
        "Declare what is to be remembered in the class, as in `vwap: float",
    ),
    "a misspelt verb": ("m.quote_bit(m.bid, 5)", "the market has no 'quote_bit'. Did you mean 'quote_bid'?"),
    "a verb of the engine only": ("m.book_fill(1, m.bid, 5)", "the market has no 'book_fill'."),
    "a misspelt helper": ("self.helpr(m)", "Own has no 'helpr'. Did you mean 'helper'?"),
    "a misspelt local": ("volume = m.volume; self.count = volum", "unknown name 'volum'. Did you mean 'volume'?"),
    "an unknown function": ("self.count = maxx(1, 2)", "'maxx' is not a function the compiled engine knows. Did you"),
    "an unknown function of math": (
        "self.money = math.sqroot(2.0)",
        "math.sqroot is not compiled. Did you mean 'sqrt'?",
    ),
    "a function that Python has of its own": (
        "self.money = math.hypot(m.price, m.price)",
        "math.hypot is not compiled. Write `math.sqrt(x * x + y * y)`. Of math there is sqrt, fabs, floor, ceil",
    ),
    "a logarithm to a base": (
        "self.money = math.log(m.price, 2)",
        "`math.log(m.price, 2)` is not compiled. Write `math.log(x) / math.log(base)`.",
    ),
    "math that is not compiled": ("self.money = math.fmod(m.price, 0.7)", "math.fmod is not compiled."),
    "rounding to tens": ("self.money = round(m.price, -1)", "the digits are a number from 0 to 15."),
    "rounding to any digits": ("self.money = round(m.price, m.kind)", "the digits are a number from 0 to 15."),
    "a function of the module named like a builtin": ("self.count = max(1, 2)", "max is a function outside the class"),
    "a builtin that a local hides": ("min = 5; self.count = min(min, 3)", "'min' is another here than Python's own."),
    "a verb that is not called": ("self.on = m.cancel_bid", "`m.cancel_bid` is not called; write `m.cancel_bid(...)`."),
    "the room for fills": ("self.count = m.capacity", "the market has no 'capacity'."),
    "the engine's own count": ("self.count = m.events", "the market has no 'events'."),
    "a column of the fills": ("self.money = m.fill_price[0]", "`m.fill_price[...]` is outside what can be compiled."),
    "a write into a column of the fills": ("m.fill_price[0] = 1.0", "`m.fill_price[0]` cannot be assigned to."),
    "a write into a column of the days": ("m.market_days[0] = 0", "`m.market_days[0]` cannot be assigned to."),
    "a switch of the execution model": ("m.latency = 5", "`m.latency` can be read, not assigned to."),
    # values that may not be there
    "a local that never has a value": ("y = y + 1", "'y' may have no value here; give it one before, on every path."),
    "a local with a value on one path": (
        "\n        if m.volume > 1:\n            y = 5\n        z = y  # here",
        "'y' may",
    ),
    "a local of a loop": (
        "\n        for i in range(3):\n            pass\n        z = i  # here",
        "'i' may have no value here",
    ),
    "print": ("print(m.price)", "`print(m.price)` is outside what can be compiled."),
    # what may not be assigned
    "the market's own state": ("m.position = 0", "`m.position` can be read, not assigned to."),
    "the market's state, augmented": ("m.position += 1", "`m.position` can be read, not assigned to."),
    "a parameter": ("self.size = 3", "size is a parameter; it keeps its value for the whole run."),
    "the market itself": ("m = 3", "`m` cannot be assigned to."),
    "two targets of one value": ("a, b = m.price", "`(a, b)` takes several values at once; write one a line."),
    "a float into int memory": ("self.count = m.price", "count is declared int and would become a float here"),
    "a division into int memory": ("self.count = m.volume / 2", "count is declared int and would become a float here"),
    "a size that is a float": ("m.quote_bid(m.bid, 1_000 / m.bid)", "quote_bid takes size as int and would be given a"),
    "a quantity that is a float": ("x = m.buy_at_ask(m.price)", "buy_at_ask takes quantity as int and would be given"),
    "a number into a flag": ("self.on = m.volume", "on is declared bool and would become an int here"),
    # statements
    "try": ("\n        try:  # here\n            pass\n        finally:\n            pass\n        pass", OUTSIDE),
    "with": ("\n        with m:  # here\n            pass\n        pass", OUTSIDE),
    "del": ("del self.count", OUTSIDE),
    "assert": ("assert m.price > 0", OUTSIDE),
    "raise": ("raise ValueError", OUTSIDE),
    "import": ("import os", OUTSIDE),
    "global": ("global size", OUTSIDE),
    "nested function": ("def inner(): return 1", OUTSIDE),
    "match": ("\n        match m.kind:  # here\n            case 0:\n                pass\n        pass", OUTSIDE),
    "for over something else": ("\n        for x in m:  # here\n            pass\n        pass", OUTSIDE),
    "two assignments in one": ("a = b = 1", OUTSIDE),
    # expressions
    "list": ("x = [1, 2]", OUTSIDE),
    "dict": ("x = {1: 2}", OUTSIDE),
    "tuple": ("x = (1, 2)", OUTSIDE),
    "text": ("x = 'buy'", OUTSIDE),
    "f-string": ("x = f'{m.price}'", OUTSIDE),
    "comprehension": ("x = [i for i in range(3)]", OUTSIDE),
    "lambda": ("x = lambda: 1", OUTSIDE),
    "a large power of a whole number": (
        "self.count = m.volume ** 9",
        "raised to a number from 1 to 8 only; write float(",
    ),
    "a power that may be whole": (
        "self.money = m.volume ** m.kind",
        "`m.volume ** m.kind`: a whole number is raised to",
    ),
    "bits of a float": ("self.count = int(m.price & 3)", "bits are of whole numbers; write int(...)."),
    "a range of floats": ("\n        for i in range(m.price):  # here\n            pass", "range takes whole numbers"),
    "a constant beyond 64 bits": ("self.count = 9_223_372_036_854_775_808", "has more than 64 bits."),
    "a product of what is now int, now float": (
        "\n        x = m.volume if m.price > 1 else 2.5\n        self.money = x * 10_000_000_000  # here",
        "`x * 10000000000` takes a value that is now a whole number and now a float;",
    ),
    "a sign of what is now int, now float": (
        "\n        x = 0 if m.price > 1 else 2.5\n        self.money = -x  # here",
        "`-x` takes a value that is now a whole number and now a float; write float(...), or 0.0 for 0,",
    ),
    "a number and a text": ("self.on = 'BID' == m.kind", "compares a number with a text. BID, ASK and TRADE are from"),
    "a time and a text": ("self.on = m.time_of_day > '10:00'", "`m.time_of_day > '10:00'` compares a number with a"),
    "a truth tested by is": ("self.on = m.bid_live is True", "numbers and truths are compared with == or !=."),
    "walrus": ("self.count = (y := 3)", OUTSIDE),
    "membership": ("self.on = m.kind in (0, 1)", OUTSIDE),
    "None": ("x = None", OUTSIDE),
    "a test for None of what is never None": ("self.on = self.size is None", "only a parameter that may be null"),
    "super": ("super().on_tick(m)", "is outside what can be compiled"),
    # calls
    "too many arguments": ("self.helper(m, 1)", "helper takes m; 2 given."),
    "too few arguments": ("m.quote_bid(m.bid)", "quote_bid takes price, size; 1 given."),
    "arguments for none": ("self.no_values(1)", "no_values takes nothing; 1 given."),
    "a wrong keyword": ("m.quote_bid(m.bid, sise=3)", "its arguments are, in this order, price, size."),
    "keywords in another order": ("m.quote_bid(size=3, price=m.bid)", "its arguments are, in this order, price, size."),
    "a call amid a chain": ("self.on = 1 < self.helper(m) < 9", "`1 < self.helper(m) < 9` calls in its middle;"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_compiled_is_refused_by_file_and_line(name: str, tmp_path: Path) -> None:
    statement, words = REFUSED[name]
    body = FRAME.replace("{}  # here", statement if "# here" in statement else statement + "  # here")
    line = (HEADER + body).splitlines().index(
        next(text for text in (HEADER + body).splitlines() if "# here" in text)
    ) + 1
    strategy = strategy_of(tmp_path, body)
    with pytest.raises(StrategyError) as refused:
        compiled_replay(strategy)
    assert str(refused.value).startswith(f"{tmp_path / 'own.py'}, line {line}: ")
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("count: int", "Own.count: memory starts from a plain int, for example `count: int = 0`."),
        ("count: int = 1.5", "Own.count: memory starts from a plain int"),
        ("count: int = True", "Own.count: memory starts from a plain int"),
        ("on: bool = 1", "Own.on: memory starts from a plain bool, for example `on: bool = False`."),
        (
            "start: Share = parameter(5)",
            "Own.start: its type Share is unknown here. Did you mean 'Shares'? Is it imported",
        ),
        (
            "active = parameter(False)",
            "no type, so it is neither a parameter nor memory. For a parameter write `active: b",
        ),
        (
            "size = parameter(1_000)",
            "Own.size has no type, so it is neither a parameter nor memory. For a parameter write ",
        ),
        (
            "seen = 0",
            "Own.seen has no type, so it is neither a parameter nor memory. For memory write `seen: int = 0`.",
        ),
        ("recent = []", "For memory write `recent: list = []`."),
        (
            "def __init__(self): self.count = 5",
            "Own.__init__ would not be called. Give each field its first value in the",
        ),
        ("def __new__(cls, **values): return object.__new__(cls)", "Own.__new__ would not be called."),
        ("count: int | None = None", "Own.count: memory starts from a plain int"),
        ("size: Shares = parameter(None)", "Own.size, its default: size is null; it takes a whole number of shares."),
        ("size: Shares = parameter(1.5)", "size is 1.5; it takes a whole number of shares."),
        ("size: Shares = parameter(3, minimum=5)", "size is 3; it takes a whole number of shares at least 5."),
        (
            "size: Shares | float = parameter(3)",
            "Own.size: a parameter is int, float, bool, str, a list of numbers (Array, IntArray) or one of the",
        ),
        ("name: bytes = parameter(b'')", "Own.name: a parameter is int, float, bool, str, a list of numbers (Array, "),
        ("counters = ('hits',)\n    hit: int = 0", "Own.counters: 'hits' is no int memory. Did you mean 'hit'?"),
        ("counters = ('money',)\n    money: float = 0.0", "Own.counters: 'money' is no int memory."),
        ("counters = ('size',)\n    size: Shares = parameter(3)", "Own.counters: 'size' is no int memory."),
    ],
)
@pytest.mark.parametrize("engine", [compiled_replay, PlainReplay])
def test_a_field_declared_wrong_is_refused_by_both_engines(
    field: str, words: str, engine: Callable[[type[Strategy]], object], tmp_path: Path
) -> None:
    strategy = strategy_of(tmp_path, f"class Own(Strategy):\n    {field}\n")
    with pytest.raises(PipelineError) as refused:
        engine(strategy)
    assert str(refused.value).startswith(f"{tmp_path / 'own.py'}, line 9: ")
    assert words in str(refused.value)


SOUND: Final = {
    "a comprehension": "self.count = sum([i for i in range(m.volume % 7)])",
    "a walrus": "\n        if (rest := m.volume % 7) > 3:\n            self.count = rest",
    "a table of the module": "self.count = TABLE[m.kind]",
    "a table of the module, passed on": "self.count = sum(TABLE)",
    "an attribute of the class": "self.count = self.STEPS",
    "two loop variables": "\n        for a, b in ((1, 2), (3, 4)):\n            self.count = a + b",
    "with": "\n        with decimal.localcontext() as context:\n            self.count = context.prec",
    "a library": "self.count = int(decimal.Decimal(m.volume).sqrt())",
    "a default": "self.count = self.twice()",
    "arguments in a star": "self.count = self.most(1, m.volume)",
    "arguments from a table": "self.count = self.less(*TABLE[1:][::-1])",
    "arguments from a dictionary": "self.count = self.less(**{'first': 5, 'second': 3})",
    "arguments by their names": "self.count = self.named(of=5)",
    "arguments by position only": "self.count = self.placed(5)",
    "keywords in another order": "self.count = self.less(second=2, first=5)",
}


@pytest.mark.parametrize("name", SOUND)
def test_what_only_plain_python_takes_says_so_and_runs_there(name: str, tmp_path: Path) -> None:
    body = f"""\
import decimal
from typing import ClassVar
TABLE = [1, 2, 3]

class Own(Strategy):
    STEPS: ClassVar[int] = 4
    count: int = 0

    def on_tick(self, m):
        {SOUND[name]}

    def twice(self, of=21):
        return 2 * of

    def less(self, first, second):
        return first - second

    def most(self, *of):
        return max(of)

    def named(self, *, of):
        return self.gathered(of=of)

    def gathered(self, **given):
        return given["of"]

    def placed(self, of, /):
        return self.count + of
"""
    strategy = strategy_of(tmp_path, body)
    with pytest.raises(NotCompilable, match=r"anything else runs as plain Python, unless --engine compiled is ask"):
        compiled_replay(strategy)
    check_names(strategy)
    assert plain(strategy, random_ticks(50)).final["s_count"] > 0


def test_memory_that_is_no_number_starts_anew_in_each_plain_replay(tmp_path: Path) -> None:
    body = "class Own(Strategy):\n    seen: list = []\n    count: int = 0\n\n    def on_tick(self, m):\n"
    body += "        self.seen.append(m.price)\n        self.count = len(self.seen)\n"
    strategy = strategy_of(tmp_path, body)
    with pytest.raises(NotCompilable, match=r"seen is no number, and the compiled engine remembers nothing else"):
        compiled_replay(strategy)
    counts = [plain(strategy, random_ticks(50)).final["s_count"] for _ in range(2)]
    assert counts[0] == counts[1] > 0


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("count = m.price", r"Own\.count is declared int and became a float during the run"),
        ("steps = [1.0, 2.0]", r"Own\.steps is declared Array and became a list during the run; fill it"),
    ],
)
def test_memory_that_changes_its_kind_is_refused_by_the_plain_engine_too(
    value: str, words: str, tmp_path: Path
) -> None:
    fields = "class Own(Strategy):\n    count: int = 0\n    steps: Array = Array(2)\n\n"
    strategy = strategy_of(tmp_path, f"{fields}    def on_tick(self, m):\n        self.{value}\n")
    with pytest.raises(StrategyError, match=words):
        plain(strategy, random_ticks(50))
