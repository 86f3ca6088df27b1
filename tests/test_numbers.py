"""A number in, what a person reads out."""

from __future__ import annotations

import pytest

from pipeline.numbers import FORMS, counted, exact

CASES = [
    ("count", 22_662, "22,662"),
    ("money", 19_335.010899092227, "19,335.01"),
    ("money", -2_546.5619217571275, "-2,546.56"),
    ("money", 0.0, "0.00"),
    ("money", -0.001, "0.00"),
    ("money", -0.005001, "-0.01"),
    ("whole_money", -405_625.17, "-405,625"),
    ("whole_money", -0.4, "0"),
    ("share", 0.6053853296193129, "60.5"),
    ("percentage", 60.53, "60.5"),
    ("ratio", 1.0658936871665647, "1.07"),
    ("bps", -0.125001, "-0.13"),
    ("seconds", 12.34, "12.3"),
    ("days", 4, "4"),
]


@pytest.mark.parametrize(("form", "value", "text"), CASES)
def test_a_number_is_shown_as_people_write_it(form: str, value: float, text: str) -> None:
    assert FORMS[form](value) == text


@pytest.mark.parametrize("form", FORMS)
def test_a_missing_number_is_a_dash(form: str) -> None:
    assert FORMS[form](None) == "-"


def test_the_exact_number_is_kept_beside_it() -> None:
    assert [exact(value) for value in (None, 1, 0.1, -405_625.1700000001)] == ["", "1", "0.1", "-405625.1700000001"]


def test_a_count_has_its_word_in_the_plural_unless_it_is_one() -> None:
    found = [counted(number, word) for number in (0, 1, 2_000) for word in ("day", "security")]
    assert found == ["0 days", "0 securities", "1 day", "1 security", "2,000 days", "2,000 securities"]
