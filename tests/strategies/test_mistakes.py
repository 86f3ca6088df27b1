"""What people get wrong in their first strategies is refused at its line, or runs: alike compiled and plain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from pipeline import api
from pipeline.errors import PipelineError
from tests.made import make_store, results
from tests.strategies.refused import COUNT, HEADER, QUOTE, REFUSED, SIZE, own

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.replay.plan import Plan

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
    "a function of math by another name": own(
        "\nif root(m.bid) < 0:\n    return", above="from math import sqrt as root\n"
    ),
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
    "a method that calls itself": (
        own("\nx = self.half(5)", methods="def half(self, n):\n    return n if n < 2 else self.half(n // 2)\n"),
        "line 12: half calls itself.",
    ),
    "a method that is private to Python": (
        own("\nx = self.__mid(m)", methods="def __mid(self, m):\n    return m.bid\n"),
        "line 12: __mid: a name that begins with two underscores is another in Python; write `_mid`.",
    ),
    "a builtin that a function hides": (
        own("\nfor i in range(3):\n    x = i", above="def range(n):\n    return [n]\n"),
        "`for i in range(3):` is outside what can be compiled",
    ),
    "a constant of 64 bits and a sign": (own("\nx = m.event & 0xFFFFFFFFFFFFFFFF"), "615 has more than 64 bits."),
    "a number of numpy's": (
        own("\nx = m.bid * K", above="K = np.sqrt(252)\n"),
        "line 14: 'K' is a float64, which may compute otherwise than Python's float; write float(...) where it is set.",
    ),
    "a number of an enumeration": (
        own("\nx = K", above="from enum import IntEnum\n\nK = IntEnum('E', 'A').A\n"),
        "'K' is a E, which may compute otherwise than Python's int; write int(...) where it is set.",
    ),
    "memory that starts from a number of an enumeration": (
        own(
            "\nself.n += len([])",
            fields=f"{SIZE}n: int = E.A\n",
            above="from enum import IntEnum\n\nE = IntEnum('E', 'A')\n",
        ),
        "is outside what can be compiled",
    ),
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
