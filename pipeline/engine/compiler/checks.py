"""What Python raises and a machine does not: operations that note the user's line as they fail and go on with 1.

Plain functions of numbers, whose text the compiled loop holds; one of an action's argument returns it as it is, so that
the compiler sees what it was. Each `if` that leads to `fail` says when it fails, for a batch to ask first
(`skip_guard.py`). A line to note is a number that `noted` makes of reason and line.
"""
# ruff: noqa: PLR2004, PLR1714 - the ends of 64 and of 53 bits stand where a loop's text needs them

from __future__ import annotations

import ast
import inspect
import math
import sys
from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.engine.rules.replay_state import IntColumn

MOST: Final = 2**63 - 1
EXACT: Final = 2**53
"""Whole numbers up to here, and down to minus it, are floats as well, every one of them."""

REASONS: Final = {
    "division": "a division by zero",
    "number": "a number that is none, or a whole number outside 64 bits",
    "kept": "a whole number beyond 2**53 kept as a float, which would change it; write float(...) if that may be",
    "price": "a price that is not above 0, or no number",
    "traded": "a price below 0, or no number",
    "size": "a size below 0 or above 2**53",
    "order": "a size for an order that was given no price; quote it first",
    "argument": "a side, a trade type or an event that there is not",
}
"""What a line did, by the word under which it is noted."""

REASON_STEP: Final = 10**12
_SIZE: Final = ("size", "size", "")
ARGUMENTS: Final = {
    ("round_to_tick", "price"): (("moderate", "number", ""),),
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


def plus(a: int, b: int, failed: IntColumn, line: int, event: int) -> int:
    """Return a + b."""
    if ((a ^ (a + b)) & (b ^ (a + b))) < 0:
        fail(failed, line, event)
        return 1
    return a + b


def minus(a: int, b: int, failed: IntColumn, line: int, event: int) -> int:
    """Return a - b."""
    if ((a ^ b) & (a ^ (a - b))) < 0:
        fail(failed, line, event)
        return 1
    return a - b


def times(a: int, b: int, failed: IntColumn, line: int, event: int) -> int:
    """Return a * b; near the end of 64 bits, which floats tell roughly, the sign says whether it was passed."""
    if abs((1.0 * a) * b) > 9.2e18 and (abs((1.0 * a) * b) > 9.3e18 or (a * b < 0) != ((a < 0) != (b < 0))):
        fail(failed, line, event)
        return 1
    return a * b


def negative(a: int, failed: IntColumn, line: int, event: int) -> int:
    """Return -a."""
    if a < -9223372036854775807:
        fail(failed, line, event)
        return 1
    return -a


def absolute(a: int, failed: IntColumn, line: int, event: int) -> int:
    """Return abs(a)."""
    if a < -9223372036854775807:
        fail(failed, line, event)
        return 1
    return abs(a)


def floored(a: int, b: int, failed: IntColumn, line: int, event: int) -> int:
    """Return a // b for a b that is not 0."""
    if a < -9223372036854775807 and b == -1:
        fail(failed, line, event)
        return 1
    return a // b


def shifted(a: int, b: int, failed: IntColumn, line: int, event: int) -> int:
    """Return a << b."""
    if b < 0 or b > 63 or ((a << (b & 63)) >> (b & 63)) != a:
        fail(failed, line, event)
        return 1
    return a << b


def shifted_back(a: int, b: int, failed: IntColumn, line: int, event: int) -> int:
    """Return a >> b."""
    if b < 0:
        fail(failed, line, event)
        return 1
    return a >> min(b, 63)


def divisor(a: float, failed: IntColumn, line: int, event: int) -> float:
    """Return a float that is not zero."""
    if a == 0.0:
        fail(failed, line, event)
        return 1.0
    return a


def whole_divisor(a: int, failed: IntColumn, line: int, event: int) -> int:
    """Return a whole number that is not zero."""
    if a == 0:
        fail(failed, line, event)
        return 1
    return a


def within(a: float, failed: IntColumn, line: int, event: int) -> float:
    """Return a float whose whole part has 64 bits."""
    if not (a >= -9223372036854775808.0 and a < 9223372036854775808.0):
        fail(failed, line, event)
        return 1.0
    return a


def radicand(a: float, failed: IntColumn, line: int, event: int) -> float:
    """Return a float that has a square root."""
    if a < 0.0:
        fail(failed, line, event)
        return 1.0
    return a


def power(a: float, b: float, failed: IntColumn, line: int, event: int) -> float:
    """Return what C's pow returns, which is what Python does."""
    if math.isinf(math.pow(a, b)) and not math.isinf(a):
        fail(failed, line, event)
        return 1.0
    return math.pow(a, b)


def kept(a: int, failed: IntColumn, line: int, event: int) -> float:
    """Return a whole number as the float that equals it."""
    if a < -9007199254740992 or a > 9007199254740992:
        fail(failed, line, event)
        return 1.0
    return 1.0 * a


def price(a: float, failed: IntColumn, line: int, event: int) -> float:
    """Return a price at which an order can stand."""
    if not (a > 0.0 and a < math.inf):
        fail(failed, line, event)
    return a


def traded(a: float, failed: IntColumn, line: int, event: int) -> float:
    """Return a price at which a strategy can say that it traded: an auction's print may have none, which is 0."""
    if not (a >= 0.0 and a < math.inf):
        fail(failed, line, event)
    return a


def moderate(a: float, failed: IntColumn, line: int, event: int) -> float:
    """Return a number that can be rounded to ticks."""
    if not (a > -1e12 and a < 1e12):
        fail(failed, line, event)
        return 1.0
    return a


def size(a: int, failed: IntColumn, line: int, event: int) -> int:
    """Return a size that an order can have."""
    if a < 0 or a > 9007199254740992:
        fail(failed, line, event)
    return a


def side(a: int, failed: IntColumn, line: int, event: int) -> int:
    """Return BUY or SELL."""
    if a != 1 and a != -1:
        fail(failed, line, event)
    return a


def label(a: int, failed: IntColumn, line: int, event: int) -> int:
    """Return the number of a trade type."""
    if a < 0 or a > 127:
        fail(failed, line, event)
    return a


def past(a: int, b: int, failed: IntColumn, line: int, event: int) -> int:
    """Return the number of an event, none later than b."""
    if a < 0 or a > b:
        fail(failed, line, event)
    return a


def resized(a: int, b: float, failed: IntColumn, line: int, event: int) -> int:
    """Return the size of an order at a price of b."""
    if b <= 0.0:
        fail(failed, line, event)
    return a


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
    made = [
        node for node in ast.parse(inspect.getsource(sys.modules[__name__])).body if isinstance(node, ast.FunctionDef)
    ]
    start = next(at for at, node in enumerate(made) if node.name == fail.__name__)
    return {node.name: node for node in made[start:] if not node.decorator_list}


def returned(name: str) -> str:
    """Return the kind of number that one of them returns."""
    return ast.unparse(definitions()[name].returns)  # type: ignore[arg-type]
