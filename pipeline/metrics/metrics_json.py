"""Writes figures as the JSON text of metrics.json, each security's by itself, so that they are joined unread."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pipeline.metrics.ledger import Ledger

LEVEL_OF_SECURITY = 2
OWN: Final = "own"
"""The key of a security's figures of its strategy's own: by name value, meaning and why_missing."""


def figures_json(figures: Mapping[str, Any], level: int = LEVEL_OF_SECURITY) -> bytes:
    """Return figures as metrics.json has them at a level: keys sorted, a key a line, no NaN."""
    text = json.dumps(figures, indent=1, sort_keys=True, allow_nan=False)
    return text.replace("\n", "\n" + " " * level).encode()


def metrics_json(ledgers: Sequence[Ledger], portfolio: Mapping[str, Any]) -> Iterator[bytes]:
    """Yield the text of metrics.json: the figures of the portfolio and of each security, by ticker.

    Args:
        ledgers: The ledgers of the securities that were replayed, in any order.
        portfolio: The figures of all of them together.
    """
    yield b'{\n "portfolio": ' + figures_json(portfolio, level=1) + b',\n "securities": {'
    before = b""
    for ledger in sorted(ledgers, key=lambda ledger: ledger.ticker):
        yield before + b"\n  " + json.dumps(ledger.ticker).encode() + b": " + ledger.figures_json[:]
        before = b","
    yield (b"\n " if before else b"") + b"}\n}\n"
