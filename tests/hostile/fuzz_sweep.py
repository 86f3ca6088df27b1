"""Fuzzes the sweep file and `--grid`: bytes in; a plan of settings within their bounds or a named error out."""

from __future__ import annotations

import functools
import math
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from tests.hostile.fuzz_config import WORDS as JSON_WORDS
from tests.hostile.fuzzing import Target, run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

GRID = b"--grid "
MOST = 2_000
WORDS = (
    *JSON_WORDS,
    *(b'"strategy"', b'"config"', b'"securities"', b'"parameters"', b'"execution"', b'"from"', b'"to"', b'"step"'),
    *(
        b'"points"',
        b'"log"',
        b'"v1_baseline"',
        b'{"from": 1, "to": 5, "step": 1}',
        b'{"from": 1, "to": 9, "log": true}',
    ),
    *(
        b"execution.",
        b"fill_price=",
        b"1:9:2",
        b"1:9:log3",
        b"0:1:0",
        b"1:1e308:1e-308",
        b"=",
        b":",
        b",",
        GRID,
        b"log",
    ),
)


def make(folder: Path) -> Callable[[bytes], None]:
    """Return what plans a sweep of these bytes, a file's or `--grid` texts line by line."""
    from pipeline.errors import PipelineError
    from pipeline.replay import plan
    from pipeline.sweeps.grid import read_grid, read_sweep
    from pipeline.sweeps.plan import plan_sweep
    from tests.made import make_config, make_store

    # They say the same whatever a sweep says, and take a hundred times as long.
    plan.choose_engine = lambda *_: ("python", None)
    plan.open_store = functools.cache(plan.open_store)
    path, store = folder / "sweep.json", make_store(folder / "store", ("FAB", "EMAAR"))
    config = make_config(folder / "config.json", ("FAB", "EMAAR"))

    def take(data: bytes) -> None:
        try:
            if data.startswith(GRID):
                texts = data.decode("utf-8", "surrogateescape").split("\n")
                grid = read_grid([text.removeprefix("--grid ") for text in texts])
            else:
                path.write_bytes(data)
                grid = read_sweep(path)
            told = config if grid.config is None else folder / grid.config
            names = [name for name in grid.strategies if not name.endswith(".py")] or ["v1_baseline"]
            request = plan.Request(
                names[0], config=told, parquet_dir=store, engine="python", securities=grid.securities
            )
            planned = plan_sweep(
                replace(grid, strategies=tuple(names)),
                request,
                names,
                enumerate_all=math.prod(len(axis.values) for axis in grid.axes) <= MOST,
            )
        except PipelineError as error:
            assert str(error)  # noqa: PT017 - some sentence
            return
        assert planned.tickers

    return take


TARGET = Target("sweep", make, WORDS)

if __name__ == "__main__":
    sys.exit(run(TARGET, sys.argv[1:]))
