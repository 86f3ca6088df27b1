"""Writes what documents take from the code (options, figures, switches): `python -m tests.docs.generated`.

Such a part stands between `<!-- NAME: generated -->` and `<!-- end -->`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pipeline.cli import app
from pipeline.engine.execution import SWITCHES
from pipeline.markets.facts import market_files
from pipeline.markets.phases import EVER, PHASES
from pipeline.markets.read import read_market
from pipeline.metrics.registry import FIGURES, GROUPS, METRICS, SUMMARY_FIGURES, SWEEP_FIGURES
from pipeline.options import SHARED
from pipeline.sweeps.objectives import CHOICES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from pipeline.cli.command import Command
    from pipeline.engine.execution import Switch
    from pipeline.markets.phases import Sessions
    from pipeline.markets.tick_tables import TickTable
    from pipeline.metrics.figure import Figure

DOCS: Final = Path(__file__).parents[2] / "docs"
COMMANDS: Final[dict[str, Command]] = {name: app.get_command(None, name) for name in app.list_commands(None)}
UNITS: Final = {"count": "count", "shares": "shares", "ratio": "ratio"}
END: Final = "\n<!-- end -->\n"


def table(heads: Sequence[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a table in Markdown."""
    first, *others = (f"| {' | '.join(cells)} |\n".replace("|  |", "| |") for cells in (heads, *rows))
    return "".join([first, "|---" * (first.count("|") - 1), "|\n", *others])


def quoted(names: Iterable[object], between: str = ", ") -> str:
    """Return names as code."""
    return between.join(f"`{name}`" for name in names)


def switches() -> str:
    """Return the table of the execution switches."""

    def cells(name: str, switch: Switch) -> list[str]:
        values = [f"{value:g}" if isinstance(value, float) else value for value in (switch.classic, switch.strict)]
        others = quoted(word for word in switch.words or () if word not in values)
        return [*map("`{}`".format, (name, *values)), others if switch.words else "any number from 0 on", switch.doc]

    heads = ("switch", "`classic`", "`strict`", "other values", "decides")
    return table(heads, (cells(name, switch) for name, switch in SWITCHES.items()))


def parameters_of(command: Command) -> list[Any]:
    """Return what a command takes beside the options of all commands."""
    return [param for param in command.params if param.name not in SHARED]


def options(command: Command) -> str:
    """Return the table of a command's options and arguments."""

    def cells(param: Any) -> tuple[str, str]:
        declared, text = param.declared, param.help
        if param.default and not isinstance(param.default, bool) and "Default: " not in text:
            text += f" Default: `{param.default}`."
        if declared.aliases:
            text += f" {quoted(declared.aliases)} means the same."
        if declared.ignored:
            text += f" {quoted(declared.ignored)} is accepted and changes nothing."
        if declared.see:
            text += f" See [{Path(declared.see).stem}]({declared.see})."
        is_option = param.param_type_name == "option"
        names = [*param.opts, *param.secondary_opts] if is_option else [param.metavar.strip("[].")]
        return quoted(names, " / "), text

    return table(("option", "what"), map(cells, parameters_of(command)))


def figures() -> str:
    """Return a table a group of figures, their sources, and which of them other files have."""
    sources = list(dict.fromkeys(figure.source for figure in METRICS if figure.source))

    def cells(figure: Figure) -> tuple[str, ...]:
        note = f" [{sources.index(figure.source) + 1}]" if figure.source else ""
        missing = "; ".join(f"{reason.text[0].lower()}{reason.text[1:-1]}" for reason in figure.missing)
        unit = "0 to 1, shown in %" if figure.form == "share" else figure.unit or UNITS[figure.form]
        name = f"`{figure.general_name}`"
        return name, figure.general_label, figure.meaning, f"{figure.formula}{note}", unit, missing

    heads = ("figure", "shown as", "meaning", "formula", "unit", "null when")
    text = ""
    for group in GROUPS:
        of_group = {figure.general_name: figure for figure in reversed(METRICS) if figure.group == group}
        text += f"## {group}\n\n{table(heads, map(cells, reversed(of_group.values())))}\n"
    numbered = "\n".join(f"{number}. {source}" for number, source in enumerate(sources, 1))
    summary = ", ".join(
        f"`{heading}`" + ("" if heading == figure.name else f" (`{figure.name}`)")
        for heading, figure in SUMMARY_FIGURES.items()
    )
    others = (figure for figure in FIGURES if not figure.in_metrics)
    only = ", ".join(f"`{figure.name}` ({figure.meaning[0].lower()}{figure.meaning[1:-1]})" for figure in others)
    return text + (
        f"## Sources\n\n{numbered}\n\n## Which other files have them\n\n"
        f"* `sweep.parquet`, of every setting: {quoted(figure.name for figure in SWEEP_FIGURES)}. "
        f"A sweep chooses by {quoted(CHOICES, ' or ')}.\n"
        f"* `backtest_summary.csv`, under these headings: {summary}.\n"
        f"* Only these two have {only}.\n"
    )


def markets() -> str:
    """Return what is known of each shipped market, and the hours of its days as they are now."""
    heads = ("exchange", "code", "prices in", "tick sizes", "lot", "hours", "closed days")
    phases = ("exchange", "clock", "week", *(name.replace("_", " ") for name in PHASES))
    return f"{table(heads, map(_known, market_files()))}\n{table(phases, map(_hours, market_files()))}"


def _known(file: Path) -> Iterable[str]:
    market, listed = read_market(file), json.loads(file.read_text(encoding="utf-8")).get("closed_days")
    unit = f"{market.price_unit}, {market.price_units_per_currency:g} to a {market.currency}"
    closed = [f"all from {market.known_from} to {market.known_to}"] if market.known_from <= market.known_to else []
    closed += [f"`{market.calendar}`"] if market.calendar else []
    return (
        f"`{market.exchange}`",
        quoted(market.codes),
        unit if market.price_unit else market.currency,
        _since(market.tick_tables),
        ", ".join(f"{lot.size:g}" for lot in market.lot_sizes) or "-",
        _since(market.sessions),
        ", ".join(closed) or ("some" if listed else "-"),
    )


def _since(blocks: Sequence[Sessions | TickTable]) -> str:
    days = [str(block.since) for block in blocks if block.since != EVER]
    last = f", changed last on {days[-1]}" if len(blocks) > 1 else ""
    return (f"from {days[0]}" if blocks[0].since != EVER else "yes") + last if blocks else "-"


def _hours(file: Path) -> Iterable[str]:
    content = json.loads(file.read_text(encoding="utf-8"))
    now = content["sessions"][-1]
    spans = {name: now.get(name, []) for name in PHASES}
    spans |= {name: [span] for name, span in spans.items() if span and isinstance(span[0], str)}
    texts = (", ".join("-".join(span) for span in spans[name]) or "-" for name in PHASES)
    return f"`{content['exchange']}`", content["time_zone"], f"{now['week'][0]}-{now['week'][-1]}", *texts


GENERATED: Final[Mapping[str, Mapping[str, Callable[[], str]]]] = {
    "reference/commands.md": {
        name: lambda command=command: options(command) for name, command in COMMANDS.items() if parameters_of(command)
    },
    "reference/execution.md": {"switches": switches},
    "reference/markets.md": {"markets": markets},
    "reference/metrics.md": {"figures": figures},
}
"""The generated parts of each page below docs/, by name."""


def regenerated(page: str) -> str:
    """Return the text of a page with its generated parts made anew."""
    text = (DOCS / page).read_text(encoding="utf-8")
    for name, make in GENERATED[page].items():
        before, begin, rest = text.partition(f"<!-- {name}: generated -->\n\n")
        _, end, after = rest.partition(END)
        assert begin, f"{page} has no part named {name}"
        assert end, f"{page} has no end of {name}"
        text = before + begin + make() + END + after
    return text


if __name__ == "__main__":
    for page in GENERATED:
        (DOCS / page).write_text(regenerated(page), encoding="utf-8", newline="\n")
