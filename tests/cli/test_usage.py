"""What was typed wrong is one plain sentence that names what comes nearest, with status 2; and what Tab answers."""

from __future__ import annotations

import inspect
import json
import os
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Final

import pytest

from pipeline import api
from pipeline.cli import app, complete
from pipeline.conversion.sheet_options import DATE_ORDERS
from pipeline.engine.execution import PRESETS, SWITCHES
from pipeline.engine.outcome import SIDES
from pipeline.replay.simulate import ENGINES
from pipeline.replay.workers import BACKENDS
from pipeline.runs.layout import RUN_FILE
from pipeline.strategies.loading.load import strategy_names
from pipeline.sweeps.fills import KEEP_TRADES
from pipeline.sweeps.objectives import CHOICES
from tests.console.screens import ROOT, environment, to_pipe, without_stretches
from tests.made import make_config, make_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pipeline.options import Option


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("backtest --bakend loky", "backtest has no option --bakend. Did you mean '--backend'?"),
        ("backtest --no-sensitivty", "backtest has no option --no-sensitivty. Did you mean '--no-sensitivity'?"),
        ("backtest -x", "backtest has no option -x."),
        ("backtest --outptu-dir x", "backtest has no option --outptu-dir. Did you mean '--output-dir'?"),
        ("backtest --only FAB", "backtest has no option --only. Did you mean '--securities'?"),
        ("backtest --frozen", "backtest has no option --frozen."),
        ("convert --securities FAB", "convert has no option --securities. Did you mean '--only'?"),
        ("convert --workbook x.xlsx", "--workbook: it is a plain argument here, as in `pipeline convert WORKBOOKS`."),
        ("report --run x", "report has no option --run: it is a plain argument here, as in `pipeline report RUN`."),
        ("compare --run x", "compare has no option --run: it is a plain argument here, as in `pipeline compare A B`."),
        ("inspect --only FBA", "no option --only: it is a plain argument here, as in `pipeline inspect TICKER`."),
        ("inspect --securities FBA", "--securities: it is a plain argument here, as in `pipeline inspect TICKER`."),
        ("show --ticker FAB", "no option --ticker: it is a plain argument here, as in `pipeline show SECURITY`."),
        ("sweep --sweep-file x", "--sweep-file: it is a plain argument here, as in `pipeline sweep SWEEP_FILE`."),
        ("runs --run x", "runs has no option --run."),
        ("backtest --workers two", "--workers is 'two'; it takes a whole number."),
        ("backtest --workers", "--workers needs a value after it."),
        ("backtest --fresh=yes", "--fresh takes no value."),
        ("backtest v3_liquidity_monitor", "'v3_liquidity_monitor'. Did you mean --strategy v3_liquidity_monitor?"),
        ("backtest FAB", "backtest takes no argument 'FAB'. Did you mean --securities FAB?"),
        ("clean-cache now please", "clean-cache takes no argument 'now'."),
        ("compare one", "compare needs B: the run to compare it with."),
        ("compare", "compare needs A: a run: its folder, or its name below --output-dir."),
    ],
)
def test_what_a_verb_does_not_take_is_one_plain_sentence(tmp_path: Path, words: str, message: str) -> None:
    output = to_pipe(*words.split(), cwd=tmp_path)
    assert (output.status, output.out) == (2, "")
    assert output.err.startswith("Error: ")
    assert output.err.endswith(f"{message} `pipeline {words.split(maxsplit=1)[0]} --help` lists what it takes.\n")
    assert output.err.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("backtset", "No such command 'backtset'. Did you mean 'backtest'? Try `pipeline --help`."),
        ("frobnicate", "No such command 'frobnicate'. Try `pipeline --help`."),
        ("--quiet backtest", "--quiet goes after the command: pipeline COMMAND --quiet. Try `pipeline --help`."),
        ("--vresion", "pipeline has no option --vresion. Did you mean '--version'? Try `pipeline --help`."),
        (
            "sweep --grid a=1 --train-until 29.08.2025",
            "--train-until is '29.08.2025'; it takes a date such as 2025-08-29.",
        ),
        ("benchmark --runs 0", "--runs is 0; it takes a whole number of at least 1."),
        ("benchmark --ticks 9", "--ticks is for --scale: give both, or neither."),
        ("benchmark --scale --ticks 0", "--ticks is 0; it takes a whole number of at least 1."),
        ("benchmark --scale ticks.xlsx", "--scale makes its own ticks; leave out ticks.xlsx."),
        (
            "benchmark --scale --securities 10,x",
            "--securities is '10,x'; it takes whole numbers of at least 1, separated by commas.",
        ),
        (
            "backtest --output-dir .",
            "--output-dir is '.', the working directory; name a folder for results, such as output/trial.",
        ),
        (
            "backtest --output-dir data/raw",
            "--output-dir is 'data/raw', where workbooks are; name a folder for results, such as output/trial.",
        ),
        (
            "sweep --grid quote_size=1,2 --parquet-dir ticks --output-dir ./ticks/",
            "--output-dir is 'ticks', where the ticks are; name a folder for results, such as output/trial.",
        ),
        (
            "inspect --parquet-dir no",
            "There is no Parquet directory no. Run `pipeline convert` (or `pipeline demo`) first.",
        ),
    ],
)
def test_what_is_no_request_is_one_plain_sentence(tmp_path: Path, words: str, message: str) -> None:
    output = to_pipe(*words.split(), cwd=tmp_path)
    assert (output.status, output.out) == (2, "")
    assert without_stretches(output.err) == f"Error: {message}\n"


def test_debug_shows_where_a_usage_error_arose(tmp_path: Path) -> None:
    assert "Traceback" in to_pipe("backtest", "--bakend", "--debug", cwd=tmp_path).err


def test_a_fault_of_ours_is_a_sentence_too_and_debug_shows_where(tmp_path: Path) -> None:
    program = (
        "import sys\nimport pipeline.api\nfrom pipeline.cli import main\n"
        "def broken(*a, **k): raise KeyError('what nobody thought of')\n"
        "pipeline.api.backtest = broken\n"
    )
    for words, traced in ((["backtest"], False), (["backtest", "--debug"], True)):
        done = subprocess.run(
            [sys.executable, "-c", f"{program}sys.argv[1:] = {words}\nmain()"],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            env=environment({}),
        )
        assert done.returncode == 1
        assert "Error: KeyError: 'what nobody thought of'. This is a bug in tick-pipeline" in done.stderr
        assert ("Traceback" in done.stderr) == traced


@pytest.mark.parametrize("command", ["backtest", "sweep", "convert"])
def test_the_older_names_of_workers_are_taken_and_not_shown(command: str) -> None:
    parsed = app.get_command(None, command)

    def workers(*words: str) -> object:
        return parsed.make_context(command, list(words)).params["workers"]

    assert workers("--max-workers", "3") == workers("--workers=3") == workers("--parallel", "--max-workers=3") == 3
    assert workers("--parallel") is workers() is None
    text = parsed.get_help(parsed.make_context(command, []))
    assert "--workers" in text
    assert "--max-workers" not in text
    assert "--parallel" not in text


def test_a_backtest_runs_with_the_older_names_of_workers(tmp_path: Path) -> None:
    store, config = make_store(tmp_path / "store"), make_config(tmp_path / "config.json")
    words = ("--parquet-dir", store, "--config", config, "--output-dir", tmp_path / "run", "--no-report")
    output = to_pipe("backtest", *words, "--parallel", "--max-workers", "2", "--json", cwd=tmp_path)
    assert output.status == 0, output.err
    assert json.loads(output.out)["workers"] == 2


def test_tickers_named_one_option_after_the_other_are_all_meant(tmp_path: Path) -> None:
    store, config = make_store(tmp_path / "store"), make_config(tmp_path / "config.json")
    words = ("--parquet-dir", store, "--config", config, "--securities", "MODON", "--securities", "emaar,fab")
    output = to_pipe("sensitivity", *words, "--json", cwd=tmp_path)
    assert output.status == 0, output.err
    assert sorted(json.loads(output.out)["currencies"]) == ["EMAAR", "FAB", "MODON"]


@pytest.mark.parametrize("public", [api.convert, api.backtest, api.sweep, api.compare, api.report, api.explain])
def test_every_option_of_a_public_function_is_explained_to_editors(public: Callable[..., object]) -> None:
    args = re.search(r"    Args:\n(.*?)\n\n", str(public.__doc__), re.DOTALL)
    assert args is not None
    named = {name for line in re.findall(r"^ {8}(\w.*?):", args[1], re.MULTILINE) for name in line.split(", ")}
    assert named == set(inspect.signature(public).parameters)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder with Parquet files in two places, and three runs."""
    folder = tmp_path_factory.mktemp("desk")
    make_store(folder / "data" / "parquet")
    (folder / "data" / "parquet" / "FAB.rejects.parquet").write_bytes(b"")
    make_store(folder / "elsewhere", ("MODON",))
    for name in ("v1_baseline", "refill_30", "old/v1"):
        (folder / "output" / name).mkdir(parents=True)
        (folder / "output" / name / RUN_FILE).write_text("{}")
    (folder / "output" / "sweeps" / "thousand").mkdir(parents=True)
    return folder


def completed(words: str, cwd: Path, shell: str = "bash") -> str:
    variables = {"_PIPELINE_COMPLETE": f"complete_{shell}", "_TYPER_COMPLETE_ARGS": words}
    variables |= {"COMP_WORDS": words, "COMP_CWORD": str(len(words.split(" ")) - 1)}
    variables |= {
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
        "_TYPER_COMPLETE_WORD_TO_COMPLETE": words.rpartition(" ")[2],
    }
    output = to_pipe(cwd=cwd, **variables)
    assert (output.status, output.err) == (0, "")
    return output.out


@pytest.mark.parametrize(
    ("words", "answers"),
    [
        ("pipeline back", ["backtest"]),
        ("pipeline backtest --res", []),
        ("pipeline backtest --q", ["--quiet"]),
        ("pipeline backtest --strategy v2", ["v2_1_stop_loss", "v2_price_follow_qty_cooldown"]),
        ("pipeline backtest --securities ", ["EMAAR", "FAB", "MODON"]),
        ("pipeline backtest --securities FAB,EM", ["FAB,EMAAR"]),
        ("pipeline backtest --securities FAB,", ["FAB,EMAAR", "FAB,MODON"]),
        ("pipeline backtest --parquet-dir elsewhere --securities ", ["MODON"]),
        ("pipeline backtest --parquet-dir nowhere --securities ", []),
        ("pipeline backtest --parquet-dir s3://bucket/ticks --securities ", []),
        ("pipeline inspect MO", ["MODON"]),
        ("pipeline convert --only E", ["EMAAR"]),
        ("pipeline compare ", ["old/v1", "refill_30", "v1_baseline"]),
        ("pipeline compare v1_baseline re", ["refill_30"]),
        ("pipeline backtest --backend l", ["loky"]),
        ("pipeline backtest --execution ", ["classic", "strict"]),
        ("pipeline backtest --engine ", ["compiled", "python"]),
        ("pipeline backtest --set re", ["refill_interval_sec="]),
        ("pipeline backtest --set execution.fill_price=", ["execution.fill_price=order", "execution.fill_price=print"]),
        ("pipeline backtest --strategy v2_1_stop_loss --set stop", ["stop_loss_threshold_pct="]),
        ("pipeline sweep --choose-by s", ["sharpe", "skew", "sortino"]),
    ],
)
def test_tab_answers_with_what_there_is(desk: Path, words: str, answers: list[str]) -> None:
    assert completed(words, desk).split() == answers


@pytest.mark.parametrize(
    ("shell", "answer"),
    [
        ("zsh", '_arguments \'*: :(("backtest":"Replay a strategy over the Parquet files (stage 2)"))\'\n'),
        ("fish", "backtest\tReplay a strategy over the Parquet files (stage 2)\n"),
        ("powershell", "backtest:::Replay a strategy over the Parquet files (stage 2)\n"),
    ],
)
def test_every_shell_is_answered_in_its_own_way(desk: Path, shell: str, answer: str) -> None:
    assert completed("pipeline back", desk, shell) == answer


def declarations() -> Iterator[tuple[str, Option]]:
    for name in app.list_commands(None):
        for param in app.get_command(None, name).params:
            if hasattr(param, "declared"):
                yield param.name, param.declared


def test_what_tab_offers_is_what_the_verbs_take() -> None:
    choices = {name: declared.choices for name, declared in declarations() if declared.choices}
    sides = tuple(SIDES.values())
    assert choices == {
        "engine": ENGINES,
        "keep_trades": KEEP_TRADES,
        "side": sides,
        "date_order": DATE_ORDERS,
        "backend": BACKENDS,
        "execution": PRESETS,
    }
    assert complete.strategies("") == strategy_names()
    assert complete.objectives("") == sorted(CHOICES)
    words = [switch.words for switch in SWITCHES.values() if switch.words]
    assert words


HEAVY: Final = ("numpy", "pyarrow", "pandas", "numba", "joblib", "rich.console", "plotly", "jinja2")


@pytest.mark.parametrize("words", ["pipeline ", "pipeline backtest --securities F", "pipeline backtest --set "])
def test_tab_loads_nothing_that_computes(desk: Path, words: str) -> None:
    program = (
        "import sys, os, atexit\nfrom pipeline.cli import main\n"
        "atexit.register(lambda: print(*[n for n, m in sys.modules.items() if m], file=sys.stderr))\nmain()"
    )
    message = {"_PIPELINE_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": words}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=desk, env=environment(message)
    )
    loaded = done.stderr.split()
    assert "pipeline.cli" in loaded
    assert not [name for name in HEAVY if name in loaded]


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_what_is_installed_for_bash_completes_in_bash(desk: Path, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "pipeline"
    program.write_text(f"#!/bin/sh\nexec '{sys.executable}' -m pipeline \"$@\"\n")
    program.chmod(0o755)
    message = {"HOME": str(tmp_path), "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}"}
    message |= {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    install = [program, "--install-completion", "bash"]
    installed = subprocess.run(install, capture_output=True, text=True, check=False, env=environment(message))
    assert installed.returncode == 0, installed.stderr
    assert "bash completion installed in" in installed.stdout
    script = (
        f"source '{tmp_path}/.bashrc'; COMP_WORDS=(pipeline backtest --securities FAB,E); COMP_CWORD=3; "
        "_pipeline_completion pipeline; echo ${COMPREPLY[@]}"
    )
    done = subprocess.run(
        ["bash", "--norc", "-c", script],  # noqa: S607 - the bash that is there
        capture_output=True,
        text=True,
        check=False,
        cwd=desk,
        env={**environment(message), "PYTHONPATH": str(ROOT)},
    )
    assert (done.stdout, done.stderr) == ("FAB,EMAAR\n", "")
