"""`pipeline sweep` on the command line: what it says, where, in how many columns, and how it ends."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from pipeline.store.parquet import read_table
from tests.console.screens import without_stretches
from tests.forked import pipeline
from tests.made import DIVIDES, make_config, make_store, make_strategy

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path


def sweep(inputs: tuple[Path, Path], output: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    return pipeline("sweep", *words, "--parquet-dir", inputs[0], "--config", inputs[1], "--output-dir", output)


def widest(text: str) -> int:
    return max(len(line) for line in text.splitlines() if not line.startswith(("Results: ", "Page: ")))


def test_a_sweep_says_what_runs_what_was_best_and_what_was_kept(
    inputs: tuple[Path, Path], tmp_path: Path, kept_results: Path
) -> None:
    words = ("--grid", "refill_interval_sec=30:90:30", "--grid", "execution=classic,strict")
    done = sweep(inputs, tmp_path / "out", *words)
    assert done.returncode == 0, done.stderr
    assert "Sweep of v1_baseline: 6 settings x 3 securities, 1 worker (sequential)" in done.stderr
    assert "18 results (6 settings x 3 securities): 0 cached, 18 computed, 0 failed" in done.stdout
    assert f"Results: {tmp_path / 'out'}" in done.stdout
    assert f"Page: {tmp_path / 'out' / 'report.html'}\n" in done.stdout
    for words_said in ("Best settings", "EMAAR", "FAB", "MODON", "all", "net P&L (AED)  refill_interval_sec"):
        assert words_said in done.stdout
    assert "are shown from 10 market days on." in done.stdout
    assert "Sharpe  " not in done.stdout
    assert kept_results.exists()
    again = sweep(inputs, tmp_path / "out", *words)
    assert "18 cached, 0 computed, 0 failed" in again.stdout
    assert "Result cache: 0.0 MB (`pipeline clean-cache` empties it)" in again.stdout
    fresh = sweep(inputs, tmp_path / "out", *words, "--fresh")
    assert "0 cached, 18 computed, 0 failed" in fresh.stdout
    cleaned = pipeline("clean-cache")
    assert (cleaned.returncode, [file for file in kept_results.rglob("*") if file.is_file()]) == (0, [])
    assert f"MB of results in {kept_results}" in cleaned.stdout


def test_it_stays_within_80_columns_and_is_plain_when_not_a_terminal(inputs: tuple[Path, Path], tmp_path: Path) -> None:
    axes = ["refill_interval_sec=20,60", "min_local_currency_before_quote=100.5,500", "quote_size=1000,3000"]
    axes += ["execution.fees_bps=0,2.5", "execution.shared_print_volume=each,once", "max_notional=1e6"]
    words = [word for axis in axes for word in ("--grid", axis)]
    split = ("--train-until", "2025-01-12", "--walk-forward", "1")
    for asked in ((), split, (*split, "--choose-by", "sharpe", "--keep-trades", "best"), ("--trials", "10")):
        done = sweep(inputs, tmp_path / "out", *words, *asked)
        assert done.returncode == 0, done.stderr
        assert "\x1b" not in done.stdout + done.stderr
        assert widest(done.stdout) <= 80
        assert widest("\n".join(line for line in done.stderr.splitlines() if not line.startswith("Warning: "))) <= 80


def test_a_sweep_file_names_its_folder_and_the_command_line_wins_over_it(
    inputs: tuple[Path, Path], tmp_path: Path
) -> None:
    file = tmp_path / "mine.json"
    content = {
        "_comment": "what for",
        "strategy": "v1_baseline",
        "config": str(inputs[1]),
        "securities": ["FAB", "MODON"],
        "parameters": {"refill_interval_sec": {"from": 10, "to": 30, "step": 10}},
        "execution": {"preset": ["classic", "strict"], "fees_bps": [0, {"ADX": 1}]},
    }
    file.write_text(json.dumps(content))
    done = pipeline("sweep", file, "--parquet-dir", inputs[0], cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    table = read_table(tmp_path / "output" / "sweeps" / "mine" / "sweep.parquet").to_pandas()
    assert (len(table), set(table["security"])) == (24, {"FAB", "MODON"})
    words = ("--grid", "refill_interval_sec=5", "--securities", "EMAAR", "--set", "quote_size=77")
    done = pipeline("sweep", file, "--parquet-dir", inputs[0], "--output-dir", tmp_path / "out", *words)
    table = read_table(tmp_path / "out" / "sweep.parquet").to_pandas()
    assert set(table["security"]) == {"EMAAR"}
    assert (set(table["refill_interval_sec"]), set(table["quote_size"]), len(table)) == ({5}, {77}, 4)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "A sweep needs something to vary: give a sweep file, or --grid NAME=VALUE,VALUE."),
        (("--grid", "refil=1"), "the sweep: unknown parameter 'refil'. It is one of: quote_size, "),
        (("--grid", "refil_interval_sec=1"), "Did you mean 'refill_interval_sec'?"),
        (("--grid", "quote_size=-1"), "the sweep: quote_size is -1; it takes a whole number"),
        (("--grid", "execution=strickt"), "Did you mean 'strict'?"),
        (("--grid", "execution.fil_price=order"), "Did you mean 'fill_price'?"),
        (("--grid", "quote_size=1,2", "--choose-by", "sharp"), "Did you mean 'sharpe'?"),
        (("--grid", "quote_size=1,2", "--keep-trades", "bets"), "Did you mean 'best'?"),
        (("--grid", "quote_size=1,2", "--trials", "0"), "--trials is 0"),
        (("--grid", "quote_size=1,2", "--walk-forward", "0"), "--walk-forward is 0"),
        (("--grid", "quote_size=1,2", "--walk-forward", "9"), "with 2 market days it takes 1 to 1"),
        (("--grid", "quote_size=1,2", "--train-until", "2025-02-01"), "the market days are 2025-01-12 to 2025-01-13"),
        (("--grid", "quote_size=1,2", "--workers", "0"), "--workers is 0"),
        (("--grid", "quote_size=1,2", "--strategy", "v1_basline"), "Did you mean 'v1_baseline'?"),
        (("--grid", "quote_size=1,2", "--securities", "FABB"), "Did you mean 'FAB'?"),
        (("no/such.json",), "no such sweep file"),
    ],
)
def test_a_wrong_request_is_one_plain_error_and_status_2(
    inputs: tuple[Path, Path], tmp_path: Path, words: tuple[str, ...], message: str
) -> None:
    done = sweep(inputs, tmp_path / "out", *words)
    assert done.returncode == 2
    assert message in done.stderr
    lines = without_stretches(done.stderr).splitlines()
    errors = [line for line in lines if not line.startswith(("Sweep of", "Compiling "))]
    assert [line.startswith("Error: ") for line in errors] == [True]
    assert done.stdout == ""


def test_a_setting_that_fails_is_named_and_the_status_is_1(inputs: tuple[Path, Path], tmp_path: Path) -> None:
    own = make_strategy(tmp_path / "own.py", DIVIDES)
    words = ("--strategy", own, "--grid", "limit=0,2", "--backend", "sequential")
    done = sweep((inputs[0], own.with_suffix(".json")), tmp_path / "out", *words)
    assert done.returncode == 1
    assert "Error: setting 1 on EMAAR: " in done.stderr
    assert "a division by zero" in done.stderr
    assert "Traceback" not in done.stderr
    assert "0 cached, 3 computed, 3 failed" in done.stdout


def test_a_corrupt_file_is_named_and_the_status_is_1(tmp_path: Path) -> None:
    store, config = make_store(tmp_path / "parquet"), make_config(tmp_path / "v1.json")
    content = bytearray((store / "FAB.parquet").read_bytes())
    content[len(content) // 2] ^= 0x10
    (store / "FAB.parquet").write_bytes(content)
    done = sweep((store, config), tmp_path / "out", "--grid", "quote_size=100,200")
    assert done.returncode == 1
    assert "Error: setting 1 on FAB: " in done.stderr
    assert "0 cached, 4 computed, 2 failed" in done.stdout
