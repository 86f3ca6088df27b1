"""Every verb, quiet and as JSON: one closing line, one object, whatever the verb and however it ends."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING, Any, Final

import pytest

from pipeline.conversion.excel.archive import open_workbook
from pipeline.conversion.excel.loop_rows import read_rows
from pipeline.conversion.sample import write_sample
from pipeline.native.functions import compiled
from tests.console.screens import ROOT, environment, to_pipe, without_stretches
from tests.made import make_config, make_store, make_strategy

if TYPE_CHECKING:
    from pathlib import Path

QUIET: Final = {
    "sample": ("sample", "data/sample/made.xlsx"),
    "convert": ("convert", "--force"),
    "backtest": ("backtest", "--no-sensitivity"),
    "sensitivity": ("sensitivity", "--securities", "FAB"),
    "sweep": ("sweep", "--grid", "refill_interval_sec=30,60"),
    "inspect": ("inspect",),
    "compare": ("compare", "one", "other"),
    "validate": ("validate", "--no-workbook"),
    "benchmark": ("benchmark", "--runs", "1"),
    "demo": ("demo",),
}

PRINTS: Final = """
seen: list = []

def on_tick(self, m):
    print("a strategy says so")
    if m.bid_size > 0:
        m.quote_bid(m.bid, 100)
"""


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder with a workbook, its Parquet files and two runs."""
    folder = tmp_path_factory.mktemp("desk")
    write_sample(folder / "data" / "raw" / "ticks.xlsx", days=2, rows=300)
    assert to_pipe("convert", cwd=folder).status == 0
    for name, interval in (("one", 30), ("other", 60)):
        words = ("backtest", "--output-dir", f"output/{name}", "--set", f"refill_interval_sec={interval}")
        assert to_pipe(*words, "--no-sensitivity", cwd=folder).status == 0
    return folder


@pytest.mark.parametrize("verb", QUIET)
def test_quiet_says_the_closing_line_and_warnings_and_nothing_else(desk: Path, verb: str) -> None:
    output = to_pipe(*QUIET[verb], "--quiet", cwd=desk)
    assert (output.status, [line for line in output.err.splitlines() if not line.startswith("Warning: ")]) == (0, [])
    assert output.out.count("\n") == 1


@pytest.mark.parametrize("verb", [verb for verb in QUIET if verb not in ("validate", "benchmark", "demo")])
def test_it_says_nothing_more_in_the_end_than_quiet_does(desk: Path, verb: str) -> None:
    quiet, usual = (to_pipe(*QUIET[verb], *more, cwd=desk).out.splitlines()[-1] for more in (["--quiet"], []))
    assert quiet.split("  (")[0] == usual.split("  (")[0]


def test_quiet_and_verbose_contradict_each_other(desk: Path) -> None:
    output = to_pipe("backtest", "--quiet", "--verbose", cwd=desk)
    assert (output.status, output.out) == (2, "")
    assert output.err == "Error: --quiet and --verbose contradict each other; give one of them.\n"


def test_verbose_says_how_each_sheet_was_read_and_why_one_was_not(tmp_path: Path) -> None:
    workbook = tmp_path / "data" / "raw" / "ticks.xlsx"
    write_sample(workbook, days=1, rows=20_000)
    clean, odd = (sheet.name for sheet in open_workbook(workbook).sheets[:2])
    with zipfile.ZipFile(workbook) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    parts["xl/worksheets/sheet2.xml"] = re.sub(
        rb"<v>([0-9.]+)</v></c></row></sheetData>",
        rb"<v><![CDATA[\1]]></v></c></row></sheetData>",
        parts["xl/worksheets/sheet2.xml"],
    )
    with zipfile.ZipFile(workbook, "w", zipfile.ZIP_DEFLATED) as book:
        for name, content in parts.items():
            book.writestr(name, content)
    compiled(read_rows)
    first, second = (to_pipe("convert", "--verbose", cwd=tmp_path).err for _ in range(2))
    assert re.search(rf"{clean}: [0-9,]+ rows in [0-9.]+ s, fast\n", first)
    assert re.search(rf"{odd}: [0-9,]+ rows in [0-9.]+ s, row by row: a CDATA section stands among its rows\n", first)
    for sheet in (clean, odd):
        assert f"{sheet}: unchanged: its content, header row and formats are the same\n" in second


def test_verbose_says_what_was_chosen_how_long_it_took_and_what_was_kept(desk: Path, kept_results: Path) -> None:
    first, second = (to_pipe("backtest", "--verbose", "--workers", "2", cwd=desk).err for _ in range(2))
    assert "2 workers (threading), compiled engine" in first
    for words in (
        "Config: ",
        "execution: classic",
        "Compiled loops: ",
        f"Result cache: {kept_results}, at most 64",
    ):
        assert words in first
    assert first.count("; reading 0.") == 4
    assert first.count(" s, the other execution models 0.") == 4
    assert second.count("cached by an earlier run; ticks, strategy, parameters, execution, market and engine are") == 4
    for stretch in ("Checking the request and the ticks: ", "Replaying: ", "Writing the results: "):
        assert stretch in first


def object_of(text: str) -> dict[str, Any]:
    assert text.count("\n") == 1
    printed: dict[str, Any] = json.loads(text)
    assert text == json.dumps(printed, sort_keys=True) + "\n"
    return printed


@pytest.mark.parametrize("backend", ["sequential", "loky"])
def test_what_a_strategy_prints_does_not_reach_the_json(tmp_path: Path, backend: str) -> None:
    store = make_store(tmp_path / "parquet", ("FAB", "EMAAR"))
    own = make_strategy(tmp_path / "own.py", PRINTS)
    words = ("backtest", "--strategy", own, "--config", own.with_suffix(".json"), "--parquet-dir", store)
    output = to_pipe(*words, "--backend", backend, "--json", cwd=tmp_path)
    assert object_of(output.out)["exit_status"] == 0
    assert "a strategy says so" in output.err


def test_figures_in_the_json_are_those_of_the_run_folder(desk: Path) -> None:
    printed = object_of(to_pipe("backtest", "--json", "--output-dir", "output/json", cwd=desk).out)
    metrics = json.loads((desk / "output" / "json" / "metrics.json").read_text())
    for ticker, figures in metrics["securities"].items():
        assert printed["securities"][ticker]["fills"] == figures["fills"]
        assert printed["securities"][ticker]["net_pnl"] == figures["net_pnl"]
    assert printed["total"]["net_pnl"] == pytest.approx(metrics["portfolio"]["net_pnl"])
    assert set(printed["net_pnl_by_execution"]) >= {"classic", "strict"}


def break_file(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x10
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (("backtest", "--no-sensitivity"), "FAB"),
        (("sensitivity",), "FAB"),
        (("sweep", "--grid", "quote_size=100"), "setting 1 on FAB"),
        (("inspect",), "FAB"),
    ],
)
def test_what_failed_is_listed_and_the_status_is_1(tmp_path: Path, words: tuple[str, ...], name: str) -> None:
    store, config = make_store(tmp_path / "parquet"), make_config(tmp_path / "v1.json")
    break_file(store / "FAB.parquet")
    chosen = ("--parquet-dir", store, *(() if words[0] == "inspect" else ("--config", config)))
    output = to_pipe(*words, *chosen, "--json", cwd=tmp_path)
    printed = object_of(output.out)
    assert (output.status, printed["exit_status"], printed["error"]) == (1, 1, None)
    assert list(printed["failed"]) == [name]
    assert "not a whole Parquet file" in printed["failed"][name]
    assert f"Error: {name}: " in output.err
    quiet = to_pipe(*words, *chosen, "--quiet", cwd=tmp_path)
    errors = [line for line in quiet.err.splitlines() if not line.startswith("Warning: ")]
    assert (quiet.status, quiet.out.count("\n"), len(errors)) == (1, 1, 1)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("backtest", "--parquet-dir", "nowhere"), "There is no Parquet directory nowhere."),
        (("backtest", "--bakend", "loky"), "Did you mean '--backend'?"),
        (("backtset",), "Did you mean 'backtest'?"),
        (("compare", "one"), "compare needs B"),
        (("convert", "nothing.xlsx"), "nothing.xlsx"),
    ],
)
def test_an_error_is_in_the_json_and_on_stderr(tmp_path: Path, words: tuple[str, ...], message: str) -> None:
    output = to_pipe(*words, "--json", cwd=tmp_path)
    printed = object_of(output.out)
    assert (output.status, printed["exit_status"], printed["command"]) == (2, 2, words[0])
    assert message in printed["error"]
    assert without_stretches(output.err) == f"Error: {printed['error']}\n"
    assert printed["failed"] == {}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no such signal to one process")
def test_an_interrupted_run_says_so_in_the_json(tmp_path: Path) -> None:
    store = make_store(tmp_path / "parquet")
    own = make_strategy(tmp_path / "own.py", PRINTS.replace("print", "import time; time.sleep(0.01); print"))
    words = ["backtest", "--strategy", own, "--config", own.with_suffix(".json"), "--parquet-dir", store, "--json"]
    command = [sys.executable, "-m", "pipeline", *map(str, words), "--backend", "sequential"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path, env=environment({})
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "a strategy says so" in line:
                break
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    printed = object_of(out)
    assert (process.returncode, printed["exit_status"]) == (130, 130)
    assert printed["error"] == "Interrupted. Finished results are kept; run the same command again to resume."
    assert err.endswith(f"{printed['error']}\n")
    assert "Traceback" not in err


@pytest.mark.skipif(sys.platform == "win32", reason="there is no head, and no closed stream, on Windows")
@pytest.mark.parametrize(
    "line", ["{} inspect | head -1", "{} inspect --json | true", "{} inspect >&-", "{} inspect 2>&-"]
)
def test_a_stream_that_nobody_reads_is_no_traceback(desk: Path, line: str) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", line.format(f"'{sys.executable}' -m pipeline")],
        capture_output=True,
        text=True,
        check=False,
        cwd=desk,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr
    assert "Error" not in done.stderr


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="only Linux has a disk that is always full")  # noqa: PTH110
def test_a_full_disk_is_a_plain_error(desk: Path) -> None:
    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = subprocess.run(
            [sys.executable, "-m", "pipeline", "inspect"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            cwd=desk,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
    assert done.returncode == 1
    assert done.stderr.startswith("Error: No space left on device.\n")
    assert "Traceback" not in done.stderr
