"""A sweep that is killed goes on where it was: the same command, and the same bytes as if nothing had happened."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psutil
import pytest

from pipeline.store.result_cache import PARTS
from tests.made import contents, make_store, make_strategy

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).resolve().parents[2]
RESULTS: Final = 2 * 8
SLOW: Final = """
size: Shares = parameter(300, minimum=1)
pause: Duration = parameter(0, key="pause_sec", minimum=0)
recent: list = []

def on_tick(self, m):
    self.recent = [*self.recent[-20:], m.price]
    if m.event == 100 and self.pause > 0:
        sleep(self.pause / 1_000_000_000)
    if m.bid_size > 0 and m.bid < fmean(self.recent):
        m.quote_bid(m.bid, self.size)
    if m.ask_size > 0 and m.ask > fmean(self.recent):
        m.quote_ask(m.ask, self.size)
"""


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("killed")
    make_store(folder / "parquet", ("FAB", "EMAAR"))
    own = make_strategy(folder / "own.py", SLOW)
    own.write_text("from time import sleep\n" + own.read_text(encoding="utf-8"), encoding="utf-8")
    own.with_suffix(".json").write_text('{"_defaults": {"pause_sec": 0.06}}')
    return folder


def start(inputs: Path, cache: Path, output: Path, *how: str) -> subprocess.Popen[str]:
    # A setting a task: what is kept grows one by one.
    program = "from pipeline.sweeps import replays; replays.PLAIN_TICKS = 1; from pipeline.cli import main; main()"
    command = [sys.executable, "-c", program, "sweep", "--grid", "size=100:800:100", "--walk-forward", "1"]
    command += ["--strategy", str(inputs / "own.py"), "--config", str(inputs / "own.json"), "--keep-trades", "best"]
    command += ["--parquet-dir", str(inputs / "parquet"), "--output-dir", str(output), *how]
    environment = os.environ | {"PIPELINE_CACHE_DIR": str(cache), "PIPELINE_RESULTS_MB": "64", "PYTHONPATH": str(ROOT)}
    pipes: dict[str, int] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, text=True, env=environment, cwd=inputs, **pipes)


def kept(folder: Path) -> int:
    """Return how many results are kept: a task of one setting writes a part of one."""
    return sum(1 for _ in folder.glob("*/*.results"))


def counts(folder: Path) -> Iterator[int]:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        yield kept(folder)
        time.sleep(0.005)


@pytest.fixture(scope="module")
def whole(inputs: Path) -> dict[str, bytes]:
    process = start(inputs, inputs / "cache", inputs / "whole", "--backend", "sequential")
    out, error = process.communicate(timeout=180)
    assert (process.returncode, "0 cached, 16 computed, 0 failed" in out) == (0, True), error
    return contents(inputs / "whole")


def kill_after(after: int, process: subprocess.Popen[str], folder: Path) -> int:
    """Kill a sweep once so many of its results are kept; return how many are then."""
    next(count for count in counts(folder) if count >= after)
    children = psutil.Process(process.pid).children(recursive=True)
    with process:
        process.kill()
        assert process.wait(timeout=20) != 0 or kept(folder) >= RESULTS
        for child in children:  # loky's wait for work for five minutes, with the pipes open
            with suppress(psutil.NoSuchProcess):
                child.kill()
    return kept(folder)


@pytest.mark.parametrize(
    ("after", "how"),
    [
        (8, "sequential"),
        (4, "loky"),
        *(pytest.param(after, "sequential", marks=pytest.mark.slow) for after in (1, 13)),
    ],
)
def test_a_killed_sweep_goes_on_and_ends_as_if_it_had_not_been(
    inputs: Path, whole: dict[str, bytes], tmp_path: Path, after: int, how: str
) -> None:
    options = ("--backend", how, *(("--workers", "2") if how == "loky" else ()))
    for attempt in range(5):  # on a busy machine it may end before it is killed
        cache = tmp_path / f"cache {attempt}"
        known = kill_after(after, start(inputs, cache, tmp_path / "out", *options), cache / "results" / PARTS)
        if known < RESULTS:
            break
    assert after <= known < RESULTS
    assert not (tmp_path / "out" / "sweep.parquet").exists()
    again = start(inputs, cache, tmp_path / "out", *options)
    out, error = again.communicate(timeout=180)
    assert again.returncode == 0, error
    assert f"{known} cached, {RESULTS - known} computed, 0 failed" in out
    assert contents(tmp_path / "out") == whole
