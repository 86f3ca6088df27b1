"""Runs the tasks of a plan and yields each security's result as it completes, cached ones from the result cache."""

from __future__ import annotations

import json
import warnings
from dataclasses import replace
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pipeline.replay.batch import prepare
from pipeline.replay.identities import identities
from pipeline.replay.simulate import replayer
from pipeline.replay.workers import run_all
from pipeline.runs.result_codec import packed, unpacked
from pipeline.runs.security import Destination, SecurityResult, cached_in, run_security, worker_died
from pipeline.runs.security_files import write_files
from pipeline.store.cached_file import not_cached
from pipeline.store.catalog import verified_digest
from pipeline.store.seal import file_digest
from pipeline.strategies.loading.load import load_strategy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pipeline.replay.plan import Plan
    from pipeline.replay.task import Task
    from pipeline.replay.workers import Backend
    from pipeline.store.result_cache import ResultCache

AT_A_TIME: Final = 512
"""How many results are cached before those above the limit go."""

HERE: Final = Destination()
"""No folder: what would be written is returned."""


def run(
    plan: Plan,
    on_compile: Callable[[str], None] | None = None,
    cache: ResultCache | None = None,
    destination: Destination = HERE,
    *,
    fresh: bool = False,
) -> Iterator[SecurityResult]:
    """Yield each security's result as it completes: those that fail at once or are cached first, then the longest.

    Args:
        plan: The plan.
        on_compile: Called with the strategy's class when a loop of it is not cached on disk and is compiled now.
        cache: Where results are looked up and stored, if anywhere.
        destination: Where their files go.
        fresh: Whether what is cached is replayed all the same.

    Raises:
        OutputNotWritable: A file cannot be written; PathError in a bucket.
    """
    cache = cache if cache is not None and cache.limit else None
    names = {} if cache is None else result_names(plan)
    yield from (SecurityResult(task, error=task.error) for task in plan.tasks if task.error is not None)
    tasks = [replace(task, cache_key=names.get(task.ticker, "")) for task in plan.tasks if task.error is None]
    missing = {task.ticker: task for task in tasks}
    if cache is not None and not fresh:
        for result in _cached(plan, tasks, cache, destination):
            del missing[result.ticker]
            yield result
    if missing:
        task = next(iter(missing.values()))
        strategy = load_strategy(task.strategy)
        replayer(strategy, plan.execution, plan.engine, on_compile)
        if task.alternatives:
            models = list(task.alternatives.values())
            prepare(strategy, plan.engine, on_compile, models, of_any_model=True)
    ticks = {security.ticker: security.ticks for security in plan.securities}
    results = run_all(
        partial(run_security, destination=replace(destination, cache=None if plan.address else cache)),
        sorted(missing.values(), key=lambda task: (-ticks[task.ticker], task.ticker)),
        plan.backend,
        plan.workers,
        address=plan.address,
        isolated=plan.shortage is not None,
        on_death=worker_died,
    )
    is_warned = False
    for number, replayed in enumerate(results, 1):
        if replayed.not_written is not None:
            raise replayed.not_written
        result = cached_in(cache, replayed) if cache is not None and plan.address else replayed
        if cache is not None and number % AT_A_TIME == 0:
            cache.keep_within_limit()
        if cache is not None and result.not_cached and not is_warned:
            is_warned = True
            warnings.warn(not_cached(cache.folder, result.not_cached), stacklevel=2)
        yield result


def result_names(plan: Plan) -> dict[str, str]:
    """Return the name each security's result is cached under, by ticker; none for one that cannot be replayed."""
    purpose = json.dumps(["backtest", *plan.tasks[0].alternatives])
    made_by = (run_security.__module__, packed.__module__)
    by_ticker = identities(plan, purpose, made_by, lambda security: security.digest or verified_digest(security))
    names = {}
    for task in plan.tasks:
        if one := by_ticker.get(task.ticker):
            name = one.names(task.parameters, {}, [task.execution], [0]).tobytes().hex()
            key = f"{task.ticker} {one.kind} {name} {task.conversion.key if task.conversion else ''}"
            names[task.ticker] = blake2b(key.encode(), digest_size=20).hexdigest()
    return names


def _cached(
    plan: Plan, tasks: Sequence[Task], cache: ResultCache, destination: Destination
) -> Iterator[SecurityResult]:
    there = [task for task in tasks if cache.has(task.cache_key)]
    backend: Backend = "threading" if plan.workers > 1 and len(there) > 1 else "sequential"
    results = run_all(partial(_written, cache, destination), there, backend, plan.workers)
    yield from (result for result in results if result is not None)


def _written(cache: ResultCache, destination: Destination, task: Task) -> SecurityResult | None:
    """Return a cached result, its files written where the run's are; None where it or the ticks are damaged by now."""
    if isinstance(task.path, Path) and task.digest and file_digest(task.path) != task.digest:
        return None
    content = cache.get(task.cache_key)
    if content is None:
        return None
    ledger, added, alternatives, files = unpacked(content)
    if destination.folder is not None:
        write_files(destination.folder, task.ticker, files)
        files = {}
    return SecurityResult(task, ledger, added=added, alternatives=alternatives, files=files, cached=True)
