"""How fast strategies' compiled loops are, and what the first run after an edit takes more than the next.

    python tests/benchmarks/strategies.py STORE [FILE.py ...] [--runs 5] [--only NAME]

STORE: what `convert` made. Every strategy and example that is shipped, with its own config or its defaults, and the
files named. Seconds are the processor's, since a busy machine takes others: the least of some runs for a loop, medians
of whole processes for an edit. An example whose signal the store has not is left out.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from targets import pipeline

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pipeline.replay.task import Task

MODELS = ("classic", "strict")


def tasks_of(name: str, store: Path, folder: Path, model: str) -> Iterator[Task]:
    """Yield the tasks of a strategy that can be replayed."""
    from pipeline.replay.plan import Request, plan

    request = Request(name, config_of(name, folder), store, execution=model, sensitivity=False, allow_stale=True)
    return (task for task in plan(request).tasks if not task.error)


def config_of(name: str, folder: Path) -> Path | None:
    """Return a config of a strategy file's defaults; a strategy by name has its own."""
    from pipeline.engine.strategy import fields_of
    from pipeline.strategies.loading.load import load_strategy

    if not name.endswith(".py"):
        return None
    defaults = {key: parameter.default for key, parameter in fields_of(load_strategy(name)).by_key().items()}
    config = folder / f"{Path(name).stem}.json"
    config.write_text(json.dumps({"_defaults": defaults}), encoding="utf-8")
    return config


def show_loop(name: str, store: Path, folder: Path, runs: int) -> None:
    """Print how many events a second a strategy's loop takes, all securities together, and how often it fills."""
    from pipeline.replay.signals import load_signals
    from pipeline.replay.simulate import simulate
    from pipeline.store.tick_file import read_ticks
    from pipeline.strategies.loading.load import load_strategy

    strategy, shown = load_strategy(name), []
    for model in MODELS:
        events, seconds, fills = 0, 0.0, 0
        for task in tasks_of(name, store, folder, model):
            ticks = load_signals(task.signals, task.market).on(read_ticks(task.path))
            taken = []
            for _ in range(runs + 1):
                start = time.thread_time()
                found = simulate(ticks, strategy, task.parameters, task.market, task.execution)
                taken.append(time.thread_time() - start)
            events, seconds, fills = events + len(ticks), seconds + min(taken[1:]), fills + len(found.fills)
        if events:
            shown.append(f"{model} {events / seconds / 1e6:6.1f} M/s, {fills / events * 1000:5.1f} fills a thousand")
    print(f"  {Path(name).stem:30} {strategy.levels or 1} a side  {'   '.join(shown)}", flush=True)


def processor_seconds(command: Sequence[str]) -> float:
    """Return what a command takes of the processor, all its threads and processes together."""
    silent = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_WRONLY, 0o600) for number in (1, 2)]
    child = os.posix_spawn(command[0], command, os.environ, file_actions=silent)
    _, status, usage = os.wait4(child, 0)
    if status:
        sys.exit(f"failed with status {status}: {' '.join(command)}")
    return usage.ru_utime + usage.ru_stime


def show_edit(file: Path, store: Path, folder: Path, runs: int) -> None:
    """Print what a backtest with check and page takes, and what the first one after an edit takes more."""
    copy, text = folder / file.name, file.read_text(encoding="utf-8")
    copy.write_text(text, encoding="utf-8")
    where = ["--config", config_of(str(copy), folder) or "", "--parquet-dir", store, "--output-dir", folder / "run"]
    command = pipeline("backtest", "--strategy", copy, *where, "--fresh", "--quiet", "--allow-stale")
    processor_seconds(command)
    first, again = [], []
    for number in range(runs):
        copy.write_text(f"{text}\n# edit {number}\n", encoding="utf-8")
        first.append(processor_seconds(command))
        again.append(processor_seconds(command))
    more = statistics.median(one - other for one, other in zip(first, again, strict=True))
    print(
        f"  {file.stem:30} {statistics.median(again):5.2f} s of the processor, after an edit {more:5.2f} more",
        flush=True,
    )


def main() -> None:
    from pipeline.strategies.loading.load import FOLDER, strategy_names

    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("store", type=Path)
    arguments.add_argument("files", type=Path, nargs="*")
    arguments.add_argument("--runs", type=int, default=5)
    arguments.add_argument("--only", action="append", help="one strategy, by its name; may be given again")
    given = arguments.parse_args()
    files = [*sorted((FOLDER / "examples").glob("[!_]*.py")), *given.files]
    names = [
        name for name in [*strategy_names(), *map(str, files)] if Path(name).stem in (given.only or [Path(name).stem])
    ]
    with tempfile.TemporaryDirectory() as folder:
        print("The compiled loop, ticks in memory, events a second of the processor")
        for name in names:
            show_loop(name, given.store, Path(folder), given.runs)
        print("A whole backtest with check and page")
        for name in names:
            show_edit(
                Path(name) if name.endswith(".py") else FOLDER / f"{name}.py", given.store, Path(folder), given.runs
            )


if __name__ == "__main__":
    main()
