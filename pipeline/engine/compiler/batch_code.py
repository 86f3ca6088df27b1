"""Turns a flat loop over events into one with many settings innermost, so that one pass over the ticks serves them all.

What is the same for every setting (the event, the day, the book) is worked out once an event; what differs stands in
rows, one number a setting, and is worked out in loops over the settings. They do not see each other, so that each goes
through the very operations it would go through alone, in their order.
"""

from __future__ import annotations

import ast
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pipeline.engine.compiler.batch_differing import (
    AWAITED,
    COMMON,
    differs_in_rounds,
    leaves,
    lives_on,
    written,
)
from pipeline.engine.compiler.batch_groups import (
    INDEX,
    STRIDE,
    Groups,
    has_any,
    is_setting_loop,
    over_acting,
    setting_loop,
)
from pipeline.engine.compiler.elements import Elements, first_rows
from pipeline.engine.compiler.parts import all_of, assign, conjuncts_of, names_in, occurrences, statements_in
from pipeline.engine.compiler.skip_guard import acts_question

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

SMALL: Final = 20
"""Statements that are done sooner than it is asked whether they would do anything."""


@dataclass(frozen=True, slots=True, eq=False)
class SettingRows:
    """The names that differ between settings, in the order of their rows among the whole numbers and the floats.

    groups: how many groups of settings the loop looks up.
    """

    ints: tuple[str, ...]
    floats: tuple[str, ...]
    groups: int


def settings_innermost(
    body: Sequence[ast.stmt],
    varying: frozenset[str],
    fixed: frozenset[str],
    kinds: Mapping[str, str],
    elements: Sequence[str],
) -> tuple[list[ast.stmt], SettingRows]:
    """Return the statements with loops over the settings, and the rows of what differs.

    varying: the names that differ between settings; fixed: those of them that keep their value for the whole replay.
    kinds: the kind of every name; of those that begin with `m_` or `s_` the rows keep the value between events.
    elements: the elements of columns in memory, which differ, each a row.
    """
    columns = {name.partition("[")[0] for name in elements}
    groups = Groups(varying, fixed, kinds)
    loops = _Vectoriser(varying, groups, occurrences(body)).block(body)
    stored = {name for name in varying - columns if lives_on(name)}
    stored |= _in_several_loops(loops, varying - columns - stored)

    def of_kind(kind: str) -> list[str]:
        return [name for name in elements if kinds[name.partition("[")[0]] == kind]

    rows = SettingRows(
        ints=(*sorted(name for name in stored if kinds[name] != "float"), *of_kind("int")),
        floats=(*sorted(name for name in stored if kinds[name] == "float"), *of_kind("float")),
        groups=groups.size,
    )
    guard = _Guard(frozenset(stored), fixed, kinds)
    storage = _Storage(rows, kinds)
    loops = [guard.visit(statement) for statement in loops]
    return [storage.visit(statement) for statement in (*groups.setup, *loops)], rows


class _Vectoriser:
    """Puts loops over the settings as far inside as what they all share allows."""

    def __init__(self, varying: frozenset[str], groups: Groups, uses: Mapping[str, int]) -> None:
        self._varying = varying
        self._groups = groups
        self._uses = uses
        self._tests: list[ast.expr] = []
        self._group: str | None = None
        self._count = 0

    def block(self, body: Iterable[ast.stmt]) -> list[ast.stmt]:
        """Return statements that are gone through once an event, with loops over the settings in them."""
        block: list[ast.stmt] = []
        run: list[ast.stmt] = []
        for node in body:
            if not names_in(node) & self._varying:
                if run and (leaves([node], (), diverged=True) or written([node]) & names_in(*run)):
                    block += self._over_settings(run)
                    run = []
                block.append(node)
            elif self._may_repeat(node) and not self._is_better_parted(node):
                run.append(node)
            else:
                block += [*self._over_settings(run), *(self._spared(node) or [self._parted(node)])]
                run = []
        return block + self._over_settings(run)

    def _may_repeat(self, node: ast.stmt) -> bool:
        """Tell whether a statement may be gone through once a setting, since it writes nothing that all share.

        A local that is used nowhere else is written anew each time; what lives on would be changed once a setting.
        """
        inside = occurrences([node])
        shared = written([node]) - self._varying - COMMON
        if any(inside[name] != self._uses[name] or lives_on(name) for name in shared):
            return False
        return not leaves([node], (), diverged=True) and not _puts_back(node)

    def _is_better_parted(self, node: ast.stmt) -> bool:
        """Tell whether a loop is the same for all settings, with nothing of a setting to carry between its parts."""
        if not isinstance(node, (ast.While, ast.For)) or differs_in_rounds(node, self._varying):
            return False
        parted = self._parted(node)
        assert isinstance(parted, (ast.While, ast.For))  # noqa: S101 - as it was
        if len(parted.body) == 1 and is_setting_loop(parted.body[0]):
            return False
        carried = _in_several_loops([parted], self._varying)
        return all(lives_on(name) for name in carried)

    def _parted(self, node: ast.stmt) -> ast.stmt:
        match node:
            case ast.If():
                return ast.If(node.test, self.block(node.body) or [ast.Pass()], self.block(node.orelse))
            case ast.While():
                return ast.While(node.test, self.block(node.body), [])
            case ast.For():
                return ast.For(node.target, node.iter, self.block(node.body), [])
        raise AssertionError(ast.unparse(node))

    def _over_settings(self, run: list[ast.stmt]) -> list[ast.stmt]:
        """Return one loop over the settings for all statements, or for each its own below a test that may spare it."""
        every: list[ast.stmt] = []
        for node in run:
            spared = self._spared(node)
            if spared is None:
                return [setting_loop(run, self._group)]
            every += spared
        return every

    def _spared(self, node: ast.stmt) -> list[ast.stmt] | None:
        """Return a statement below the part of its test that all settings share, or that decides on a group of them."""
        if not isinstance(node, ast.If):
            return None
        if not names_in(node.test) & self._varying:
            return [self._parted(node)]
        if node.orelse:
            if not self._groups.decides(node.test, self._tests):
                return None
            otherwise = self._of_group([ast.UnaryOp(ast.Not(), node.test)], node.orelse)
            return [*self._of_group([node.test], node.body), *otherwise]
        conjuncts = conjuncts_of(node.test)
        shared = [term for term in conjuncts if not names_in(term) & self._varying]
        others = [term for term in conjuncts if term not in shared]
        decided = [term for term in others if self._groups.decides(term, self._tests)]
        rest = [term for term in others if term not in decided]
        inner: list[ast.stmt] = [ast.If(all_of(rest), node.body, [])] if rest else node.body
        if decided and self._groups.decides(all_of(decided), self._tests):
            inner = self._of_group(decided, inner)
        elif shared:
            inner = self.block([ast.If(all_of(others), node.body, [])])
        else:
            return None
        return [ast.If(all_of(shared), inner, [])] if shared else inner

    def _of_group(self, tests: list[ast.expr], body: list[ast.stmt]) -> list[ast.stmt]:
        """Return what the settings do that these tests, and those around, hold for."""
        outside = self._tests, self._group
        self._count += 1
        self._tests, self._group = [*self._tests, *tests], f"group{self._count}"
        chosen = assign(self._group, self._groups.number(self._tests))
        loops = [chosen, ast.If(has_any(self._group), self.block(body), [])]
        self._tests, self._group = outside
        return loops


class _Guard(ast.NodeTransformer):
    """Asks whether an event changes anything before every loop over the settings that is within the walk."""

    def __init__(self, stored: frozenset[str], fixed: frozenset[str], kinds: Mapping[str, str]) -> None:
        self._stored = stored
        self._fixed = fixed
        self._kinds = kinds
        self._walking = False

    def visit_For(self, node: ast.For) -> ast.AST | list[ast.stmt]:
        """Ask before a loop over the settings; any other loop is what is walked."""
        if not is_setting_loop(node):
            outside, self._walking = self._walking, True
            self.generic_visit(node)
            self._walking = outside
            return node
        worth_asking = self._walking and sum(isinstance(inner, ast.stmt) for inner in ast.walk(node)) > SMALL
        question = acts_question(node.body, self._stored, self._fixed, self._kinds) if worth_asking else []
        return over_acting(node, question) if question or node.group else node  # type: ignore[attr-defined]


class _Storage(ast.NodeTransformer):
    """Lets the names that differ stand for their numbers in the rows."""

    def __init__(self, rows: SettingRows, kinds: Mapping[str, str]) -> None:
        self._row = {name: ("setting_ints", row) for row, name in enumerate(rows.ints)}
        self._row |= {name: ("setting_floats", row) for row, name in enumerate(rows.floats)}
        self._kinds = kinds
        self._elements = Elements(first_rows({"setting_ints": rows.ints, "setting_floats": rows.floats}), _of_setting)

    def visit_loop(self, node: ast.For | ast.While) -> ast.stmt:
        """Look up elements of columns in memory where a setting is at hand."""
        if is_setting_loop(node):
            node.body = [self._elements.visit(statement) for statement in node.body]
        self.generic_visit(node)
        return node

    visit_For = visit_While = visit_loop  # noqa: N815 - names of ast

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """Replace a name; a truth value is stored as 0 or 1."""
        if node.id not in self._row:
            return node
        column, row = self._row[node.id]
        number = ast.Subscript(ast.Name(column, ast.Load()), _of_setting(ast.Constant(row)), node.ctx)
        if self._kinds[node.id] == "bool" and isinstance(node.ctx, ast.Load):
            return ast.Compare(number, [ast.NotEq()], [ast.Constant(0)])
        return number

    def visit_Assign(self, node: ast.Assign) -> ast.stmt:
        """Store a truth value as 0 or 1."""
        [target] = node.targets
        value = self.visit(node.value)
        if isinstance(target, ast.Name) and target.id in self._row and self._kinds[target.id] == "bool":
            value = (
                ast.Constant(1 if value.value else 0)
                if isinstance(value, ast.Constant)
                else ast.IfExp(value, ast.Constant(1), ast.Constant(0))
            )
        return ast.Assign([self.visit(target)], value)


def _of_setting(row: ast.expr) -> ast.expr:
    match row:
        case ast.Constant(value=int() as number):
            start: ast.expr = ast.Constant(number * STRIDE)
        case _:
            start = ast.BinOp(row, ast.Mult(), ast.Constant(STRIDE))
    return ast.BinOp(start, ast.Add(), ast.Name(INDEX, ast.Load()))


def _in_several_loops(body: Sequence[ast.stmt], names: frozenset[str]) -> set[str]:
    """Return the names that are used in more than one loop over the settings."""
    loops = [node for statement in body for node in ast.walk(statement) if is_setting_loop(node)]
    uses = Counter(name for loop in loops for name in names_in(loop) & names)
    return {name for name, times in uses.items() if times > 1}


def _puts_back(node: ast.stmt) -> bool:
    """Tell whether a statement puts back what any setting may bring about for all."""
    return any(
        isinstance(inner, ast.Assign)
        and isinstance(inner.targets[0], ast.Name)
        and inner.targets[0].id in AWAITED
        and isinstance(inner.value, ast.Constant)
        and inner.value.value is False
        for inner in statements_in([node])
    )
