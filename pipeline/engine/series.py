"""A strategy's own series: numbers that it records as it goes, up to one an event, for the run's files."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pipeline.engine.memory import Compound
from pipeline.errors import StrategyError

if TYPE_CHECKING:
    from pipeline.engine.memory import FloatColumn, Kind
    from pipeline.engine.rules.replay_state import ReplayState


class Series(Compound):
    """Numbers of some of the events: `fair: Series = Series()`, then `self.fair.record(m, price)`.

    The last number of an event stands. It is written and never read: a strategy cannot depend on it, and where several
    settings are replayed at once it is left out.

    Args:
        every: Seconds from one row of the file to the next, at least; 0 for each event at which one is recorded.
    """

    actions: ClassVar[tuple[str, ...]] = ("record",)
    recorded: ClassVar[bool] = True

    values: FloatColumn

    def __init__(self, every: float = 0) -> None:
        super().__init__(1)
        if not 0 <= every < float("inf"):
            raise StrategyError(f"Series({every!r}): it takes seconds, 0 for each event.")
        self.every = every

    def made_with(self) -> str:
        """Return how it is written."""
        return f"Series({self.every:g})"

    def held(self) -> list[float]:
        """Return nothing: what was recorded is in the run's files."""
        return []

    def numbers(self) -> dict[str, tuple[Kind, int | float]]:
        """Return nothing: no replay goes on from it."""
        return {}

    def record(self, m: ReplayState, value: float) -> None:
        """Record a number as of the event at hand."""
        at = m.event - m.before
        if self.recorded and at >= 0:
            self.values[at] = float(value)
