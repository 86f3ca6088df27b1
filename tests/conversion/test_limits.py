"""How large a workbook may be is a setting: by the name of each limit, on the command line and in Python."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import pipeline
from pipeline.conversion.limits import KEYS, Limits, limits_of
from pipeline.conversion.verify import verify_each
from pipeline.errors import BadRequest, WorkbookTooLarge
from tests.conversion.books import text, tick, tick_sheet, write_book

if TYPE_CHECKING:
    from pathlib import Path

FAB = "FAB UH Equity"


def test_the_usual_limits_are_those_of_the_documents() -> None:
    limits = dict(zip(KEYS, (16, 1, 64, 4, 200), strict=True))
    assert limits == {"unpacked_gb": 16, "sheet_gb": 1, "text_mb": 64, "row_mb": 4, "ratio": 200}
    assert limits_of(None) == limits_of([]) == limits_of({}) == Limits(**limits)


def test_a_limit_is_given_by_name() -> None:
    assert limits_of(["unpacked_gb=32", " row_mb = 0.5"]) == Limits(unpacked_gb=32, row_mb=0.5)
    assert limits_of({"sheet_gb": 2}).bytes_of("sheet_gb") == 2 << 30
    assert limits_of({"text_mb": 1.5}).bytes_of("text_mb") == 3 << 19


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (["unpacked=3"], "no such limit.*unpacked_gb"),
        (["unpacked_gb"], "KEY=NUMBER"),
        (["unpacked_gb=1", "unpacked_gb=2"], "each key once"),
        (["unpacked_gb=x"], "not a number"),
        (["unpacked_gb="], "not a number"),
        (["unpacked_gb=0"], "above 0"),
        (["unpacked_gb=-1"], "above 0"),
        (["unpacked_gb=inf"], "above 0"),
        (["unpacked_gb=nan"], "above 0"),
        ({"unpacked_gb": True}, "above 0"),
        ({"unpacked_gb": "1"}, "above 0"),
        ({"x": 1}, "no such limit"),
    ],
)
def test_what_is_no_limit_is_a_named_error(limits: object, words: str) -> None:
    with pytest.raises(BadRequest, match=words):
        limits_of(limits)  # type: ignore[arg-type]


def test_a_limit_decides_what_is_converted_and_the_message_names_it(tmp_path: Path) -> None:
    book = write_book(tmp_path / "t.xlsx", {FAB: tick_sheet(tick(), tick(kind="BID " * 20_000))})
    for limits, words in (
        ({"sheet_gb": 1e-6}, "limits sheet_gb=NUMBER"),
        ({"unpacked_gb": 1e-6}, "limits unpacked_gb=NUMBER"),
        ({"text_mb": 1e-4}, "limits text_mb=NUMBER"),
    ):
        with pytest.raises(WorkbookTooLarge, match=words):
            pipeline.convert(book, tmp_path / "store", limits=limits)
    (row,) = pipeline.convert(book, tmp_path / "store", limits={"row_mb": 0.01}).rows
    assert "--limit row_mb=NUMBER" in str(row.error)
    (row,) = pipeline.convert(book, tmp_path / "store", max_rejects=0.5).rows
    assert (row.ticks, row.rejects) == (1, {"unknown type": 1})


def test_what_was_converted_within_larger_limits_is_verified_within_them(tmp_path: Path) -> None:
    texts = ["BID", "x" * 5_000_000]
    book = write_book(tmp_path / "t.xlsx", {FAB: tick_sheet(tick(), (text("note"),))}, texts=texts)
    with pytest.raises(WorkbookTooLarge, match="row_mb"):
        pipeline.convert(book, tmp_path / "store")
    pipeline.convert(book, tmp_path / "store", limits={"row_mb": 8}, max_rejects=0.5)
    assert [verified.problem for verified in verify_each(tmp_path / "store")] == [None]
