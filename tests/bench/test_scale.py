"""Scale is measured for real, on stores as a conversion makes them, and its chart shows what was measured."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from pipeline import backtest
from pipeline.bench.chart import scale_chart
from pipeline.bench.process import measure_process
from pipeline.bench.scale import Scale, ScaleRun, StoreScale, measure_scale, worker_counts
from pipeline.bench.synthetic import check_free_disk, make_store, sample_week
from pipeline.console.checks import show_scale
from pipeline.errors import BadRequest, PipelineError
from pipeline.inspection.counting import counted_text
from pipeline.markets.facts import facts_of
from pipeline.store.parquet import read_footer
from pipeline.store.tick_file import read_ticks
from tests.console.screens import to_pipe
from tests.made import DAY

if TYPE_CHECKING:
    from pathlib import Path

WEEK = 7 * DAY


def test_a_store_repeats_the_sample_and_backtests_like_a_converted_one(tmp_path: Path) -> None:
    sample = sample_week(tmp_path)
    assert [security.ticker for security in sample] == ["EMAAR", "FAB", "MODON", "SPINNEYS"]
    length = len(sample[1].week)
    store = make_store(tmp_path, sample, 6, 2 * length + 10)
    files = {file.stem: file for file in store.parquet_dir.glob("*.parquet")}
    assert (sorted(files), store.ticks) == (
        ["EMAAR0", "EMAAR1", "FAB0", "FAB1", "MODON0", "SPINNEYS0"],
        6 * (2 * length + 10),
    )
    assert store.originals == ("EMAAR0", "FAB0", "MODON0", "SPINNEYS0")
    ticks, week = read_ticks(files["FAB0"]), sample[1].week
    np.testing.assert_array_equal(ticks.timestamp[:length], week.timestamp)
    np.testing.assert_array_equal(ticks.timestamp[length : 2 * length] - WEEK, week.timestamp)
    np.testing.assert_array_equal(ticks.timestamp[2 * length :] - 2 * WEEK, week.timestamp[:10])
    np.testing.assert_array_equal(ticks.price[length : 2 * length], week.price)
    assert read_footer(files["FAB0"]).metadata["inspection"] == counted_text(ticks, facts_of("ADX"))
    assert files["FAB0"].read_bytes() == files["FAB1"].read_bytes()
    run = backtest(config=store.config, parquet_dir=store.parquet_dir, sensitivity=False)
    assert sorted(run.summary["security"]) == sorted(files)
    assert len(run.trades("FAB0")) > 50


@pytest.mark.slow
def test_each_store_is_measured_by_workers_beside_its_floor() -> None:
    stages: list[str] = []
    scale = Scale(securities=[3], ticks=20_000, long_ticks=1_200_000, runs=1, workers=2)
    many, long = measure_scale(scale, stages.append)
    assert [(store.securities, store.ticks) for store in (many, long)] == [(3, 60_000), (1, 1_200_000)]
    assert [(run.work, run.workers) for run in many.runs] == [
        (work, workers) for work in ("bare", "with check and page") for workers in (1, 2)
    ]
    assert {run.workers for run in long.runs} == {1}
    for store in (many, long):
        for run in store.runs:
            assert run.ns_a_tick == pytest.approx(run.seconds / store.ticks * 1e9)
            assert 20e6 < run.peak_bytes < 8e9
            assert run.ns_a_tick > store.read_ns + store.loop_ns > 0
    assert many.speed_up(many.runs[1]) == pytest.approx(many.runs[0].seconds / many.runs[1].seconds)
    assert "1 x 1,200,000 ticks: bare, workers: 1, run 1 of 1" in stages


def test_workers_double_up_to_the_most() -> None:
    assert [worker_counts(most) for most in (1, 2, 6, 8)] == [[1], [1, 2], [1, 2, 4, 6], [1, 2, 4, 8]]


@pytest.mark.parametrize(
    ("scale", "message"), [(Scale(ticks=0), "--ticks is 0"), (Scale(runs=0), "--runs is 0"), (Scale(workers=-1), "-1")]
)
def test_numbers_that_are_too_small_are_refused(scale: Scale, message: str) -> None:
    with pytest.raises(BadRequest, match=message):
        measure_scale(scale)


def test_a_disk_without_room_is_said_before_anything_is_made(tmp_path: Path) -> None:
    check_free_disk(tmp_path, [(10, 1_000)], 4)
    with pytest.raises(BadRequest, match=r"take up to 8000\.0 GB, and .* GB are free .* fewer --securities"):
        check_free_disk(tmp_path, [(1, 10**12 - 10**12 // 5)], 4)
    assert list(tmp_path.iterdir()) == []


def test_the_peak_counts_a_process_and_its_children() -> None:
    child = "import sys, time; held = b'1' * 80_000_000; time.sleep(0.6)"
    parent = f"import subprocess, sys; held = b'1' * 90_000_000; subprocess.run([sys.executable, '-c', {child!r}])"
    use = measure_process([sys.executable, "-c", parent])
    assert 170e6 < use.peak_bytes < 250e6
    assert use.seconds > 0.6


def test_a_command_that_fails_is_told_with_its_last_line() -> None:
    with pytest.raises(PipelineError, match="exit status 3: out of luck"):
        measure_process([sys.executable, "-c", "import sys; print('out of luck', file=sys.stderr); sys.exit(3)"])


def test_the_chart_has_a_bar_a_backtest_as_long_as_its_figure() -> None:
    runs = (ScaleRun("bare", 1, 4.0, 100.0, 200_000_000), ScaleRun("bare", 2, 2.0, 50.0, 300_000_000))
    picture = ET.fromstring(scale_chart([StoreScale(10, 40_000_000, 15.0, 10.0, runs)]))  # noqa: S314 - our own
    space = "{http://www.w3.org/2000/svg}"
    texts = [text.text for text in picture.iter(f"{space}text")]
    assert {"bare, 1 worker", "bare, 2 workers", "10 securities, 40.0 million ticks", "50, 300 MB"} <= {*texts}
    _, read, loop, first, second = [float(bar.attrib["width"]) for bar in picture.iter(f"{space}rect")]
    assert (read + loop) / first == pytest.approx(0.25, abs=0.01)
    assert second / first == pytest.approx(0.5, abs=0.01)


@pytest.mark.slow
def test_the_command_prints_a_table_a_store_and_draws_its_chart(tmp_path: Path) -> None:
    words = ("benchmark", "--scale", "--securities", "2", "--ticks", "5000", "--long-ticks", "0", "--runs", "1")
    chart = tmp_path / "scale.svg"
    shown = to_pipe(*words, "--workers", "1", "--chart", str(chart), cwd=tmp_path)
    assert shown.status == 0
    assert "2 securities, 10,000 ticks, medians of 1; floor on one CPU: Arrow's read" in shown.out.replace("\n", " ")
    assert chart.read_text().startswith("<svg ")


def test_what_json_has_of_a_store() -> None:
    runs = (ScaleRun("bare", 1, 4.0, 400.0, 200_000_000), ScaleRun("bare", 2, 2.5, 250.0, 300_000_000))
    result = show_scale([StoreScale(10, 10_000_000, 15.0, 10.0, runs)], 3, None)
    assert (result.facts["runs"], result.facts["chart"]) == (3, None)
    (store,) = result.facts["stores"]
    assert [(run["workers"], run["peak_bytes"], run["speed_up"]) for run in store.pop("backtests")] == [
        (1, 200_000_000, 1.0),
        (2, 300_000_000, 1.6),
    ]
    assert store == {"securities": 10, "ticks": 10_000_000, "read_ns": 15.0, "loop_ns": 10.0}
