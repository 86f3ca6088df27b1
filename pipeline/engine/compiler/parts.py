"""The two objects a loop is made from, the scope of a method being inlined, and what is said when it cannot be."""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from pipeline.engine.compiler.suggest import suggestion
from pipeline.errors import NotCompilable, StrategyError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

SUBSET: Final = (
    "The compiled engine takes assignments, if, while, for over range, arithmetic, comparisons, "
    "min, max, abs, int, float, round, and what `math` asks the C library for; "
    "anything else runs as plain Python, unless --engine compiled is asked for."
)


_LIKE_A_FIELD: Final = re.compile(r"^([ms]x*)_")
_WITH_X: Final = r"\1x_"

MARKET: Final = "the market"
NOT_CALLED: Final = "`{0}` is not called; write `{0}(...)`."
STRATEGY: Final = "s_"
"""What the locals that stand for a strategy's fields begin with."""


@dataclass(frozen=True, slots=True, eq=False)
class Method:
    """A function's definition, what its free names mean, its file, and which of its class's bases defines it."""

    definition: ast.FunctionDef
    names: Mapping[str, Any]
    file: str
    base: int = 0

    def error(self, node: ast.expr | ast.stmt, why: str) -> StrategyError:
        """Return an error that names the file and the line of a node."""
        return StrategyError(f"{self.file}, line {node.lineno}: {why}")

    def refusal(self, node: ast.expr | ast.stmt, why: str | None = None) -> NotCompilable:
        """Return an error for what lies outside the subset, which it states."""
        why = why or f"`{ast.unparse(node).splitlines()[0]}` is outside what can be compiled."
        return NotCompilable(f"{self.file}, line {node.lineno}: {why}", SUBSET)


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One of the objects a loop is made from: the strategy, its market, or a side of that.

    prefix: what the locals that stand for its fields begin with; aliases: those of another name. actions: the methods
    the other part may call. constants: fields that keep one value in this loop. hidden: fields the other part may not
    see. others: names that Python would find and a loop does not hold. indexed: the column that `part[i]` means, or "".
    words: fields that are words.
    """

    prefix: str
    label: str
    scalars: frozenset[str]
    methods: Mapping[str, Method]
    columns: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()
    frozen: frozenset[str] = frozenset()
    actions: frozenset[str] = frozenset()
    links: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, bool | int] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()
    others: frozenset[str] = frozenset()
    aliases: Mapping[str, str] = field(default_factory=dict)
    indexed: str = ""
    words: frozenset[str] = frozenset()

    def local(self, name: str) -> ast.Name:
        """Return the local that stands for a field."""
        return ast.Name(self.aliases.get(name, self.prefix + name), ast.Load())


@dataclass(slots=True, eq=False)
class Scope:
    """What the names of one method being inlined stand for, and how its body is left."""

    method: Method
    names: dict[str, ast.expr]
    parts: dict[str, Part]
    owner: Part | None
    number: int
    result: str | None
    loops: int = 0
    left_early: str | None = None
    needs_way_out: bool = False

    @property
    def of_strategy(self) -> bool:
        """Whether this is a user's text, which is checked, and not the engine's own."""
        return self.owner is not None and self.owner.prefix == STRATEGY

    def error(self, node: ast.expr | ast.stmt, why: str) -> StrategyError:
        """Return an error that names the file and the line of a node."""
        return self.method.error(node, why)

    def refusal(self, node: ast.expr | ast.stmt, why: str | None = None) -> NotCompilable:
        """Return an error for what lies outside the subset, which it states."""
        return self.method.refusal(node, why)


SOURCE: Final = "__source__"
"""Where a module keeps its own text when that is not, or not any more, in its file."""


def source_of(module: Any) -> str:
    """Return the text that a module was made from; raises OSError where there is none."""
    return vars(module).get(SOURCE) or inspect.getsource(module)


FAILED: Final = "m_failed"
"""The column of the market in whose one cell a line is noted that would have raised an exception."""

LINES_A_FILE: Final = 1_000_000


def line_number(method: Method, line: int) -> int:
    """Return one number for a line of a method's file, by which `file_and_line` finds it again."""
    return method.base * LINES_A_FILE + line


def file_and_line(strategy: type, number: int) -> str:
    """Return the file and line that `line_number` made a number of."""
    base, line = divmod(number, LINES_A_FILE)
    return f"{sys.modules[strategy.__mro__[base].__module__].__file__}, line {line}"


def own_local(name: str, number: int) -> str:
    """Return the local that stands for a name of one method, by the number of the method's text in the loop.

    It begins as no field of the market or of the strategy does.
    """
    return f"{_LIKE_A_FIELD.sub(_WITH_X, name)}_{number}"


def assign(name: str, value: ast.expr) -> ast.stmt:
    """Return the statement `name = value`."""
    return ast.Assign([ast.Name(name, ast.Store())], value)


def statements_in(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield statements and all within them: of each the outer before the inner."""
    for statement in body:
        level = [statement]
        while level:
            yield from level
            level = [inner for node in level for part in ("body", "orelse") for inner in getattr(node, part, ())]


def names_in(*nodes: ast.AST) -> set[str]:
    """Return the names that stand in expressions or statements."""
    return set(_each_name(nodes))


def occurrences(nodes: Iterable[ast.AST]) -> Counter[str]:
    """Return how often each name stands in expressions or statements."""
    return Counter(_each_name(nodes))


def _each_name(nodes: Iterable[ast.AST]) -> list[str]:
    """Return each name as often as it stands; `ast.walk` takes three times as long."""
    names: list[str] = []
    left = list(nodes)
    while left:
        node = left.pop()
        if isinstance(node, ast.Name):
            names.append(node.id)
            continue
        for value in vars(node).values():
            if isinstance(value, ast.AST):
                left.append(value)
            elif isinstance(value, list):
                left += [inner for inner in value if isinstance(inner, ast.AST)]
    return names


def copied(node: Any) -> Any:
    """Return a copy of a tree with all that is noted on its nodes, in a fifth of the time of `copy.deepcopy`."""
    if isinstance(node, list):
        return [copied(inner) for inner in node]
    if not isinstance(node, ast.AST):
        return node
    twin = type(node)()
    twin.__dict__ = {name: copied(value) for name, value in vars(node).items()}
    return twin


def conjuncts_of(test: ast.expr) -> Sequence[ast.expr]:
    """Return the tests that all have to hold for a test to hold."""
    return test.values if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And) else [test]


def all_of(tests: Sequence[ast.expr]) -> ast.expr:
    """Return the test that holds where all of these, which are at least one, do."""
    return tests[0] if len(tests) == 1 else ast.BoolOp(ast.And(), [*tests])


def wrong_kind(where: str, action: str, parameter: str, kind: str) -> StrategyError:
    """Return an error for an action's argument that is to be a whole number."""
    return StrategyError(f"{where}: {action} takes {parameter} as int and would be given a {kind}; write int(...).")


def unknown_field(node: ast.Attribute, part: Part, scope: Scope) -> StrategyError:
    """Return an error for a field that a part does not have, with the nearest one it has."""
    if node.attr in part.others:
        why = f"{part.label}.{node.attr} is no number that the class declares as a field."
        if node.attr in part.links:
            why = f"`{ast.unparse(node)}` is several numbers; a loop asks it for one, by an index or a name."
        return scope.refusal(node, why)
    if node.attr in (part.actions or part.methods):
        return scope.error(node, NOT_CALLED.format(ast.unparse(node)))
    known = sorted((part.scalars - part.hidden) | (part.actions or part.methods.keys()))
    return scope.error(node, has_no(part.label, node.attr, known))


def has_no(label: str, name: str, known: Collection[str], *, called: bool = False) -> str:
    """Say that a part has no such name, with the one that was meant, or with how to declare it."""
    if label == MARKET:
        return f"{label} has no '{name}'.{suggestion(name, known, of_market=True)}"
    hint = f" Declare what is to be remembered in the class, as in `{name}: float = 0.0`."
    hint = f" Write it as a method: `def {name}(self, ...)`." if called else hint
    hint = f" It has {', '.join(sorted(known))}." if label.endswith(",") else hint
    return f"{label} has no '{name}'.{suggestion(name, known, of_market=False) or hint}"


def keeps(method: Method, parameter: str) -> bool:
    """Tell whether a name is a parameter of a method, which gives it no other value."""
    return parameter in _kept(method.definition)


@cache
def _kept(definition: ast.FunctionDef) -> set[str]:
    names = (node for node in ast.walk(definition) if isinstance(node, ast.Name))
    stored = {node.id for node in names if isinstance(node.ctx, ast.Store)}
    return {argument.arg for argument in definition.args.args} - stored


def repeat(body: Iterable[ast.stmt]) -> None:
    """Mark what may be done any number of times an event."""
    for node in (inner for statement in body for inner in ast.walk(statement)):
        if isinstance(node, ast.Assign):
            node.repeated = True  # type: ignore[attr-defined]


def mark_lines(node: ast.AST, scope: Scope, line: int) -> None:
    """Note the line that statements and choices were made of, where it is not noted yet, as it is below such nodes."""
    if hasattr(node, "origin"):
        return
    for inner in ast.iter_child_nodes(node):
        mark_lines(inner, scope, line)
    if isinstance(node, (ast.stmt, ast.IfExp)):
        node.origin = (scope.method.file, line)  # type: ignore[union-attr]
        if scope.of_strategy and not hasattr(node, "line"):
            node.line = line_number(scope.method, line)  # type: ignore[union-attr]
