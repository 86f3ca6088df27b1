"""The status of a run or sweep in its `run.json` or `sweep.json`: set when it ends, and checked by its readers."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Final

from pipeline.errors import PipelineError, UnfinishedRun, in_words
from pipeline.runs.manifest import json_bytes
from pipeline.store.atomic import write_bytes
from pipeline.store.lock import holder_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pipeline.store.path import AnyPath

RUNNING: Final = "running"
COMPLETE: Final = "complete"
FAILED: Final = "failed"
INTERRUPTED: Final = "interrupted"


@contextlib.contextmanager
def end_noted(path: AnyPath) -> Iterator[None]:
    """Put down in `run.json` or `sweep.json` that its run failed, and why, or was interrupted; that is raised on.

    Where no more can be written, as on a full disk, it goes on saying `running`; its lock is free then.
    """
    try:
        yield
    except BaseException as error:
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError, PipelineError):
            told = json.loads(path.read_bytes())
            if told["status"] == RUNNING:
                failed = isinstance(error, Exception)
                told |= {"status": FAILED, "error": in_words(error)} if failed else {"status": INTERRUPTED}
                write_bytes(path, json_bytes(told), durable=False)
        raise


def check_complete(folder: AnyPath, told: Mapping[str, object], kind: str) -> None:
    """Raise UnfinishedRun for a run or sweep (`kind`) that is not complete: still at work, interrupted or failed."""
    status = told["status"]
    if status == COMPLETE:
        return
    again = f"Run that {'backtest' if kind == 'run' else kind} again."
    holder = holder_of(folder) if status == RUNNING else ""
    if holder:
        raise UnfinishedRun(f"The {kind} in {folder} is not complete: {holder} is still at work. Wait for it.")
    if holder is None:
        how = "it is still at work, or it was interrupted. Wait for it, or run it again"
        raise UnfinishedRun(f"The {kind} in {folder} is not complete: {how}.")
    if status == FAILED:
        raise UnfinishedRun(f"The {kind} in {folder} failed: {told.get('error')} {again}")
    raise UnfinishedRun(f"The {kind} in {folder} was interrupted. {again}")
