"""Turns a flat loop over events into one with many settings innermost, so that one pass over the ticks serves them all.

What is the same for every setting (the event, the day, the book) is worked out once an event; what differs stands in
rows, one number a setting, and is worked out in loops over the settings. They do not see each other, so that each goes
through the very operations it would go through alone, in their order.
"""

from __future__ import annotations

import ast
from collections import Counter
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pipeline.engine.compiler.parts import assign, conjuncts_of, names_in, occurrences
from pipeline.engine.compiler.skip_guard import ACTS, acts_question

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

BATCH_SIZE: Final = 128
"""How many settings one batch takes: what they remember stays in the first levels of the processor's cache."""

SMALL: Final = 20
"""Statements that are done sooner than it is asked whether they would do anything."""

INDEX: Final = "setting"
COUNT: Final = "settings"
SETTING: Final = "m_setting"
LENGTH: Final = "m_rows"
COMMON: Final = frozenset({LENGTH, "m_out_of_capacity"})
"""What any setting may write for all: the length of the log of fills that they share, and what ends the walk."""

WITHOUT_ROW: Final = frozenset({SETTING, LENGTH})
"""What differs between settings and has no row: which of them it is, and where the next line of the log goes."""


@dataclass(frozen=True, slots=True, eq=False)
class SettingRows:
    """The names that differ between settings, in the order of their rows among the whole numbers and the floats."""

    ints: tuple[str, ...]
    floats: tuple[str, ...]


def differing(body: Sequence[ast.stmt], seeds: Collection[str]) -> frozenset[str]:
    """Return the names that may differ between settings, given those that do from the start."""
    varying = set(seeds)
    size = -1
    while size != len(varying):
        size = len(varying)
        for statement in body:
            _follow(statement, varying, diverged=False)
    return frozenset(varying)


def settings_innermost(
    body: Sequence[ast.stmt], varying: frozenset[str], fixed: frozenset[str], kinds: Mapping[str, str]
) -> tuple[list[ast.stmt], SettingRows]:
    """Return the statements with loops over the settings, and the rows of what differs.

    varying: the names that differ between settings; fixed: those of them that keep their value for the whole replay.
    kinds: the kind of every name; of those that begin with `m_` or `s_` the rows keep the value between events.
    """
    vectoriser = _Vectoriser(varying, fixed, occurrences(body))
    loops = vectoriser.block(body)
    loops = [*vectoriser.flags, *loops]
    stored = {name for name in varying if _lives_on(name)} - WITHOUT_ROW
    stored |= _in_several_loops(loops, varying - stored - WITHOUT_ROW)
    rows = SettingRows(
        ints=tuple(sorted(name for name in stored if kinds[name] != "float")),
        floats=tuple(sorted(name for name in stored if kinds[name] == "float")),
    )
    guard = _Guard(frozenset(stored), fixed, kinds)
    storage = _Storage(rows, kinds)
    return [storage.visit(guard.visit(statement)) for statement in loops], rows


def _follow(node: ast.stmt, varying: set[str], *, diverged: bool) -> None:
    match node:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            if name not in COMMON and (diverged or names_in(value) & varying):
                varying.add(name)
        case ast.If():
            inside = diverged or bool(names_in(node.test) & varying)
            for inner in (*node.body, *node.orelse):
                _follow(inner, varying, diverged=inside)
        case ast.While() | ast.For():
            inside = diverged or _differs_in_rounds(node, varying)
            if inside and isinstance(node, ast.For):
                varying |= names_in(node.target)
            for inner in node.body:
                _follow(inner, varying, diverged=inside)


def _differs_in_rounds(node: ast.While | ast.For, varying: Collection[str]) -> bool:
    """Tell whether some settings may leave a loop, or a round of it, when others stay."""
    rounds = node.test if isinstance(node, ast.While) else node.iter
    return bool(names_in(rounds) & set(varying)) or _leaves(node.body, varying, diverged=False)


def _leaves(body: Iterable[ast.stmt], varying: Collection[str], *, diverged: bool) -> bool:
    """Tell whether statements hold a way out of their loop; with diverged=False, one for some settings only."""
    for node in body:
        if isinstance(node, (ast.Break, ast.Continue)) and diverged:
            return True
        if isinstance(node, ast.If):
            inside = diverged or bool(names_in(node.test) & set(varying))
            if _leaves([*node.body, *node.orelse], varying, diverged=inside):
                return True
    return False


class _Vectoriser:
    """Puts loops over the settings as far inside as what they all share allows."""

    def __init__(self, varying: frozenset[str], fixed: frozenset[str], uses: Mapping[str, int]) -> None:
        self._varying = varying
        self._fixed = fixed
        self._uses = uses
        self.flags: list[ast.stmt] = []

    def block(self, body: Iterable[ast.stmt]) -> list[ast.stmt]:
        """Return statements that are gone through once an event, with loops over the settings in them."""
        block: list[ast.stmt] = []
        run: list[ast.stmt] = []
        for node in body:
            if not names_in(node) & self._varying:
                if run and (_leaves([node], (), diverged=True) or _written([node]) & names_in(*run)):
                    block += self._over_settings(run)
                    run = []
                block.append(node)
            elif self._may_repeat(node) and not self._is_better_parted(node):
                run.append(node)
            else:
                block += [*self._over_settings(run), self._parted(node)]
                run = []
        return block + self._over_settings(run)

    def _may_repeat(self, node: ast.stmt) -> bool:
        """Tell whether a statement may be gone through once a setting, since it writes nothing that all share.

        A local that is used nowhere else is written anew each time; what lives on would be changed once a setting.
        """
        inside = occurrences([node])
        shared = _written([node]) - self._varying - COMMON
        if any(inside[name] != self._uses[name] or _lives_on(name) for name in shared):
            return False
        return not _leaves([node], (), diverged=True)

    def _is_better_parted(self, node: ast.stmt) -> bool:
        """Tell whether a loop is the same for all settings, with nothing of a setting to carry between its parts."""
        if not isinstance(node, (ast.While, ast.For)) or _differs_in_rounds(node, self._varying):
            return False
        flags = len(self.flags)
        carried = _in_several_loops([self._parted(node)], self._varying)
        del self.flags[flags:]
        return all(_lives_on(name) for name in carried)

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
        spared = [self._spared(node) for node in run]
        if run and all(spared):
            return [loop for loop in spared if loop is not None]
        return [_setting_loop(run)] if run else []

    def _spared(self, node: ast.stmt) -> ast.stmt | None:
        """Return a statement below the part of its test that all settings share, if there is one."""
        if not isinstance(node, ast.If):
            return None
        if not names_in(node.test) & self._varying:
            return self._parted(node)
        if node.orelse:
            return None
        conjuncts = conjuncts_of(node.test)
        shared = [term for term in conjuncts if not names_in(term) & self._varying]
        shared += [self._flag(term) for term in conjuncts if names_in(term) and names_in(term) <= self._fixed]
        unshared = [term for term in conjuncts if names_in(term) & self._varying]
        loop = _setting_loop([ast.If(_all_of(unshared), node.body, [])])
        return ast.If(_all_of(shared), [loop], []) if shared else None

    def _flag(self, test: ast.expr) -> ast.expr:
        """Return a flag worked out before the walk: whether the test holds for any setting."""
        name = f"any{len(self.flags)}_set"
        self.flags.append(assign(name, ast.Constant(False)))
        self.flags.append(_setting_loop([ast.If(deepcopy(test), [assign(name, ast.Constant(True))], [])]))
        return ast.Name(name, ast.Load())


class _Guard(ast.NodeTransformer):
    """Asks whether an event changes anything before every loop over the settings that is within the walk."""

    def __init__(self, stored: frozenset[str], fixed: frozenset[str], kinds: Mapping[str, str]) -> None:
        self._stored = stored
        self._fixed = fixed
        self._kinds = kinds
        self._walking = False

    def visit_For(self, node: ast.For) -> ast.AST | list[ast.stmt]:
        """Ask before a loop over the settings; any other loop is what is walked."""
        if not _is_over_settings(node):
            outside, self._walking = self._walking, True
            self.generic_visit(node)
            self._walking = outside
            return node
        worth_asking = self._walking and sum(isinstance(inner, ast.stmt) for inner in ast.walk(node)) > SMALL
        question = acts_question(node.body, self._stored, self._fixed, self._kinds) if worth_asking else []
        if not question:
            return node
        answer = ast.parse(f"setting_acts[{INDEX}] = {ACTS}\nacting += {ACTS}").body
        acting = ast.Compare(ast.Name("acting", ast.Load()), [ast.Gt()], [ast.Constant(0)])
        acts = ast.parse(f"setting_acts[{INDEX}] != 0", mode="eval").body
        return [
            assign("acting", ast.Constant(0)),
            _setting_loop([*question, *answer]),
            ast.If(acting, [_setting_loop([ast.If(acts, node.body, [])])], []),
        ]


class _Storage(ast.NodeTransformer):
    """Lets the names that differ stand for their numbers in the rows."""

    def __init__(self, rows: SettingRows, kinds: Mapping[str, str]) -> None:
        self._row = {name: ("setting_ints", row) for row, name in enumerate(rows.ints)}
        self._row |= {name: ("setting_floats", row) for row, name in enumerate(rows.floats)}
        self._kinds = kinds

    def visit_For(self, node: ast.For) -> ast.stmt:
        """Work out once a setting where what it needs stands."""
        if not _is_over_settings(node):
            self.generic_visit(node)
            return node
        used = sorted(names_in(*node.body) & self._row.keys())
        body = [self.visit(statement) for statement in node.body]
        first = [ast.parse(f"{name}_at = {self._row[name][1] * BATCH_SIZE} + {INDEX}").body[0] for name in used]
        return _setting_loop([*first, *body])

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """Replace a name; a truth value is stored as 0 or 1."""
        if node.id == SETTING:
            return ast.Name(INDEX, node.ctx)
        if node.id not in self._row:
            return node
        column, _ = self._row[node.id]
        number = ast.Subscript(ast.Name(column, ast.Load()), ast.Name(f"{node.id}_at", ast.Load()), node.ctx)
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


def _setting_loop(body: list[ast.stmt]) -> ast.stmt:
    span = ast.Call(ast.Name("range", ast.Load()), [ast.Name(COUNT, ast.Load())], [])
    return ast.For(ast.Name(INDEX, ast.Store()), span, body, [])


def _in_several_loops(body: Sequence[ast.stmt], names: frozenset[str]) -> set[str]:
    """Return the names that are used in more than one loop over the settings."""
    loops = [node for statement in body for node in ast.walk(statement) if _is_over_settings(node)]
    uses = Counter(name for loop in loops for name in names_in(loop) & names)
    return {name for name, times in uses.items() if times > 1}


def _is_over_settings(node: ast.AST) -> bool:
    return isinstance(node, ast.For) and isinstance(node.target, ast.Name) and node.target.id == INDEX


def _lives_on(name: str) -> bool:
    """Tell whether a name is one of the market's or of the strategy's, which live from one event to the next."""
    return name.startswith(("m_", "s_"))


def _all_of(tests: list[ast.expr]) -> ast.expr:
    return tests[0] if len(tests) == 1 else ast.BoolOp(ast.And(), tests)


def _written(body: Iterable[ast.stmt]) -> set[str]:
    """Return the names that statements assign, and the columns they write into."""
    written: set[str] = set()
    for statement in body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                written.add(node.id)
            elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
                written |= {name for name in names_in(node.value) if not name.startswith("m_fill_")}
    return written
