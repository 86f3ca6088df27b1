"""A backtest request in, a checked plan and then one result a security out, as they complete."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from pipeline.backtest.simulate import ENGINES, Engine
from pipeline.backtest.task import SecurityResult, Task, run_task
from pipeline.backtest.workers import BACKENDS, Backend, check_workers, run_all, workers_for
from pipeline.engine.strategy import fields_of
from pipeline.errors import BadRequest, UnknownSecurity, nearest
from pipeline.settings import read_config
from pipeline.store.catalog import Security, open_store
from pipeline.strategies.load import load_strategy, strategy_label

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

Name = TypeVar("Name", bound=str)

WORTH_A_POOL: Final = 3_000_000
"""Ticks from which a second thread saves more than joblib's start costs, with the compiled engine."""

BYTES_A_TICK: Final = 160
"""What one replay takes for each tick: Arrow's columns, ours, and the room for fills, with a margin."""


@dataclass(frozen=True, slots=True)
class Request:
    """What the user asked for, as given; None means the default."""

    strategy: str = "v1_baseline"
    config: Path | None = None
    parquet_dir: Path = Path("data/parquet")
    workers: int | None = None
    backend: str | None = None
    engine: str = "compiled"
    overrides: Mapping[str, str] = field(default_factory=dict)
    securities: Sequence[str] = ()
    max_sheets: int | None = None
    allow_stale: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """A request that has been checked: nothing about it can be wrong any more but the data themselves."""

    strategy: str
    config: Path
    engine: Engine
    backend: Backend
    workers: int
    tasks: tuple[Task, ...]
    securities: tuple[Security, ...]


def plan(request: Request) -> Plan:
    """Check a request and plan its tasks; every error of the request itself is raised here, before anything runs."""
    engine = _one_of(request.engine, ENGINES, "--engine")
    asked = None if request.backend is None else _one_of(request.backend, BACKENDS, "--backend")
    check_workers(request.workers)
    strategy = load_strategy(request.strategy)
    label = strategy_label(request.strategy)
    config_path = request.config or default_config(label)
    config = read_config(config_path, fields_of(strategy).by_key(), request.overrides)
    store = open_store(request.parquet_dir)
    if not request.allow_stale:
        store.check_fresh()
    chosen = _chosen(store.securities, request)
    parameters = config.of([security.ticker for security in chosen])
    tasks = tuple(
        Task(one.ticker, one.exchange, one.path, request.strategy, parameters[one.ticker], engine) for one in chosen
    )
    backend = asked or default_backend(engine, sum(security.ticks for security in chosen), request.workers)
    need = [security.ticks * BYTES_A_TICK + security.size for security in chosen]
    workers = min(workers_for(backend, need, request.workers), len(tasks))
    return Plan(label, config_path, engine, backend, workers, tasks, chosen)


def run(plan: Plan, on_compile: Callable[[str], None] | None = None) -> Iterator[SecurityResult]:
    """Yield each security's result as it completes; the longest start first.

    on_compile: told the strategy's class when its loop is not yet kept on disk and is compiled now.
    """
    if plan.engine == "compiled" and plan.tasks:
        from pipeline.engine.compiled import compiled_replay  # noqa: PLC0415 - the plain engine does without LLVM

        compiled_replay(load_strategy(plan.tasks[0].strategy), on_compile)
    ticks = {security.ticker: security.ticks for security in plan.securities}
    longest_first = sorted(plan.tasks, key=lambda task: (-ticks[task.ticker], task.ticker))
    yield from run_all(run_task, longest_first, plan.backend, plan.workers)


def default_backend(engine: Engine, ticks: int, workers: int | None) -> Backend:
    """Return the backend that is quickest for this engine and this many ticks.

    A plain strategy holds the GIL and needs processes. A compiled one needs threads only, and none at all while the
    whole replay takes less time than joblib takes to load: figures in docs/performance.md. Workers asked for are given.
    """
    if engine == "python":
        return "loky"
    return "sequential" if workers in (None, 1) and ticks < WORTH_A_POOL else "threading"


def default_config(strategy: str) -> Path:
    """Return the config of a strategy: the one in `configs` here, or else the one that comes with the project."""
    here = Path("configs") / f"{strategy}.json"
    shipped = Path(__file__).resolve().parents[2] / here
    return here if here.exists() or not shipped.exists() else shipped


def _chosen(securities: Sequence[Security], request: Request) -> tuple[Security, ...]:
    if request.max_sheets is not None and request.max_sheets < 1:
        raise BadRequest(f"--max-sheets is {request.max_sheets}; it takes a whole number of at least 1.")
    by_ticker = {security.ticker: security for security in securities}
    wanted = [ticker.strip().upper() for ticker in request.securities]
    for ticker in wanted:
        if ticker not in by_ticker:
            raise UnknownSecurity(
                f"{request.parquet_dir} holds no {ticker}.{nearest(ticker, by_ticker)} "
                f"It holds {', '.join(sorted(by_ticker))}."
            )
    chosen = [by_ticker[ticker] for ticker in sorted(set(wanted) or by_ticker)]
    return tuple(chosen[: request.max_sheets])


def _one_of(given: str, known: Sequence[Name], option: str) -> Name:
    for one in known:
        if one == given:
            return one
    raise BadRequest(f"{option} is '{given}'; it takes {', '.join(known)}.{nearest(given, known)}")
