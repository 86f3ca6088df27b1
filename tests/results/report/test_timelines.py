"""How the room on a page is shared among securities."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.results.report.timelines import shares


@given(st.lists(st.integers(0, 10_000), max_size=40), st.integers(0, 200_000))
def test_who_needs_little_has_all_of_it_and_the_rest_is_even(needs: list[int], room: int) -> None:
    given_to = shares(needs, room)
    assert sum(given_to) <= room
    cut = [got for got, need in zip(given_to, needs, strict=True) if got < need]
    assert all(got <= need for got, need in zip(given_to, needs, strict=True))
    if cut:
        assert max(cut) - min(cut) <= 1
        assert max(given_to) <= max(cut) + 1
        assert room - sum(given_to) < len(needs)
