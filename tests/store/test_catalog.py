from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import numpy as np
import pytest

from pipeline.errors import BadCatalog, NoStore, StaleStore, StoreError
from pipeline.store.catalog import Entry, Source, open_store, read_catalog, write_catalog
from pipeline.store.seal import file_digest
from pipeline.ticks import Ticks
from tests.made import write_ticks

if TYPE_CHECKING:
    from pathlib import Path


def ticks(rows: int = 2) -> Ticks:
    return Ticks(np.arange(rows) * 10**9, np.zeros(rows, np.int8), np.ones(rows), np.arange(rows))


def entry(ticker: str, *sources: Source, digest: str = "d") -> Entry:
    return Entry(
        ticker=ticker,
        exchange="ADX",
        file=f"{ticker}.parquet",
        rows=3,
        ticks=2,
        blank=0,
        rejects={"price missing": 1},
        fingerprint="f",
        digests={f"{ticker}.parquet": digest},
        sources=sources,
    )


def source(path: Path) -> Source:
    now = path.stat()
    return Source(path.name, str(path), now.st_size, now.st_mtime_ns, "FAB UH Equity", 3, 2, 0, {}, {"crc": "0"})


def make(directory: Path, *tickers: str) -> Path:
    for ticker in tickers:
        write_ticks(directory / f"{ticker}.parquet", ticks(), {"exchange": "ADX", "fingerprint": "f"})
    return directory


def test_a_catalog_comes_back_as_it_was_written_in_sorted_stable_bytes(tmp_path: Path) -> None:
    book = tmp_path / "t.xlsx"
    book.write_bytes(b"x")
    entries = {ticker: entry(ticker, source(book)) for ticker in ("MODON", "FAB")}
    write_catalog(tmp_path, entries)
    first = (tmp_path / "catalog.json").read_bytes()
    assert read_catalog(tmp_path) == entries
    write_catalog(tmp_path, dict(reversed(entries.items())))
    assert (tmp_path / "catalog.json").read_bytes() == first
    assert list(json.loads(first)["securities"]) == ["FAB", "MODON"]


def test_a_store_lists_its_securities_by_ticker(tmp_path: Path) -> None:
    make(tmp_path, "MODON", "FAB")
    whole = entry("FAB", digest=file_digest(tmp_path / "FAB.parquet"))
    write_catalog(tmp_path, {"FAB": whole, "MODON": entry("MODON")})
    store = open_store(tmp_path)
    assert [(each.ticker, each.exchange, each.ticks, each.entry) for each in store.securities] == [
        ("FAB", "ADX", 2, whole),
        ("MODON", "ADX", 2, None),  # the catalog lists another file
    ]
    assert {each.digest for each in store.securities} == set(whole.digests.values())
    assert all(each.size == each.path.stat().st_size for each in store.securities)


def test_a_file_that_is_not_listed_is_taken_from_its_footer_and_rejects_are_no_security(tmp_path: Path) -> None:
    make(tmp_path, "FAB", "FAB.rejects")
    assert [(each.ticker, each.fingerprint) for each in open_store(tmp_path).securities] == [("FAB", "f")]


def test_a_conversion_under_way_does_not_disturb_a_store_that_is_opened(tmp_path: Path) -> None:
    make(tmp_path, "FAB")
    (tmp_path / ".FAB.parquet.1-2.part").write_bytes(b"half")
    (tmp_path / "FOLDER.parquet").mkdir()
    assert [each.ticker for each in open_store(tmp_path).securities] == ["FAB"]


def test_a_file_in_place_of_the_directory_says_to_convert(tmp_path: Path) -> None:
    (tmp_path / "parquet").write_bytes(b"")
    with pytest.raises(NoStore, match="pipeline convert"):
        open_store(tmp_path / "parquet")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may read anything")
def test_a_directory_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "parquet").mkdir()
    (tmp_path / "parquet").chmod(0)
    with pytest.raises(NoStore, match=r"parquet cannot be read"):
        open_store(tmp_path / "parquet")


@pytest.mark.parametrize("exists", [False, True])
def test_a_directory_that_is_missing_or_empty_says_to_convert(tmp_path: Path, *, exists: bool) -> None:
    directory = tmp_path / "parquet"
    if exists:
        directory.mkdir()
    with pytest.raises(NoStore, match="pipeline convert"):
        open_store(directory)


def test_a_listed_file_that_is_gone_is_its_security_s_error(tmp_path: Path) -> None:
    make(tmp_path, "FAB")
    write_catalog(tmp_path, {"FAB": entry("FAB"), "ALDAR": entry("ALDAR")})
    gone, there = open_store(tmp_path).securities
    assert (gone.ticker, gone.exchange, there.ticker, there.error) == ("ALDAR", "ADX", "FAB", None)
    assert gone.error is not None
    assert "ALDAR.parquet is listed in catalog.json and is not there" in gone.error


def test_a_damaged_file_is_its_security_s_error(tmp_path: Path) -> None:
    make(tmp_path, "FAB")
    (tmp_path / "ALDAR.parquet").write_bytes(b"PAR1")
    damaged, whole = open_store(tmp_path).securities
    assert (damaged.ticker, damaged.ticks, whole.ticker, whole.error) == ("ALDAR", 0, "FAB", None)
    assert damaged.error is not None
    assert "ALDAR.parquet is not a whole Parquet file" in damaged.error


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"\xff\xfe", b"3", b'{"version": 1}', b'{"version": "1"}',
     b'{"version": 1, "securities": {"FAB": {"sources": []}}}', b'{"version": 1, "securities": {"FAB": 1}}'],
)  # fmt: skip
def test_a_catalog_that_cannot_be_read_is_named(tmp_path: Path, content: bytes) -> None:
    make(tmp_path, "FAB")
    (tmp_path / "catalog.json").write_bytes(content)
    with pytest.raises(BadCatalog, match=r"catalog\.json"):
        open_store(tmp_path)


@pytest.mark.parametrize("change", ["touched", "grown", "gone", "same"])
def test_a_store_is_stale_when_a_workbook_is_there_and_is_another(tmp_path: Path, change: str) -> None:
    book = tmp_path / "t.xlsx"
    book.write_bytes(b"x")
    make(tmp_path, "FAB")
    write_catalog(tmp_path, {"FAB": entry("FAB", source(book))})
    if change == "touched":
        os.utime(book, ns=(1, 1))
    elif change == "grown":
        stamp = book.stat().st_mtime_ns
        book.write_bytes(b"xx")
        os.utime(book, ns=(stamp, stamp))
    elif change == "gone":
        book.unlink()
    store = open_store(tmp_path)
    if change in ("touched", "grown"):
        with pytest.raises(StaleStore, match=r"t\.xlsx.*FAB.*pipeline convert.*--allow-stale") as raised:
            store.check_fresh()
        assert isinstance(raised.value, StoreError)
        assert raised.value.exit_status == 2
    else:
        store.check_fresh()
