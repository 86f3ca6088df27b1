"""Runs tasks on a Dask or Ray cluster by its address; the only file that knows either library, by its public functions.

joblib's own backends for both report nothing when the worker of a task is lost, and wait for it forever.
"""

from __future__ import annotations

import hashlib
import importlib.util
import re
import socket
import time
from concurrent.futures import CancelledError
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Final, TypeVar

from pipeline.errors import BadRequest, ClusterLost, MissingExtra, NoCluster
from pipeline.folders import PACKAGE, config_files
from pipeline.markets import facts
from pipeline.system import installing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

LIBRARY: Final = {"dask": "distributed", "ray": "ray"}
"""The library behind each backend that runs on other machines."""

ADDRESS: Final = re.compile(r"(?:(?:tcp|ray)://)?(?P<host>[^/:@\s]+|\[[0-9a-fA-F:.]+\]):(?P<port>\d{1,5})")
CONNECT_SECONDS: Final = 5
WAIT_SECONDS: Final = 1
"""How long a finished task is waited for before the cluster is asked whether it has any worker."""

PATIENCE_SECONDS: Final = 30
"""How long a cluster may be without any worker before the run is given up: restarting one takes seconds."""

Task = TypeVar("Task")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, eq=False)
class WorkerLost:
    """What comes back for a task whose worker died."""


@contextmanager
def connected(backend: str, address: str | None, workers: int) -> Iterator[_Dask | _Ray]:
    """Connect to the cluster at an address, and leave it in the end; Ray without one starts processes of its own."""
    if backend == "dask":
        with _dask_client(str(address)) as client:
            yield _Dask(client, workers)
        return
    ray = _ray(address, workers)
    try:
        yield _Ray(ray, workers)
    finally:
        ray.shutdown()


def run_on(
    cluster: _Dask | _Ray, run: Callable[[Task], Result], tasks: Mapping[int, Task]
) -> Iterator[tuple[int, Result | WorkerLost]]:
    """Yield each task's number and result as it completes; raises ClusterLost when no worker is left for long."""
    waiting, running, silence = iter(tasks.items()), dict[Any, int](), ""
    last_seen = time.monotonic()
    while True:
        for number, task in islice(waiting, cluster.capacity - len(running)):
            running[cluster.submit(run, task)] = number
        if not running:
            return
        try:
            finished = cluster.finished(list(running))
            if finished or cluster.has_worker():
                last_seen = time.monotonic()
        except (Exception, CancelledError) as error:  # noqa: BLE001 - the scheduler does not answer, in whatever way
            finished, silence = (), f" ({type(error).__name__}: {error})"
            time.sleep(WAIT_SECONDS / 10)
        if time.monotonic() - last_seen > PATIENCE_SECONDS:
            raise ClusterLost(f"The cluster has no worker left, or its scheduler is gone{silence}.")
        for future in finished:
            yield running.pop(future), cluster.result(future)


def check_cluster(backend: str | None, address: str | None) -> None:
    """Raise BadRequest for an address that is missing, misplaced or none, MissingExtra where a library is."""
    if backend not in LIBRARY:
        if address is not None:
            raise BadRequest(f"--address is where a cluster is: it goes with --backend {' or '.join(LIBRARY)}.")
        return
    if importlib.util.find_spec(LIBRARY[backend]) is None:
        raise MissingExtra(f"--backend {backend} needs {LIBRARY[backend]}: {installing(LIBRARY[backend])}.")
    if address is None and backend == "dask":
        raise BadRequest(
            "--backend dask needs --address tcp://HOST:PORT, where `dask scheduler` says it listens. "
            "docs/use/scale.md starts a small cluster in five lines."
        )
    if address is not None:
        _host_and_port(address)


def cluster_threads(backend: str, address: str) -> int:
    """Return how many tasks the cluster runs at a time.

    Raises NoCluster where none answers, it has no worker, or its workers hold another version of this project.
    """
    _check_port(backend, address)
    return _dask_threads(address) if backend == "dask" else _ray_threads(address)


def code_digest() -> str:
    """Return the hash of this project's code and market facts as they stand here, line endings aside."""
    digest = hashlib.sha256()
    code = {file.relative_to(PACKAGE).as_posix(): file for file in sorted(PACKAGE.rglob("*.py"))}
    for name, file in [*code.items(), *((file.name, file) for file in config_files(facts.FOLDER))]:
        digest.update(name.encode() + b"\0" + file.read_bytes().replace(b"\r\n", b"\n") + b"\0")
    return digest.hexdigest()


def _host_and_port(address: str) -> tuple[str, int]:
    match = ADDRESS.fullmatch(address)
    if match is None:
        raise BadRequest(f"--address is '{address}'; it takes HOST:PORT, for example tcp://10.0.0.5:8786.")
    return match["host"].strip("[]"), int(match["port"])


def _check_port(backend: str, address: str) -> None:
    """Knock first, until what was just started has come up: the libraries themselves try for up to minutes."""
    give_up = time.monotonic() + CONNECT_SECONDS
    while True:
        try:
            socket.create_connection(_host_and_port(address), CONNECT_SECONDS).close()
        except (OSError, OverflowError) as error:
            if isinstance(error, ConnectionRefusedError) and time.monotonic() < give_up:
                time.sleep(0.1)
                continue
            raise NoCluster(
                f"--address {address}: nothing answers there ({error}). Is the {backend.capitalize()} cluster running, "
                "and is this its address as seen from here?"
            ) from error
        return


def check_code(address: str, digests: dict[str, object]) -> None:
    """Raise NoCluster, naming the worker, where one cannot load this project or has other code than this process."""
    for worker, digest in digests.items():
        if isinstance(digest, BaseException):
            raise NoCluster(
                f"--address {address}: worker {worker} cannot load this project ({type(digest).__name__}: {digest}). "
                "Install it in the environment that the workers run in."
            )
        if digest != code_digest():
            raise NoCluster(
                f"--address {address}: worker {worker} has another version of this project, or other "
                "configs/markets, and could give other results. Update it there and restart the worker."
            )


class _Dask:
    """A Dask cluster by `distributed`'s client.

    capacity: how many tasks may be handed over at a time. finished: waits for WAIT_SECONDS at most.
    """

    def __init__(self, client: Any, workers: int) -> None:
        self._client = client
        self._killed: type[BaseException] = importlib.import_module("distributed").KilledWorker
        self._finished: SimpleQueue[Any] = SimpleQueue()
        self.capacity = workers if workers < sum(client.nthreads().values()) else 2**31

    def submit(self, run: Callable[[Task], Result], task: Task) -> Any:
        future = self._client.submit(run, task, pure=False)
        future.add_done_callback(self._finished.put)
        return future

    def finished(self, futures: Sequence[Any]) -> Sequence[Any]:  # noqa: ARG002 - each puts itself into the queue
        # Ctrl-C inside the library's own wait makes it log a traceback.
        try:
            future = self._finished.get(timeout=WAIT_SECONDS)
        except Empty:
            return ()
        return () if future.cancelled() else [future]  # all are, when the scheduler goes away

    def result(self, future: Any) -> Any:
        error = future.exception()
        if error is None:
            return future.result()
        return _lost(error, self._killed)

    def has_worker(self) -> bool:
        return bool(self._client.ncores())


class _Ray:
    """A Ray cluster, as `_Dask`; each task in a process of its own kind, which Ray uses again for the next."""

    def __init__(self, ray: Any, workers: int) -> None:
        self._ray = ray
        self.capacity = workers

    def submit(self, run: Callable[[Task], Result], task: Task) -> Any:
        return self._ray.remote(max_retries=0)(run).remote(task)

    def finished(self, futures: Sequence[Any]) -> Sequence[Any]:
        done: Sequence[Any] = self._ray.wait(futures, num_returns=1, timeout=WAIT_SECONDS)[0]
        return done

    def result(self, future: Any) -> Any:
        errors = self._ray.exceptions
        try:
            return self._ray.get(future)
        except errors.RayError as error:
            return _lost(error, errors.WorkerCrashedError, errors.NodeDiedError, errors.OutOfMemoryError)

    def has_worker(self) -> bool:
        return any(node["Alive"] for node in self._ray.nodes())


def _lost(error: BaseException, *deaths: type[BaseException]) -> WorkerLost:
    """Return that a task's worker died, where that is what its error says; raises ClusterLost for any other."""
    if isinstance(error, deaths):
        return WorkerLost()
    raise ClusterLost(
        f"The cluster could not run a task ({type(error).__name__}: {error}). What is finished stands."
    ) from error


@contextmanager
def _dask_client(address: str) -> Iterator[Any]:
    distributed: Any = importlib.import_module("distributed")
    try:
        client = distributed.Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except Exception as error:  # whatever stands there may answer anything
        raise NoCluster(f"--address {address}: what answers there is no Dask scheduler ({error}).") from error
    try:
        yield client
    finally:
        client.close(timeout=CONNECT_SECONDS)


def _dask_threads(address: str) -> int:
    with _dask_client(address) as client:
        try:
            client.wait_for_workers(1, timeout=CONNECT_SECONDS)
        except TimeoutError as error:
            raise NoCluster(
                f"--address {address}: the scheduler has no worker. Start one: dask worker {address}"
            ) from error
        check_code(address, client.run(code_digest, on_error="return"))
        return int(sum(client.nthreads().values()))


def _ray(address: str | None, workers: int | None = None) -> Any:
    """Connect to a cluster, or start one of this machine's own processes."""
    ray: Any = importlib.import_module("ray")
    if not ray.is_initialized():
        local = {"num_cpus": max(workers or 0, 1), "include_dashboard": False} if address is None else {}
        try:
            ray.init(address=address or "local", logging_level="error", log_to_driver=False, **local)
        except Exception as error:
            raise NoCluster(
                f"--address {address or 'local'}: Ray cannot be used there ({error}). A cluster that asks for a token "
                "takes it from RAY_AUTH_MODE=token and RAY_AUTH_TOKEN, the same here as there."
            ) from error
    return ray


def _ray_threads(address: str) -> int:
    ray = _ray(address.removeprefix("tcp://"))
    on_node = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy
    ask = ray.remote(num_cpus=0)(code_digest)
    digests: dict[str, object] = {}
    for node in ray.nodes():
        if node["Alive"]:
            try:
                answer = ask.options(scheduling_strategy=on_node(node["NodeID"], soft=False)).remote()
                digests[node["NodeManagerAddress"]] = ray.get(answer)
            except ray.exceptions.RayError as error:
                digests[node["NodeManagerAddress"]] = error
    check_code(address, digests)
    return int(ray.cluster_resources().get("CPU", 0))
