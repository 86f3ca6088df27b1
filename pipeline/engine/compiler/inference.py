"""Infers what each name of a flat loop can be: int, float or bool, and in which interval its whole numbers lie.

A name that is a float may also have been given whole numbers, which Python would keep as such: it has an interval too.
"""

from __future__ import annotations

import ast
import math
import operator
from functools import reduce
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from pipeline.engine.compiler.checks import EXACT, MOST, definitions, returned
from pipeline.engine.compiler.parts import statements_in
from pipeline.engine.rules.replay_state import NO_DAY
from pipeline.ticks import MOST_VOLUME
from pipeline.times import DAY, FARTHEST_DAY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pipeline.settings import Parameter

Span: TypeAlias = "tuple[int, int] | None"
"""The least and the largest whole number; None for what is always a float, least above largest for what is nothing."""

Giving: TypeAlias = "ast.Assign | ast.For"
"""A statement that gives a name a value."""

ORDER: Final = ("bool", "int", "float")
NOTHING: Final = (0, -1)
WHOLE: Final = (-MOST - 1, MOST)
FLOATS: Final = (-EXACT, EXACT)
COUNT: Final = (0, 2**40)

OF_MARKET: Final = {
    **dict.fromkeys(("day", "last_day"), (-FARTHEST_DAY, FARTHEST_DAY)),
    **dict.fromkeys(("now", "day_start", "flat_day"), (NO_DAY, -NO_DAY)),
    **dict.fromkeys(("time_of_day", "continuous_opens", "continuous_closes", "auction_prints"), (0, DAY)),
    **dict.fromkeys(("event", "fills", "session_rows", "bid_count", "ask_count", "trade_count", "kind"), COUNT),
    "phase": (0, 6),
    **dict.fromkeys(("volume", "bid_size", "ask_size", "open_size", "close_size"), (0, MOST_VOLUME)),
    **dict.fromkeys(("bid_remaining", "ask_remaining", "bid_sent_size", "ask_sent_size"), (0, EXACT)),
    "position": (-(2**62), 2**62),
}
"""What fields of the market can be; `Buffers` refuses ticks of days, and fills to a position, that lie beyond."""

MOST_STEPS: Final = 2 * COUNT[1]
"""How often a statement outside the user's loops is gone through: the market lets a strategy act twice an event."""

ROUNDS: Final = 6
LARGEST_POWER: Final = 8
ARITHMETIC: Final[Mapping[type, Callable[[int, int], int]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
}
OF_MATH: Final = {
    **dict.fromkeys(("floor", "ceil", "trunc"), "int"),
    **dict.fromkeys(("isnan", "isinf", "isfinite"), "bool"),
}


class Number(NamedTuple):
    """What an expression can be: its kind, and the interval of its whole numbers before it would leave 64 bits."""

    kind: str
    span: Span


UNSET: Final = Number("bool", NOTHING)


def kinds_of(body: Sequence[ast.stmt], declared: Mapping[str, Number]) -> dict[str, Number]:
    """Return every name with its kind, the one declared or the widest that it is given, and no interval yet."""
    names = {name: Number(number.kind, NOTHING) for name, number in declared.items()}
    statements = givings(body)
    settled = False
    while not settled:
        settled = True
        for node in statements:
            name, value = given_name(node), given_number(node, names)
            if name not in declared and (name not in names or is_wider(value.kind, names[name].kind)):
                names[name] = Number(value.kind, NOTHING)
                settled = False
    return names


def numbers_of(
    body: Sequence[ast.stmt], kinds: Mapping[str, Number], declared: Mapping[str, Number]
) -> dict[str, Number]:
    """Return what every name can be: of those declared with an interval that one, else what it is given."""
    spans = {name: number.span for name, number in declared.items() if number.span != NOTHING}
    steps: dict[str, tuple[int, int]] = {}
    others = []
    for node in givings(body):
        name = given_name(node)
        if name in spans or not isinstance(node.target if isinstance(node, ast.For) else node.targets[0], ast.Name):
            continue
        if (step := _step(node)) is None:
            others.append((name, node))
        else:
            low, high = steps.get(name, (0, 0))
            steps[name] = (low + min(step, 0) * MOST_STEPS, high + max(step, 0) * MOST_STEPS)
    starts: dict[str, Span] = {}
    names = {name: Number(number.kind, spans.get(name, NOTHING)) for name, number in kinds.items()}
    for number in range(1_000):
        settled = True
        for name, node in others:
            limit = FLOATS if names[name].kind == "float" else WHOLE
            grown = within(joined(starts.get(name, NOTHING), given_number(node, names).span), limit)
            if name not in starts or grown != starts[name]:
                starts[name] = _widened(starts.get(name), grown, limit) if number > ROUNDS else grown
                span = within(of_operator(ast.Add(), starts[name], steps.get(name, (0, 0))), limit)
                names[name] = Number(names[name].kind, span)
                settled = False
        if settled:
            break
    return names


def givings(body: Sequence[ast.stmt]) -> list[Giving]:
    """Return all that gives a name a value."""
    return [node for node in statements_in(body) if isinstance(node, (ast.Assign, ast.For))]


def given_name(node: Giving) -> str:
    """Return the name that is given a value, or whose column."""
    target = node.target if isinstance(node, ast.For) else node.targets[0]
    named = target.value if isinstance(target, ast.Subscript) else target
    assert isinstance(named, ast.Name)  # noqa: S101 - the subset has no other
    return named.id


def given_number(node: Giving, names: Mapping[str, Number]) -> Number:
    """Return what the value can be that a name is given."""
    if isinstance(node, ast.Assign):
        return number_of(node.value, names)
    assert isinstance(node.iter, ast.Call)  # noqa: S101 - the subset has no other
    bounds = [number_of(bound, names).span or WHOLE for bound in node.iter.args[:2]]
    return Number("int", joined(bounds[0], bounds[1] if len(bounds) > 1 else (0, 0)))


def _step(node: Giving) -> int | None:
    """Return the number by which a name counts, outside the user's loops."""
    match node:
        case ast.Assign(
            targets=[ast.Name(id=name)],
            value=ast.BinOp(ast.Name(id=left), ast.Add() | ast.Sub() as op, ast.Constant(int(step))),
        ) if left == name and not hasattr(node, "repeated"):
            return -step if isinstance(op, ast.Sub) else step
    return None


def parameter_span(parameter: Parameter) -> Span:
    """Return the interval of a parameter as the strategy holds it, which is 0 where it is null."""
    if parameter.kind == "text":
        return WHOLE
    if parameter.kind != "int":
        return None if parameter.kind == "float" else (0, 1)
    least = WHOLE[0] if parameter.minimum is None else math.floor(parameter.minimum * parameter.scale)
    if parameter.above is not None:
        least = max(least, math.floor(parameter.above * parameter.scale))
    most = WHOLE[1] if parameter.maximum is None else math.ceil(parameter.maximum * parameter.scale)
    return within((min(least, 0), max(most, 0)) if parameter.optional else (least, most), WHOLE)


def number_of(node: ast.expr, names: Mapping[str, Number]) -> Number:  # noqa: C901, PLR0911, PLR0912 - one arm an expression
    """Return what an expression can be, given what its names can be."""
    match node:
        case ast.Constant(value=float()):
            return Number("float", None)
        case ast.Constant(value=bool() | int() as value):
            return Number(type(value).__name__, (int(value), int(value)))
        case ast.Name(id=name):
            return names.get(name, UNSET)
        case ast.Subscript(value=column):
            return _unbounded(number_of(column, names).kind)
        case ast.Compare() | ast.UnaryOp(op=ast.Not()):
            return Number("bool", (0, 1))
        case ast.UnaryOp(op=op, operand=operand):
            number = number_of(operand, names)
            return Number(widest(number.kind, "int"), of_sign(op, number.span))
        case ast.BinOp(left=left, op=op, right=right):
            first, second = number_of(left, names), number_of(right, names)
            span = of_operator(op, first.span, second.span)
            return Number("float" if span is None else widest(first.kind, second.kind, "int"), span)
        case ast.BoolOp(values=values):
            numbers = [number_of(value, names) for value in values]
            return Number(widest(*(number.kind for number in numbers)), reduce(joined, (n.span for n in numbers)))
        case ast.IfExp(body=yes, orelse=no):
            first, second = number_of(yes, names), number_of(no, names)
            kind = widest(first.kind, second.kind)
            choose = None if kind == "float" else getattr(node, "chooses", None)
            return Number(kind, _of_choice(choose, first.span, second.span))
        case ast.Call(func=ast.Name(id="abs" | "int" | "round" as name), args=[value, *digits]):
            number = number_of(value, names)
            if name == "abs":
                return Number(widest(number.kind, "int"), _absolute(number.span))
            if number.kind != "float":
                return Number("int", number.span)
            return Number("float", number.span) if digits else _unbounded("int")
        case ast.Call(func=ast.Name(id=name)) if name in definitions():
            return _unbounded(returned(name))
        case ast.Call(func=ast.Attribute(attr=function)):
            return _unbounded(OF_MATH.get(function, "float"))
    return _unbounded("float")


def _unbounded(kind: str) -> Number:
    return Number(kind, None if kind == "float" else WHOLE)


def widest(*kinds: str) -> str:
    """Return the kind of what may be any of these."""
    return max(kinds, key=ORDER.index)


def is_wider(kind: str, wanted: str) -> bool:
    """Tell whether a value of a kind would change one of the kind wanted."""
    return ORDER.index(kind) > ORDER.index(wanted)


def of_operator(op: ast.operator, left: Span, right: Span) -> Span:  # noqa: C901, PLR0911, PLR0912 - an operator a line
    """Return the interval of an operation on whole numbers; None when one of them is always a float."""
    if left is None or right is None or isinstance(op, ast.Div):
        return None
    if NOTHING in (left, right):
        return NOTHING
    sides = max(map(abs, left)), max(map(abs, right))
    positive = left[0] >= 0 and right[0] >= 0
    match op:
        case ast.Add() | ast.Sub() | ast.Mult():
            ends = [ARITHMETIC[type(op)](end, other) for end in left for other in right]
            return min(ends), max(ends)
        case ast.Pow() if right[1] < 0:
            return None
        case ast.Pow() if right[0] < 0 or right[1] > LARGEST_POWER:
            return WHOLE[0] * 2, WHOLE[1] * 2
        case ast.Pow():
            return -(sides[0] ** right[1]) if left[0] < 0 else 0, sides[0] ** right[1]
        case ast.FloorDiv():
            return 0 if positive else -sides[0], sides[0]
        case ast.Mod():
            return 0 if right[0] >= 0 else -sides[1], min(sides) if positive else sides[1]
        case ast.BitAnd() if left[0] >= 0 or right[0] >= 0:
            return 0, min(high for low, high in (left, right) if low >= 0)
        case ast.BitOr() | ast.BitXor() if positive:
            return 0, 2 ** max(sides).bit_length() - 1
        case ast.LShift() if right[0] >= 0 and right[1] < 64:  # noqa: PLR2004 - bits
            return min(left[0] << right[1], 0), max(left[1] << right[1], 0)
        case ast.RShift():
            return min(left[0], 0), max(left[1], 0)
        case ast.LShift():
            return WHOLE[0] * 2, WHOLE[1] * 2
    return WHOLE


def is_small_power(exponent: ast.expr) -> bool:
    """Tell whether a power is one of few factors, which a whole number may be raised to as well."""
    return isinstance(exponent, ast.Constant) and type(exponent.value) is int and 1 <= exponent.value <= LARGEST_POWER


def joined(left: Span, right: Span) -> Span:
    """Return the interval of what is one or the other."""
    if left is None or left == NOTHING:
        return None if left is None and right == NOTHING else right
    if right is None or right == NOTHING:
        return left
    return min(left[0], right[0]), max(left[1], right[1])


def within(span: Span, limit: tuple[int, int]) -> Span:
    """Return an interval cut to a limit."""
    return span if span is None or span == NOTHING else (max(span[0], limit[0]), min(span[1], limit[1]))


def inside(span: Span, limit: tuple[int, int]) -> bool:
    """Tell whether an interval lies inside a limit; what is always a float does."""
    return span is None or within(span, limit) == span


def _widened(old: Span, grown: Span, limit: tuple[int, int]) -> Span:
    """Return an interval that grew once too often, each end that moved at its limit."""
    if old is None or grown is None:
        return grown
    return grown[0] if grown[0] == old[0] else limit[0], grown[1] if grown[1] == old[1] else limit[1]


def _of_choice(choose: str | None, left: Span, right: Span) -> Span:
    """Return what `a if a < b else b` can be, where `min` and `max` say so."""
    if choose is None or left is None or right is None or NOTHING in (left, right):
        return joined(left, right)
    least_or_most = min if choose == "min" else max
    return least_or_most(left[0], right[0]), least_or_most(left[1], right[1])


def of_sign(op: ast.unaryop, span: Span) -> Span:
    """Return the interval of `-`, `~` or `+` of whole numbers."""
    if span is None or span == NOTHING or isinstance(op, ast.UAdd):
        return span
    return (-span[1], -span[0]) if isinstance(op, ast.USub) else (~span[1], ~span[0])


def _absolute(span: Span) -> Span:
    if span is None or span == NOTHING:
        return span
    ends = abs(span[0]), abs(span[1])
    return 0 if span[0] <= 0 <= span[1] else min(ends), max(ends)
