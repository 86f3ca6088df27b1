"""A value that is empty, or a path to the wrong kind of thing, is one plain sentence with status 2."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.console.screens import to_pipe, without_stretches

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (("backtest", "--config", ""), "--config"),
        (("backtest", "--output-dir="), "--output-dir"),
        (("backtest", "--parquet-dir", ""), "--parquet-dir"),
        (("backtest", "--securities", ""), "--securities"),
        (("backtest", "--set", "quote_size=1", "--set", ""), "--set"),
        (("sensitivity", "--securities", ""), "--securities"),
        (("sweep", "--grid", ""), "--grid"),
        (("sweep", ""), "SWEEP_FILE"),
        (("convert", "--only", ""), "--only"),
        (("convert", ""), "WORKBOOKS"),
        (("inspect", ""), "TICKERS"),
        (("validate", "--config", ""), "--config"),
        (("compare", "one", ""), "B"),
        (("runs", "--remove", ""), "--remove"),
        (("show", "FAB", "--fills", "--from", ""), "--from"),
    ],
)
def test_an_empty_value_is_refused_by_the_name_of_its_option(tmp_path: Path, words: tuple[str, ...], name: str) -> None:
    output = to_pipe(*words, cwd=tmp_path)
    assert (output.status, output.out, [*tmp_path.iterdir()]) == (2, "", [])
    assert without_stretches(output.err) == (
        f"Error: {name} is empty: give it a value, or leave it out. A shell variable that is not set is empty, too.\n"
    )


def test_an_empty_note_and_no_conditions_are_meant(tmp_path: Path) -> None:
    output = to_pipe("backtest", "--note", "", "--ignore-conditions", "", cwd=tmp_path)
    assert "There is no Parquet directory" in output.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("backtest --config folder", "folder: cannot be read as a config file: it is a folder, and a file is needed."),
        ("backtest --strategy folder.py", "folder.py: no strategy file there can be read (it is a folder, and a file "),
        (
            "backtest --parquet-dir file",
            (
                "file is no Parquet directory: it is a file, and a folder is needed. Run `pipeline convert` with "
                "another --parquet-dir first."
            ),
        ),
        ("convert ticks.csv --parquet-dir file", "file cannot be written: it is a file, and a folder is needed."),
        (
            "convert ticks.csv --parquet-dir file/in",
            "file/in cannot be written: file is a file, and a folder is needed.",
        ),
        ("sweep folder", "folder is a folder, and a sweep file is needed. There are: folder/one.json."),
        ("sample folder", "folder cannot be written: it is a folder, and a file is needed."),
        ("sample file/ticks.xlsx", "file/ticks.xlsx cannot be written: file is a file, and a folder is needed."),
        ("new file/mine.py", "file/mine.py cannot be written: file is a file, and a folder is needed."),
    ],
)
def test_a_file_in_a_folders_place_and_the_other_way_round_is_told_as_that(
    tmp_path: Path, words: str, message: str
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "ticks.csv").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "one.json").touch()
    (tmp_path / "folder.py").mkdir()
    output = to_pipe(*words.split(), cwd=tmp_path)
    assert (output.status, output.out) == (2, "")
    assert without_stretches(output.err).replace("\\", "/").startswith(f"Error: {message}")
