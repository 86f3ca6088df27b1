"""What the compiled engine does not take is refused before any tick, with file, line and the nearest right name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from pipeline.engine.compiled import compiled_replay
from pipeline.engine.plain import PlainReplay
from pipeline.engine.specialise import loop_source
from pipeline.errors import PipelineError, StrategyError
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
"""

REFUSED: Final = {
    # fields, methods and names that are not there
    "a field the market lacks": ("self.money = m.bidd", "the market has no 'bidd'. Did you mean 'bid'?"),
    "memory that is not declared": ("self.conut = 1", "Own has no 'conut'. Did you mean 'count'?"),
    "memory that is not declared, read": ("self.money = self.mony", "Own has no 'mony'. Did you mean 'money'?"),
    "a misspelt verb": ("m.quote_bit(m.bid, 5)", "the market has no method 'quote_bit'. Did you mean 'quote_bid'?"),
    "a verb of the engine only": ("m.book_fill(1, m.bid, 5)", "the market has no method 'book_fill'."),
    "a misspelt helper": ("self.helpr(m)", "Own has no method 'helpr'. Did you mean 'helper'?"),
    "a misspelt local": ("volume = m.volume; self.count = volum", "unknown name 'volum'. Did you mean 'volume'?"),
    "an unknown function": ("self.count = maxx(1, 2)", "'maxx' is not a function the compiled engine knows. Did you"),
    "an unknown function of math": ("self.money = math.sqroot(2.0)", "math has no 'sqroot'. Did you mean 'sqrt'?"),
    "rounding": ("self.money = round(m.price, 2)", "'round' is not a function the compiled engine knows."),
    "print": ("print(m.price)", "`print(m.price)` does nothing the engine knows."),
    # what may not be assigned
    "the market's own state": ("m.position = 0", "`m.position` can be read, not assigned to."),
    "the market's state, augmented": ("m.position += 1", "`m.position` can be read, not assigned to."),
    "a parameter": ("self.size = 3", "size is a parameter; it keeps its value for the whole run."),
    "the market itself": ("m = 3", "`m` cannot be assigned to."),
    "two targets": ("a, b = 1, 2", "`(a, b)` cannot be assigned to."),
    "a float into int memory": ("self.count = m.price", "count is declared int and would become a float here"),
    "a division into int memory": ("self.count = m.volume / 2", "count is declared int and would become a float here"),
    "a number into a flag": ("self.on = m.volume", "on is declared bool and would become a int here"),
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
    "power": ("self.money = m.price ** 2", OUTSIDE),
    "walrus": ("self.count = (y := 3)", OUTSIDE),
    "membership": ("self.on = m.kind in (0, 1)", OUTSIDE),
    "None": ("x = None", OUTSIDE),
    "a test for None of what is never None": ("self.on = self.size is None", "only a parameter that may be null"),
    "super": ("super().on_tick(m)", "does nothing the engine knows"),
    # calls
    "too many arguments": ("self.helper(m, 1)", "helper takes m; 2 given."),
    "too few arguments": ("m.quote_bid(m.bid)", "quote_bid takes price, size; 1 given."),
    "arguments for none": ("self.no_values(1)", "no_values takes nothing; 1 given."),
    "a wrong keyword": ("m.quote_bid(m.bid, sise=3)", "its arguments are price, size."),
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
    ("methods", "words"),
    [
        ("def on_tick(self, m):\n        self.on_tick(m)", "line 11: on_tick calls itself."),
        (
            (
                "def on_tick(self, m):\n        self.a(m)\n\n    def a(self, m):\n        self.b(m)\n\n"
                "    def b(self, m):\n        self.a(m)"
            ),
            "line 14: a calls itself.",
        ),
    ],
)
def test_recursion_is_refused(methods: str, words: str, tmp_path: Path) -> None:
    strategy = strategy_of(tmp_path, f"class Own(Strategy):\n    count: int = 0\n\n    {methods}\n")
    with pytest.raises(StrategyError, match=words):
        loop_source(strategy)


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("name: str = ''", "Own.name: a field is int, float, bool or one of the engine's units"),
        ("count: int", "Own.count: memory starts from a plain int, for example `count: int = 0`."),
        ("count: int = 1.5", "Own.count: memory starts from a plain int"),
        ("count: int = True", "Own.count: memory starts from a plain int"),
        ("on: bool = 1", "Own.on: memory starts from a plain bool"),
        ("count: int | None = None", "Own.count: memory starts from a plain int"),
        ("size: Shares = parameter(None)", "Own.size, its default: size is null; it takes a whole number of shares."),
        ("size: Shares = parameter(1.5)", "size is 1.5; it takes a whole number of shares."),
        ("size: Shares = parameter(3, minimum=5)", "size is 3; it takes a whole number of shares at least 5."),
        ("size: Shares | float = parameter(3)", "Own.size: a field is int, float, bool"),
    ],
)
@pytest.mark.parametrize("engine", [compiled_replay, PlainReplay])
def test_a_field_declared_wrong_is_refused_by_both_engines(
    field: str, words: str, engine: Callable[[type[Strategy]], object], tmp_path: Path
) -> None:
    strategy = strategy_of(tmp_path, f"class Own(Strategy):\n    {field}\n")
    with pytest.raises(PipelineError) as refused:
        engine(strategy)
    assert words in str(refused.value)


def test_memory_that_changes_its_kind_is_refused_by_the_plain_engine_too(tmp_path: Path) -> None:
    strategy = strategy_of(
        tmp_path,
        "class Own(Strategy):\n    count: int = 0\n\n    def on_tick(self, m):\n        self.count = m.price\n",
    )
    with pytest.raises(StrategyError, match=r"Own\.count is declared int and became a float during the run"):
        plain(strategy, random_ticks(50))
