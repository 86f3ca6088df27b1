"""What a conversion takes out of a store: another exchange's security is refused, ticks that go are told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipeline.conversion.stage import convert
from pipeline.errors import DuplicateSecurity
from pipeline.store.catalog import open_store
from pipeline.store.tick_file import read_ticks
from tests.conversion.books import HEADERS, MONDAY, rows_xml, tick, tick_sheet, write_book

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from pipeline.conversion.result import ConvertResult

FAB = "FAB UH Equity"
APRIL, MAY = MONDAY + 0.5, MONDAY + 22.5
HOUR = 1 / 24
GONE = "FAB: ticks that the store had are no longer in it: "


def sheet(*times: float) -> str:
    return tick_sheet(*(tick(time) for time in times))


def book(folder: Path, name: str, *times: float, security: str = FAB) -> Path:
    folder.mkdir(exist_ok=True)
    return write_book(folder / name, {security: sheet(*times)})


def gone(result: ConvertResult) -> list[str]:
    return [warning.removeprefix(GONE) for warning in result.warnings if warning.startswith(GONE)]


def held(store: Path, ticker: str = "FAB") -> int:
    return len(read_ticks(store / f"{ticker}.parquet"))


def without_catalog(store: Path) -> None:
    (store / "catalog.json").unlink()


@pytest.mark.parametrize("first", ["AAPL US Equity", "AAPL UW Equity", "AAPL ZZ Equity", "AAPL Index"])
@pytest.mark.parametrize("between", [lambda _: None, without_catalog], ids=["catalog", "no catalog"])
def test_another_exchange_does_not_replace_a_security(
    tmp_path: Path, first: str, between: Callable[[Path], None]
) -> None:
    store = tmp_path / "store"
    convert([book(tmp_path, "first.xlsx", APRIL, APRIL, security=first)], store)
    between(store)
    before = {path.name: path.read_bytes() for path in store.iterdir()}
    london = book(tmp_path, "london.xlsx", MAY, security="AAPL LN Equity")
    with pytest.raises(DuplicateSecurity, match=r"AAPL\.parquet holds .*'AAPL LN Equity' .*--parquet-dir.*delete"):
        convert([london], store)
    assert {path.name: path.read_bytes() for path in store.iterdir()} == before
    (store / "AAPL.parquet").unlink()
    convert([london], store)
    assert held(store, "AAPL") == 1


def test_rows_that_name_another_exchange_do_not_replace_a_security_either(tmp_path: Path) -> None:
    store = tmp_path / "store"
    convert([book(tmp_path, "us.xlsx", APRIL, security="AAPL US Equity")], store)
    table = tmp_path / "all.csv"
    table.write_text("Ticker,Dates,Type,Price,Size\nAAPL LN Equity,2025-05-14 10:00:00,BID,17.3,100\n")
    with pytest.raises(DuplicateSecurity, match="AAPL LN"):
        convert([table], store)
    assert sorted(path.name for path in store.iterdir() if path.suffix != ".lock") == ["AAPL.parquet", "catalog.json"]


def test_a_sheet_that_fails_replaces_nothing_and_is_not_refused(tmp_path: Path) -> None:
    store = tmp_path / "store"
    convert([book(tmp_path, "us.xlsx", APRIL, security="AAPL US Equity")], store)
    empty = write_book(tmp_path / "ln.xlsx", {"AAPL LN Equity": "", FAB: sheet(APRIL)})
    assert [row.status for row in convert([empty], store).rows] == ["failed", "converted"]
    assert held(store, "AAPL") == 1


def test_an_exchange_that_a_market_file_came_to_know_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipeline.conversion import names

    store, workbook = tmp_path / "store", book(tmp_path, "t.xlsx", APRIL, security="ABC ZZ Equity")
    convert([workbook], store)
    monkeypatch.setattr(names, "exchange_of_code", {"ZZ": "LSE"}.get)
    assert convert([workbook], store).rows[0].exchange == "LSE"


Books = dict[str, "Sequence[float]"]
MANY = (APRIL,) * 60
CASES: dict[str, tuple[Books, Books, str]] = {
    "another workbook instead": (
        {"april.xlsx": MANY},
        {"may.xlsx": (MAY,) * 5},
        (
            "60 of 2025-04-14, from april.xlsx; it now holds 5 from may.xlsx. To have all of them, convert april.xlsx "
            "and may.xlsx together: name them all on the command line, or put them all into data/raw."
        ),
    ),
    "another part of a day instead": (
        {"morning.xlsx": MANY},
        {"afternoon.xlsx": (APRIL + HOUR,) * 70},
        (
            "60 of 2025-04-14, from morning.xlsx; it now holds 70 from afternoon.xlsx. To have all of them, convert "
            "morning.xlsx and afternoon.xlsx together: name them all on the command line, or put them all into "
            "data/raw."
        ),
    ),
    "one of two sources is gone": (
        {"april.xlsx": MANY, "may.xlsx": (MAY,) * 5},
        {"may.xlsx": (MAY,) * 5},
        (
            "60 of 2025-04-14, from april.xlsx; it now holds 5 from may.xlsx. To have all of them, convert april.xlsx "
            "and may.xlsx together: name them all on the command line, or put them all into data/raw."
        ),
    ),
    "a day is gone from a workbook": (
        {"t.xlsx": (*MANY, MAY)},
        {"t.xlsx": (MAY, MAY)},
        (
            "60 of 2025-04-14, from t.xlsx; it now holds 2 from t.xlsx. t.xlsx no longer has them: to have them "
            "again, put them back, or into a workbook of their own that is converted together with it."
        ),
    ),
    "a workbook was edited": ({"t.xlsx": MANY}, {"t.xlsx": (APRIL, APRIL + HOUR)}, ""),
    "a workbook goes on": ({"t.xlsx": MANY}, {"t.xlsx": (*MANY, MAY)}, ""),
    "a workbook under another name": ({"t.xlsx": MANY}, {"u.xlsx": MANY}, ""),
    "a workbook under another name goes on": ({"t.xlsx": MANY}, {"u.xlsx": (*MANY, MAY)}, ""),
    "a second workbook": ({"april.xlsx": MANY}, {"april.xlsx": MANY, "may.xlsx": (MAY,)}, ""),
    "all in one workbook now": ({"april.xlsx": MANY, "may.xlsx": (MAY,)}, {"all.xlsx": (*MANY, MAY)}, ""),
}


@pytest.mark.parametrize(("first", "second", "expected"), CASES.values(), ids=CASES)
@pytest.mark.parametrize("between", [lambda _: None, without_catalog], ids=["catalog", "no catalog"])
def test_ticks_that_go_are_told(
    tmp_path: Path, first: Books, second: Books, expected: str, between: Callable[[Path], None]
) -> None:
    store = tmp_path / "store"
    assert gone(convert([book(tmp_path / "first", name, *times) for name, times in first.items()], store)) == []
    between(store)
    again = [book(tmp_path / "second", name, *times) for name, times in second.items()]
    assert gone(convert(again, store)) == ([expected] if expected else [])
    assert gone(convert(again, store)) == []


TWO = {FAB: sheet(APRIL, APRIL), f"{FAB} (2)": sheet(APRIL + HOUR)}


@pytest.mark.parametrize(
    ("sheets", "options", "lost"),
    [
        ({FAB: sheet(APRIL, APRIL)}, {}, 1),
        ({FAB: sheet(APRIL, APRIL), "Copy": ""}, {}, 1),
        (TWO, {"only": [f"{FAB} (2)"]}, 2),
        ({f"{FAB} (3)": sheet(APRIL, APRIL), f"{FAB} (2)": sheet(APRIL + HOUR)}, {}, 0),
        ({FAB: sheet(APRIL, APRIL, APRIL + HOUR)}, {}, 0),
    ],
    ids=["sheet removed", "sheet without rows", "one sheet only", "sheet renamed", "sheets joined"],
)
def test_ticks_that_go_with_a_sheet_are_told(
    tmp_path: Path, sheets: dict[str, str], options: dict[str, list[str]], lost: int
) -> None:
    store, path = tmp_path / "store", tmp_path / "t.xlsx"
    convert([write_book(path, TWO)], store)
    told = gone(convert([write_book(path, sheets)], store, **options))  # type: ignore[arg-type]
    assert [warning.partition(" of ")[0] for warning in told] == ([str(lost)] if lost else [])


def test_ticks_of_a_table_that_go_are_told(tmp_path: Path) -> None:
    store = tmp_path / "store"
    for name, day in (("may", "2025-05-14"), ("june", "2025-06-11")):
        (tmp_path / name).mkdir()
        table = tmp_path / name / f"{FAB}.csv"
        table.write_text(f"Dates,Type,Price,Size\n{day} 10:00:00,BID,17.3,100\n")
        result = convert([table], store)
    assert [warning.partition(";")[0] for warning in gone(result)] == [f"1 of 2025-05-14, from {FAB}.csv"]


LEFT = "ALDAR: its workbook has no sheet of it any more: the store keeps its ticks of t.xlsx (1). "


@pytest.mark.parametrize(
    ("sheets", "options", "told"),
    [
        ({FAB: sheet(APRIL)}, {}, True),
        ({FAB: sheet(APRIL), "ALDARX UH Equity": sheet(APRIL)}, {}, True),
        ({FAB: sheet(APRIL)}, {"only": ["FAB"]}, False),
        ({FAB: sheet(APRIL), "ALDAR UH Equity": ""}, {}, False),
        ({FAB: sheet(APRIL), "Copy": rows_xml([HEADERS, tick(APRIL)])}, {}, False),
    ],
    ids=["removed", "renamed", "FAB alone is asked for", "failed", "one without a name"],
)
def test_a_security_of_which_its_workbook_has_no_sheet_any_more_stays_and_is_told(
    tmp_path: Path, sheets: dict[str, str], options: dict[str, list[str]], *, told: bool
) -> None:
    store, path = tmp_path / "store", tmp_path / "t.xlsx"
    convert([write_book(path, {FAB: sheet(APRIL), "ALDAR UH Equity": sheet(APRIL)})], store)
    write_book(path, sheets)
    for _ in range(2):
        warnings = convert([path], store, **options).warnings  # type: ignore[arg-type]
        assert any(warning.startswith(LEFT) for warning in warnings) is told
    assert held(store, "ALDAR") == 1


def test_a_security_that_is_left_over_is_gone_once_its_file_is_deleted(tmp_path: Path) -> None:
    store, path = tmp_path / "store", tmp_path / "t.xlsx"
    convert([write_book(path, {FAB: sheet(APRIL), "ALDAR UH Equity": sheet(APRIL)})], store)
    write_book(path, {FAB: sheet(APRIL)})
    convert([path], store)
    (store / "ALDAR.parquet").unlink()
    assert not any(warning.startswith("ALDAR") for warning in convert([path], store).warnings)
    assert [security.ticker for security in open_store(store).securities] == ["FAB"]
    open_store(store).check_fresh()


def test_a_security_whose_workbook_is_deleted_stays(tmp_path: Path) -> None:
    store = tmp_path / "store"
    first = book(tmp_path, "first.xlsx", APRIL)
    convert([first], store)
    first.unlink()
    result = convert([book(tmp_path, "second.xlsx", MAY, security="ALDAR UH Equity")], store)
    assert gone(result) == []
    assert (held(store), held(store, "ALDAR")) == (1, 1)
    open_store(store).check_fresh()
