"""Runs tasks on joblib's pools, which only this file uses, and yields results as they complete, even if workers die."""

from __future__ import annotations

import os
import signal
import threading
import time
import warnings
from collections import Counter
from contextlib import contextmanager, nullcontext, suppress
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, TypeVar

from pipeline.errors import BadRequest, WorkerDied
from pipeline.interrupt import end_with
from pipeline.malloc import keep_freed
from pipeline.replay.cluster import LIBRARY, WorkerLost, check_cluster, cluster_threads, connected, run_on
from pipeline.replay.memory import free_memory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from pipeline.replay.simulate import Engine

Backend: TypeAlias = Literal["threading", "loky", "sequential", "dask", "ray"]
BACKENDS: Final[tuple[Backend, ...]] = ("threading", "loky", "sequential", "dask", "ray")

TOGETHER: Final[Mapping[Backend, int]] = {"loky": 2}
"""How often a task may lose its worker among others before it is run alone, once, if not once: loky ends them all."""

WORTH_A_POOL: Final = 3_000_000
"""Ticks from which a second thread saves more than joblib's start costs, with the compiled engine."""

PROCESS_BYTES: Final = 250 * 2**20
"""What a worker process takes before its first tick: the interpreter, numpy and pyarrow."""

SECONDS_BETWEEN_LOOKS: Final = 1.0
"""How often a worker process looks whether its command still runs; a killed one can tell nobody."""

TIDIER: Final = "resource_tracker"
"""The process by which loky removes shared files when its other ones are gone."""

Work = TypeVar("Work")
Done = TypeVar("Done")


def run_all(
    run: Callable[[Work], Done],
    tasks: Sequence[Work],
    backend: Backend,
    workers: int,
    *,
    address: str | None = None,
    isolated: bool = False,
    on_death: Callable[[Work, WorkerDied], Done] | None = None,
) -> Iterator[Done]:
    """Yield the result of each task as it completes, in no particular order unless sequential.

    A task whose worker dies is done again, in the end by itself; if its worker dies even then, on_death makes the
    result, or WorkerDied is raised. address: where the cluster is. isolated: whether loky starts a process for one
    task alone, too.
    """
    if backend == "sequential" or (backend == "loky" and len(tasks) == 1 and not isolated):
        yield from map(run, tasks)
        return
    import psutil  # noqa: F401 - end_processes must find it loaded

    end_with(end_processes)
    waiting = dict(enumerate(tasks))
    deaths: Counter[int] = Counter()
    with connected(backend, address, workers) if backend in LIBRARY else nullcontext() as cluster:
        while waiting:
            alone = [number for number in waiting if deaths[number] >= TOGETHER.get(backend, 1)][:1]
            chosen = {number: waiting[number] for number in alone or waiting}
            results = run_on(cluster, run, chosen) if cluster else _run_here(run, chosen, backend, workers)
            for number, result in results:
                if not isinstance(result, WorkerLost):
                    del waiting[number]
                    yield result
                elif not alone:
                    deaths[number] += 1
                elif on_death is None:
                    raise _died()
                else:
                    yield on_death(waiting.pop(number), _died())


def _run_here(
    run: Callable[[Work], Done], tasks: Mapping[int, Work], backend: Backend, workers: int
) -> Iterator[tuple[int, Done | WorkerLost]]:
    """Yield the results of one of joblib's pools on this machine, and what is known to be lost when it breaks."""
    from joblib import Parallel, delayed  # a sequential run does without it
    from joblib.externals.loky.process_executor import BrokenProcessPool

    options: dict[str, Any] = {"n_jobs": workers}
    if backend == "loky":  # never one task in this very process: it could die with it
        options = {"n_jobs": max(workers, 2), "pre_dispatch": 1 if workers == 1 else "2 * n_jobs"}
        # joblib keeps its processes for the next run, unless they would be started otherwise: a strategy may ask for
        # its folder and its variables.
        options |= {"initializer": _begin_worker, "initargs": (os.getpid(), os.getcwd(), dict(os.environ))}  # noqa: PTH109
    pool = Parallel(backend=backend, return_as="generator_unordered", batch_size=1, **options)
    left = dict.fromkeys(tasks)
    results = None
    try:
        with _ctrl_c_held() if backend == "loky" else nullcontext():  # the first may die while others are sent
            results = pool(delayed(_numbered)(run, number, task) for number, task in tasks.items())
        for number, result in results:
            del left[number]
            yield number, result
    except (BrokenProcessPool, MemoryError):
        # loky stops all its processes and does not say who died; they take tasks in order, so it is one of the first.
        # One that has no memory left to take a task or to send its result is as good as dead.
        for number in list(left)[:workers]:
            yield number, WorkerLost()
    finally:
        if results is not None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # joblib's remark on what an interrupt leaves undone
                results.close()


@contextmanager
def _ctrl_c_held() -> Iterator[None]:
    """Hold Ctrl-C back while processes are started, where that can be: until they ignore it they would show tracebacks.

    A terminal sends it to all of them, and it is this process that ends the others.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()  # on its start it would let go of what is held
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin_worker(parent: int, *_: object) -> None:
    """Leave Ctrl-C to the process whose worker this is, follow that one when it is killed, and keep freed memory."""
    keep_freed()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow, args=(parent,), daemon=True).start()


def _follow(parent: int) -> None:
    import psutil

    with suppress(psutil.Error):
        process = psutil.Process(parent)
        while process.is_running():
            time.sleep(SECONDS_BETWEEN_LOOKS)
    os._exit(1)


def _numbered(run: Callable[[Work], Done], number: int, task: Work) -> tuple[int, Done]:
    return number, run(task)


def _died() -> WorkerDied:
    return WorkerDied(
        "Its worker process died, and again when it ran alone: out of memory, killed, or ended by the strategy itself. "
        "Run it with --securities and --backend sequential to see how it ends."
    )


def default_backend(engine: Engine, ticks: int, workers: int | None) -> Backend:
    """Return the backend that is quickest for this engine and this many ticks.

    A plain strategy holds the GIL and needs processes. A compiled one needs threads only, and none at all while the
    whole replay takes less time than joblib takes to load. Workers asked for are given.
    """
    if engine == "python":
        return "loky"
    return "sequential" if workers in (None, 1) and ticks < WORTH_A_POOL else "threading"


def workers_for(backend: Backend, need: Sequence[int], asked: int | None = None, address: str | None = None) -> int:
    """Return how many workers to use.

    need: bytes each task takes. asked: the user's number, taken as it is; by default what the CPUs (of the cgroup,
    if there is one) and the memory that is free allow. A cluster has what it has. Raises BadRequest for a number
    below 1, NoCluster for a cluster that cannot be used.
    """
    check_workers(asked)
    if address is not None:
        threads = cluster_threads(backend, address)
        return threads if asked is None else min(asked, threads)
    if asked is not None:
        return asked
    if backend == "sequential" or len(need) <= 1:
        return 1
    from joblib import cpu_count

    each = max(need) + (0 if backend == "threading" else PROCESS_BYTES)
    return int(max(1, min(cpu_count(), len(need), free_memory() // each)))


def check_workers(asked: int | None, backend: Backend | None = None, address: str | None = None) -> None:
    """Raise BadRequest for fewer than one worker or an address out of place, MissingExtra for a missing library."""
    check_cluster(backend, address)
    if asked is not None and asked < 1:
        raise BadRequest(f"--workers is {asked}; it takes a whole number of at least 1.")


def end_processes() -> None:
    """End the worker processes of this one at once; what tidies up behind them ends by itself when this one has."""
    import psutil

    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            if not any(TIDIER in word for word in child.cmdline()):
                child.kill()
