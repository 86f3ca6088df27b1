"""Commands in processes forked from one that has loaded what they need: a command starts in a tenth of a second.

Where there is no forking, as on Windows, they are started as a user starts them. What is said of starting, of the
modules that are loaded and of terminals is tested by commands that a shell could have started.
"""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from multiprocessing.process import BaseProcess

ROOT: Final = Path(__file__).resolve().parents[1]
PATIENCE: Final = 180.0
LOADED: Final = [
    *("tests.forked", "tests.crash.steps", "pipeline.__main__", "pipeline.cli", "pipeline.console"),
    *("pipeline.conversion.stage", "pipeline.conversion.sheet", "pipeline.conversion.security"),
    *("pipeline.replay.plan", "pipeline.runs.backtest", "pipeline.runs.writer", "pipeline.sweeps.run"),
    *("pipeline.store.result_cache", "pipeline.pages.backtest_page", "pipeline.pages.sweep_page"),
    *("rich.console", "rich.table", "filelock"),
]


def pipeline(
    *words: str | Path, cwd: Path = ROOT, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command of the command line, both its streams caught.

    environment: all that it finds in its environment; by default this process's, for a terminal of 80 columns.
    """
    texts = [str(word) for word in words]
    variables = {"PYTHONPATH": str(ROOT), **(environment or {**os.environ, "COLUMNS": "80"})}
    if "forkserver" not in multiprocessing.get_all_start_methods():
        command = [sys.executable, "-m", "pipeline", *texts]
        return subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd, env=variables)
    with tempfile.TemporaryDirectory() as folder:
        out, error = Path(folder, "out"), Path(folder, "error")
        process = forked(texts, out, error, cwd, variables)
        process.join(PATIENCE)
        if process.exitcode is None:
            process.kill()
            process.join()
        status = process.exitcode or 0
        process.close()
        return subprocess.CompletedProcess(texts, status, out.read_text("utf-8"), error.read_text("utf-8"))


def forked(
    words: Sequence[str],
    out: Path,
    error: Path,
    cwd: Path,
    environment: Mapping[str, str],
    before: Callable[[], None] | None = None,
) -> BaseProcess:
    """Start a command that writes its streams to files; before: called in its process first, and so importable."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(LOADED)
    process = context.Process(target=_run, args=(words, out, error, cwd, dict(environment), before))
    process.start()
    return process


def _run(
    words: Sequence[str],
    out: Path,
    error: Path,
    cwd: Path,
    environment: dict[str, str],
    before: Callable[[], None] | None,
) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(cwd)
    for stream, file in ((1, out), (2, error)):
        os.dup2(os.open(file, os.O_CREAT | os.O_WRONLY | os.O_APPEND), stream)
    sys.stdout, sys.stderr = (os.fdopen(stream, "w", encoding="utf-8", buffering=1, closefd=False) for stream in (1, 2))
    sys.argv = [str(ROOT / "pipeline" / "__main__.py"), *words]
    if before:
        before()
    from pipeline.__main__ import run
    from pipeline.replay.workers import end_processes

    try:
        run()
    except SystemExit as end:  # a forked process would wait for those of a pool, which Python's own end stops
        sys.stdout.flush()
        sys.stderr.flush()
        end_processes()
        os._exit(int(end.code or 0))
