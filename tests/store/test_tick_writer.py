"""Ticks that are written block by block are read as those written at once, whatever the blocks."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import OutputNotWritable
from pipeline.store import tick_writer
from pipeline.store.parquet import read_footer
from pipeline.store.seal import file_digest
from pipeline.store.tick_file import read_ticks
from pipeline.store.tick_writer import TicksWriter
from pipeline.ticks import Ticks

if TYPE_CHECKING:
    from pathlib import Path

WORDS = ("", "XT", "OB", "A")


def ticks_of(count: int, conditions: tuple[str, ...] = ()) -> Ticks:
    rng = np.random.default_rng(count)
    return Ticks(
        timestamp=rng.integers(0, 10**6, count) * 10**9,
        kind=rng.integers(0, 3, count).astype(np.int8),
        price=rng.integers(1, 999, count) / 100,
        volume=rng.integers(0, 10**6, count),
        condition=rng.integers(0, len(conditions), count).astype(np.int32) if conditions else None,
        conditions=conditions,
    )


def columns_of(ticks: Ticks) -> list[list[object]]:
    codes = [0] * len(ticks) if ticks.condition is None else ticks.condition.tolist()
    texts = ticks.conditions or ("",)
    numbers = [column.tolist() for column in (ticks.timestamp, ticks.kind, ticks.price, ticks.volume)]
    return [*numbers, [texts[code] for code in codes]]


@settings(max_examples=settings().max_examples // 3, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    blocks=st.lists(st.tuples(st.integers(0, 30), st.sampled_from([(), ("",), WORDS, ("B", "XT")])), max_size=5),
    row_group=st.integers(1, 20),
)
def test_blocks_are_read_as_what_they_hold_together(
    tmp_path: Path, blocks: list[tuple[int, tuple[str, ...]]], row_group: int
) -> None:
    path = tmp_path / "FAB.parquet"
    written = [ticks_of(count, conditions) for count, conditions in blocks]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tick_writer, "ROW_GROUP", row_group)
        writer = TicksWriter(path, with_condition=True)
        for ticks in written:
            writer.write(ticks)
        writer.close({"exchange": "ADX"}).commit()
    read = read_ticks(path, read_footer(path).digest)
    wanted = [list(itertools.chain(*parts)) for parts in zip(*map(columns_of, written), strict=True)]
    assert columns_of(read) == (wanted or [[]] * 5)
    assert list(read.conditions) == sorted(read.conditions)
    rows = sum(count for count, _ in blocks)
    meta = pq.ParquetFile(path).metadata
    groups = [meta.row_group(number).num_rows for number in range(meta.num_row_groups)]
    assert groups == [row_group] * (rows // row_group) + [rows % row_group] * (rows % row_group > 0 or not rows)
    assert read_footer(path).metadata["exchange"] == "ADX"


def test_the_file_is_the_same_whatever_the_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tick_writer, "ROW_GROUP", 40)
    ticks = ticks_of(1000, WORDS)
    for name, block in (("a", 1000), ("b", 7)):
        writer = TicksWriter(tmp_path / f"{name}.parquet", with_condition=True)
        for start in range(0, 1000, block):
            writer.write(ticks[start : start + block])
        writer.close({}).commit()
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    assert len(file_digest(tmp_path / "a.parquet")) == 32


def test_a_disk_that_is_full_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tick_writer, "ROW_GROUP", 10)
    writer = TicksWriter(tmp_path / "FAB.parquet")
    writer.write(ticks_of(25))
    assert [path.suffix for path in tmp_path.iterdir()] == [".part"]

    def fail(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OutputNotWritable, match=r"FAB.parquet cannot be written: No space left"):
        writer.close({})
    assert list(tmp_path.iterdir()) == []


def test_what_is_discarded_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tick_writer, "ROW_GROUP", 10)
    writer = TicksWriter(tmp_path / "FAB.parquet")
    writer.write(ticks_of(25))
    writer.discard()
    assert list(tmp_path.iterdir()) == []
