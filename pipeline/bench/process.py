"""Runs a command as a process of its own and measures it: seconds, and peak memory with that of its children."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import psutil

from pipeline.errors import PipelineError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SECONDS_BETWEEN_SAMPLES: Final = 0.01
_SAMPLES_BETWEEN_SEARCHES: Final = 10
"""Looking for children reads the list of all processes of the machine."""


@dataclass(frozen=True, slots=True)
class ProcessUse:
    """What a process took. peak_bytes: resident memory of it and its children together, sampled each 10 ms."""

    seconds: float
    peak_bytes: int


def pipeline_command(*words: object) -> list[str]:
    """Return a command of this project as the words of a process."""
    return [sys.executable, "-m", "pipeline", *map(str, words)]


def measure_process(command: Sequence[str], environment: Mapping[str, str] | None = None) -> ProcessUse:
    """Run a command to its end, nothing printed; raise PipelineError with its last line where it fails.

    environment: variables beside those of this process.
    """
    with tempfile.TemporaryFile() as said:
        start = time.perf_counter()
        process = subprocess.Popen(  # noqa: S603 - the project's own commands
            command, stdout=subprocess.DEVNULL, stderr=said, env=os.environ | (environment or {})
        )
        sampler = MemorySampler(process.pid)
        sampler.start()
        try:
            status = process.wait()
        except BaseException:
            process.kill()
            process.wait()
            raise
        finally:
            seconds = time.perf_counter() - start
            peak = sampler.stop()
        if status:
            said.seek(0)
            last = (said.read().decode("utf-8", "replace").splitlines() or [""])[-1]
            raise PipelineError(f"{' '.join(command[2:4])} ended with exit status {status}: {last}")
    return ProcessUse(seconds, peak)


class MemorySampler(threading.Thread):
    """Reads the resident memory of a process and its children together, each 10 ms until it is stopped."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self._stopped = threading.Event()
        self.peak = 0

    def stop(self) -> int:
        """End the sampling and return the peak so far, bytes."""
        self._stopped.set()
        self.join()
        return self.peak

    def run(self) -> None:
        """Sample until `stop` is called."""
        number, family = 0, list[psutil.Process]()
        while not self._stopped.wait(_SECONDS_BETWEEN_SAMPLES):
            if number % _SAMPLES_BETWEEN_SEARCHES == 0:
                family = _family(self._pid)
            number += 1
            self.peak = max(self.peak, sum(map(_resident, family)))


def _family(pid: int) -> list[psutil.Process]:
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.Error:  # it has ended
        return []


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0
