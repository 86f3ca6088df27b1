"""The task of a worker: one security to replay, under the execution models of the assumption check as well."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipeline.errors import in_words, out_of_memory
from pipeline.markets.facts import facts_of
from pipeline.replay.memory import memory_advice

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.engine.execution import Execution
    from pipeline.markets.market import MarketFacts
    from pipeline.replay.fx import Conversion
    from pipeline.replay.signals import Source
    from pipeline.replay.simulate import Engine
    from pipeline.settings import Values
    from pipeline.store.path import AnyPath
    from pipeline.strategies.loading.load import StrategySource


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """All that a worker needs to replay one security; it reads the security's own file and shares nothing.

    digest: of its file as it was listed. alternatives: the execution models of the assumption check, by name; none
    when it is not wanted. error: why its ticks cannot be replayed, where that is known before; it is not run then.
    tick_size: what the config says instead of its market's tick sizes. signals: where the signals are that its strategy
    reads, in the order of the class. at_a_time: how many tasks its run does at once. conversion: what converts its
    amounts into the currency of the run, None where they are in it. cache_key: what its result is cached under.
    facts: its market as the plan read it, since a worker may start when the market's file says something else.
    """

    ticker: str
    exchange: str
    path: AnyPath
    digest: str
    strategy: StrategySource
    parameters: Values
    execution: Execution
    engine: Engine
    alternatives: Mapping[str, Execution] = field(default_factory=dict)
    error: str | None = None
    tick_size: float | None = None
    signals: tuple[Source, ...] = ()
    at_a_time: int = 1
    conversion: Conversion | None = None
    cache_key: str = ""
    facts: MarketFacts | None = None

    @property
    def market(self) -> MarketFacts:
        """The facts of its exchange, with the tick size that the config says."""
        return self.facts or facts_of(self.exchange).of_security(self.ticker, self.tick_size)


@dataclass(frozen=True, slots=True, eq=False)
class Alternative:
    """What the same replay gives under another execution model: P&L and fees, fills.

    converted: P&L and fees in the currency of the run, where that is another.
    """

    realized_pnl: float
    fees: float
    fills: int
    converted: Sequence[float] | None = None

    @property
    def net_pnl(self) -> float:
        """P&L after fees, money."""
        return self.realized_pnl - self.fees

    @property
    def in_total(self) -> dict[str, float]:
        """What it adds to a total, by the columns of sensitivity.csv."""
        realized, fees = self.converted or (self.realized_pnl, self.fees)
        return {"fills": self.fills, "realized_pnl": realized, "fees": fees, "net_pnl": realized - fees}


def task_error(task: Task, error: BaseException) -> str:
    """Return in words what ended a task; for memory that ran out also what to do."""
    if isinstance(error, MemoryError):
        advice = memory_advice(task.at_a_time, checks=bool(task.alternatives))
        error = out_of_memory(error, f"to replay {task.ticker}", advice)
    return in_words(error)
