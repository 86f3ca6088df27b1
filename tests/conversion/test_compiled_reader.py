"""The reader of one pass: what it takes, which rows it leaves to the judge, and which sheets to the row reader."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any, Final

import pytest

from pipeline.conversion import stage
from pipeline.conversion.excel.archive import open_workbook
from pipeline.conversion.excel.loop_rows import read_rows
from pipeline.conversion.stage import convert
from pipeline.native.functions import compiled
from tests.conversion.books import (
    Cell,
    content_of,
    number,
    read_both,
    read_by_rows,
    read_compiled,
    row_xml,
    serial,
    shared,
    text,
    tick_sheet,
    write_book,
)

ROOT: Final = Path(__file__).parents[2]
FAB: Final = "FAB UH Equity"
TEXTS: Final = ("BID", "Ask", " TRADE ", "SETTLE", "")


def tick(time: object = "45761.5", kind: int = 0, price: object = 17.3, size: object = 100) -> tuple[Cell, ...]:
    return serial(time), shared(kind), number(price), number(size)


def book_of(folder: Path, xml: str, **more: Any) -> Path:
    return write_book(folder / "t.xlsx", {FAB: xml}, texts=TEXTS, **more)


CLEAN: Final = {
    "ticks of every type": tick_sheet(tick(kind=0), tick(kind=1), tick(kind=2)),
    "prices of seventeen digits": tick_sheet(tick(price="18.719999999999999"), tick(price="0.52500000000000002")),
    "prices of many digits": tick_sheet(tick(price="0.1234567890123456"), tick(price="12345678901234567")),
    "noughts": tick_sheet(tick(price=0, size=0), tick(price="0.0")),
    "the largest size": tick_sheet(tick(size=2**53)),
    "whole days": tick_sheet(tick(time=45761), tick(time="45761.99999")),
    "a time between two milliseconds": tick_sheet(tick(time="45761.333333333336"), tick(time="45761.000000011572")),
    "rows left out": tick_sheet(tick(), (), (), tick()),
    "empty rows": tick_sheet(tick()) + '<row r="5"/><row r="6" ht="15"/><row r="9"></row>' + row_xml(10, tick()),
    "rows of formatted cells": tick_sheet(tick())
    + '<row r="5"><c r="A5" s="1"/><c r="D5"/></row>'
    + row_xml(6, tick())
    + '<row r="7"><c r="A7" s="1"/></row>',
    "other columns": tick_sheet((*tick(), number(1), shared(4), shared(3)), (*tick(), None, serial(3))),
    "a row of another column": tick_sheet(tick(), (None, None, None, None, number(2)), tick()),
    "attributes of rows": tick_sheet(tick()).replace(
        '<row r="4"', '<row r="4" spans="1:4" x:dyDescent="0.25" xmlns:x="u"'
    ),
    "numbers that say so": tick_sheet(tick()).replace('<c r="C4"', '<c r="C4" t="n"'),
    "columns to the right": row_xml(3, (text("Dates"), text("Type"), text("Price"), text("Size")), 22)
    + row_xml(4, tick(), 22),
    "no titles": tick_sheet(tick()).partition("</row>")[2],
}


@pytest.mark.parametrize("sheet", CLEAN)
def test_what_excel_writes_is_read_as_row_by_row(tmp_path: Path, sheet: str) -> None:
    book = book_of(tmp_path, CLEAN[sheet])
    fast, by_row = read_both(book)
    assert fast is not None
    assert content_of(fast) == content_of(by_row)
    assert fast.texts == by_row.texts
    assert len(fast.ticks) > 0


def test_dates_count_from_1904_where_the_workbook_says_so(tmp_path: Path) -> None:
    book = book_of(tmp_path, tick_sheet(tick(time="44299.41667824074")), date1904=True)
    compiled, by_row = read_both(book)
    assert compiled is not None
    assert content_of(compiled) == content_of(by_row)


@pytest.mark.parametrize("count", [1, 17, 18, 60])
def test_sheets_shorter_and_longer_than_the_head_are_read(tmp_path: Path, count: int) -> None:
    book = book_of(tmp_path, tick_sheet(*(tick(price=n, kind=n % 3) for n in range(count))))
    compiled, by_row = read_both(book)
    assert compiled is not None
    assert content_of(compiled) == content_of(by_row)
    assert len(compiled.ticks) == count


HEAD: Final = [tick()] * 26
ROW_30, ROW_31 = row_xml(30, tick()), row_xml(31, tick())
UNUSUAL: Final = {
    "a reject": tick_sheet(*HEAD, tick(), tick(kind=3)),
    "a blank text for a type": tick_sheet(*HEAD, tick(), tick(kind=4)),
    "a text that is not there": tick_sheet(*HEAD, tick(), tick(kind=len(TEXTS))),
    "a type written in the cell": tick_sheet(*HEAD, tick(), (serial(45761), text("BID"), number(1), number(1))),
    "a number for a type": tick_sheet(*HEAD, tick(), (serial(45761), number(0), number(1), number(1))),
    "a cell of four missing": tick_sheet(*HEAD, tick(), (serial(45761), shared(0), number(1))),
    "an empty cell of four": tick_sheet(*HEAD, tick(), (*tick()[:3], Cell('s="1"', ""))),
    "a number that shows no date": tick_sheet(*HEAD, tick(), (number(45761), *tick()[1:])),
    "a price that shows a date": tick_sheet(*HEAD, tick(), (*tick()[:2], serial(17), number(1))),
    "a size that shows a date": tick_sheet(*HEAD, tick(), (*tick()[:3], serial(17))),
    "a style that is not there": tick_sheet(*HEAD, tick(), (serial(45761, style=9), *tick()[1:])),
    "a text for a price": tick_sheet(*HEAD, tick(), (*tick()[:2], shared(0), number(1))),
    "an error": tick_sheet(*HEAD, tick(), (*tick()[:2], Cell('t="e"', "<v>#N/A</v>"), number(1))),
    "a formula": tick_sheet(*HEAD, tick(), (*tick()[:2], Cell("", "<f>1+1</f><v>2</v>"), number(1))),
    "a time before all dates": tick_sheet(*HEAD, tick(), tick(time="0.5")),
    "a time behind all dates": tick_sheet(*HEAD, tick(), tick(time="300000")),
    "a time near half a millisecond": tick_sheet(*HEAD, tick(), tick(time="45761.50000000579")),
    "a negative price": tick_sheet(*HEAD, tick(), tick(price=-1)),
    "a price with an exponent": tick_sheet(*HEAD, tick(), tick(price="1E-2")),
    "a price of eighteen digits": tick_sheet(*HEAD, tick(), tick(price="0.123456789012345678")),
    "a price that ends in its point": tick_sheet(*HEAD, tick(), tick(price="17.")),
    "a price that begins with it": tick_sheet(*HEAD, tick(), tick(price=".5")),
    "a blank before a price": tick_sheet(*HEAD, tick(), tick(price=" 17.3")),
    "half a share": tick_sheet(*HEAD, tick(), tick(size="100.5")),
    "too large a size": tick_sheet(*HEAD, tick(), tick(size=2**53 + 2)),
    "a letter by its number": tick_sheet(*HEAD, tick(), tick(price="1&#55;")),
    "a comment within a value": tick_sheet(*HEAD, tick(), tick(price="1<!-- -->7")),
    "a comment between rows": "<!-- -->".join((tick_sheet(*HEAD, tick()), ROW_31)),
    "a comment behind the rows": tick_sheet(*HEAD, tick()) + "</sheetData><!-- --><sheetData>",
    "blanks between rows": "\n".join((tick_sheet(*HEAD, tick()), ROW_31)),
    "a row twice": tick_sheet(*HEAD, tick(), tick()) + ROW_31,
    "rows out of order": tick_sheet(*HEAD) + ROW_31 + ROW_30,
    "a row without a number": tick_sheet(*HEAD, tick(), tick()).replace('<row r="31"', "<row"),
    "a row whose number comes late": tick_sheet(*HEAD, tick(), tick()).replace('<row r="31"', '<row ht="1" r="31"'),
    "a cell without a place": tick_sheet(*HEAD, tick(), tick()).replace('<c r="C31"', "<c"),
    "a cell of another row": tick_sheet(*HEAD, tick(), tick()).replace('r="C31"', 'r="C30"'),
    "cells out of order": tick_sheet(*HEAD, tick(), tick()).replace('r="C31"', 'r="E31"'),
    "a cell behind the last column": tick_sheet(*HEAD, tick(), (*tick(), number(1))).replace('r="E31"', 'r="XFE31"'),
    "a row behind the last": tick_sheet(*HEAD, tick()) + '<row r="1048577"/>',
    "single quotes": tick_sheet(*HEAD, tick(), tick()).replace('r="C31"', "r='C31'"),
    "a row from elsewhere": tick_sheet(*HEAD, tick()) + '<x:row xmlns:x="u" r="31"/>',
    "rows in a second table": tick_sheet(*HEAD, tick()) + f"</sheetData><sheetData>{ROW_31}",
    "no rows below the headers": tick_sheet(),
}


LEFT: Final = {
    "a comment within a value",
    "a text that is not there",
    "a row twice",
    "rows out of order",
    "a cell of another row",
    "a cell behind the last column",
    "a row behind the last",
    "a row from elsewhere",
    "rows in a second table",
}
"""What one pass does not take: the row reader judges, or refuses, the sheet."""


@pytest.mark.parametrize("sheet", UNUSUAL)
def test_a_row_that_is_no_clean_tick_costs_that_row_and_not_the_sheet(tmp_path: Path, sheet: str) -> None:
    book = book_of(tmp_path, UNUSUAL[sheet])
    fast = read_compiled(book)
    assert (fast is None) == (sheet in LEFT)
    if fast is not None:
        by_row = read_by_rows(book)
        assert content_of(fast) == content_of(by_row)
        assert fast.row_numbers.tolist() == by_row.row_numbers.tolist()


@pytest.mark.parametrize(("before", "after"), [(b"<v>17.3</v>", b"<v>18.3</v>"), (b'<row r="40">', b'<row r="41">')])
def test_a_flipped_byte_is_an_error_whether_it_still_reads_or_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: bytes, after: bytes
) -> None:
    book = book_of(tmp_path, tick_sheet(*[tick()] * 50))
    with zipfile.ZipFile(book) as packed, zipfile.ZipFile(tmp_path / "stored.xlsx", "w") as stored:
        for name in packed.namelist():
            stored.writestr(name, packed.read(name))
    content = (tmp_path / "stored.xlsx").read_bytes()
    assert before in content
    (tmp_path / "stored.xlsx").write_bytes(content.replace(before, after))
    monkeypatch.setattr(stage, "WORTH_LOADING", 1)
    monkeypatch.setattr(stage, "WORTH_COMPILING", 1)
    (row,) = convert([tmp_path / "stored.xlsx"], tmp_path / "store").rows
    assert (row.status, "does not match its checksum" in str(row.error)) == ("failed", True)


def test_a_long_sheet_comes_in_pieces_and_is_read_whole(tmp_path: Path) -> None:
    book = book_of(tmp_path, tick_sheet(*(tick(price=n / 8, kind=n % 3, size=n) for n in range(30_000))))
    assert open_workbook(book).sheets[0].part.file_size > 3 << 20
    fast, by_row = read_both(book)
    assert fast is not None
    assert content_of(fast) == content_of(by_row)


def test_a_large_conversion_gives_the_same_bytes_whoever_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clean, rejecting = (tick_sheet(*(tick(price=n) for n in range(40)), *more) for more in ((), (tick(kind=3),)))
    book = write_book(tmp_path / "t.xlsx", {FAB: clean, "EMAAR DH Equity": rejecting}, texts=TEXTS)
    monkeypatch.setattr(stage, "WORTH_LOADING", 1 << 30)
    assert [row.reader for row in convert([book], tmp_path / "by rows").rows] == ["row by row"] * 2
    monkeypatch.setattr(stage, "WORTH_LOADING", 1)
    monkeypatch.setattr(stage, "WORTH_COMPILING", 1)
    assert [row.reader for row in convert([book], tmp_path / "compiled").rows] == ["fast"] * 2
    for file in ("FAB.parquet", "EMAAR.parquet", "EMAAR.rejects.parquet"):
        assert (tmp_path / "compiled" / file).read_bytes() == (tmp_path / "by rows" / file).read_bytes()
    catalogs = [json.loads((tmp_path / name / "catalog.json").read_text()) for name in ("compiled", "by rows")]
    assert catalogs[0] == catalogs[1] or _without_times(catalogs[0]) == _without_times(catalogs[1])
    again = convert([book], tmp_path / "by rows")
    assert [row.status for row in again.rows] == ["unchanged", "unchanged"]


def _without_times(catalog: Any) -> Any:
    """A catalog without the times of its files, which two conversions do not share."""
    if isinstance(catalog, dict):
        return {key: _without_times(value) for key, value in catalog.items() if key != "marks"}
    return catalog


IN_A_PROCESS: Final = """
import json, sys
from pipeline.conversion.excel.loop_rows import read_rows
from pipeline.native.functions import compiled, is_compiled
compilations = []
is_there = is_compiled(read_rows)
compiled(read_rows, lambda: compilations.append(1))
print(json.dumps({"there": is_there, "compiled": len(compilations)}))
"""


def test_a_second_process_finds_the_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIPELINE_CACHE_DIR", str(tmp_path))
    processes = []
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", IN_A_PROCESS], capture_output=True, text=True, check=False, cwd=ROOT
        )
        assert done.returncode == 0, done.stderr
        processes.append(json.loads(done.stdout))
    assert processes == [
        {"there": False, "compiled": 1},
        {"there": True, "compiled": 0},
    ]


def test_a_small_workbook_is_read_by_the_loop_where_that_is_compiled_already(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert compiled(read_rows) is not None
    monkeypatch.setattr(stage, "WORTH_LOADING", 1)
    (row,) = convert([book_of(tmp_path, tick_sheet(*[tick()] * 50))], tmp_path / "store").rows
    assert (row.status, row.reader) == ("converted", "fast")
