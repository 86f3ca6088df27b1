from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipeline import __version__
from tests.console.screens import without_stretches
from tests.forked import pipeline
from tests.made import make_config, make_store

if TYPE_CHECKING:
    import subprocess

ROOT = Path(__file__).resolve().parents[2]
GROUPS = {
    "Data": ("demo", "init", "sample", "convert", "inspect"),
    "Replay": ("backtest", "sensitivity", "sweep"),
    "Results": ("report", "show", "explain", "compare"),
    "Checks": ("validate", "benchmark", "clean-cache"),
}
COMMANDS = tuple(verb for verbs in GROUPS.values() for verb in verbs)


def backtest(inputs: tuple[Path, Path], output: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return pipeline("backtest", "--parquet-dir", inputs[0], "--config", inputs[1], "--output-dir", output, *words)


def test_help_names_every_command_in_its_group_within_80_columns() -> None:
    done = pipeline("--help")
    assert done.returncode == 0
    for group, verbs in GROUPS.items():
        section = done.stdout.split(f"\n{group}:\n")[1].split("\n\n")[0]
        for verb in verbs:
            assert re.search(rf"^  {verb} +[A-Z]", section, flags=re.MULTILINE)
        assert not re.search(r"^\s*$", section, flags=re.MULTILINE)  # a verb's first sentence stands alone
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_without_a_verb_help_is_shown_and_nothing_ran() -> None:
    done = pipeline()
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == pipeline("--help").stdout


def test_the_version_is_that_of_the_package() -> None:
    assert pipeline("--version").stdout == f"pipeline {__version__}\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_an_example(command: str) -> None:
    assert f"Example: pipeline {command}" in pipeline(command, "--help").stdout


def test_the_closing_table_has_what_a_trader_looks_for(inputs: tuple[Path, Path], tmp_path: Path) -> None:
    done = backtest(inputs, tmp_path / "run")
    assert done.returncode == 0, done.stderr
    for words in ("security", "fills", "gross P&L (AED)", "final position", "days not flat", "MODON", "total"):
        assert words in done.stdout
    assert f"Results: {tmp_path / 'run'}" in done.stdout
    assert "fees" not in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= max(
        80, len(f"Results: {tmp_path / 'run'}  (10.00 s; 99 warnings)")
    )


def test_progress_is_plain_lines_on_stderr_when_not_a_terminal(inputs: tuple[Path, Path], tmp_path: Path) -> None:
    done = backtest(inputs, tmp_path / "run")
    assert "[3/3]" in done.stderr
    assert "\x1b" not in done.stderr + done.stdout


def test_set_changes_a_parameter_for_all_securities(inputs: tuple[Path, Path], tmp_path: Path) -> None:
    backtest(inputs, tmp_path / "a")
    backtest(inputs, tmp_path / "b", "--set", "refill_interval_sec=5", "--set", "quote_size=100")
    a, b = (tmp_path / name / "backtest_summary.csv" for name in "ab")
    assert a.read_text() != b.read_text()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--workers", "0"), "--workers is 0"),
        (("--strategy", "v1_basline"), "Did you mean 'v1_baseline'?"),
        (("--set", "refill=3"), "unknown parameter 'refill'"),
        (("--set", "nonsense"), "write KEY=VALUE"),
        (("--set", "quote_size=1", "--set", " quote_size=2"), "--set quote_size is given twice; keep one."),
        (("--securities", "FABB"), "Did you mean 'FAB'?"),
        (("--parquet-dir", "no/such/dir"), "pipeline convert"),
        (("--parquet-dir", "s4://bucket/ticks"), "'s4://' is no scheme"),
        (("--output-dir", "s3:/bucket/run"), "one slash after its scheme"),
        (("--config", "no/such.json"), "no such config file"),
        (("--execution", "strickt"), "Did you mean 'strict'?"),
        (
            ("--set", "execution.fil_price=order"),
            "--set execution.fil_price=order: unknown switch 'fil_price'. Did you mean 'fill_price'?",
        ),
        (("--set", "execution.fill_price=ordr"), "it takes print or order. Did you mean 'order'?"),
        (("--engine", "compild"), "Did you mean 'compiled'?"),
    ],
)
def test_a_wrong_request_is_one_plain_error_and_status_2(
    inputs: tuple[Path, Path], tmp_path: Path, words: tuple[str, ...], message: str
) -> None:
    done = backtest(inputs, tmp_path / "run", *words)
    assert done.returncode == 2
    assert without_stretches(done.stderr).startswith("Error: ")
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "run").exists()


def test_debug_shows_the_traceback(inputs: tuple[Path, Path], tmp_path: Path) -> None:
    assert "Traceback" in backtest(inputs, tmp_path / "run", "--workers", "0", "--debug").stderr


def test_an_output_directory_in_the_way_is_status_2(inputs: tuple[Path, Path], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = backtest(inputs, tmp_path / "file" / "run")
    assert done.returncode == 2
    assert "cannot be written" in done.stderr


def test_a_failed_security_is_status_1_and_named(tmp_path: Path) -> None:
    store, config = make_store(tmp_path / "parquet"), make_config(tmp_path / "v1.json")
    broken = store / "FAB.parquet"
    content = bytearray(broken.read_bytes())
    content[len(content) // 2] ^= 0x10
    broken.write_bytes(content)
    done = backtest((store, config), tmp_path / "run")
    assert done.returncode == 1
    assert "Error: FAB:" in done.stderr
    assert "MODON" in done.stdout


@pytest.fixture(scope="module")
def two(inputs: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make two runs and return the folder they are in."""
    output = tmp_path_factory.mktemp("two")
    backtest(inputs, output / "one", "--no-sensitivity")
    backtest(inputs, output / "other", "--no-sensitivity", "--set", "refill_interval_sec=5")
    return output


def test_compare_puts_two_runs_side_by_side_within_80_columns(two: Path) -> None:
    done = pipeline("compare", "one", "other", "--output-dir", two)
    assert done.returncode == 0, done.stderr
    heading, rest = done.stdout.split("\n\n", 1)
    tables, closing = rest.rstrip("\n").rsplit("\n", 1)
    assert closing.startswith(f"{two / 'one'} and {two / 'other'} differ in 3 of 3 securities. ")
    assert [line.split()[0] for line in heading.splitlines()] == ["A:", "B:"]
    assert max(map(len, tables.splitlines())) <= 80
    for words in (
        "refill_interval_sec",
        "P&L, AED",
        "Max drawdown, AED",
        "Fills",
        "fill that differs",
        "MODON",
        "total",
    ):
        assert words in tables


def test_compare_says_in_one_line_that_a_run_is_the_same_as_itself(two: Path) -> None:
    done = pipeline("compare", two / "one", "one", "--output-dir", two)
    assert done.returncode == 0
    assert all(line.startswith("Warning: ") for line in done.stderr.splitlines())
    assert len(done.stdout.splitlines()) == 1
    assert "are the same" in done.stdout


def test_compare_prints_the_same_json_each_time(two: Path) -> None:
    first, second = (pipeline("compare", two / "one", two / "other", "--json").stdout for _ in range(2))
    assert first == second
    assert first == json.dumps(json.loads(first), sort_keys=True) + "\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("one", "othr"), "Did you mean 'other'?"),
        (("one", "."), "is not a run folder"),
        (("one",), "compare needs B: the run to compare it with."),
    ],
)
def test_compare_refuses_what_is_no_run_with_status_2(two: Path, words: tuple[str, ...], message: str) -> None:
    done = pipeline("compare", *words, "--output-dir", two)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_compare_ends_with_status_1_when_fills_cannot_be_read(
    inputs: tuple[Path, Path], two: Path, tmp_path: Path
) -> None:
    backtest(inputs, tmp_path / "run", "--no-sensitivity")
    (tmp_path / "run" / "trades" / "FAB.parquet").unlink()
    done = pipeline("compare", two / "one", tmp_path / "run")
    assert done.returncode == 1
    assert "not compared" in done.stdout
    assert "same fills" in done.stdout


def test_no_workbook_says_where_to_put_one(tmp_path: Path) -> None:
    done = pipeline("convert", cwd=tmp_path)
    assert done.returncode == 2
    assert "data/raw" in done.stderr.replace("\\", "/")
    assert "pipeline demo" in done.stderr


def test_demo_goes_from_nothing_to_results(tmp_path: Path) -> None:
    done = pipeline("demo", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "synthetic" in done.stdout.lower()
    assert (tmp_path / "output" / "demo" / "backtest_summary.csv").exists()
    assert (tmp_path / "output" / "demo" / "run.json").exists()


def test_a_second_backtest_says_what_it_kept_and_fresh_replays_it(
    inputs: tuple[Path, Path], tmp_path: Path, kept_results: Path
) -> None:
    first = backtest(inputs, tmp_path / "run")
    assert "kept" not in first.stdout + first.stderr
    again = backtest(inputs, tmp_path / "run")
    assert "3 of 3 cached by earlier runs" in again.stdout
    assert again.stderr.count("cached by an earlier run") == 3
    assert "kept" not in backtest(inputs, tmp_path / "run", "--fresh").stdout
    assert kept_results.is_dir()


def test_a_warning_is_a_sentence(inputs: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "taken").write_text("a file stands where the cache would be")
    monkeypatch.setenv("PIPELINE_CACHE_DIR", str(tmp_path / "taken"))
    monkeypatch.setenv("PIPELINE_RESULTS_MB", "64")
    done = backtest(inputs, tmp_path / "run", "--no-sensitivity", "--json")
    assert "Warning: Results cannot be cached in " in done.stderr
    assert "UserWarning" not in done.stderr
    assert ".py" not in done.stderr
    warnings = json.loads(done.stdout)["warnings"]
    assert [text for text in warnings if text.startswith("Results cannot be cached in ")]


def test_clean_cache_says_what_it_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIPELINE_CACHE_DIR", str(tmp_path))
    for part, size in (("loops", 10), ("results", 3_000_000)):
        (tmp_path / part).mkdir()
        (tmp_path / part / "results-3.sqlite").write_bytes(bytes(size))
    done = pipeline("clean-cache")
    assert done.returncode == 0
    assert f"Removed {tmp_path / 'loops'} and 2.9 MB of results in {tmp_path / 'results'}" in done.stdout
    assert not (tmp_path / "loops").exists()
    assert list((tmp_path / "results").iterdir()) == []
