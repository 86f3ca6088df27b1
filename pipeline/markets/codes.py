"""Which exchange a Bloomberg code means, and which other exchanges list a ticker."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING

from pipeline.markets.facts import market_files

if TYPE_CHECKING:
    from pathlib import Path


@cache
def exchange_of_code(code: str) -> str | None:
    """Return the exchange whose securities Bloomberg marks by a code, as UH; None where no market's file says so."""
    return next((name for name, codes, _ in _listed() if code in codes), None)


@cache
def exchanges_listing(ticker: str) -> tuple[str, ...]:
    """Return the exchanges whose files say that they list a ticker."""
    return tuple(name for name, _, tickers in _listed() if ticker in tickers)


@cache
def _listed() -> tuple[tuple[str, list[object], list[object]], ...]:
    """Return of each market its name, codes and tickers; a file that says nothing of them is for who uses it."""
    return tuple((file.stem, *_names(file)) for file in market_files())


def _names(file: Path) -> tuple[list[object], list[object]]:
    try:
        content = json.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError):
        return [], []
    if not isinstance(content, dict):
        return [], []
    codes, tickers = (each if isinstance(each := content.get(name), list) else [] for name in ("codes", "tickers"))
    return [*codes, content.get("sheet_suffix")], tickers
