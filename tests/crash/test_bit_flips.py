"""Silent corruption is caught: a bit flipped or a file cut anywhere is refused by name, or changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline import api
from pipeline.errors import CorruptParquet, DamagedRun
from pipeline.runs.reader import read_fills
from pipeline.store.parquet import read_footer, read_table, write_table
from pipeline.store.tick_file import read_ticks
from tests.made import make_config, random_ticks, write_ticks

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pipeline.ticks import Ticks

FLIPS: Final = 1_000
END: Final = 4_096
"""Where the last pages' headers, the seal and the footer stand: page checksums do not reach there."""

KILOBYTE: Final = 1_024


def columns(ticks: Ticks) -> list[bytes]:
    return [column.tobytes() for column in (ticks.timestamp, ticks.kind, ticks.price, ticks.volume)]


def everything(path: Path) -> object:
    """Return all that a file says: rows, names and metadata from its end alone, and every value."""
    footer = read_footer(path)
    if "price" in footer.columns:
        return footer, columns(read_ticks(path))
    table = read_table(path)
    return footer, table.schema, table.to_pydict()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Make a file of each kind: ticks of two sizes, a table as rejects and sweeps are, fills."""
    folder = tmp_path_factory.mktemp("files")
    for name, rows in (("FAB", 40), ("EMAAR", 9_000)):
        ticks = random_ticks(rows, 2, rows)
        metadata = {"exchange": "ADX", "fingerprint": name}
        write_ticks(folder / f"{name}.parquet", ticks, metadata)
    texts = pa.table({"row": range(500), "rule": ["price missing", "no time"] * 250})
    write_table(folder / "table.parquet", texts, dictionary_columns=["rule"])
    config = make_config(folder / "c.json", ("EMAAR",))
    api.backtest(config=config, parquet_dir=folder, output_dir=folder / "run", securities=["EMAAR"], engine="python")
    return [*sorted(folder.glob("*.parquet")), folder / "run" / "trades" / "EMAAR.parquet"]


def test_of_a_thousand_flipped_bits_none_passes_for_other_data(files: list[Path], tmp_path: Path) -> None:
    chance = np.random.default_rng(20_250_112)
    passed, refused = [], 0
    for number in range(FLIPS):
        file = files[number % len(files)]
        content = bytearray(file.read_bytes())
        first = max(0, len(content) - END) if number % 2 else 0
        place, bit = int(chance.integers(first, len(content))), int(chance.integers(8))
        content[place] ^= 1 << bit
        damaged = tmp_path / file.name
        damaged.write_bytes(content)
        try:
            if everything(damaged) != everything(file):
                passed.append((file.name, place, bit))
        except CorruptParquet:
            refused += 1
    assert passed == []
    assert refused > FLIPS // 2


@pytest.mark.slow
def test_no_bit_of_a_file_can_be_flipped_unnoticed(files: list[Path], tmp_path: Path) -> None:
    (smallest,) = [file for file in files if file.name == "FAB.parquet"]
    content, expected = bytearray(smallest.read_bytes()), everything(smallest)
    damaged = tmp_path / smallest.name
    passed = []
    for place in range(len(content)):
        for bit in range(8):
            content[place] ^= 1 << bit
            damaged.write_bytes(content)
            content[place] ^= 1 << bit
            try:
                same = everything(damaged) == expected
            except CorruptParquet:
                continue
            if not same:
                passed.append((place, bit))
    assert passed == []


def test_a_file_cut_anywhere_is_refused(files: list[Path], tmp_path: Path) -> None:
    for file in files:
        content = file.read_bytes()
        damaged = tmp_path / file.name
        for length in {*range(0, len(content), KILOBYTE), *range(len(content) - 64, len(content))}:
            damaged.write_bytes(content[:length])
            for read in (read_footer, read_table):
                with pytest.raises(CorruptParquet, match=file.name):
                    read(damaged)


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:4] + b"\0" + content[4:],
        lambda content: content.replace(b"TICKSEAL", b"PICKSEAL"),
        lambda content: content[: content.index(b"TICKSEAL")] + content[content.index(b"TICKSEAL") + 40 :],
        lambda content: content.replace(b"exchange\x18\x03ADX", b"exchange\x18\x03ADQ"),
        lambda content: content + content,
    ],
    ids=["a byte more", "a broken seal", "no seal", "another exchange", "twice"],
)
def test_a_file_that_is_not_what_was_sealed_is_refused(
    files: list[Path], tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    (smallest,) = [file for file in files if file.name == "FAB.parquet"]
    damaged = tmp_path / smallest.name
    damaged.write_bytes(damage(smallest.read_bytes()))
    assert damaged.read_bytes() != smallest.read_bytes()
    with pytest.raises(CorruptParquet, match=r"FAB\.parquet.*pipeline convert"):
        read_ticks(damaged)


def test_a_seal_is_no_hindrance_to_other_readers_nor_its_lack_to_us(files: list[Path], tmp_path: Path) -> None:
    (ticks,) = [file for file in files if file.name == "EMAAR.parquet" and file.parent.name != "trades"]
    table = pq.read_table(ticks)
    assert table["volume"].to_pylist() == read_ticks(ticks).volume.tolist()
    metadata = {key: value for key, value in table.schema.metadata.items() if key != b"tick-pipeline.seal"}
    pq.write_table(table.replace_schema_metadata(metadata), tmp_path / "other.parquet")
    assert columns(read_ticks(tmp_path / "other.parquet")) == columns(read_ticks(ticks))


def test_damaged_fills_are_refused_by_whoever_reads_a_run(files: list[Path]) -> None:
    trades = files[-1]
    fills = len(read_table(trades))
    assert len(read_fills(trades.parents[1], fills, "EMAAR")) == fills
    content = bytearray(trades.read_bytes())
    content[len(content) // 2] ^= 4
    trades.write_bytes(content)
    with pytest.raises(DamagedRun, match="damaged"):
        read_fills(trades.parents[1], fills, "EMAAR")
    content[len(content) // 2] ^= 4
    trades.write_bytes(content)
