"""Checks a backtest request and plans its tasks, one a security."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from pipeline.engine.compiler.names import check_names
from pipeline.engine.compiler.specialise import loop_source
from pipeline.engine.costs import COSTS, checked_costs
from pipeline.engine.execution import PRESETS, SWITCH, Execution, make_execution, variants
from pipeline.engine.strategy import Strategy, fields_of
from pipeline.errors import (
    BadRequest,
    ConfigError,
    NotCompilable,
    SignalError,
    StaleStore,
    nearest,
)
from pipeline.folders import CONFIGS, config_file
from pipeline.markets.codes import exchange_of_code
from pipeline.markets.facts import facts_of
from pipeline.replay.currencies import Currencies, conversion_of
from pipeline.replay.exchanges import check_exchange, exchange_error, off_grid_words, strategy_error
from pipeline.replay.fx import Fx, read_rates
from pipeline.replay.memory import memory_shortage
from pipeline.replay.signals import signal_sources, signals_beside
from pipeline.replay.simulate import CLASSIC, ENGINES, Engine, loop_constants, takes_switches
from pipeline.replay.task import Task
from pipeline.replay.workers import BACKENDS, Backend, check_workers, default_backend, workers_for
from pipeline.settings import Config, read_config, value_of_text
from pipeline.store.catalog import Security, Store, check_known, open_store
from pipeline.strategies.loading.load import load_strategy, strategy_label, strategy_source

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.store.path import AnyPath

Name = TypeVar("Name", bound=str)

SWITCHED_REPLAYS_A_READ: Final = 3
"""How many replays cost about what reading the same ticks costs."""

BYTES_A_TICK: Final = 160
"""What one replay takes for each tick: Arrow's columns, ours, and the room for fills, with a margin."""

BYTES_A_SIGNAL: Final = 16
"""And of each signal for each tick: a value and its time."""

GROUPS_AT_ONCE: Final = 4
"""How many row groups are in memory at once: being written, replayed ahead of that, carried over, and decoded."""


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """What the user asked for, as given; None means the default."""

    strategy: str = "v1_baseline"
    config: Path | None = None
    parquet_dir: AnyPath = Path("data/parquet")
    signals: AnyPath | None = None
    workers: int | None = None
    backend: str | None = None
    address: str | None = None
    engine: str | None = None
    execution: str | None = None
    sensitivity: bool | None = None
    overrides: Mapping[str, str] = field(default_factory=dict)
    overridden_by: str = "--set"
    securities: Sequence[str] = ()
    max_sheets: int | None = None
    market: str | None = None
    allow_stale: bool = False
    fx: Fx = ()
    currency: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """A request that has been checked: nothing about it can be wrong any more but the data themselves.

    why_plain: what the compiled engine cannot take, when that is why the plain one runs. switches_apply: whether the
    execution switches mean anything to this strategy. stale: why the ticks may not be those of the workbook any more.
    in_store: all that the store holds, `securities` among them. shortage: that memory may not suffice here, which is of
    this machine and no warning of the run's figures. currencies: what amounts are in. misspelt: of the config's names.
    """

    strategy: str
    config: Path
    execution: Execution
    engine: Engine
    why_plain: str | None
    switches_apply: bool
    backend: Backend
    workers: int
    address: str | None
    tasks: tuple[Task, ...]
    securities: tuple[Security, ...]
    stale: str | None = None
    in_store: tuple[Security, ...] = ()
    shortage: str | None = None
    currencies: Currencies = field(default_factory=lambda: Currencies({}))
    misspelt: Sequence[str] = ()

    @property
    def strategy_file(self) -> str | None:
        """The file of a user's own strategy, as it was named; None for one that comes with the project."""
        source = self.tasks[0].strategy
        return None if source.text is None else Path(source.name).as_posix()

    @property
    def series(self) -> tuple[str, ...]:
        """The series that its strategy records, by field."""
        return tuple(fields_of(load_strategy(self.tasks[0].strategy)).series)

    @property
    def warnings(self) -> list[str]:
        """What is to be known of the run before it starts, a sentence each."""
        warnings = [*([] if self.stale is None else [self.stale]), *self.misspelt]
        if self.currencies.warning:
            warnings.append(self.currencies.warning)
        warnings += [
            off_grid_words(task.market)
            for task in self.tasks
            if task.error is None and task.alternatives and not task.market.tick_tables
        ]
        if self.why_plain:
            warnings.append(f"It runs as plain Python, since it cannot be compiled: {self.why_plain}")
        if not self.switches_apply and (self.execution.fields() != CLASSIC.fields() or self.execution.ignored):
            warnings.append(self.own_orders)
        return warnings

    @property
    def known_exchanges(self) -> set[str]:
        """The exchanges of its securities whose facts are known."""
        return {task.exchange for task in self.tasks if exchange_error(task.exchange) is None}

    @property
    def own_orders(self) -> str:
        """What is to be said of a strategy to which the execution switches mean nothing."""
        return f"{self.strategy} keeps its own orders: the execution switches do not apply to it, only fees do."


def plan(request: Request) -> Plan:
    """Check a request and plan its tasks; every error of the request itself is raised here, before anything runs."""
    rates = read_rates(request.fx, request.currency)
    asked_engine = None if request.engine is None else _one_of(request.engine, ENGINES, "--engine")
    backend_asked = asked_backend(request.backend)
    check_workers(request.workers, backend_asked, request.address)
    source, label = strategy_source(request.strategy), strategy_label(request.strategy)
    strategy = load_strategy(source)
    switches = {key.removeprefix(SWITCH): text for key, text in request.overrides.items() if key.startswith(SWITCH)}
    parameters = {key: text for key, text in request.overrides.items() if not key.startswith(SWITCH)}
    file, known = config_file(request.config or CONFIGS / f"{label}.json"), fields_of(strategy).by_key()
    config = read_config(file, known, parameters, request.overridden_by)
    execution = _execution(request, config, switches)
    for ticker, exchange in config.exchanges.items():
        check_exchange(exchange, f"{config.path}: {ticker}")
    if request.market is not None:
        check_exchange(request.market, "--market")
    store = open_store(request.parquet_dir)
    stale = _stale(store, allowed=request.allow_stale)
    chosen = _chosen(store.securities, request)
    exchanges = {security.ticker: _exchange_of(security, config, request) for security in store.securities}
    wrong = {security.ticker: security.error or exchange_error(exchanges[security.ticker]) for security in chosen}
    tick_sizes = {
        ticker: config.tick_size(ticker, is_known=error is not None or bool(facts_of(exchanges[ticker]).tick_tables))
        for ticker, error in wrong.items()
    }
    values = config.of([security.ticker for security in chosen])
    engine, why_plain = choose_engine(strategy, execution, asked_engine)
    switches_apply = takes_switches(strategy)
    check = request.sensitivity if request.sensitivity is not None else engine == "compiled"
    alternatives = variants(execution) if check and switches_apply else {}
    work = sum(security.ticks for security in chosen) * (1 + len(alternatives) // SWITCHED_REPLAYS_A_READ)
    backend = backend_asked or default_backend(engine, work, request.workers)
    signals_read = len(fields_of(strategy).signals)
    need = {security.ticker: _bytes_needed(security, signals_read) for security in chosen}
    workers = min(workers_for(backend, [*need.values()], request.workers, request.address), len(chosen))
    shortage = None if request.address or backend_asked else memory_shortage(need, workers)
    if shortage:
        backend = "loky"
    tasks = tuple(
        Task(
            ticker=security.ticker,
            exchange=exchanges[security.ticker],
            path=security.path.absolute() if request.address and isinstance(security.path, Path) else security.path,
            digest=security.digest,
            strategy=source,
            parameters=values[security.ticker],
            execution=execution,
            engine=engine,
            alternatives=alternatives,
            error=wrong[security.ticker],
            tick_size=tick_sizes[security.ticker],
            at_a_time=workers,
        )
        for security in chosen
    )
    in_store = {security.ticker: (security, exchanges[security.ticker]) for security in store.securities}
    signals = request.signals or signals_beside(request.parquet_dir)
    tasks = tuple(task if task.error else _checked(task, strategy, label, in_store, signals) for task in tasks)
    tasks = tuple(
        replace(task, conversion=conversion_of(task, security, rates))
        for task, security in zip(tasks, chosen, strict=True)
    )
    money = {task.ticker: task.market.currency for task in tasks if task.error is None}
    return Plan(
        label,
        config.path,
        execution,
        engine,
        why_plain,
        switches_apply,
        backend,
        workers,
        request.address,
        tasks,
        chosen,
        stale,
        store.securities,
        shortage,
        Currencies(money, rates),
        config.misspelt([security.ticker for security in chosen], in_store),
    )


def _checked(
    task: Task, strategy: type[Strategy], label: str, in_store: Mapping[str, tuple[Security, str]], signals: AnyPath
) -> Task:
    """Return a task with its signals, or with why its security cannot be replayed."""
    task = replace(task, facts=task.market)
    error = strategy_error(task.market, strategy, label, task.execution)
    try:
        sources = signal_sources(strategy, task.ticker, task.market, in_store, signals)
    except SignalError as lacking:
        return replace(task, error=error or str(lacking))
    models = task.alternatives
    if not task.market.tick_tables:
        models = {name: model.off_grid for name, model in models.items()}
    return replace(task, error=error, signals=sources, alternatives=models)


def choose_engine(strategy: type[Strategy], execution: Execution, asked: Engine | None) -> tuple[Engine, str | None]:
    """Return the engine for a strategy, and why it is the plain one when nobody asked for it.

    Raises StrategyError for a name that does not exist, and for what cannot be compiled when that was asked for.
    """
    constants = loop_constants(execution) or {}
    if asked == "python":
        check_names(strategy)
        with suppress(NotCompilable):
            loop_source(strategy, constants)  # what is refused is refused alike
        return "python", None
    from pipeline.engine.compiled import check_compilable  # the plain engine does without LLVM

    try:
        check_compilable(strategy, constants)
    except NotCompilable as why:
        if asked == "compiled":
            raise
        return "python", why.reason
    return "compiled", None


def _execution(request: Request, config: Config, switches: Mapping[str, str]) -> Execution:
    """Let the command line's preset replace the config's block; its single switches win over both."""
    block = {} if request.execution is not None else dict(config.execution)
    named = block.pop("preset", None)
    if named is not None and named not in PRESETS:
        raise ConfigError(
            f"{config.path}: _execution: preset is {json.dumps(named)}; it takes {' or '.join(PRESETS)}."
            f"{nearest(str(named), PRESETS)}"
        )
    preset = request.execution if named is None else str(named)
    of_config = make_execution(preset, block, f"{config.path}: _execution")
    costs = checked_costs(config.costs, f"{config.path}: _costs")
    changes: dict[str, object] = {**of_config.changed, **({COSTS: costs} if costs else {})}
    execution = make_execution(of_config.preset, changes, f"{config.path}: {COSTS}")
    for key, text in switches.items():
        changes[key] = value_of_text(text)
        where = f"{request.overridden_by} {SWITCH}{key}={text}"
        execution = make_execution(of_config.preset, changes, where)
    check_charged(execution)
    return execution


def check_charged(execution: Execution, where: str = "") -> None:
    """Raise ConfigError, naming `where`, for fees or costs of an exchange that there is not."""
    for exchange, switch in execution.charged_exchanges.items():
        check_exchange(exchange, f"{where}{switch}")


def asked_backend(text: str | None) -> Backend | None:
    """Return the backend asked for, None when none was; raise BadRequest for one that there is not."""
    return None if text is None else _one_of(text, BACKENDS, "--backend")


def _stale(store: Store, *, allowed: bool) -> str | None:
    """Return why the store is behind its workbooks, None when it is not; raise that where it is not allowed."""
    try:
        store.check_fresh()
    except StaleStore as error:
        if not allowed:
            raise
        return str(error)
    return None


def _chosen(securities: Sequence[Security], request: Request) -> tuple[Security, ...]:
    if request.max_sheets is not None and request.max_sheets < 1:
        raise BadRequest(f"--max-sheets is {request.max_sheets}; it takes a whole number of at least 1.")
    by_ticker = {security.ticker: security for security in securities}
    wanted = [ticker.strip().upper() for ticker in request.securities]
    check_known(request.parquet_dir, wanted, by_ticker)
    chosen = [by_ticker[ticker] for ticker in sorted(set(wanted) or by_ticker)]
    return tuple(chosen[: request.max_sheets])


def _bytes_needed(security: Security, signals: int) -> int:
    """Return what replaying a security takes at most: of some days of its ticks, with what so many signals are then."""
    ticks = min(security.ticks, GROUPS_AT_ONCE * security.group_ticks)
    return ticks * (BYTES_A_TICK + BYTES_A_SIGNAL * signals) + security.size * ticks // max(security.ticks, 1)


def _one_of(text: str, known: Sequence[Name], option: str) -> Name:
    for name in known:
        if name == text:
            return name
    raise BadRequest(f"{option} is '{text}'; it takes {', '.join(known)}.{nearest(text, known)}")


def _exchange_of(security: Security, config: Config, request: Request) -> str:
    """Return the exchange of a security: the config's, the one its name says, or where no file knows that, --market.

    What a name says is asked again of its code where a market's file was added after it was converted.
    """
    said = config.exchanges.get(security.ticker)
    if said is None and exchange_error(security.exchange) is not None:
        said = exchange_of_code(security.code or security.exchange)
    if said is None and request.market is not None and exchange_error(security.exchange) is not None:
        said = request.market
    return said or security.exchange
