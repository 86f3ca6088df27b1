"""Warnings as a terminal shows them: few of a kind, none cut without saying so, and all counted."""

from __future__ import annotations

import pytest

from pipeline.console.warnings import MOST_CHARACTERS, grouped, with_count

TICKERS = ("AAA", "BBB", "CCC", "DDD", "EEE", "FFF")


def locked(ticker: str, share: int) -> str:
    return f"{ticker}: the book is locked for 1:00:0{share % 10} ({share}% of the session, 1 events)."


def test_up_to_four_of_a_kind_are_shown_whole_and_other_kinds_stand_by_themselves() -> None:
    four = [locked(ticker, share) for share, ticker in enumerate(TICKERS[:4], 20)]
    other = ["The ticks cover 1 market day.", "AAA: the book is crossed for 0:00:01 (1% of the session, 1 events)."]
    assert grouped([*four, *other]) == [*four, *other]


def test_of_more_the_first_three_are_shown_and_the_others_named() -> None:
    every = [locked(ticker, share) for share, ticker in enumerate(TICKERS, 20)]
    between = "DDD: sorted newest first: the clock steps back in 9 rows."
    shown = grouped([*every[:4], between, *every[4:]])
    assert shown == [*every[:3], "3 more: the book is locked for …: DDD, EEE, FFF", between]


def test_warnings_of_one_run_are_put_together_apart_from_those_of_another() -> None:
    of_b = [f"{locked(ticker, share)} (only B)" for share, ticker in enumerate(TICKERS, 20)]
    of_a_and_c = [f"{locked(ticker, share)} (only A, C)" for share, ticker in enumerate(TICKERS, 30)]
    assert grouped([*of_b, *of_a_and_c]) == [
        *of_b[:3],
        "3 more: the book is locked for …: DDD, EEE, FFF (only B)",
        *of_a_and_c[:3],
        "3 more: the book is locked for …: DDD, EEE, FFF (only A, C)",
    ]


def test_a_ticker_with_two_warnings_of_a_kind_is_named_once() -> None:
    every = [locked(ticker, share) for ticker in TICKERS[:4] for share in (20, 30)]
    assert grouped(every) == [*every[:3], "5 more: the book is locked for …: BBB, CCC, DDD"]


def test_a_sentence_said_twice_is_shown_once_and_a_long_one_says_that_it_is_cut() -> None:
    long = "No fill at all: " + ", ".join(f"T{number:03}" for number in range(200)) + "."
    assert grouped([long, long]) == [f"{long[:MOST_CHARACTERS]} … (--json has it whole)"]


@pytest.mark.parametrize(
    ("line", "many", "expected"),
    [
        ("Results: output/v1  (0.51 s)", 1, "Results: output/v1  (0.51 s; 1 warning)"),
        ("Page: output/v1/report.html", 2, "Page: output/v1/report.html; 2 warnings"),
        ("A and B are the same: v1, 3 securities.", 1_200, "A and B are the same: v1, 3 securities. 1,200 warnings."),
    ],
)
def test_the_closing_line_counts_warnings(line: str, many: int, expected: str) -> None:
    assert with_count(line, many) == expected
