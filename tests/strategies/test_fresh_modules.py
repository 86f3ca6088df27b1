"""Each replay of a plain strategy imports its files anew, so that nothing they hold comes from the replay before."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from pipeline.replay.simulate import CLASSIC, simulate
from pipeline.strategies.loading.load import load_strategy, undeclared_files
from tests.engine.replays import ADX, random_ticks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def test_what_modules_and_a_class_hold_starts_anew_with_each_replay(tmp_path: Path) -> None:
    own = """\
import random
from typing import ClassVar

from kept import NUMBERS
from pipeline.engine.strategy import Strategy

random.seed(5)
SEEN = []
CALLS = 0


class Own(Strategy):
    counters = ("c", "drawn")
    total: ClassVar[int] = 0
    c: int = 0
    drawn: int = 0

    def on_tick(self, m):
        global CALLS
        CALLS += 1
        Own.total += 1
        SEEN.append(m.event)
        NUMBERS.append(m.event)
        self.c = CALLS + Own.total + len(SEEN) + len(NUMBERS)
        self.drawn += random.randint(0, 1_000_000)
"""
    (tmp_path / "own.py").write_text(own, encoding="utf-8")
    (tmp_path / "kept.py").write_text("NUMBERS = []\n", encoding="utf-8")
    strategy = load_strategy(str(tmp_path / "own.py"))
    ticks = random_ticks(50)
    first, second = (simulate(ticks, strategy, {}, ADX, CLASSIC, "python") for _ in range(2))
    assert first.counters["c"] == 4 * first.session_rows > 0
    assert first.counters == second.counters


@pytest.fixture
def hurried_threads() -> Iterator[None]:
    """Let threads take turns a thousand times as often as they do."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(before / 1000)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("hurried_threads")
def test_threads_that_import_a_strategy_at_once_replay_it_alike(tmp_path: Path) -> None:
    text = """\
from __future__ import annotations

from kept import LIMIT
from pipeline.engine.strategy import Shares, Strategy


class Own(Strategy):
    size: Shares = 300
    recent: list = []

    def on_tick(self, m):
        if m.bid_size > 0 and m.position < LIMIT:
            m.quote_bid(m.bid, self.size)
"""
    (tmp_path / "own.py").write_text(text, encoding="utf-8")
    (tmp_path / "kept.py").write_text("LIMIT = 900\n", encoding="utf-8")
    strategy, ticks = load_strategy(str(tmp_path / "own.py")), random_ticks(50)
    with ThreadPoolExecutor(4) as threads:
        replays, opened = [], []
        for _ in range(200):
            replays.append(threads.submit(simulate, ticks, strategy, {}, ADX, CLASSIC, "python"))
            opened.append(threads.submit(undeclared_files, strategy))
        fills = [each.result().fills.quantity.tolist() for each in replays]
    assert fills == fills[:1] * 200
    assert [each.result() for each in opened] == [()] * 200
