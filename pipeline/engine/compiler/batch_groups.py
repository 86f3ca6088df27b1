"""Finds the settings of a batch that a test can hold for, where nothing that a setting changes decides it.

Such a test asks what a setting is given for the whole replay, and truths that all settings share at an event. Before
the first event each case of these truths gets a group: the settings that it holds for, and where they begin and end.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from pipeline.engine.compiler.parts import all_of, copied, names_in
from pipeline.engine.compiler.skip_guard import ACTS
from pipeline.native.kinds import LOWEST_BIT

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

BATCH_SIZE: Final = 64
"""How many settings one batch takes, each a bit of one number: what they remember stays in the first caches."""

STRIDE: Final = BATCH_SIZE + 8
"""From one row of numbers to the next: at a power of two the rows of a setting would share a few lines of the cache."""

INDEX: Final = "setting"
COUNT: Final = "settings"
ACTING: Final = "acting"
GROUPS: Final = "setting_groups"
FACTS: Final = 3
"""The numbers that stand for a group: its settings, a bit each, and the eights of settings it begins and ends with."""

CASE: Final = "case_of_test"
MOST_TRUTHS: Final = 4


class Groups:
    """The groups of a batch loop, and the statements that make them; number 0 has every setting."""

    def __init__(self, varying: Collection[str], fixed: frozenset[str], kinds: Mapping[str, str]) -> None:
        self._varying = varying
        self._fixed = fixed
        self._kinds = kinds
        self._numbers: dict[str, int] = {}
        self.size = 0
        self.setup: list[ast.stmt] = []
        self.number([ast.Constant(True)])

    def decides(self, test: ast.expr, among: Sequence[ast.expr] = ()) -> bool:
        """Tell whether a test, together with others that do, decides on a group."""
        truths: dict[str, ast.expr] = {}
        is_whole = self._cases(all_of([*among, test]), truths) is not None
        return is_whole and len(truths) <= MOST_TRUTHS and not names_in(test).isdisjoint(self._varying)

    def number(self, terms: Sequence[ast.expr]) -> ast.expr:
        """Return the number of the group for which all of these tests hold at an event."""
        truths: dict[str, ast.expr] = {}
        test = self._cases(all_of(terms), truths)
        assert test is not None  # noqa: S101 - who asks has asked for each of them
        key = ast.unparse(test)
        if key not in self._numbers:
            self._numbers[key] = self.size
            self.setup += _groups_of(copied(test), self.size, 1 << len(truths))
            self.size += 1 << len(truths)
        number: ast.expr = ast.Constant(self._numbers[key])
        for bit, truth in enumerate(truths.values()):
            number = ast.BinOp(number, ast.Add(), ast.IfExp(copied(truth), ast.Constant(1 << bit), ast.Constant(0)))
        return number

    def _cases(self, test: ast.expr, truths: dict[str, ast.expr]) -> ast.expr | None:
        """Return a test with what the settings share replaced by its value in a case; None where it has no group.

        truths: where what is replaced is added, in the order of the case's bits.
        """
        if names_in(test) <= self._fixed:
            return test
        if names_in(test).isdisjoint(self._varying):
            truths.setdefault(ast.unparse(test), test)
            bit = list(truths).index(ast.unparse(test))
            return ast.parse(f"({CASE} >> {bit}) & 1 != 0", mode="eval").body
        match test:
            case ast.BoolOp(op=op, values=values):
                parts = [self._cases(value, truths) for value in values]
                return None if None in parts else ast.BoolOp(op, [part for part in parts if part])
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                part = self._cases(operand, truths)
                return None if part is None else ast.UnaryOp(ast.Not(), part)
            case ast.Compare(left=left, ops=[ast.Eq() | ast.NotEq()] as ops, comparators=[right]):
                sides = [self._cases(side, truths) if self._is_truth(side) else None for side in (left, right)]
                return None if sides[0] is None or sides[1] is None else ast.Compare(sides[0], ops, [sides[1]])
        return None

    def _is_truth(self, node: ast.expr) -> bool:
        match node:
            case ast.BoolOp(values=values):
                return all(map(self._is_truth, values))
            case ast.Name(id=name):
                return self._kinds[name] == "bool"
        return isinstance(node, ast.Compare) or (isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not))


def setting_loop(body: list[ast.stmt], group: str | None = None) -> ast.For:
    """Return a loop over the settings, or over those of a group, whose number a local is."""
    loop = ast.For(ast.Name(INDEX, ast.Store()), _parsed(f"range({COUNT})"), body, [])
    loop.group = group  # type: ignore[attr-defined]
    return loop


def is_setting_loop(node: ast.AST) -> bool:
    """Tell whether a statement is a loop over settings."""
    return isinstance(node, (ast.For, ast.While)) and hasattr(node, "group")


def has_any(group: str) -> ast.expr:
    """Return the test whether a group has any setting."""
    return _parsed(f"{GROUPS}[{FACTS} * {group}] != 0")


def over_acting(loop: ast.For, question: list[ast.stmt]) -> list[ast.stmt]:
    """Return a loop over the settings of a group that act, after one that asks a question of all of them.

    question: statements that set ACTS for one setting; where there are none, all settings of the group act. The answers
    are the bits of one number.
    """
    group: str = loop.group or "0"  # type: ignore[attr-defined]
    members, first, end = (f"{GROUPS}[{FACTS} * {group} + {fact}]" for fact in range(FACTS))
    take_next = f"{INDEX} = {LOWEST_BIT}({ACTING})\n{ACTING} = {ACTING} & {ACTING} - 1"
    act = ast.While(_parsed(f"{ACTING} != 0"), [*ast.parse(take_next).body, *loop.body], [])
    act.group = loop.group  # type: ignore[attr-defined]
    if not question:
        return [*ast.parse(f"{ACTING} = {members}").body, act]
    ask = setting_loop([*question, *ast.parse(f"{ACTING} = {ACTING} | {ACTS} << {INDEX}").body])
    ask.iter = _parsed(f"range({first} << 3, {end} << 3)")
    return [*ast.parse(f"{ACTING} = 0").body, ask, *ast.parse(f"{ACTING} = {ACTING} & {members}").body, act]


def _groups_of(test: ast.expr, start: int, cases: int) -> list[ast.stmt]:
    """Return the statements that make the groups of a test, which are zero before."""
    noted = ast.parse(
        f"group = {FACTS} * ({start} + {CASE})\n"
        f"if {GROUPS}[group] == 0:\n    {GROUPS}[group + 1] = {INDEX} >> 3\n"
        f"{GROUPS}[group] = {GROUPS}[group] | 1 << {INDEX}\n"
        f"{GROUPS}[group + 2] = ({INDEX} >> 3) + 1"
    ).body
    each = ast.For(ast.Name(CASE, ast.Store()), _parsed(f"range({cases})"), [ast.If(test, noted, [])], [])
    return [setting_loop([each])]


def _parsed(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body
