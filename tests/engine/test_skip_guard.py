"""The question whether an event changes anything for a setting: never a no in vain, a no wherever it is asked for."""

from __future__ import annotations

import ast
import itertools
import math
import struct
from typing import Any, Final

import pytest

from pipeline.engine.compiler.checks import definitions
from pipeline.engine.compiler.skip_guard import acts_question

KINDS: Final = {"s_n": "int", "s_k": "int", "s_x": "float", "s_y": "float", "s_f": "bool", "s_p": "int", "e": "int"}
STORED: Final = ("s_n", "s_k", "s_x", "s_y", "s_f", "s_p")
STATES: Final[dict[str, tuple[Any, ...]]] = {
    "s_n": (0, 1, 2, 256),
    "s_k": (0, -3, 4),
    "s_x": (0.0, -0.0, 1.5, math.nan),
    "s_y": (0.0, -0.0, math.inf),
    "s_f": (False, True),
    "s_p": (0, 2),
    "e": (0, 1, 4),
}

ASKED: Final = {
    "a test of a number": "if s_n:\n    s_k = e",
    "numbers in and": "if s_n and s_k:\n    s_x = 3.5",
    "numbers in or, negated": "if not (s_n or s_x):\n    s_k = 5",
    "a number below a truth": "if s_f:\n    if s_n:\n        s_k = 9",
    "a number chosen by a number": "s_k = s_n if s_x and s_p else s_k",
    "a zero and its sign": "if s_f:\n    s_x = s_y",
    "a value it may have already": "if s_n > e:\n    s_k = s_p",
    "not a number": "if s_x != s_x and s_f:\n    s_y = s_x",
    "a local of two branches": "if s_f:\n    t_1 = s_n\nelse:\n    t_1 = s_k\nif t_1 > 1:\n    s_k = t_1",
    "a local changed in a branch": "t_1 = e\nif s_f:\n    t_1 = t_1 + s_n\nif t_1 > 3:\n    s_x = 2.0",
    "left early": "while True:\n    if s_n > 1:\n        break\n    if s_f:\n        s_k = s_k + 1\n    break",
    "left below two tests": (
        "while True:\n    if s_f:\n        if s_n > 1:\n            break\n"
        "    if s_k > 0:\n        s_n = s_n - 1\n    break"
    ),
    "what is left goes on outside": (
        "while True:\n    if s_n:\n        break\n    break\nif s_f and s_k > e:\n    s_k = e"
    ),
    "deep": "if s_f:\n    if s_n > 1:\n        if s_k < 0:\n            if s_x == 0.0:\n                s_y = -s_y",
    "a line that fails": "if s_f:\n    t_1 = whole_divisor(s_n, m_failed, 7, m_event)",
    "a rest below a test": "if s_f:\n    if s_n % 2 == 0:\n        s_k = s_n // 2",
    "rounds below a test": "if s_f and s_n > 1:\n    for i in range(s_n):\n        s_k = s_k + i",
    "rounds that are all alike": "for _ in range(3):\n    if s_f and s_n > e:\n        s_n = s_n - 1",
    "rounds of a setting's own number": "if s_f:\n    for _ in range(s_p):\n        s_x = s_x + 1.0",
    "a change either way": "if s_f:\n    if s_n > e:\n        s_k = 1\nelif s_x > 0.0:\n    s_k = 2",
    "memory written twice": "if s_n > e:\n    s_k = s_k + 1\n    s_k = s_k - 1\n    s_n = s_k",
    "functions": "if abs(s_k) > 3 and not math.isnan(s_x):\n    s_n = round(s_p / 2)",
}

NOT_ASKED: Final = {
    "a change whatever the setting holds": "s_n = s_n + 1\nif e > 1:\n    m_rows = m_rows + 1",
    "rounds first": "for i in range(s_n):\n    s_k = s_k + i",
    "a local that goes on": "t_1 = 0\nfor _ in range(3):\n    if s_f and t_1 == 2:\n        s_k = 9\n    t_1 = t_1 + 1",
    "rounds that may be left": "for _ in range(3):\n    if s_f:\n        break\n    s_k = 7",
    "a rest first": "t_1 = s_n % 2\nif t_1 > s_k:\n    s_k = t_1",
    "a number that and chooses": "t_1 = s_n and s_k\nif t_1:\n    s_x = 1.0",
}


@pytest.mark.parametrize("name", ASKED)
def test_the_answer_is_never_no_where_something_changes(name: str) -> None:
    body = ast.parse(ASKED[name]).body
    question = acts_question(body, STORED, ("s_p",), {**KINDS, "t_1": "int"})
    assert question
    checks = list(definitions().values())
    ask, act = code_of(question), code_of([*checks, *ast.parse(ASKED[name]).body])
    answers = []
    for values in itertools.product(*STATES.values()):
        state = dict(zip(STATES, values, strict=True))
        asked, after = ({"math": math, **state, "m_failed": [0, 0], "m_event": 3} for _ in range(2))
        exec(ask, asked)  # noqa: S102 - the statements of this file
        exec(act, after)  # noqa: S102
        assert {key: exactly(asked[key]) for key in state} == {key: exactly(state[key]) for key in state}
        changed = after["m_failed"] != [0, 0] or any(exactly(after[key]) != exactly(state[key]) for key in STORED)
        assert asked["acts"] or not changed, state
        answers.append(bool(asked["acts"]))
        assert type(asked["acts"]) is bool
    assert set(answers) == {False, True}


@pytest.mark.parametrize("name", NOT_ASKED)
def test_nothing_is_asked_where_all_settings_would_say_the_same_or_none_can_be_told(name: str) -> None:
    assert acts_question(ast.parse(NOT_ASKED[name]).body, STORED, ("s_p",), {**KINDS, "t_1": "int"}) == []


def code_of(statements: list[ast.stmt]) -> Any:
    return compile(ast.fix_missing_locations(ast.Module(statements, [])), "<statements>", "exec")


def exactly(value: float) -> bytes | int:
    return struct.pack("<d", value) if isinstance(value, float) else value
