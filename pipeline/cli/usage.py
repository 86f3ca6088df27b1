"""Turns a command line that Typer could not parse into one plain sentence about what was wrong."""

from __future__ import annotations

import re
from typing import Any, Final

from pipeline.cli import complete
from pipeline.errors import nearest
from pipeline.options import SHARED

TOP: Final = "pipeline"
TAKES: Final = {
    "int": "a whole number",
    "float": "a number",
}
LIKENESS: Final = 0.8
"""How alike a misspelt option and what it is taken for are; below it `--only` is like `--json`."""

SAME: Final = {
    "--run": "run",
    **dict.fromkeys(("--only", "--securities", "--security", "--ticker", "--tickers"), "ticker"),
}
"""What options name that are called otherwise, or are plain arguments, in other commands."""


def is_usage(error: Exception) -> bool:
    """Tell whether Typer raised this because of what was typed."""
    return hasattr(error, "format_message") and hasattr(error, "exit_code")


def plain(error: Any, verb: str) -> str:
    """Return what is wrong with what was typed after a verb, and what comes nearest to it."""
    context = getattr(error, "ctx", None)
    verb = str(context.info_name) if context is not None else verb or TOP
    params = [] if context is None else context.command.get_params(context)
    known = [word for param in params for word in (*param.opts, *param.secondary_opts) if word.startswith("-")]
    match type(error).__name__:
        case "NoSuchOption":
            sentence = _no_such_option(error.option_name, verb, known, params)
        case "MissingParameter":
            sentence = f"{verb} needs {_named(error.param)}: {_help_of(error.param)}"
        case "BadParameter":
            sentence = _bad_value(error)
        case "BadOptionUsage" if "not take a value" in error.message:
            sentence = f"{error.option_name} takes no value."
        case "BadOptionUsage":
            sentence = f"{error.option_name} needs a value after it."
        case _:
            sentence = _otherwise(error.format_message(), verb, known)
    return (
        f"{sentence} `pipeline {verb} --help` lists what it takes."
        if verb != TOP
        else f"{sentence} Try `pipeline --help`."
    )


def _no_such_option(name: str, verb: str, known: list[str], params: list[Any]) -> str:
    if verb == TOP and name.lstrip("-") in SHARED:
        return f"{name} goes after the command: pipeline COMMAND {name}."
    here = [param for param in params if _is_meant(name, param)]
    arguments = [param for param in here if param.declared.argument]
    if arguments:
        needed = [param for param in arguments if param.required] or arguments
        words = " ".join(re.sub(r"[\[\].]", "", param.declared.metavar or param.name.upper()) for param in needed)
        return f"{verb} has no option {name}: it is a plain argument here, as in `pipeline {verb} {words}`."
    if here:
        return f"{verb} has no option {name}. Did you mean '{here[0].opts[0]}'?"
    return f"{verb} has no option {name}.{nearest(name, known, LIKENESS) if name.startswith('--') else ''}"


def _is_meant(name: str, param: Any) -> bool:
    """Tell whether an option that a command has not, but another may, is one of its own parameters."""
    declared = getattr(param, "declared", None)
    if declared is None:
        return False
    word = name.lstrip("-").replace("-", "_")
    if declared.argument and param.name in (word, f"{word}s"):
        return True
    kind = SAME.get(name)
    return kind is not None and declared.completion in (kind, f"{kind}s") and (declared.argument or kind != "run")


def _otherwise(message: str, verb: str, known: list[str]) -> str:
    unexpected = re.match(r"Got unexpected extra arguments?(?:\(s\))? \((.*)\)", message)
    if unexpected:
        return _unexpected(unexpected[1].split()[0], verb, known)
    return message if message.endswith("?") else f"{message.rstrip('.')}."


def _unexpected(word: str, verb: str, known: list[str]) -> str:
    meant = ""
    if "--strategy" in known and (word.endswith(".py") or word in complete.strategies("")):
        meant = f" Did you mean --strategy {word}?"
    elif "--securities" in known and word.isupper():
        meant = f" Did you mean --securities {word}?"
    return f"{verb} takes no argument '{word}'.{meant}"


def _bad_value(error: Any) -> str:
    name = _named(error.param) if error.param is not None else "A value"
    value = re.match(r"'(.*?)' (is not|does not match)", error.message)
    takes = TAKES.get(getattr(getattr(error.param, "type", None), "name", ""))
    if value and takes:
        return f"{name} is '{value[1]}'; it takes {takes}."
    return f"{name}: {error.message.rstrip('.')}."


def _named(param: Any) -> str:
    if param is None:
        return "something more"
    return str(param.opts[0] if param.param_type_name == "option" else param.human_readable_name)


def _help_of(param: Any) -> str:
    text = str(getattr(param, "help", "") or "say which.")
    return f"{text[0].lower()}{text[1:]}"
