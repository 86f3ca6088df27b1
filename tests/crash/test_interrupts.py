"""Interrupting is safe: Ctrl-C and SIGTERM end every stage within two seconds, whoever works, and a rerun completes."""

from __future__ import annotations

import json
import os
import signal
import time
from typing import TYPE_CHECKING, Final

import pytest

from pipeline.conversion.excel.write import ErrorValue, Moment, write_workbook
from pipeline.errors import UnfinishedRun
from pipeline.runs.reader import read_run
from tests.crash.started import Ended, Started, done, leftovers
from tests.made import make_store, make_strategy, results

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pipeline.conversion.excel.write import Value

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name == "nt", reason="signals are sent as POSIX sends them")]

WITHIN: Final = 2.0
TRIES: Final = 3
STATUS: Final = {signal.SIGINT: 130, signal.SIGTERM: 143}
SIGNALS: Final = list(STATUS)
BACKENDS: Final = (
    ("--backend", "sequential"),
    ("--backend", "threading", "--workers", "2"),
    ("--backend", "loky", "--workers", "2"),
)

SLEEPS: Final = """
size: Shares = parameter(300, minimum=1)

def on_tick(self, m):
    if m.event > 500 and not __import__("pathlib").Path("hurry").exists():
        __import__("pathlib").Path("asleep").touch()
        __import__("time").sleep(600)
    if m.bid > 0 and m.ask > 0:
        m.quote_bid(m.bid, self.size)
        m.quote_ask(m.ask, self.size)
"""
SPINS: Final = """
size: Shares = parameter(300, minimum=1)
turns: Shares = parameter(0, minimum=0)
total: Shares = 0

def on_tick(self, m):
    if m.event == 900:
        i = 0
        while i < self.turns * 1_000_000_000:
            i += 1
            if i % 3 == 0:
                self.total = self.total + i
    if m.bid > 0 and m.ask > 0:
        m.quote_bid(m.bid, self.size + self.total % 2)
        m.quote_ask(m.ask, self.size)
"""


SWEEP: Final = (
    *("sweep", "--grid", "size=100:300:100", "--strategy", "sleeps.py", "--config", "sleeps.json"),
    *("--parquet-dir", "parquet", "--keep-trades", "best"),
)


def rows(count: int, *, bad: bool) -> Iterator[tuple[Value, ...]]:
    yield from ((), (), ("Dates", "Type", "Price", "Size"))
    for number in range(count):
        price = ErrorValue("#N/A") if bad and number == 0 else 10 + number % 7
        yield Moment(1_744_600_000_000 + number * 1000), ("BID", "ASK", "TRADE")[number % 3], price, 100 + number % 50


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("interrupted")
    make_store(folder / "parquet")
    for name, body in (("sleeps", SLEEPS), ("spins", SPINS)):
        make_strategy(folder / f"{name}.py", body)
    (folder / "endless.json").write_text(json.dumps({"_defaults": {"turns": 1000}}))
    # The second sheet has a cell that is no number, so it is read row by row.
    sheets = {"FAB UH Equity": rows(60_000, bad=False), "EMAAR DH Equity": rows(20_000, bad=True)}
    write_workbook(folder / "ticks.xlsx", sheets)
    (folder / "hurry").touch()
    for name in ("sleeps", "spins"):  # what is left where nothing is interrupted; both loops of the second are compiled
        words = ("--strategy", f"{name}.py", "--config", f"{name}.json", "--parquet-dir", "parquet")
        assert done(folder, "backtest", *words, "--output-dir", folder / name).status == 0
    assert done(folder, *SWEEP, "--output-dir", folder / "swept").status == 0
    return folder


def ended(start: Callable[[], Started], number: signal.Signals, **how: object) -> Ended:
    """Interrupt a command; a machine that is busy with others is given its time."""
    for _ in range(TRIES):
        end = start().end(number, group=number == signal.SIGINT, **how)  # type: ignore[arg-type]
        assert (end.status, end.left) == (STATUS[number], []), end.error
        assert end.error.count("Interrupted. Finished results are kept; run the same command again") == 1
        assert "Traceback" not in end.error
        warned = [line for line in end.error.splitlines() if "Warning" in line]
        assert [line for line in warned if "It runs as plain Python" not in line] == []
        busy = max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
        if end.seconds < WITHIN * busy:
            return end
    pytest.fail(f"it took {end.seconds:.1f} s to end")


def asleep(made: Path, *words: str | Path) -> Started:
    """Start a command and wait until a plain strategy sleeps in it."""
    for name in ("hurry", "asleep"):
        (made / name).unlink(missing_ok=True)
    started = Started(made, *words, PIPELINE_RESULTS_MB="0")
    started.reach((made / "asleep").exists)
    return started


def check_rerun(made: Path, folder: Path, name: str, *words: str | Path) -> None:
    """Run again what was interrupted: it leaves what it would have left, and nothing of the interrupted one."""
    (made / "hurry").touch()
    with pytest.raises(UnfinishedRun):
        read_run(folder)
    assert done(made, *words, "--output-dir", folder).status == 0
    assert leftovers(folder) == []
    assert results(folder) == results(made / name)


@pytest.mark.parametrize(
    ("number", "how"),
    [(number, how) for number in SIGNALS for how in BACKENDS],
)
def test_a_backtest_of_a_plain_strategy(made: Path, tmp_path: Path, number: signal.Signals, how: tuple[str]) -> None:
    words = ("backtest", "--strategy", "sleeps.py", "--config", "sleeps.json", "--parquet-dir", "parquet", *how)
    ended(lambda: asleep(made, *words, "--output-dir", tmp_path / "run"), number)
    check_rerun(made, tmp_path / "run", "sleeps", *words)


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("how", BACKENDS)
@pytest.mark.parametrize("check", ["--sensitivity", "--no-sensitivity"])
def test_a_backtest_in_a_compiled_loop(
    made: Path, tmp_path: Path, number: signal.Signals, how: tuple[str], check: str
) -> None:
    words = ("backtest", "--strategy", "spins.py", "--parquet-dir", "parquet", check, *how)

    def start() -> Started:
        started = Started(made, *words, "--config", "endless.json", "--output-dir", tmp_path / "run")
        started.reach(lambda: started.say("compiled engine"))
        # It says nothing from within the loop; it is there once it has worked for a while.
        started.reach(lambda: started.cpu_seconds() > 1.5)
        return started

    ended(start, number)
    check_rerun(made, tmp_path / "run", "spins", *words, "--config", "spins.json")


@pytest.mark.parametrize("number", SIGNALS)
def test_compiling(made: Path, tmp_path: Path, number: signal.Signals) -> None:
    words = ("backtest", "--strategy", "spins.py", "--config", "spins.json", "--parquet-dir", "parquet")

    def start() -> Started:
        cache = str(tmp_path / os.urandom(4).hex())
        started = Started(made, *words, "--output-dir", tmp_path / "run", PIPELINE_CACHE_DIR=cache)
        started.reach(lambda: started.say("Compiling"))
        return started

    ended(start, number)
    check_rerun(made, tmp_path / "run", "spins", *words)


@pytest.mark.parametrize(
    ("number", "how"),
    [(number, how) for number in SIGNALS for how in BACKENDS],
)
def test_a_sweep(made: Path, tmp_path: Path, number: signal.Signals, how: tuple[str]) -> None:
    words = (*SWEEP, *how, "--output-dir", tmp_path / "sweep")
    ended(lambda: asleep(made, *words), number)
    (made / "hurry").touch()
    assert done(made, *words).status == 0
    assert leftovers(tmp_path / "sweep") == []
    assert results(tmp_path / "sweep") == results(made / "swept")


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("what", ["sweep", "validate"])
def test_a_sweep_and_a_validation_in_a_compiled_loop(
    made: Path, tmp_path: Path, number: signal.Signals, what: str
) -> None:
    words = {
        "sweep": ("sweep", "--grid", "size=100:300:100", "--output-dir", tmp_path / "sweep", "--backend", "sequential"),
        "validate": ("validate", "--no-workbook"),
    }[what]
    words = (*words, "--strategy", "spins.py", "--parquet-dir", "parquet")
    assert done(made, *words, "--config", "spins.json").status == 0

    def start() -> Started:
        started = Started(made, *words, "--config", "endless.json")
        started.reach(lambda: started.cpu_seconds() > 1.5)
        return started

    ended(start, number)
    assert done(made, *words, "--config", "spins.json").status == 0


@pytest.mark.parametrize(
    ("number", "sheet"),
    [
        (signal.SIGINT, "EMAAR DH Equity"),
        (signal.SIGTERM, "EMAAR DH Equity"),
        *((number, "FAB UH Equity") for number in SIGNALS),
    ],
)
def test_a_conversion(made: Path, tmp_path: Path, number: signal.Signals, sheet: str) -> None:
    store = tmp_path / "store"
    words = ("convert", "ticks.xlsx", "--parquet-dir", store, "--only", sheet, "--workers", "2")

    def start() -> Started:
        started = Started(made, *words)
        started.reach((store / ".lock").exists)
        return started

    ended(start, number)
    # Files that are hidden are locks and drafts; where time ran out, the next conversion sweeps them.
    assert [file.name for file in store.glob("*") if not file.name.startswith(".")] == []
    assert done(made, *words).status == 0
    assert leftovers(store) == []
    assert {file.name for file in store.iterdir()} >= {f"{sheet.split(maxsplit=1)[0]}.parquet", "catalog.json"}


@pytest.mark.parametrize("how", BACKENDS)
@pytest.mark.parametrize("again_after", [0.0, 0.01, 0.05, 0.2])
def test_impatience_shows_no_traceback(made: Path, tmp_path: Path, how: tuple[str], again_after: float) -> None:
    words = ("backtest", "--strategy", "sleeps.py", "--config", "sleeps.json", "--parquet-dir", "parquet", *how)
    ended(lambda: asleep(made, *words, "--output-dir", tmp_path / "run"), signal.SIGINT, again_after=again_after)


WATCHED: Final = "from pipeline import interrupt; interrupt.watch(); print(1, flush=True)\n"
"""From where our own code begins: what Python does before is Python's."""


@pytest.mark.parametrize("to_its_end", [False, True])
def test_a_backtest_that_is_interrupted_anywhere_shows_no_traceback(
    made: Path, tmp_path: Path, *, to_its_end: bool
) -> None:
    program = WATCHED + "from pipeline.cli import main; main()"
    words = ("backtest", "--strategy", "sleeps.py", "--config", "sleeps.json", "--parquet-dir", "parquet", "--fresh")
    (made / "hurry").unlink(missing_ok=True)
    if to_its_end:
        (made / "hurry").touch()
    ends = set()
    for step in range(0, 40, 3) if to_its_end else range(0, 25, 4):
        started = Started(made, *words, "--output-dir", tmp_path / "run", *BACKENDS[2], program=program)
        started.reach(lambda started=started: started.out)
        time.sleep(step * 0.04)
        end = started.end(signal.SIGINT, group=True)
        assert (end.status, end.left) in ([(130, []), (0, [])] if to_its_end else [(130, [])]), end.error
        assert "Traceback" not in end.error
        if end.status == 0:
            read_run(tmp_path / "run")
        ends.add(end.status)
    assert 130 in ends


def test_a_signal_while_python_takes_itself_down_changes_no_exit_status(made: Path) -> None:
    """By then all is written, and Python has given the signals back to the system, which would end it as killed."""
    program = WATCHED + (
        "import os, signal, sys\n"
        "class Last:\n"
        "    def __init__(self): self.kill, self.pid, self.say = os.kill, os.getpid(), os.write\n"
        "    def __del__(self):\n"
        "        self.say(1, b'sent')\n"
        "        for number in (2, 15): self.kill(self.pid, number)\n"
        "sys.modules['last'] = Last()\n"
        "sys.exit(3)"
    )
    end = done(made, program=program)
    assert (end.status, end.error) == (3, "")
    assert end.out.endswith("sent")


def test_what_a_thread_stumbles_over_while_a_command_is_interrupted_is_not_shown(made: Path) -> None:
    """The thread that manages processes is told of none of this, and they are killed before its eyes."""
    program = WATCHED + (
        "import signal, threading, time\n"
        "def stumble():\n"
        "    signal.raise_signal(signal.SIGTERM)\n"
        "    time.sleep(0.2)\n"
        "    raise OSError('handle is closed')\n"
        "with interrupt.in_order(lambda status: print(f'Interrupted: {status}.')):\n"
        "    try:\n"
        "        threading.Thread(target=stumble).start()\n"
        "        time.sleep(60)\n"
        "    finally:\n"
        "        time.sleep(0.5)"
    )
    end = done(made, program=program)
    assert (end.status, end.error) == (143, "")
    assert end.out.endswith("Interrupted: 143.\n")


LOCKED_IN: Final = WATCHED + (
    "import _imp, ctypes, os, signal, threading\n"
    "from pipeline.replay.workers import run_all\n"
    "def tell(status):\n"
    "    {say}\n"
    "list(run_all(int, [1, 2], 'threading', 2))\n"
    "with interrupt.in_order(tell):\n"
    "    _imp.acquire_lock()\n"
    "    signal.pthread_sigmask(signal.SIG_BLOCK, {{2}})\n"
    "    threading.Timer(0.3, os.kill, (os.getpid(), 2)).start()\n"
    "    ctypes.CDLL(None).pause()"
)
"""Its main thread holds the lock of imports, as an interrupt may leave it, and hears of no signal."""


@pytest.mark.parametrize(("say", "status"), [("print('Interrupted.')", 130), ("import wave", 1)], ids=["able", "stuck"])
def test_a_thread_that_is_stuck_while_it_imports_keeps_no_command_alive(made: Path, say: str, status: int) -> None:
    end = done(made, program=LOCKED_IN.format(say=say))
    assert (end.status, end.error, end.left) == (status, "", [])
    assert end.seconds < WITHIN + 2  # Python's own start is in it


TAKEN_DOWN: Final = """
import os, signal, sys, time
from pipeline import interrupt
interrupt.watch()
class Endless:
    def __del__(self):
        while True:
            pass
sys.endless = Endless()
with interrupt.in_order(lambda status: print('Interrupted.')):
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(60)
"""
"""What one of its objects does as Python takes it down never ends, when no other thread can run any more."""


def test_an_interrupted_command_does_not_wait_for_its_objects_to_be_taken_down(made: Path) -> None:
    end = done(made, program=TAKEN_DOWN)
    assert (end.status, end.error, end.left) == (143, "", [])


def test_an_interrupt_that_cannot_be_told_of_ends_the_command_with_its_status(made: Path) -> None:
    program = WATCHED + "import signal\ndef tell(status): raise OSError(28, 'No space left on device')\n"
    end = done(made, program=program + "with interrupt.in_order(tell): signal.raise_signal(15); signal.pause()")
    assert (end.status, end.error, end.left) == (143, "", [])
