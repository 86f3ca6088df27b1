"""This project's replay beside other backtesters on the same synthetic ticks, each in an environment of its own.

    python tests/benchmarks/peers/compare.py [--ticks 1000000] [--runs 3] [--only hftbacktest] [--environments FOLDER]

Installs the pinned versions below with pip into FOLDER (it needs the network), makes BID, ASK and TRADE ticks from the
project's own seeded sample, runs the nearest thing to v1_baseline in each, in turn, and prints a table in Markdown.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from shape import Shape

from pipeline.bench.synthetic import sample_week
from pipeline.ticks import join_ticks

HERE = Path(__file__).resolve().parent
ENVIRONMENTS = Path(tempfile.gettempdir()) / "tick-pipeline-peers"
NS = 1e9


@dataclass(frozen=True)
class Peer:
    """A backtester: its script, what pip installs, and which of its assumptions differ from ours."""

    name: str
    script: str
    packages: tuple[str, ...]
    differs: str


OURS = Peer("this project", "with_ours.py", (), "")
PEERS = (
    Peer(
        "hftbacktest 2.4.4",
        "with_hftbacktest.py",
        ("hftbacktest==2.4.4", "numba==0.68.1", "numpy==2.2.6"),
        "the nearest: compiled, partial fills, a queue that only prints shorten. A book of all prices, kept twice "
        "(exchange and local) with latencies (0 here) between; fills at our price, not the print's; post-only",
    ),
    Peer(
        "vectorbt 1.2.0",
        "with_vectorbt.py",
        ("vectorbt==1.2.0", "numba==0.68.1", "numpy==2.4.6", "pandas==3.1.1"),
        "no book and no orders that stand: a row of prices at a time; quotes and what fills them are lines of the "
        "script, compiled, without a queue; it keeps cash and position",
    ),
    Peer(
        "nautilus_trader 1.221.0",
        "with_nautilus.py",
        ("nautilus_trader==1.221.0", "numpy==2.4.6", "pandas==2.3.3"),
        "messages between components as in live trading, a strategy in Python; a quote is of both sides; no queue: we "
        "are filled when the other side's touch comes to our price, not by prints at it; accounts and margins are kept",
    ),
    Peer(
        "backtesting.py 0.6.6",
        "with_backtesting.py",
        ("backtesting==0.6.6", "numpy==2.4.6", "pandas==3.1.1"),
        "bars, not ticks: each tick is a bar of the last price printed; no sizes, no queue: orders fill whole where a "
        "bar reaches them, a quote's bar too; fills are trades that were closed",
    ),
)


def synthetic(ticks: int) -> Shape:
    """Return so many ticks of one security of the sample, zero prices left out."""
    with tempfile.TemporaryDirectory() as folder:
        security = next(each for each in sample_week(Path(folder)) if each.ticker == "FAB")
    whole = join_ticks(list(security.blocks(ticks + ticks // 100)))
    priced = np.flatnonzero(whole.price > 0)[:ticks]
    return Shape(whole.timestamp[priced], whole.kind[priced], whole.price[priced], whole.volume[priced])


def python_of(peer: Peer, folder: Path) -> str:
    """Return the Python of a peer's environment, made where it is missing or of other versions."""
    if not peer.packages:
        return sys.executable
    environment = folder / peer.script.removesuffix(".py")
    python = environment / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    installed = environment / "installed.txt"
    if not installed.exists() or installed.read_text() != "\n".join(peer.packages):
        print(f"Installing {', '.join(peer.packages)} into {environment}", file=sys.stderr)
        venv.create(environment, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *peer.packages], check=True)
        installed.write_text("\n".join(peer.packages))
    return str(python)


def run(peer: Peer, python: str, ticks: Path, runs: int) -> tuple[list[float], float, int]:
    """Return the seconds of the engine alone, of the whole process, and the fills."""
    start = time.perf_counter()
    command = [python, str(HERE / peer.script), str(ticks), str(runs)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    whole = time.perf_counter() - start
    report = json.loads(done.stdout.splitlines()[-1])
    return report["seconds"], whole, report["fills"]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--ticks", type=int, default=1_000_000)
    arguments.add_argument("--runs", type=int, default=3)
    arguments.add_argument("--only", action="append", help="a peer, by the first word of its name; may be given again")
    arguments.add_argument("--environments", type=Path, default=ENVIRONMENTS)
    given = arguments.parse_args()
    chosen = [OURS, *(peer for peer in PEERS if peer.name.split()[0] in (given.only or [peer.name.split()[0]]))]
    pythons = {peer.name: python_of(peer, given.environments) for peer in chosen}
    engine: dict[str, list[float]] = {peer.name: [] for peer in chosen}
    whole: dict[str, list[float]] = {peer.name: [] for peer in chosen}
    fills = {}
    with tempfile.TemporaryDirectory() as folder:
        shape = synthetic(given.ticks)
        shape.save(file := Path(folder) / "ticks.npz")
        for _ in range(given.runs):
            for peer in chosen:
                seconds, process, fills[peer.name] = run(peer, pythons[peer.name], file, 1)
                engine[peer.name] += seconds
                whole[peer.name].append(process)
    shares = [int((shape.kind == kind).sum()) for kind in range(3)]
    kinds = " / ".join(f"{share:,}" for share in shares)
    print(f"{len(shape):,} ticks ({kinds} BID / ASK / TRADE), medians of {given.runs}")
    print("\n| | ns a tick, engine alone | times ours | whole process, s | fills | what differs from ours |")
    print("|---|---|---|---|---|---|")
    ours = statistics.median(engine[OURS.name])
    for peer in chosen:
        alone = statistics.median(engine[peer.name])
        cells = [peer.name, f"{alone / len(shape) * NS:,.0f}", f"{alone / ours:,.0f}"]
        cells += [f"{statistics.median(whole[peer.name]):.1f}", f"{fills[peer.name]:,}", peer.differs]
        print(f"| {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
