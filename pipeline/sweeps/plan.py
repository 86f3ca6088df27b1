"""Checks a sweep's request, plans it and yields one result per setting and security, reusing what is cached."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from pipeline.engine.compiler.batch_code import BATCH_SIZE
from pipeline.engine.execution import SWITCH, Execution, is_charge, make_execution, preset_settings
from pipeline.engine.strategy import fields_of
from pipeline.errors import ReplayError, SweepError, in_words, nearest
from pipeline.markets.facts import facts_of
from pipeline.replay.batch import Setting, prepare, simulate_many
from pipeline.replay.plan import Plan, Request, asked_backend, check_charged, default_backend, plan
from pipeline.replay.result_key import Identity, strategy_text
from pipeline.replay.simulate import Replayed
from pipeline.replay.workers import run_all, workers_for
from pipeline.store.catalog import verified_digest
from pipeline.store.parquet import read_ticks
from pipeline.strategies.loading.load import load_strategy, undeclared_files
from pipeline.sweeps.axes import PRESET, Axis, Combination, Grid, assumed, combinations, is_assumption

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pipeline.engine.strategy import Strategy
    from pipeline.errors import WorkerDied
    from pipeline.replay.simulate import Engine
    from pipeline.replay.workers import Backend
    from pipeline.settings import Values
    from pipeline.store.path import AnyPath
    from pipeline.store.result_cache import ResultCache
    from pipeline.strategies.loading.load import StrategySource

EVENTS_A_TASK: Final = 300_000_000
"""Ticks x settings of one task, about a second: what a lost worker or a kill costs."""

WORTH_PROCESSES: Final = 4_000
"""Results from which processes are worth their start: making one takes the interpreter, which threads share."""

MOST_A_TASK: Final = 8 * BATCH_SIZE
WALK_BYTES: Final = 800 * 2**20
PLAIN_TICKS: Final = 10_000_000

Encode = Callable[[Replayed], bytes]
Named: TypeAlias = "tuple[Trial, Setting, str]"


@dataclass(frozen=True, slots=True)
class Trial:
    """One setting of a sweep: its number from 1 on, its strategy, the combination of the grid, and what that changes.

    changes: parameters by config key, checked. execution: the model all its replays run under.
    """

    number: int
    strategy: str
    combination: Combination
    changes: Values
    execution: Execution


@dataclass(frozen=True, slots=True)
class SweepTask:
    """Many settings of one security; the worker reads the security's file once for all of them."""

    ticker: str
    exchange: str
    path: AnyPath
    digest: str
    strategy: StrategySource
    engine: Engine
    numbers: tuple[int, ...]
    settings: tuple[Setting, ...]
    encode: Encode


@dataclass(frozen=True, slots=True)
class TrialResult:
    """What a sweep found for one setting on one security: its encoded figures or fills, or the error that ended it.

    opened: data files that the strategy opened and does not declare.
    """

    number: int
    ticker: str
    encoded: bytes | None
    error: str | None = None
    cached: bool = False
    opened: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SweepPlan:
    """A sweep that has been checked. bases: the plan of each strategy by its name. axes: the names varied.

    assumed: the execution model that settings are chosen under, where several are tried: a value by axis.
    """

    bases: Mapping[str, Plan]
    trials: tuple[Trial, ...]
    axes: tuple[str, ...]
    workers: int
    backend: Backend
    address: str | None
    assumed: Mapping[str, Any] = field(default_factory=dict)

    def may_choose(self, trial: Trial) -> bool:
        """Tell whether a trial is under the execution model that settings are chosen under."""
        return all(trial.combination.values.get(axis, value) == value for axis, value in self.assumed.items())

    @property
    def tickers(self) -> tuple[str, ...]:
        """The tickers swept, sorted."""
        return tuple(security.ticker for security in next(iter(self.bases.values())).securities)

    @property
    def size(self) -> int:
        """How many results the sweep has: a trial and a security each."""
        return len(self.trials) * len(self.tickers)


def plan_sweep(grid: Grid, request: Request, strategies: Sequence[str], *, enumerate_all: bool = True) -> SweepPlan:
    """Check a sweep and plan it; every error of the request itself is raised here, before anything runs.

    enumerate_all: whether all combinations of the grid are its trials; a search makes its own.
    """
    bases = {name: plan(replace(request, strategy=name, sensitivity=False)) for name in strategies}
    _check_axes(grid, bases)
    for span in grid.spans:
        if enumerate_all and span.is_for_search:
            raise SweepError(f"{span.name}: a range needs a step or points, unless --trials searches it.")
    trials: list[Trial] = []
    for name, base in bases.items():
        axes = [axis for axis in grid.axes if _means_something(axis.name, base)]
        of_strategy = make_trials(name, base, combinations(axes) if enumerate_all else _corners(axes), len(trials) + 1)
        trials += of_strategy if enumerate_all else []
    every = [base for base in bases.values() if base.tasks]
    settings = len(trials) // max(1, len(every)) or BATCH_SIZE
    work = sum(security.ticks for base in every for security in base.securities) * settings
    engine: Engine = "python" if any(base.engine == "python" for base in every) else "compiled"
    many = (
        request.workers != 1 and engine == "compiled" and settings * len(every[0].securities) >= WORTH_PROCESSES
        if every
        else False
    )
    by_default = "loky" if many else default_backend(engine, work, request.workers)
    backend: Backend = asked_backend(request.backend) or by_default
    need = [WALK_BYTES + base_need for base_need in (security.size for base in every for security in base.securities)]
    workers = workers_for(backend, need * max(1, len(trials) // MOST_A_TASK), request.workers, request.address)
    names = tuple(axis.name for axis in grid.axes)
    return SweepPlan(bases, tuple(trials), names, workers, backend, request.address, assumed(grid.axes))


def make_trials(strategy: str, base: Plan, some: Sequence[Combination], first: int) -> list[Trial]:
    """Return combinations as trials, numbered from `first` on; raise ConfigError for a value that is not taken."""
    known = fields_of(_strategy(base)).by_key()
    executions: dict[str, Execution] = {}
    trials = []
    for number, combination in enumerate(some, first):
        changes = {key: known[key].check(value, "the sweep") for key, value in combination.parameters.items()}
        named = repr((combination.preset, sorted(combination.switches.items())))
        if named not in executions:
            executions[named] = _execution(base.execution, combination)
        trials.append(Trial(number, strategy, combination, changes, executions[named]))
    return trials


def run_sweep(
    plan: SweepPlan,
    encode: Encode,
    cache: ResultCache | None,
    trials: Sequence[Trial],
    *,
    tickers: Sequence[str] | None = None,
    fresh: bool = False,
    on_compile: Callable[[str], None] | None = None,
) -> Iterator[TrialResult]:
    """Yield what each trial gives for each security: first what fails at once or is cached, then the rest as tasks end.

    cache: where results are looked up and stored, if anywhere; fresh: whether what it has is computed all the same.
    """
    missing: dict[tuple[str, str], list[Named]] = {}
    purpose, made_by = f"{encode.__module__}.{encode.__qualname__}", (__name__, encode.__module__)
    for name, base in plan.bases.items():
        own = [trial for trial in trials if trial.strategy == name]
        strategy = _strategy(base)
        text = strategy_text(strategy)
        for task, security in zip(base.tasks, base.securities, strict=True):
            if tickers is not None and security.ticker not in tickers:
                continue
            if task.error is not None:
                yield from (TrialResult(trial.number, security.ticker, None, task.error) for trial in own)
                continue
            digest = verified_digest(security)
            identity = Identity(strategy, text, digest, facts_of(task.exchange), base.engine, purpose, made_by)
            named = list(_named(identity, own, task.parameters))
            cached_results = cache.get([key for _, _, key in named]) if cache is not None and not fresh else {}
            for trial, setting, key in named:
                if key in cached_results:
                    yield TrialResult(trial.number, security.ticker, cached_results[key], cached=True)
                else:
                    missing.setdefault((name, security.ticker), []).append((trial, setting, key))
    keys = {(trial.number, ticker): key for (_, ticker), rows in missing.items() for trial, _, key in rows}
    for base in {name: plan.bases[name] for name, _ in missing}.values():
        prepare(_strategy(base), base.engine, on_compile, [trial.execution for trial in trials])
    tasks = sweep_tasks(plan, missing, encode)
    done = run_all(run_sweep_task, tasks, plan.backend, plan.workers, address=plan.address, on_death=sweep_worker_died)
    for results in done:
        if cache is not None:
            cache.put(
                {keys[one.number, one.ticker]: one.encoded for one in results if one.encoded and not one.opened},
            )
        yield from results


def run_sweep_task(task: SweepTask) -> list[TrialResult]:
    """Read one security's ticks and encode every setting on them; a failure becomes the settings' error."""
    try:
        return _measured(task)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the others' results stand whatever a strategy raises
        return [TrialResult(number, task.ticker, None, in_words(error)) for number in task.numbers]


def sweep_worker_died(task: SweepTask, error: WorkerDied) -> list[TrialResult]:
    """Return the settings whose worker cannot tell any more."""
    return [TrialResult(number, task.ticker, None, str(error)) for number in task.numbers]


def _strategy(base: Plan) -> type[Strategy]:
    return load_strategy(base.tasks[0].strategy)


def _measured(task: SweepTask) -> list[TrialResult]:
    strategy, market = load_strategy(task.strategy), facts_of(task.exchange)
    done = []
    for at, found in simulate_many(read_ticks(task.path, task.digest), strategy, task.settings, market, task.engine):
        encoded, error = (None, str(found)) if isinstance(found, ReplayError) else (task.encode(found), None)
        done.append(TrialResult(task.numbers[at], task.ticker, encoded, error, opened=undeclared_files(strategy)))
    return done


def _named(identity: Identity, trials: Sequence[Trial], parameters: Values) -> Iterator[Named]:
    for trial in trials:
        setting = Setting({**parameters, **trial.changes}, trial.execution)
        yield trial, setting, identity.of(setting)


def sweep_tasks(plan: SweepPlan, missing: Mapping[tuple[str, str], Sequence[Named]], encode: Encode) -> list[SweepTask]:
    """Return the tasks, those of the largest securities first; each is a second or so of work."""
    tasks: list[tuple[int, SweepTask]] = []
    for (name, ticker), rows in missing.items():
        base = plan.bases[name]
        [at] = [at for at, security in enumerate(base.securities) if security.ticker == ticker]
        ticks, task = base.securities[at].ticks, base.tasks[at]
        for some in _parts(rows, _settings_a_task(base.engine, ticks)):
            sweep_task = SweepTask(
                ticker=ticker,
                exchange=task.exchange,
                path=task.path,
                digest=task.digest,
                strategy=task.strategy,
                engine=base.engine,
                numbers=tuple(trial.number for trial, _, _ in some),
                settings=tuple(setting for _, setting, _ in some),
                encode=encode,
            )
            tasks.append((ticks * len(some), sweep_task))
    tasks.sort(key=lambda one: (-one[0], one[1].strategy.name, one[1].ticker, one[1].numbers))
    return [task for _, task in tasks]


def _settings_a_task(engine: Engine, ticks: int) -> int:
    if engine == "python":
        return max(1, min(MOST_A_TASK, PLAIN_TICKS // max(1, ticks)))
    return max(BATCH_SIZE, min(MOST_A_TASK, EVENTS_A_TASK // max(1, ticks)) // BATCH_SIZE * BATCH_SIZE)


def _parts(rows: Sequence[Named], size: int) -> Iterator[Sequence[Named]]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def _execution(base: Execution, combination: Combination) -> Execution:
    execution = make_execution(combination.preset or base.preset, {**base.changed, **combination.switches}, "the sweep")
    check_charged(execution, "the sweep: ")
    return execution


def _corners(axes: Sequence[Axis]) -> list[Combination]:
    """Return combinations in which every value of every axis occurs, so that all are checked before a search begins."""
    longest = max((len(axis.values) for axis in axes), default=0)
    return [Combination({axis.name: axis.values[at % len(axis.values)] for axis in axes}) for at in range(longest)]


def _means_something(axis: str, base: Plan) -> bool:
    if is_assumption(axis):
        return base.switches_apply or is_charge(axis.removeprefix(SWITCH))
    return axis in fields_of(_strategy(base)).by_key()


def _check_axes(grid: Grid, bases: Mapping[str, Plan]) -> None:
    for axis in grid.axes:
        if not any(_means_something(axis.name, base) for base in bases.values()):
            known = [key for base in bases.values() for key in fields_of(_strategy(base)).by_key()]
            known += [PRESET, *(SWITCH + key for key in preset_settings("classic"))]
            raise SweepError(
                f"{axis.name} is nothing that {' or '.join(base.strategy for base in bases.values())} takes."
                f"{nearest(axis.name, known)}"
            )
