"""A method that a loop cannot hold, or that the engine cannot call, is refused at the user's own line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from pipeline.engine.compiler.names import check_names
from pipeline.engine.compiler.specialise import loop_source
from pipeline.errors import StrategyError
from tests.engine.replays import HEADER, strategy_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pipeline.engine.strategy import Strategy


def loop_of(strategy: type[Strategy]) -> str:
    """Make the loop that would be compiled."""
    return loop_source(strategy, {})


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
        loop_source(strategy, {})


ALL: Final = "on_close, on_fill, on_open, on_outside, on_overnight_cancel, on_start, on_tick, on_time"
HOOKS: Final = {
    "a misspelt hook": ("on_tik(self, m)", "nothing calls on_tik. Did you mean 'on_tick'?"),
    "a hook of another market": (
        "on_day_end(self, m)",
        f"nothing calls on_day_end. This market calls {ALL}.",
    ),
    "a tick with more": (
        "on_tick(self, m, book)",
        "on_tick takes m, book; the engine gives it m. Write `def on_tick(self, m)`.",
    ),
    "a fill with less": (
        "on_fill(self, m)",
        (
            "on_fill takes m; the engine gives it m, side, price, quantity. "
            "Write `def on_fill(self, m, side, price, quantity)`."
        ),
    ),
    "a fill in another order": (
        "on_fill(self, m, price, quantity, side)",
        (
            "on_fill takes m, price, quantity, side; the engine gives it m, side, price, quantity. "
            "Write `def on_fill(self, m, side, price, quantity)`."
        ),
    ),
    "a fill that wants a name": (
        "on_fill(self, m, side, price, quantity, *, fee)",
        (
            "on_fill takes m, side, price, quantity, fee; the engine gives it m, side, price, quantity. "
            "Write `def on_fill(self, m, side, price, quantity)`."
        ),
    ),
    "a start with a market": (
        "on_start(self, m)",
        "on_start takes m; the engine gives it nothing. Write `def on_start(self)`.",
    ),
    "no underscore": ("ontick(self, m)", "nothing calls ontick. Did you mean 'on_tick'?"),
    "more than one": ("on_ticks(self, m)", "nothing calls on_ticks. Did you mean 'on_tick'?"),
    "another system's letters": ("onFill(self, m)", "nothing calls onFill. Did you mean 'on_fill'?"),
    "letters that begin words": ("OnTick(self, m)", "nothing calls OnTick. Did you mean 'on_tick'?"),
    "without its on": ("fill(self, m)", "nothing calls fill. Did you mean 'on_fill'?"),
    "a call at each print": (
        "on_trade(self, m)",
        "nothing calls on_trade. on_tick is called on each quote and print, and `m.kind` says which it is.",
    ),
    "any event": (
        "onevent(self, m)",
        "nothing calls onevent. on_tick is called on each quote and print, and `m.kind` says which it is.",
    ),
    "a call that there is not": (
        "onStop(self)",
        f"nothing calls onStop. This market calls {ALL}.",
    ),
}

LEFT_ALONE: Final = ("only_long(self)", "one_sided(self)", "_on_tick(self)", "offset(self)", "fill_ratio(self)")


@pytest.mark.parametrize("signature", LEFT_ALONE)
def test_a_method_that_is_named_for_something_else_is_left_alone(signature: str, tmp_path: Path) -> None:
    body = "class Own(Strategy):\n    def on_tick(self, m):\n        m.cancel_bid()\n\n"
    check_names(strategy_of(tmp_path, f"{body}    def {signature}:\n        return 1\n"))


@pytest.mark.parametrize("check", [loop_of, check_names])
@pytest.mark.parametrize("name", HOOKS)
def test_a_hook_that_the_engine_cannot_call_is_refused_by_file_and_line(
    name: str, check: Callable[[type[Strategy]], object], tmp_path: Path
) -> None:
    signature, words = HOOKS[name]
    body = f"class Own(Strategy):\n    count: int = 0\n\n    def {signature}:\n        self.count += 1\n"
    with pytest.raises(StrategyError) as refused:
        check(strategy_of(tmp_path, body))
    assert str(refused.value) == f"{tmp_path / 'own.py'}, line 11: {words}"


@pytest.mark.parametrize("check", [loop_of, check_names])
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("    def on_tick(self, m):\n        yield m.bid\n", "line 9: on_tick yields, so that calling it runs none"),
        ("    async def on_tick(self, m):\n        m.cancel_bid()\n", "line 9: on_tick is async, so that calling it"),
        ("    def quote(self, m):\n        m.cancel_bid()\n", "line 8: Own has no on_tick, so it would do nothing."),
    ],
)
def test_a_class_that_would_never_act_is_refused(
    text: str, words: str, check: Callable[[type[Strategy]], object], tmp_path: Path
) -> None:
    if check is loop_of and "Own has no on_tick" in words:
        check = check_names
    with pytest.raises(StrategyError, match=words):
        check(strategy_of(tmp_path, f"class Own(Strategy):\n{text}"))


def test_a_method_of_ones_own_may_be_named_like_a_hook(tmp_path: Path) -> None:
    body = "class Own(Strategy):\n    count: int = 0\n\n    def on_tick(self, m):\n        self.on_tik()\n\n"
    strategy = strategy_of(tmp_path, body + "    def on_tik(self):\n        self.count += 1\n")
    loop_of(strategy)
    check_names(strategy)


FILLS_AGAIN: Final = {
    "from on_fill": (None, "on_fill", "m.sell_at_bid(9)"),
    "from on_fill, after on_tick": ("m.sell_at_bid(9)", "on_fill", "m.sell_at_bid(9)"),
    "the other way round": ("m.sell_at_bid(9)", "on_fill", "m.buy_at_ask(9)"),
    "from a method of one's own": (None, "leave", "m.sell_at_bid(9)"),
    "for its value": (None, "on_fill", "self.count = m.sell_at_bid(9)"),
}


@pytest.mark.parametrize("name", FILLS_AGAIN)
def test_a_verb_that_fills_is_refused_in_on_fill_where_it_is_called(name: str, tmp_path: Path) -> None:
    on_tick, holder, call = FILLS_AGAIN[name]
    there, in_own = (call + "  # here", "pass") if holder == "on_fill" else ("self.leave(m)", call + "  # here")
    body = f"""\
class Own(Strategy):
    count: int = 0

    def on_tick(self, m):
        {on_tick or "m.quote_bid(m.bid, 5)"}

    def on_fill(self, m, side, price, quantity):
        {there}

    def leave(self, market):
        {in_own.replace("m.", "market.")}
"""
    lines = (HEADER + body).splitlines()
    (line,) = [number for number, text in enumerate(lines, 1) if text.endswith("# here")]
    verb = call.partition("m.")[2].partition("(")[0]
    with pytest.raises(StrategyError) as refused:
        check_names(strategy_of(tmp_path, body))
    assert str(refused.value) == (
        f"{tmp_path / 'own.py'}, line {line}: on_fill may not call {verb}: it fills at once, which would call on_fill "
        "again. Remember what to do and do it in on_tick."
    )


METHODS: Final = {
    "one that may end without a value": (
        "def one(self):\n        if self.count > 3:\n            return 1",
        "line 17: one may end without a value; end every path with a return.",
    ),
    "one that returns nothing on a path": (
        "def one(self):\n        if self.count > 3:\n            return\n        return 1",
        "line 17: one may end without a value",
    ),
    "one with a default": ("def one(self, times=1):\n        return 1", "line 17: one takes plain arguments only"),
    "one with arguments by position only": (
        "def one(self, /):\n        return 1",
        "line 17: one takes plain arguments only",
    ),
    "one with stars": ("def one(self, *times):\n        return 1", "line 17: one takes plain arguments only"),
    "a decorated one": ("@doubled\n    def one(self):\n        return 1", "line 18: one has a decorator"),
    "a static one": ("@staticmethod\n    def one():\n        return 1", "line 18: one has a decorator"),
}


@pytest.mark.parametrize("name", METHODS)
def test_a_method_that_a_loop_cannot_hold_is_refused(name: str, tmp_path: Path) -> None:
    method, words = METHODS[name]
    body = "doubled = lambda function: function\n\n\nclass Own(Strategy):\n    count: int = 0\n\n"
    body += f"    def on_tick(self, m):\n        self.count = self.one()\n\n    {method}\n"
    with pytest.raises(StrategyError) as refused:
        loop_source(strategy_of(tmp_path, body), {})
    assert words in str(refused.value)
