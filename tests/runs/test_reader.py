"""Run folders are read back exactly, and what is no complete run is refused in words."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline import api
from pipeline.errors import DamagedRun, NewerRun, RunFolderError, UnfinishedRun, UnknownRun
from pipeline.runs.reader import FILL_COLUMNS, find_run, read_run
from pipeline.store.parquet import write_table
from tests.made import make_config, make_store, make_strategy

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make one run, which tests copy before they damage it."""
    folder = tmp_path_factory.mktemp("made")
    store, config = make_store(folder / "parquet"), make_config(folder / "v1.json")
    api.backtest(config=config, parquet_dir=store, output_dir=folder / "run", sensitivity=False)
    return folder / "run"


@pytest.fixture
def run(inputs: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(inputs, tmp_path / "output" / "run"))


def change(file: Path, **changes: object) -> None:
    file.write_text(json.dumps(json.loads(file.read_text()) | changes), encoding="utf-8")


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[300] ^= 0x10  # among the times
    file.write_bytes(content)


def rewrite(file: Path, alter: Callable[[Any], Any]) -> None:
    write_table(file, alter(pq.read_table(file)))


def test_fills_come_back_to_the_last_bit(run: Path) -> None:
    exact = pq.read_table(run / "trades" / "FAB.parquet")
    fills = read_run(run).read_fills("FAB")
    assert fills.timestamp.tolist() == [int(moment.value) for moment in exact["timestamp"]]
    assert [{1: "buy", -1: "sell"}[side] for side in fills.side.tolist()] == exact["side"].to_pylist()
    assert fills.price.tobytes() == exact["fill_price"].to_numpy().tobytes()
    assert fills.quantity.tolist() == exact["fill_qty"].to_pylist()
    assert len(fills) > 50


def test_fills_are_read_when_they_are_asked_for(run: Path) -> None:
    shutil.rmtree(run / "trades")
    assert read_run(run).figures["FAB"].fills > 50


def test_a_security_without_fills_is_read_as_such(run: Path, tmp_path: Path) -> None:
    strategy = make_strategy(tmp_path / "idle.py", "def on_tick(self, m):\n    pass\n")
    store = make_store(tmp_path / "parquet", ("FAB",))
    api.backtest(
        str(strategy), config=strategy.with_suffix(".json"), parquet_dir=store, output_dir=run, engine="python"
    )
    assert len(read_run(run).read_fills("FAB")) == 0


@pytest.mark.parametrize("wanted", ["run", "output/run", "deep/er"])
def test_a_run_is_found_by_folder_and_by_name(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wanted: str
) -> None:
    shutil.copytree(run, tmp_path / "output" / "deep" / "er")
    monkeypatch.chdir(tmp_path)
    assert (find_run(wanted, Path("output")) / "run.json").is_file()


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ("rnu", "There is no run 'rnu', neither as a folder nor in output. Did you mean 'run'?"),
        ("output/rum", "Did you mean 'output/run'?"),
        ("xyz", "There is no run 'xyz', neither as a folder nor in output. Runs in output: run."),
        ("output", "output is not a run folder: it has no run.json. Runs in output: run."),
        ("sweeps/many", "output/sweeps/many is a sweep and not a run: it has sweep.json. Name a run here; `pipeline"),
        ("output/sweeps/many", "output/sweeps/many is a sweep and not a run"),
        ("notes", "notes is not a run folder: it has no run.json. There are no runs in notes."),
        ("output/run/run.json", "is a file; name the run folder that it stands in."),
    ],
)
@pytest.mark.usefixtures("run")
def test_what_is_no_run_is_told_with_the_nearest_or_what_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wanted: str, words: str
) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "output" / "sweeps" / "many").mkdir(parents=True)
    (tmp_path / "output" / "sweeps" / "many" / "sweep.json").write_text("{}")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UnknownRun) as error:
        find_run(wanted, Path("output"))
    assert words in str(error.value).replace("\\", "/")


def test_no_output_directory_at_all_is_told_too(tmp_path: Path) -> None:
    with pytest.raises(UnknownRun, match="There are no runs in"):
        find_run("run", tmp_path / "output")


@pytest.mark.parametrize(
    ("damage", "kind", "words"),
    [
        (lambda run: (run / "run.json").unlink(), UnknownRun, "is not a run folder"),
        (lambda run: (run / "run.json").rename(run / "sweep.json"), UnknownRun, "is a sweep and not a run"),
        (lambda run: (run / "run.json").write_text("{"), DamagedRun, "run.json is damaged"),
        (lambda run: (run / "run.json").write_text("[]"), DamagedRun, "run.json is damaged"),
        (lambda run: (run / "run.json").write_bytes(b"\xff\xfe"), DamagedRun, "run.json is damaged"),
        (lambda run: change(run / "run.json", strategy=None, parameters=3), DamagedRun, "run.json is damaged"),
        (lambda run: change(run / "run.json", parameters={"../FAB": {}}), DamagedRun, "run.json is damaged"),
        (lambda run: change(run / "run.json", parameters={}), DamagedRun, "are not of one run"),
        (lambda run: change(run / "run.json", status="running"), UnfinishedRun, "was interrupted"),
        (lambda run: change(run / "run.json", format_version=99), NewerRun, "update the project"),
        (lambda run: change(run / "run.json", format_version="2"), DamagedRun, "run.json is damaged"),
        (lambda run: (run / "metrics.json").unlink(), DamagedRun, "metrics.json is not there"),
        (lambda run: change(run / "metrics.json", portfolio={}), DamagedRun, "metrics.json is damaged"),
        (lambda run: change(run / "metrics.json", securities={}), DamagedRun, "are not of one run"),
        (lambda run: (run / "backtest_summary.csv").unlink(), DamagedRun, "backtest_summary.csv is not there"),
        (
            lambda run: (run / "backtest_summary.csv").write_text("a\n1\n"),
            DamagedRun,
            "backtest_summary.csv is damaged",
        ),
    ],
)
def test_a_folder_that_is_no_complete_run_is_refused(
    run: Path, damage: Callable[[Path], Any], kind: type[RunFolderError], words: str
) -> None:
    damage(run)
    with pytest.raises(kind) as error:
        read_run(run)
    assert words in str(error.value)
    assert str(run) in str(error.value)
    assert str(error.value).count(". ") <= 1
    assert error.value.exit_status == 2


NEWER = {b"tick-pipeline.format_version": b"99"}


@pytest.mark.parametrize(
    ("damage", "kind", "words"),
    [
        (lambda file: file.unlink(), DamagedRun, "is not there"),
        (lambda file: file.write_bytes(b""), DamagedRun, "is damaged"),
        (lambda file: file.write_bytes(file.read_bytes()[:500]), DamagedRun, "is damaged"),
        (flip, DamagedRun, "is damaged"),
        (lambda file: rewrite(file, lambda table: table.slice(3)), DamagedRun, "fills and metrics.json says"),
        (lambda file: rewrite(file, lambda table: table.drop_columns(["side"])), DamagedRun, "columns of fills"),
        (
            lambda file: rewrite(
                file, lambda table: table.set_column(1, "side", pa.array(["left"] * len(table), pa.string()))
            ),
            DamagedRun,
            "has a side that is none of buy, sell",
        ),
        (
            lambda file: rewrite(file, lambda table: table.set_column(3, "fill_qty", pa.nulls(len(table), pa.int64()))),
            DamagedRun,
            "has empty cells",
        ),
        (
            lambda file: pq.write_table(pq.read_table(file).replace_schema_metadata(NEWER), file),
            NewerRun,
            "later version of the project",
        ),
    ],
)
def test_fills_that_are_not_those_of_the_run_are_refused(
    run: Path, damage: Callable[[Path], Any], kind: type[RunFolderError], words: str
) -> None:
    file = run / "trades" / "FAB.parquet"
    damage(file)
    recorded = read_run(run)
    with pytest.raises(kind) as error:
        recorded.read_fills("FAB")
    assert words in str(error.value)
    assert str(file) in str(error.value)
    assert "pipeline convert" not in str(error.value)


def test_the_columns_read_are_those_a_run_writes(run: Path) -> None:
    schema = pq.read_schema(run / "trades" / "FAB.parquet")
    assert {name: str(schema.field(name).type) for name in FILL_COLUMNS} == FILL_COLUMNS
