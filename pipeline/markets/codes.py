"""Which exchange a Bloomberg code means, and which other exchanges list a ticker."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from pipeline.markets.facts import facts_of, market_files

if TYPE_CHECKING:
    from pathlib import Path


@cache
def exchange_of_code(code: str) -> str | None:
    """Return the exchange whose securities Bloomberg marks by a code, as UH; None where no market's file says so."""
    return next((file.exchange for file in listed() if code in file.codes), None)


@cache
def exchanges_beside(exchange: str) -> tuple[str, ...]:
    """Return the other exchanges whose files say the same currency and clock, where its securities may be instead."""
    own = [(file.currency, file.time_zone) for file in listed() if file.exchange == exchange]
    return tuple(
        file.exchange for file in listed() if file.exchange != exchange and (file.currency, file.time_zone) in own
    )


@cache
def exchanges_listing(ticker: str) -> tuple[str, ...]:
    """Return the exchanges whose files say that they list a ticker."""
    return tuple(file.exchange for file in listed() if ticker in file.tickers)


class Listed(NamedTuple):
    """What a market's file says of its securities."""

    exchange: str
    codes: list[object]
    tickers: list[object]
    currency: object
    time_zone: object


@cache
def listed() -> tuple[Listed, ...]:
    """Return of each market what it says of its securities; a file that says nothing of them is for who uses it."""
    return tuple(map(_read, market_files()))


def read_markets_anew() -> None:
    """Let go of what this process has read of the markets' files, which may say something else by now."""
    for read in (facts_of, exchange_of_code, exchanges_beside, exchanges_listing, listed):
        read.cache_clear()


def _read(file: Path) -> Listed:
    try:
        content = json.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError):
        content = None
    if not isinstance(content, dict):
        content = {}
    codes, tickers = (each if isinstance(each := content.get(name), list) else [] for name in ("codes", "tickers"))
    codes = [*codes, content.get("sheet_suffix")]
    return Listed(file.stem, codes, tickers, content.get("currency"), content.get("time_zone"))
