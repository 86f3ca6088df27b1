"""Tables stay within 80 columns with every number whole, whatever stands in them."""

from __future__ import annotations

import contextlib
import io
import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.console.output import Console, set_console
from pipeline.console.tables import Column, show_table

if TYPE_CHECKING:
    from collections.abc import Sequence


class Terminal(io.StringIO):
    """A screen."""

    def isatty(self) -> bool:
        return True


def shown(
    title: str, columns: Sequence[Column], rows: Sequence[Sequence[str] | str], stream: type[io.StringIO] = io.StringIO
) -> str:
    out = stream()
    with contextlib.redirect_stdout(out):
        show_table(title, columns, rows)
    return out.getvalue()


numbers = st.integers(-(10**15), 10**15).map(lambda value: f"{value:,}") | st.floats(-1e15, 1e15).map(
    lambda value: f"{value:,.2f}"
)
names = st.text(st.characters(codec="ascii", categories=["Lu", "Nd"]), min_size=1, max_size=60)
texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=120)


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[Column], list[list[str]]]:
    kinds = draw(st.lists(st.sampled_from(["number", "money", "text"]), min_size=1, max_size=16))
    columns = [Column("security", "name")]
    columns += [Column(draw(st.sampled_from(["fills", "net P&L (AED)", "final position"])), kind) for kind in kinds]
    of = {"name": names, "number": numbers, "money": numbers, "text": texts}
    rows = draw(st.lists(st.tuples(*(of[column.kind] for column in columns)).map(list), min_size=1, max_size=5))
    return columns, rows


def test_numbers_stand_right_texts_fold_between_words_and_a_text_among_the_rows_is_a_line() -> None:
    columns = [Column("security", "name"), Column("net P&L", "money"), Column("why", "text"), Column("fills")]
    reason = "no print in the session of that day, and none on the day before it, nor on the one after"
    rows = [
        ["FAB", "-1,234.50", reason, "7"],
        "2025-01-07",
        ["EMAAR", "2.00", "-", "12,345"],
        "",
        ["total", "", "", "8"],
    ]
    assert shown("Largest first", columns, rows).splitlines() == [
        "Largest first",
        "",
        " security    net P&L  why                                                 fills",
        f" {'─' * 78}",
        " FAB       -1,234.50  no print in the session of that day, and none on        7",
        "                      the day before it, nor on the one after",
        " 2025-01-07",
        " EMAAR          2.00  -                                                  12,345",
        "",
        " total                                                                        8",
        "",
    ]


def test_a_wide_terminal_is_used_and_a_narrow_one_is_taken_for_80_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    columns = [Column("security", "name"), *(Column(f"figure {number}") for number in range(9))]
    parts = {}
    for width in ("40", "80", "200"):
        monkeypatch.setenv("COLUMNS", width)
        parts[width] = shown("What", columns, [["FAB", *("123,456,789.00" for _ in range(9))]], Terminal).count(
            "security"
        )
    assert parts == {"40": 3, "80": 3, "200": 1}


@given(table=tables(), apart=st.booleans())
def test_no_line_is_longer_than_80_and_no_number_is_cut_or_broken(
    table: tuple[list[Column], list[list[str]]], *, apart: bool
) -> None:
    columns, rows = table
    out = shown("What", columns, [*rows[:-1], "", rows[-1]] if apart else rows)
    from rich.cells import cell_len

    assert max(cell_len(line) for line in out.splitlines()) <= 80
    words = out.split()
    for row in rows:
        for column, cell in zip(columns, row, strict=True):
            if column.is_whole:
                assert cell in words


@given(st.lists(names, min_size=1, max_size=4, unique=True), st.integers(1, 12))
def test_the_name_stands_in_every_part_of_a_table_that_had_to_be_parted(tickers: list[str], many: int) -> None:
    columns = [Column("security", "name"), *(Column(f"figure{number}") for number in range(many))]
    rows = [[ticker, *("123,456,789,012.34" for _ in range(many))] for ticker in tickers]
    out = shown("What", columns, rows)
    parts = out.count("security")
    joined = "".join(re.sub(r"123,456,789,012\.34", "", line).strip() for line in out.splitlines())
    for ticker in tickers:
        assert joined.count(ticker) >= parts
    assert [word for word in out.split() if word.startswith("figure")] == [f"figure{at}" for at in range(many)]
    assert out.count("123,456,789,012.34") == many * len(tickers)


def test_markup_and_control_characters_are_shown_as_they_are() -> None:
    out = shown(
        "[bold]title[/]", [Column("[red]", "name"), Column("text", "text")], [["[red]", "[/nothing] \x1b[31m\a"]]
    )
    assert "[bold]title[/]" in out
    assert out.count("[red]") == 2
    assert "[/nothing] \\x1b[31m\\x07" in out
    assert "\x1b" not in out


def test_only_money_that_is_lost_is_red(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    columns = [Column("security", "name"), Column("net P&L", "money"), Column("position")]
    out = shown("What", columns, [["FAB", "-1.50", "-7"], ["EMAAR", "2.50", "8"], ["MODON", "-", "-"]])
    assert re.findall(r"\x1b\[31m *(\S+?)\x1b", out) == ["-1.50"]


@pytest.mark.parametrize("silent", [Console(quiet=True), Console(json=True)])
def test_there_are_no_tables_where_only_the_closing_is_wanted(silent: Console) -> None:
    set_console(silent)
    try:
        assert shown("What", [Column("security", "name"), Column("fills")], [["FAB", "1"]]) == ""
    finally:
        set_console(Console())
