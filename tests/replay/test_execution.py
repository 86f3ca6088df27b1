"""Which execution model a run takes: the config's block, the command line's preset, single switches, exchanges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pipeline.engine.execution import SWITCHES, make_execution, preset_settings, variants
from pipeline.errors import ConfigError
from pipeline.replay.plan import Request, plan
from tests.made import PARAMETERS, make_config

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pipeline.replay.plan import Plan

BLOCK = {"preset": "strict", "latency_ms": 50, "self_cross": "allowed"}


@pytest.fixture
def planned(store: Path, tmp_path: Path) -> Callable[..., Plan]:
    def make(blocks: dict[str, object] | None = None, **changes: Any) -> Plan:
        config = make_config(tmp_path / "v1.json", **(blocks or {}))
        return plan(Request(config=config, parquet_dir=store, **changes))

    return make


def test_without_a_word_it_is_classic(planned: Any) -> None:
    execution = planned().execution
    assert execution.name == "classic"
    assert execution.settings == preset_settings("classic")


@pytest.mark.parametrize("block", ["strict", {"preset": "strict"}, {"preset": "strict", "_comment": "a careful desk"}])
def test_a_config_may_name_a_preset(planned: Any, block: object) -> None:
    assert planned({"_execution": block}).execution.settings == preset_settings("strict")


def test_a_config_may_change_single_switches_of_classic(planned: Any) -> None:
    execution = planned({"_execution": {"fill_price": "order", "fees_bps": 2}}).execution
    assert execution.settings == preset_settings("classic") | {"fill_price": "order", "fees_bps": 2.0}
    assert execution.name == "classic fill_price=order fees_bps=2"


def test_a_config_may_change_single_switches_of_a_preset(planned: Any) -> None:
    changed = {"latency_ms": 50.0, "self_cross": "allowed"}
    assert planned({"_execution": BLOCK}).execution.settings == preset_settings("strict") | changed


def test_the_command_lines_preset_replaces_the_configs_block(planned: Any) -> None:
    assert planned({"_execution": BLOCK}, execution="strict").execution.settings == preset_settings("strict")
    assert planned({"_execution": BLOCK}, execution="classic").execution.settings == preset_settings("classic")


def test_a_single_switch_of_the_command_line_wins_over_both(planned: Any) -> None:
    single = {"execution.self_cross": "cancel_older", "execution.fill_price": "print"}
    over_block = planned({"_execution": BLOCK}, overrides=single).execution.settings
    assert over_block == preset_settings("strict") | {"latency_ms": 50.0, "fill_price": "print"}
    over_preset = planned({"_execution": BLOCK}, execution="strict", overrides=single).execution.settings
    assert over_preset == preset_settings("strict") | {"fill_price": "print"}


@pytest.mark.parametrize("key", [key for key, switch in SWITCHES.items() if switch.words is not None])
def test_every_switch_can_be_set_to_each_of_its_words(planned: Any, key: str) -> None:
    for word in SWITCHES[key].words or ():
        assert planned(overrides={f"execution.{key}": word}).execution.settings[key] == word


@pytest.mark.parametrize(
    ("text", "adx", "dfm"), [("5", 5.0, 5.0), ('{"ADX": 5, "DFM": 2.5}', 5.0, 2.5), ('{"DFM": 1}', 0.0, 1.0)]
)
def test_fees_are_one_number_or_one_an_exchange(planned: Any, text: str, adx: float, dfm: float) -> None:
    execution = planned(overrides={"execution.fees_bps": text}).execution
    assert (execution.fees_bps("ADX"), execution.fees_bps("DFM")) == (adx, dfm)


@pytest.mark.parametrize(
    ("block", "words"),
    [
        ("strickt", "_execution: preset is \"strickt\"; it takes classic or strict. Did you mean 'strict'?"),
        ({"preset": ["strict"]}, '_execution: preset is ["strict"]; it takes classic or strict.'),
        ({"fil_price": "order"}, "_execution: unknown switch 'fil_price'. Did you mean 'fill_price'?"),
        ({"fill_price": "ordr"}, "_execution: fill_price is \"ordr\"; it takes print or order. Did you mean 'order'?"),
        ({"latency_ms": -1}, "_execution: latency_ms is -1; it takes a number from 0 to 1,000,000,000."),
        ({"latency_ms": True}, "_execution: latency_ms is true; it takes a number from 0 to 1,000,000,000."),
        (
            {"fees_bps": "many"},
            '_execution: fees_bps is "many"; it takes a number from 0 to 1,000,000,000, or {"ADX": 2.5, "DFM": 3}.',
        ),
        ({"fees_bps": {"ADX": "many"}}, '_execution: fees_bps is "many"; it takes a number from 0 to 1,000,000,000.'),
        (5, "_execution is 5; it takes a preset's name or a block of switches."),
    ],
)
def test_a_block_that_cannot_be_meant_is_refused_by_file_and_switch(
    planned: Any, tmp_path: Path, block: object, words: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        planned({"_execution": block})
    assert str(refused.value).startswith(f"{tmp_path / 'v1.json'}: {words}")
    assert refused.value.exit_status == 2


def test_fees_of_an_exchange_that_is_none_are_refused_with_the_nearest(planned: Any) -> None:
    with pytest.raises(ConfigError, match=r"fees_bps: .*'ADXX'.*Did you mean 'ADX'\?"):
        planned(overrides={"execution.fees_bps": '{"ADXX": 5}'})


def test_a_config_may_override_a_securitys_exchange(planned: Any) -> None:
    tasks = planned({"FAB": PARAMETERS | {"exchange": "dfm"}}).tasks
    assert {task.ticker: task.exchange for task in tasks} == {"EMAAR": "DFM", "FAB": "DFM", "MODON": "ADX"}


def test_an_exchange_that_is_none_is_refused_by_file_and_ticker(planned: Any, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"'DFMM'.*Did you mean 'DFM'\?") as refused:
        planned({"FAB": PARAMETERS | {"exchange": "DFMM"}})
    assert str(refused.value).startswith(f"{tmp_path / 'v1.json'}: FAB: ")


def test_a_compiled_run_checks_its_assumptions_unless_told_not_to(planned: Any) -> None:
    assert planned().tasks[0].alternatives.keys() == variants(make_execution("classic", {}, "")).keys()
    assert not planned(sensitivity=False).tasks[0].alternatives


def test_a_plain_run_checks_its_assumptions_only_when_told_to(planned: Any) -> None:
    assert not planned(engine="python").tasks[0].alternatives
    assert planned(engine="python", sensitivity=True).tasks[0].alternatives


def test_the_runs_own_fees_stay_on_in_the_check(planned: Any) -> None:
    alternatives = planned(execution="strict", overrides={"execution.fees_bps": "4"}).tasks[0].alternatives
    fees = {name: model.fees_bps("ADX") for name, model in alternatives.items()}
    assert {fee for name, fee in fees.items() if name != "fees_bps=1"} == {4.0}
    assert fees["fees_bps=1"] == 1.0
