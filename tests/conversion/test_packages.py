"""Workbooks that are odd as archives, and files that only have the ending of a workbook."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import pytest

from pipeline.conversion.stage import convert
from pipeline.errors import CorruptWorkbook, NotAWorkbook
from pipeline.store.tick_file import read_ticks
from tests.conversion.books import Cell, tick, tick_sheet, write_book

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FAB = "FAB UH Equity"
CSV = "Dates,Type,Price,Size\n2025-05-14 10:00:01,BID,17.3,100\n"
SPREADSHEET_2003 = (
    '<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?>\n'
    '<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>'
)


def repacked(folder: Path, change: Callable[[str, bytes], tuple[str, bytes]]) -> Path:
    """A workbook of three ticks with shared texts, its parts changed in name or content."""
    plain = write_book(folder / "plain.xlsx", {FAB: tick_sheet(*[tick()] * 3)}, texts=["BID"])
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(folder / "t.xlsx", "w") as new:
        for name in old.namelist():
            new.writestr(*change(name, old.read(name)))
    return folder / "t.xlsx"


@pytest.mark.parametrize(
    "change",
    [
        lambda name, content: (name.upper(), content),
        lambda name, content: (name.replace("/", "\\"), content),
        lambda name, content: (f"/{name}", content),
        lambda name, content: (name, content.replace(b'"worksheets/sheet1.xml"', b'"worksheets\\sheet1.xml"')),
        lambda name, content: (name, content.replace(b'"worksheets/sheet1.xml"', b'"/xl/Worksheets/Sheet1.xml"')),
        lambda name, content: (name, content.replace(b'Target="xl/workbook.xml"', b'Target="/XL\\workbook.xml"')),
    ],
)
def test_parts_are_found_whatever_the_case_and_the_slashes_of_their_names(
    tmp_path: Path, change: Callable[[str, bytes], tuple[str, bytes]]
) -> None:
    convert([repacked(tmp_path, change)], tmp_path / "store")
    assert len(read_ticks(tmp_path / "store" / "FAB.parquet")) == 3


@pytest.mark.parametrize("other", ["xl\\workbook.xml", "XL/Workbook.xml", "/xl/workbook.xml"])
def test_two_parts_of_one_name_but_for_case_and_slashes_are_refused(tmp_path: Path, other: str) -> None:
    path = repacked(tmp_path, lambda name, content: (name, content))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(other, b"<workbook/>")
    with pytest.raises(CorruptWorkbook, match="twice"):
        convert([path], tmp_path / "store")


@pytest.mark.parametrize("held", ["t.xlsx", "folder/FAB UH Equity.csv"])
def test_an_archive_of_files_of_ticks_is_to_be_unpacked(tmp_path: Path, held: str) -> None:
    with zipfile.ZipFile(tmp_path / "t.zip", "w") as archive:
        archive.writestr(held, b"ticks")
    with pytest.raises(NotAWorkbook, match=f"t.zip is a zip archive .*it holds '{held}': unpack it and convert that"):
        convert([tmp_path / "t.zip"], tmp_path / "store")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<html><table><tr><td>Dates</td></tr></table></html>", "web page.*save it as .xlsx"),
        (b"\xef\xbb\xbf\r\n<!DOCTYPE HTML><html/>", "web page"),
        ("<TABLE border=1>".encode("utf-16"), "web page"),
        (b"MIME-Version: 1.0\nContent-Type: multipart/related\n", "web page"),
        (b"ID;PSCALC3\nC;Y1;X1;K1\n", "SYLK file; open it in Excel and save it as .xlsx"),
        (SPREADSHEET_2003.encode(), "XML Spreadsheet of Excel 2003; open it in Excel and save it as .xlsx"),
        (CSV.encode(), "ending .csv"),
        (CSV.replace(",", "\t").encode("utf-16"), "ending .csv"),
        (CSV.replace(",", ";").encode("utf-8-sig"), "ending .csv"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 9\n", "git lfs pull"),
        (b"", "empty, not a workbook: copy it again"),
        (b"\x89PNG\r\n\x1a\n\0\0,", "not an Excel workbook"),
        (b"one word", "not an Excel workbook"),
    ],
)
@pytest.mark.parametrize("name", ["t.xlsx", "t.xls"])
def test_what_only_has_the_ending_of_a_workbook_is_named_with_what_to_do(
    tmp_path: Path, content: bytes, said: str, name: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(NotAWorkbook, match=rf"{name} is .*{said}"):
        convert([tmp_path / name], tmp_path / "store")
    assert not (tmp_path / "store").exists()


def test_formulas_that_nobody_calculated_are_told_from_an_empty_sheet(tmp_path: Path) -> None:
    formulas = tuple(Cell("", f"<f>Raw!{letter}4</f><v></v>") for letter in "ABCD")
    (row,) = convert([write_book(tmp_path / "t.xlsx", {FAB: tick_sheet(formulas, formulas)})], tmp_path / "store").rows
    assert "saved without their values: 8, the first in A4. Open the workbook in Excel, let it calculate, save" in str(
        row.error
    )
    (row,) = convert([write_book(tmp_path / "t.xlsx", {FAB: tick_sheet()})], tmp_path / "store").rows
    assert str(row.error).endswith("headers in row 3 and no rows below them.")
