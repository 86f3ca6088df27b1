"""A text file in any usual encoding, packed or not, is read as the same lines in blocks that none of them crosses."""

from __future__ import annotations

import gzip
import zlib
from typing import TYPE_CHECKING

import pytest

from pipeline.conversion.tables.text_file import TextBlocks, file_crc
from pipeline.errors import CorruptWorkbook, UnreadableSheet

if TYPE_CHECKING:
    from pathlib import Path

LINES = [f"{number},caf\u00e9,\u4e2d" for number in range(3_000)]
TEXT = "\n".join([*LINES, ""])


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        TEXT.encode("utf-8-sig"),
        TEXT.encode("utf-16"),
        TEXT.encode("utf-16-le"),
        TEXT.encode("utf-16-be"),
        TEXT.removesuffix("\n").encode(),
        gzip.compress(TEXT.encode()),
        gzip.compress(TEXT.encode("utf-16")) + b"\0" * 100,
        gzip.compress(TEXT[:9_000].encode()) + gzip.compress(TEXT[9_000:].encode()),
        TEXT.replace("\n", "\r").encode(),
    ],
    ids=["utf-8", "bom", "utf-16", "no bom", "big", "no end", "gzip", "gzip of utf-16", "gzips", "carriage returns"],
)
def test_every_writing_of_a_text_is_read_as_the_text(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    blocks = TextBlocks(path, 1_000)
    read = list(blocks)
    assert b"".join(read).decode() == TEXT
    assert all(block.endswith(b"\n") for block in read)
    assert blocks.crc == file_crc(path) == zlib.crc32(content)


def test_blocks_are_no_longer_than_needed(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b"0123456789\n" * 1_000_000)
    sizes = [len(block) for block in TextBlocks(path, 1 << 20)]
    assert len(sizes) > 5
    assert max(sizes) < 3 << 20


def test_a_line_end_in_quotes_cuts_no_block(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    record = b'1,"two\nlines",3\n'
    path.write_bytes(record * 300_000)
    assert [len(block) % len(record) for block in TextBlocks(path, 1 << 20)] == [0] * 5


def test_quotes_that_never_close_do_not_hold_the_file_back(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b'5" pipe,3\n' + b"1,2,3\n" * 1_000_000)
    blocks = list(TextBlocks(path, 1 << 20))
    assert len(blocks) > 3
    assert all(block.endswith(b"\n") for block in blocks)


def test_a_packed_file_that_is_cut_off_or_damaged_is_named(tmp_path: Path) -> None:
    path = tmp_path / "t.csv.gz"
    packed = gzip.compress(TEXT.encode())
    for content in (packed[:-20], packed[:100] + b"\0\0\0\0" + packed[104:], packed[:-6] + b"\0\0" + packed[-4:]):
        path.write_bytes(content)
        with pytest.raises(CorruptWorkbook, match=r"t\.csv\.gz cannot be unpacked .*: copy it again"):
            list(TextBlocks(path))


def test_an_endless_line_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b"x" * (20 << 20))
    with pytest.raises(UnreadableSheet, match="a line of it is longer than 16 MB"):
        list(TextBlocks(path, 1 << 20))


def test_an_empty_file_has_no_blocks(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b"")
    assert list(TextBlocks(path)) == []
