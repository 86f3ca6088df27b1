"""Emits LLVM's text for loops that gather the answers to one question as the bits of a number: eight rows at once.

Such a loop is `for row in range(first << 3, end << 3)`. Its statements are assignments, the last of them
`bits = bits | answer << row`; elements that it reads stand at a number plus the row. Python runs it as it
stands, and so does machine code where eight rows cannot be taken at once.
"""

from __future__ import annotations

import ast
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from pipeline.native.kinds import BITS, TYPES, Kind, joined
from pipeline.native.values import ARITHMETIC, COMPARISONS, Expressions, Value

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

AT_ONCE: Final = 8
"""A processor's vectors hold as many numbers, or half of them."""

NOT_UNROLLED: Final = '!0 = distinct !{!0, !1}\n!1 = !{!"llvm.loop.unroll.disable"}'
"""What the module says of these loops, which have few rounds."""


class _NotTogetherError(Exception):
    """A loop does what eight rows cannot do at once."""


class Lanes(Expressions):
    """What the loops of one function become that gather bits.

    `_row`: the name of the first of eight rows. `_lanes`: what other names of the loop are in each, where that differs.
    """

    _row: str
    _lanes: dict[str, Value]

    def _gathered(self, row: str, bounds: Sequence[ast.expr], body: Sequence[ast.stmt]) -> bool:
        """Emit a loop that gathers bits; tell whether it is one that can be."""
        match body[-1]:
            case ast.Assign(
                targets=[ast.Name(id=bits)],
                value=ast.BinOp(ast.Name(id=so_far), ast.BitOr(), ast.BinOp(answer, ast.LShift(), ast.Name(id=by))),
            ) if (so_far, by) == (bits, row) and all(map(_is_of_eights, bounds)):
                lines, block, ended = len(self._lines), self._block, self._ended
                try:
                    self._eight_by_eight(row, bounds, body[:-1], answer, bits)
                except _NotTogetherError:
                    del self._lines[lines:]
                    self._block, self._ended = block, ended
                    return False
                return True
        return False

    def _eight_by_eight(
        self, row: str, bounds: Sequence[ast.expr], body: Sequence[ast.stmt], answer: ast.expr, bits: str
    ) -> None:
        self._row, self._lanes = row, {}
        first, end = (self._as("int", self._value(bound)) for bound in bounds)
        with self._rounds(row, first, end, str(AT_ONCE), ", !llvm.loop !0") as (at, _, _):
            for node in body:
                self._assigned_together(node)
            answers = self._lane_as("bool", self._lane(answer))
            byte = self._new(f"bitcast <{AT_ONCE} x i1> {answers} to i{AT_ONCE}")
            moved = self._new(f"shl i64 {self._new(f'zext i{AT_ONCE} {byte} to i64')}, {at}")
            gathered = self._new(f'load i64, ptr %"{bits}"')
            self._emit(f'store i64 {self._new(f"or i64 {gathered}, {moved}")}, ptr %"{bits}"')

    @contextmanager
    def _rounds(self, name: str, first: str, last: str, step: str, note: str = "") -> Iterator[tuple[str, str, str]]:
        """Emit a loop around what is emitted within: yield its number, and the labels of the next round and the end."""
        before, test, inside, again, after = (*(self._label() for _ in range(5)),)
        at, following = f"%at{self._count}", f"%next{self._count}"
        self._jump(before)
        self._begin(before)
        self._jump(test)
        self._begin(test)
        self._emit(f"{at} = phi i64 [ {first}, %{before} ], [ {following}, %{again} ]")
        goes_on = self._new(f"icmp slt i64 {at}, {last}")
        if not step.isdecimal():
            down = self._new(f"icmp sgt i64 {at}, {last}")
            rising = self._new(f"icmp sgt i64 {step}, 0")
            goes_on = self._new(f"select i1 {rising}, i1 {goes_on}, i1 {down}")
        self._emit(f"br i1 {goes_on}, label %{inside}, label %{after}")
        self._begin(inside)
        self._emit(f'store i64 {at}, ptr %"{name}"')
        yield at, again, after
        self._jump(again)
        self._begin(again)
        self._emit(f"{following} = add nsw i64 {at}, {step}")
        self._emit(f"br label %{test}{note}")
        self._begin(after)

    def _assigned_together(self, node: ast.stmt) -> None:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if self._is_same(value):
                kind = self._kinds[name]
                self._emit(f'store {TYPES[kind]} {self._as(kind, self._value(value))}, ptr %"{name}"')
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                self._lanes[name] = self._lane(value)
            case _:
                raise _NotTogetherError

    def _is_same(self, node: ast.expr) -> bool:
        """Tell whether an expression is the same for all rows."""
        names = {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}
        return names.isdisjoint(self._lanes) and self._row not in names

    def _lane(self, node: ast.expr) -> Value:  # noqa: PLR0911 - one arm a kind of expression
        """Return what an expression is in each of eight rows."""
        if self._is_same(node):
            return self._spread(self._value(node))
        match node:
            case ast.Name(id=name) if name in self._lanes:
                return self._lanes[name]
            case ast.Subscript(slice=ast.BinOp(ast.Constant(), ast.Add(), ast.Name(id=name))) if name == self._row:
                return self._loaded_together(node)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                truth, true = self._lane_as("bool", self._lane(operand)), self._spread(("bool", "true"))[1]
                return "bool", self._new(f"xor {_of_eight('bool')} {truth}, {true}")
            case ast.BinOp(left=left, op=op, right=right):
                return self._together(type(op), self._lane(left), self._lane(right))
            case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in COMPARISONS:
                return self._compared_together(type(op), self._lane(left), self._lane(right))
            case ast.IfExp(test=test, body=body, orelse=orelse):
                truth, yes, no = self._lane_as("bool", self._lane(test)), self._lane(body), self._lane(orelse)
                kind = joined(yes[0], no[0])
                either = ", ".join(f"{_of_eight(kind)} {self._lane_as(kind, one)}" for one in (yes, no))
                return kind, self._new(f"select {_of_eight('bool')} {truth}, {either}")
        raise _NotTogetherError

    def _loaded_together(self, node: ast.Subscript) -> Value:
        at, of_type = self._element(node)
        if of_type not in (TYPES["int"], TYPES["float"]):
            raise _NotTogetherError
        loaded = self._new(f"load <{AT_ONCE} x {of_type}>, ptr {at}, align 8")
        return "float" if of_type == TYPES["float"] else "int", loaded

    def _together(self, op: type, left: Value, right: Value) -> Value:
        kind: Kind = "float" if op is ast.Div or "float" in (left[0], right[0]) else "int"
        if op in BITS:
            kind, operation = "bool" if left[0] == right[0] == "bool" else "int", BITS[op]
        elif op is ast.Div:
            operation = "fdiv"
        elif op in ARITHMETIC:
            operation = ARITHMETIC[op][kind == "float"]
        else:
            raise _NotTogetherError
        operands = f"{self._lane_as(kind, left)}, {self._lane_as(kind, right)}"
        return kind, self._new(f"{operation} {_of_eight(kind)} {operands}")

    def _compared_together(self, op: type, left: Value, right: Value) -> Value:
        kind: Kind = "float" if "float" in (left[0], right[0]) else "int"
        test = f"{'fcmp' if kind == 'float' else 'icmp'} {COMPARISONS[op][kind == 'float']}"
        operands = f"{self._lane_as(kind, left)}, {self._lane_as(kind, right)}"
        return "bool", self._new(f"{test} {_of_eight(kind)} {operands}")

    def _spread(self, value: Value) -> Value:
        """Return a number as eight of it."""
        kind, number = value
        alone = self._new(f"insertelement {_of_eight(kind)} poison, {TYPES[kind]} {number}, i64 0")
        zeros = f"<{AT_ONCE} x i32> zeroinitializer"
        return kind, self._new(f"shufflevector {_of_eight(kind)} {alone}, {_of_eight(kind)} poison, {zeros}")

    def _lane_as(self, kind: Kind, given: Value) -> str:
        of, lane = given
        match of, kind:
            case ("bool", "int") | ("bool", "float") | ("int", "float"):
                conversion = "sitofp" if of == "int" else "zext" if kind == "int" else "uitofp"
                return self._new(f"{conversion} {_of_eight(of)} {lane} to {_of_eight(kind)}")
            case ("int", "bool"):
                return self._new(f"icmp ne {_of_eight(of)} {lane}, zeroinitializer")
            case ("float", "bool"):
                return self._new(f"fcmp une {_of_eight(of)} {lane}, zeroinitializer")
            case ("float", "int"):
                raise _NotTogetherError
        return lane


def _of_eight(kind: Kind) -> str:
    return f"<{AT_ONCE} x {TYPES[kind]}>"


def _is_of_eights(bound: ast.expr) -> bool:
    return isinstance(bound, ast.BinOp) and isinstance(bound.op, ast.LShift) and ast.unparse(bound.right) == "3"
