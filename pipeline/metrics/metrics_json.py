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
    return _indented(figures, level).encode()


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


def _indented(value: Any, level: int) -> str:
    """Return JSON as `json.dumps` indents it, by its compiled encoder, which takes what holds nothing else at once."""
    opens, closes = "[]" if isinstance(value, list) else "{}"
    end = "\n" + " " * level
    between = f",{end} "
    inside: list[str] = []
    if isinstance(value, list):
        inside.append(_flat(value, between))
    else:
        flat: dict[str, Any] = {}
        for key in sorted(value):
            if isinstance(value[key], (dict, list)) and value[key]:
                inside.append(_flat(flat, between))
                inside.append(f"{json.dumps(key)}: {_indented(value[key], level + 1)}")
                flat = {}
            else:
                flat[key] = value[key]
        inside.append(_flat(flat, between))
    text = between.join(filter(None, inside))
    return f"{opens}{end} {text}{end}{closes}" if text else f"{opens}{closes}"


def _flat(values: Any, between: str) -> str:
    """Return what stands between the brackets of a list or a mapping that holds no other."""
    return json.dumps(values, separators=(between, ": "), allow_nan=False)[1:-1] if values else ""
