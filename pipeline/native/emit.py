"""Emits LLVM's text for the functions of a source: a small subset of Python over numbers, no object in sight."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from pipeline.native.arithmetic import FUNCTIONS
from pipeline.native.kinds import TYPES, Signature, called
from pipeline.native.lanes import NOT_UNROLLED, Lanes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pipeline.native.values import Value


def module_text(source: str, signatures: Mapping[str, Signature], exported: str, constants: Mapping[str, int]) -> str:
    """Return the text of a module with all functions of a source, of which one can be called from outside.

    constants: whole numbers that its functions know by name.
    """
    functions = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
    texts = [_Function(node, signatures, constants).text(internal=node.name != exported) for node in functions]
    return "\n".join([FUNCTIONS, *texts, NOT_UNROLLED])


class _Function(Lanes):
    """The text of one function."""

    def __init__(
        self, node: ast.FunctionDef, signatures: Mapping[str, Signature], constants: Mapping[str, int]
    ) -> None:
        super().__init__(node, signatures, constants)
        self._ways_out: list[tuple[str, str]] = []

    def text(self, *, internal: bool) -> str:
        """Return the function as LLVM's text."""
        self._infer()
        self._body(self._node.body)
        if not self._ended:
            self._emit("ret void" if self._signature.returns == ("void",) else "unreachable")
        signature, name = self._signature, self._node.name
        taken = ", ".join(f'{kind} %"{arg}_given"' for kind, arg in zip(signature.taken, self._arguments, strict=True))
        head = f"define {'internal ' if internal else ''}{signature.returned} @{'of_' * internal}{name}({taken}) {{"
        scalars = [f'  %"{name}" = alloca {TYPES[kind]}' for name, kind in self._kinds.items()]
        given = [
            f'  store {TYPES[self._kinds[name]]} %"{name}_given", ptr %"{name}"'
            for name in self._arguments
            if name in self._kinds
        ]
        return "\n".join([head, "entry:", *scalars, *given, *self._lines, "}"])

    # Statements

    def _body(self, body: Iterable[ast.stmt]) -> None:
        for node in body:
            if self._ended:
                return
            self._statement(node)

    def _statement(self, node: ast.stmt) -> None:  # noqa: C901, PLR0912 - one arm a statement
        match node:
            case ast.Pass() | ast.Expr(value=ast.Constant()):
                pass
            case ast.Expr(value=ast.Call() as call):
                self._value(call)
            case ast.Assign(targets=[ast.Tuple(elts=targets)], value=ast.Tuple(elts=values)):
                evaluated = [self._value(value) for value in values]
                for target, value in zip(targets, evaluated, strict=True):
                    self._store(target, value)
            case ast.Assign(targets=[ast.Tuple(elts=targets)], value=ast.Call() as call):
                self._store_members(targets, call)
            case ast.Assign(targets=[target]):
                self._store(target, self._value(node.value))
            case ast.AugAssign(target=target):
                self._store(target, self._value(ast.BinOp(target, node.op, node.value)))
            case ast.If():
                self._if(node)
            case ast.While():
                self._while(node)
            case ast.For(target=ast.Name(id=name), iter=ast.Call(args=bounds)):
                if not self._gathered(name, bounds, node.body):
                    self._for(name, bounds, node.body)
            case ast.Break() | ast.Continue():
                again, after = self._ways_out[-1]
                self._jump(after if isinstance(node, ast.Break) else again)
            case ast.Return():
                self._return(node.value)
            case _:
                raise AssertionError(ast.unparse(node))

    def _store(self, target: ast.expr, value: Value) -> None:
        if isinstance(target, ast.Name):
            kind = self._kinds[target.id]
            self._emit(f'store {TYPES[kind]} {self._as(kind, value)}, ptr %"{target.id}"')
            return
        assert isinstance(target, ast.Subscript)  # noqa: S101 - of our own text
        at, of_type = self._element(target)
        stored = self._as("float" if of_type == "double" else "int", value)
        if of_type not in ("double", "i64"):
            stored = self._new(f"trunc i64 {stored} to {of_type}")
        self._emit(f"store {of_type} {stored}, ptr {at}")

    def _store_members(self, targets: Sequence[ast.expr], call: ast.Call) -> None:
        returned = self._signatures[called(call.func)].returned
        _, members = self._value(call)
        for number, target in enumerate(targets):
            self._store(target, ("int", self._new(f"extractvalue {returned} {members}, {number}")))

    def _if(self, node: ast.If) -> None:
        test = self._truth(node.test)
        yes, no, after = self._label(), self._label(), self._label()
        self._emit(f"br i1 {test}, label %{yes}, label %{no}")
        for label, body in ((yes, node.body), (no, node.orelse)):
            self._begin(label)
            self._body(body)
            self._jump(after)
        self._begin(after)

    def _while(self, node: ast.While) -> None:
        again, inside, after = self._label(), self._label(), self._label()
        self._jump(again)
        self._begin(again)
        self._emit(f"br i1 {self._truth(node.test)}, label %{inside}, label %{after}")
        self._begin(inside)
        self._loop(node.body, again, after)
        self._begin(after)

    def _for(self, name: str, bounds: Sequence[ast.expr], body: Sequence[ast.stmt]) -> None:
        values = [self._as("int", self._value(bound)) for bound in bounds]
        first, last, step = {1: ["0", *values, "1"], 2: [*values, "1"], 3: values}[len(values)]
        with self._rounds(name, first, last, step) as (_, again, after):
            self._loop(body, again, after)

    def _loop(self, body: Iterable[ast.stmt], again: str, after: str) -> None:
        self._ways_out.append((again, after))
        self._body(body)
        self._ways_out.pop()
        self._jump(again)

    def _return(self, value: ast.expr | None) -> None:
        returns, returned = self._signature.returns, self._signature.returned
        if value is None:
            self._emit("ret void")
        elif isinstance(value, ast.Tuple):
            members = "undef"
            for number, member in enumerate(value.elts):
                stored = self._as("int", self._value(member))
                members = self._new(f"insertvalue {returned} {members}, i64 {stored}, {number}")
            self._emit(f"ret {returned} {members}")
        else:
            kind, result = self._value(value)
            converted = result if len(returns) > 1 else self._as(returns[0], (kind, result))
            self._emit(f"ret {returned} {converted}")
        self._ended = True
