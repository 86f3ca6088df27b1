"""How a case of what an exchange would not let stand is written down: a stream, and the fills of each model by hand."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

FOREVER: Final = 1_000_000  # seconds: what is placed once is not placed anew


class Case(NamedTuple):
    """A stream; for each model (switches over `classic`), its fills: day, time, side, price, shares, position after."""

    parameters: dict[str, Any]
    stream: str
    fills: dict[str, str]
    strategy: str = "v1_baseline"


def seller(size: int = 100, wait: float = FOREVER) -> dict[str, Any]:
    """Quote the ask only."""
    return {"quote_size_bid": 0, "quote_size_ask": size, "refill_interval_sec": wait}


def buyer(size: int = 100, wait: float = FOREVER) -> dict[str, Any]:
    """Quote the bid only."""
    return {"quote_size_bid": size, "quote_size_ask": 0, "refill_interval_sec": wait}
