"""Infers for every name of a flat loop the interval of the whole numbers that it can be.

A name that is a float may also have been given whole numbers, which Python would keep as such: it has an interval too.
"""

from __future__ import annotations

import ast
import math
import operator
from typing import TYPE_CHECKING, Final, TypeAlias

from pipeline.engine.compiler.checks import EXACT, MOST
from pipeline.engine.compiler.kinds import kind_of
from pipeline.engine.rules.replay_state import NO_DAY
from pipeline.ticks import MOST_VOLUME
from pipeline.times import DAY, FARTHEST_DAY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pipeline.settings import Parameter

Span: TypeAlias = "tuple[int, int] | None"
"""The least and the largest whole number; None for what is always a float, least above largest for what is nothing."""

NOTHING: Final = (0, -1)
WHOLE: Final = (-MOST - 1, MOST)
FLOATS: Final = (-EXACT, EXACT)
COUNT: Final = (0, 2**40)

OF_MARKET: Final = {
    **dict.fromkeys(("day", "last_day"), (-FARTHEST_DAY, FARTHEST_DAY)),
    **dict.fromkeys(("now", "day_start", "flat_day"), (NO_DAY, -NO_DAY)),
    **dict.fromkeys(("time_of_day", "continuous_opens", "continuous_closes", "auction_prints"), (0, DAY)),
    **dict.fromkeys(("event", "fills", "session_rows", "bid_count", "ask_count", "trade_count", "kind"), COUNT),
    **dict.fromkeys(("volume", "bid_size", "ask_size"), (0, MOST_VOLUME)),
    **dict.fromkeys(("bid_remaining", "ask_remaining", "bid_sent_size", "ask_sent_size"), (0, EXACT)),
    "position": (-(2**62), 2**62),
}
"""What fields of the market can be; `Buffers` refuses ticks of days, and fills to a position, that lie beyond."""

MOST_STEPS: Final = 2 * COUNT[1]
"""How often a statement outside the user's loops is gone through: the market lets a strategy act twice an event."""

ROUNDS: Final = 6
ARITHMETIC: Final[Mapping[type, Callable[[int, int], int]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
}


def spans_of(
    assignments: Sequence[ast.Assign | ast.For], kinds: Mapping[str, str], given: Mapping[str, Span]
) -> dict[str, Span]:
    """Return the interval of every name that is assigned, and of those given, which keep theirs."""
    steps: dict[str, tuple[int, int]] = {}
    others = []
    for node in assignments:
        name, step = _step(node)
        if step is None:
            others.append((name, node))
        else:
            low, high = steps.get(name, (0, 0))
            steps[name] = (low + min(step, 0) * MOST_STEPS, high + max(step, 0) * MOST_STEPS)
    starts: dict[str, Span] = {}
    spans = dict(given)
    for number in range(1_000):
        settled = True
        for name, node in others:
            if not name or name in given:
                continue
            found = (
                of_range(node.iter, kinds, spans) if isinstance(node, ast.For) else span_of(node.value, kinds, spans)
            )
            limit = FLOATS if kinds.get(name) == "float" else WHOLE
            grown = within(joined(starts.get(name, NOTHING), found), limit)
            if name not in spans or grown != starts[name]:
                starts[name] = _widened(starts.get(name), grown, limit) if number > ROUNDS else grown
                spans[name] = within(of_operator(ast.Add(), starts[name], steps.get(name, (0, 0))), limit)
                settled = False
        if settled:
            break
    return spans


def _step(node: ast.Assign | ast.For) -> tuple[str, int | None]:
    """Return the name assigned, if it is one, and the number by which it counts, outside the user's loops."""
    target = node.target if isinstance(node, ast.For) else node.targets[0]
    name = target.id if isinstance(target, ast.Name) else ""
    match node:
        case ast.Assign(value=ast.BinOp(left=ast.Name(id=left), op=op, right=ast.Constant(value=int(step)))) if (
            left == name and not hasattr(node, "repeated")
        ):
            if isinstance(op, (ast.Add, ast.Sub)):
                return name, -step if isinstance(op, ast.Sub) else step
    return name, None


def parameter_span(parameter: Parameter) -> Span:
    """Return the interval of a parameter as the strategy holds it, which is 0 where it is null."""
    if parameter.kind != "int":
        return None if parameter.kind == "float" else (0, 1)
    least = WHOLE[0] if parameter.minimum is None else math.floor(parameter.minimum * parameter.scale)
    if parameter.above is not None:
        least = max(least, math.floor(parameter.above * parameter.scale))
    most = WHOLE[1] if parameter.maximum is None else math.ceil(parameter.maximum * parameter.scale)
    return within((min(least, 0), max(most, 0)) if parameter.optional else (least, most), WHOLE)


def of_range(call: ast.expr, kinds: Mapping[str, str], spans: Mapping[str, Span]) -> Span:
    """Return the interval of a loop's variable."""
    assert isinstance(call, ast.Call)  # noqa: S101 - the subset has no other
    bounds = [span_of(node, kinds, spans) or WHOLE for node in call.args[:2]]
    return joined(bounds[0], bounds[1] if len(bounds) > 1 else (0, 0))


def span_of(node: ast.expr, kinds: Mapping[str, str], spans: Mapping[str, Span]) -> Span:  # noqa: C901, PLR0911, PLR0912 - one arm an expression
    """Return the interval of an expression, before it would be an error to leave 64 bits."""
    match node:
        case ast.Constant(value=float()):
            return None
        case ast.Constant(value=value):
            return int(value), int(value)  # type: ignore[arg-type]
        case ast.Name(id=name):
            return spans.get(name, NOTHING)
        case ast.Subscript():
            return None if kind_of(node, kinds) == "float" else WHOLE
        case ast.Compare() | ast.UnaryOp(op=ast.Not()):
            return 0, 1
        case ast.UnaryOp(op=op, operand=operand):
            found = span_of(operand, kinds, spans)
            if found is None or found == NOTHING or isinstance(op, ast.UAdd):
                return found
            return (-found[1], -found[0]) if isinstance(op, ast.USub) else (~found[1], ~found[0])
        case ast.BinOp(left=left, op=op, right=right):
            return of_operator(op, span_of(left, kinds, spans), span_of(right, kinds, spans))
        case ast.BoolOp(values=values):
            return _all_joined([span_of(value, kinds, spans) for value in values])
        case ast.IfExp(body=yes, orelse=no):
            both = span_of(yes, kinds, spans), span_of(no, kinds, spans)
            return joined(*both) if kind_of(node, kinds) == "float" else _of_choice(node, *both)
        case ast.Call(func=ast.Name(id="abs"), args=[value]):
            found = span_of(value, kinds, spans)
            return found if found in (None, NOTHING) else _absolute(*found)
        case ast.Call(func=ast.Name(id=name), args=[value, *_]) if name in ("int", "round"):
            is_float = kind_of(value, kinds) == "float"
            return WHOLE if is_float and kind_of(node, kinds) == "int" else span_of(value, kinds, spans)
        case ast.Call():
            return None if kind_of(node, kinds) == "float" else WHOLE
    return WHOLE


def of_operator(op: ast.operator, left: Span, right: Span) -> Span:  # noqa: C901, PLR0911 - an operator a line
    """Return the interval of an operation on whole numbers; None when one of them is always a float."""
    if left is None or right is None or isinstance(op, ast.Div):
        return None
    if NOTHING in (left, right):
        return NOTHING
    sides = max(map(abs, left)), max(map(abs, right))
    positive = left[0] >= 0 and right[0] >= 0
    match op:
        case ast.Add() | ast.Sub() | ast.Mult():
            ends = [ARITHMETIC[type(op)](one, other) for one in left for other in right]
            return min(ends), max(ends)
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


def joined(one: Span, other: Span) -> Span:
    """Return the interval of what is one or the other."""
    if one is None or one == NOTHING:
        return None if one is None and other == NOTHING else other
    if other is None or other == NOTHING:
        return one
    return min(one[0], other[0]), max(one[1], other[1])


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


def _all_joined(spans: Sequence[Span]) -> Span:
    found = spans[0]
    for span in spans[1:]:
        found = joined(found, span)
    return found


def _of_choice(node: ast.IfExp, one: Span, other: Span) -> Span:
    """Return what `a if a < b else b` can be, where `min` and `max` say so."""
    least = getattr(node, "chooses", None)
    if least is None or one is None or other is None or NOTHING in (one, other):
        return joined(one, other)
    choose = min if least == "min" else max
    return choose(one[0], other[0]), choose(one[1], other[1])


def _absolute(low: int, high: int) -> Span:
    return 0 if low <= 0 <= high else min(abs(low), abs(high)), max(abs(low), abs(high))
