"""What a made-up day, a fill of it, and what docs/reference/rules.md says of that fill are made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.settings import Value

SMALL: Final = {"quote_size": 1_000, "max_position": 10_000, "min_local_currency_before_quote": 0}


@dataclass(frozen=True)
class Scenario:
    """One day or two, the fill to be explained, and what is expected: facts by their path, rules, words."""

    name: str
    strategy: str
    ticks: str
    fill: int
    facts: Mapping[str, Any]
    rules: tuple[str, ...]
    words: tuple[str, ...]
    parameters: Mapping[str, Value] = field(default_factory=lambda: SMALL)
    switches: Mapping[str, object] = field(default_factory=dict)
