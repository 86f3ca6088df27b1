"""What a table holds is read as it is meant, or rejected or refused with the reason: cells, numbers, other blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import openpyxl
import pytest

import pipeline
from pipeline.conversion.verify import verify_each
from pipeline.store.tick_file import read_ticks

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.conversion.result import SheetRow

KINDS: Final = ("BID", "ASK", "TRADE")
TIMES: Final = [f"2025-05-14 10:00:{second:02}.637" for second in range(30)]
LONG: Final = "Dates,Type,Price,Size"
WIDE: Final = "Time,Bid,Bid Size,Ask,Ask Size"


def converted(folder: Path, text: str | bytes, name: str = "FAB UH Equity.csv") -> SheetRow:
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    [row] = pipeline.convert(folder / name, folder / "store").rows
    assert [verified.problem for verified in verify_each(folder / "store")] in ([], [None])
    return row


def prices_and_sizes(folder: Path, ticker: str = "FAB") -> set[tuple[float, int]]:
    ticks = read_ticks(folder / "store" / f"{ticker}.parquet")
    return set(zip(ticks.price.tolist(), ticks.volume.tolist(), strict=True))


def rows(behind: str, times: list[str] = TIMES, mark: str = ",") -> list[str]:
    return [mark.join([time, KINDS[number % 3], behind]) for number, time in enumerate(times)]


def file(header: str, *lines: str) -> str:
    return "\n".join([header, *lines, ""])


@pytest.mark.parametrize(
    ("header", "lines"),
    [
        (LONG, rows("17.30,1,000")),
        (LONG, rows("17,30,1000")),
        (LONG + ",", rows("17.30,1,000,")),
        (LONG + ",Condition", rows("17.30,1,000,R6")),
        (LONG + ",Condition", rows("17.30,1000,R6,T")),
        (LONG + ",Condition", rows("17.30,1000,R6,T,")),
        (LONG, rows("17.30,1000,,,my own note")),
        ("Time,Bid,Ask,Bid Size,Ask Size", [f"{time},17,28,17,30,100,200" for time in TIMES]),
        (WIDE, [f"{time},17.28,1,000,17.30,2,000" for time in TIMES]),
    ],
)
def test_rows_with_more_cells_than_headers_are_no_ticks(tmp_path: Path, header: str, lines: list[str]) -> None:
    row = converted(tmp_path, file(header, *lines))
    assert row.status == "failed"
    assert "more cells than headers" in (row.error or "")
    assert "The mark between cells seems to stand within a number too" in (row.error or "")
    assert not (tmp_path / "store" / "FAB.parquet").exists()


@pytest.mark.parametrize("ordinary", ["17.30,100", "17.30,100,", "17.30,100,,,,"])
def test_a_row_with_more_cells_than_headers_is_rejected_among_others(tmp_path: Path, ordinary: str) -> None:
    row = converted(tmp_path, file(LONG, *rows(ordinary), "2025-05-14 10:00:59,BID,17.30,1,500"))
    assert (row.status, row.rejects) == ("converted", {"more cells than headers": 1})
    assert prices_and_sizes(tmp_path) == {(17.3, 100)}


@pytest.mark.parametrize(
    ("header", "lines"),
    [
        (LONG, rows("17.30,100" + "," * 300)),
        (LONG + ",,", rows("17.30,100,my own,note")),
        (LONG + ",Condition", rows("17.30,100")),
        ("," + LONG, ["0," + line for line in rows("17.30,100")]),
    ],
)
def test_blank_cells_behind_the_headers_and_cells_under_blank_ones_do_not_matter(
    tmp_path: Path, header: str, lines: list[str]
) -> None:
    row = converted(tmp_path, file(header, *lines))
    assert (row.status, row.ticks, row.rejects) == ("converted", 30, {})
    assert prices_and_sizes(tmp_path) == {(17.3, 100)}


TICKS: Final = rows("17.30,100")
QUOTES: Final = [f"{time},17.28,100,17.30,200" for time in TIMES]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["FAB UH Equity", LONG, *TICKS, "EMAAR DH Equity", LONG, *TICKS], "row 33 ('EMAAR DH Equity')"),
        ([LONG, *TICKS, LONG, *TICKS], "row 32 ('Dates, Type, Price, Size')"),
        ([LONG, *TICKS, "EMAAR DH Equity", *TICKS], "row 32 ('EMAAR DH Equity')"),
        ([WIDE, *QUOTES, WIDE, *QUOTES], "row 32 ('Time, ASK, Ask, Ask Size')"),
        ([WIDE, *QUOTES, "EMAAR DH Equity", *QUOTES], "row 32 ('EMAAR DH Equity')"),
    ],
)
def test_another_block_within_is_refused_as_in_a_sheet(tmp_path: Path, lines: list[str], said: str) -> None:
    row = converted(tmp_path, file(*lines))
    assert row.status == "failed"
    assert f"another block of rows begins in it: {said}" in (row.error or "")
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "FAB UH Equity"
    for line in lines:
        sheet.append([float(cell) if cell[:1].isdigit() and "-" not in cell else cell for cell in line.split(",")])
    book.save(tmp_path / "a.xlsx")
    assert said in (pipeline.convert(tmp_path / "a.xlsx", tmp_path / "store").rows[0].error or "")


SECONDS: Final = [time[:19] for time in TIMES]


@pytest.mark.parametrize(
    ("mark", "behind", "rule"),
    [
        (";", "2,500;100", "price not a number"),
        (";", "2,500;1,000", "price not a number"),
        (";", "2500;1.000", "size unclear"),
        (";", "2500;1,000", "size not a number"),
        (";", "2.500;100", "price unclear"),
        (";", "17,30;1,000", "size unclear"),
        (";", "17.30;1.000", "size unclear"),
        (",", '"2500","1.000"', "size unclear"),
        ("\t", "2500\t1.000", "size unclear"),
        ("|", "2500|1.000", "size unclear"),
    ],
)
def test_a_number_or_a_thousand_times_that_is_no_tick(tmp_path: Path, mark: str, behind: str, rule: str) -> None:
    row = converted(tmp_path, file(LONG.replace(",", mark), *rows(behind, SECONDS, mark)))
    assert row.status == "failed"
    assert f"(30 {rule})" in (row.error or "")
    assert "It may be a number of three decimals or a thousand times that" in (row.error or "")


@pytest.mark.parametrize(
    ("mark", "behind", "want"),
    [
        (";", "2500;100", (2500.0, 100)),
        (";", "17,30;1000", (17.3, 1000)),
        (";", "17.305;1000", None),
        (";", "0.305;1000", (0.305, 1000)),
        (";", "17,3050;1000,00", (17.305, 1000)),
        (",", "17.305,1000", (17.305, 1000)),
        (",", "17.30,1000.0", (17.3, 1000)),
        (",", "17.30,1000.000", (17.3, 1000)),
        (",", "17.30,1000,0x1f", None),
    ],
)
def test_numbers_of_one_meaning_are_read(
    tmp_path: Path, mark: str, behind: str, want: tuple[float, int] | None
) -> None:
    row = converted(tmp_path, file(LONG.replace(",", mark), *rows(behind, SECONDS, mark)))
    assert (row.status == "converted") == (want is not None)
    if want is not None:
        assert prices_and_sizes(tmp_path) == {want}


def test_what_first_rows_show_of_the_decimal_mark_holds_for_all(tmp_path: Path) -> None:
    shown = file(LONG, *rows("17.30,100.000"), "2025-05-14 10:00:59,BID,17.30,2500.000")
    assert converted(tmp_path, shown).status == "converted"
    assert prices_and_sizes(tmp_path) == {(17.3, 100), (17.3, 2500)}


def test_sizes_in_digits_are_no_other_numbers(tmp_path: Path) -> None:
    row = converted(tmp_path, file(LONG, *rows("17.30,100"), "2025-05-14 10:00:59,BID,17.30,0x1f"))
    assert row.rejects == {"size not a number": 1}


def test_whole_quotes_with_decimal_commas_are_read_between_semicolons(tmp_path: Path) -> None:
    row = converted(tmp_path, file(WIDE.replace(",", ";"), *[f"{time};17,28;100;17,30;200" for time in SECONDS]))
    assert (row.status, row.ticks) == ("converted", 60)
    assert prices_and_sizes(tmp_path) == {(17.28, 100), (17.3, 200)}


@pytest.mark.parametrize(
    ("time", "said"),
    [
        ("1.74722E+12", "only the first digits are left"),
        ("4.57914E+04", "only the first digits are left"),
        ("1747216801.637", "no date of Excel's"),
        ("20250514100000637", "+MID(A1,15,3)/86400000, formatted"),
        ("20250514100000", "MID(A1,13,2)), formatted"),
    ],
)
def test_numbers_that_are_no_times_are_refused_with_what_to_do(tmp_path: Path, time: str, said: str) -> None:
    row = converted(tmp_path, file(LONG, *rows("17.30,100", [time] * 30)))
    assert row.status == "failed"
    assert f"(30 unreadable time). Row 2 (unreadable time): time '{time}'" in (row.error or "")
    assert said in (row.error or "")


@pytest.mark.parametrize(
    ("times", "status"),
    [
        (["45791.41667", "45791.4167", "45791.41668"], "failed"),
        (["45791.4167", "45791.417", "45791.4168"], "failed"),
        (["45791.42", "45791.42", "45791.43"], "failed"),
        (["45791.5", "45791.50001", "45791.500011574"], "converted"),
        (["45791.5", "45791.625", "45791.75"], "converted"),
    ],
)
def test_excels_numbers_of_moments_are_refused_where_they_are_rounded(
    tmp_path: Path, times: list[str], status: str
) -> None:
    row = converted(tmp_path, file(LONG, *rows("17.30,100", times)))
    assert row.status == status
    assert (f"rounded to five decimals or fewer, so by a second or more ('{times[0]}')" in (row.error or "")) == (
        status == "failed"
    )


@pytest.mark.parametrize(
    ("start", "said"),
    [
        (b"PK\x03\x04", "it is no text but a workbook: give it the ending .xlsx"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a workbook of Excel 97 to 2003: give it the ending .xls"),
        (b"PAR1", "a Parquet file: give it the ending .parquet"),
    ],
)
def test_a_file_of_another_kind_is_told_its_ending(tmp_path: Path, start: bytes, said: str) -> None:
    assert said in (converted(tmp_path, start + b"\x15\x04\n" * 9).error or "")


@pytest.mark.parametrize("second", [TICKS[29], TICKS[28]])
def test_a_tick_at_which_two_tables_meet_is_told(tmp_path: Path, second: str) -> None:
    first, other = tmp_path / "FAB UH Equity (1).csv", tmp_path / "FAB UH Equity (2).csv"
    first.write_text(file(LONG, *TICKS))
    other.write_text(file(LONG, TICKS[29].replace("17.30", "17.32"), second.replace(TIMES[28], TIMES[29])))
    result = pipeline.convert([first, other], tmp_path / "store")
    assert [row.status for row in result.rows] == ["converted", "converted"]
    told = [warning for warning in result.warnings if "and count twice where they are the same: 1" in warning]
    assert len(told) == (second == TICKS[29])
