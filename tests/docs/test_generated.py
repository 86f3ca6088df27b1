"""What documents take from the code is what the code says now."""

from __future__ import annotations

import pytest

from tests.docs.generated import DOCS, GENERATED, regenerated, switches


@pytest.mark.parametrize("page", GENERATED)
def test_the_generated_parts_of_a_page_are_what_the_code_says(page: str) -> None:
    assert (DOCS / page).read_text(encoding="utf-8") == regenerated(page), "python -m tests.docs.generated"


def test_each_switch_has_its_two_presets_and_its_rule_in_one_row() -> None:
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in switches().splitlines()]
    assert {len(cells) for cells in rows} == {5}
    assert ["`fill_price`", "`print`", "`order`"] in [cells[:3] for cells in rows]
