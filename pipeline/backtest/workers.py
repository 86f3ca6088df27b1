"""Tasks in, results out as they complete: the only file that knows joblib."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, TypeVar

from pipeline.errors import BadRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Backend: TypeAlias = Literal["threading", "loky", "sequential"]
BACKENDS: Final[tuple[Backend, ...]] = ("threading", "loky", "sequential")

PROCESS_BYTES: Final = 250 * 2**20
"""What a worker process takes before its first tick: the interpreter, numpy and pyarrow."""

CGROUP_FILES: Final = (
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
)
NO_LIMIT: Final = 2**63

Work = TypeVar("Work")
Done = TypeVar("Done")


def run_all(run: Callable[[Work], Done], tasks: Sequence[Work], backend: Backend, workers: int) -> Iterator[Done]:
    """Yield the result of each task as it completes, in no particular order unless sequential."""
    if backend == "sequential":
        yield from map(run, tasks)
        return
    from joblib import Parallel, delayed  # noqa: PLC0415 - a sequential run does without it

    pool = Parallel(n_jobs=workers, backend=backend, return_as="generator_unordered", batch_size=1)
    yield from pool(delayed(run)(task) for task in tasks)


def workers_for(backend: Backend, need: Sequence[int], asked: int | None = None) -> int:
    """Return how many workers to use.

    need: bytes each task takes. asked: the user's number, taken as it is; by default what the CPUs (of the cgroup,
    if there is one) and the memory that is free allow. Raises BadRequest for a number below 1.
    """
    check_workers(asked)
    if asked is not None:
        return asked
    if backend == "sequential" or len(need) <= 1:
        return 1
    from joblib import cpu_count  # noqa: PLC0415

    each = max(need) + (PROCESS_BYTES if backend == "loky" else 0)
    return int(max(1, min(cpu_count(), len(need), free_memory() // each)))


def check_workers(asked: int | None) -> None:
    """Raise BadRequest when a number of workers was asked for that is below 1."""
    if asked is not None and asked < 1:
        raise BadRequest(f"--workers is {asked}; it takes a whole number of at least 1.")


def free_memory() -> int:
    """Return the bytes that can still be used, on this machine or in this cgroup, whichever is less."""
    import psutil  # noqa: PLC0415

    return min(psutil.virtual_memory().available, _cgroup_room())


def _cgroup_room() -> int:
    """Read the limit of a Linux control group (v2, then v1); without one there is room without end."""
    for limit_file, used_file in CGROUP_FILES:
        try:
            limit, used = int(Path(limit_file).read_text()), int(Path(used_file).read_text())
            return max(0, limit - used + _droppable(Path(used_file).with_name("memory.stat")))
        except (OSError, ValueError):
            continue
    return NO_LIMIT


def _droppable(stat: Path) -> int:
    """Return the bytes of the page cache that the kernel drops before it runs out."""
    fields = dict(line.split() for line in stat.read_text().splitlines())
    return int(fields.get("inactive_file", 0))
