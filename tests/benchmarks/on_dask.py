"""A sweep of 1,000 settings on a Dask cluster of this machine: seconds, and the peak memory of each of its processes.

    python tests/benchmarks/on_dask.py [--securities 100] [--ticks 386000] [--workers 2] [--store STORE --config CONFIG]

Starts a scheduler and workers of one thread each, as docs/use/scale.md does, on synthetic ticks or on those of STORE.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from sweeps import SWEEP

from pipeline.bench.process import MemorySampler, pipeline_command
from pipeline.bench.synthetic import make_store, sample_week
from pipeline.store.catalog import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator

SETTINGS = 1_000
DASK = "import sys; from distributed.cli import dask_scheduler, dask_worker; sys.exit(eval(sys.argv.pop(1)).main())"


@contextlib.contextmanager
def process(command: list[str], environment: dict[str, str]) -> Iterator[tuple[subprocess.Popen[bytes], MemorySampler]]:
    """Start a process that is ended with the block, and sample its memory; what Dask's say is not shown."""
    said = subprocess.DEVNULL if DASK in command else None
    started = subprocess.Popen(command, env=os.environ | environment, stdout=subprocess.DEVNULL, stderr=said)
    sampler = MemorySampler(started.pid)
    sampler.start()
    try:
        yield started, sampler
    finally:
        if started.poll() is None:
            started.terminate()
        started.wait()
        sampler.stop()


def sweep_on_a_cluster(store: Path, config: Path, workers: int, folder: Path) -> dict[str, float]:
    """Return the seconds of the command, and the peak MB of client, scheduler and each worker."""
    environment = {"PIPELINE_CACHE_DIR": str(folder / "cache"), "PIPELINE_RESULTS_MB": "4096"}
    address = "tcp://127.0.0.1:8799"
    scheduler = [sys.executable, "-c", DASK, "dask_scheduler", "--host", "127.0.0.1", "--port", "8799"]
    worker = [sys.executable, "-c", DASK, "dask_worker", address, "--nthreads", "1", "--no-dashboard"]
    words = pipeline_command("sweep", SWEEP, "--parquet-dir", store, "--config", config, "--backend", "dask")
    words += ["--address", address, "--output-dir", str(folder / "sweep"), "--fresh", "--no-report", "--quiet"]
    with contextlib.ExitStack() as stack:
        samplers = {"scheduler": stack.enter_context(process([*scheduler, "--no-dashboard"], environment))[1]}
        for number in range(1, workers + 1):
            samplers[f"worker {number}"] = stack.enter_context(process(worker, environment))[1]
        time.sleep(8)  # until the workers have found the scheduler
        start = time.perf_counter()
        client, samplers["client"] = stack.enter_context(process(words, environment))
        if client.wait():
            sys.exit("the sweep failed")
        seconds = time.perf_counter() - start
        return {"seconds": seconds, **{name: sampler.stop() / 1e6 for name, sampler in samplers.items()}}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--securities", type=int, default=100)
    arguments.add_argument("--ticks", type=int, default=386_000)
    arguments.add_argument("--workers", type=int, default=2)
    arguments.add_argument("--store", type=Path)
    arguments.add_argument("--config", type=Path)
    given = arguments.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is ended
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if given.store is None:
            synthetic = make_store(folder, sample_week(folder), given.securities, given.ticks)
            store, config = synthetic.parquet_dir, synthetic.config
        else:
            store, config = given.store, given.config
        securities = open_store(store).securities
        ticks = sum(security.ticks for security in securities)
        measured = sweep_on_a_cluster(store.absolute(), config.absolute(), given.workers, folder)
    seconds = measured.pop("seconds")
    results = len(securities) * SETTINGS
    print(
        f"{len(securities):,} securities, {ticks:,} ticks, {SETTINGS:,} settings: {results:,} results, {seconds:.1f} s"
    )
    rate, each = ticks * SETTINGS / seconds / 1e6, seconds * given.workers / results * 1e3
    print(f"{rate:,.0f} million events x settings a second, {each:.2f} ms of a worker a result, everything included")
    print("peak MB: " + ", ".join(f"{name} {peak:,.0f}" for name, peak in measured.items()))


if __name__ == "__main__":
    main()
