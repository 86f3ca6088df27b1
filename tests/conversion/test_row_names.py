from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.conversion.test_tables import converted, long

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("ticker", ["EMAAR", "2222"])
def test_a_column_of_another_ticker_than_the_files_name_says_is_refused(tmp_path: Path, ticker: str) -> None:
    row = converted(tmp_path, long([ticker]))
    assert f"its rows are those of '{ticker}', and the file is named FAB UH Equity" in (row.error or "")


@pytest.mark.parametrize("text", ["FAB", "ADX:FAB", "FAB.AD", "AEN000101016", "First Abu Dhabi Bank"])
def test_a_column_that_may_mean_the_files_security_changes_nothing(tmp_path: Path, text: str) -> None:
    row = converted(tmp_path, long([text]))
    assert (row.ticker, row.ticks, row.error) == ("FAB", 20, None)
