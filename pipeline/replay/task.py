"""The task of a worker: one security to replay, under the execution models of the assumption check as well."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipeline.errors import LoopsDisagree, ReplayError, in_words, out_of_memory
from pipeline.replay.batch import Setting, simulate_totals
from pipeline.replay.charges import fees_of
from pipeline.replay.memory import memory_advice

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.engine.execution import Execution
    from pipeline.engine.outcome import Fills
    from pipeline.engine.strategy import Strategy
    from pipeline.markets.market import MarketFacts
    from pipeline.replay.simulate import Engine
    from pipeline.settings import Values
    from pipeline.store.path import AnyPath
    from pipeline.strategies.loading.load import StrategySource
    from pipeline.ticks import Ticks


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """All that a worker needs to replay one security; it reads the security's own file and shares nothing.

    digest: of its file as it was listed. alternatives: the execution models of the assumption check, by name; none
    when it is not wanted. error: why its ticks cannot be replayed, where that is known before; it is not run then.
    at_a_time: how many tasks its run does at once.
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
    at_a_time: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class Alternative:
    """What the same replay gives under another execution model: P&L and fees in AED, fills."""

    realized_pnl: float
    fees: float
    fills: int

    @property
    def net_pnl(self) -> float:
        """P&L after fees, AED."""
        return self.realized_pnl - self.fees


def task_error(task: Task, error: BaseException) -> str:
    """Return in words what ended a task; for memory that ran out also what to do."""
    if isinstance(error, MemoryError):
        advice = memory_advice(task.at_a_time, checks=bool(task.alternatives))
        error = out_of_memory(error, f"to replay {task.ticker}", advice)
    return in_words(error)


def alternatives_of(
    task: Task, ticks: Ticks, strategy: type[Strategy], market: MarketFacts, fills: Fills
) -> dict[str, Alternative]:
    """Replay one security under each model of the assumption check; raises what the first to fail raises.

    fills: of the run's own model, which the loop for many settings has to give as well.
    """
    settings = [Setting(task.parameters, model) for model in task.alternatives.values()]
    by_number: dict[int, Alternative] = {}
    for number, other in simulate_totals(ticks, strategy, settings, market, task.engine):
        if isinstance(other, ReplayError):
            raise other
        execution = settings[number].execution
        if execution.fields() == task.execution.fields():
            _check_agreement(fills, other.fills())
        fees = fees_of(other, strategy, execution.costs(market.exchange))
        by_number[number] = Alternative(other.realized_pnl, fees, other.count)
    return {name: by_number[number] for number, name in enumerate(task.alternatives)}


def _check_agreement(fills: Fills, others: Fills) -> None:
    """Raise LoopsDisagree where the loop for many settings gives other fills than the loop for one."""
    if fills.event.tobytes() != others.event.tobytes() or fills.pnl.tobytes() != others.pnl.tobytes():
        raise LoopsDisagree(
            f"The loop for one setting found {len(fills):,} fills and the loop for many {len(others):,}, or "
            "others. That is a fault of this project, not of the strategy: use --no-sensitivity, no sweep, and "
            "report it."
        )
