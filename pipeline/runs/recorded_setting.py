"""What a recorded run replayed of one security, to replay it again: strategy, parameters, market, execution, ticks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.engine.execution import make_execution
from pipeline.engine.outcome import Span
from pipeline.engine.strategy import fields_of
from pipeline.errors import BadRequest, ChangedSinceRun, ConfigError, MissingFile, OtherTicks, UnknownStrategy
from pipeline.markets.facts import facts_of
from pipeline.replay.signals import NO_SIGNALS, digests_of, load_signals, signal_sources, signals_beside
from pipeline.runs.layout import RUN_FILE
from pipeline.store.catalog import open_store
from pipeline.store.layout import ticks_name
from pipeline.store.tick_file import TickFile
from pipeline.strategies.loading.load import load_strategy, strategy_label, strategy_names
from pipeline.times import DAY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.engine.execution import Execution
    from pipeline.engine.strategy import Strategy
    from pipeline.markets.market import MarketFacts
    from pipeline.replay.signals import Signals
    from pipeline.runs.reader import RecordedRun
    from pipeline.runs.recorded_security import RecordedSecurity
    from pipeline.settings import Values
    from pipeline.store.path import AnyPath
    from pipeline.ticks import Ticks


@dataclass(frozen=True, slots=True)
class Setting:
    """What is replayed: a strategy class, its parameters by config key, its market and execution model."""

    strategy: type[Strategy]
    parameters: Values
    market: MarketFacts
    execution: Execution


def setting_of(security: RecordedSecurity, file_or_name: str | None) -> Setting:
    """Return what a run replayed of one security; file_or_name: its strategy, where the run does not say its file.

    Raises ChangedSinceRun where strategy and parameters do not fit any more, UnknownStrategy and BadRequest for a
    strategy that is none or not the run's, and what loading it raises.
    """
    run = security.run
    strategy = _strategy(run, file_or_name)
    values = run.parameters[security.ticker]
    known = fields_of(strategy).by_key()
    where = f"{run.folder / RUN_FILE}: {security.ticker}"
    differences = [f"parameter {key} is new" for key in sorted(known.keys() - values.keys())]
    differences += [f"parameter {key} is gone" for key in sorted(values.keys() - known.keys())]
    if differences:
        raise _changed(run, ", ".join(differences))
    try:
        checked = {key: known[key].check(values[key], where) for key in known}
        execution = make_execution(run.execution_name.split()[0], run.execution, where)
    except ConfigError as error:
        raise _changed(run, str(error).rstrip(".")) from error
    market = facts_of(security.exchange).of_security(security.ticker, run.tick_sizes.get(security.ticker))
    return Setting(strategy, checked, market, execution)


def _changed(run: RecordedRun, what: str) -> ChangedSinceRun:
    return ChangedSinceRun(
        f"{run.strategy} has changed since the run in {run.folder}: {what}. Run that backtest again."
    )


def _strategy(run: RecordedRun, file_or_name: str | None) -> type[Strategy]:
    file = run.strategy_file
    if file_or_name is None and (file is not None or run.strategy not in strategy_names()):
        if file is None or not Path(file).is_file():
            where = "does not come with the project" if file is None else f"was in {file}, where there is none now"
            raise UnknownStrategy(
                f"The strategy of {run.folder} is '{run.strategy}', which {where}. Name its file: --strategy "
                f"desk/{run.strategy}.py"
            )
        file_or_name = file
    if file_or_name is not None and strategy_label(file_or_name) != run.strategy:
        raise BadRequest(f"--strategy is '{file_or_name}' and {run.folder} is a run of '{run.strategy}'.")
    return load_strategy(file_or_name or run.strategy)


def recorded_ticks(
    security: RecordedSecurity, setting: Setting, parquet_dir: AnyPath, signals: AnyPath | None
) -> RecordedTicks:
    """Return the ticks that a run replayed of one security, on its trading clock, with its signals.

    signals: where these are, None for beside the store. Raises SignalError, ChangedSinceRun for other signals than the
    run's, and what reading the store raises.
    """
    of_signals = _signals(security, setting, parquet_dir, signals)
    return RecordedTicks(security.run, security.ticker, parquet_dir, setting.market.clock_shift, of_signals)


def _signals(security: RecordedSecurity, setting: Setting, parquet_dir: AnyPath, folder: AnyPath | None) -> Signals:
    if not fields_of(setting.strategy).signals:
        return NO_SIGNALS
    store = {each.ticker: (each, each.exchange) for each in open_store(parquet_dir).securities}
    folder = folder or signals_beside(parquet_dir)
    sources = signal_sources(setting.strategy, security.ticker, setting.market, store, folder)
    of_run = security.run.signals.get(security.ticker, {})
    for name, digest in digests_of(sources).items():
        if of_run.get(name) != digest:
            raise ChangedSinceRun(
                f"The signal {name} of {security.ticker} is not that of the run in {security.run.folder}: its file has "
                "another digest. Name the run's folder with --signals, its store with --parquet-dir, or run that "
                "backtest again."
            )
    return load_signals(sources, setting.market)


@dataclass(frozen=True, slots=True)
class RecordedTicks:
    """The ticks of one security that a run replayed, on a clock ahead of its exchange's, read as often as asked for.

    Every use raises ChangedSinceRun where the store has others, and what reading them raises.
    """

    run: RecordedRun
    ticker: str
    parquet_dir: AnyPath
    shift: int = 0
    signals: Signals = NO_SIGNALS

    @property
    def span(self) -> Span:
        """What a replay is told of all of them."""
        with self.file() as file:
            first, last = file.span or (0, 0)
            return Span(first // DAY, last // DAY, file.rows)

    def days(self) -> Iterator[Ticks]:
        """Yield all ticks, whole days at a time."""
        with self.file() as file:
            yield from map(self.signals.on, file.batches())

    def read(self) -> Ticks:
        """Return all ticks."""
        with self.file() as file:
            return self.signals.on(file.read())

    def file(self) -> TickFile:
        """Open the file of these ticks."""
        path = self.parquet_dir / ticks_name(self.ticker)
        try:
            return TickFile(path, self.run.digests.get(self.ticker, ""), self.shift)
        except MissingFile as error:
            raise MissingFile(
                f"{path} is not there. Name the store of the run in {self.run.folder} with --parquet-dir: that of "
                "`pipeline demo` is data/sample/parquet."
            ) from error
        except OtherTicks as error:
            raise ChangedSinceRun(
                f"The ticks of {self.ticker} in {self.parquet_dir} are not those of the run in {self.run.folder}: its "
                "file has another digest. Name the run's store with --parquet-dir, or run that backtest again."
            ) from error
