"""What people get wrong in their first strategies is refused at its line, or runs: alike compiled and plain."""

from __future__ import annotations

from textwrap import dedent, indent
from typing import TYPE_CHECKING, Final

import pytest

from pipeline import api
from pipeline.errors import PipelineError
from tests.made import make_store, results

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.replay.plan import Plan

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

RUNS: Final = {
    "a hook as people write it": own(
        """
\"""Docs.\"""
if market.position > LIMIT:
    return
b, a = market.bid, market.ask
if not 0 < b <= a < market.ask + 1:
    return""",
        above="LIMIT = 5000\n",
        hook="on_tick(self, market)",
    ).replace("m.", "market."),
    "a class built on another of the file, and that on one of a module beside": own().replace(
        "class S(Strategy)", "from mybase import Base\n\nclass Middle(Base)"
    )
    + "\nclass S(Middle):\n    more: int = 0\n",
    "arithmetic": own(
        """
self.v += m.bid**2 + round(m.bid / 3, 2) + round(m.bid * 8.125, 2)
self.c += m.volume**2
if m.now + 1 == float(m.now):
    self.c += 1000
self.c += -m.volume // 7 + -m.volume % 7 + round(m.bid * 0.5)
self.c += (m.bid > 10) + (m.ask > 10) * 2
if m.ask_size > 0:
    m.quote_ask(m.ask, 1 + self.c % 997 + int(self.v * 100) % 89)""",
        fields=COUNT,
    ),
}

SAID: Final = "a number that is none, or a whole number outside 64 bits"
FAILS: Final = {
    "self.v = (m.now - self.t) * (m.now - self.t) / 1e18": SAID,
    "self.c = m.now * 8": SAID,
    "self.c = int(m.price * 1e18)": SAID,
    "self.c = int(m.now + 1 if m.price > 0 else 0.0)": "a whole number beyond 2**53",
}
"""What the compiled engine says of a line that plain Python, whose whole numbers have no end, runs."""

PLAIN: Final = {
    "a list remembered": (own("\nself.mids.append(m.bid)", fields=f"{SIZE}mids: list = []\n"), "mids is no number"),
    "a function that takes the market": (
        own("\nx = mid(m)", above="def mid(m):\n    return (m.bid + m.ask) / 2\n"),
        "line 15: mid is a function outside the class; a method, self.mid(...), compiles.",
    ),
    "a function that takes the market by its name": (
        own(
            "\nif signal(market=m) < 0:\n    return",
            above="def signal(market, k=1.0):\n    return k * market.bid_size\n",
        ),
        "line 15: signal is a function outside the class",
    ),
    "a function that takes prices": (
        own("\nx = mid(m.bid, m.ask)", above="def mid(b: float, a: float) -> float:\n    return (b + a) / 2\n"),
        "mid is a function outside the class",
    ),
    "a function that takes the strategy": (
        own("\nif not ok(self):\n    return", above="def ok(s):\n    return s.size > 0\n"),
        "ok is a function outside the class",
    ),
    "a function of a module beside": (
        own("\nx = mid(m.bid, m.ask)", above="from mylib import mid\n"),
        "mid is a function outside the class",
    ),
    "a module beside": (own("\nx = mylib.mid(m.bid, m.ask)", above="import mylib\n"), "'mylib.mid' is not a function"),
    "an object made of the market": (
        own("\nb = Book(m)", above="class Book:\n    def __init__(self, m):\n        self.mid = m.bid\n"),
        "`m` is passed on; a loop passes it to methods only, as in self.helper(m).",
    ),
    "another name for the market": (own("\nbook = m\nx = book.bid"), "`m` is passed on"),
    "getattr": (own('\nx = getattr(m, "bid")'), "`m` is passed on"),
    "a constant of the class": (
        own("\nx = self.C", fields=f"{SIZE}C: __import__('typing').ClassVar[int] = 4\n"),
        "S.C is no",
    ),
    "a property": (
        own("\nx = self.twice", methods="@property\ndef twice(self):\n    return 2 * self.size\n"),
        "S.twice is no number that the class declares as a field.",
    ),
    "a hook that is assigned": (
        f"{HEADER}def act(self, m):{QUOTE}\nclass S(Strategy):\n    {SIZE}    on_tick = act\n",
        "on_tick is more than a method written out in the class",
    ),
    "a hook under a condition": (
        own().replace("    def on_tick", "    if True:\n     def on_tick").replace("\n        ", "\n         "),
        "on_tick is more than a method written out in the class",
    ),
    "a class that is decorated": (own(above="def as_is(c):\n    return c\n\n@as_is\n"), "S is more than a method"),
    "fields that are computed": (
        own(methods="def __setattr__(self, name, value):\n    object.__setattr__(self, name, value)\n"),
        "__setattr__ is more than a method",
    ),
    "a default": (
        own("\nx = self.mid(m)", methods="def mid(self, m, w=0.5):\n    return m.bid * w\n"),
        "mid takes plain arguments only",
    ),
    "several values returned": (
        own("\nb, a = self.both(m)", methods="def both(self, m):\n    return m.bid, m.ask\n"),
        "`(b, a)` takes several values at once; write one a line.",
    ),
    "print": (own('\nif m.event == 5:\n    print(f"bid {m.bid}")'), "is outside what can be compiled."),
    "try": (own("\ntry:\n    x = 1 / m.position\nexcept ZeroDivisionError:\n    x = 0.0"), "`try:` is outside"),
    "a library": (own("\nx = np.sqrt(m.bid)"), "'np.sqrt' is not a function the compiled engine knows."),
    "a date": (own("\nt = dt.datetime.fromtimestamp(m.now / 1e9)"), "'dt.datetime.fromtimestamp' is not a function"),
    "a dictionary": (own("\nd = {0: 1.0}\nx = d.get(m.kind, 0.0)"), "`{0: 1.0}` is outside what can be compiled"),
    "a global that changes": (own("\nglobal COUNT\nCOUNT += 1", above="COUNT = 0\n"), "`global COUNT` is outside"),
    "match": (own("\nmatch m.kind:\n    case 0:\n        pass"), "`match m.kind:` is outside"),
    "super": (own(methods="def on_start(self):\n    super().on_start()\n"), "`super().on_start()` is outside"),
}

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


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_store(tmp_path_factory.mktemp("made") / "parquet", ("FAB",))


def answer(folder: Path, text: str, store: Path, engine: str | None, **parameters: int) -> tuple[str, object]:
    """Return what a trader is told of a strategy: the refusal, or why it runs as plain Python and its results."""
    file = folder / "own.py"
    file.write_text(text, encoding="utf-8")
    file.with_suffix(".json").write_text('{"_defaults": {}}', encoding="utf-8")
    (folder / "mylib.py").write_text("def mid(b, a):\n    return (b + a) / 2\n", encoding="utf-8")
    (folder / "mybase.py").write_text(f"{HEADER}class Base(Strategy):\n    {SIZE}", encoding="utf-8")
    planned: list[Plan] = []
    out = folder / f"as {engine}"
    try:
        done = api.backtest(
            str(file),
            config=file.with_suffix(".json"),
            parquet_dir=store,
            output_dir=out,
            engine=engine,
            parameters=parameters,
            backend="sequential",
            sensitivity=False,
            on_plan=planned.append,
        )
    except PipelineError as refused:
        return str(refused), None
    if done.failed:
        return str(done.failed["FAB"]), None
    assert done.summary["trades"].sum() > 0
    return planned[0].why_plain or "", results(out)


@pytest.mark.parametrize("name", REFUSED)
def test_a_mistake_is_refused_at_its_line_with_what_to_write_by_either_engine(
    name: str, store: Path, tmp_path: Path
) -> None:
    text, words = REFUSED[name]
    told = [answer(tmp_path, text, store, engine)[0] for engine in (None, "python")]
    assert told[0] == told[1]
    where = tmp_path / "own.py"
    assert told[0].startswith(f"{where}, {words}" if words.startswith("line") else f"{where}: {words}")


@pytest.mark.parametrize("name", PLAIN)
def test_what_only_plain_python_takes_says_why_and_runs(name: str, store: Path, tmp_path: Path) -> None:
    text, words = PLAIN[name]
    (why, by_itself), (_, asked_for) = (answer(tmp_path, text, store, engine) for engine in (None, "python"))
    assert f"{tmp_path / 'own.py'}, line " in why
    assert words in why
    assert by_itself == asked_for


@pytest.mark.parametrize("name", RUNS)
def test_what_is_no_mistake_gives_equal_bytes_compiled_and_plain(name: str, store: Path, tmp_path: Path) -> None:
    (why, compiled), (_, plain) = (answer(tmp_path, RUNS[name], store, engine) for engine in (None, "python"))
    assert why == ""
    assert compiled == plain


@pytest.mark.parametrize("line", FAILS)
def test_arithmetic_that_a_machine_cannot_do_as_python_does_ends_the_security_at_its_line(
    line: str, store: Path, tmp_path: Path
) -> None:
    """One class holds all cases, which a parameter tells apart: it is compiled once."""
    cases = "".join(f"\nif self.case == {number}:\n    {each}" for number, each in enumerate(FAILS))
    text = own(cases, fields=f"{COUNT}case: Shares = parameter(0)\n")
    at = next(number for number, each in enumerate(text.splitlines(), 1) if each.strip() == line)
    case = list(FAILS).index(line)
    error, _ = answer(tmp_path, text, store, "compiled", case=case)
    assert f"own.py, line {at}: {FAILS[line]}" in error
    assert answer(tmp_path, text, store, "python", case=case)[1] is not None
