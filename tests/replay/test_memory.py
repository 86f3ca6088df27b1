"""Free memory: the least of what the machine and every control group around this process leave."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from pipeline import backtest, sweep
from pipeline.replay.memory import NO_LIMIT, cgroup_free, free_memory, memory_advice, memory_shortage
from pipeline.replay.plan import Request, plan
from pipeline.store import tick_file
from tests.made import make_config, make_store

if TYPE_CHECKING:
    from pathlib import Path

V2 = "31 23 0:28 {top} /sys/fs/cgroup rw,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"
V1 = "35 31 0:32 {top} /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
OTHERS = "22 1 8:1 / / rw,relatime - ext4 /dev/root rw\n32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
V1_NAMES = "9:name=systemd:/session\n4:memory:{name}\n1:cpu:/elsewhere\n"


def machine(root: Path, names: str, mounts: str, groups: dict[str, tuple[str, int, str]]) -> Path:
    """Write a system's files: names and mounts of groups, and by folder limit, use and memory.stat."""
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text(names)
    (root / "proc/self/mountinfo").write_text(OTHERS + mounts)
    for folder, (limit, used, stat) in groups.items():
        is_v1 = folder.startswith("memory")
        files = ("memory.limit_in_bytes", "memory.usage_in_bytes") if is_v1 else ("memory.max", "memory.current")
        path = root / "sys/fs/cgroup" / folder
        path.mkdir(parents=True, exist_ok=True)
        (path / files[0]).write_text(f"{limit}\n")
        (path / files[1]).write_text(f"{used}\n")
        (path / "memory.stat").write_text(stat)
    return root


STAT = "anon 2500\ninactive_file 500\n"
HUGE = str(2**63 - 4096)
"""What v1 says where there is no limit."""


@pytest.mark.parametrize(
    ("names", "mounts", "groups", "expected"),
    [
        ("0::/\n", V2.format(top="/"), {".": ("4000", 3000, STAT)}, 1500),
        ("0::/desk/run\n", V2.format(top="/"), {"desk/run": ("4000", 3000, STAT)}, 1500),
        ("0::/desk/run\n", V2.format(top="/"), {"desk": ("4000", 3000, STAT), "desk/run": ("max", 10, STAT)}, 1500),
        ("0::/desk/run\n", V2.format(top="/"), {"desk": ("4000", 3000, STAT), "desk/run": ("900", 10, "a 1\n")}, 890),
        ("0::/desk/run\n", V2.format(top="/desk/run"), {".": ("2000", 3000, STAT)}, 0),
        ("0::/../other\n", V2.format(top="/desk"), {".": ("4000", 3000, STAT)}, 1500),
        ("0::/desk\n", V2.format(top="/"), {"other": ("4000", 3000, STAT)}, NO_LIMIT),
        (
            V1_NAMES.format(name="/docker/1a"),
            V1.format(top="/"),
            {
                "memory": (HUGE, 9000, STAT),
                "memory/docker/1a": ("4000", 3000, "inactive_file 1\ntotal_inactive_file 500\n"),
            },
            1500,
        ),
        (V1_NAMES.format(name="/docker/1a"), V1.format(top="/docker/1a"), {"memory": ("4000", 3000, STAT)}, 1500),
        (
            V1_NAMES.format(name="/a") + "0::/b\n",
            V1.format(top="/") + V2.format(top="/"),
            {"memory/a": ("4000", 3000, STAT), "b": ("3000", 2900, STAT)},
            600,
        ),
    ],
    ids=[
        *("v2 root", "v2 own", "v2 parent", "v2 the least", "v2 container", "v2 outside", "v2 no limit"),
        *("v1 own", "v1 container", "both"),
    ],
)
def test_the_least_that_a_control_group_leaves_counts(
    tmp_path: Path, names: str, mounts: str, groups: dict[str, tuple[str, int, str]], expected: int
) -> None:
    assert cgroup_free(machine(tmp_path, names, mounts, groups)) == expected


def test_without_control_groups_there_is_no_limit(tmp_path: Path) -> None:
    assert cgroup_free(tmp_path) == NO_LIMIT


def test_the_machine_limits_too(monkeypatch: pytest.MonkeyPatch) -> None:
    assert 2**20 < free_memory() < 2**50
    monkeypatch.setattr("psutil.virtual_memory", lambda: type("Memory", (), {"available": 7}))
    assert free_memory() == 7


def test_a_security_alone_is_not_advised_to_run_with_fewer() -> None:
    assert "--workers" in memory_advice(2)
    assert "--securities" in memory_advice(2)
    for checks in (False, True):
        assert "--workers" not in memory_advice(1, checks=checks)
        assert "--securities" not in memory_advice(1, checks=checks)
    assert "--no-sensitivity" in memory_advice(1, checks=True)


@pytest.fixture
def short_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Arrow run out of memory when it reads FAB."""
    ticks_of = tick_file.ticks_of

    def fail_for_fab(path: Path, *table: object) -> object:
        if path.name == "FAB.parquet":
            raise pa.ArrowMemoryError("malloc of size 65536 failed")
        return ticks_of(path, *table)

    monkeypatch.setattr(tick_file, "ticks_of", fail_for_fab)


@pytest.mark.usefixtures("short_of_memory")
@pytest.mark.parametrize(
    ("options", "advice", "never"),
    [
        ({"workers": 2, "backend": "threading"}, "use fewer --workers, or fewer securities", "alone"),
        ({"workers": 1}, "It was replayed alone: leave out the assumption check (--no-sensitivity)", "--workers"),
        ({"securities": "FAB", "sensitivity": False}, "alone: run it where more memory is free", "--securities"),
    ],
)
def test_a_row_says_that_memory_ran_out_and_what_helps(
    tmp_path: Path, options: dict[str, Any], advice: str, never: str
) -> None:
    store, config = make_store(tmp_path / "parquet"), make_config(tmp_path / "v1.json")
    run = backtest(config=config, parquet_dir=store, output_dir=tmp_path / "run", fresh=True, **options)
    assert set(run.failed) == {"FAB"}
    assert run.failed["FAB"].startswith("There is not enough memory to read ")
    assert advice in run.failed["FAB"]
    assert never not in run.failed["FAB"]
    assert json.loads((tmp_path / "run/run.json").read_bytes())["status"] == "complete"


@pytest.mark.usefixtures("short_of_memory")
@pytest.mark.parametrize(("workers", "advice"), [(1, "It was replayed alone"), (2, "use fewer --workers")])
def test_a_sweep_says_that_memory_ran_out_and_what_helps(tmp_path: Path, workers: int, advice: str) -> None:
    store, config = make_store(tmp_path / "parquet"), make_config(tmp_path / "v1.json")
    run = sweep(
        grid=["quote_size=1000,2000"],
        config=config,
        parquet_dir=store,
        output_dir=tmp_path / "sweep",
        workers=workers,
        backend="threading",
        fresh=True,
    )
    assert {key.split()[-1] for key in run.failed} == {"FAB"}
    for words in run.failed.values():
        assert words.startswith("There is not enough memory to read ")
        assert advice in words


@pytest.mark.parametrize(
    ("at_a_time", "free", "words"),
    [
        (1, 9 * 10**9, None),
        (1, 8 * 10**9, "BIG may need 9.0 GB of memory, and 8.0 GB are free: each"),
        (2, 14 * 10**9, None),
        (2, 13 * 10**9, "BIG, FAB may need 14.0 GB of memory, and 13.0 GB are free. Fewer --workers need less"),
    ],
)
def test_a_shortage_is_told_of_those_that_need_the_most_at_a_time(
    monkeypatch: pytest.MonkeyPatch, at_a_time: int, free: int, words: str | None
) -> None:
    monkeypatch.setattr("pipeline.replay.memory.free_memory", lambda: free)
    shortage = memory_shortage({"FAB": 5 * 10**9, "BIG": 9 * 10**9, "SMALL": 1}, at_a_time)
    assert shortage is None if words is None else str(shortage).startswith(words)


@pytest.mark.parametrize(("free", "backend"), [(2**40, "sequential"), (2**10, "loky")])
def test_a_security_that_may_not_fit_gets_a_process_that_can_be_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, backend: str
) -> None:
    monkeypatch.setattr("pipeline.replay.memory.ALWAYS_FREE", 0)
    monkeypatch.setattr("pipeline.replay.memory.free_memory", lambda: free)
    store, config = make_store(tmp_path / "parquet"), make_config(tmp_path / "v1.json")
    request = Request(parquet_dir=store, config=config, securities=["FAB"])
    planned = plan(request)
    assert (planned.backend, planned.shortage is None) == (backend, backend == "sequential")
    assert plan(replace(request, backend="sequential")).backend == "sequential"


def test_a_sweep_that_may_not_fit_runs_in_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.replay.memory.ALWAYS_FREE", 0)
    monkeypatch.setattr("pipeline.replay.memory.free_memory", lambda: 2**10)
    store, config = make_store(tmp_path / "parquet"), make_config(tmp_path / "v1.json")
    run = sweep(
        grid=["quote_size=1000,2000"],
        config=config,
        parquet_dir=store,
        output_dir=tmp_path / "sweep",
        securities="FAB",
        fresh=True,
    )
    assert run.results.plan.backend == "loky"
    assert "FAB may need" in str(run.results.plan.shortage)
    assert run.failed == {}
