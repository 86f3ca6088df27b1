"""The equity of many securities on one clock is the running sum of their fills, wherever those are held."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.pages import equity_curve
from pipeline.pages.equity_curve import EquityCurve
from pipeline.pages.run_reader import Track

DAY_MS = 86_400_000
FILLS = st.lists(st.tuples(st.integers(0, 6 * DAY_MS), st.integers(-10_000, 10_000)), max_size=40)


def track(fills: list[tuple[int, int]]) -> Track:
    stamps = np.array([at for at, _ in fills], np.int64)
    net = np.array([made / 8 for _, made in fills], np.float64)
    none, whole = np.zeros(len(fills)), np.zeros(len(fills), np.int64)
    return Track(stamps, whole > 0, none, whole, whole, net, none, stamps[:0], none[:0], none[:0])


@pytest.fixture(params=[(10**6, 10**6), (10, 15), (0, 1)])
def limits(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    in_memory, at_a_time = request.param
    monkeypatch.setattr(equity_curve, "IN_MEMORY", in_memory)
    monkeypatch.setattr(equity_curve, "AT_A_TIME", at_a_time)
    monkeypatch.setattr(equity_curve, "OF_EACH", 1)


@pytest.mark.usefixtures("limits")
def test_the_equity_is_the_sum_of_all_fills_in_order_of_time_and_name() -> None:
    @given(st.lists(FILLS, max_size=5))
    def check(securities: list[list[tuple[int, int]]]) -> None:
        taken = EquityCurve()
        by_name = {f"S{number}": sorted(fills) for number, fills in enumerate(securities)}
        for name in reversed(by_name):
            one = track(by_name[name])
            taken.add(name, one.stamps, one.net)
        every = sorted((at, name, number, made) for name in by_name for number, (at, made) in enumerate(by_name[name]))
        curve = taken.curve(10**6)
        assert curve.stamps.tolist() == [at for at, *_ in every]
        assert curve.equity.tolist() == np.cumsum([made / 8 for *_, made in every]).tolist()
        few = taken.curve(len(every) // 2)
        assert few.fills == curve.fills == len(every)
        assert len(few.stamps) <= len(every)

    check()


def test_a_thinned_curve_has_the_extremes_of_each_stretch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(equity_curve, "AT_A_TIME", 500)
    chance = np.random.default_rng(3)
    fills = list(zip(range(0, 6 * DAY_MS, 200_000), chance.integers(-900, 900, 2_592).tolist(), strict=True))
    taken = EquityCurve()
    taken.add("FAB", track(fills).stamps, track(fills).net)
    whole, few = taken.curve(10_000), taken.curve(600)
    assert len(whole.equity) == few.fills == 2_592
    assert 250 < len(few.equity) <= 600
    assert (few.equity.min(), few.equity.max()) == (whole.equity.min(), whole.equity.max())
    assert few.equity[-1] == whole.equity[-1]
