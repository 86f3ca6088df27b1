"""A config that cannot be meant is refused by file, ticker and key; what can is merged in order."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import pytest

from pipeline.errors import ConfigError, UnconfiguredSecurity
from pipeline.settings import Config, Parameter, read_config

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PARAMETERS: Final = {
    "quote_size": Parameter("quote_size", "int", 50_000, minimum=0, maximum=1e12, unit="shares"),
    "quote_size_bid": Parameter("quote_size_bid", "int", None, optional=True, minimum=0, unit="shares"),
    "refill_interval_sec": Parameter("refill_interval_sec", "int", 60, minimum=0, scale=1_000_000_000, unit="seconds"),
    "max_notional": Parameter("max_notional", "float", None, optional=True, above=0, unit="AED"),
    "share_pct": Parameter("share_pct", "float", 10, above=0, maximum=100),
    "both_sides": Parameter("both_sides", "bool", True),
}


def read(folder: Path, text: str, overrides: Mapping[str, str] | None = None) -> Config:
    path = folder / "v1.json"
    path.write_bytes(text.encode())
    return read_config(path, PARAMETERS, overrides)


UNREADABLE: Final = {
    "broken JSON, with its line": ('{\n"FAB": {\n"quote_size": }}', ", line 3: not valid JSON"),
    "an empty file": ("", ", line 1: not valid JSON"),
    "text after the end": ('{"FAB": {}}\n\n{}', ", line 3: not valid JSON"),
    "one key twice in an entry": (
        '{"FAB": {"quote_size": 1, "quote_size": 2}}',
        "'quote_size' stands twice in one block",
    ),
    "one ticker twice": ('{"FAB": {}, "ADIB": {}, "FAB": {}}', "'FAB' stands twice in one block"),
    "one key twice deep down": ('{"FAB": {"_comment": [{"a": {"b": 1, "b": 2}}]}}', "'b' stands twice in one block"),
    "NaN": ('{"FAB": {"quote_size": NaN}}', "NaN is not a number a parameter can take"),
    "Infinity": ('{"FAB": {"max_notional": Infinity}}', "Infinity is not a number a parameter can take"),
    "minus Infinity": ('{"FAB": {"max_notional": -Infinity}}', "-Infinity is not a number a parameter can take"),
    "a list": ("[]", "a config file is one block in braces"),
    "a number": ("5", "a config file is one block in braces"),
    "nesting without end": ("[" * 100_000, "recursion"),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_a_file_that_is_no_config_is_refused_by_name(case: str, tmp_path: Path) -> None:
    text, words = UNREADABLE[case]
    with pytest.raises(ConfigError) as refused:
        read(tmp_path, text)
    assert str(refused.value).startswith(str(tmp_path / "v1.json"))
    assert words in str(refused.value)


REFUSED: Final = {
    "unknown key": ('"quote_sise": 1', "unknown parameter 'quote_sise'. Did you mean 'quote_size'?"),
    "unknown key in another case": ('"Quote_Size": 1', "unknown parameter 'Quote_Size'. Did you mean 'quote_size'?"),
    "unknown key near none": ('"zzz": 1', "unknown parameter 'zzz'. It is one of: quote_size, quote_size_bid, "),
    "text": (
        '"quote_size": "500"',
        'quote_size is "500"; it takes a whole number of shares at least 0 and at most 1e+12.',
    ),
    "true for a number": ('"quote_size": true', "quote_size is true; it takes a whole number"),
    "false for a number": ('"max_notional": false', "max_notional is false; it takes a number of AED above 0 or null."),
    "a number for true": ('"both_sides": 1', "both_sides is 1; it takes true or false."),
    "half a share": ('"quote_size": 32300.5', "quote_size is 32300.5; it takes a whole number of shares"),
    "below": ('"quote_size": -1', "quote_size is -1; it takes a whole number of shares at least 0"),
    "a negative duration": (
        '"refill_interval_sec": -0.5',
        "refill_interval_sec is -0.5; it takes a number of seconds at",
    ),
    "on an open bound": ('"max_notional": 0', "max_notional is 0; it takes a number of AED above 0 or null."),
    "over": ('"share_pct": 100.01', "share_pct is 100.01; it takes a number above 0 and at most 100."),
    "too large for any number": ('"max_notional": 1e999', "max_notional is Infinity; it takes a number of AED"),
    "too many digits": (f'"quote_size": 1{"0" * 400}', "; it takes a whole number of shares"),
    "null": ('"quote_size": null', "quote_size is null; it takes a whole number of shares"),
    "a list": ('"quote_size": [1]', "quote_size is [1]; it takes a whole number of shares"),
    **{
        f"a tick size of {size}": (f'"tick_size": {size}', f"tick_size is {shown}; it takes a number above 0, as 0.01")
        for size, shown in (("0", "0"), ("-0.5", "-0.5"), ("true", "true"), ('"0.01"', '"0.01"'), ("null", "null"))
    },
    "an infinite tick size": ('"tick_size": 1e999', "tick_size is Infinity; it takes a number above 0"),
    "a misspelt tick size": ('"ticksize": 0.01', "unknown parameter 'ticksize'. Did you mean 'tick_size'?"),
    "a block": ('"quote_size": {}', "quote_size is {}; it takes a whole number of shares"),
}


@pytest.mark.parametrize("ticker", ["FAB", "_defaults"])
@pytest.mark.parametrize("case", REFUSED)
def test_an_impossible_parameter_is_refused_by_file_ticker_and_key(case: str, ticker: str, tmp_path: Path) -> None:
    entry, words = REFUSED[case]
    with pytest.raises(ConfigError) as refused:
        read(tmp_path, f'{{"ADIB": {{}}, "{ticker}": {{{entry}}}}}')
    assert str(refused.value).startswith(f"{tmp_path / 'v1.json'}: {ticker}: ")
    assert words in str(refused.value)


@pytest.mark.parametrize("entry", ["5", "null", "[]", '"quote_size"', "true"])
def test_an_entry_that_is_no_block_is_refused_by_file_and_ticker(entry: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"v1\.json: FAB is .*; it takes a block of parameters in braces\."):
        read(tmp_path, f'{{"FAB": {entry}}}')


@pytest.mark.parametrize(
    ("block", "words"),
    [
        ("_default", "unknown block '_default'. Did you mean '_defaults'?"),
        ("_comments", "unknown block '_comments'. Did you mean '_comment'?"),
        ("_zzz", "unknown block '_zzz'."),
    ],
)
def test_an_unknown_block_is_refused_with_the_nearest(block: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        read(tmp_path, f'{{"{block}": {{}}}}')
    assert str(refused.value).endswith(words)


def test_two_cases_of_one_ticker_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"v1\.json: two entries name the same ticker in different case"):
        read(tmp_path, '{"FAB": {}, "fab": {}}')


@pytest.mark.parametrize("name", ["FAB UH Equity", "FAB ", ""])
def test_an_entry_that_no_security_can_be_called_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(
        ConfigError, match=f"v1.json: '{name}' is no ticker. An entry is named by the ticker alone, as FAB"
    ):
        read(tmp_path, json.dumps({name: {}, "_defaults": {}}))


def test_an_entry_of_no_security_that_is_almost_one_without_is_told(tmp_path: Path) -> None:
    config = read(tmp_path, '{"EMAR": {}, "FAB": {}, "fabx": {}, "ADCB": {}, "_defaults": {}}')
    [words] = config.misspelt(["ADIB", "EMAAR", "FAB"], {"ADIB", "EMAAR", "FAB"})
    assert words.endswith("""v1.json: no entry for EMAAR, so it takes "_defaults". Did you mean 'EMAR'?""")
    assert config.misspelt(["EMAAR"], {"EMAAR", "EMAR"}) == []


@pytest.mark.parametrize(
    ("key", "text", "words"),
    [
        ("quote_sise", "1", "--set quote_sise=1: unknown parameter 'quote_sise'. Did you mean 'quote_size'?"),
        ("quote_size", "many", '--set quote_size=many: quote_size is "many"; it takes a whole number'),
        ("quote_size", "1.5", "--set quote_size=1.5: quote_size is 1.5; it takes a whole number"),
        ("quote_size", "", '--set quote_size=: quote_size is ""; it takes a whole number'),
        ("quote_size", "null", "--set quote_size=null: quote_size is null; it takes a whole number"),
        ("max_notional", "NaN", "--set max_notional=NaN: max_notional is NaN; it takes a number"),
        ("both_sides", "yes", '--set both_sides=yes: both_sides is "yes"; it takes true or false.'),
    ],
)
def test_a_set_that_cannot_be_meant_is_refused_by_key(key: str, text: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        read(tmp_path, '{"FAB": {}}', {key: text})
    assert str(refused.value).startswith(words)


def test_a_missing_file_says_how_to_give_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        read_config(tmp_path / "none.json", PARAMETERS)
    assert str(refused.value) == (
        f"{tmp_path / 'none.json'}: no such config file. Give one with --config; "
        'the shortest is {"_defaults": {}}, all securities at the strategy\'s own defaults.'
    )


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (None, "it is a folder, and a file is needed"),
        ('{"FAB": {}}'.encode("utf-16"), "it is not text in UTF-8"),
        (b'{"\xff": {}}', "it is not text in UTF-8"),
    ],
)
def test_a_folder_or_other_encoding_cannot_be_read(raw: bytes | None, why: str, tmp_path: Path) -> None:
    path = tmp_path / "v1.json"
    path.mkdir() if raw is None else path.write_bytes(raw)
    with pytest.raises(ConfigError, match=rf"v1\.json: cannot be read as a config file: {why}\."):
        read_config(path, PARAMETERS)


def test_a_byte_order_mark_and_comments_do_no_harm(tmp_path: Path) -> None:
    config = read(tmp_path, '\ufeff{"_comment": ["any"], "FAB": {"_comment": {"by": "me"}, "quote_size": 7}}')
    assert {ticker: values["quote_size"] for ticker, values in config.securities.items()} == {"FAB": 7}
    assert "_comment" not in config.securities["FAB"]


def test_an_entry_is_defaults_under_file_defaults_under_its_own_under_set(tmp_path: Path) -> None:
    text = """{
        "_defaults": {"quote_size": 2, "share_pct": 2, "max_notional": 2},
        "fab": {"share_pct": 3, "max_notional": 3},
        "ADIB": {"max_notional": null}
    }"""
    config = read(tmp_path, text, {"max_notional": "4", "both_sides": "false"})
    chosen = config.of(["FAB", "ADIB", "DIB"])
    keys = ("refill_interval_sec", "quote_size", "share_pct", "max_notional", "both_sides")
    found = {ticker: tuple(values[key] for key in keys) for ticker, values in chosen.items()}
    assert found == {"FAB": (60, 2, 3.0, 4.0, False), "ADIB": (60, 2, 2.0, 4.0, False), "DIB": (60, 2, 2.0, 4.0, False)}


def test_tickers_without_an_entry_are_all_named_when_there_are_no_defaults(tmp_path: Path) -> None:
    config = read(tmp_path, '{"EMAAR": {}, "FAB": {}}')
    assert list(config.of(["FAB"])) == ["FAB"]
    with pytest.raises(UnconfiguredSecurity) as refused:
        config.of(["FAB", "EMAR", "DIB"])
    message = str(refused.value)
    assert message.startswith(f"{tmp_path / 'v1.json'}: no parameters for EMAR, DIB. Did you mean 'EMAAR'?")
    assert '"_defaults"' in message


@pytest.mark.parametrize(
    ("key", "given", "kept"),
    [
        ("quote_size", 7.0, 7),
        ("quote_size", 10**12, 10**12),
        ("max_notional", 5, 5.0),
        ("refill_interval_sec", 0.25, 0.25),
        ("quote_size_bid", None, None),
    ],
)
def test_a_value_is_kept_in_the_parameters_own_kind(key: str, given: Any, kept: Any) -> None:
    found = PARAMETERS[key].check(given, "here")
    assert (type(found), found) == (type(kept), kept)


def test_a_duration_is_held_in_whole_nanoseconds() -> None:
    seconds = PARAMETERS["refill_interval_sec"]
    nanoseconds = [seconds.as_field(value) for value in (60, 0.1, 2.5, 1e-9)]
    assert nanoseconds == [60_000_000_000, 100_000_000, 2_500_000_000, 1]
