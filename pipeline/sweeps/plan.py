"""Checks a sweep's request, plans it and yields one result per setting and security, reusing what is cached."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from pipeline.engine.compiler.batch_code import BATCH_SIZE
from pipeline.engine.execution import BAND, SWITCH, Execution, band_models, is_charge, make_execution, preset_settings
from pipeline.engine.strategy import fields_of
from pipeline.errors import BadRequest, ReplayError, SweepError, nearest
from pipeline.markets.facts import facts_of
from pipeline.replay.batch import Setting, prepare, simulate_many
from pipeline.replay.memory import memory_shortage
from pipeline.replay.plan import Plan, Request, asked_backend, check_charged, identities, plan
from pipeline.replay.simulate import Replayed
from pipeline.replay.task import Task, task_error
from pipeline.replay.workers import default_backend, run_all, workers_for
from pipeline.store.tick_file import read_ticks
from pipeline.strategies.loading.load import load_strategy, undeclared_files
from pipeline.sweeps.axes import PRESET, Axis, Combination, Grid, assumed, combinations, is_assumption

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from pipeline.engine.strategy import Strategy
    from pipeline.errors import WorkerDied
    from pipeline.replay.simulate import Engine
    from pipeline.replay.workers import Backend
    from pipeline.settings import Values
    from pipeline.store.result_cache import ResultCache

EVENTS_A_TASK: Final = 300_000_000
"""Ticks x settings of one task, about a second: what a lost worker or a kill costs."""

WORTH_PROCESSES: Final = 4_000
"""Results from which processes are worth their start: making one takes the interpreter, which threads share."""

MOST_A_TASK: Final = 8 * BATCH_SIZE
WALK_BYTES: Final = 800 * 2**20
PLAIN_TICKS: Final = 10_000_000

OWN: Final = ""
"""What stands for a setting's own execution model beside those of the band."""

Encode = Callable[[Replayed], bytes]


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
    """Many settings of one security, whose task says what to read; the worker reads its file once for all of them."""

    security: Task
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

    assumed: the execution model that settings are chosen under, where several are tried: a value by axis. band: the
    models that each setting is replayed under besides its own. shortage: that memory may not suffice here.
    """

    bases: Mapping[str, Plan]
    trials: tuple[Trial, ...]
    axes: tuple[str, ...]
    workers: int
    backend: Backend
    address: str | None
    assumed: Mapping[str, Any] = field(default_factory=dict)
    band: tuple[str, ...] = ()
    shortage: str | None = None

    def may_choose(self, trial: Trial) -> bool:
        """Return whether a trial is under the execution model that settings are chosen under."""
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
    securities = [security for base in bases.values() for security in base.securities]
    settings = len(trials) // len(bases) or BATCH_SIZE
    work = sum(security.ticks for security in securities) * settings
    engine: Engine = "python" if any(base.engine == "python" for base in bases.values()) else "compiled"
    many = settings * len(securities) // len(bases) >= WORTH_PROCESSES
    by_default = default_backend(engine, work, request.workers)
    if many and engine == "compiled" and request.workers != 1:
        by_default = "loky"
    backend: Backend = asked_backend(request.backend) or by_default
    need = {security.ticker: WALK_BYTES + security.size for security in securities}
    of_tasks = [*need.values()] * (len(bases) * max(1, len(trials) // MOST_A_TASK))
    workers = workers_for(backend, of_tasks, request.workers, request.address)
    shortage = None if request.address or request.backend else memory_shortage(need, workers)
    if shortage:
        backend = "loky"
    bases = {name: _with_workers(base, workers) for name, base in bases.items()}
    names = tuple(axis.name for axis in grid.axes)
    return SweepPlan(
        bases, tuple(trials), names, workers, backend, request.address, assumed(grid.axes), shortage=shortage
    )


def _with_workers(base: Plan, workers: int) -> Plan:
    return replace(base, tasks=tuple(replace(task, at_a_time=workers) for task in base.tasks))


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


def with_band(plan: SweepPlan) -> SweepPlan:
    """Return a plan in which settings are replayed under the models of the band too; raises BadRequest."""
    for base in plan.bases.values():
        if not base.switches_apply:
            raise BadRequest(f"There is no band: {base.own_orders}")
    return replace(plan, band=tuple(BAND))


def under_model(trials: Sequence[Trial], model: str) -> list[Trial]:
    """Return trials as they are (OWN), or under a model of the band, each with the charges of its own model."""
    if model == OWN:
        return [*trials]
    executions = {id(trial.execution): trial.execution for trial in trials}
    models = {key: band_models(execution)[model] for key, execution in executions.items()}
    return [replace(trial, execution=models[id(trial.execution)]) for trial in trials]


def run_sweep(
    plan: SweepPlan,
    encode: Encode,
    cache: ResultCache | None,
    trials: Sequence[Trial],
    *,
    only: Collection[tuple[int, str]] | None = None,
    fresh: bool = False,
    on_compile: Callable[[str], None] | None = None,
) -> Iterator[TrialResult]:
    """Yield what each trial gives for each security: first what fails at once or is cached, then the rest as tasks end.

    Args:
        plan: The sweep.
        encode: Makes what is stored of a replay.
        cache: Where results are looked up and stored, if anywhere.
        trials: The trials to run.
        only: The numbers and tickers to run of them; all of them by default.
        fresh: Whether what is cached is computed all the same.
        on_compile: Called with the strategy's class when its loop is compiled now.
    """
    keys: dict[tuple[int, str], str] = {}
    tasks: list[tuple[int, SweepTask]] = []
    purpose, made_by = f"{encode.__module__}.{encode.__qualname__}", (__name__, encode.__module__)
    for name, base in plan.bases.items():
        by_ticker = identities(base, purpose, made_by)
        for task, security in zip(base.tasks, base.securities, strict=True):
            ticker = task.ticker
            settings = {
                trial.number: Setting({**task.parameters, **trial.changes}, trial.execution)
                for trial in trials
                if trial.strategy == name and (only is None or (trial.number, ticker) in only)
            }
            if task.error is not None:
                yield from (TrialResult(number, ticker, None, task.error) for number in settings)
                continue
            names = {number: by_ticker[ticker].of(setting) for number, setting in settings.items()}
            cached = {} if cache is None or fresh else cache.get([*names.values()])
            known = {number: cached[key] for number, key in names.items() if key in cached}
            yield from (TrialResult(number, ticker, content, cached=True) for number, content in known.items())
            missing = {number: setting for number, setting in settings.items() if number not in known}
            keys |= {(number, ticker): names[number] for number in missing}
            tasks += _sweep_tasks(task, missing, encode, security.ticks)
    for base in plan.bases.values():
        if any(task.security in base.tasks for _, task in tasks):
            prepare(_strategy(base), base.engine, on_compile, [trial.execution for trial in trials])
    tasks.sort(key=lambda pair: (-pair[0], pair[1].security.strategy.name, pair[1].security.ticker, pair[1].numbers))
    longest_first = [task for _, task in tasks]
    done = run_all(
        run_sweep_task,
        longest_first,
        plan.backend,
        plan.workers,
        address=plan.address,
        isolated=plan.shortage is not None,
        on_death=sweep_worker_died,
    )
    for results in done:
        if cache is not None:
            encoded = [result for result in results if result.encoded and not result.opened]
            cache.put({keys[result.number, result.ticker]: result.encoded for result in encoded if result.encoded})
        yield from results


def run_sweep_task(task: SweepTask) -> list[TrialResult]:
    """Read one security's ticks and encode every setting on them; a failure becomes the settings' error."""
    try:
        return list(_results(task))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the others' results stand whatever a strategy raises
        words = task_error(task.security, error)
        return [TrialResult(number, task.security.ticker, None, words) for number in task.numbers]


def _results(task: SweepTask) -> Iterator[TrialResult]:
    security = task.security
    strategy, market = load_strategy(security.strategy), facts_of(security.exchange)
    ticks = read_ticks(security.path, security.digest)
    for index, outcome in simulate_many(ticks, strategy, task.settings, market, security.engine):
        encoded, error = (None, str(outcome)) if isinstance(outcome, ReplayError) else (task.encode(outcome), None)
        opened = undeclared_files(strategy)
        yield TrialResult(task.numbers[index], security.ticker, encoded, error, opened=opened)


def sweep_worker_died(task: SweepTask, error: WorkerDied) -> list[TrialResult]:
    """Return the settings whose worker cannot tell any more."""
    return [TrialResult(number, task.security.ticker, None, str(error)) for number in task.numbers]


def _strategy(base: Plan) -> type[Strategy]:
    return load_strategy(base.tasks[0].strategy)


def _sweep_tasks(
    task: Task, settings: Mapping[int, Setting], encode: Encode, ticks: int
) -> Iterator[tuple[int, SweepTask]]:
    """Yield tasks of a second or so of work each, with how much that is: ticks times settings."""
    numbers, size = [*settings], _settings_a_task(task.engine, ticks)
    for start in range(0, len(numbers), size):
        chosen = tuple(numbers[start : start + size])
        yield ticks * len(chosen), SweepTask(task, chosen, tuple(settings[number] for number in chosen), encode)


def _settings_a_task(engine: Engine, ticks: int) -> int:
    if engine == "python":
        return max(1, min(MOST_A_TASK, PLAIN_TICKS // max(1, ticks)))
    return max(BATCH_SIZE, min(MOST_A_TASK, EVENTS_A_TASK // max(1, ticks)) // BATCH_SIZE * BATCH_SIZE)


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
