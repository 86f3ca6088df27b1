from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipeline.conversion.stage import convert
from pipeline.errors import DuplicateSecurity
from pipeline.store.parquet import read_footer, read_table
from pipeline.store.tick_file import read_ticks
from tests.conversion.books import error, tick, tick_sheet, write_book

if TYPE_CHECKING:
    from pathlib import Path

FAB = "FAB UH Equity"


def part(path: Path, *days: int, sheet: str = FAB, **cells: object) -> Path:
    """A workbook with one tick at noon of each day of April 2025, priced by its day."""
    rows = [tick(45747.5 + day, price=day, **cells) for day in days]
    return write_book(path, {sheet: tick_sheet(*rows)})


def test_parts_are_joined_in_time_order_whatever_their_names_and_order(tmp_path: Path) -> None:
    later = part(tmp_path / "a.xlsx", 20, 21)
    earlier = part(tmp_path / "b.xlsx", 15, 14, 16)
    result = convert([later, earlier], tmp_path / "store")
    assert [(row.workbook.name, row.status, row.ticks) for row in result.rows] == [
        ("a.xlsx", "converted", 2),
        ("b.xlsx", "converted", 3),
    ]
    # Inside a part the clock may step back: its own order stays.
    assert read_ticks(tmp_path / "store" / "FAB.parquet").price.tolist() == [15.0, 14.0, 16.0, 20.0, 21.0]
    assert read_footer(tmp_path / "store" / "FAB.parquet").metadata["workbook"] == "b.xlsx; a.xlsx"
    assert [row.status for row in convert([earlier, later], tmp_path / "store").rows] == ["unchanged", "unchanged"]


def test_a_part_that_is_edited_or_left_out_or_added_is_noticed(tmp_path: Path) -> None:
    first, second = part(tmp_path / "a.xlsx", 14), part(tmp_path / "b.xlsx", 15)
    convert([first, second], tmp_path / "store")
    part(second, 15, 16)
    assert [row.status for row in convert([first, second], tmp_path / "store").rows] == ["converted", "converted"]
    assert [row.status for row in convert([first], tmp_path / "store").rows] == ["converted"]
    assert len(read_ticks(tmp_path / "store" / "FAB.parquet")) == 1
    assert [row.status for row in convert([first, second], tmp_path / "store").rows] == ["converted", "converted"]


def test_parts_may_meet_in_one_second(tmp_path: Path) -> None:
    books = [part(tmp_path / "a.xlsx", 14, 15), part(tmp_path / "b.xlsx", 15, 16)]
    assert not convert(books, tmp_path / "store").failed
    assert read_ticks(tmp_path / "store" / "FAB.parquet").price.tolist() == [14.0, 15.0, 15.0, 16.0]


def test_overlapping_parts_fail_with_both_names_and_others_stand(tmp_path: Path) -> None:
    first = write_book(
        tmp_path / "a.xlsx",
        {FAB: tick_sheet(tick(45761.5), tick(45764.5)), "ALDAR UH Equity": tick_sheet(tick())},
    )
    second = part(tmp_path / "b.xlsx", 15, 16)
    result = convert([first, second], tmp_path / "store")
    assert [row.status for row in result.rows] == ["failed", "converted", "failed"]
    for row in result.failed:
        assert str(first) in str(row.error)
        assert str(second) in str(row.error)
        assert "command line" in str(row.error)
    assert sorted(path.name for path in (tmp_path / "store").iterdir()) == ["ALDAR.parquet", "catalog.json"]


def test_one_bad_part_fails_all_parts_of_its_security(tmp_path: Path) -> None:
    books = [part(tmp_path / "a.xlsx", 14), write_book(tmp_path / "b.xlsx", {FAB: ""})]
    result = convert(books, tmp_path / "store")
    assert [row.status for row in result.rows] == ["failed", "failed"]
    assert "another part of FAB failed" in str(result.rows[0].error)
    assert not list((tmp_path / "store").iterdir())


def test_rejects_of_all_parts_are_kept_with_their_workbooks(tmp_path: Path) -> None:
    bad = (*tick()[:2], error("#N/A"), tick()[3])
    first = write_book(tmp_path / "a.xlsx", {FAB: tick_sheet(tick(45761.5), bad)})
    second = write_book(tmp_path / "b.xlsx", {FAB: tick_sheet(bad, tick(45762.5), bad)})
    convert([first, second], tmp_path / "store", max_rejects=0.7)
    rows = read_table(tmp_path / "store" / "FAB.rejects.parquet").to_pylist()
    assert [(row["workbook"], row["sheet"], row["row"], row["price"], row["rule"]) for row in rows] == [
        ("a.xlsx", FAB, 5, "#N/A", "price not a number"),
        ("b.xlsx", FAB, 4, "#N/A", "price not a number"),
        ("b.xlsx", FAB, 6, "#N/A", "price not a number"),
    ]
    metadata = read_footer(tmp_path / "store" / "FAB.parquet").metadata
    assert (metadata["rows_in"], metadata["rows_kept"], metadata["rows_rejected"], metadata["rows_blank"]) == (
        "5",
        "2",
        "3",
        "0",
    )


def test_one_ticker_on_two_exchanges_is_an_error_with_both_names(tmp_path: Path) -> None:
    books = [part(tmp_path / "a.xlsx", 14), part(tmp_path / "b.xlsx", 15, sheet="FAB DH Equity")]
    with pytest.raises(DuplicateSecurity, match=r"a\.xlsx, FAB UH Equity.*b\.xlsx, FAB DH Equity"):
        convert(books, tmp_path / "store")


@pytest.mark.parametrize(
    ("options", "converted"),
    [
        ({"only": ["fab"]}, ["FAB"]),
        ({"only": ["ALDAR UH Equity", "EMAAR"]}, ["ALDAR", "EMAAR"]),
        ({"max_sheets": 1}, ["FAB"]),
        ({"max_sheets": 2}, ["FAB", "ALDAR"]),
        ({"max_sheets": 99}, ["FAB", "ALDAR", "EMAAR"]),
        ({"max_sheets": 1, "only": ["EMAAR"]}, ["EMAAR"]),
    ],
)
def test_a_selection_converts_what_it_names(tmp_path: Path, options: dict[str, object], converted: list[str]) -> None:
    names = ["FAB UH Equity", "ALDAR UH Equity", "EMAAR DH Equity"]
    book = write_book(tmp_path / "t.xlsx", {name: tick_sheet(tick()) for name in names})
    result = convert([book], tmp_path / "store", **options)  # type: ignore[arg-type]
    assert [row.ticker for row in result.rows] == converted


def test_a_quick_try_never_cuts_a_security_in_half(tmp_path: Path) -> None:
    books = [part(tmp_path / "a.xlsx", 14), part(tmp_path / "b.xlsx", 15)]
    assert len(convert(books, tmp_path / "store", max_sheets=1).rows) == 2


def test_a_workbook_named_twice_is_read_once(tmp_path: Path) -> None:
    book = part(tmp_path / "a.xlsx", 14)
    assert len(convert([book, book], tmp_path / "store").rows) == 1


def test_rows_come_in_workbook_order_whatever_finishes_first(tmp_path: Path) -> None:
    names = [f"T{n} UH Equity" for n in range(8)]
    book = write_book(tmp_path / "t.xlsx", {name: tick_sheet(*[tick()] * (1 + 40 * n)) for n, name in enumerate(names)})
    events: list[tuple[str, int, int]] = []
    result = convert(
        [book],
        tmp_path / "store",
        workers=4,
        on_event=lambda each: events.append((each.kind, each.position, each.total)),
    )
    assert [row.sheet for row in result.rows] == names
    assert [row.ticks for row in result.rows] == [1 + 40 * n for n in range(8)]
    assert sorted(events) == sorted((kind, n, 8) for kind in ("started", "finished") for n in range(8))
