"""The phases of the markets that a run was on, as its page shades them; read from what the run recorded of them."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Final

from pipeline.markets.exchange_clock import ExchangeClock
from pipeline.times import FIRST_DAY, MILLISECOND

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pipeline.ticks import Int64s

AHEAD: Final = 1_800
"""Seconds before continuous trading from which on a day is drawn: a pre-open may begin hours before."""


def markets_of(run: Mapping[str, Any]) -> dict[str, Any]:
    """Return of each market the name of its clock and its days' phases; none of a run that recorded none.

    hours: of each stretch of equal days its first day, since 1970-01-01, and of each phase name, start and end in
    seconds since midnight.
    """
    return {
        name: {
            "zone": market["time_zone"],
            "hours": [
                [(dt.date.fromisoformat(each["from"]) - FIRST_DAY).days, each["phases"]] for each in market["phases"]
            ],
        }
        for name, market in (run.get("markets") or {}).items()
        if market.get("phases")
    }


def exchange_of(run: Mapping[str, Any], ticker: str) -> str:
    """Return the exchange that a security was replayed on; the one its name says for a run that recorded none."""
    found: str = (run.get("exchanges") or {}).get(ticker) or run["data"].get(ticker, {}).get("exchange") or ""
    return found


def zones_of(runs: Iterable[Mapping[str, Any]]) -> set[str]:
    """Return the time zones that some runs recorded of their markets."""
    return {
        market["time_zone"] for run in runs for market in (run.get("markets") or {}).values() if market.get("time_zone")
    }


def in_utc(run: Mapping[str, Any], ticker: str, stamps: Int64s) -> Int64s:
    """Return times of a security, ms on its exchange's clock, in UTC; as they are where that clock is not known."""
    zone = (run.get("markets") or {}).get(exchange_of(run, ticker), {}).get("time_zone")
    return ExchangeClock(zone).utc(stamps * MILLISECOND) // MILLISECOND if zone else stamps


def one_of(markets: Mapping[str, Any]) -> str:
    """Return the only one of some markets; empty where there are none or several, each with phases of its own."""
    return next(iter(markets)) if len(markets) == 1 else ""


def drawn_span(run: Mapping[str, Any]) -> tuple[int, int] | None:
    """Return the first and last ms of a day that are drawn: each market's phases, from a little before trading on.

    A market whose day begins on the evening before, or reaches into the night, needs no more than its ticks say.
    None for no other.
    """
    spans = []
    for market in markets_of(run).values():
        for _, phases in market["hours"]:
            opens = min((start for name, start, _ in phases if name == "continuous"), default=0)
            first, last = min(start for _, start, _ in phases), max(end for *_, end in phases)
            if first >= 0:
                spans.append((max(first, opens - AHEAD), last))
    if not spans:
        return None
    return min(first for first, _ in spans) * 1_000, max(last for _, last in spans) * 1_000 - 1


def clock_words(run: Mapping[str, Any]) -> str:
    """Return which clock times are on: that of the exchange, by its name where all of a run's have one."""
    zones = sorted({market["zone"] for market in markets_of(run).values()})
    return f"exchange time ({', '.join(zones)})" if zones else "exchange time"
