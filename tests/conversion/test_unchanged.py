from __future__ import annotations

import json
import os
import zipfile
from typing import TYPE_CHECKING

import pytest

from pipeline.conversion.excel.archive import open_workbook
from pipeline.conversion.fingerprint import make_record, still_holds
from pipeline.conversion.layout import blocks_of
from pipeline.conversion.rules import Rules
from pipeline.conversion.stage import convert
from pipeline.errors import NewerFormat, StaleStore
from pipeline.store.catalog import open_store
from pipeline.store.parquet import read_footer
from pipeline.store.tick_file import read_ticks
from tests.conversion.books import row_xml, shared, tick, tick_sheet, write_book

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FAB, ALDAR = "FAB UH Equity", "ALDAR UH Equity"
TEXTS = ("title", "Dates", "Type", "Price", "Size", "BID", "ASK", "TRADE")


def shared_sheet(*kinds: int, price: object = 17.3) -> str:
    """A sheet whose headers and types are shared texts 1 to 4 and `kinds`."""
    rows = row_xml(1, (shared(0),)) + row_xml(3, tuple(map(shared, (1, 2, 3, 4))))
    for at, kind in enumerate(kinds, start=4):
        time, _, _, size = tick()
        rows += row_xml(at, (time, shared(kind), tick(price=price)[2], size))
    return rows


@pytest.fixture
def book(tmp_path: Path) -> Path:
    return write_book(tmp_path / "t.xlsx", {FAB: shared_sheet(5, 6, 7), ALDAR: shared_sheet(5, 5)}, texts=TEXTS)


@pytest.fixture
def store(tmp_path: Path, book: Path) -> Path:
    convert([book], tmp_path / "store")
    return tmp_path / "store"


def statuses(book: Path, store: Path, **options: object) -> list[str]:
    return [row.status for row in convert([book], store, **options).rows]  # type: ignore[arg-type]


def test_nothing_is_converted_twice_and_rows_are_told_as_before(book: Path, store: Path) -> None:
    before = {path.name: path.stat().st_mtime_ns for path in store.iterdir()}
    rows = convert([book], store).rows
    assert [(row.status, row.rows, row.ticks, row.reader) for row in rows] == [
        ("unchanged", 3, 3, ""),
        ("unchanged", 2, 2, ""),
    ]
    assert {path.name: path.stat().st_mtime_ns for path in store.iterdir()} == before


def test_a_touch_reconverts_nothing_and_makes_the_store_fresh_again(book: Path, store: Path) -> None:
    os.utime(book, ns=(1, 1))
    with pytest.raises(StaleStore, match=r"t\.xlsx was changed after ALDAR.*--allow-stale"):
        open_store(store).check_fresh()
    assert statuses(book, store) == ["unchanged", "unchanged"]
    open_store(store).check_fresh()


def test_only_the_sheet_whose_value_was_edited_is_converted_again(book: Path, store: Path) -> None:
    write_book(book, {FAB: shared_sheet(5, 6, 7), ALDAR: shared_sheet(5, 5, price=9)}, texts=TEXTS)
    assert statuses(book, store) == ["unchanged", "converted"]
    assert read_ticks(store / "ALDAR.parquet").price.tolist() == [9.0, 9.0]


def test_a_text_added_elsewhere_reconverts_nothing(book: Path, store: Path) -> None:
    write_book(book, {FAB: shared_sheet(5, 6, 7), ALDAR: shared_sheet(5, 5)}, texts=(*TEXTS, "a note"))
    assert statuses(book, store) == ["unchanged", "unchanged"]


def test_a_new_title_reconverts_nothing(book: Path, store: Path) -> None:
    write_book(book, {FAB: shared_sheet(5, 6, 7), ALDAR: shared_sheet(5, 5)}, texts=("other", *TEXTS[1:]))
    assert statuses(book, store) == ["unchanged", "unchanged"]


def test_texts_renumbered_under_the_same_numbers_are_converted_again(book: Path, store: Path) -> None:
    # The sheets' XML is the same to the byte: only what stands behind number 5 and 6 was swapped.
    swapped = (*TEXTS[:5], "ASK", "BID", "TRADE")
    write_book(book, {FAB: shared_sheet(5, 6, 7), ALDAR: shared_sheet(5, 5)}, texts=swapped)
    assert statuses(book, store) == ["converted", "converted"]
    assert read_ticks(store / "FAB.parquet").kind.tolist() == [1, 0, 2]


def test_renumbering_as_libreoffice_does_it_changes_no_tick(book: Path, store: Path) -> None:
    digest = {each.ticker: each.digest for each in open_store(store).securities}
    moved = [("a new first text", *TEXTS), {}]
    sheets = {
        FAB: shared_sheet(5, 6, 7),
        ALDAR: shared_sheet(5, 5),
    }
    for number in range(7, -1, -1):
        sheets = {name: xml.replace(f't="s"><v>{number}<', f't="s"><v>{number + 1}<') for name, xml in sheets.items()}
    write_book(book, sheets, texts=moved[0])
    assert statuses(book, store) == ["converted", "converted"]
    assert {each.ticker: each.digest for each in open_store(store).securities} == digest
    assert statuses(book, store) == ["unchanged", "unchanged"]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"date1904": True}, "converted"),
        ({"date_format": "0.00"}, "converted"),
    ],
)
def test_what_makes_a_number_a_moment_is_part_of_the_fingerprint(
    book: Path, store: Path, change: dict[str, object], status: str
) -> None:
    sheets = {FAB: shared_sheet(5, 6, 7), ALDAR: shared_sheet(5, 5)}
    write_book(book, sheets, texts=TEXTS, **change)  # type: ignore[arg-type]
    assert statuses(book, store) == [status, status]


def test_force_converts_everything_again(book: Path, store: Path) -> None:
    assert statuses(book, store, force=True) == ["converted", "converted"]


def test_another_header_row_is_another_content(book: Path, store: Path) -> None:
    result = convert([book], store, header_row=2)
    assert [row.status for row in result.rows] == ["failed", "failed"]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda store: (store / "FAB.parquet").unlink(),
        lambda store: (store / "FAB.parquet").write_bytes(b"PAR1"),
        lambda store: (store / "FAB.parquet").write_bytes((store / "ALDAR.parquet").read_bytes()),
        lambda store: (store / "FAB.rejects.parquet").write_bytes(b"of another time"),
    ],
)
def test_a_file_that_is_not_the_one_written_is_made_again(
    book: Path, store: Path, spoil: Callable[[Path], object]
) -> None:
    spoil(store)
    assert statuses(book, store)[0] == "converted"
    assert len(read_ticks(store / "FAB.parquet")) == 3
    assert not (store / "FAB.rejects.parquet").exists() or spoil is None


@pytest.mark.parametrize("content", ["", "{", "[]", '{"version": 1}', '{"version": 1, "securities": {"FAB": {}}}'])
def test_an_unreadable_catalog_is_made_again(book: Path, store: Path, content: str) -> None:
    (store / "catalog.json").write_text(content)
    assert statuses(book, store) == ["converted", "converted"]
    assert statuses(book, store) == ["unchanged", "unchanged"]


def test_a_catalog_of_a_later_version_is_left_alone(book: Path, store: Path) -> None:
    (store / "catalog.json").write_text('{"version": 99, "securities": {}}')
    before = {path.name: path.read_bytes() for path in store.iterdir()}
    with pytest.raises(NewerFormat, match="later version of the project; update"):
        convert([book], store, force=True)
    assert {path.name: path.read_bytes() for path in store.iterdir()} == before


def test_a_workbook_under_another_name_is_the_same_content(book: Path, store: Path) -> None:
    renamed = book.with_name("renamed.xlsx")
    book.rename(renamed)
    assert statuses(renamed, store) == ["unchanged", "unchanged"]
    listed = json.loads((store / "catalog.json").read_text())["securities"]["FAB"]["sources"]
    assert [source["workbook"] for source in listed] == ["renamed.xlsx"]


def test_rejects_come_and_go_with_the_rows_that_made_them(book: Path, store: Path) -> None:
    write_book(book, {FAB: tick_sheet(tick(), tick(price=-1)), ALDAR: shared_sheet(5, 5)}, texts=TEXTS)
    assert statuses(book, store, max_rejects=0.5) == ["converted", "unchanged"]
    assert read_footer(store / "FAB.rejects.parquet").rows == 1
    assert statuses(book, store, max_rejects=0.5) == ["unchanged", "unchanged"]
    (store / "FAB.rejects.parquet").unlink()
    assert statuses(book, store, max_rejects=0.5) == ["converted", "unchanged"]
    write_book(book, {FAB: tick_sheet(tick(), tick()), ALDAR: shared_sheet(5, 5)}, texts=TEXTS)
    assert statuses(book, store, max_rejects=0.5) == ["converted", "unchanged"]
    assert not (store / "FAB.rejects.parquet").exists()


def test_a_later_converter_does_not_trust_an_earlier_record(book: Path) -> None:
    workbook = open_workbook(book)
    sheet = workbook.sheets[0]
    (block,) = blocks_of(workbook, sheet)
    record = make_record(workbook, sheet, block, Rules(), TEXTS[1:])
    assert still_holds(record, workbook, sheet, block, Rules())
    for key, other in {
        "converter": 0,
        "format": 0,
        "crc": "0",
        "size": 1,
        "sheet": "X",
        "header_row": 4,
        "columns": {},
    }.items():
        assert not still_holds({**record, key: other}, workbook, sheet, block, Rules())
    for broken in ({}, {**record, "texts": None}, {**record, "styles": []}):
        assert not still_holds(broken, workbook, sheet, block, Rules())


def test_seen_texts_that_are_not_all_shared_hang_on_the_whole_table(book: Path) -> None:
    workbook = open_workbook(book)
    (block,) = blocks_of(workbook, workbook.sheets[0])
    record = make_record(workbook, workbook.sheets[0], block, Rules(), [*TEXTS[1:], "an inline text"])
    assert set(record["texts"]) == {"all"}
    assert still_holds(record, workbook, workbook.sheets[0], block, Rules())


def test_two_conversions_give_equal_bytes(book: Path, store: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    convert([book], again, workers=1)
    assert sorted(path.name for path in again.iterdir()) == ["ALDAR.parquet", "FAB.parquet", "catalog.json"]
    for path in again.iterdir():
        assert path.read_bytes() == (store / path.name).read_bytes()


def test_recompressing_the_archive_reconverts_nothing(book: Path, store: Path) -> None:
    repacked = book.with_name("repacked.xlsx")
    with zipfile.ZipFile(book) as old, zipfile.ZipFile(repacked, "w", zipfile.ZIP_STORED) as new:
        for name in reversed(old.namelist()):
            new.writestr(name, old.read(name))
    repacked.replace(book)
    assert statuses(book, store) == ["unchanged", "unchanged"]
