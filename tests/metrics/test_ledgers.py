"""Ledgers say what all fills at once say: by batches of days, as bytes, from a file, in whatever order they come."""

from __future__ import annotations

import dataclasses
import math
import pickle
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.engine.rules.account import CLOSE, OWN, PRINT, TAKE, TOUCH
from pipeline.metrics import clock, ledger_builder
from pipeline.metrics.figures import portfolio_figures
from pipeline.metrics.ledger import Ledger
from pipeline.metrics.ledger_builder import LedgerBuilder
from pipeline.metrics.ledger_store import LedgerStore
from pipeline.metrics.metrics_json import metrics_json
from pipeline.runs.manifest import json_bytes
from tests.made import DAY
from tests.metrics.booked import FIRST, HOUR, SESSION, SESSIONS, Fill, booked, daily_rows, ledger_of
from tests.reference import fill_days
from tests.reference.fill_portfolio import reference_figures

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pipeline.metrics.accounts import AccountHistory

DAYS: Final = (1, 2, 3, 4)
TIMES: Final = ("09:59:00", "10:00:10", "10:05:00", "11:30:00", "11:30:01", "14:45:00", "14:55:30")
PRICES: Final = st.sampled_from((9.1, 9.73, 10.0, 10.27))
MIDS: Final = st.one_of(st.just(math.nan), PRICES)
PLACED: Final = st.tuples(st.integers(3, 6), st.sampled_from([f"{day} {time}" for day in (1, 2) for time in TIMES]))
FILLS: Final = st.builds(
    Fill,
    time=st.sampled_from([f"{day} {time}" for day in DAYS for time in TIMES]),
    shares=st.sampled_from((-700, -3, 3, 251)),
    price=PRICES,
    realized=st.sampled_from((-12.57, 0.0, 3.3, 40.1)),
    placed=st.one_of(st.none(), PLACED),
    mid=MIDS,
    later=st.tuples(MIDS, MIDS, MIDS, MIDS),
    how=st.sampled_from((PRINT, PRINT, TOUCH, TAKE, CLOSE, OWN)),
    limit=st.one_of(st.none(), PRICES),
    traits=st.integers(0, 63),
    beyond_shown=st.integers(0, 9),
    condition=st.sampled_from(("", "", "OB", "XT")),
)
WITH_BREAK: Final = ((10 * HOUR, 11 * HOUR), (11 * HOUR + HOUR // 2, SESSION[1]))
HOURS: Final = (
    SESSIONS,
    ((-100_000, ((10 * HOUR, 13 * HOUR),)),),
    ((-100_000, WITH_BREAK), (FIRST + 2, ((9 * HOUR, 10 * HOUR),)), (FIRST + 3, WITH_BREAK)),
)
MARKS: Final = st.tuples(st.sampled_from(("10:05:00", "11:30:00", "14:45:00", "14:56:02", "15:01:00")), MIDS, MIDS)


@st.composite
def accounts(draw: Callable[[Any], Any], ticker: str = "FAB") -> AccountHistory:
    """Draw an account of a few days; within a day its clock may step back."""
    fills = sorted(draw(st.lists(FILLS, max_size=14)), key=lambda fill: fill.time[0])
    market_days = draw(st.lists(st.sampled_from(DAYS), unique=True).map(sorted))
    path = [
        (f"{day} {time}", mid, last)
        for day in market_days
        for time, mid, last in sorted(draw(st.lists(MARKS, max_size=4, unique_by=lambda mark: mark[0])))
    ]
    limits = {"shares_limit": draw(st.sampled_from((None, 251))), "notional_limit": draw(st.sampled_from((None, 2e3)))}
    limits["notional_binds"] = draw(st.booleans())
    orders = draw(st.sampled_from((None, 0, 9)))
    account = booked(
        fills, market_days, path, ticker=ticker, fees_bps=draw(st.sampled_from((0.0, 7.3))), orders=orders, **limits
    )
    return dataclasses.replace(account, sessions=draw(st.sampled_from(HOURS)))


@st.composite
def several(draw: Callable[[Any], Any]) -> list[AccountHistory]:
    """Draw the accounts of up to four securities, by ticker."""
    return [draw(accounts(f"S{number}")) for number in range(draw(st.integers(1, 4)))]


def near(value: Any) -> Any:
    """Return a value whose numbers may differ in their last digits."""
    if isinstance(value, dict):
        return {name: near(each) for name, each in value.items()}
    if isinstance(value, np.ndarray):
        names: list[str] = value.astype("datetime64[D]").astype(str).tolist()
        return names
    return pytest.approx(value, rel=1e-11, abs=1e-9) if isinstance(value, float) else value


def by_name(figures: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Return figures by their whole names."""
    values = {}
    for name in names:
        value: Any = figures
        for key in name.split("."):
            value = value[key]
        values[name] = value
    return values


FEWER = settings(max_examples=settings().max_examples // 3)


@FEWER
@given(accounts())
def test_a_ledger_says_of_one_security_what_all_its_fills_say(account: AccountHistory) -> None:
    expected = reference_figures([account], is_one_security=True)
    del expected["position"]
    ledger = ledger_of(account)
    assert by_name(ledger.figures, [*expected]) == near(expected)
    assert ledger.summary["position"] == account.replayed.position


@FEWER
@given(several())
def test_ledgers_say_of_several_what_all_their_fills_say(histories: list[AccountHistory]) -> None:
    expected = reference_figures(histories)
    del expected["position"]
    ledgers = [ledger_of(account) for account in histories]
    assert by_name(portfolio_figures({"AED": ledgers}), [*expected]) == near(expected)
    rows, expected_rows = [*daily_rows(ledgers, {"AED": ledgers})], [*fill_days.daily_rows(histories)]
    assert rows == [near(row) for row in expected_rows]


def part(account: AccountHistory, first: int, last: int) -> AccountHistory:
    """Return the days of an account from a first one to before a last one."""
    replayed, observed = account.replayed, account.observed
    assert observed is not None
    day_of = np.maximum.accumulate(replayed.fills.timestamp) // DAY if len(replayed.fills) else np.empty(0, np.int64)
    rows = np.flatnonzero((day_of >= first) & (day_of < last))
    marks = np.flatnonzero((observed.path_time // DAY >= first) & (observed.path_time // DAY < last))
    of_fills = {
        field.name: getattr(observed, field.name)[..., rows]
        for field in dataclasses.fields(observed)
        if not field.name.startswith("path_")
    }
    of_path = {
        field.name: getattr(observed, field.name)[marks]
        for field in dataclasses.fields(observed)
        if field.name.startswith("path_")
    }
    days = replayed.market_days
    piece = dataclasses.replace(
        replayed,
        fills=replayed.fills.at(rows),
        market_days=days[(days >= first) & (days < last)],
        charges=None if replayed.charges is None else replayed.charges[rows],
    )
    return dataclasses.replace(account, replayed=piece, observed=dataclasses.replace(observed, **of_fills, **of_path))


@FEWER
@given(accounts(), st.sets(st.sampled_from((2, 3, 4))), st.sampled_from((0, 100, 2**20)))
def test_a_ledger_is_the_same_however_its_days_are_parted(
    account: AccountHistory, cuts: set[int], in_memory: int
) -> None:
    builder = LedgerBuilder(account, in_memory)
    for first, last in pairwise((FIRST, *(FIRST + cut - 1 for cut in sorted(cuts)), FIRST + len(DAYS))):
        builder.add(part(account, first, last))
    ledger, content = builder.finish(account.replayed), ledger_of(account).to_bytes()
    assert ledger.to_bytes() == content
    assert pickle.loads(pickle.dumps(ledger)).to_bytes() == content  # noqa: S301 - of our own making


@FEWER
@given(accounts())
def test_a_ledger_comes_back_from_its_bytes_and_from_another_process(account: AccountHistory) -> None:
    ledger = ledger_of(account)
    content = ledger.to_bytes()
    for same in (Ledger.of_bytes(content), pickle.loads(pickle.dumps(ledger))):  # noqa: S301 - of our own making
        assert same.to_bytes() == content
        assert portfolio_figures({"AED": [same]}) == portfolio_figures({"AED": [ledger]})
        assert [*daily_rows([same], {"AED": [same]})] == [*daily_rows([ledger], {"AED": [ledger]})]
    with pytest.raises(ValueError, match=r"bytes|buffer|char|value|delimiter"):
        Ledger.of_bytes(content[: len(content) // 2])


@FEWER
@given(several(), st.sampled_from((0, 500, 2**20)), st.randoms())
def test_a_run_is_the_same_from_memory_and_from_a_file_in_any_order(
    histories: list[AccountHistory], in_memory: int, random: Any
) -> None:
    ledgers = [ledger_of(account) for account in histories]
    shuffled = random.sample(ledgers, len(ledgers))
    store = LedgerStore(in_memory=in_memory)
    stored = [store.add(ledger) for ledger in shuffled]
    assert [ledger.to_bytes() for ledger in stored] == [ledger.to_bytes() for ledger in shuffled]
    figures = {
        "portfolio": portfolio_figures({"AED": ledgers}),
        "securities": {each.ticker: each.figures for each in ledgers},
    }
    for kept in (stored, shuffled):
        assert b"".join(metrics_json(kept, figures["portfolio"])) == json_bytes(figures)
        assert [*daily_rows(kept, {"AED": kept})] == [*daily_rows(ledgers, {"AED": ledgers})]


@settings(FEWER, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(histories=several())
def test_a_portfolio_is_the_same_in_whatever_stretches_it_is_walked(
    histories: list[AccountHistory], monkeypatch: pytest.MonkeyPatch
) -> None:
    ledgers = [ledger_of(account) for account in histories]
    whole = portfolio_figures({"AED": ledgers})
    for at_a_time in (1, 7):
        with monkeypatch.context() as patched:
            patched.setattr(clock, "AT_A_TIME", at_a_time)
            assert portfolio_figures({"AED": ledgers}) == whole


def plain(function: Callable[..., int]) -> Callable[..., int]:
    """Return a loop as plain Python, which takes its arrays as the compiled one does."""
    kinds = {"Int64s": np.int64, "Float64s": np.float64, "Int8s": np.int8}

    def run(*arrays: Any) -> int:
        annotations = list(function.__annotations__.values())
        with np.errstate(all="ignore"):
            return function(
                *(a.reshape(-1).view(kinds[kind]) for a, kind in zip(arrays, annotations[:-1], strict=True))
            )

    return run


@settings(FEWER, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(histories=several())
def test_plain_python_gives_the_same_ledgers(histories: list[AccountHistory], monkeypatch: pytest.MonkeyPatch) -> None:
    ledgers = [ledger_of(account) for account in histories]
    figures = portfolio_figures({"AED": ledgers})
    with monkeypatch.context() as patched:
        for module in (clock, ledger_builder):
            patched.setattr(module, "compiled", plain)
        assert [ledger_of(account).to_bytes() for account in histories] == [each.to_bytes() for each in ledgers]
        assert portfolio_figures({"AED": ledgers}) == figures
