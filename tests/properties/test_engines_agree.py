"""Random cases of every strategy: compiled, plain and the slow reference find the same, bit for bit.

HYPOTHESIS_PROFILE=thorough draws a hundred times as many examples, each run others, and 10,000 streams a strategy.
"""

from __future__ import annotations

import importlib

import pytest
from hypothesis import given, settings

from pipeline.engine.compiled import compiled_replay
from pipeline.markets.facts import facts_of
from pipeline.replay.simulate import CLASSIC, engine_facts
from pipeline.strategies.loading.load import load_strategy
from tests.engine.replays import bits, field_values
from tests.properties.agreement import check_engines, check_reference
from tests.properties.seeded import for_seeded_cases, seeded_case
from tests.properties.streams import MAKERS, NAMES, Case, cases, columns


@pytest.mark.parametrize("count", [200, pytest.param(1_000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", NAMES)
def test_both_engines_find_the_same_in_thousands_of_streams(name: str, count: int) -> None:
    for_seeded_cases([name], count, check_engines)


@pytest.mark.parametrize("count", [200, pytest.param(1_000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", NAMES)
def test_the_reference_finds_the_same_in_many_streams(name: str, count: int) -> None:
    for_seeded_cases([name], count, check_reference)


@given(cases())
@settings(max_examples=settings().max_examples // 2)
def test_both_engines_and_the_reference_find_the_same(case: Case) -> None:
    check_engines(case)
    check_reference(case)


@pytest.mark.parametrize("count", [100, pytest.param(500, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", MAKERS)
def test_the_loop_that_knows_the_switches_gives_what_the_classic_loop_gives(name: str, count: int) -> None:
    strategy = load_strategy(name)
    loops = [compiled_replay(strategy, constants) for constants in (None, CLASSIC.fields())]
    assert loops[0] is not loops[1]

    def agree(case: Case) -> None:
        facts = engine_facts(facts_of(case.exchange), case.execution)
        found = [bits(loop.run(case.ticks, facts, field_values(strategy, case.parameters))) for loop in loops]
        assert found[0] == found[1]

    for_seeded_cases([name], count, agree, CLASSIC)


def test_there_is_a_reference_for_every_strategy() -> None:
    assert len(NAMES) == 5
    for name in NAMES:
        assert callable(importlib.import_module(f"tests.reference.{name}").replay)


def test_a_failure_names_the_strategy_and_the_number_that_make_the_case_again() -> None:
    failing = seeded_case("v2_1_stop_loss", 3)

    def fails_at_it(case: Case) -> None:
        assert repr(case) != repr(failing)

    with pytest.raises(AssertionError) as failed:
        for_seeded_cases(NAMES, 5, fails_at_it)
    assert failed.value.__notes__ == [f"seeded_case('v2_1_stop_loss', 3): {failing!r}"]


def test_a_case_made_twice_from_its_number_is_the_same_and_another_number_makes_another() -> None:
    first, again, other = (columns(seeded_case("v1_baseline", number).ticks) for number in (5, 5, 6))
    assert [column.tolist() for column in first] == [column.tolist() for column in again]
    assert [column.tolist() for column in first] != [column.tolist() for column in other]
