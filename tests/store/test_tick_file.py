"""Ticks read batch by batch are those that were written, in whole days, whatever the row groups; damage is refused."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import CorruptParquet, MissingFile, OtherTicks, WrongColumns
from pipeline.store.parquet import read_footer
from pipeline.store.tick_file import TickFile, read_ticks
from pipeline.store.tick_writer import TicksWriter
from pipeline.ticks import Ticks
from tests.made import write_ticks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DAY_MS: Final = 86_400_000
MS: Final = 1_000_000
TEXTS: Final = ("", "AB", "C", "ZZ")


def written(path: Path, groups: list[Ticks]) -> Path:
    """Write ticks, each of `groups` as a row group of its own."""
    writer = TicksWriter(path, with_condition=any(group.condition is not None for group in groups))
    for group in groups:
        writer.write(group)
        writer.flush()
    writer.close({"exchange": "ADX"}).commit()
    return path


def read_batches(path: Path) -> Iterator[Ticks]:
    with TickFile(path) as file:
        yield from file.batches()


def values(ticks: Ticks) -> list[tuple[object, ...]]:
    codes = [None] * len(ticks) if ticks.condition is None else [ticks.conditions[code] for code in ticks.condition]
    columns = (ticks.timestamp.tolist(), ticks.kind.tolist(), [price.hex() for price in ticks.price.tolist()])
    return [*zip(*columns, ticks.volume.tolist(), codes, strict=True)]


def days(ticks: Ticks) -> set[int]:
    return {time // (DAY_MS * MS) for time in ticks.timestamp.tolist()}


def on_days(of_rows: list[int], texts: tuple[str, ...] = ()) -> Ticks:
    """Return a tick for each number, on that day, each different."""
    count = len(of_rows)
    times = [(day * DAY_MS + row * 17 % DAY_MS) * MS for row, day in enumerate(of_rows)]
    return Ticks(
        np.array(times, np.int64),
        (np.arange(count) % 3).astype(np.int8),
        np.arange(count) / 8,
        np.arange(count, dtype=np.int64),
        (np.arange(count) % len(texts)).astype(np.int32) if texts else None,
        texts,
    )


@st.composite
def row_groups(draw: st.DrawFn) -> list[Ticks]:
    """Draw row groups of a few ticks each, in the order of their days but for some that step back."""
    steps = draw(st.lists(st.sampled_from([0, 0, 0, 0, 1, 1, 2, -1, -3]), min_size=1, max_size=60))
    ticks = on_days([100 + sum(steps[:row]) for row in range(len(steps))])
    ends = sorted([*draw(st.lists(st.integers(1, len(steps)), max_size=12, unique=True)), len(steps)])
    groups = [ticks[start:end] for start, end in zip([0, *ends], ends, strict=False) if end > start]
    if draw(st.booleans()):
        return groups
    own = [tuple(sorted({"", *draw(st.sets(st.sampled_from(TEXTS)))})) for _ in groups]
    return [with_texts(draw, group, texts) for group, texts in zip(groups, own, strict=True)]


def with_texts(draw: st.DrawFn, group: Ticks, texts: tuple[str, ...]) -> Ticks:
    codes = draw(st.lists(st.integers(0, len(texts) - 1), min_size=len(group), max_size=len(group)))
    return Ticks(group.timestamp, group.kind, group.price, group.volume, np.array(codes, np.int32), texts)


@given(row_groups())
def test_batches_hold_every_tick_in_order_and_whole_days(
    tmp_path_factory: pytest.TempPathFactory, groups: list[Ticks]
) -> None:
    path = written(tmp_path_factory.mktemp("t") / "T.parquet", groups)
    expected = [row for group in groups for row in values(group)]
    texts = tuple(sorted({text for group in groups for text in group.conditions}))
    if texts == ("",):
        expected, texts = [(*row[:4], None) for row in expected], ()
    with TickFile(path) as file:
        assert file.rows == len(expected)
        assert file.span == (min(row[0] for row in expected), max(row[0] for row in expected))
        batches = [*file.batches()]
    assert [row for batch in batches for row in values(batch)] == expected
    assert values(read_ticks(path)) == expected
    assert {batch.conditions for batch in (*batches, read_ticks(path))} == {texts}
    for before, after in itertools.pairwise(batches):
        assert max(days(before)) < min(days(after))


def test_a_batch_is_no_longer_than_a_row_group_and_a_day(tmp_path: Path) -> None:
    ticks = on_days([200 + row // 40 for row in range(2_000)])  # 50 days of 40 ticks
    path = written(tmp_path / "T.parquet", [ticks[start : start + 130] for start in range(0, 2_000, 130)])
    batches = [*read_batches(path)]
    assert sum(map(len, batches)) == 2_000
    assert max(map(len, batches)) <= 130 + 40
    assert all(len(batch) % 40 == 0 for batch in batches)


def test_row_groups_whose_days_interleave_are_one_batch(tmp_path: Path) -> None:
    groups = [on_days([300, 301, 302]), on_days([303, 301]), on_days([304, 305]), on_days([305, 306])]
    path = written(tmp_path / "T.parquet", groups)
    assert [sorted(days(batch)) for batch in read_batches(path)] == [[300], [301, 302, 303], [304], [305], [306]]
    newest_first = [on_days([309 - day]) for day in range(9)]
    (batch,) = read_batches(written(tmp_path / "N.parquet", newest_first))
    assert batch.timestamp.tolist() == [int(group.timestamp[0]) for group in newest_first]


def test_a_file_of_another_program_is_read_in_batches_with_statistics_or_without(tmp_path: Path) -> None:
    ticks = on_days([400 + row // 10 for row in range(100)])
    written(tmp_path / "T.parquet", [ticks])
    table = pq.read_table(tmp_path / "T.parquet").replace_schema_metadata(None)
    for statistics in (True, False):
        pq.write_table(table, tmp_path / "O.parquet", row_group_size=25, write_statistics=statistics)
        with TickFile(tmp_path / "O.parquet") as file:
            assert file.span == (int(ticks.timestamp[0]), int(ticks.timestamp[-1]))
            batches = [*file.batches()]
        assert [row for batch in batches for row in values(batch)] == values(ticks)
        assert max(map(len, batches)) <= 30


def test_no_tick_is_no_batch(tmp_path: Path) -> None:
    write_ticks(tmp_path / "T.parquet", on_days([]), {})
    with TickFile(tmp_path / "T.parquet") as file:
        assert (file.rows, file.span, [*file.batches()]) == (0, None, [])


@pytest.mark.parametrize("step", [17, pytest.param(5, marks=pytest.mark.slow)])
@pytest.mark.parametrize("texts", [(), TEXTS])
def test_a_byte_changed_anywhere_is_refused(tmp_path: Path, texts: tuple[str, ...], step: int) -> None:
    ticks = on_days([500 + row // 30 for row in range(400)], texts)
    content = written(tmp_path / "T.parquet", [ticks[:150], ticks[150:300], ticks[300:]]).read_bytes()
    damaged = tmp_path / "D.parquet"
    for place in range(0, len(content), step):
        damaged.write_bytes(content[:place] + bytes([content[place] ^ (1 << place % 8)]) + content[place + 1 :])
        for read in (read_ticks, lambda path: [*read_batches(path)]):
            with pytest.raises(CorruptParquet, match=r"D\.parquet.*pipeline convert"):
                read(damaged)


def test_a_file_cut_anywhere_is_refused(tmp_path: Path) -> None:
    ticks = on_days([500 + row // 30 for row in range(400)])
    content = written(tmp_path / "T.parquet", [ticks[:150], ticks[150:]]).read_bytes()
    for length in range(0, len(content), 5):
        (tmp_path / "D.parquet").write_bytes(content[:length])
        with pytest.raises(CorruptParquet):
            [*read_batches(tmp_path / "D.parquet")]


def test_damage_is_refused_before_the_last_batch_and_after_ticks_that_were_whole(tmp_path: Path) -> None:
    ticks = on_days([600 + row // 300 for row in range(9_000)])
    path = written(tmp_path / "T.parquet", [ticks[:3_000], ticks[3_000:6_000], ticks[6_000:]])
    content = bytearray(path.read_bytes())
    content[pq.read_metadata(path).row_group(2).column(2).dictionary_page_offset + 2_000] ^= 1
    path.write_bytes(content)
    rows = []
    with pytest.raises(CorruptParquet, match="not what its seal was made for"):  # noqa: PT012 - what came before counts
        for batch in read_batches(path):
            rows += values(batch)
    assert rows == values(ticks)[: len(rows)]
    assert len(rows) == 6_000


def test_another_digest_another_shape_and_no_file_are_refused_before_the_first_batch(tmp_path: Path) -> None:
    path = written(tmp_path / "T.parquet", [on_days([1, 2, 3])])
    digest = read_footer(path).digest
    with TickFile(path, digest) as file:
        assert file.rows == 3
    with pytest.raises(OtherTicks, match="was replaced"):
        TickFile(path, "0" * len(digest))
    with pytest.raises(MissingFile):
        TickFile(tmp_path / "no.parquet")
    pq.write_table(pq.read_table(path).drop_columns(["price"]), tmp_path / "other.parquet")
    with pytest.raises(WrongColumns, match="lacks price"):
        TickFile(tmp_path / "other.parquet")
