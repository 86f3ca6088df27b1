"""Puts our order, its history and what an explanation is made of into words, as lines of at most 80 columns."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Final

from pipeline.numbers import counted
from pipeline.times import MINUTE, SECOND, moment_of
from pipeline.tracing.trace import CALL

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pipeline.tracing.explanation import Explanation, Line, Order, Passed, Shrink, Taking, Tick, Touch

WIDTH: Final = 80
INDENT: Final = "  "
PRINTS_SHOWN: Final = 20
QUOTES_SHOWN: Final = 3
PRICE_DIGITS: Final = 6
"""More than any exchange's grid has; an average of several prices is shown to as many."""


def order_lines(order: Order, now: Tick, *, before: str = "", verbose: bool = False) -> Iterator[str]:
    """Yield our order and its history until a tick; before: what a print that is no part of that is called."""
    name = "our" if order.number is None else f"order {order.number:,}, our"
    yield f"{name} {order.side} at {price(order.price)}, placed {on_tick(order.placed, now)}"
    if order.moves and order.first is not None:
        times = "once" if order.moves == 1 else f"{order.moves:,} times"
        yield f"moved to another price {times} since it was first placed, {on_tick(order.first, now)}"
    if order.asked is not None:
        down = "down" if order.side == "bid" else "up"
        yield f"asked for at {price(order.asked)}, rounded {down} to the grid of ticks"
    yield from on_way("decided", order, now)
    if order.again:
        times = "once" if order.again == 1 else f"{order.again:,} times"
        yield f"placed anew at its price {times} since, last {on_tick(order.taken, now)}"
    elif order.taken != order.placed:
        yield f"its place in the queue was noted {on_tick(order.taken, now)}, while the side was out of the market"
    shown = f"{order.shown:,} shown" if order.shown else "nothing shown"
    if order.shown and order.shown_at != order.price:
        shown += f" at {price(order.shown_at)}"
    behind = f"behind {order.ahead:,} of {shown}" if order.ahead else f"first in its queue, {shown}"
    if order.ahead > order.shown:
        behind = f"behind {order.ahead:,}, as an older order of ours at its price; {shown}"
    yield f"{order.size:,} shares, {behind}"
    yield from _since(order, now, before=before, verbose=verbose)
    if order.line is not None:
        yield from call_line(order.line)


def _since(order: Order, now: Tick, *, before: str, verbose: bool) -> Iterator[str]:
    if order.resizes:
        last = order.resizes[-1]
        times = "once" if len(order.resizes) == 1 else f"{len(order.resizes):,} times"
        yield f"resized {times}, last {on_tick(last.tick, now)}: {last.before:,} to {last.after:,}"
    count = len(order.prints)
    if not count:
        yield f"no print reached it before{before}"
    else:
        yield (
            f"{counted(count, 'print')} reached it before: {order.passed:,} of the queue ahead went, "
            f"{order.filled:,} of ours"
        )
    if verbose:
        yield from _listed([passed_line(passed, now) for passed in order.prints], PRINTS_SHOWN)
    if order.touches:
        yield f"it met the {order.opposite} before: {sum(touch.filled for touch in order.touches):,} of ours went"
        touches = [passed_line(passed, now) for passed in order.touches]
        yield from _listed(touches, PRINTS_SHOWN if verbose else QUOTES_SHOWN)
    if order.shrinks:
        cancelled, capped = (sum(getattr(quote, of) for quote in order.shrinks) for of in ("cancelled", "capped"))
        yield (
            f"{counted(len(order.shrinks), 'quote')} shortened the queue ahead: by {cancelled:,} cancelled, by "
            f"{capped:,} beyond what was shown"
        )
        yield from _listed([_shrink(quote, now) for quote in order.shrinks], PRINTS_SHOWN if verbose else QUOTES_SHOWN)
    if verbose:
        resizes = [f"resized {on_tick(one.tick, now)}: {one.before:,} to {one.after:,}" for one in order.resizes]
        yield from _listed(resizes, PRINTS_SHOWN)


def _listed(lines: Sequence[str], most: int) -> Iterator[str]:
    """Yield the last lines of a list, and how many there are before."""
    if len(lines) > most:
        yield f"- {len(lines) - most:,} before, which --json has"
    yield from (f"- {line}" for line in lines[-most:])


def passed_line(passed: Passed, now: Tick) -> str:
    """Return a print or touch that reached our order, and what went."""
    return f"{tick_line(passed.tick, now)}: {passed.ahead:,} of the queue, {passed.filled:,} of ours"


def _shrink(quote: Shrink, now: Tick) -> str:
    sums = []
    if quote.gone:
        printed = f" - {quote.printed:,} printed" if quote.printed else ""
        sums.append(f"{quote.shown_before:,} shown - {quote.shown:,}{printed} = {quote.gone:,} gone")
        sums.append(f"{quote.share:.2%} of them ahead of us: {quote.cancelled:,}".replace("%", " %"))
    if quote.capped:
        sums.append(f"no more than {quote.shown:,} can be ahead" if quote.shown else "nobody stands there any more")
    if quote.kept:
        sums.append(f"{quote.kept:,} of these still stand before an older order of ours")
    return f"{tick_line(quote.tick, now)}: {', '.join(sums)}; {quote.ahead:,} ahead to {quote.left:,}"


def on_way(decided: str, order: Order | Taking, now: Tick) -> Iterator[str]:
    """Yield when something was decided that was on its way for a while."""
    if order.sent is not None and order.due is not None:
        yield f"{decided} {on_tick(order.sent, now)}, on its way until then: due from {clock_of(order.due)} on"


def on_tick(tick: Tick, now: Tick, preposition: str = "on ") -> str:
    """Return a tick's number and time, with its date where that is not today's."""
    if tick == now:
        return f"{preposition}this very tick"
    clock = clock_at(tick, now)
    if tick.type == CALL:
        before = "this tick" if tick.index == now.index else f"tick {tick.index:,}"
        return f"{'at ' if preposition else ''}{clock}, before {before}"
    return f"{preposition}tick {tick.index:,} ({clock})"


def tick_line(tick: Tick, now: Tick) -> str:
    """Return a tick as it is stored, or when a call between ticks was."""
    if tick.type == CALL:
        return f"before tick {tick.index:,}, {clock_at(tick, now)}"
    return f"tick {tick.index:,}, {clock_at(tick, now)}: {tick.type} {price(tick.price)} x {tick.size:,}"


def seen_line(tick: Tick, now: Tick) -> str:
    """Return a tick as it is stored, and that nothing sees it where it has no price."""
    skipped = tick.price == 0.0 and tick.type != CALL
    return tick_line(tick, now) + (", a placeholder that nothing sees" if skipped else "")


def books(bid: Touch | None, ask: Touch | None) -> str:
    """Return both sides of the book."""
    return f"the book: {_touch('bid', bid)}, {_touch('ask', ask)}"


def _touch(name: str, touch: Touch | None) -> str:
    if touch is None:
        return f"no {name}"
    return f"{name} {price(touch.price)}" + ("" if touch.size is None else f" x {touch.size:,}")


def call_line(line: Line) -> Iterator[str]:
    """Yield the line of a strategy that called an action."""
    yield f"{line.file}, line {line.line}:"
    yield f"{INDENT}{line.text}"


def when(time: int) -> str:
    """Return date and time of day of ns since 1970-01-01."""
    return f"{day_of(time)} {clock_of(time)}"


def day_of(time: int) -> str:
    """Return the date of ns since 1970-01-01."""
    return moment_of(time).date().isoformat()


def clock_at(tick: Tick, now: Tick) -> str:
    """Return a tick's time of day, behind its date where that is not today's."""
    return clock_of(tick.time) if day_of(tick.time) == day_of(now.time) else when(tick.time)


def of_day(time: int, trading_day: str) -> str:
    """Return the trading day of a time where that is another than its date."""
    return f" (trading day {trading_day})" if trading_day not in ("", day_of(time)) else ""


def clock_of(time: int) -> str:
    """Return the time of day of ns since 1970-01-01, with milliseconds where there are any."""
    return moment_of(time).time().isoformat(timespec="auto" if time % SECOND == 0 else "milliseconds")


def hour_of(time_of_day: int) -> str:
    """Return ns since midnight as HH:MM."""
    hours, minutes = divmod(time_of_day // MINUTE, 60)
    return f"{hours:02}:{minutes:02}"


def price(value: float) -> str:
    """Return a price, to six decimals at most."""
    return repr(round(value, PRICE_DIGITS))


def per_currency(fill: Explanation) -> str:
    """Return what makes of prices times shares an amount: nothing, or ` / 100` of pence."""
    return "" if fill.prices_per_currency == 1.0 else f" / {fill.prices_per_currency:g}"


def _wrapped(line: str, indent: str) -> list[str]:
    return textwrap.wrap(
        line, WIDTH, initial_indent=indent, subsequent_indent=indent + INDENT, break_on_hyphens=False
    ) or [""]


def lines_of_parts(parts: Iterable[tuple[str, Iterable[str]]]) -> list[str]:
    """Return parts, each with a title, as lines of at most 80 columns."""
    lines: list[str] = []
    for title, body in parts:
        lines += ["", title] if title else []
        for line in body:
            lines += _wrapped(line, INDENT if title else "")
    return lines
