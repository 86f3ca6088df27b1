"""Asks, before the settings of a batch act on an event, which of them it would change at all.

Most events change nothing for most settings. The question is put to all of them before any acts: it has no branches
and writes nothing, so that the processor answers it for several settings at once. It may say yes in vain, since the
setting then does what it would have done; it never says no in vain.
"""

from __future__ import annotations

import ast
from copy import deepcopy
from functools import reduce
from typing import TYPE_CHECKING, Final

from pipeline.engine.compiler.checks import CHECKS, OF_LIBRARY
from pipeline.engine.compiler.inference import NOTHING, Number, number_of
from pipeline.engine.compiler.parts import assign, names_in, statements_in

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

ACTS: Final = "acts"
DEEPEST: Final = 6
COSTLY: Final = (*OF_LIBRARY, "floored")
"""Checks of what could stop the processor or take it long, for a setting that does not get there."""


class _NotAskedError(Exception):
    """What the statements do cannot be asked without doing it."""


def acts_question(
    body: Sequence[ast.stmt], stored: Collection[str], fixed: Collection[str], kinds: Mapping[str, str]
) -> list[ast.stmt]:
    """Return statements that set `acts` for one setting; none when the answer would be the same for all settings.

    stored: the names that have a number a setting; fixed: those that keep it for the whole replay. kinds: the kind of
    every name. The shallowest question that tells settings apart is the cheapest.
    """
    for depth in range(1, DEEPEST + 1):
        question = _Question(stored, fixed, kinds, depth)
        try:
            question.go_through(body, None, 0)
        except _NotAskedError:
            return []
        if question.tells_apart:
            return question.text()
    return []


class _Question:
    """The statements gone through as they would run for a setting not changed so far, every branch at once."""

    def __init__(self, stored: Collection[str], fixed: Collection[str], kinds: Mapping[str, str], depth: int) -> None:
        self._stored = stored
        self._numbers = {name: Number(kind, NOTHING) for name, kind in kinds.items()}
        self._numbers |= {_before(name): self._numbers[name] for name in stored}
        self._changing: set[str] = {_before(name) for name in stored if name not in fixed}
        self._depth = depth
        self._assignments: list[ast.stmt] = []
        self._loaded: dict[str, str] = {}
        self._values: dict[str, ast.expr] = {}
        self._left: list[ast.expr | None] = []
        self._acts: list[ast.expr] = []
        self._where: ast.expr | None = None
        self._always = False

    @property
    def tells_apart(self) -> bool:
        return not self._always and any(self._changes(acts) for acts in self._acts)

    def text(self) -> list[ast.stmt]:
        loads = [assign(local, ast.Name(name, ast.Load())) for name, local in self._loaded.items()]
        return [*loads, *self._assignments, assign(ACTS, reduce(_either, self._acts))]

    def go_through(self, body: Iterable[ast.stmt], where: ast.expr | None, depth: int) -> None:
        body = list(body)
        if self._is_noted(body, depth):
            self._note(where)
            return
        for node in body:
            self._statement(node, self._here(where), depth)

    def _is_noted(self, body: Sequence[ast.stmt], depth: int) -> bool:
        """Tell whether statements count as acting wherever they are reached."""
        return depth > 0 and (_certain(body) or (depth >= self._depth and _may_act(body, self._stored)))

    def _statement(self, node: ast.stmt, where: ast.expr | None, depth: int) -> None:
        self._where = where
        match node:
            case ast.Pass():
                return
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                self._assign(name, self._value(value), where)
            case ast.If() if self._is_noted(node.body, depth + 1) and self._is_noted(node.orelse, depth + 1):
                self._note(where)
            case ast.If():
                test = self._keep(self.truth(node.test))
                self.go_through(node.body, _both(where, test), depth + 1)
                if node.orelse:
                    self.go_through(node.orelse, self._keep(_both(where, _not(test))), depth + 1)
            case ast.While(test=ast.Constant(value=True), body=[*inner, ast.Break()]):
                self._left.append(None)
                self.go_through(inner, where, depth)
                self._left.pop()
            case ast.For() if self._are_alike(node):
                self.go_through(node.body, where, depth)
            case ast.Break() if self._left:
                earlier = self._left[-1]
                now = ast.Constant(True) if where is None else where
                self._left[-1] = now if earlier is None else self._keep(_either(earlier, now))
            case _:
                raise _NotAskedError

    def _are_alike(self, node: ast.For) -> bool:
        """Tell whether a round that changes nothing leaves the next one the same: it sees neither number nor locals."""
        given = {target.id for inner in statements_in(node.body) for target in _targets(inner)}
        sees_number = not names_in(node.target).isdisjoint(names_in(*node.body))
        return not (_may_leave(node) or sees_number) and given.isdisjoint(self._values)

    def _here(self, where: ast.expr | None) -> ast.expr | None:
        """Return where we are, without the settings that have left."""
        for left in self._left:
            if left is not None:
                where = self._keep(_both(where, _not(left)))
        return where

    def _assign(self, name: str, value: ast.expr, where: ast.expr | None) -> None:
        if name in self._stored:
            old = self._value(ast.Name(name, ast.Load()))
            differs: ast.expr = ast.Compare(value, [ast.NotEq()], [old])
            if self._numbers[name].kind == "float":  # 0.0 equals -0.0 and is another number
                differs = _either(differs, ast.Compare(value, [ast.Eq()], [ast.Constant(0.0)]))
            self._note(_both(where, differs))
        elif name.startswith(("m_", "s_")):
            self._note(where)
        elif where is None or name not in self._values:
            self._values[name] = self._keep(value)
        else:
            self._values[name] = self._keep(ast.IfExp(where, value, self._values[name]))

    def _note(self, where: ast.expr | None) -> None:
        if where is None or not self._changes(where):
            self._always = True
        else:
            self._acts.append(where)

    def _changes(self, value: ast.expr) -> bool:
        """Tell whether a value may change from one event to the next otherwise than for all settings alike."""
        return not self._changing.isdisjoint(names_in(value))

    def _value(self, node: ast.expr) -> ast.expr:
        return _Reading(self).visit(deepcopy(node))  # type: ignore[no-any-return]

    def truth(self, node: ast.expr) -> ast.expr:
        """Return a test as what is true or false: the bits of numbers, combined, are not what they are as tests."""
        match node:
            case ast.BoolOp():
                return reduce(_both if isinstance(node.op, ast.And) else _either, map(self.truth, node.values))
            case ast.UnaryOp(op=ast.Not()):
                return _not(self.truth(node.operand))
        value = self._value(node)
        return value if self.is_truth(node) else ast.Compare(value, [ast.NotEq()], [ast.Constant(0)])

    def is_truth(self, node: ast.expr) -> bool:
        return number_of(node, self._numbers).kind == "bool"

    def checked(self, name: str, operands: Sequence[ast.expr]) -> ast.expr:
        """Return what a check returns, and count it as acting where it would note a line."""
        if name in COSTLY:
            raise _NotAskedError
        check = CHECKS[name]
        filled = _Filled(dict(zip(check.operands, map(self._keep, operands), strict=True)))
        fails = self._keep(self.truth(filled.visit(ast.parse(check.fails, mode="eval").body)))
        self._acts.append(_both(self._where, fails))
        instead = ast.Constant(check.instead)
        return ast.IfExp(fails, instead, filled.visit(ast.parse(check.value, mode="eval").body))

    def read(self, name: str) -> ast.expr:
        """Return what a name stands for here."""
        if name in self._values:
            return self._values[name]
        if name in self._stored:
            return ast.Name(self._loaded.setdefault(name, _before(name)), ast.Load())
        return ast.Name(name, ast.Load())

    def _keep(self, value: ast.expr | None) -> ast.expr:
        if isinstance(value, (ast.Name, ast.Constant)):
            return value
        assert value is not None  # noqa: S101 - for mypy
        number = number_of(value, self._numbers)
        name = f"q{len(self._assignments)}_{number.kind}_now"
        self._numbers[name] = number
        if self._changes(value):
            self._changing.add(name)
        self._assignments.append(assign(name, value))
        return ast.Name(name, ast.Load())


class _Filled(ast.NodeTransformer):
    """Puts what a check is given in the place of its arguments."""

    def __init__(self, values: Mapping[str, ast.expr]) -> None:
        self._values = values

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self._values.get(node.id, node)


class _Reading(ast.NodeTransformer):
    def __init__(self, question: _Question) -> None:
        self._question = question

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self._question.read(node.id)

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.expr:
        if not self._question.is_truth(node):
            raise _NotAskedError
        return self._question.truth(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        if isinstance(node.op, ast.Not):
            return self._question.truth(node)
        return ast.UnaryOp(node.op, self.visit(node.operand))

    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        return ast.IfExp(self._question.truth(node.test), self.visit(node.body), self.visit(node.orelse))

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        if isinstance(node.op, (ast.FloorDiv, ast.Mod)):
            raise _NotAskedError
        return ast.BinOp(self.visit(node.left), node.op, self.visit(node.right))

    def visit_Call(self, node: ast.Call) -> ast.expr:
        if isinstance(node.func, ast.Name) and node.func.id in CHECKS:
            return self._question.checked(node.func.id, [self.visit(value) for value in node.args[:-3]])
        return ast.Call(node.func, [self.visit(value) for value in node.args], [])

    def visit_Subscript(self, _: ast.Subscript) -> ast.expr:
        raise _NotAskedError


def _before(name: str) -> str:
    """Return the local of a setting's value so far; a strategy's locals end in a number, its fields begin with `s_`."""
    return f"q_{name}_now"


def _certain(body: Iterable[ast.stmt]) -> bool:
    """Tell whether statements change something whenever they are reached: a fill is written."""
    for node in body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
            return True
        if isinstance(node, ast.If) and node.orelse and _certain(node.body) and _certain(node.orelse):
            return True
        if isinstance(node, (ast.If, ast.While, ast.For)) and _may_leave(node):
            return False
    return False


def _targets(node: ast.stmt) -> list[ast.Name]:
    targets = node.targets if isinstance(node, ast.Assign) else []
    return [target for target in targets if isinstance(target, ast.Name)]


def _may_leave(node: ast.stmt) -> bool:
    return any(isinstance(inner, (ast.Break, ast.Continue)) for inner in ast.walk(node))


def _may_act(body: Iterable[ast.stmt], stored: Collection[str]) -> bool:
    """Tell whether statements may change something, a line noted as failed aside, or leave where they are."""
    for node in (inner for statement in body for inner in ast.walk(statement)):
        if isinstance(node, (ast.Break, ast.Continue)):
            return True
        if isinstance(node, ast.Assign):
            [target] = node.targets
            if not isinstance(target, ast.Name):
                return True
            if target.id in stored or target.id.startswith(("m_", "s_")):
                return True
    return False


def _both(left: ast.expr | None, right: ast.expr) -> ast.expr:
    return right if left is None else ast.BinOp(left, ast.BitAnd(), right)


def _either(left: ast.expr, right: ast.expr) -> ast.expr:
    return ast.BinOp(left, ast.BitOr(), right)


def _not(test: ast.expr) -> ast.expr:
    return ast.UnaryOp(ast.Not(), test)
