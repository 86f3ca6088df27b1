from __future__ import annotations

import os
import struct
import threading
import zipfile
import zlib
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from pipeline import errors
from pipeline.conversion.excel.archive import open_workbook, unpacked
from pipeline.conversion.limits import Limits
from pipeline.conversion.plan import find_workbooks
from pipeline.conversion.security import stage_security
from pipeline.conversion.sheet import read_sheet
from pipeline.conversion.stage import convert
from pipeline.store.path import path_of
from tests.conversion.books import HEADERS, TITLES, rows_xml, text, tick, tick_sheet, write_book

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


FAB = "FAB UH Equity"
GOOD = tick_sheet(tick(), tick())


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "parquet"


def names_in(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir()) if directory.exists() else []


def not_there(folder: Path) -> Path:
    return folder / "missing.xlsx"


def a_directory(folder: Path) -> Path:
    return folder


def empty_file(folder: Path) -> Path:
    (folder / "t.xlsx").write_bytes(b"")
    return folder / "t.xlsx"


def plain_zip(folder: Path) -> Path:
    with zipfile.ZipFile(folder / "t.xlsx", "w") as archive:
        archive.writestr("readme.txt", "no workbook")
    return folder / "t.xlsx"


def password_protected(folder: Path) -> Path:
    (folder / "t.xlsx").write_bytes(
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 2000 + "EncryptedPackage".encode("utf-16-le") + b"\0" * 500
    )
    return folder / "t.xlsx"


def encrypted_zip(folder: Path) -> Path:
    path = write_book(folder / "t.xlsx", {FAB: GOOD})
    content = bytearray(path.read_bytes())
    at = content.find(b"PK\x01\x02")
    while at >= 0:
        content[at + 8] |= 1
        at = content.find(b"PK\x01\x02", at + 4)
    path.write_bytes(content)
    return path


def cut_short(folder: Path) -> Path:
    path = write_book(folder / "t.xlsx", {FAB: GOOD})
    path.write_bytes(path.read_bytes()[:-200])
    return path


def bad_shared_texts(folder: Path) -> Path:
    return write_book(folder / "t.xlsx", {FAB: GOOD}, extra={"xl/sharedStrings.xml": b"<sst><si>"})


def an_entity(folder: Path) -> Path:
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa">]><sst><si><t>&a;</t></si></sst>'
    return write_book(folder / "t.xlsx", {FAB: GOOD}, extra={"xl/sharedStrings.xml": bomb})


def zip_bomb(folder: Path) -> Path:
    return write_book(folder / "t.xlsx", {FAB: GOOD}, extra={"xl/worksheets/sheet9.xml": b"\0" * (64 << 20)})


def one_part_twice(folder: Path) -> Path:
    path = write_book(folder / "t.xlsx", {FAB: GOOD})
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("xl/worksheets/sheet1.xml", "<worksheet/>")
    return path


def twins(folder: Path) -> Path:
    return write_book(folder / "t.xlsx", {FAB: GOOD, "fab  DH equity": GOOD})


@pytest.mark.parametrize(
    ("make", "kind", "words"),
    [
        (not_there, errors.NotAWorkbook, "There is no workbook"),
        (a_directory, errors.NotAWorkbook, "directory"),
        (empty_file, errors.NotAWorkbook, "is empty"),
        (plain_zip, errors.NotAWorkbook, "zip archive but not an Excel workbook"),
        (password_protected, errors.PasswordProtected, "without a password"),
        (encrypted_zip, errors.PasswordProtected, "without a password"),
        (cut_short, errors.CorruptWorkbook, "damaged"),
        (bad_shared_texts, errors.CorruptWorkbook, "damaged"),
        (an_entity, errors.CorruptWorkbook, "damaged"),
        (one_part_twice, errors.CorruptWorkbook, "twice"),
        (zip_bomb, errors.WorkbookTooLarge, "would unpack to 64 MiB"),
        (twins, errors.DuplicateSecurity, f"'{FAB}' .* and 'fab  DH equity'"),
    ],
)
def test_a_workbook_that_cannot_be_used_is_a_named_error_and_nothing_is_written(
    tmp_path: Path, store: Path, make: Callable[[Path], Path], kind: type[errors.PipelineError], words: str
) -> None:
    with pytest.raises(kind, match=words) as raised:
        convert([make(tmp_path)], store)
    assert raised.value.exit_status == 2
    assert type(raised.value) is kind
    assert names_in(store) == []


@pytest.mark.parametrize(
    ("options", "kind", "words"),
    [
        ({"workers": 0}, errors.BadRequest, "--workers is 0"),
        ({"max_sheets": 0}, errors.BadRequest, "--max-sheets is 0"),
        ({"header_row": 0}, errors.BadRequest, "--header-row is 0"),
        ({"only": ["FAV"]}, errors.UnknownSecurity, r"No sheet is for 'FAV'\. Did you mean 'FAB'\? There are: FAB\."),
        ({"only": ["FAB", "EMAAR"]}, errors.UnknownSecurity, r"No sheet is for 'EMAAR'\. There are: FAB\."),
    ],
)
def test_a_request_that_cannot_be_meant_is_a_named_error(
    tmp_path: Path, store: Path, options: dict[str, object], kind: type[errors.PipelineError], words: str
) -> None:
    with pytest.raises(kind, match=words):
        convert([write_book(tmp_path / "t.xlsx", {FAB: GOOD})], store, **options)  # type: ignore[arg-type]
    assert names_in(store) == []


def test_no_workbook_says_where_to_put_one(store: Path) -> None:
    with pytest.raises(errors.NoWorkbook, match=r"data/raw.*pipeline demo"):
        convert([], store)


def test_a_parquet_directory_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "parquet").write_text("")
    with pytest.raises(errors.OutputNotWritable, match="parquet"):
        convert([write_book(tmp_path / "t.xlsx", {FAB: GOOD})], tmp_path / "parquet")


def test_a_parquet_directory_of_an_unknown_kind_is_named(tmp_path: Path) -> None:
    with pytest.raises(errors.UnknownScheme, match="foo://"):
        convert([write_book(tmp_path / "t.xlsx", {FAB: GOOD})], path_of("foo://bucket/ticks"))


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_parquet_directory_that_may_not_be_written_is_named(tmp_path: Path, store: Path) -> None:
    store.mkdir()
    store.chmod(0o500)
    with pytest.raises(errors.OutputNotWritable, match="parquet"):
        convert([write_book(tmp_path / "t.xlsx", {FAB: GOOD})], store)


def test_workbooks_are_found_by_name_without_excels_lock_files(tmp_path: Path) -> None:
    for name in ("b.xlsx", "a.XLSX", "~$b.xlsx", "c.xlsm", "d.xls", "notes.txt"):
        (tmp_path / name).write_bytes(b"")
    assert [path.name for path in find_workbooks(tmp_path)] == ["a.XLSX", "b.xlsx", "c.xlsm", "d.xls"]
    assert find_workbooks(tmp_path / "nowhere") == []


@pytest.mark.parametrize(
    ("name", "rows", "words"),
    [
        ("Sheet1", GOOD.replace(FAB, "ticks"), "'FAB UH Equity'"),
        ("CON UH Equity", GOOD, "file name"),
        ("ALDAR UH Equity", "", "empty"),
        ("ALDAR UH Equity", rows_xml([*TITLES]), "no row has the headers of ticks. A tick sheet needs Dates"),
        ("ALDAR UH Equity", rows_xml([*TITLES, HEADERS]), "no rows below"),
        ("ALDAR UH Equity", rows_xml([*TITLES, HEADERS[:2]]), "it holds Dates, Type."),
        ("ALDAR UH Equity", rows_xml([*TITLES, (text("Price"), *HEADERS)]), "'Price' and 'Price'"),
        ("ALDAR UH Equity", GOOD + '<row r="6"><c r="A6"></row>', "cannot be read"),
        ("ALDAR UH Equity", GOOD + '<row r="6"><c r="B6" t="s"><v>99</v></c></row>', "cannot be read"),
    ],
)  # fmt: skip
def test_a_bad_sheet_is_a_failed_row_and_the_others_are_converted(
    tmp_path: Path, store: Path, name: str, rows: str, words: str
) -> None:
    result = convert([write_book(tmp_path / "t.xlsx", {name: rows, FAB: GOOD})], store)
    assert [(row.sheet, row.status) for row in result.rows] == [(name, "failed"), (FAB, "converted")]
    assert words in str(result.rows[0].error)
    assert name in str(result.rows[0].error)
    assert result.failed == (result.rows[0],)
    assert names_in(store) == ["FAB.parquet", "catalog.json"]


def test_a_flipped_digit_behind_the_checksum_fails_its_sheet_by_name(tmp_path: Path, store: Path) -> None:
    path = tmp_path / "t.xlsx"
    write_book(path, {FAB: GOOD, "ALDAR UH Equity": GOOD})
    stored = tmp_path / "stored.xlsx"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(stored, "w", zipfile.ZIP_STORED) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    content = stored.read_bytes()
    assert content.count(b"<v>17.3</v>") == 4
    stored.write_bytes(content.replace(b"<v>17.3</v>", b"<v>17.8</v>", 1))
    result = convert([stored], store)
    assert [row.status for row in result.rows] == ["failed", "converted"]
    assert "checksum" in str(result.rows[0].error)
    assert FAB in str(result.rows[0].error)
    assert names_in(store) == ["ALDAR.parquet", "catalog.json"]


def test_a_sheet_that_unpacks_to_more_than_declared_is_not_read_on(tmp_path: Path, store: Path) -> None:
    path = write_book(tmp_path / "t.xlsx", {FAB: GOOD})
    with zipfile.ZipFile(path) as archive:
        size = archive.getinfo("xl/worksheets/sheet1.xml").file_size
    content = path.read_bytes()
    path.write_bytes(content.replace(struct.pack("<L", size), struct.pack("<L", size - 50)))
    result = convert([path], store)
    assert "checksum" in str(result.rows[0].error)
    assert names_in(store) == []


def test_limits_hold_for_single_parts_and_for_the_whole(tmp_path: Path) -> None:
    path = write_book(tmp_path / "t.xlsx", {FAB: GOOD}, texts=["x" * 300_000])
    for limits in (
        Limits(sheet_gb=1e-7),
        Limits(text_mb=0.1),
        Limits(unpacked_gb=1e-6),
        Limits(row_mb=0.1),
    ):
        with pytest.raises(errors.WorkbookTooLarge):
            open_workbook(path, limits)


def test_hidden_sheets_of_add_ins_are_passed_over_and_hidden_ticks_are_not(tmp_path: Path, store: Path) -> None:
    hidden = ["_BLPDATA", "ALDAR UH Equity"]
    path = write_book(tmp_path / "t.xlsx", {FAB: GOOD, hidden[0]: "", hidden[1]: GOOD}, hidden=hidden)
    assert [row.sheet for row in convert([path], store).rows] == [FAB, "ALDAR UH Equity"]


@pytest.mark.parametrize("name", ["Data", "EMAAR DH"])
def test_hidden_sheets_of_ticks_are_told(tmp_path: Path, store: Path, name: str) -> None:
    path = write_book(tmp_path / "t.xlsx", {FAB: GOOD, name: GOOD, "_BLPDATA": ""}, hidden=[name, "_BLPDATA"])
    first, second = convert([path], store).rows
    assert (first.status, second.sheet, second.status) == ("converted", name, "skipped")
    assert second.note.startswith("it is hidden, so its ticks were not read: unhide it in Excel")
    assert names_in(store) == ["FAB.parquet", "catalog.json"]


def test_a_workbook_of_no_visible_ticks_says_which_hidden_sheet_has_some(tmp_path: Path, store: Path) -> None:
    path = write_book(tmp_path / "t.xlsx", {"Cover": "", "Data": GOOD, "_BLPDATA": ""}, hidden=["Data", "_BLPDATA"])
    cover, data = convert([path], store).rows
    assert (cover.status, data.status) == ("failed", "skipped")
    assert "'Cover'" in str(cover.error)
    assert "Its hidden sheet 'Data' has ticks: unhide it in Excel" in str(cover.error)
    assert "_BLPDATA" not in str(cover.error)


def test_a_workbook_saved_while_it_is_read_is_a_named_error_and_nothing_of_it_is_put_in_place(
    tmp_path: Path, store: Path
) -> None:
    path = write_book(tmp_path / "t.xlsx", {FAB: GOOD, "ALDAR UH Equity": GOOD})
    convert([path], store)
    before = {name: (store / name).read_bytes() for name in names_in(store)}
    write_book(path, {FAB: tick_sheet(tick(price=5)), "ALDAR UH Equity": tick_sheet(tick(price=6))})
    once = threading.Event()

    def save_again(_event: object) -> None:
        if not once.is_set():
            once.set()
            write_book(path, {FAB: tick_sheet(tick(price=7)), "ALDAR UH Equity": GOOD})

    with pytest.raises(errors.WorkbookChanged, match=r"t\.xlsx was saved"):
        convert([path], store, workers=1, on_event=save_again)
    assert {name: (store / name).read_bytes() for name in names_in(store)} == before


def test_an_interrupted_conversion_leaves_the_old_files_and_no_others(tmp_path: Path, store: Path) -> None:
    path = write_book(tmp_path / "t.xlsx", {FAB: GOOD, "ALDAR UH Equity": GOOD})
    convert([path], store)
    before = {name: (store / name).read_bytes() for name in names_in(store)}
    write_book(path, {FAB: tick_sheet(tick(price=5)), "ALDAR UH Equity": tick_sheet(tick(price=6))})

    def interrupt(event: object) -> None:
        if getattr(event, "kind", "") == "finished":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        convert([path], store, workers=1, on_event=interrupt)
    assert {name: (store / name).read_bytes() for name in names_in(store)} == before


@pytest.mark.parametrize(
    ("step", "named"),
    [(read_sheet, "two.xlsx, sheet 'FAB UH Equity'"), (stage_security, "FAB")],
)
@pytest.mark.parametrize(
    ("workers", "advice"), [(1, "it was read alone, so convert it where more is free"), (2, "use fewer --workers")]
)
def test_a_sheet_that_memory_does_not_suffice_for_fails_and_the_others_are_converted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int, advice: str, step: Any, named: str
) -> None:
    book = write_book(
        tmp_path / "two.xlsx", {"FAB UH Equity": tick_sheet(tick()), "EMAAR DH Equity": tick_sheet(tick())}
    )

    def short(*given: Any, **more: Any) -> object:
        sheet = given[1] if step is read_sheet else given[0].sheet
        if sheet.name.startswith("FAB"):
            raise pa.ArrowMemoryError("malloc of size 64 failed")
        return step(*given, **more)

    module = "contents" if step is read_sheet else "security"
    monkeypatch.setattr(f"pipeline.conversion.{module}.{step.__name__}", short)
    rows = {row.sheet: row for row in convert([book], tmp_path / "store", workers=workers).rows}
    assert rows["EMAAR DH Equity"].status == "converted"
    assert rows["FAB UH Equity"].status == "failed"
    said = rows["FAB UH Equity"].error or ""
    assert said.startswith(f"{named}: There is not enough memory to convert it.")
    assert said.endswith(f"{advice}.")


def test_memory_that_runs_out_while_a_part_is_unpacked_is_not_a_damaged_workbook(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = open_workbook(write_book(tmp_path / "one.xlsx", {"FAB UH Equity": tick_sheet(tick())}))

    def short(*_: object) -> object:
        raise zlib.error("Error -4 while decompressing data")

    monkeypatch.setattr("pipeline.conversion.excel.archive._inflated", short)
    with pytest.raises(MemoryError):
        list(unpacked(book.path, book.sheets[0].part))
