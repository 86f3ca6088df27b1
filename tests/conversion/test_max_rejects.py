"""A sheet without a tick, or with more rejected rows than may be, fails; what the store held of its security stays."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import pytest

from pipeline import api
from pipeline.conversion.stage import convert
from pipeline.errors import BadRequest
from pipeline.store.catalog import read_catalog
from tests.conversion.books import HEADERS, Cell, error, number, rows_xml, serial, text, tick, tick_sheet, write_book
from tests.forked import pipeline

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

FAB: Final = "FAB UH Equity"
ALDAR: Final = "ALDAR UH Equity"
REQUESTING: Final = (text("#N/A Requesting Data..."),)
NO_SIZE: Final = tick()[:3]
HEADERS_ONLY: Final = tick_sheet()
BLANK_ROWS: Final = tick_sheet((text("  "), None), (), (Cell('s="1"', ""),))


def rows(good: int, bad: int, cells: Sequence[Cell] = NO_SIZE) -> str:
    return tick_sheet(*[tick()] * good, *[cells] * bad)


def files(store: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in store.iterdir() if not path.name.startswith(".")}


@pytest.mark.parametrize(
    ("good", "bad", "max_rejects", "status"),
    [
        (0, 1, None, "failed"),
        (0, 1, 1, "failed"),
        (9, 1, None, "converted"),
        (8, 1, None, "failed"),
        (27, 3, None, "converted"),
        (7, 3, 0.3, "converted"),
        (6, 3, 0.3, "failed"),
        (71, 29, 0.29, "converted"),
        (70, 29, 0.29, "failed"),
        (1, 99, 1, "converted"),
        (99, 1, 0, "failed"),
        (99, 0, 0, "converted"),
    ],
)
def test_one_row_in_ten_may_be_rejected_or_the_share_that_is_given(
    tmp_path: Path, good: int, bad: int, max_rejects: float | None, status: str
) -> None:
    book = write_book(tmp_path / "t.xlsx", {FAB: rows(good, bad)})
    result = convert([book], tmp_path / "store", max_rejects=max_rejects)
    assert [row.status for row in result.rows] == [status]
    assert (tmp_path / "store" / "FAB.parquet").exists() == (status == "converted")


def test_blank_rows_do_not_make_a_share_smaller(tmp_path: Path) -> None:
    book = write_book(tmp_path / "t.xlsx", {FAB: tick_sheet(*[tick()] * 8, *[()] * 90, NO_SIZE)})
    assert convert([book], tmp_path / "store").rows[0].status == "failed"


@pytest.mark.parametrize("sheet", [tick_sheet(REQUESTING), HEADERS_ONLY, BLANK_ROWS, rows(3, 3), "", rows(0, 5)])
@pytest.mark.parametrize("force", [False, True])
def test_what_the_store_holds_of_a_failed_sheet_stays_byte_for_byte(
    tmp_path: Path,
    sheet: str,
    force: bool,  # noqa: FBT001
) -> None:
    store, book = tmp_path / "store", tmp_path / "t.xlsx"
    write_book(book, {FAB: rows(20, 1), ALDAR: rows(5, 0)})
    convert([book], store)
    before, line = files(store), read_catalog(store)["FAB"]
    write_book(book, {FAB: sheet, ALDAR: rows(6, 0)})
    for _ in range(2):  # a failed sheet is not unchanged the next time
        result = convert([book], store, force=force)
        assert result.rows[0].status == "failed"
        assert result.earlier == {"FAB": 20}
        after = files(store)
        assert {name: after[name] for name in before if name.startswith("FAB")} == {
            name: content for name, content in before.items() if name.startswith("FAB")
        }
        assert read_catalog(store)["FAB"] == line
    assert read_catalog(store)["ALDAR"].ticks == 6
    write_book(book, {FAB: rows(21, 0), ALDAR: rows(6, 0)})
    assert [row.status for row in convert([book], store).rows] == ["converted", "unchanged"]


def test_what_was_converted_under_another_share_is_judged_by_the_present_one(tmp_path: Path) -> None:
    store, book = tmp_path / "store", write_book(tmp_path / "t.xlsx", {FAB: rows(6, 4)})
    convert([book], store, max_rejects=0.4)
    before = files(store)
    assert convert([book], store, max_rejects=0.5).rows[0].status == "unchanged"
    assert "Row 10 (size missing)" in str(convert([book], store).rows[0].error)
    assert files(store) == before


def test_a_store_that_an_older_version_left_without_ticks_is_judged_again(tmp_path: Path) -> None:
    store, book = tmp_path / "store", write_book(tmp_path / "t.xlsx", {FAB: tick_sheet(tick())})
    convert([book], store)
    catalog = json.loads((store / "catalog.json").read_text())
    for counts in (catalog["securities"]["FAB"], catalog["securities"]["FAB"]["sources"][0]):
        counts.update(ticks=0, rejects={"size missing": 1})
    (store / "catalog.json").write_text(json.dumps(catalog))
    assert convert([book], store).rows[0].status == "converted"


def test_one_sheet_of_a_security_that_fails_fails_the_security(tmp_path: Path) -> None:
    first = write_book(tmp_path / "a.xlsx", {FAB: tick_sheet(*[tick(45761.5)] * 50)})
    second = write_book(tmp_path / "b.xlsx", {FAB: tick_sheet(tick(45762.5), REQUESTING)})
    convert([first], tmp_path / "store")
    before = files(tmp_path / "store")
    result = convert([first, second], tmp_path / "store")
    assert [row.status for row in result.rows] == ["failed", "failed"]
    assert "another part of FAB failed: b.xlsx, sheet 'FAB UH Equity': 1 of 2 rows rejected" in str(
        result.rows[0].error
    )
    assert files(tmp_path / "store") == before


@pytest.mark.parametrize("times", [(45761.5, 45762.5), (45761.5,)])
def test_two_workbooks_with_the_same_ticks_are_refused_and_the_good_data_stay(
    tmp_path: Path, times: tuple[float, ...]
) -> None:
    book = write_book(tmp_path / "a.xlsx", {FAB: tick_sheet(*(tick(time) for time in times))})
    convert([book], tmp_path / "store")
    before = files(tmp_path / "store")
    (tmp_path / "b.xlsx").write_bytes(book.read_bytes())
    result = convert([book, tmp_path / "b.xlsx"], tmp_path / "store")
    assert [row.status for row in result.rows] == ["failed", "failed"]
    assert "hold ticks of the same time" in str(result.rows[0].error)
    assert result.earlier == {"FAB": len(times)}
    assert files(tmp_path / "store") == before


TIME: Final = serial("45761.5")
BID: Final = (TIME, text("BID"))
NOON: Final = "time '2025-04-14 12:00:00'"


@pytest.mark.parametrize(
    ("cells", "quoted", "advice"),
    [
        (
            REQUESTING,
            "Row 4 (unreadable time): time '#N/A Requesting Data...', no type, no price, no size.",
            "terminal",
        ),
        ((text("#N/A Invalid Security"),), "time '#N/A Invalid Security'", "correct what the formula asks for"),
        ((error("#REF!"),), "time '#REF!'", "correct the formula"),
        ((number(20250414100001), *tick()[1:]), "time '20250414100001'", "=DATE(LEFT(A1,4)"),
        ((text("00:36.0"), *tick()[1:]), "time '00:36.0'", "a time of day without a date"),
        ((error("#NAME?"),), "Row 4 (unreadable time): time '#NAME?', no type", "beside the terminal"),
        ((None, *tick()[1:]), "Row 4 (no time): no time, type 'BID'", "Give each row its time"),
        ((text("14/05/25 10:00"), *tick()[1:]), "(unreadable time): time '14/05/25 10:00'", "date cell or a text"),
        *(
            ((text(time), *tick()[1:]), f"time '{time}'", "and a time of day with colons")
            for time in ("14.05.2025 10.00.01", "Wed May 14 10:00:01 2025")
        ),
        ((number(145761.5), *tick()[1:]), "(unreadable time): time '145761.5'", "format the column as date and time"),
        ((number(1747216836.5), *tick()[1:]), "time '1747216836.5'", "=A1/86400000+25569"),
        (tick(kind="SETTLE"), f"(unknown type): {NOON}, type 'SETTLE'", "BID, ASK or TRADE"),
        ((*BID, None, number(1)), f"(price missing): {NOON}, type 'BID', no price", "again with their prices"),
        ((*BID, text("17-3"), number(1)), "(price not a number)", "Make them numbers in Excel"),
        ((*BID, text("17,3"), number(1)), "price '17,3'", "decimal separator ','"),
        (
            (*BID, text("AED 17.3"), number(1)),
            "price 'AED 17.3'",
            "replace the letters and signs by nothing",
        ),
        ((*BID, text("17.30\u2191"), number(1)), "(price not a number)", "replace the letters and signs by nothing"),
        ((*BID, text("17,300"), number(1)), "(price unclear)", "separators that are meant"),
        ((*BID, error("#N/A"), number(1)), "price '#N/A'", "let the sheet fill"),
        ((*BID, number(-1), number(1)), "(price negative)", "No price is below 0"),
        (
            (*BID, number(1), None),
            "(size missing): time '2025-04-14 12:00:00', type 'BID', price '1', no size",
            "sizes",
        ),
        ((*BID, number(1), text("5k")), "size '5k'", "5k by 5000"),
        ((*BID, number(1), text("1.000")), "(size unclear)", "separators that are meant"),
        ((*BID, number(1), number(-1)), "(size negative)", "No size is below 0"),
        ((*BID, number(1), number(1.5)), "(size not whole)", "whole number of shares"),
        ((*BID, number(1), number("9007199254740994")), "(size too large)", "that of the sizes"),
    ],
)
def test_the_first_rejected_row_is_quoted_with_what_to_do_about_its_rule(
    tmp_path: Path, cells: Sequence[Cell], quoted: str, advice: str
) -> None:
    (row,) = convert([write_book(tmp_path / "t.xlsx", {FAB: rows(0, 2, cells)})], tmp_path / "store").rows
    message = str(row.error)
    assert message.startswith("t.xlsx, sheet 'FAB UH Equity': no ticks: 2 of 2 rows rejected (2 ")
    assert quoted in message
    assert advice in message.partition(quoted)[2]


def test_no_one_is_told_to_leave_nearly_all_rows_out(tmp_path: Path) -> None:
    message = str(convert([write_book(tmp_path / "t.xlsx", {FAB: rows(1, 20)})], tmp_path / "store").rows[0].error)
    assert "20 of 21 rows rejected" in message
    assert "--max-rejects" not in message


def test_a_date_in_a_days_first_row_alone_is_to_be_filled_down(tmp_path: Path) -> None:
    head = (text("Date"), text("Time"), *HEADERS[1:])
    some = [(serial(45761), serial(0.5), *tick()[1:]), *[(None, serial(0.5), *tick()[1:])] * 9]
    message = str(
        convert([write_book(tmp_path / "t.xlsx", {FAB: rows_xml([head, *some])})], tmp_path / "store").rows[0].error
    )
    assert "9 of 10 rows rejected (9 no time" in message
    assert "fill it down in Excel" in message


@pytest.mark.parametrize(("column", "cell"), [(0, "A2"), (1, "B2"), (2, "C2"), (3, "D2")])
def test_a_column_of_formulas_without_values_is_told_from_blank_cells(tmp_path: Path, column: int, cell: str) -> None:
    row = list(tick())
    row[column] = Cell("", "<f>1+1</f>")
    book = write_book(tmp_path / "t.xlsx", {FAB: rows_xml([HEADERS, tuple(row), tuple(row)])})
    message = str(convert([book], tmp_path / "store").rows[0].error)
    assert "no ticks: 2 of 2 rows rejected" in message
    assert message.endswith(
        f"Formulas in it were saved without their values: 2, the first in {cell}. Open the workbook in Excel, let it "
        "calculate, save it and convert it again."
    )


def test_what_to_do_is_said_of_the_rule_that_most_rows_broke_and_the_first_row_is_quoted_too(tmp_path: Path) -> None:
    book = write_book(tmp_path / "t.xlsx", {FAB: tick_sheet(REQUESTING, tick(), NO_SIZE, NO_SIZE)})
    message = str(convert([book], tmp_path / "store").rows[0].error)
    assert "3 of 4 rows rejected (2 size missing, 1 unreadable time; at most 10 % may be)." in message
    assert message.index("Row 4 (unreadable time)") < message.index("Row 6 (size missing)")
    assert message.endswith("remove the rows without one. Or leave such rows out: --max-rejects 0.75.")


@pytest.mark.parametrize("share", [-0.1, 1.5, 30, float("nan")])
def test_a_share_that_cannot_be_meant_is_an_error_before_anything_is_read(tmp_path: Path, share: float) -> None:
    with pytest.raises(BadRequest, match=r"max_rejects .* from 0 to 1"):
        api.convert(tmp_path / "none.xlsx", tmp_path / "store", max_rejects=share)
    assert not (tmp_path / "store").exists()


def test_strict_and_a_share_contradict_each_other(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="contradict"):
        api.convert(tmp_path / "none.xlsx", tmp_path / "store", strict=True, max_rejects=0.3)


def test_the_command_ends_with_1_and_says_that_the_store_holds_the_earlier_conversion(tmp_path: Path) -> None:
    store = str(tmp_path / "store")
    names = [f"T{n} UH Equity" for n in range(3)]
    write_book(tmp_path / "t.xlsx", {name: rows(1200, 0) for name in [FAB, *names]})
    assert pipeline("convert", tmp_path / "t.xlsx", "--parquet-dir", store).returncode == 0
    write_book(tmp_path / "t.xlsx", {FAB: tick_sheet(REQUESTING), **{name: rows(1200, 1) for name in names}})
    done = pipeline("convert", tmp_path / "t.xlsx", "--parquet-dir", store)
    assert done.returncode == 1
    assert "Row 4 (unreadable time): time '#N/A Requesting Data...'" in done.stderr
    assert done.stdout.splitlines()[-1].startswith(
        f"Ticks: {store}  (3,600 ticks; sheets: 3 converted, 1 failed; "
        "kept from an earlier conversion: FAB (1,200 ticks)"
    )
    write_book(tmp_path / "t.xlsx", {name: rows(2, 2) for name in [FAB, *names]})
    done = pipeline("convert", tmp_path / "t.xlsx", "--parquet-dir", store)
    assert "FAB (1,200 ticks), T0 (1,200 ticks), T1 (1,200 ticks) and 1 other)" in done.stdout.splitlines()[-1]
    done = pipeline("convert", tmp_path / "t.xlsx", "--parquet-dir", store, "--json")
    assert json.loads(done.stdout)["earlier"] == dict.fromkeys(["FAB", "T0", "T1", "T2"], 1200)
    assert pipeline("convert", tmp_path / "t.xlsx", "--parquet-dir", store, "--max-rejects", "0.5").returncode == 0
