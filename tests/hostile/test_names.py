"""A sheet's name cannot escape or collide: it stays inside the directory, as a plain name of its own, or is refused."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PureWindowsPath
from typing import TYPE_CHECKING
from xml.sax.saxutils import quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.conversion.names import security_of
from pipeline.conversion.stage import convert
from pipeline.errors import BadSheetName, DuplicateSecurity, PipelineError, shown
from pipeline.store.catalog import open_store
from pipeline.store.layout import rejects_name, ticks_name
from tests.conversion.books import tick, tick_sheet, write_book
from tests.hostile.bombs import BOOK, book_of, book_with

if TYPE_CHECKING:
    from pathlib import Path

GOOD = tick_sheet(tick())
NAME = re.compile(r"[A-Z0-9][A-Z0-9&_.-]{0,31}")
DEVICES = {"CON", "PRN", "AUX", "NUL", "CLOCK$", *(f"{port}{n}" for port in ("COM", "LPT") for n in "0123456789¹²³")}
TRICKS = (
    "../../x",
    "..",
    "/etc/passwd",
    "\\\\server\\share",
    "C:\\x",
    "C:x",
    "~/x",
    "a/b",
    "a\\b",
    "CON",
    "con",
    "NUL.TXT",
    "LPT1",
    "COM¹",
    "AUX .x",
    "x.",
    "x..",
    "x ",
    ".x",
    "x:stream",
    "x\0y",
    "x\ny",
    "FAB\u200b",
    "F\u0410B",  # a Cyrillic A
    "\uff26\uff21\uff22",  # wide letters
    "\u017fAB",  # a long s, which becomes S as a capital
    "FAB\u202e",
    "É",
    "E\u0301",
    "x*?",
    "$HOME",
    "%PATH%",
    "x|y",
    "catalog.json",
    "FAB.rejects",
    "FAB.REJECTS",
    "-rf",
    "=1+1",
    "a" * 33,
)
tickers = st.one_of(
    st.sampled_from(TRICKS),
    st.text(max_size=40),
    st.text(st.sampled_from("ABCabc019&_.-/\\: \t\u00a0\u212a\u0131\u017f"), min_size=1, max_size=12),
)


def is_plain(ticker: str) -> bool:
    """What a file may be called on every system, said in another way than the project says it."""
    return (
        NAME.fullmatch(ticker) is not None
        and ticker.isascii()
        and not ticker.endswith(".")
        and not ticker.endswith(".REJECTS")
        and ticker.partition(".")[0] not in DEVICES
        and PureWindowsPath(ticker).name == ticker
        and unicodedata.normalize("NFKC", ticker) == ticker
    )


@given(tickers, st.sampled_from(["UH", "DH", "uh"]), st.sampled_from([" ", "  ", "\u00a0", "\t"]))
def test_a_ticker_is_a_plain_name_or_is_refused(ticker: str, code: str, gap: str) -> None:
    sheet = f"{ticker}{gap}{code}{gap}Equity"
    told = ""
    try:
        found = security_of(sheet).ticker
    except BadSheetName as error:
        told = str(error)
    if told:
        assert told.isprintable()
        assert len(told) < 400
        return
    assert is_plain(found)
    assert found == " ".join(ticker.split()).upper().replace("/", "_").replace(" ", "_")
    assert ticker.strip().isascii()


@given(st.text())
def test_any_name_at_all_is_a_security_or_a_named_error(sheet: str) -> None:
    try:
        ticker, exchange, *_ = security_of(sheet)
    except BadSheetName:
        return
    assert is_plain(ticker)
    assert exchange in ("ADX", "DFM", "Index", "Curncy", "Comdty") or re.fullmatch("[A-Z]{2,4}", exchange)


@pytest.mark.parametrize("ticker", TRICKS)
def test_nothing_is_written_outside_the_directory_whatever_a_sheet_is_called(tmp_path: Path, ticker: str) -> None:
    deep = tmp_path / "a" / "b" / "c"
    deep.mkdir(parents=True)
    name = f"{ticker} UH Equity".replace("\0", "")
    book = write_book(deep / "t.xlsx", {name: GOOD, "EMAAR DH Equity": GOOD})
    result = convert([book], deep / "store")
    assert [row.status for row in result.rows][1] == "converted"
    assert {path.name for path in deep.iterdir()} == {"t.xlsx", "store"}
    assert {path.name for path in deep.parent.iterdir()} == {"c"}
    assert {path.name for path in tmp_path.iterdir()} == {"a"}
    kept = {row.ticker for row in result.rows if row.status == "converted"}
    assert {path.name for path in (deep / "store").iterdir()} == {ticks_name(one) for one in kept} | {"catalog.json"}
    assert {security.ticker for security in open_store(deep / "store").securities} == kept


@given(
    st.lists(st.sampled_from(["FAB", "fab", "Fab", "FAB ", "F.AB", "F-AB", "FAB.X", "fab.x"]), min_size=2, max_size=5)
)
def test_no_two_sheets_make_files_that_are_one_where_case_does_not_count(names: list[str]) -> None:
    tickers = [security_of(f"{name} UH Equity")[0] for name in names]
    files = [*(ticks_name(one) for one in set(tickers)), *(rejects_name(one) for one in set(tickers))]
    assert len({file.casefold() for file in files}) == len(files)


@pytest.mark.parametrize(("name", "twin"), [("FAB UH Equity", "FAB DH Equity"), ("S 1 Comdty", "S_1 Comdty")])
def test_two_securities_of_one_file_are_refused_with_both_names(tmp_path: Path, name: str, twin: str) -> None:
    book = write_book(tmp_path / "t.xlsx", {name: GOOD, twin: GOOD})
    with pytest.raises(DuplicateSecurity) as raised:
        convert([book], tmp_path / "store")
    assert f"'{name}'" in str(raised.value)
    assert f"'{twin}'" in str(raised.value)
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize("twin", ["fab UH Equity", "FAB  UH  Equity", "\u00a0FAB UH Equity", "FAB UH Equity (2)"])
def test_sheets_of_one_security_with_the_same_ticks_fail_with_both_names(tmp_path: Path, twin: str) -> None:
    result = convert([write_book(tmp_path / "t.xlsx", {"FAB UH Equity": GOOD, twin: GOOD})], tmp_path / "store")
    assert [row.status for row in result.rows] == ["failed", "failed"]
    assert "'FAB UH Equity'" in str(result.rows[0].error)
    assert f"'{shown(twin)}'" in str(result.rows[0].error)
    assert not (tmp_path / "store" / "FAB.parquet").exists()


@pytest.mark.parametrize(
    "name", ["\x9b2J\x9b31m", "a\u202eb", "x" * 200, "[/red]", "[link=file:///x]y[/link]", "%s {0}"]
)
def test_a_name_cannot_command_the_screen(tmp_path: Path, name: str) -> None:
    sheet = f"<sheet name={quoteattr(name)} sheetId='1' r:id='rId1'/>"
    (row,) = convert([book_with(tmp_path / "t.xlsx", {BOOK: book_of(sheet)})], tmp_path / "store").rows
    assert str(row.error).isprintable()
    assert len(str(row.error)) < 300


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
def test_what_a_message_quotes_is_short_and_can_be_shown(text: str) -> None:
    assert shown(text).isprintable()
    assert len(shown(text)) <= 60 * 8
    if text.isprintable() and len(text) <= 60:
        assert shown(text) == text


def test_a_sheet_of_another_name_is_an_error_of_the_project(tmp_path: Path) -> None:
    unnamed = GOOD.replace("FAB UH Equity", "ticks")
    result = convert([write_book(tmp_path / "t.xlsx", {"../../x": unnamed})], tmp_path / "store")
    assert issubclass(BadSheetName, PipelineError)
    assert "'FAB UH Equity'" in str(result.rows[0].error)
