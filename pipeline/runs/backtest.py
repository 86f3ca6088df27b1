"""Drives a backtest from its request to its folder: plan, replay what is not cached, write each result as it comes."""

from __future__ import annotations

import time
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.replay.plan import plan, run
from pipeline.runs.run import BacktestRun
from pipeline.runs.run_warnings import warnings_of
from pipeline.runs.writer import RunFolder
from pipeline.store.result_cache import ResultCache, results_folder

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.replay.plan import Plan, Request
    from pipeline.replay.task import SecurityResult
    from pipeline.store.path import AnyPath


@dataclass(frozen=True, slots=True)
class Listeners:
    """Whom a backtest tells how it goes on."""

    on_plan: Callable[[Plan], None] | None = None
    on_result: Callable[[SecurityResult], None] | None = None
    on_compile: Callable[[str], None] | None = None


def run_backtest(
    request: Request,
    output_dir: AnyPath | None,
    listeners: Listeners,
    make_page: Callable[[AnyPath], object] | None,
    *,
    fresh: bool,
) -> BacktestRun:
    """Run a backtest and write its folder, if there is to be one.

    make_page: called with the finished folder, while other runs are still kept out of it. fresh: replay what is cached,
    too. Raises a PipelineError for a request that cannot be run; a security that fails is a result with its error.
    """
    started = time.perf_counter()
    planned = plan(request)
    folder = None if output_dir is None else RunFolder(output_dir, planned, report=make_page is not None)
    with folder.open() if folder else nullcontext():
        if listeners.on_plan:
            listeners.on_plan(planned)
        results = []
        # Who asks for plain Python steps through it with a debugger, or wants to see it agree: it always runs.
        cache = None if request.engine == "python" else ResultCache(results_folder())
        try:
            for result in run(planned, listeners.on_compile, cache, fresh=fresh):
                results.append(result)
                if folder:
                    folder.add(result)
                if listeners.on_result:
                    listeners.on_result(result)
        finally:
            if cache is not None:
                cache.close()
        results.sort(key=lambda result: result.ticker)
        seconds = {
            "total": time.perf_counter() - started,
            "reading": sum(result.read_seconds for result in results),
            "replay": sum(result.replay_seconds for result in results),
            "sensitivity": sum(result.check_seconds for result in results),
        }
        warnings = warnings_of(planned, results)
        if folder:
            folder.close(seconds, warnings)
            if make_page:
                make_page(folder.directory)
    return BacktestRun(planned, results, output_dir, seconds, warnings)
