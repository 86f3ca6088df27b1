"""Replays one security where its worker is, writes its files, and returns the little that the run keeps of it."""

from __future__ import annotations

import contextlib
import tempfile
import time
import traceback
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pipeline.engine.strategy import fields_of
from pipeline.errors import OutputNotWritable, PathError
from pipeline.metrics.accounts import account_of
from pipeline.metrics.converting import ConvertedBuilder
from pipeline.metrics.ledger_builder import LedgerBuilder
from pipeline.replay.model_check import ModelCheck
from pipeline.replay.parts import PartedReplay, prefetched
from pipeline.replay.signals import load_signals
from pipeline.replay.task import Alternative, Task, task_error
from pipeline.runs.layout import FOLDERS, RUN_FILE, SERIES_FOLDER
from pipeline.runs.own_figures import with_own_figures
from pipeline.runs.result_codec import CSV_SUFFIX, packed
from pipeline.runs.security_files import SecurityFiles
from pipeline.store.atomic import discarding
from pipeline.store.tick_file import TickFile
from pipeline.strategies.loading.load import load_strategy, undeclared_files

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pipeline.errors import WorkerDied
    from pipeline.metrics.ledger import Ledger
    from pipeline.replay.parts import Part
    from pipeline.store.atomic import Staged
    from pipeline.store.path import AnyPath
    from pipeline.store.result_cache import ResultCache
    from pipeline.ticks import Ticks

PARTS_AHEAD: Final = 8
"""How many parts of a security that is replayed alone are made while one is written: files are written in bursts."""

MOST_CACHED: Final = 32 * 2**20
"""Bytes beyond which a result is not cached."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class SecurityResult:
    """What a run keeps of one security's replay, or the error that ended it; seconds are wall clock.

    ledger: what its figures are made from. added: the same in the currency of the run, where that is another. files:
    the content of its files by name, where its worker could not write them. cached: replayed by an earlier run.
    not_cached: why it could not be cached. opened: data files that the strategy opened and does not declare.
    not_written: why its files could not be written, which ends the run.
    """

    task: Task
    ledger: Ledger | None = None
    added: Ledger | None = None
    error: str | None = None
    trace: str | None = None
    alternatives: Mapping[str, Alternative] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)
    read_seconds: float = 0.0
    replay_seconds: float = 0.0
    check_seconds: float = 0.0
    cached: bool = False
    not_cached: str | None = None
    opened: tuple[str, ...] = ()
    not_written: BaseException | None = None

    @property
    def ticker(self) -> str:
        """The security's ticker."""
        return self.task.ticker

    @property
    def currency(self) -> str:
        """What its own amounts are in."""
        return self.task.market.currency

    @property
    def total_in(self) -> str:
        """What it adds to totals in."""
        return self.task.conversion.currency if self.task.conversion is not None else self.currency

    @property
    def fills(self) -> int:
        """How many fills there are, 0 where it failed."""
        return 0 if self.ledger is None else int(self.ledger.sums["fills"])


@dataclass(frozen=True, slots=True)
class Destination:
    """Where the files of a run go.

    folder: The run's folder; None where none is written. manifest: What its run.json says, where a worker may be on
    another machine, which has the same folder only if it says the same there. cache: Where its worker caches a result;
    None where it is not cached, or by who gets it.
    """

    folder: AnyPath | None = None
    manifest: bytes | None = None
    cache: ResultCache | None = None

    def is_here(self) -> bool:
        """Return whether this process can write the run's files where they belong."""
        if self.folder is None or self.manifest is None:
            return self.folder is not None
        try:
            return (self.folder / RUN_FILE).read_bytes() == self.manifest
        except OSError:
            return False


class _NotWritten(Exception):
    """Files that could not be written; the cause says why."""


def run_security(task: Task, destination: Destination) -> SecurityResult:
    """Replay one security and write its files; a failure becomes the result's error and takes nobody along."""
    try:
        if destination.is_here():
            assert destination.folder is not None  # noqa: S101 - it is here
            return _run(task, destination, destination.folder)
        with tempfile.TemporaryDirectory() as name:
            for folder in (*FOLDERS, SERIES_FOLDER):
                (Path(name) / folder).mkdir()
            return _run(task, Destination(cache=destination.cache), Path(name))
    except _NotWritten as error:
        return SecurityResult(task, error=str(error), not_written=error.__cause__)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the others' results stand whatever a strategy raises
        return SecurityResult(task, error=task_error(task, error), trace=traceback.format_exc())


def worker_died(task: Task, error: WorkerDied) -> SecurityResult:
    """Return the result of a security whose worker cannot tell any more."""
    return SecurityResult(task, error=str(error))


def _run(task: Task, destination: Destination, folder: AnyPath) -> SecurityResult:
    """Replay one security into a folder, which is the destination's or passes."""
    started = time.perf_counter()
    strategy = load_strategy(task.strategy)
    market = task.market
    files = SecurityFiles(folder, task.ticker, market.clock_shift, fields_of(strategy).series)
    with discarding([files]):
        with TickFile(task.path, task.digest, market.clock_shift) as file:
            signals = load_signals(task.signals, market)
            replay = PartedReplay(file, strategy, task.parameters, market, task.execution, task.engine, signals)
            check = ModelCheck(task, strategy, market, replay.span) if task.alternatives else None
            ahead = task.at_a_time == 1 and file.row_groups > 1 and task.engine == "compiled"
            ledger, added = _recorded(task, replay, check, files, ahead=ahead)
        replay_seconds = time.perf_counter() - started - replay.read_seconds - (check.seconds if check else 0.0)
        alternatives = check.finish(lambda: _batches(task)) if check is not None else {}
        with _writing():
            staged = files.close()
            with discarding(staged.values()):
                ledger = with_own_figures(ledger, strategy, staged)
                contents = _committed(staged, destination)
    result = SecurityResult(
        task,
        ledger,
        added,
        alternatives=alternatives,
        files=contents,
        read_seconds=replay.read_seconds,
        replay_seconds=max(replay_seconds, 0.0),
        check_seconds=check.seconds if check is not None else 0.0,
        opened=undeclared_files(strategy),
    )
    result = result if destination.cache is None else cached_in(destination.cache, result)
    return result if destination.folder is None else replace(result, files={})


def cached_in(cache: ResultCache, result: SecurityResult) -> SecurityResult:
    """Cache a result with its files, if it is small enough and made of nothing that is not declared; return it."""
    files = {name: content for name, content in result.files.items() if not name.endswith(CSV_SUFFIX)}
    if result.ledger is None or not files or result.opened:
        return result
    content = packed(result.ledger, result.added, result.alternatives, files)
    try:
        if sum(map(len, content)) <= MOST_CACHED:
            cache.put(result.task.cache_key, *content)
    except OutputNotWritable as error:
        return replace(result, not_cached=str(error))
    return result


def _recorded(
    task: Task, replay: PartedReplay, check: ModelCheck | None, files: SecurityFiles, *, ahead: bool
) -> tuple[Ledger, Ledger | None]:
    """Replay a security part by part into its files and its ledgers, own and converted.

    ahead: each of reading, replaying and the check on a thread of its own, some parts ahead of what is written.
    """
    builder = None
    converted = None if task.conversion is None else ConvertedBuilder(task.conversion)
    parts = replay.parts(ahead=ahead)
    if check is not None:
        parts = _checked(prefetched(parts, PARTS_AHEAD) if ahead else parts, check)
    for part in prefetched(parts, PARTS_AHEAD) if ahead else parts:
        account = account_of(task, part.replayed, part.observed)
        builder = builder or LedgerBuilder(account)
        builder.add(account)
        if converted is not None:
            converted.add(account)
        with _writing():
            files.add(part)
    assert builder is not None  # noqa: S101 - there is one part at least
    ledger, whole = builder.finish(replay.whole), replay.whole
    return ledger, None if converted is None else converted.finish(whole, ledger)


def _checked(parts: Iterator[Part], check: ModelCheck) -> Iterator[Part]:
    for part in parts:
        check.feed(part.ticks, part.replayed.fills)
        yield part


def _batches(task: Task) -> Iterator[Ticks]:
    with TickFile(task.path, task.digest, task.market.clock_shift) as file:
        yield from map(load_signals(task.signals, task.market).on, file.batches())


def _committed(staged: Mapping[str, Staged], destination: Destination) -> dict[str, bytes]:
    """Put files in their places; return what they hold where that is wanted: to be cached, or written elsewhere."""
    names = [name for name in staged if destination.folder is None or not name.endswith(CSV_SUFFIX)]
    size = sum(staged[name].part.stat().st_size for name in names)
    is_wanted = destination.folder is None or (destination.cache is not None and size <= MOST_CACHED)
    contents = {name: staged[name].part.read_bytes() for name in names} if is_wanted else {}
    for each in staged.values():
        each.commit()
    return contents


@contextlib.contextmanager
def _writing() -> Iterator[None]:
    try:
        yield
    except (OutputNotWritable, PathError) as error:
        raise _NotWritten(str(error)) from error


def totals_of(results: Iterable[SecurityResult]) -> dict[str, list[Ledger]]:
    """Return by currency the ledgers that add up in it; of one currency where a run has rates, or needs none."""
    groups: dict[str, list[Ledger]] = {}
    for result in results:
        ledger = result.added or result.ledger
        if ledger is not None:
            groups.setdefault(result.total_in, []).append(ledger)
    return groups
