"""What documents take from the code is what the code says now."""

from __future__ import annotations

import pytest

from tests.docs.generated import DOCS, GENERATED, regenerated


@pytest.mark.parametrize("page", GENERATED)
def test_the_generated_parts_of_a_page_are_what_the_code_says(page: str) -> None:
    assert (DOCS / page).read_text(encoding="utf-8") == regenerated(page), "python -m tests.docs.generated"
