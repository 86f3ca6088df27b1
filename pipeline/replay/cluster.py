"""Connects joblib's pool to a Dask or Ray cluster by its address; the only file that knows either library.

joblib's own backends for both report nothing when the worker of a task is lost, and wait for it forever; ours report
it.
"""

from __future__ import annotations

import hashlib
import importlib.util
import re
import socket
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pipeline.errors import BadRequest, ClusterLost, MissingExtra, NoCluster
from pipeline.folders import PACKAGE, config_files
from pipeline.markets import facts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LIBRARY: Final = {"dask": "distributed", "ray": "ray"}
"""The library behind each backend that runs on other machines."""

ADDRESS: Final = re.compile(r"(?:(?:tcp|ray)://)?(?P<host>[^/:@\s]+|\[[0-9a-fA-F:.]+\]):(?P<port>\d{1,5})")
CONNECT_SECONDS: Final = 5
PATIENCE_SECONDS: Final = 30
"""How long a cluster may be without any worker before the run is given up: restarting one takes seconds."""

FEWEST_RAY_CPUS: Final = 2


@dataclass(frozen=True, slots=True, eq=False)
class WorkerLost:
    """What comes back for a task whose worker died: its place among the tasks."""

    place: int


def check_cluster(backend: str | None, address: str | None) -> None:
    """Raise BadRequest for an address that is missing, misplaced or none, MissingExtra where a library is."""
    if backend not in LIBRARY:
        if address is not None:
            raise BadRequest(f"--address is where a cluster is: it goes with --backend {' or '.join(LIBRARY)}.")
        return
    if importlib.util.find_spec(LIBRARY[backend]) is None:
        raise MissingExtra(f"--backend {backend} needs {LIBRARY[backend]}: pip install {LIBRARY[backend]}.")
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


@contextmanager
def cluster_options(backend: str, address: str | None, workers: int) -> Iterator[dict[str, Any]]:
    """Connect and yield how joblib's Parallel gets that cluster's workers; leave the cluster in the end."""
    if backend == "dask":
        with _dask_client(str(address)) as client:
            everything = workers >= sum(client.nthreads().values())
            yield {"backend": _dask_backend(client), "pre_dispatch": "all" if everything else workers}
        return
    ray = _ray(address, workers)
    try:
        yield {"backend": _ray_backend(ray), **in_processes(workers)}
    finally:
        ray.shutdown()


def in_processes(workers: int) -> dict[str, Any]:
    """Return how Parallel runs so many tasks at a time, never one in this very process: it could die with its task."""
    return {"n_jobs": max(workers, 2), "pre_dispatch": 1 if workers == 1 else "2 * n_jobs"}


def code_digest() -> str:
    """Return the hash of this project's code and market facts as they stand here, line endings aside."""
    digest = hashlib.sha256()
    code = {file.relative_to(PACKAGE).as_posix(): file for file in sorted(PACKAGE.rglob("*.py"))}
    for name, file in [*code.items(), *((file.name, file) for file in config_files(facts.FOLDER))]:
        digest.update(name.encode() + b"\0" + file.read_bytes().replace(b"\r\n", b"\n") + b"\0")
    return digest.hexdigest()


def _host_and_port(address: str) -> tuple[str, int]:
    found = ADDRESS.fullmatch(address)
    if found is None:
        raise BadRequest(f"--address is '{address}'; it takes HOST:PORT, for example tcp://10.0.0.5:8786.")
    return found["host"].strip("[]"), int(found["port"])


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


def _check_code(address: str, digests: dict[str, object]) -> None:
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


# Dask


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
        _check_code(address, client.run(code_digest, on_error="return"))
        return int(sum(client.nthreads().values()))


def _dask_backend(client: Any) -> Any:
    from joblib._dask import DaskDistributedBackend

    distributed: Any = importlib.import_module("distributed")

    class DaskBackend(_reporting(DaskDistributedBackend, distributed.KilledWorker)):  # type: ignore[misc]
        """Also tells joblib of futures that failed outside the task, and of a cluster that is gone."""

        def effective_n_jobs(self, _: int) -> int:
            # joblib would run the tasks of a cluster that has one thread, or one left, in this very process.
            return max(2, int(sum(self.client.ncores().values())))

        def submit(self, func: Any, callback: Any = None) -> Any:
            future = super().submit(func, callback)
            future.add_done_callback(lambda done: self.failed(func, callback, done.exception()))
            return future

        def failed(self, func: Any, callback: Any, error: BaseException | None) -> None:
            if error is not None:
                self.tell(func, callback, error)

        def start_call(self) -> None:
            super().start_call()
            self.client.loop.add_callback(self.watch)

        async def watch(self) -> None:
            import asyncio  # 15 ms, and here it is loaded

            idle = 0
            while self._continue and idle < PATIENCE_SECONDS:
                await asyncio.sleep(1)
                try:
                    idle = 0 if await self.client.scheduler.ncores() else idle + 1
                except Exception:  # noqa: BLE001 - the scheduler does not answer, in whatever way
                    idle += 1
            for future in [*self._results.values()] if self._continue else []:
                future.set_exception(ClusterLost("The Dask cluster has no worker left, or its scheduler is gone."))

    return DaskBackend(client=client)


# Ray


def _ray(address: str | None, workers: int | None = None) -> Any:
    """Connect to a cluster, or start one of this machine's own processes."""
    ray: Any = importlib.import_module("ray")
    if not ray.is_initialized():
        local = {"num_cpus": max(workers or 0, 2), "include_dashboard": False} if address is None else {}
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
    place = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy
    ask = ray.remote(num_cpus=0)(code_digest)
    digests: dict[str, object] = {}
    for node in ray.nodes():
        if node["Alive"]:
            try:
                told = ask.options(scheduling_strategy=place(node["NodeID"], soft=False)).remote()
                digests[node["NodeManagerAddress"]] = ray.get(told)
            except ray.exceptions.RayError as error:
                digests[node["NodeManagerAddress"]] = error
    _check_code(address, digests)
    threads = int(ray.cluster_resources().get("CPU", 0))
    if threads < FEWEST_RAY_CPUS:
        raise NoCluster(f"--address {address}: the Ray cluster has {threads} CPUs; its pool of workers needs two.")
    return threads


def _ray_backend(ray: Any) -> Any:
    ray_backend: Any = importlib.import_module("ray.util.joblib.ray_backend").RayBackend

    class RayBackend(_reporting(ray_backend, ray.exceptions.RayActorError)):  # type: ignore[misc]
        """Also hands out results as they complete."""

        supports_return_generator = True

        def submit(self, func: Any, callback: Any = None) -> Any:
            return super().submit(func, lambda out: self.tell(func, callback, out))

    return RayBackend()


def _reporting(backend: Any, death: type[BaseException]) -> Any:
    """Return one of joblib's backends that can say what became of a task that did not come back."""

    class Reporting(backend):  # type: ignore[misc]
        def tell(self, func: Any, callback: Callable[[object], None], out: object) -> None:
            place = func.items[0][1][1]
            callback([WorkerLost(place)] if isinstance(out, death) else out)

        def retrieve_result_callback(self, out: object) -> object:
            if isinstance(out, ClusterLost):
                raise out
            if isinstance(out, BaseException):
                raise ClusterLost(
                    f"The cluster could not run a task ({type(out).__name__}: {out}). What is finished stands."
                ) from out
            return super().retrieve_result_callback(out)

    return Reporting
