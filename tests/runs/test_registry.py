"""All runs of an output folder: rows recomputed from the run's files, a registry that is lost, shared, or elsewhere."""

from __future__ import annotations

import csv
import json
import os
import shutil
import threading
from typing import TYPE_CHECKING, Any

import pytest

from pipeline import all_runs, backtest
from pipeline.errors import InUse, UnknownRun
from pipeline.metrics.assumptions import CHECKED
from pipeline.pages.index_page import index_page
from pipeline.runs import registry
from pipeline.store.lock import sole_writer
from pipeline.store.path import ObjectStorePath

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pipeline.runs.registry_row import RunRow

    AddRun = Callable[..., Path]


@pytest.fixture(scope="module")
def made(inputs: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    store, config = inputs
    folder = tmp_path_factory.mktemp("run") / "v1"
    backtest(config=config, parquet_dir=store, output_dir=folder, report=False)
    return folder


@pytest.fixture
def add_run(made: Path, tmp_path: Path) -> AddRun:
    """Return what puts a run of a name and a minute below `tmp_path/output`, its `run.json` changed as asked."""

    def add(name: str, minute: int = 0, refill: float = 60.0, **changes: Any) -> Path:
        folder = tmp_path / "output" / name
        shutil.copytree(made, folder, ignore=shutil.ignore_patterns("run.json"), dirs_exist_ok=True)
        manifest = json.loads((made / "run.json").read_bytes())
        manifest["how"]["finished"] = f"2026-03-02T10:{minute:02d}:00.000+04:00"
        for parameters in manifest["parameters"].values():
            parameters["refill_interval_sec"] = refill
        (folder / "run.json").write_text(json.dumps(manifest | changes), encoding="utf-8")
        return folder

    return add


def names(rows: list[RunRow]) -> list[str]:
    return [f"{row.name}{'*' if row.replaced else ''}" for row in rows]


def test_a_row_has_what_the_files_of_its_run_have(add_run: AddRun, tmp_path: Path) -> None:
    folder = add_run("one", note="with wider sessions")
    [row] = all_runs(output_dir=tmp_path / "output")
    portfolio = json.loads((folder / "metrics.json").read_bytes())["portfolio"]
    checked = json.loads((folder / "run.json").read_bytes())["assumption_check"]
    with (folder / "daily.csv").open(encoding="utf-8", newline="") as file:
        equity = [round(float(line["equity"]), 2) for line in csv.DictReader(file) if line["security"] == "total"]
    assert (row.name, row.strategy, row.note, row.execution_name) == (
        "one",
        "v1_baseline",
        "with wider sessions",
        "classic",
    )
    assert {name: getattr(row, name) for name in ("fills", "net_pnl", "max_drawdown")} == {
        name: portfolio[name] for name in ("fills", "net_pnl", "max_drawdown")
    }
    assert (row.sharpe, row.sharpe_low, row.sharpe_high) == (None, None, None)  # of two days
    assert {name: getattr(row, name) for name in ("classic", "strict", "band_low", "band_high")} == {
        name: checked[name] for name in ("classic", "strict", "band_low", "band_high")
    }
    assert list(row.equity) == equity
    assert len(equity) == 2
    assert (row.when, row.failed, sorted(row.parameters)) == ("2026-03-02 10:00", 0, ["EMAAR", "FAB", "MODON"])


def test_a_sharpe_ratio_of_many_days_has_its_interval(add_run: AddRun, tmp_path: Path) -> None:
    path = add_run("one") / "metrics.json"
    metrics = json.loads(path.read_bytes())
    metrics["portfolio"] |= {"market_days": 30, "sharpe": 1.5, "intervals": {"sharpe": [-0.5, 3.25]}}
    path.write_text(json.dumps(metrics))
    [row] = all_runs(output_dir=tmp_path / "output")
    assert (row.sharpe, row.sharpe_low, row.sharpe_high) == (1.5, -0.5, 3.25)
    assert b'data-value="1.5">1.50<small class="about">-0.50 to 3.25</small>' in index_page([row])


def test_each_run_says_what_is_other_than_in_the_one_of_its_strategy_before(add_run: AddRun, tmp_path: Path) -> None:
    add_run("c", 3, refill=90.0)
    add_run("a", 1, refill=60.0)
    add_run("other", 2, strategy="mine")
    add_run("b", 4, refill=90.0)
    rows = {row.name: row for row in all_runs(output_dir=tmp_path / "output")}
    assert list(rows) == ["b", "c", "other", "a"]
    assert {name: row.differs for name, row in rows.items()} == {
        "b": (),
        "c": ("refill_interval_sec 60 to 90",),
        "other": (),
        "a": (),
    }
    assert {name: row.before[-1:] for name, row in rows.items()} == {"b": "c", "c": "a", "other": "", "a": ""}
    assert [row.differs for row in all_runs(remove="c", output_dir=tmp_path / "output")] == [
        ("refill_interval_sec 60 to 90",),
        (),
        (),
    ]


def test_a_run_that_a_later_one_replaced_keeps_its_row_until_the_folder_goes(add_run: AddRun, tmp_path: Path) -> None:
    add_run("v1", 1)
    add_run("v2", 2)
    all_runs(output_dir=tmp_path / "output")
    add_run("v1", 3, refill=30.0)
    rows = all_runs(output_dir=tmp_path / "output")
    assert names(rows) == ["v1", "v2", "v1*"]
    assert rows[0].differs == ("refill_interval_sec 60 to 30",)
    assert names(all_runs(output_dir=tmp_path / "output")) == ["v1", "v2", "v1*"]
    assert names(all_runs(remove=["v1"], output_dir=tmp_path / "output")) == ["v2"]
    assert not (tmp_path / "output" / "v1").exists()


@pytest.mark.parametrize(
    ("before", "after", "rows"),
    [
        ({}, {}, ["v1"]),
        ({"note": "same"}, {"note": "same"}, ["v1"]),
        ({"note": "first"}, {"note": "second"}, ["v1", "v1*"]),
        ({}, {"refill": 61.0}, ["v1", "v1*"]),
        ({}, {"config": "other.json"}, ["v1", "v1*"]),
        ({}, {"status": "running"}, ["v1", "v1*"]),
    ],
)
def test_a_run_that_only_repeats_the_one_before_it_leaves_no_second_row(
    add_run: AddRun, tmp_path: Path, before: dict[str, Any], after: dict[str, Any], rows: list[str]
) -> None:
    add_run("v1", 1, **before)
    all_runs(output_dir=tmp_path / "output")
    add_run("v1", 2, **after)
    assert names(all_runs(output_dir=tmp_path / "output")) == rows


@pytest.mark.parametrize(
    "damage",
    [
        lambda _: None,
        lambda _: b"",
        lambda content: content[:-9],
        lambda content: content.replace(b'"format_version":1', b'"format_version":2'),
        lambda content: content.replace(b'"sharpe"', b'"sharp"'),
        lambda content: content.replace(b"2026-03-02T10", b"2026-13-02T10"),
        lambda content: content.replace(b'"name":"a"', b'"name":[]'),
        lambda content: content.replace(b'"sharpe":null', b'"sharpe":"high"'),
        lambda _: b'{"format_version":1,"page":true,"runs":[1]}',
    ],
)
def test_a_registry_that_is_lost_or_damaged_is_made_anew(
    add_run: AddRun, tmp_path: Path, damage: Callable[[bytes], bytes | None]
) -> None:
    add_run("a", 1)
    add_run("below/b", 2)
    rows = all_runs(output_dir=tmp_path / "output")
    path, index = tmp_path / "output" / "runs.json", tmp_path / "output" / "index.html"
    content, page = path.read_bytes(), index.read_bytes()
    damaged = damage(content)
    path.unlink()
    if damaged is not None:
        path.write_bytes(damaged)
    assert all_runs(output_dir=tmp_path / "output") == rows
    assert (path.read_bytes(), index.read_bytes()) == (content, page)
    index.unlink()
    all_runs(output_dir=tmp_path / "output")
    assert index.read_bytes() == page


def test_only_run_folders_that_have_changed_are_read(
    add_run: AddRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_run("a", 1)
    add_run("b", 2)
    all_runs(output_dir=tmp_path / "output")
    add_run("b", 3, refill=30.0)
    read = []
    monkeypatch.setattr(
        registry, "read_row", lambda folder, *rest: read.append(folder.name) or _read_row(folder, *rest)
    )
    before = (tmp_path / "output" / "runs.json").stat().st_mtime_ns
    assert names(all_runs(output_dir=tmp_path / "output")) == ["b", "b*", "a"]
    assert read == ["b"]
    written = (tmp_path / "output" / "runs.json").stat().st_mtime_ns
    assert written > before
    all_runs(output_dir=tmp_path / "output")
    assert (tmp_path / "output" / "runs.json").stat().st_mtime_ns == written


_read_row = registry.read_row


def test_runs_that_end_at_once_all_have_their_row(add_run: AddRun, tmp_path: Path) -> None:
    failures: list[BaseException] = []

    def end(number: int) -> None:
        try:
            add_run(f"run_{number}", number)
            registry.refresh(tmp_path / "output", index_page)
        except BaseException as error:  # noqa: BLE001 - whatever it is fails the test
            failures.append(error)

    threads = [threading.Thread(target=end, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    content = json.loads((tmp_path / "output" / "runs.json").read_bytes())
    assert sorted(row["name"] for row in content["runs"]) == [f"run_{number}" for number in range(8)]
    assert (tmp_path / "output" / "index.html").read_bytes().count(b"<tr data-row=") == 8
    assert [path.name for path in (tmp_path / "output").glob("*.part")] == []


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"status": "running"}, "running"),
        ({"status": "failed", "error": "no"}, "failed"),
        ({"parameters": None}, "damaged"),
        ({"how": {"finished": "yesterday"}}, "damaged"),
        ({"parameters": {"FAB": {"max_notional": float("nan")}}}, "damaged"),
        ({"assumption_check": dict.fromkeys((*CHECKED, "worst_switch", "worst"), "much")}, "damaged"),
    ],
)
def test_a_run_without_figures_is_listed_as_what_it_is(
    add_run: AddRun, tmp_path: Path, change: dict[str, Any], status: str
) -> None:
    add_run("a", 1, **change)
    [row] = all_runs(output_dir=tmp_path / "output")
    assert (row.status, row.net_pnl, row.fills, row.is_complete) == (status, None, None, False)


def test_a_run_of_a_version_that_kept_no_time_is_dated_by_its_file(add_run: AddRun, tmp_path: Path) -> None:
    folder = add_run("old", how={"engine": "compiled"})
    os.utime(folder / "run.json", (1_700_000_000, 1_700_000_000))
    [row] = all_runs(output_dir=tmp_path / "output")
    assert row.instant[0].timestamp() == 1_700_000_000


def test_removing_a_run_leaves_what_it_did_not_write(add_run: AddRun, tmp_path: Path) -> None:
    folder = add_run("a", 1)
    (folder / "my notes.txt").write_text("mine")
    (folder / "trades" / "mine.csv").write_text("mine")
    assert all_runs(remove="a", output_dir=tmp_path / "output") == []
    assert sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*")) == [
        "my notes.txt",
        "trades",
        "trades/mine.csv",
    ]


def test_a_run_that_is_not_there_or_at_work_is_not_removed(add_run: AddRun, tmp_path: Path) -> None:
    folder = add_run("v1_baseline", 1)
    with pytest.raises(UnknownRun, match=r"no run 'v1_baselin' in .*Did you mean 'v1_baseline'\?"):
        all_runs(remove=["v1_baseline", "v1_baselin"], output_dir=tmp_path / "output")
    with sole_writer(folder, "pipeline backtest", "--output-dir"), pytest.raises(InUse):
        all_runs(remove="v1_baseline", output_dir=tmp_path / "output")
    assert names(all_runs(output_dir=tmp_path / "output")) == ["v1_baseline"]
    with pytest.raises(UnknownRun, match="There is no folder"):
        all_runs(output_dir=tmp_path / "nowhere")


def test_a_backtest_rewrites_the_list_below_output_and_where_there_is_one(
    inputs: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, config = inputs
    monkeypatch.chdir(tmp_path)
    for output_dir in ("output/a", "elsewhere/a"):
        backtest(config=config, parquet_dir=store, output_dir=output_dir, report=False, sensitivity=False)
    assert sorted(path.name for path in (tmp_path / "output").iterdir()) == [".runs.lock", "a", "runs.json"]
    assert sorted(path.name for path in (tmp_path / "elsewhere").iterdir()) == ["a"]
    all_runs(output_dir="elsewhere")
    backtest(config=config, parquet_dir=store, output_dir="elsewhere/b", sensitivity=False, note="second")
    content = json.loads((tmp_path / "elsewhere" / "runs.json").read_bytes())
    assert [(row["name"], row["note"]) for row in content["runs"]] == [("b", "second"), ("a", "")]
    assert b"second" in (tmp_path / "elsewhere" / "index.html").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["elsewhere", "output"]


def test_a_run_in_a_bucket_is_in_no_list(tmp_path: Path) -> None:
    assert registry.registry_folder(ObjectStorePath("s3://desk/output/v1"), tmp_path) is None


def test_a_list_that_cannot_be_written_is_a_warning_and_the_run_stands(
    inputs: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, config = inputs
    monkeypatch.chdir(tmp_path)
    (tmp_path / "output" / "runs.json").mkdir(parents=True)
    with pytest.warns(
        UserWarning, match=r"The list of all runs was not brought up to date: .* `pipeline runs` does it"
    ):
        run = backtest(config=config, parquet_dir=store, output_dir="output/a", report=False, sensitivity=False)
    assert run.failed == {}
