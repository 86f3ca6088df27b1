"""Turns a flat loop over events into one with many settings innermost, so that one pass over the ticks serves them all.

What is the same for every setting (the event, the day, the book) is worked out once an event; what differs stands in a
lane a setting, and is worked out in loops over the lanes. Settings do not see each other, so that each goes through the
very operations it would go through alone, in their order.
"""

from __future__ import annotations

import ast
from collections import Counter
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pipeline.engine.compiler.parts import assign
from pipeline.engine.compiler.skip_guard import ACTS, acts_question

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

BATCH_SIZE: Final = 128
"""How many settings one batch takes: what they remember stays in the first levels of the processor's cache."""

SMALL: Final = 20
"""Statements that are done sooner than it is asked whether they would do anything."""

LANE: Final = "lane"
COUNT: Final = "lanes"
SETTING: Final = "m_setting"
LENGTH: Final = "m_rows"
COMMON: Final = frozenset({LENGTH, "m_out_of_capacity"})
"""What any setting may write for all: the length of the log of fills that they share, and what ends the walk."""

UNHELD: Final = frozenset({SETTING, LENGTH})
"""What differs between settings and stands in no lane: which of them it is, and where the next line of the log goes."""


@dataclass(frozen=True, slots=True, eq=False)
class Lanes:
    """The names that differ between settings, in the order of their rows among the whole numbers and the floats."""

    ints: tuple[str, ...]
    floats: tuple[str, ...]


def differing(body: Sequence[ast.stmt], seeds: Collection[str]) -> frozenset[str]:
    """Return the names that may differ between settings, given those that do from the start."""
    found = set(seeds)
    size = -1
    while size != len(found):
        size = len(found)
        for statement in body:
            _follow(statement, found, diverged=False)
    return frozenset(found)


def settings_innermost(
    body: Sequence[ast.stmt], varying: frozenset[str], fixed: frozenset[str], kinds: Mapping[str, str]
) -> tuple[list[ast.stmt], Lanes]:
    """Return the statements with loops over the lanes, and what stands in the lanes.

    varying: the names that differ between settings; fixed: those of them that keep their value for the whole replay.
    kinds: the kind of every name; of those that begin with `m_` or `s_` the lanes keep the value between events.
    """
    maker = _Maker(varying, fixed, _occurrences(body))
    made = maker.block(body)
    made = [*maker.flags, *made]
    held = {name for name in varying if _is_kept(name)} - UNHELD
    held |= _in_several_loops(made, varying - held - UNHELD)
    lanes = Lanes(
        ints=tuple(sorted(name for name in held if kinds[name] != "float")),
        floats=tuple(sorted(name for name in held if kinds[name] == "float")),
    )
    asking = _Asking(frozenset(held), fixed, kinds)
    placing = _Placing(lanes, kinds)
    return [placing.visit(asking.visit(statement)) for statement in made], lanes


def _follow(node: ast.stmt, found: set[str], *, diverged: bool) -> None:
    match node:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            if name not in COMMON and (diverged or _names(value) & found):
                found.add(name)
        case ast.If():
            inside = diverged or bool(_names(node.test) & found)
            for inner in (*node.body, *node.orelse):
                _follow(inner, found, diverged=inside)
        case ast.While() | ast.For():
            inside = diverged or _differs_in_rounds(node, found)
            if inside and isinstance(node, ast.For):
                found |= _names(node.target)
            for inner in node.body:
                _follow(inner, found, diverged=inside)


def _differs_in_rounds(node: ast.While | ast.For, varying: Collection[str]) -> bool:
    """Tell whether some settings may leave a loop, or a round of it, when others stay."""
    rounds = node.test if isinstance(node, ast.While) else node.iter
    return bool(_names(rounds) & set(varying)) or _leaves(node.body, varying, diverged=False)


def _leaves(body: Iterable[ast.stmt], varying: Collection[str], *, diverged: bool) -> bool:
    """Tell whether statements hold a way out of their loop; with diverged=False, one for some settings only."""
    for node in body:
        if isinstance(node, (ast.Break, ast.Continue)) and diverged:
            return True
        if isinstance(node, ast.If):
            inside = diverged or bool(_names(node.test) & set(varying))
            if _leaves([*node.body, *node.orelse], varying, diverged=inside):
                return True
    return False


class _Maker:
    """Puts loops over the lanes as far inside as what all settings share allows."""

    def __init__(self, varying: frozenset[str], fixed: frozenset[str], occurrences: Mapping[str, int]) -> None:
        self._varying = varying
        self._fixed = fixed
        self._occurrences = occurrences
        self.flags: list[ast.stmt] = []

    def block(self, body: Iterable[ast.stmt]) -> list[ast.stmt]:
        """Return statements that are gone through once an event, with loops over the lanes in them."""
        made: list[ast.stmt] = []
        run: list[ast.stmt] = []
        for node in body:
            if not _names(node) & self._varying:
                if run and (_leaves([node], (), diverged=True) or _written([node]) & _all_names(run)):
                    made += self._over_lanes(run)
                    run = []
                made.append(node)
            elif self._may_repeat(node) and not self._is_better_parted(node):
                run.append(node)
            else:
                made += [*self._over_lanes(run), self._parted(node)]
                run = []
        return made + self._over_lanes(run)

    def _may_repeat(self, node: ast.stmt) -> bool:
        """Tell whether a statement may be gone through once a setting, since it writes nothing that all share.

        A local that is used nowhere else is written anew each time; what lives on would be changed once a setting.
        """
        inside = _occurrences([node])
        shared = _written([node]) - self._varying - COMMON
        own = all(inside[name] == self._occurrences[name] and not _is_kept(name) for name in shared)
        return own and not _leaves([node], (), diverged=True)

    def _is_better_parted(self, node: ast.stmt) -> bool:
        """Tell whether a loop is the same for all settings, with nothing of a setting to carry between its parts."""
        if not isinstance(node, (ast.While, ast.For)) or _differs_in_rounds(node, self._varying):
            return False
        flags = len(self.flags)
        carried = _in_several_loops([self._parted(node)], self._varying)
        del self.flags[flags:]
        return all(_is_kept(name) for name in carried)

    def _parted(self, node: ast.stmt) -> ast.stmt:
        match node:
            case ast.If():
                return ast.If(node.test, self.block(node.body) or [ast.Pass()], self.block(node.orelse))
            case ast.While():
                return ast.While(node.test, self.block(node.body), [])
            case ast.For():
                return ast.For(node.target, node.iter, self.block(node.body), [])
        raise AssertionError(ast.unparse(node))

    def _over_lanes(self, run: list[ast.stmt]) -> list[ast.stmt]:
        """Return one loop over the lanes for all statements, or for each its own below a test that may spare it."""
        spared = [self._spared(node) for node in run]
        if run and all(spared):
            return [one for one in spared if one is not None]
        return [_lane_loop(run)] if run else []

    def _spared(self, node: ast.stmt) -> ast.stmt | None:
        """Return a statement below the part of its test that all settings share, if there is one."""
        if not isinstance(node, ast.If):
            return None
        if not _names(node.test) & self._varying:
            return self._parted(node)
        if node.orelse:
            return None
        conjuncts = node.test.values if isinstance(node.test, ast.BoolOp) and _is_and(node.test) else [node.test]
        shared = [one for one in conjuncts if not _names(one) & self._varying]
        shared += [self._flag(one) for one in conjuncts if self._is_fixed(one)]
        own = [one for one in conjuncts if _names(one) & self._varying]
        return ast.If(_all_of(shared), [_lane_loop([ast.If(_all_of(own), node.body, [])])], []) if shared else None

    def _is_fixed(self, test: ast.expr) -> bool:
        names = _names(test)
        return bool(names) and names <= self._fixed

    def _flag(self, test: ast.expr) -> ast.expr:
        """Return a flag worked out before the walk: whether the test holds for any setting."""
        name = f"any{len(self.flags)}_set"
        self.flags.append(assign(name, ast.Constant(False)))
        self.flags.append(_lane_loop([ast.If(deepcopy(test), [assign(name, ast.Constant(True))], [])]))
        return ast.Name(name, ast.Load())


class _Asking(ast.NodeTransformer):
    """Puts the question whether an event changes anything before every loop over the lanes that is within the walk."""

    def __init__(self, held: frozenset[str], fixed: frozenset[str], kinds: Mapping[str, str]) -> None:
        self._held = held
        self._fixed = fixed
        self._kinds = kinds
        self._walking = False

    def visit_For(self, node: ast.For) -> ast.AST | list[ast.stmt]:
        """Ask before a loop over the lanes; any other loop is what is walked."""
        if not _is_over_lanes(node):
            outside, self._walking = self._walking, True
            self.generic_visit(node)
            self._walking = outside
            return node
        worth_asking = self._walking and sum(isinstance(one, ast.stmt) for one in ast.walk(node)) > SMALL
        question = acts_question(node.body, self._held, self._fixed, self._kinds) if worth_asking else []
        if not question:
            return node
        asked = ast.parse(f"lane_acts[{LANE}] = {ACTS}\nacting += {ACTS}").body
        acting = ast.Compare(ast.Name("acting", ast.Load()), [ast.Gt()], [ast.Constant(0)])
        acts = ast.parse(f"lane_acts[{LANE}] != 0", mode="eval").body
        return [
            assign("acting", ast.Constant(0)),
            _lane_loop([*question, *asked]),
            ast.If(acting, [_lane_loop([ast.If(acts, node.body, [])])], []),
        ]


class _Placing(ast.NodeTransformer):
    """Lets the names that differ stand for their place in the lanes."""

    def __init__(self, lanes: Lanes, kinds: Mapping[str, str]) -> None:
        self._row = {name: ("lane_ints", at) for at, name in enumerate(lanes.ints)}
        self._row |= {name: ("lane_floats", at) for at, name in enumerate(lanes.floats)}
        self._kinds = kinds

    def visit_For(self, node: ast.For) -> ast.stmt:
        """Work out once a lane where what it needs stands: numba takes its time over every addition it reads."""
        if not _is_over_lanes(node):
            self.generic_visit(node)
            return node
        used = sorted(_all_names(node.body) & self._row.keys())
        node.body = [self.visit(statement) for statement in node.body]
        first = [ast.parse(f"{_place(name)} = {self._row[name][1] * BATCH_SIZE} + {LANE}").body[0] for name in used]
        return _lane_loop([*first, *node.body])

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """Replace a name; a truth value is kept as 0 or 1."""
        if node.id == SETTING:
            return ast.Name(LANE, node.ctx)
        if node.id not in self._row:
            return node
        place = ast.Name(_place(node.id), ast.Load())
        held = ast.Subscript(ast.Name(self._row[node.id][0], ast.Load()), place, node.ctx)
        if self._kinds[node.id] == "bool" and isinstance(node.ctx, ast.Load):
            return ast.Compare(held, [ast.NotEq()], [ast.Constant(0)])
        return held

    def visit_Assign(self, node: ast.Assign) -> ast.stmt:
        """Keep a truth value as 0 or 1, and an int that goes into a float lane as a float."""
        [target] = node.targets
        value = self.visit(node.value)
        if isinstance(target, ast.Name) and target.id in self._row and self._kinds[target.id] == "bool":
            value = (
                ast.Constant(1 if value.value else 0)
                if isinstance(value, ast.Constant)
                else ast.IfExp(value, ast.Constant(1), ast.Constant(0))
            )
        return ast.Assign([self.visit(target)], value)


def _place(name: str) -> str:
    return f"{name}_at"


def _lane_loop(body: list[ast.stmt]) -> ast.stmt:
    span = ast.Call(ast.Name("range", ast.Load()), [ast.Name(COUNT, ast.Load())], [])
    return ast.For(ast.Name(LANE, ast.Store()), span, body, [])


def _in_several_loops(body: Sequence[ast.stmt], names: frozenset[str]) -> set[str]:
    """Return the names that are used in more than one loop over the lanes."""
    loops = [node for statement in body for node in ast.walk(statement) if _is_over_lanes(node)]
    seen = Counter(name for loop in loops for name in _names(loop) & names)
    return {name for name, times in seen.items() if times > 1}


def _is_over_lanes(node: ast.AST) -> bool:
    return isinstance(node, ast.For) and isinstance(node.target, ast.Name) and node.target.id == LANE


def _is_kept(name: str) -> bool:
    """Tell whether a name is one of the market's or of the strategy's, which live from one event to the next."""
    return name.startswith(("m_", "s_"))


def _is_and(test: ast.BoolOp) -> bool:
    return isinstance(test.op, ast.And)


def _all_of(tests: list[ast.expr]) -> ast.expr:
    return tests[0] if len(tests) == 1 else ast.BoolOp(ast.And(), tests)


def _names(node: ast.AST) -> set[str]:
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}


def _all_names(body: Iterable[ast.stmt]) -> set[str]:
    return {name for node in body for name in _names(node)}


def _written(body: Iterable[ast.stmt]) -> set[str]:
    """Return the names that statements assign, and the columns they write into."""
    found: set[str] = set()
    for statement in body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                found.add(node.id)
            elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
                found |= {name for name in _names(node.value) if not name.startswith("m_fill_")}
    return found


def _occurrences(body: Iterable[ast.stmt]) -> Counter[str]:
    return Counter(node.id for statement in body for node in ast.walk(statement) if isinstance(node, ast.Name))
