"""The task that a worker runs on any backend: replay one security and return its result, or its error in words."""

from __future__ import annotations

import time
import traceback
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipeline.errors import LoopsDisagree, ReplayError, in_words, out_of_memory
from pipeline.markets.facts import facts_of
from pipeline.replay.batch import Setting, simulate_many
from pipeline.replay.memory import memory_advice
from pipeline.replay.observe import Observed, observe
from pipeline.replay.simulate import Engine, Replayed, simulate
from pipeline.store.tick_file import read_ticks
from pipeline.strategies.loading.load import load_strategy, undeclared_files

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.engine.execution import Execution
    from pipeline.engine.outcome import Fills
    from pipeline.engine.strategy import Strategy
    from pipeline.errors import WorkerDied
    from pipeline.markets.facts import MarketFacts
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


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class SecurityResult:
    """One security's replay, or the error that ended it; seconds are wall clock. cached: replayed by an earlier run.

    observed: what the market did around the fills. opened: data files that the strategy opened and does not declare.
    """

    task: Task
    replayed: Replayed | None
    observed: Observed | None = None
    error: str | None = None
    trace: str | None = None
    alternatives: Mapping[str, Alternative] = field(default_factory=dict)
    read_seconds: float = 0.0
    replay_seconds: float = 0.0
    check_seconds: float = 0.0
    cached: bool = False
    opened: tuple[str, ...] = ()

    @property
    def ticker(self) -> str:
        """The security's ticker."""
        return self.task.ticker


def run_task(task: Task) -> SecurityResult:
    """Read one security's ticks and replay them; a failure becomes the result's error and takes nobody along."""
    started = time.perf_counter()
    try:
        strategy, market = load_strategy(task.strategy), facts_of(task.exchange)
        ticks = read_ticks(task.path, task.digest)
        read = time.perf_counter()
        replayed = simulate(ticks, strategy, task.parameters, market, task.execution, task.engine)
        observed = observe(ticks, replayed.fills, replayed.market_days, market, task.execution)
        done = time.perf_counter()
        alternatives = _alternatives(task, ticks, strategy, market, replayed.fills)
        return SecurityResult(
            task,
            replayed,
            observed,
            alternatives=alternatives,
            read_seconds=read - started,
            replay_seconds=done - read,
            check_seconds=time.perf_counter() - done,
            opened=undeclared_files(strategy),
        )
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the others' results stand whatever a strategy raises
        return SecurityResult(task, None, error=task_error(task, error), trace=traceback.format_exc())


def task_error(task: Task, error: BaseException) -> str:
    """Return in words what ended a task; for memory that ran out also what to do."""
    if isinstance(error, MemoryError):
        advice = memory_advice(task.at_a_time, checks=bool(task.alternatives))
        error = out_of_memory(error, f"to replay {task.ticker}", advice)
    return in_words(error)


def worker_died(task: Task, error: WorkerDied) -> SecurityResult:
    """Return the result of a security whose worker cannot tell any more."""
    return SecurityResult(task, None, error=str(error))


def _alternatives(
    task: Task, ticks: Ticks, strategy: type[Strategy], market: MarketFacts, fills: Fills
) -> dict[str, Alternative]:
    """Replay one security under each model of the assumption check; raises what the first to fail raises.

    fills: of the run's own model, which the loop for many settings has to give as well.
    """
    settings = [Setting(task.parameters, model) for model in task.alternatives.values()]
    by_number: dict[int, Alternative] = {}
    for number, other in simulate_many(ticks, strategy, settings, market, task.engine):
        if isinstance(other, ReplayError):
            raise other
        if settings[number].execution.fields() == task.execution.fields() and (
            fills.event.tobytes() != other.fills.event.tobytes() or fills.pnl.tobytes() != other.fills.pnl.tobytes()
        ):
            raise LoopsDisagree(
                f"The loop for one setting found {len(fills):,} fills and the loop for many {len(other.fills):,}, or "
                "others. That is a fault of this project, not of the strategy: use --no-sensitivity, no sweep, and "
                "report it."
            )
        by_number[number] = Alternative(other.realized_pnl, other.fees, len(other.fills))
    return {name: by_number[number] for number, name in enumerate(task.alternatives)}
