"""Inlines calls on market and strategy: the bodies of methods, as `ast`, become flat statements over locals.

`self.x` and `m.y` become locals, a call of a method becomes its body, a return a way out of that body. The subset of
Python that goes in is stated here, once: assignments, if, while, for over range, return, break, continue, pass;
arithmetic, comparisons, and, or, not, conditional expressions; min, max, abs, int, float and `math`.
"""

from __future__ import annotations

import ast
from copy import copy
from typing import TYPE_CHECKING, Final

from pipeline.engine.compiler.lower import Expressions
from pipeline.engine.compiler.null_tests import known_by
from pipeline.engine.compiler.parts import (
    FAILED,
    STRATEGY,
    Method,
    Part,
    Scope,
    assign,
    has_no,
    keeps,
    mark_lines,
    names_in,
    own_local,
    repeat,
    unknown_field,
)
from pipeline.engine.compiler.soundness import check_method, check_signature

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

LEAVING: Final = (ast.Return, ast.Break, ast.Continue)


class Inliner(Expressions):
    """Flattens one method and all it calls."""

    def __init__(self, parts: Mapping[str, Part]) -> None:
        super().__init__(parts)
        self._open: list[ast.FunctionDef] = []
        self._to_check: list[tuple[Method, bool]] = []

    def check_sound(self) -> None:
        """Check what was inlined; after all of it, so that what only plain Python takes is said first."""
        for method, value_wanted in self._to_check:
            check_method(method, value_wanted=value_wanted)

    def body(
        self,
        method: Method,
        parts: Mapping[str, Part],
        names: Mapping[str, ast.expr],
        owner: Part | None,
        result: str | None,
    ) -> list[ast.stmt]:
        """Return the flat statements of `method`, its parameters bound to parts and to locals."""
        scope = Scope(method, dict(names), dict(parts), owner, self.count(), result)
        if method.definition in self._open:
            raise method.refusal(method.definition, f"{method.definition.name} calls itself.")
        if scope.of_strategy:
            self._to_check.append((method, result is not None))
        statements = method.definition.body
        if statements and isinstance(statements[-1], ast.Return):
            tail: ast.Return | None = statements[-1]
            statements = statements[:-1]
        else:
            tail = None
        self._open.append(method.definition)
        flat = self._block(statements, scope)
        if tail is not None:
            flat += _marked(self._result(tail, scope), scope, tail)
        self._open.pop()
        if scope.needs_way_out:
            flat = [ast.While(ast.Constant(True), [*flat, ast.Break()], [])]
        if scope.left_early:
            flat.insert(0, assign(scope.left_early, ast.Constant(False)))
        return flat

    # Statements

    def _block(self, statements: Iterable[ast.stmt], scope: Scope) -> list[ast.stmt]:
        flat: list[ast.stmt] = []
        known = self._known
        for statement in statements:
            flat += _marked(self._statement(statement, scope), scope, statement)
            if isinstance(statement, ast.If) and isinstance(statement.body[-1], LEAVING):
                self._known |= known_by(statement.test, self, scope, holds=False)
        self._known = known
        return flat

    def _statement(self, node: ast.stmt, scope: Scope) -> list[ast.stmt]:  # noqa: C901, PLR0911 - one arm a statement
        match node:
            case ast.Pass() | ast.Expr(value=ast.Constant()):
                return []
            case ast.Break() | ast.Continue():
                return [node]
            case ast.Return():
                return self._early_return(node, scope)
            case ast.Assign(targets=[ast.Tuple(elts=targets)], value=ast.Tuple(elts=values)) if len(targets) == len(
                values
            ):
                return self._store_several(targets, values, scope)
            case ast.Assign(targets=[target]):
                return self._store(target, node.value, scope)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                return self._store(target, value, scope)
            case ast.AugAssign(target=ast.Name() | ast.Attribute() | ast.Subscript() as target):
                return self._augmented(node, target, scope)
            case ast.Expr(value=ast.Call() as call):
                return self.call(call, scope, result=None)
            case ast.If():
                return self._if(node, scope)
            case ast.While(orelse=[]):
                return self._while(node, scope)
            case ast.For(target=ast.Name(), orelse=[], iter=ast.Call(func=ast.Name(id="range"), keywords=[])) if (
                "range" not in scope.names and "range" not in scope.method.names
            ):
                return self._for(node, scope)
        raise scope.refusal(node)

    def _store(self, target: ast.expr, value: ast.expr, scope: Scope) -> list[ast.stmt]:
        if isinstance(target, ast.Subscript) and self._has_elements(target.value, scope):
            if isinstance(target.value, ast.Attribute) and scope.owner and target.value.attr in scope.owner.frozen:
                raise scope.error(target, f"{target.value.attr} is a parameter; it keeps its values for the whole run.")
            before, [flat_value, index] = self.operands([value, target.slice], scope)
            return [*before, ast.Assign([self.element(target, index, scope)], flat_value)]
        name = self._target(target, scope)
        if isinstance(value, ast.Call) and self.is_method(value, scope):
            return self.call(value, scope, result=name)
        before, flat_value = self.expression(value, scope)
        return [*before, assign(name, flat_value)]

    def _if(self, node: ast.If, scope: Scope) -> list[ast.stmt]:
        before, test = self.test(node.test, scope)
        if isinstance(test, ast.Constant):
            return before + self._block(node.body if test.value else node.orelse, scope)
        with self.knowing(node.test, scope, holds=True):
            body = self._block(node.body, scope) or [ast.Pass()]
        with self.knowing(node.test, scope, holds=False):
            return [*before, ast.If(test, body, self._block(node.orelse, scope))]

    def _augmented(
        self, node: ast.AugAssign, target: ast.Name | ast.Attribute | ast.Subscript, scope: Scope
    ) -> list[ast.stmt]:
        """Return `a[i] += b` as `a[i] = a[i] + b`, the index being what it is before a call may change it."""
        before: list[ast.stmt] = []
        if isinstance(target, ast.Subscript) and any(isinstance(inner, ast.Call) for inner in ast.walk(node)):
            before, [index] = self.operands([target.slice], scope)
            name = f"index {self.count()}"  # as no name of Python's
            scope.names[name] = ast.Name(local := self.temporary(), ast.Load())
            before.append(assign(local, index))
            target = copy(target)
            target.slice = ast.copy_location(ast.Name(name, ast.Load()), target.slice)
        read = copy(target)
        read.ctx = ast.Load()
        return [*before, *self._store(target, ast.copy_location(ast.BinOp(read, node.op, node.value), node), scope)]

    def _has_elements(self, node: ast.expr, scope: Scope) -> bool:
        part = self.part(node, scope)
        return not scope.of_strategy or (part is not None and bool(part.indexed))

    def _store_several(self, targets: list[ast.expr], values: list[ast.expr], scope: Scope) -> list[ast.stmt]:
        before, flat = self.operands(values, scope)
        values_before = [self.temporary() for _ in flat]
        before += [assign(name, value) for name, value in zip(values_before, flat, strict=True)]
        for target, value_before in zip(targets, values_before, strict=True):
            before.append(assign(self._target(target, scope), ast.Name(value_before, ast.Load())))
        return before

    def _target(self, target: ast.expr, scope: Scope) -> str:
        if isinstance(target, ast.Name):
            if target.id in scope.parts:
                raise scope.refusal(target, f"`{target.id}` cannot be assigned to.")
            local = ast.Name(own_local(target.id, scope.number), ast.Load())
            return ast.unparse(scope.names.setdefault(target.id, local))
        if isinstance(target, ast.Tuple):
            raise scope.refusal(target, f"`{ast.unparse(target)}` takes several values at once; write one a line.")
        if isinstance(target, ast.Attribute) and (part := self.part(target.value, scope)) is not None:
            if scope.of_strategy and part is not scope.owner:
                raise scope.error(target, f"`{ast.unparse(target)}` can be read, not assigned to.")
            if target.attr in part.frozen:
                raise scope.error(target, f"{target.attr} is a parameter; it keeps its value for the whole run.")
            if target.attr not in part.scalars:
                raise unknown_field(target, part, scope)
            return part.local(target.attr).id
        raise scope.refusal(target, f"`{ast.unparse(target)}` cannot be assigned to.")

    def _early_return(self, node: ast.Return, scope: Scope) -> list[ast.stmt]:
        scope.needs_way_out = True
        result = self._result(node, scope)
        if scope.loops:
            scope.left_early = scope.left_early or f"left_{self.count()}"
            result.append(assign(scope.left_early, ast.Constant(True)))
        return [*result, ast.Break()]

    def _result(self, node: ast.Return, scope: Scope) -> list[ast.stmt]:
        if node.value is None or (scope.result is None and ast.unparse(node.value) == "None"):
            return []
        before, value = self.expression(node.value, scope)
        if scope.result is None and isinstance(value, (ast.Constant, ast.Name)):
            return before
        return [*before, assign(scope.result or self.temporary(), value)]

    def _while(self, node: ast.While, scope: Scope) -> list[ast.stmt]:
        before, test = self.test(node.test, scope)
        scope.loops += 1
        with self.knowing(node.test, scope, holds=True):
            body = self._block(node.body, scope) or [ast.Pass()]
        scope.loops -= 1
        if scope.of_strategy:  # what failed may never let the loop end
            repeat([*before, *body])
            test = ast.BoolOp(ast.And(), [ast.parse(f"{FAILED}[0] == 0", mode="eval").body, test])
        if before:
            body = [*before, ast.If(ast.UnaryOp(ast.Not(), test), [ast.Break()], []), *body]
            test = ast.Constant(True)
        return [ast.While(test, body, []), *_leave(scope)]

    def _for(self, node: ast.For, scope: Scope) -> list[ast.stmt]:
        assert isinstance(node.iter, ast.Call)  # noqa: S101 - matched by the caller
        before, bounds = self.operands(node.iter.args, scope)
        if self._may_unroll(node, bounds, scope):
            return [*before, *self._unrolled(node, bounds, scope)]
        target = ast.Name(self._target(node.target, scope), ast.Store())
        scope.loops += 1
        body = self._block(node.body, scope) or [ast.Pass()]
        scope.loops -= 1
        if scope.of_strategy:  # nor may it let one go on for long
            repeat(body)
            body.insert(0, ast.parse(f"if {FAILED}[0] != 0:\n    break").body[0])
        span = ast.Call(ast.Name("range", ast.Load()), bounds, [])
        return [*before, ast.For(target, span, body, []), *_leave(scope)]

    def _may_unroll(self, node: ast.For, bounds: Sequence[ast.expr], scope: Scope) -> bool:
        """Tell whether a loop of the rules asks about its turn, and each time the answer is known now."""
        inside = [inner for statement in node.body for inner in ast.walk(statement)]
        if scope.of_strategy or any(isinstance(inner, (ast.Break, ast.Continue, ast.Return)) for inner in inside):
            return False
        turn = ast.unparse(node.target)
        tests = [inner.test for inner in inside if isinstance(inner, ast.If) and turn in names_in(inner.test)]
        answers = [self.expression(test, scope)[1] for _ in _turns(turn, bounds, scope) for test in tests]
        return bool(answers) and all(isinstance(answer, ast.Constant) for answer in answers)

    def _unrolled(self, node: ast.For, bounds: Sequence[ast.expr], scope: Scope) -> list[ast.stmt]:
        turns = _turns(ast.unparse(node.target), bounds, scope)
        return [statement for _ in turns for statement in self._block(node.body, scope)]

    # Calls of methods

    def call(self, call: ast.Call, scope: Scope, result: str | None) -> list[ast.stmt]:
        """Return the body of the method called, its parameters bound to the values given."""
        if not (isinstance(call.func, ast.Attribute) and (part := self.part(call.func.value, scope)) is not None):
            raise scope.refusal(call)
        name = call.func.attr
        foreign = scope.of_strategy and part is not scope.owner
        known = part.actions if foreign else part.methods.keys()
        if name not in known or name not in part.methods:
            if name in part.others:
                raise scope.refusal(call, f"`{ast.unparse(call)}` calls what is no plain method of the class.")
            raise scope.error(call, has_no(part.label, name, known, called=True))
        method = part.methods[name]
        if not foreign:
            check_signature(method)
        if any(isinstance(value, ast.Starred) for value in call.args) or any(not named.arg for named in call.keywords):
            raise scope.refusal(call)
        before, parts, names = self._bound(call, method, part, scope, action=name if foreign else None)
        return [*before, *self.body(method, parts, names, part, result)]

    def _bound(
        self, call: ast.Call, method: Method, part: Part, scope: Scope, action: str | None
    ) -> tuple[list[ast.stmt], dict[str, Part], dict[str, ast.expr]]:
        """Return the statements that evaluate a call's arguments, and the parts and locals its parameters become."""
        annotations = {argument.arg: argument.annotation for argument in method.definition.args.args}
        parameters = list(annotations)
        arguments = [*call.args, *self._keywords(call, parameters, scope)]
        if len(arguments) != len(parameters) - 1:
            wanted = ", ".join(parameters[1:]) or "nothing"
            why = f"{method.definition.name} takes {wanted}; {len(arguments)} given."
            if parameters[0] != "self" and len(arguments) == len(parameters):
                why += f" Write `def {method.definition.name}(self, {', '.join(parameters)})`."
            raise scope.error(call, why)
        parts = {parameters[0]: part}
        names: dict[str, ast.expr] = {}
        of_engine = not scope.of_strategy and part.prefix != STRATEGY
        before: list[ast.stmt] = []
        call_number = self.count()
        for parameter, value in zip(parameters[1:], arguments, strict=True):
            if (passed := self.part(value, scope)) is not None:
                parts[parameter] = passed
                continue
            more, flat = self.expression(value, scope)
            passes = isinstance(flat, ast.Constant) or (isinstance(value, ast.Name) and keeps(scope.method, value.id))
            if of_engine and passes and keeps(method, parameter):
                names[parameter] = flat
                continue
            local = own_local(parameter, call_number)
            names[parameter] = ast.Name(local, ast.Load())
            argument = assign(local, flat)
            if action is not None and (annotation := annotations[parameter]) is not None:
                argument.action_argument = (action, parameter, ast.unparse(annotation))  # type: ignore[attr-defined]
            before += [*more, argument]
        return before, parts, names

    def _keywords(self, call: ast.Call, parameters: Sequence[str], scope: Scope) -> list[ast.expr]:
        by_name = {keyword.arg: keyword.value for keyword in call.keywords}
        wanted = parameters[1 + len(call.args) :][: len(by_name)]
        if list(by_name) != list(wanted):  # evaluated as they stand, so they stand in the order of the parameters
            expected = ", ".join(parameters[1:])
            refused = scope.refusal if set(by_name) == set(wanted) else scope.error
            raise refused(call, f"`{ast.unparse(call)}`: its arguments are, in this order, {expected}.")
        return [by_name[name] for name in wanted]


def _turns(turn: str, bounds: Sequence[ast.expr], scope: Scope) -> Iterator[int]:
    """Let the name of a loop's turn stand for each of its numbers, where they are known."""
    numbers = [bound.value for bound in bounds if isinstance(bound, ast.Constant) and isinstance(bound.value, int)]
    for number in range(*numbers) if len(numbers) == len(bounds) else ():
        scope.names[turn] = ast.Constant(number)
        yield number
    scope.names.pop(turn, None)


def _marked(flat: list[ast.stmt], scope: Scope, statement: ast.stmt) -> list[ast.stmt]:
    for node in flat:
        mark_lines(node, scope, statement.lineno)
    return flat


def _leave(scope: Scope) -> list[ast.stmt]:
    if scope.left_early is None:
        return []
    return [ast.If(ast.Name(scope.left_early, ast.Load()), [ast.Break()], [])]
