"""One security's task in, its result or its error in words out: what a worker runs, whatever the backend."""

from __future__ import annotations

import time
import traceback
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pipeline.backtest.simulate import Engine, Replayed, simulate
from pipeline.errors import PipelineError
from pipeline.market.facts import facts_of
from pipeline.store.parquet import read_ticks
from pipeline.strategies.load import load_strategy

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pipeline.engine.execution import Execution
    from pipeline.errors import WorkerDied
    from pipeline.settings import Values
    from pipeline.strategies.load import StrategySource


@dataclass(frozen=True, slots=True)
class Task:
    """All that a worker needs to replay one security; it reads the security's own file and shares nothing.

    alternatives: the execution models of the assumption check, by name; none when it is not wanted.
    """

    ticker: str
    exchange: str
    path: Path
    strategy: StrategySource
    parameters: Values
    execution: Execution
    engine: Engine
    alternatives: Mapping[str, Execution] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Alternative:
    """What the same replay gives under another execution model: P&L and fees in AED, fills."""

    realized_pnl: float
    fees: float
    fills: int

    @property
    def net_pnl(self) -> float:
        """P&L after fees, AED."""
        return self.realized_pnl - self.fees


@dataclass(frozen=True, slots=True)
class SecurityResult:
    """One security's replay, or the error that ended it; seconds are wall clock."""

    task: Task
    replayed: Replayed | None
    error: str | None = None
    trace: str | None = None
    alternatives: Mapping[str, Alternative] = field(default_factory=dict)
    read_seconds: float = 0.0
    replay_seconds: float = 0.0
    check_seconds: float = 0.0

    @property
    def ticker(self) -> str:
        """The security's ticker."""
        return self.task.ticker


def run_task(task: Task) -> SecurityResult:
    """Read one security's ticks and replay them; a failure becomes the result's error and takes nobody along."""
    started = time.perf_counter()
    try:
        strategy, market = load_strategy(task.strategy), facts_of(task.exchange)
        ticks = read_ticks(task.path)
        read = time.perf_counter()
        replayed = simulate(ticks, strategy, task.parameters, market, task.execution, task.engine)
        done = time.perf_counter()
        alternatives = {}
        known = {_switches(task.execution): replayed}
        for name, execution in task.alternatives.items():
            other = known.get(_switches(execution))
            if other is None:
                other = simulate(ticks, strategy, task.parameters, market, execution, task.engine)
                known[_switches(execution)] = other
            charged = replace(other, fees_bps=execution.fees_bps(task.exchange))
            alternatives[name] = Alternative(charged.realized_pnl, charged.fees, len(charged.fills))
        checked = time.perf_counter()
        return SecurityResult(
            task,
            replayed,
            alternatives=alternatives,
            read_seconds=read - started,
            replay_seconds=done - read,
            check_seconds=checked - done,
        )
    except PipelineError as error:
        return SecurityResult(task, None, str(error), traceback.format_exc())
    except Exception as error:  # noqa: BLE001 - the others' results stand whatever a strategy raises
        return SecurityResult(task, None, f"{type(error).__name__}: {error}", traceback.format_exc())


def worker_died(task: Task, error: WorkerDied) -> SecurityResult:
    """Return the result of a security whose worker cannot tell any more."""
    return SecurityResult(task, None, str(error))


def _switches(execution: Execution) -> tuple[tuple[str, int], ...]:
    return tuple(execution.fields().items())
