"""Ticks in memory where a trace asks for a source of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.engine.outcome import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.ticks import Ticks


@dataclass(frozen=True)
class TicksAtHand:
    """Ticks that are in memory."""

    ticks: Ticks

    @property
    def span(self) -> Span:
        """What a replay is told of all of them."""
        return Span.of(self.ticks)

    def days(self) -> Iterator[Ticks]:
        """Yield all ticks at once."""
        yield self.ticks
