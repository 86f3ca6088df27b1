"""Puts into words what our order was at a moment, as lines of at most 80 columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.tracing.order_rendering import (
    books,
    call_line,
    clock_at,
    clock_of,
    lines_of_parts,
    of_day,
    order_lines,
    passed_line,
    price,
    seen_line,
    tick_line,
    when,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.tracing.moment import Moment, Standing


def lines_of(moment: Moment, *, verbose: bool = False) -> list[str]:
    """Return in words what our order was at a moment.

    Args:
        moment: The moment and our order then.
        verbose: Also every print and resize, and the fields of the strategy.
    """
    parts = [("", _heading(moment)), ("The moment", _moment(moment))]
    standing = moment.standing
    for order in standing:
        number = "" if order.order.number is None else f", order {order.order.number:,}"
        parts.append((f"Our {moment.side}{number}", _order(moment, order, verbose=verbose)))
        parts.append(("What touched it last", _touched(moment, order)))
        parts.append(("What would have filled it", _wanted(moment, order)))
    if not standing:
        parts.append((f"Our {moment.side}", _none(moment)))
    if moment.orders and moment.messages:
        parts.append(("Messages", _messages(moment)))
    if verbose:
        parts.append(("The strategy's fields", (f"{name} = {value!r}" for name, value in moment.memory.items())))
    return lines_of_parts(parts)


def summary(moment: Moment) -> str:
    """Return what our order was in one sentence."""
    return f"{moment.security} {when(moment.asked_at)}: {_state(moment)}"


def _state(moment: Moment) -> str:
    if not moment.standing:
        return f"no {moment.side} of ours, {_why_none(moment)}"
    best, *others = moment.standing
    ahead = f"{best.ahead:,} ahead" if best.ahead else "nobody ahead"
    several = "" if not others else f"{len(others) + 1} {moment.side}s of ours, first "
    return f"{several}our {moment.side} at {price(best.order.price)}, {best.remaining:,} remaining, {ahead}"


def _why_none(moment: Moment) -> str:
    if moment.ended is None:
        return "since none has been placed"
    how, clock = moment.ended.how, clock_at(moment.ended.tick, moment.tick)
    if how == "filled":
        return f"since the last was filled at {clock}"
    return f"since the last was cancelled at {clock}" + (f" by {how}" if "=" in how else "")


def _heading(moment: Moment) -> Iterator[str]:
    at = f"{when(moment.asked_at)}{of_day(moment.asked_at, moment.day)}"
    yield f"{moment.security}, {at}: {_state(moment)}"
    yield f"{moment.run} ({moment.strategy}, {moment.execution} execution)"


def _moment(moment: Moment) -> Iterator[str]:
    if moment.events > 1:
        yield f"{moment.events:,} ticks are in it; this is the state after the last of them"
    elif moment.events == 0:
        yield "no tick is in it; this is the state after the last one before"
    yield seen_line(moment.tick, moment.tick)
    yield books(moment.bid, moment.ask)
    yield f"our position: {moment.position:,}"
    if moment.aside_since is not None:
        yield f"our quotes stand aside since {tick_line(moment.aside_since, moment.tick)}: nothing fills them"


def _order(moment: Moment, order: Standing, *, verbose: bool) -> Iterator[str]:
    yield from order_lines(order.order, moment.tick, verbose=verbose)
    yield f"then: {order.remaining:,} of ours remain, {order.ahead:,} stand ahead"
    if not moment.orders:
        yield from _messages(moment)


def _none(moment: Moment) -> Iterator[str]:
    yield f"none, {_why_none(moment)}"
    if moment.ended is not None:
        yield tick_line(moment.ended.tick, moment.tick)
        if moment.ended.line is not None:
            yield from call_line(moment.ended.line)
    yield from _asked(moment)
    yield from _messages(moment)


def _messages(moment: Moment) -> Iterator[str]:
    for message in moment.messages:
        of_order = "" if message.number is None else f" order {message.number:,}"
        what = f"{',' * bool(of_order)} {message.size:,} at {price(message.price)}" if message.size else ""
        yield f"on its way: {message.kind}{of_order}{what}, due from {clock_of(message.due)} on"


def _asked(moment: Moment) -> Iterator[str]:
    call, ended = moment.call, moment.ended
    if call is None:
        yield "the strategy has never asked for one"
    elif ended is not None and call.tick.index < ended.tick.index:
        yield "the strategy has asked for nothing since"
    elif ended is None or call.line != ended.line or call.tick != ended.tick:
        refused = ", and was refused" if call.refused else ""
        yield f"the strategy's last call for this side, on {tick_line(call.tick, moment.tick)}{refused}:"
        if call.line is not None:
            yield from call_line(call.line)


def _touched(moment: Moment, order: Standing) -> Iterator[str]:
    prints, quote, touch = order.last_print, order.last_quote, order.last_touch
    yield f"the last print: {passed_line(prints, moment.tick)}" if prints is not None else "no print in this place"
    if quote is not None:
        did = f"{quote.ahead:,} of the queue ahead went" if quote.ahead else "what stands ahead stayed as it was"
        yield f"the last quote: {tick_line(quote.tick, moment.tick)}: {did}"
    else:
        yield f"no quote of the {moment.side} side at its price since"
    if touch is not None:
        yield f"the opposite touch: {passed_line(touch, moment.tick)}"


def _wanted(moment: Moment, order: Standing) -> Iterator[str]:
    wanted, first = order.wanted, ""
    below, limit = ("below" if moment.side == "bid" else "above"), price(wanted.price)
    if moment.aside_since is not None:
        yield "nothing, until the strategy lets its quotes be filled again; then"
    whole = f" for its first share, of {wanted.whole:,} for all {order.remaining:,}" if order.remaining > 1 else ""
    if wanted.prior:
        first = f", once the {wanted.prior:,} of our orders before it are filled"
    yield f"a print of at least {wanted.first:,} at {limit} or {below}{whole}"
    if wanted.through:
        yield f"a print of any size {below} {limit}: it clears the queue ahead{first}"
    if wanted.acts_first:
        yield "if the strategy, which acts on a print first, leaves the order as it is"
    if wanted.not_before is not None:
        yield f"no print before {clock_of(wanted.not_before)}: the session has just opened"
    if wanted.touch:
        opposite, away = ("ask", "below") if moment.side == "bid" else ("bid", "above")
        yield (
            f"the {opposite} at {limit} or {below}, with the {moment.side} still {away} that (a locked or crossed book "
            f"fills nobody): at most what it shows{first}"
        )
