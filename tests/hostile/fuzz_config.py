"""Fuzzes the config loader: the bytes of a config file in; parameters within their bounds or a named error out."""

from __future__ import annotations

import functools
import math
import sys
from typing import TYPE_CHECKING

from tests.hostile.fuzzing import Target, run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WORDS = (
    *(b"{", b"}", b"[", b"]", b":", b",", b'"', b"\\", b"null", b"true", b"false", b"NaN", b"Infinity", b"-Infinity"),
    *(
        b"0",
        b"-0",
        b"-1",
        b"1e999",
        b"1e-999",
        b"1e308",
        b"1.5",
        b"9007199254740993",
        b"9" * 400,
        b"9" * 5_000,
        b"[" * 300,
    ),
    *(b'"_defaults"', b'"_execution"', b'"_comment"', b'"FAB"', b'"fab"', b'"exchange"', b'"ADX"', b'"x"', b'"strict"'),
    *(b'"quote_size"', b'"refill_interval_sec"', b'"max_position"', b'"max_notional"', b'"preset"', b'"fees_bps"'),
    *(b'"fill_price"', b'"order"', b'"latency_ms"', b'{"FAB": {"quote_size": 1}}', b'{"a":' * 300, b'{"ADX": 5}'),
    *(b"\\ud800", b"\\u0000", b"\xff", b"\xef\xbb\xbf", b"\0", b"\xed\xa0\x80", b"\n", b"/* */", b"//", b"'"),
)


def make(folder: Path) -> Callable[[bytes], None]:
    """Return what plans a backtest with a config of these bytes and asks whether its parameters are possible."""
    from pipeline.engine.strategy import fields_of
    from pipeline.errors import PipelineError
    from pipeline.replay import plan
    from pipeline.strategies.loading.load import load_strategy
    from tests.made import make_store

    # They say the same whatever a config says, and take a hundred times as long.
    plan.choose_engine = lambda *_: ("python", None)
    plan.open_store = functools.cache(plan.open_store)
    path, store = folder / "config.json", make_store(folder / "store", ("FAB", "EMAAR"))
    known = {name: fields_of(load_strategy(name)).by_key() for name in ("v1_baseline", "closing_auction")}

    def take(data: bytes) -> None:
        path.write_bytes(data)
        for strategy, parameters in known.items():
            try:
                planned = plan.plan(plan.Request(strategy, config=path, parquet_dir=store, engine="python"))
            except PipelineError as error:
                assert str(error)  # noqa: PT017 - some sentence
                continue
            for task in planned.tasks:
                assert task.parameters.keys() == parameters.keys()
                for key, value in task.parameters.items():
                    assert parameters[key].check(value, "again") == value
                    assert value is None or math.isfinite(value)

    return take


TARGET = Target("config", make, WORDS)

if __name__ == "__main__":
    sys.exit(run(TARGET, sys.argv[1:]))
