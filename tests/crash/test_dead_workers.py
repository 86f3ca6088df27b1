"""A dead worker costs one security: however it ends, the others complete, and its row says in words what happened."""

from __future__ import annotations

import csv
import json
import os
import signal
from typing import TYPE_CHECKING, Final

import psutil
import pytest

from pipeline.errors import ReplayError, in_words
from pipeline.store.parquet import read_table
from tests.crash.started import Started, done
from tests.made import make_store, results

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name == "nt", reason="processes are killed as POSIX kills them")]

STRATEGY: Final = """
import os, pathlib, signal, sys, threading, time

from pipeline.engine.strategy import Shares, Strategy, parameter


class Unpicklable(Exception):
    def __init__(self, one, two):
        super().__init__("a lock and a half")
        self.lock = threading.Lock()


class Wordless(Exception):
    def __str__(self):
        raise RuntimeError("no words")


def unpicklable():
    raise Unpicklable(1, 2)


def wordless():
    raise Wordless


def eat():
    bytearray(100 << 30)


def wait():
    if not pathlib.Path("hurry").exists():
        pathlib.Path(f"waits {os.getpid()}").touch()
        time.sleep(600)


WAYS = [None, lambda: os.kill(os.getpid(), signal.SIGKILL), lambda: os._exit(0), lambda: sys.exit("done"),
        unpicklable, wordless, eat, wait]


class Ends(Strategy):
    size: Shares = parameter(300, minimum=1)
    ends: Shares = parameter(0, minimum=0)

    def on_tick(self, m):
        if m.event > 500 and self.ends > 0:
            WAYS[self.ends]()
        if m.bid > 0 and m.ask > 0:
            m.quote_bid(m.bid, self.size)
            m.quote_ask(m.ask, self.size)
"""
KILLED, EXITED, LEFT, UNPICKLABLE, WORDLESS, HUNGRY, WAITING = range(1, 8)
DIED: Final = "Its worker process died, and again when it ran alone"
TOLD: Final = {
    KILLED: DIED,
    EXITED: DIED,
    LEFT: "It called exit('done')",
    UNPICKLABLE: "Unpicklable: a lock and a half",
    WORDLESS: "Wordless: (an error without words)",
    HUNGRY: "There is not enough memory for what",
}
LOKY: Final = ("--backend", "loky", "--workers", "2")
THREADS: Final = ("--backend", "threading", "--workers", "2")
ALONE: Final = ("--backend", "sequential")
MEMORY: Final = 6 << 30
"""What a process may map; numpy, Arrow and their threads map two or three GiB that they never touch."""

LIMITED: Final = f"import resource; resource.setrlimit(resource.RLIMIT_AS, ({MEMORY}, {MEMORY}))\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dead")
    make_store(folder / "parquet")
    (folder / "ends.py").write_text(STRATEGY)
    (folder / "ends.json").write_text('{"_defaults": {}}')
    for way in range(1, 8):
        (folder / f"{way}.json").write_text(json.dumps({"_defaults": {}, "FAB": {"ends": way}}))
    assert done(folder, *words(folder / "ends.json", folder / "healthy"), PIPELINE_RESULTS_MB="0").status == 0
    return folder


def words(config: Path, output: Path, *how: str) -> tuple[str | Path, ...]:
    return (
        *("backtest", "--strategy", "ends.py", "--config", config, "--parquet-dir", "parquet"),
        *("--output-dir", output, *how),
    )


def program(way: int) -> str:
    return f"{LIMITED if way == HUNGRY else ''}from pipeline.cli import main; main()"


def summary(folder: Path) -> dict[str, dict[str, str]]:
    with (folder / "backtest_summary.csv").open(newline="", encoding="utf-8") as file:
        return {row["security"]: row for row in csv.DictReader(file)}


@pytest.mark.parametrize(
    ("way", "how"),
    [
        (KILLED, LOKY),
        (HUNGRY, LOKY),
        *((way, ALONE) for way in (LEFT, UNPICKLABLE, WORDLESS, HUNGRY)),
        *((way, LOKY) for way in (EXITED, LEFT, UNPICKLABLE, WORDLESS)),
        *((way, THREADS) for way in (LEFT, UNPICKLABLE, WORDLESS)),
    ],
)
def test_the_others_complete_and_the_row_says_what_happened(
    made: Path, tmp_path: Path, way: int, how: tuple[str, ...]
) -> None:
    end = done(made, *words(made / f"{way}.json", tmp_path / "run", *how), program=program(way))
    assert end.status == 1, end.error
    assert "Traceback" not in end.error + end.out
    assert end.left == []
    rows = summary(tmp_path / "run")
    assert TOLD[way] in rows["FAB"]["error"]
    assert TOLD[way] in " ".join(f"{end.out} {end.error}".split())
    healthy = summary(made / "healthy")
    assert {name: rows[name] for name in ("EMAAR", "MODON")} == {name: healthy[name] for name in ("EMAAR", "MODON")}
    found, whole = results(tmp_path / "run"), results(made / "healthy")
    trades = [name for name in whole if "EMAAR" in name.upper() or "MODON" in name.upper()]
    assert len(trades) >= 4
    assert {name: found[name] for name in trades} == {name: whole[name] for name in trades}
    assert "trades/FAB.parquet" not in found


@pytest.mark.parametrize(("way", "how"), [(LEFT, ALONE), *((way, LOKY) for way in (KILLED, HUNGRY))])
def test_a_sweep_loses_the_settings_of_that_worker_only(
    made: Path, tmp_path: Path, way: int, how: tuple[str, ...]
) -> None:
    end = done(
        made,
        *("sweep", "--strategy", "ends.py", "--config", made / f"{way}.json", "--parquet-dir", "parquet"),
        *("--grid", "size=100,200", "--output-dir", tmp_path / "sweep", *how),
        program=program(way),
    )
    assert end.status == 1, end.error
    assert "Traceback" not in end.error + end.out
    rows = read_table(tmp_path / "sweep" / "sweep.parquet").to_pylist()
    assert len(rows) == 6
    assert all(TOLD[way] in row["error"] for row in rows if row["security"] == "FAB")
    assert all(row["error"] is None and row["fills"] > 0 for row in rows if row["security"] != "FAB")


def test_a_worker_killed_once_costs_nothing(made: Path, tmp_path: Path) -> None:
    (made / "hurry").unlink(missing_ok=True)
    started = Started(made, *words(made / f"{WAITING}.json", tmp_path / "run", *LOKY))
    started.reach(lambda: list(made.glob("waits *")))
    (waiting,) = made.glob("waits *")
    (made / "hurry").touch()
    psutil.Process(int(waiting.name.split()[1])).kill()
    end = started.end()
    waiting.unlink()
    assert end.status == 0, end.error
    assert results(tmp_path / "run") == results(made / "healthy")


def test_the_workers_of_a_killed_command_follow_it(made: Path, tmp_path: Path) -> None:
    (made / "hurry").unlink(missing_ok=True)
    started = Started(made, *words(made / f"{WAITING}.json", tmp_path / "run", *LOKY))
    started.reach(lambda: list(made.glob("waits *")))
    started.process.kill()
    end = started.end()
    for waiting in made.glob("waits *"):
        waiting.unlink()
    assert (end.status, end.left) == (-signal.SIGKILL, [])


def test_what_a_strategy_raises_has_words_whatever_it_is() -> None:
    class Odd(Exception):
        def __str__(self) -> str:
            raise ValueError

    assert in_words(Odd()) == "Odd: (an error without words)"
    assert in_words(ReplayError("As it stands.")) == "As it stands."
    assert "not enough memory" in in_words(MemoryError())
    assert "exit(3)" in in_words(SystemExit(3))


def test_a_security_alone_that_memory_may_not_suffice_for_is_killed_without_the_command(
    made: Path, tmp_path: Path
) -> None:
    short = "import pipeline.replay.memory as memory; memory.free_memory = lambda: 1 << 10; memory.ALWAYS_FREE = 0\n"
    alone = words(made / f"{KILLED}.json", tmp_path / "run", "--securities", "FAB")
    end = done(made, *alone, program=f"{short}{program(KILLED)}")
    assert (end.status, end.left) == (1, []), end.error
    assert "FAB may need" in end.error
    assert DIED in summary(tmp_path / "run")["FAB"]["error"]
    assert json.loads((tmp_path / "run" / "run.json").read_bytes())["status"] == "complete"
