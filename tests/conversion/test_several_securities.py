"""Two securities in one sheet are never made one: such a sheet is refused with its rows named, by every reader."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.conversion import stage
from pipeline.conversion.stage import convert
from pipeline.errors import UnknownSecurity
from pipeline.store.tick_file import read_ticks
from tests.conversion.books import (
    HEADERS,
    STYLED_EMPTY,
    TITLES,
    Cell,
    content_of,
    error,
    number,
    row_xml,
    rows_xml,
    serial,
    shared,
    text,
    tick,
    tick_sheet,
    write_book,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pipeline.conversion.result import SheetRow

FAB: Final = "FAB UH Equity"
EMAAR: Final = "EMAAR DH Equity"
TEXTS: Final = ("BID", "ASK", FAB, EMAAR, "fab uh  equity", "FAB", "EMAAR", "", "Source: made up")
READERS: Final = ("fast", "row by row")


def shared_tick(kind: int = 0, price: object = 17.3) -> tuple[Cell, ...]:
    return serial("45761.5"), shared(kind), number(price), number(100)


def named_sheet(*names: Cell | None, header: Cell | None = text("Ticker"), before: bool = True) -> str:  # noqa: B008
    """A sheet with a column of names before the ticks, or behind them."""
    cells = [(header, HEADERS), *((name, shared_tick()) for name in names)]
    rows = [(named, *others) if before else (*others, named) for named, others in cells]
    return rows_xml([*TITLES, *rows])


def read(folder: Path, xml: str, reader: str, monkeypatch: pytest.MonkeyPatch) -> SheetRow:
    """Convert one sheet by a reader, which may leave it to the one behind it."""
    monkeypatch.setattr(stage, "WORTH_LOADING", 1 << 30)
    if reader == "fast":
        monkeypatch.setattr(stage, "WORTH_LOADING", 0)
        monkeypatch.setattr(stage, "WORTH_COMPILING", 0)
    book = write_book(folder / "t.xlsx", {FAB: xml}, texts=TEXTS)
    (row,) = convert([book], folder / "store", max_rejects=0.9).rows
    return row


@pytest.fixture(params=READERS)
def reader(request: pytest.FixtureRequest) -> str:
    return str(request.param)


UNKNOWN: Final = "that can be told by its name. Write the names in full"
REFUSED: Final = {
    "securities named where a block begins": (
        named_sheet(shared(2), None, shared(3), None),
        "row 4 ('FAB UH Equity') and row 6 ('EMAAR DH Equity') are of different securities, and row 5 names none",
    ),
    "tickers alone": (
        named_sheet(shared(5), shared(6), header=text(" Security ")),
        f"row 5 ('EMAAR') names no security {UNKNOWN}",
    ),
    "tickers that are numbers": (
        named_sheet(number(2222), number(1120)),
        f"row 4 ('2222') and row 5 ('1120') name no security {UNKNOWN}",
    ),
    "more numbers than are worth naming": (
        named_sheet(*(number(n) for n in range(9))),
        "row 4 ('0') and row 5 ('1') and row 6 ('2') and 6 others name no security",
    ),
    "a column of another ticker": (
        named_sheet(shared(6), shared(6)),
        "its rows are those of 'EMAAR', and the sheet is named FAB UH Equity. Rename the sheet",
    ),
    "a column that names one other security": (
        named_sheet(shared(3), shared(3)),
        "its rows are those of 'EMAAR DH Equity', and the sheet is named FAB UH Equity. Rename the sheet",
    ),
    "blocks below each other": (
        tick_sheet(tick(), tick(), (text(EMAAR),), HEADERS, tick()),
        "row 6 ('EMAAR DH Equity') and row 7 ('Dates, Type, Price, Size')",
    ),
    "blocks below each other without titles": (
        tick_sheet(tick(), (), HEADERS, tick()),
        "row 6 ('Dates, Type, Price, Size')",
    ),
    "a block with its columns in another order": (
        tick_sheet(tick(), (text("TIME"), text("Price"), text("Volume"), text("Event")), tick()),
        "row 5 ('TIME, Price, Volume, Event')",
    ),
    "a block that begins a column further right": (
        tick_sheet(*[tick()] * 20, (None, text("Dates"), text("Type"), text("Price"), text("Size")), (None, *tick())),
        "row 24 ('Dates, Type, Price')",
    ),
    "a block with a title alone": (tick_sheet(tick(), (text("AAPL US Equity"),), tick()), "row 5 ('AAPL US Equity')"),
    "blocks side by side with one column of times": (
        rows_xml([*TITLES, (*HEADERS, *HEADERS[1:]), (*tick(), *tick()[1:])]),
        "row 3 has the headers Type, Price, Size twice",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_sheet_of_several_securities_is_refused_with_its_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reader: str, case: str
) -> None:
    xml, words = REFUSED[case]
    good = read(tmp_path, tick_sheet(tick(), tick()), reader, monkeypatch)
    assert good.status == "converted"
    before = (tmp_path / "store" / "FAB.parquet").read_bytes()
    row = read(tmp_path, xml, reader, monkeypatch)
    assert row.status == "failed"
    assert str(row.error).startswith("t.xlsx, sheet 'FAB UH Equity': ")
    assert words in str(row.error)
    assert any(advice in str(row.error) for advice in ("Put each security", "Write", "Rename the sheet"))
    assert (tmp_path / "store" / "FAB.parquet").read_bytes() == before


SPLIT: Final = {
    "a ticker column": named_sheet(shared(2), shared(2), shared(3)),
    "a ticker column behind the ticks": named_sheet(shared(2), shared(2), shared(3), before=False),
    "texts in the cells": named_sheet(text(FAB), text(FAB), text(EMAAR), header=text("Symbol")),
    "a column whose header does not say it": named_sheet(shared(2), shared(4), shared(3), header=text("Fund")),
    "a column without a header": named_sheet(shared(2), shared(2), shared(3), header=None),
    "its own ticker alone": named_sheet(shared(5), shared(2), shared(3)),
    "a footer below": named_sheet(shared(2), shared(2), shared(3)) + row_xml(9, (shared(8),)),
    "a footer with a size": named_sheet(shared(2), shared(2), shared(3))
    + row_xml(9, (text("Total"), None, None, None, number(300))),
}


@pytest.mark.parametrize("case", SPLIT)
def test_a_sheet_of_several_securities_is_split_by_the_column_that_names_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reader: str, case: str
) -> None:
    if reader == "compiled":
        monkeypatch.setattr(stage, "WORTH_COMPILING", 0)
    book = write_book(tmp_path / "t.xlsx", {FAB: SPLIT[case], "ALDAR UH Equity": tick_sheet(tick())}, texts=TEXTS)
    for status in ("converted", "unchanged"):
        result = convert([book], tmp_path / "store", max_rejects=0.5)
        assert [(row.ticker, row.ticks, row.status) for row in result.rows] == [
            ("FAB", 2, status),
            ("EMAAR", 1, status),
            ("ALDAR", 1, status),
        ]
    rows = sum(row.rows for row in result.rows[:2])
    assert rows == sum(row.ticks + row.blank + sum(row.rejects.values()) for row in result.rows[:2])
    files = [path for path in (tmp_path / "store").glob("*.parquet") if ".rejects" not in path.name]
    assert {path.stem: len(read_ticks(path)) for path in files} == {
        "ALDAR": 1,
        "EMAAR": 1,
        "FAB": 2,
    }


def test_a_part_of_a_split_sheet_is_joined_with_the_security_elsewhere(tmp_path: Path) -> None:
    later = rows_xml([*TITLES, HEADERS, tick(45800.5), tick(45800.6)])
    sheets = {"Sheet1": named_sheet(shared(2), shared(3)), FAB: later}
    book = write_book(tmp_path / "t.xlsx", sheets, texts=TEXTS)
    assert [(row.ticker, row.ticks) for row in convert([book], tmp_path / "store").rows] == [
        ("FAB", 1),
        ("EMAAR", 1),
        ("FAB", 2),
    ]
    assert len(read_ticks(tmp_path / "store" / "FAB.parquet")) == 3
    sheets[FAB] = rows_xml([*TITLES, HEADERS, tick(45800.5)])
    write_book(book, sheets, texts=TEXTS)
    assert [row.status for row in convert([book], tmp_path / "store").rows] == ["converted", "unchanged", "converted"]
    assert len(read_ticks(tmp_path / "store" / "FAB.parquet")) == 2


@pytest.mark.parametrize("options", [{"only": ["EMAAR"]}, {"only": ["emaar dh equity"]}])
def test_one_security_of_a_split_sheet_can_be_chosen(tmp_path: Path, options: dict[str, Any]) -> None:
    book = write_book(tmp_path / "t.xlsx", {"Sheet1": named_sheet(shared(2), shared(3))}, texts=TEXTS)
    assert [row.ticker for row in convert([book], tmp_path / "store", **options).rows] == ["EMAAR"]
    with pytest.raises(UnknownSecurity, match=r"No sheet is for 'ALDAR'\..* There are: EMAAR, FAB\."):
        convert([book], tmp_path / "store", only=["ALDAR"])


def test_a_sheet_whose_rows_name_nothing_says_where_to_write_it(tmp_path: Path) -> None:
    book = write_book(tmp_path / "t.xlsx", {"Sheet1": named_sheet(None, None).replace(FAB, "ticks")}, texts=TEXTS)
    (row,) = convert([book], tmp_path / "store").rows
    assert "no row names its security, nor does the sheet" in str(row.error)


ONE: Final = {
    "one security in a column": (named_sheet(shared(2), shared(2)), 2),
    "in another case": (named_sheet(shared(2), shared(4)), 2),
    "its ticker alone": (named_sheet(shared(5), shared(5)), 2),
    "its ticker and exchange": (named_sheet(text("ADX:FAB"), text("ADX:FAB")), 2),
    "its ISIN": (named_sheet(text("AEN000101016"), text("AEN000101016")), 2),
    "its RIC": (named_sheet(text("FAB.AD"), text("FAB.AD"), header=text("RIC")), 2),
    "its name in words": (named_sheet(text("First Abu Dhabi Bank"), text("First Abu Dhabi Bank")), 2),
    "cells left empty": (named_sheet(shared(2), None, shared(7), STYLED_EMPTY), 4),
    "a column without a name in it": (named_sheet(None, None), 2),
    "a column with errors": (named_sheet(error("#N/A"), error("#N/A")), 2),
    "a footer below the column": (named_sheet(shared(2), shared(2)) + row_xml(9, (shared(8),)), 2),
    "columns of other things": (named_sheet(text("x"), text("y"), header=text("Broker")), 2),
    "its own name again": (tick_sheet(*[tick()] * 20, (text(FAB),), tick()), 21),
    "another name in the title": (tick_sheet(shared_tick()).replace(f">{FAB}<", f">{EMAAR}<"), 1),
}


@pytest.mark.parametrize("case", ONE)
def test_a_sheet_of_one_security_is_converted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reader: str, case: str
) -> None:
    xml, ticks = ONE[case]
    row = read(tmp_path, xml, reader, monkeypatch)
    assert row.error is None
    assert len(read_ticks(tmp_path / "store" / "FAB.parquet")) == row.ticks == ticks
    assert row.reader == reader


names = st.sampled_from(
    [shared(2), shared(2), shared(2), shared(3), shared(7), None, STYLED_EMPTY, text(FAB), number(7)]
)


@given(cells=st.lists(st.tuples(names, st.booleans()), min_size=1, max_size=8), before=st.booleans())
def test_every_reader_finds_the_same_securities(
    tmp_path_factory: pytest.TempPathFactory,
    cells: Sequence[tuple[Cell | None, bool]],
    before: bool,  # noqa: FBT001
) -> None:
    from pipeline.conversion.excel.archive import open_workbook
    from pipeline.conversion.excel.loop_rows import read_rows
    from pipeline.conversion.layout import blocks_of
    from pipeline.conversion.sheet import read_sheet
    from pipeline.errors import SheetError
    from pipeline.native.functions import compiled

    rows = [(name, shared_tick() if is_tick else (None,) * 4) for name, is_tick in cells]
    lines = [(text("Ticker"), HEADERS), *rows]
    xml = rows_xml([*TITLES, *((named, *others) if before else (*others, named) for named, others in lines)])
    book = write_book(tmp_path_factory.getbasetemp() / "securities.xlsx", {FAB: xml}, texts=TEXTS)
    outcomes: list[Any] = []
    for loop in (compiled(read_rows), None):
        workbook = open_workbook(book)
        try:
            content = read_sheet(workbook, workbook.sheets[0], *blocks_of(workbook, workbook.sheets[0]), loop)
            outcomes.append((content_of(content.parsed), set(content.parsed.securities) - {""}))
        except SheetError as refused:
            outcomes.append(str(refused))
    assert outcomes[0] == outcomes[1]
