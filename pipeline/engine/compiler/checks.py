"""What Python raises and a machine does not: operations that note the user's line as they fail and go on.

The compiled loop holds each as a function, made of its row in CHECKS. A line to note is a number that `noted` makes of
reason and line.
"""
# ruff: noqa: PLR2004 - the ends of 64 and of 53 bits stand where a loop's text needs them

from __future__ import annotations

import ast
import inspect
import math
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from pipeline.native.clibrary import FUNCTIONS, TWO_OPERANDS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pipeline.engine.rules.replay_state import IntColumn

MOST: Final = 2**63 - 1
EXACT: Final = 2**53
"""Whole numbers up to here, and down to minus it, are floats as well, every one of them."""

REASONS: Final = {
    "division": "a division by zero",
    "number": "a number that is none, or a whole number outside 64 bits",
    "kept": "a whole number beyond 2**53 kept as a float, which would change it; write float(...) if that may be",
    "price": "a price that is not above 0 and below 1e12, or no number",
    "traded": "a price below 0, or no number",
    "size": "a size below 0 or above 2**53",
    "order": "a size for an order that was given no price; quote it first",
    "index": "an index below 0 or not below the size of an array",
    "argument": "a side, a trade type or an event that there is not",
    "null": "a parameter that is null; test it with `is not None` first",
    "step": "a range whose step is 0",
}
"""What a line did, by the word under which it is noted."""

REASON_STEP: Final = 10**12


@dataclass(frozen=True, slots=True, eq=False)
class Check:
    """An operation on operands `a` and `b`: when it fails, what it gives otherwise, and of what kind that is.

    One that failed gives 1, an index 0, or, where nothing that follows could stop a processor, what it would have given
    (goes_on): what is worked out of parameters alone is worked out before the first event then.
    """

    kinds: tuple[str, ...]
    fails: str
    value: str
    kind: str = "int"
    goes_on: bool = False
    of_index: bool = False

    @property
    def instead(self) -> float:
        """What an operation that failed gives."""
        return 1.0 if self.kind == "float" else int(not self.of_index)

    @property
    def operands(self) -> Sequence[str]:
        """The names of the operands."""
        return "ab"[: len(self.kinds)]


def _of_library(name: str) -> Check:
    """Return the check of a function of `math` that fails where Python raises: no number, or none that is finite."""
    operands = "ab"[: 1 + (name in TWO_OPERANDS)]
    result = f"math.{name}({', '.join(operands)})"
    numbers, finite = (
        " and ".join(f"{test}({operand})" for operand in operands) for test in ("not math.isnan", "math.isfinite")
    )
    fails = f"(math.isnan({result}) and {numbers}) or (math.isinf({result}) and {finite})"
    return Check(("float",) * len(operands), fails, result, "float", goes_on=True)


OF_LIBRARY: Final = {f"{name}_of": _of_library(name) for name in FUNCTIONS}
"""The checks of functions of the C library, by the names under which a loop holds them."""

CHECKS: Final = {
    **OF_LIBRARY,
    "plus": Check(("int", "int"), "((a ^ (a + b)) & (b ^ (a + b))) < 0", "a + b"),
    "minus": Check(("int", "int"), "((a ^ b) & (a ^ (a - b))) < 0", "a - b"),
    # near the end of 64 bits, which floats tell roughly, the sign says whether it was passed
    "times": Check(
        ("int", "int"),
        "abs((1.0 * a) * b) > 9.2e18 and (abs((1.0 * a) * b) > 9.3e18 or (a * b < 0) != ((a < 0) != (b < 0)))",
        "a * b",
    ),
    "negative": Check(("int",), "a < -9223372036854775807", "-a"),
    "absolute": Check(("int",), "a < -9223372036854775807", "abs(a)"),
    "floored": Check(("int", "int"), "a < -9223372036854775807 and b == -1", "a // b"),
    "shifted": Check(("int", "int"), "b < 0 or b > 63 or ((a << (b & 63)) >> (b & 63)) != a", "a << b"),
    "shifted_back": Check(("int", "int"), "b < 0", "a >> min(b, 63)"),
    "divisor": Check(("float",), "a == 0.0", "a", "float", goes_on=True),
    "base": Check(("float", "float"), "a == 0.0 and b < 0.0", "a", "float", goes_on=True),
    "present": Check(("int",), "a == 0", "a", goes_on=True),
    "whole_divisor": Check(("int",), "a == 0", "a"),
    "within": Check(("float",), "not (a >= -9223372036854775808.0 and a < 9223372036854775808.0)", "a", "float"),
    # the sign of what is no number is another in each processor and compiler
    "copysign_of": Check(("float", "float"), "b != b", "math.copysign(a, b)", "float", goes_on=True),
    "radicand": Check(("float",), "a < 0.0", "a", "float", goes_on=True),
    "kept": Check(("int",), "a < -9007199254740992 or a > 9007199254740992", "1.0 * a", "float"),
    "price": Check(("float",), "not (a > 0.0 and a < 1e12)", "a", "float", goes_on=True),
    # an auction's print may have no price, which is 0
    "traded": Check(("float",), "not (a >= 0.0 and a < math.inf)", "a", "float", goes_on=True),
    "moderate": Check(("float",), "not (a > -1e12 and a < 1e12)", "a", "float"),
    "size": Check(("int",), "a < 0 or a > 9007199254740992", "a", goes_on=True),
    "side": Check(("int",), "a != 1 and a != -1", "a", goes_on=True),
    "label": Check(("int",), "a < 0 or a > 127", "a", goes_on=True),
    "indexed": Check(("int", "int"), "a < 0 or a >= b", "a", of_index=True),
    "past": Check(("int", "int"), "a < 0 or a > b", "a", goes_on=True),
    "resized": Check(("int", "float"), "b <= 0.0", "a", goes_on=True),
}

_SIZE: Final = ("size", "size", "")
ARGUMENTS: Final = {
    **dict.fromkeys(
        ((verb, "price") for verb in ("tick", "round_to_tick", "round_down_to_tick", "round_up_to_tick")),
        (("moderate", "number", ""),),
    ),
    ("resize_bid", "size"): (_SIZE, ("resized", "order", "bid_order")),
    ("resize_ask", "size"): (_SIZE, ("resized", "order", "ask_order")),
    ("trade", "price"): (("traded", "traded", ""),),
    ("", "price"): (("price", "price", ""),),
    ("", "size"): (_SIZE,),
    ("", "quantity"): (_SIZE,),
    ("", "side"): (("side", "argument", ""),),
    ("", "trade_type"): (("label", "argument", ""),),
    ("", "event"): (("past", "argument", "event"),),
}
"""The checks of an action's argument (an empty action: of all others), each with its reason and a field it looks at."""


def checks_of(action: str, parameter: str) -> Sequence[tuple[str, str, str]]:
    """Return the checks of an action's argument."""
    return ARGUMENTS.get((action, parameter)) or ARGUMENTS.get(("", parameter), ())


def noted(reason: str, line: int) -> int:
    """Return one number for a reason and a line."""
    return list(REASONS).index(reason) * REASON_STEP + line


def reason_and_line(number: int) -> tuple[str, int]:
    """Return the words of the reason and the line that `noted` made a number of."""
    reason, line = divmod(number, REASON_STEP)
    return list(REASONS.values())[reason], line


def fail(failed: IntColumn, line: int, event: int) -> None:
    """Note a line as failed, and the event, unless one is noted already; the loop goes on, which costs it nothing."""
    if failed[0] == 0:
        failed[0] = line
        failed[1] = event


def rest(a: int, b: int) -> int:
    """Return a % b for a b that is not 0; the least whole number by -1 would stop a processor."""
    return 0 if b == -1 else a % b


def ratio(a: int, b: int) -> float:
    """Return a / b for a b that is not 0, correctly rounded as Python rounds it, however large they are."""
    if abs(1.0 * a) <= 9007199254740992.0 and abs(1.0 * b) <= 9007199254740992.0:
        return a / b
    quotient, left = a // b, a % b
    if left != 0 and (a < 0) != (b < 0):
        quotient, left = quotient + 1, left - b
    left, by = -abs(left), -abs(b)
    quotient = -abs(quotient)
    scale = 1.0
    while quotient > -36028797018963968 and left != 0:
        quotient, scale = quotient * 2, scale * 0.5
        if left <= by - left:
            quotient, left = quotient - 1, left - (by - left)
        else:
            left = left * 2
    if left != 0 and quotient % 2 == 0:
        quotient -= 1
    return (scale if (a < 0) != (b < 0) else -scale) * quotient


def gap(a: int, b: float) -> float:
    """Return a number that compares with 0 as a whole number compares with a float, which floats alone would round."""
    if 1.0 * a != b:
        return a - b
    return -1.0 if b >= 9223372036854775808.0 else 1.0 * (a - int(b))


def rounded(a: float, by: float) -> float:
    """Return a rounded to as many digits as `by`, a power of ten, has zeros: half to even, of its exact value."""
    whole = abs(a) * by
    if not whole < 9007199254740992.0:
        return a
    high = 134217729.0 * abs(a) - (134217729.0 * abs(a) - abs(a))
    low = abs(a) - high
    by_high = 134217729.0 * by - (134217729.0 * by - by)
    by_low = by - by_high
    error = ((high * by_high - whole) + high * by_low + low * by_high) + low * by_low
    floor = 1.0 * math.floor(whole)
    beyond = (whole - floor - 0.5) + error
    if beyond > 0.0 or (beyond == 0.0 and floor % 2.0 == 1.0):
        floor += 1.0
    return math.copysign(floor / by, a)


@cache
def definitions() -> dict[str, ast.FunctionDef]:
    """Return the functions that a loop may hold, by name, in an order in which each comes after those it calls."""
    texts = [inspect.getsource(fail)]
    for name, check in CHECKS.items():
        operands = ", ".join(f"{operand}: {kind}" for operand, kind in zip(check.operands, check.kinds, strict=True))
        head = f"def {name}({operands}, failed: IntColumn, line: int, event: int) -> {check.kind}:"
        instead = [] if check.goes_on else [f"        return {check.instead}"]
        body = [f"    if {check.fails}:", "        fail(failed, line, event)", *instead, f"    return {check.value}"]
        texts.append("\n".join([head, *body]))
    texts += [inspect.getsource(function) for function in (rest, ratio, gap, rounded)]
    functions = [node for node in ast.parse("\n".join(texts)).body if isinstance(node, ast.FunctionDef)]
    for node in functions:
        node.body = node.body[ast.get_docstring(node) is not None :]
    return {node.name: node for node in functions}


@cache
def failing(name: str) -> Callable[..., bool]:
    """Return the function that says of its operands whether a check of them fails."""
    check = CHECKS[name]
    function: Any = eval(f"lambda {', '.join(check.operands)}: {check.fails}", {"math": math})  # noqa: S307 - our own
    return function  # type: ignore[no-any-return]


def returned(name: str) -> str:
    """Return the kind of number that one of them returns."""
    return ast.unparse(definitions()[name].returns)  # type: ignore[arg-type]
