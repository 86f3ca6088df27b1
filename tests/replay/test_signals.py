"""Signals of a security as of each of its ticks: what is read, and that nothing ahead of a tick ever is."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import backtest, explain, sweep
from pipeline.errors import ChangedSinceRun
from pipeline.markets.facts import facts_of
from pipeline.replay.other_touch import touch_rows
from pipeline.replay.signals import Signals, Source, load_signals
from pipeline.runs.reader import read_run
from pipeline.store.signal_file import signal_digest
from pipeline.store.tick_file import TickFile, read_ticks
from pipeline.store.tick_writer import TicksWriter
from pipeline.ticks import TRADE, Ticks
from tests.engine.replays import both, strategy_of
from tests.made import (
    DAY,
    EXCHANGES,
    HOUR,
    MONDAY,
    SECOND,
    contents,
    make_store,
    make_strategy,
    random_ticks,
    write_ticks,
)

NAN: Final = math.nan
FIELDS: Final = ("ask", "ask_size", "bid", "bid_size", "mid")

READS: Final = """
size: Shares = parameter(100)
edge: float = parameter(0.0)
alpha: Signal = Signal("alpha")
lead: Signal = Signal("EMAAR.mid")

def on_tick(self, m):
    if m.bid_size > 0 and self.alpha.value > self.edge:
        m.quote_bid(m.bid, self.size)
    if m.ask_size > 0 and self.lead.value < 10.0 and m.now - self.lead.time < 60_000_000_000:
        m.quote_ask(m.ask, self.size)
"""


def write_signals(folder: Path, ticker: str, times: Any, values: Any) -> Path:
    folder.mkdir(exist_ok=True, parents=True)
    path = folder / f"{ticker}.csv"
    stamps = np.asarray(times, np.int64).astype("datetime64[ns]")
    rows = [f"{time},{value}" for time, value in zip(stamps, values, strict=True)]
    path.write_text("\n".join(["time,alpha", *rows]) + "\n", encoding="utf-8")
    return path


def of_file(path: Path) -> Signals:
    return load_signals([Source("alpha", path, signal_digest(path), "alpha")], facts_of("ADX"))


def ticks_at(times: Any) -> Ticks:
    count = len(times)
    kind, price = np.full(count, TRADE, np.int8), np.full(count, 9.0)
    return Ticks(np.asarray(times, np.int64), kind, price, np.ones(count, np.int64))


seconds = st.integers(0, 60)


@settings(max_examples=80, deadline=None)
@given(st.lists(seconds, min_size=1, max_size=12, unique=True).map(sorted), st.lists(seconds, max_size=20))
def test_a_tick_has_the_last_row_that_is_not_after_it(rows: list[int], ticks: list[int]) -> None:
    with TemporaryDirectory() as folder:
        path = write_signals(Path(folder), "FAB", [MONDAY + row * SECOND for row in rows], rows)
        read = of_file(path).on(ticks_at([MONDAY + tick * SECOND for tick in ticks]))
    for tick, value, time in zip(ticks, *(column.tolist() for column in read.signals), strict=True):
        known = [row for row in rows if row <= tick]
        assert time == (MONDAY + known[-1] * SECOND if known else 0)
        assert value == known[-1] if known else math.isnan(value)


def test_what_a_tick_reads_does_not_depend_on_rows_after_it(tmp_path: Path) -> None:
    chance, ticks = np.random.default_rng(3), random_ticks(3, days=1, a_day=300)
    times = np.unique(ticks.timestamp[chance.integers(0, 300, 60)] + chance.integers(0, 2, 60))
    values = chance.normal(size=len(times))
    whole = of_file(write_signals(tmp_path, "FAB", times, values)).on(ticks)
    for cut in range(1, len(times), 7):
        before = ticks.timestamp < times[cut]
        assert before.any()
        dropped, changed = (times[:cut], values[:cut]), (times, np.append(values[:cut], values[cut:] + 9))
        for rows in (dropped, changed):
            part = of_file(write_signals(tmp_path / "part", "FAB", *rows)).on(ticks)
            for one, other in zip(whole.signals, part.signals, strict=True):
                assert one[before].tobytes() == other[before].tobytes()


def test_a_strategy_that_knows_the_next_price_a_nanosecond_later_earns_nothing_by_it(tmp_path: Path) -> None:
    """A signal is each print's own price, stamped 1 ns after it: a strategy that read ahead would never be wrong."""
    body = "class Own(Strategy):\n    alpha: Signal = Signal('alpha')\n    right: int = 0\n    wrong: int = 0\n\n"
    body += "    def on_tick(self, m):\n        if self.alpha.value == m.price:\n            self.right += 1\n"
    body += "        elif m.event > 0:\n            self.wrong += 1\n"
    count = 200
    times = MONDAY + 10 * HOUR + np.arange(count) * SECOND
    ticks = replace(ticks_at(times), price=9 + np.arange(count) * 0.01)
    signals = of_file(write_signals(tmp_path, "FAB", times + 1, ticks.price))
    final = both(strategy_of(tmp_path, body), signals.on(ticks)).final
    assert (final["s_right"], final["s_wrong"]) == (0, count - 1)
    on_time = of_file(write_signals(tmp_path, "FAB", times, ticks.price))
    assert both(strategy_of(tmp_path, body), on_time.on(ticks)).final["s_right"] == count


def touch_by_hand(quotes: Ticks, at: list[int]) -> list[tuple[float, ...]]:
    """Return another security's touch before each time, one event after the other."""
    answers = []
    for moment in at:
        book: dict[int, tuple[float, float]] = {}
        clock, last, day = -(2**62), 0, None
        for time, kind, price, volume in zip(*(c.tolist() for c in quotes.columns), strict=True):
            clock = max(clock, time)
            if clock >= moment:
                break
            if not 10 * HOUR <= time % DAY < 14 * HOUR + 45 * 60 * SECOND or price <= 0 or kind == TRADE:
                continue
            if time // DAY != day:
                book, day = {}, time // DAY
            book[kind] = (price, float(volume)) if volume > 0 else (NAN, 0.0)
            last = clock
        midnight = ((day or 0) + 1) * DAY
        if last and midnight < moment:
            book, last = {}, midnight
        (bid, bids), (ask, asks) = (book.get(kind, (NAN, 0.0 if last else NAN)) for kind in (0, 1))
        answers.append((ask, asks, bid, bids, (bid + ask) / 2, last))
    return answers


@pytest.mark.parametrize("seed", range(6))
def test_another_securitys_touch_is_that_before_the_tick_and_never_of_its_own_time(seed: int, tmp_path: Path) -> None:
    chance, count = np.random.default_rng(seed), 160
    edge = chance.choice([10 * 3600, 53_100], count)  # where a session begins, and ends
    clock = np.sort(edge + chance.integers(-40, 40, count)) + 86_400 * np.repeat([0, 1, 4, 5], count // 4)
    clock = np.sort(clock) - chance.integers(0, 3, count) * chance.integers(0, 2, count)
    price = np.where(chance.random(count) < 0.1, 0.0, 10 + chance.integers(-3, 4, count) * 0.05)
    quotes = Ticks(
        MONDAY + clock * SECOND, chance.integers(0, 3, count).astype(np.int8), price, chance.integers(0, 4, count)
    )
    path = tmp_path / "EMAAR.parquet"
    write_ticks(path, quotes, {"exchange": "DFM"})
    sources = [Source(f"EMAAR.{name}", path, "", name, facts_of("DFM")) for name in FIELDS]
    own = np.concatenate([quotes.timestamp, quotes.timestamp + 1, MONDAY + chance.integers(0, 7 * 86_400, 60) * SECOND])
    read = load_signals(sources, facts_of("ADX")).on(ticks_at(own))
    expected = np.array(touch_by_hand(quotes, own.tolist()))
    for column, (value, time) in enumerate(zip(read.signals[::2], read.signals[1::2], strict=True)):
        np.testing.assert_array_equal(value, expected[:, column])
        np.testing.assert_array_equal(time, expected[:, 5].astype(np.int64))


def test_a_security_that_is_never_quoted_in_its_session_has_no_touch(tmp_path: Path) -> None:
    path = tmp_path / "EMAAR.parquet"
    write_ticks(path, ticks_at([MONDAY, MONDAY + 12 * HOUR]), {"exchange": "DFM"})
    times, [mid] = touch_rows(path, "", facts_of("DFM"), ["mid"])
    assert (len(times), len(mid)) == (0, 0)


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """Return a store of two securities with their signals, and a strategy that reads them."""
    make_store(tmp_path / "data" / "parquet", ("FAB", "EMAAR"), days=4, a_day=300)
    times = [MONDAY + day * DAY + 9 * HOUR + step * 600 * SECOND for day in range(4) for step in range(40)]
    for seed, ticker in enumerate(("FAB", "EMAAR")):
        write_signals(tmp_path / "data" / "signals", ticker, times, np.random.default_rng(seed).normal(size=len(times)))
    file = make_strategy(tmp_path / "own.py", READS)
    text = file.read_text(encoding="utf-8")
    file.write_text(f"from pipeline.engine.signal import Signal\n{text}", encoding="utf-8")
    return tmp_path


def run(desk: Path, name: str, **options: Any) -> Any:
    options = {"report": False, "parquet_dir": desk / "data" / "parquet"} | options
    return backtest(str(desk / "own.py"), config=desk / "own.json", output_dir=desk / name, **options)


def test_runs_sweeps_and_explanations_read_the_same_signals(desk: Path) -> None:
    first = run(desk, "one")
    assert not first.failed
    assert all(result.fills > 5 for result in first.results)
    run(desk, "plain", engine="python")
    run(desk, "loky", fresh=True, workers=2, backend="loky", sensitivity=False)
    for other in ("plain", "loky"):
        for ticker in ("FAB", "EMAAR"):
            files = [desk / name / "trades" / f"{ticker}.parquet" for name in ("one", other)]
            assert files[0].read_bytes() == files[1].read_bytes()
    swept = sweep(
        strategy=str(desk / "own.py"),
        config=desk / "own.json",
        parquet_dir=desk / "data" / "parquet",
        grid={"size": [100, 70], "edge": [0.0, 0.5, 1.0]},
        report=False,
    ).frame
    of_run = {result.ticker: result.fills for result in first.results}
    same = swept[(swept["size"] == 100) & (swept["edge"] == 0.0)]
    assert dict(zip(same["security"], same["fills"], strict=True)) == of_run
    assert "Signal('alpha')" in str(explained(desk, "one", 3).memory["alpha"])


def test_parts_of_a_long_file_read_the_signals_that_the_whole_reads(desk: Path) -> None:
    run(desk, "whole")
    whole = fills_in(desk / "whole")
    for ticker in ("FAB", "EMAAR"):
        path = desk / "data" / "parquet" / f"{ticker}.parquet"
        ticks, writer = read_ticks(path), TicksWriter(path, with_condition=False)
        for day in range(4):
            writer.write(ticks[ticks.timestamp // DAY == MONDAY // DAY + day])
            writer.flush()
        writer.close({"exchange": EXCHANGES[ticker]}).commit()
        with TickFile(path) as file:
            assert len(list(file.batches())) == 4
    run(desk, "parts")
    assert fills_in(desk / "parts") == whole


def fills_in(folder: Path) -> dict[str, bytes]:
    return {name: content for name, content in contents(folder).items() if name.startswith(("trades/", "marks/"))}


@pytest.mark.usefixtures("kept_results")
def test_a_changed_file_of_signals_reruns_its_security_alone(desk: Path) -> None:
    run(desk, "one")
    assert [result.cached for result in run(desk, "two").results] == [True, True]
    path = desk / "data" / "signals" / "FAB.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("T09:00:00", "T09:00:01"), encoding="utf-8")
    again = {result.ticker: result.cached for result in run(desk, "three").results}
    assert again == {"EMAAR": True, "FAB": False}
    digests = [read_run(desk / name).signals for name in ("one", "three")]
    assert digests[0]["EMAAR"] == digests[1]["EMAAR"]
    assert digests[0]["FAB"]["alpha"] != digests[1]["FAB"]["alpha"] == signal_digest(path)
    assert digests[0]["FAB"]["EMAAR.mid"] == digests[1]["FAB"]["EMAAR.mid"]
    with pytest.raises(ChangedSinceRun, match=r"The signal alpha of FAB is not that of the run .*signals"):
        explained(desk, "one", 1)


def explained(desk: Path, name: str, number: int, **options: Any) -> Any:
    options = {"strategy": str(desk / "own.py"), "parquet_dir": desk / "data" / "parquet"} | options
    return explain("FAB", number, desk / name, **options)


def test_signals_may_be_in_a_folder_of_ones_own(desk: Path) -> None:
    (desk / "data" / "signals").rename(desk / "mine")
    lacking = run(desk, "none").failed
    assert sorted(lacking) == ["EMAAR", "FAB"]
    assert "There is no file of signals of FAB in" in lacking["FAB"]
    assert not run(desk, "named", signals=desk / "mine").failed
    assert explained(desk, "named", 1, signals=desk / "mine").number == 1


def test_a_security_whose_signals_are_wrong_fails_alone(desk: Path) -> None:
    (desk / "data" / "signals" / "EMAAR.csv").write_text("time,beta\n2025-01-06 10:00:00,1\n", encoding="utf-8")
    failed = run(desk, "one").failed
    assert list(failed) == ["EMAAR"]
    assert "has no column 'alpha': its signals are beta" in failed["EMAAR"]


def test_another_security_that_the_store_lacks_is_named(desk: Path) -> None:
    (desk / "data" / "parquet" / "EMAAR.parquet").unlink()
    assert "reads EMAAR.mid and the store holds no EMAAR" in run(desk, "one").failed["FAB"]


def test_another_security_on_another_clock_is_refused(desk: Path) -> None:
    (desk / "own.json").write_text(json.dumps({"_defaults": {}, "EMAAR": {"exchange": "LSE"}}), encoding="utf-8")
    failed = run(desk, "one", securities="FAB").failed
    assert "on the clock of Europe/London, and FAB trades on that of Asia/Dubai" in failed["FAB"]
