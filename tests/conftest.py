"""What all tests share: one folder of compiled loops a test run, never the user's own, and hypothesis profiles."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.internal.conjecture import engine

from tests.made import make_config, make_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PHASES = [Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink]  # explaining a failed replay takes minutes

BUSY = [HealthCheck.too_slow]  # a machine that does other work beside the tests makes slow input

settings.register_profile(
    "default",
    max_examples=120,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=BUSY,
    phases=PHASES,
)
settings.register_profile(
    "thorough",
    max_examples=20_000,
    deadline=None,
    suppress_health_check=BUSY,
    print_blob=True,
    phases=PHASES,
)
engine.MAX_SHRINKING_SECONDS = 20  # of 300: a failed replay is read, and repeated, before it is as small as it gets
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


@pytest.fixture(scope="session", autouse=True)
def loops(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[Path]:
    """Keep what is cached in a folder of this test run, which all of xdist's workers share.

    Its compiled loops are pytest's to keep from run to run: they are found by the digest of all that makes them.
    """
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "cache"
    folder.mkdir(exist_ok=True)
    if pytestconfig.cache:
        with suppress(OSError):  # another worker was first, or Windows forbids links: then they last as long as the run
            (folder / "loops").symlink_to(pytestconfig.cache.mkdir("loops"), target_is_directory=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PIPELINE_CACHE_DIR", str(folder))
        patch.setenv("PIPELINE_RESULTS_MB", "0")  # what a test says is computed is; tests of keeping set their own
        yield folder


@pytest.fixture
def kept_results(loops: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep results in a folder of this test's own, beside the compiled loops of the whole run; return their folder."""
    cache = tmp_path / "cache"
    cache.mkdir()
    (loops / "loops").mkdir(parents=True, exist_ok=True)
    (cache / "loops").symlink_to(loops / "loops", target_is_directory=True)
    monkeypatch.setenv("PIPELINE_CACHE_DIR", str(cache))
    monkeypatch.setenv("PIPELINE_RESULTS_MB", "64")
    return cache / "results"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a Parquet directory of three securities with random ticks."""
    return make_store(tmp_path_factory.mktemp("made") / "parquet")


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return a Parquet directory of three securities with random ticks, and a config for them."""
    folder = tmp_path_factory.mktemp("made")
    return make_store(folder / "parquet"), make_config(folder / "v1.json")
