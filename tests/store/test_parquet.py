from __future__ import annotations

import hashlib
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import CorruptParquet, MissingFile, NewerFormat, OtherTicks, OutputNotWritable, WrongColumns
from pipeline.store.atomic import Staged, remove_abandoned, staging, write_bytes
from pipeline.store.parquet import read_footer, read_table, write_table
from pipeline.store.seal import file_digest
from pipeline.store.tick_file import read_ticks
from pipeline.ticks import Ticks
from tests.made import write_ticks

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MS = 1_000_000


def make_ticks(rows: int = 5000) -> Ticks:
    chance = np.random.default_rng(3)
    return Ticks(
        timestamp=np.sort(chance.integers(1_744_000_000_000, 1_746_000_000_000, rows)) * MS,
        kind=chance.integers(0, 3, rows).astype(np.int8),
        price=chance.integers(0, 3000, rows) / 100,
        volume=chance.integers(0, 10**9, rows),
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write_ticks(tmp_path / "FAB.parquet", make_ticks(), {"exchange": "ADX", "sheet": "FAB UH Equity"})
    return tmp_path / "FAB.parquet"


@given(
    st.lists(
        st.tuples(
            st.integers(-(10**12), 9 * 10**12),
            st.integers(0, 2),
            st.floats(0, allow_infinity=False, allow_nan=False),
            st.integers(0, 2**53),
        ),
        max_size=50,
    )
)
def test_ticks_come_back_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[int, int, float, int]]
) -> None:
    path = tmp_path_factory.mktemp("t") / "T.parquet"
    times, kinds, prices, volumes = zip(*rows, strict=True) if rows else ((), (), (), ())
    ticks = Ticks(
        np.array(times, np.int64) * MS,
        np.array(kinds, np.int8),
        np.array(prices, np.float64),
        np.array(volumes, np.int64),
    )
    write_ticks(path, ticks, {})
    back = read_ticks(path)
    assert (back.timestamp.dtype, back.kind.dtype, back.price.dtype, back.volume.dtype) == ("i8", "i1", "f8", "i8")
    assert back.timestamp.tolist() == [time * MS for time in times]
    assert back.kind.tolist() == list(kinds)
    assert [price.hex() for price in back.price.tolist()] == [price.hex() for price in prices]
    assert back.volume.tolist() == list(volumes)


def test_another_reader_sees_the_documented_columns(path: Path) -> None:
    schema = pq.read_schema(path)
    assert [(field.name, str(field.type)) for field in schema] == [
        ("timestamp", "timestamp[ms]"),
        ("type", "dictionary<values=string, indices=int8, ordered=0>"),
        ("price", "double"),
        ("volume", "int64"),
    ]
    meta = pq.ParquetFile(path).metadata
    assert meta.num_row_groups == 1
    encodings = [meta.row_group(0).column(column).encodings for column in range(4)]
    assert "DELTA_BINARY_PACKED" in encodings[0]
    assert any("DICTIONARY" in each for each in encodings[1])
    assert any("DICTIONARY" in each for each in encodings[2])
    assert "DELTA_BINARY_PACKED" in encodings[3]


def test_the_footer_tells_rows_and_metadata_without_the_data(path: Path) -> None:
    footer = read_footer(path)
    assert footer.rows == 5000
    assert footer.metadata == {
        "exchange": "ADX",
        "sheet": "FAB UH Equity",
        "format_version": "2",
        "seal": "blake2b-128",
    }


def test_types_are_mapped_by_their_texts_not_by_their_positions(tmp_path: Path) -> None:
    table = pa.table(
        {
            "timestamp": pa.array([0, 1, 2], pa.timestamp("ms")),
            "type": pa.DictionaryArray.from_arrays(pa.array([0, 1, 2], pa.int8()), pa.array(["TRADE", "BID", "ASK"])),
            "price": pa.array([1.0, 2.0, 3.0]),
            "volume": pa.array([1, 2, 3], pa.int64()),
        }
    )
    write_table(tmp_path / "T.parquet", table)
    assert read_ticks(tmp_path / "T.parquet").kind.tolist() == [2, 0, 1]


def with_column(table: pa.Table, name: str, values: pa.Array) -> pa.Table:
    return table.set_column(table.column_names.index(name), name, values)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda table: table.drop_columns(["price"]), "lacks price"),
        (lambda table: table.rename_columns(["time", "type", "price", "volume"]), "lacks timestamp"),
        (lambda table: with_column(table, "price", pa.array([None, 1.0])), "price has 1 empty cells"),
        (lambda table: with_column(table, "volume", pa.array([1.5, 2.0])), "volume is double"),
        (lambda table: with_column(table, "volume", pa.array([1, -1])), "a volume is below 0"),
        (lambda table: with_column(table, "volume", pa.array([1, 2**53 + 1])), "above 2\\*\\*53"),
        (lambda table: with_column(table, "timestamp", pa.array([1, 2], pa.timestamp("us"))), "timestamp is timestamp"),
        (lambda table: with_column(table, "type", pa.array(["BID", "ASK"])), "type is string"),
        (lambda table: with_column(table, "type", pa.array(["BID", "SETTLE"]).dictionary_encode()), "'SETTLE' is none"),
    ],
)
def test_a_file_that_does_not_hold_ticks_is_refused_by_name(
    tmp_path: Path, change: Callable[[pa.Table], pa.Table], words: str
) -> None:
    table = pa.table(
        {
            "timestamp": pa.array([0, 1], pa.timestamp("ms")),
            "type": pa.array(["BID", "ASK"]).dictionary_encode(),
            "price": pa.array([1.0, 2.0]),
            "volume": pa.array([1, 2], pa.int64()),
        }
    )
    pq.write_table(change(table), tmp_path / "T.parquet")
    with pytest.raises(WrongColumns, match=words):
        read_ticks(tmp_path / "T.parquet")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda _: b"",
        lambda _: b"PAR1",
        lambda _: b"Dates,Type,Price,Size\n",
        lambda whole: whole[: len(whole) // 2],
        lambda whole: whole[:-1],
        lambda whole: b"\0" * len(whole),
        lambda whole: whole[:-8] + b"\xff\xff\xff\x7fPAR1",
    ],
)
def test_a_file_that_is_no_whole_parquet_is_refused_by_name(path: Path, spoil: Callable[[bytes], bytes]) -> None:
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(CorruptParquet, match=r"FAB\.parquet.*pipeline convert"):
        read_ticks(path)


@pytest.mark.parametrize("part", range(1, 10))
def test_a_flipped_bit_in_the_data_does_not_pass(path: Path, part: int) -> None:
    whole = bytearray(path.read_bytes())
    meta = pq.ParquetFile(path).metadata
    column = meta.row_group(0).column(3)
    end = column.data_page_offset + column.total_compressed_size
    whole[end * part // 10] ^= 0x10
    path.write_bytes(whole)
    with pytest.raises(CorruptParquet):
        read_ticks(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    for read in (read_ticks, read_footer, read_table):
        with pytest.raises(MissingFile, match=r"none\.parquet"):
            read(tmp_path / "none.parquet")


def test_a_later_format_is_refused_by_name(path: Path) -> None:
    pq.write_table(
        pq.read_table(path).replace_schema_metadata({"tick-pipeline.format_version": "3"}), path, compression="none"
    )
    for read in (read_ticks, read_footer, read_table):
        with pytest.raises(NewerFormat, match="format version 3"):
            read(path)


def test_the_digest_of_a_file_is_that_of_its_pages_whatever_its_metadata(path: Path, tmp_path: Path) -> None:
    content, other = path.read_bytes(), tmp_path / "OTHER.parquet"
    pages = content[: content.index(b"TICKSEAL")]
    assert file_digest(path) == read_footer(path).digest == hashlib.blake2b(pages, digest_size=16).hexdigest()
    write_ticks(other, make_ticks(), {"exchange": "DFM", "sheet": "another"})
    assert file_digest(other) == file_digest(path)
    write_ticks(other, make_ticks(4999), {"exchange": "ADX"})
    assert file_digest(other) != file_digest(path)


def test_a_file_without_a_seal_has_the_digest_of_all_its_bytes_and_a_damaged_one_none(path: Path) -> None:
    whole = path.read_bytes()
    pq.write_table(pq.read_table(path).replace_schema_metadata({}), path)
    assert file_digest(path) == hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()
    for offset in (40, whole.index(b"TICKSEAL") + 9, len(whole) - 40):
        path.write_bytes(whole[:offset] + bytes([whole[offset] ^ 1]) + whole[offset + 1 :])
        assert file_digest(path) == ""
    path.unlink()
    assert file_digest(path) == ""


def test_ticks_are_read_from_the_file_that_was_listed_and_from_no_other(path: Path) -> None:
    listed = file_digest(path)
    assert len(read_ticks(path, listed)) == 5000
    write_ticks(path, make_ticks(4999), {"exchange": "ADX"})
    with pytest.raises(OtherTicks, match=r"FAB\.parquet was replaced"):
        read_ticks(path, listed)


def test_tables_keep_their_metadata_and_order(tmp_path: Path) -> None:
    table = pa.table({"side": ["BUY", "SELL"], "qty": [1, 2], "pnl": [0.1, -0.2]})
    write_table(
        tmp_path / "t.parquet", table, metadata={"run": "x"}, delta_columns=["qty"], dictionary_columns=["side"]
    )
    assert read_table(tmp_path / "t.parquet").to_pydict() == table.to_pydict()
    assert read_table(tmp_path / "t.parquet", ["pnl"]).column_names == ["pnl"]
    assert read_footer(tmp_path / "t.parquet").metadata["run"] == "x"


def test_a_file_without_a_row_group_has_no_rows(path: Path, tmp_path: Path) -> None:
    pq.ParquetWriter(tmp_path / "none.parquet", pq.read_schema(path).remove_metadata()).close()
    assert read_table(tmp_path / "none.parquet", ["price"]).column_names == ["price"]
    assert len(read_ticks(tmp_path / "none.parquet")) == 0


def test_reading_and_writing_ticks_loads_no_pandas(tmp_path: Path) -> None:
    code = (
        "import sys, numpy as np; from pathlib import Path; from pipeline.ticks import Ticks;"
        "from pipeline.store.tick_file import read_ticks; from pipeline.store.tick_writer import stage_ticks;"
        " p = Path(sys.argv[1]);"
        "stage_ticks(p, Ticks(np.arange(3)*10**9, np.zeros(3, np.int8), np.ones(3), np.arange(3)), {}).commit();"
        "assert len(read_ticks(p)) == 3; assert 'pandas' not in sys.modules, 'pandas'"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "t.parquet")], check=True)


def test_a_write_that_fails_leaves_the_old_file_and_no_other(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = path.read_bytes()

    def fail(*_args: object, **_options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OutputNotWritable, match="No space left"):
        write_ticks(path, make_ticks(3), {})
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == ["FAB.parquet"]


def test_an_interrupted_write_leaves_the_old_file_and_no_other(path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(KeyboardInterrupt):  # noqa: PT012, SIM117 - the interrupt comes in the middle of writing
        with staging(path) as (file, _):
            file.write(b"half")
            raise KeyboardInterrupt
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == ["FAB.parquet"]


def test_a_killed_writer_leaves_the_old_file(path: Path) -> None:
    before = path.read_bytes()
    code = (
        "import os, sys; from pathlib import Path; from pipeline.store.atomic import staging\n"
        "with staging(Path(sys.argv[1])) as (file, _):\n    file.write(b'half'); file.flush(); os._exit(9)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(path)], check=False).returncode == 9
    assert path.read_bytes() == before
    assert len(list(path.parent.iterdir())) == 2
    remove_abandoned(path.parent)
    assert list(path.parent.iterdir()) == [path]


def test_a_reader_that_holds_the_file_is_waited_for(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refusals = [PermissionError(13, "held")] * 3
    replace = type(path).replace

    def busy(self: Path, target: Path) -> Path:
        if refusals:
            raise refusals.pop()
        return replace(self, target)

    monkeypatch.setattr(type(path), "replace", busy)
    monkeypatch.setattr("pipeline.store.atomic._REPLACE_PAUSE", 0)
    write_bytes(path, b"new")
    assert path.read_bytes() == b"new"


def test_a_file_that_stays_held_is_named_and_kept(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = path.read_bytes()

    def busy(_self: Path, _target: Path) -> Path:
        raise PermissionError(13, "held")

    monkeypatch.setattr(type(path), "replace", busy)
    monkeypatch.setattr("pipeline.store.atomic._REPLACE_PAUSE", 0)
    with pytest.raises(OutputNotWritable, match=r"FAB\.parquet.*another program"):
        write_bytes(path, b"new")
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == ["FAB.parquet"]


def test_a_directory_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(OutputNotWritable, match="nowhere"):
        write_bytes(tmp_path / "nowhere" / "f", b"")


def test_files_may_be_read_by_those_the_system_allows(tmp_path: Path) -> None:
    (tmp_path / "plain").write_bytes(b"")
    write_bytes(tmp_path / "ours", b"")
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_staged_file_may_be_thrown_away_twice(tmp_path: Path) -> None:
    Staged(tmp_path / "a.part", tmp_path / "a").discard()


def test_a_file_may_be_read_by_whom_the_users_umask_lets(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_bytes(b"")
    write_bytes(tmp_path / "written", b"x")
    assert (tmp_path / "written").stat().st_mode == plain.stat().st_mode
