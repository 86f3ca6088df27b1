"""Same bytes always: however many workers, whatever backend, order, engine and way to start a process."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
from typing import TYPE_CHECKING, Final

import pytest

from tests.crash.started import Started
from tests.made import contents, make_config, make_store

if TYPE_CHECKING:
    from pathlib import Path

BACKENDS: Final = ("sequential", "threading", "loky")
WORKERS: Final = (1, 2, 4)
TICKERS: Final = ("FAB", "EMAAR", "MODON")

# Every run of a process in one: tasks are given to the workers in another order each time, and so are their results.
PROGRAM: Final = """
import importlib, json, random, sys
from pipeline import backtest
stage = importlib.import_module("pipeline.runs.replaying")

def shuffled(run, tasks, *rest, **how):
    chance = random.Random(seed)
    done = list(plain(run, chance.sample(tasks, len(tasks)), *rest, **how))
    yield from chance.sample(done, len(done))

plain, stage.run_all = stage.run_all, shuffled
method = sys.argv[1]
if method != "as usual":
    from joblib.externals.loky.backend.context import set_start_method
    set_start_method(method)
for seed, (folder, backend, engine, workers) in enumerate(json.loads(sys.argv[2])):
    backtest(config="c.json", parquet_dir="parquet", output_dir=folder, backend=backend, engine=engine,
             workers=workers, sensitivity=False, fresh=True)
if method != "as usual":
    from joblib.externals.loky.reusable_executor import _executor
    print(_executor._context.get_start_method())
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("same")
    make_store(folder / "parquet", TICKERS)
    make_config(folder / "c.json", TICKERS)
    assert hash_of(run(made=folder, ways=[("first", "sequential", "python", 1)])[0])
    return folder


def run(made: Path, ways: list[tuple[str, str, str, int]], method: str = "as usual") -> list[Path]:
    end = Started(made, method, json.dumps(ways), program=PROGRAM).end()
    assert (end.status, end.left) == (0, []), end.error
    assert end.out.strip() == ("" if method == "as usual" else method)
    return [made / folder for folder, *_ in ways]


def hash_of(folder: Path) -> str:
    """Return one hash of all that a run folder holds, but how the run was made and how long it took."""
    found = contents(folder)
    told = json.loads(found["run.json"])
    del told["how"]
    found["run.json"] = json.dumps(told).encode()
    assert {f"trades/{ticker}.parquet" for ticker in TICKERS} < found.keys()
    digest = hashlib.sha256()
    for name in sorted(found):
        digest.update(name.encode() + b"\\0" + hashlib.sha256(found[name]).digest())
    return digest.hexdigest()


@pytest.mark.slow
def test_workers_backends_engines_and_order(made: Path) -> None:
    ways = [
        (f"{backend} {engine} {workers}", backend, engine, workers)
        for backend, engine, workers in itertools.product(BACKENDS, ("compiled", "python"), WORKERS)
    ]
    folders = run(made, ways)
    assert len(folders) == 18
    assert {folder.name: hash_of(folder) for folder in folders} == dict.fromkeys(
        [folder.name for folder in folders], hash_of(made / "first")
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "method",
    ["loky", "spawn", pytest.param("fork", marks=pytest.mark.skipif(os.name == "nt", reason="Windows has no fork"))],
)
def test_however_a_process_is_started(made: Path, method: str) -> None:
    ways = [(f"{method} {engine} {workers}", "loky", engine, workers) for engine in ("compiled", "python")
            for workers in (2, 4)]  # fmt: skip
    folders = run(made, ways, method)
    assert {hash_of(folder) for folder in folders} == {hash_of(made / "first")}


@pytest.mark.slow
def test_a_hash_tells_runs_apart(made: Path) -> None:
    config = json.loads((made / "c.json").read_text())
    config["FAB"]["refill_interval_sec"] = 61
    (made / "c.json").write_text(json.dumps(config))
    try:
        (other,) = run(made, [("other", "sequential", "python", 1)])
    finally:
        make_config(made / "c.json", TICKERS)
    assert hash_of(other) != hash_of(made / "first")
