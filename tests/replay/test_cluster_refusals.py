"""A cluster that cannot be meant, reached or used is refused in words, before a run is begun."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

import pytest

from pipeline import api
from pipeline.errors import BadRequest, MissingExtra, NoCluster, PipelineError
from pipeline.replay import cluster as clusters
from pipeline.replay.plan import Request, plan
from tests.dask_on_loopback import local_cluster
from tests.made import make_config, make_store

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_store(tmp_path_factory.mktemp("made") / "parquet", ("FAB", "EMAAR"))


REFUSED: Final[dict[str, tuple[dict[str, Any], type[PipelineError], str]]] = {
    "dask without address": ({"backend": "dask"}, BadRequest, "backend dask needs address tcp://HOST:PORT"),
    "address without backend": ({"address": "tcp://h:1"}, BadRequest, "it goes with backend dask or ray"),
    "address for threads": ({"backend": "threading", "address": "tcp://h:1"}, BadRequest, "it goes with"),
    "no port": ({"backend": "dask", "address": "tcp://localhost"}, BadRequest, "it takes HOST:PORT"),
    "a web address": ({"backend": "dask", "address": "http://h:8787/status"}, BadRequest, "it takes HOST:PORT"),
    "nobody there": ({"backend": "dask", "address": "tcp://127.0.0.1:9"}, NoCluster, "nothing answers there"),
    "no such host": ({"backend": "dask", "address": "tcp://nowhere.invalid:9"}, NoCluster, "nothing answers there"),
    "no such port": ({"backend": "dask", "address": "tcp://127.0.0.1:99999"}, NoCluster, "nothing answers there"),
    "a misspelt backend": ({"backend": "dusk"}, BadRequest, "Did you mean 'dask'?"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_cluster_that_cannot_be_meant_or_reached_is_refused_within_seconds(
    case: str, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert clusters.CONNECT_SECONDS <= 5
    monkeypatch.setattr(clusters, "CONNECT_SECONDS", 1)
    options, error, words = REFUSED[case]
    config = make_config(tmp_path / "v1.json")
    started = time.perf_counter()
    with pytest.raises(error) as refused:
        api.backtest(config=config, parquet_dir=store, output_dir=tmp_path / "out", **options)
    assert time.perf_counter() - started < 4
    assert words in str(refused.value)
    assert refused.value.exit_status == 2
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("backend", ["dask", "ray"])
def test_a_missing_extra_is_named_with_the_command_that_installs_it(
    backend: str, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(clusters.LIBRARY, backend, "no_such_library")
    with pytest.raises(
        MissingExtra, match=rf"backend {backend} needs no_such_library: .*python\S* -m pip install no_such_library\."
    ) as refused:
        api.backtest(
            config=make_config(tmp_path / "v1.json"), parquet_dir=store, backend=backend, address="tcp://127.0.0.1:9"
        )
    assert refused.value.exit_status == 2


def test_a_scheduler_without_workers_is_refused(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "CONNECT_SECONDS", 1)
    with local_cluster(n_workers=0) as cluster, pytest.raises(NoCluster, match="has no worker"):
        plan(
            Request(
                config=make_config(tmp_path / "v1.json"),
                parquet_dir=store,
                backend="dask",
                address=cluster.scheduler_address,
            )
        )


@pytest.mark.parametrize(
    ("digest", "words"),
    [
        (ModuleNotFoundError("No module named 'pipeline'"), "worker w1 cannot load this project"),
        ("another digest", "worker w1 has another version of this project"),
    ],
)
def test_a_worker_with_other_code_is_refused_by_name(digest: object, words: str) -> None:
    clusters.check_code("tcp://h:1", {"w0": clusters.code_digest()})
    with pytest.raises(NoCluster, match=words):
        clusters.check_code("tcp://h:1", {"w0": clusters.code_digest(), "w1": digest})
