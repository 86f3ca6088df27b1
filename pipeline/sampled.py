"""The public function that makes a workbook to try things out with.

Annotations are not postponed, since the command line is made from them.
"""

from pathlib import Path
from typing import Final

from pipeline import options as take
from pipeline.errors import BadRequest
from pipeline.option_values import checked

MOST_DAYS: Final = 20_000
"""What a sheet has rows for; each day has 50 of them at least."""


@checked
def sample(
    workbook: take.SampleWorkbook = take.SAMPLE, *, seed: take.SampleSeed = 7, days: take.SampleDays = 4
) -> Path:
    """Make a workbook of synthetic ticks, no market's, to try things out with.

    Args:
        workbook: Path of the workbook; its folder is made where there is none.
        seed: Another one makes other ticks.
        days: Trading days, over which some 12,000 rows a security are spread.

    Returns:
        The path.

    Raises:
        PipelineError: The workbook cannot be written, or has no day.
    """
    from pipeline.conversion.sample import write_sample

    path = Path(workbook)
    if not 1 <= days <= MOST_DAYS:
        raise BadRequest(f"--days is {days}; it takes a whole number from 1 to {MOST_DAYS:,}.")
    write_sample(path, seed=seed, days=days)
    return path
