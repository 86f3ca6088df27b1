"""Puts into words what our order was at a moment, as lines of at most 80 columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.tracing.order_rendering import (
    books,
    call_line,
    clock_of,
    lines_of_parts,
    of_day,
    order_lines,
    passed_line,
    price,
    tick_line,
    when,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.tracing.moment import Moment, Wanted


def lines_of(moment: Moment, *, verbose: bool = False) -> list[str]:
    """Return in words what our order was at a moment.

    Args:
        moment: The moment and our order then.
        verbose: Also every print and resize, and the fields of the strategy.
    """
    parts = [("", _heading(moment)), ("The moment", _moment(moment)), (f"Our {moment.side}", _order(moment, verbose))]
    if moment.order is not None:
        parts.append(("What touched it last", _touched(moment)))
    if moment.wanted is not None:
        parts.append(("What would have filled it", _wanted(moment, moment.wanted)))
    if verbose:
        parts.append(("The strategy's fields", (f"{name} = {value!r}" for name, value in moment.memory.items())))
    return lines_of_parts(parts)


def summary(moment: Moment) -> str:
    """Return what our order was in one sentence."""
    return f"{moment.security} {when(moment.asked_at)}: {_state(moment)}"


def _state(moment: Moment) -> str:
    if moment.order is None:
        return f"no {moment.side} of ours, {_why_none(moment)}"
    ahead = f"{moment.ahead:,} ahead" if moment.ahead else "nobody ahead"
    return f"our {moment.side} at {price(moment.order.price)}, {moment.remaining:,} remaining, {ahead}"


def _why_none(moment: Moment) -> str:
    if moment.ended is None:
        return "since none has been placed"
    how = moment.ended.how
    if how == "filled":
        return f"since the last was filled at {clock_of(moment.ended.tick.time)}"
    return f"since the last was cancelled at {clock_of(moment.ended.tick.time)}" + (f" by {how}" if "=" in how else "")


def _heading(moment: Moment) -> Iterator[str]:
    at = f"{when(moment.asked_at)}{of_day(moment.asked_at, moment.day)}"
    yield f"{moment.security}, {at}: {_state(moment)}"
    yield f"{moment.run} ({moment.strategy}, {moment.execution} execution)"


def _moment(moment: Moment) -> Iterator[str]:
    if moment.events > 1:
        yield f"{moment.events:,} ticks are in it; this is the state after the last of them"
    elif moment.events == 0:
        yield "no tick is in it; this is the state after the last one before"
    yield tick_line(moment.tick)
    yield books(moment.bid, moment.ask)
    yield f"our position: {moment.position:,}"
    if moment.aside_since is not None:
        yield f"our quotes stand aside since {tick_line(moment.aside_since)}: nothing fills them"


def _order(moment: Moment, verbose: bool) -> Iterator[str]:  # noqa: FBT001
    if moment.order is not None:
        yield from order_lines(moment.order, moment.tick, verbose=verbose)
        yield f"then: {moment.remaining:,} of ours remain, {moment.ahead:,} stand ahead"
    else:
        yield f"none, {_why_none(moment)}"
        if moment.ended is not None:
            yield tick_line(moment.ended.tick)
            if moment.ended.line is not None:
                yield from call_line(moment.ended.line)
        yield from _asked(moment)
    for message in moment.messages:
        what = f" {message.size:,} at {price(message.price)}" if message.size else ""
        yield f"on its way: {message.kind}{what}, due from {clock_of(message.due)} on"


def _asked(moment: Moment) -> Iterator[str]:
    call, ended = moment.call, moment.ended
    if call is None:
        yield "the strategy has never asked for one"
    elif ended is not None and call.tick.index < ended.tick.index:
        yield "the strategy has asked for nothing since"
    elif ended is None or call.line != ended.line or call.tick != ended.tick:
        refused = ", and was refused" if call.refused else ""
        yield f"the strategy's last call for this side, on {tick_line(call.tick)}{refused}:"
        if call.line is not None:
            yield from call_line(call.line)


def _touched(moment: Moment) -> Iterator[str]:
    prints, quote, touch = moment.last_print, moment.last_quote, moment.last_touch
    yield f"the last print: {passed_line(prints)}" if prints is not None else "no print in this place"
    if quote is not None:
        did = f"{quote.ahead:,} of the queue ahead went" if quote.ahead else "what stands ahead stayed as it was"
        yield f"the last quote: {tick_line(quote.tick)}: {did}"
    else:
        yield f"no quote of the {moment.side} side at its price since"
    if touch is not None:
        yield f"the opposite touch: {passed_line(touch)}"


def _wanted(moment: Moment, wanted: Wanted) -> Iterator[str]:
    below, limit = ("below" if moment.side == "bid" else "above"), price(wanted.price)
    if moment.aside_since is not None:
        yield "nothing, until the strategy lets its quotes be filled again; then"
    whole = f" for its first share, of {wanted.whole:,} for all {moment.remaining:,}" if moment.remaining > 1 else ""
    yield f"a print of at least {wanted.first:,} at {limit} or {below}{whole}"
    if wanted.through:
        yield f"a print of any size {below} {limit}: it clears the queue ahead"
    if wanted.not_before is not None:
        yield f"no print before {clock_of(wanted.not_before)}: the session has just opened"
    if wanted.touch:
        opposite, away = ("ask", "below") if moment.side == "bid" else ("bid", "above")
        yield (
            f"the {opposite} at {limit} or {below}, with the {moment.side} still {away} that (a locked or crossed book "
            "fills nobody): at most what it shows"
        )
