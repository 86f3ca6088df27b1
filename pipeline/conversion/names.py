"""Reads a security's name as Bloomberg writes it: `FAB UH Equity` is FAB on ADX, `USDAED Curncy` is USDAED."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from pipeline.errors import BadSheetName, shown
from pipeline.markets.codes import exchange_of_code

# A future's root of one letter stands apart from its number: S 1 Comdty.
_FULL: Final = re.compile(
    r"(?P<ticker>\S+|[A-Z] [0-9]{1,2})(?: (?P<code>[A-Z]{2}) (?P<share>EQUITY)"
    r"|(?: (?P<source>[A-Z]{2,4}))? (?P<sector>INDEX|CURNCY|COMDTY))",
    re.ASCII,
)
# Excel numbers the copies of a sheet, and people the parts of a security that fills several.
_PART: Final = re.compile(r"(?P<name>.+?)[ _-]*(?:\([0-9]{1,3}\)|(?:PART)?[ _-]*[0-9]{1,3})", re.ASCII)
# A class of shares has a letter or two: BRK/B, as a sheet's name BRK_B. What is longer is a name behind another word.
_PREFIXED: Final = re.compile(r"[_-][^_-]{3,}$")
_WITHIN: Final = re.compile(r"(?<![^\s:=(\"'])[A-Z0-9][^\s:=(\"']* [A-Z]{2} EQUITY(?![A-Z])", re.ASCII)
_SHORT: Final = re.compile(r"(?i)(?P<name>[A-Z0-9][A-Z0-9&./-]* (?P<code>[A-Z]{2}))(?: EQ| EQTY)?", re.ASCII)
FORM: Final = (
    "ticker, exchange code (UH for ADX, DH for DFM) and 'Equity', for example 'FAB UH Equity', or 'BRK/B US Equity' "
    "for a class of shares"
)
_IDENTIFIER: Final = re.compile(
    r"[A-Z]{2}[A-Z0-9]{9}[0-9]"  # ISIN, FIGI
    r"|[0-9]{3}[A-Z0-9]{5}[0-9]|[0-9BCDFGHJ-NP-TV-Z]{6}[0-9]"  # CUSIP, SEDOL
    r"|[A-Z0-9]+\.[A-Z]{1,3}",  # RIC
    re.ASCII,
)
_LONGEST: Final = 100
_WORDS: Final = frozenset(("AS", "AT", "BY", "IN", "IS", "IT", "NO", "OF", "ON", "OR", "SO", "TO", "UP", "US"))
_SAFE: Final = re.compile(r"[A-Z0-9][A-Z0-9&_.-]{0,31}", re.ASCII)
_WINDOWS_DEVICES: Final = frozenset(
    {"CON", "PRN", "AUX", "NUL", *(f"{port}{n}" for port in ("COM", "LPT") for n in range(10))}
)


class SecurityName(NamedTuple):
    """A security: the ticker that names its files, its exchange, its name as Bloomberg writes it, and the code in that.

    Where no market's file knows the exchange's code, the code stands for the exchange; without a code, the sector does.
    """

    ticker: str
    exchange: str
    full: str
    code: str


def security_of(text: str) -> SecurityName:
    """Return the security whose name a text is, any case and blanks, a number behind it left out.

    Raises BadSheetName.
    """
    full = full_name(text)
    match = _FULL.fullmatch(full.upper()) if full else None
    if match is None:
        raise BadSheetName(f"'{shown(text)}' is not a security's name: {FORM}.")
    # A slash stands in tickers as BRK/B.
    ticker = match["ticker"].replace("/", "_").replace(" ", "_")
    if not _SAFE.fullmatch(ticker) or not _is_file_name(ticker):
        raise BadSheetName(
            f"'{shown(text)}': the ticker '{shown(match['ticker'])}' cannot be a file name on every system; "
            "use letters, digits, '&', '_', '-' and inner dots."
        )
    code = match["code"] or match["source"]
    exchange = (exchange_of_code(code) or code) if code else match["sector"].capitalize()
    return SecurityName(ticker, exchange, full or "", code or "")


def full_name(text: str) -> str | None:
    """Return a security's name as Bloomberg writes it, a number behind it left out; None for a text that is none."""
    name = _plain(text)
    part = _PART.fullmatch(name)
    for candidate in (name, part["name"] if part else ""):
        for spelt in (candidate, candidate.replace("_", " "), candidate.replace("-", " ")):
            match = _FULL.fullmatch(spelt)
            if match and not (match["share"] and _PREFIXED.search(match["ticker"])):
                return _written(spelt)
    return None


def likely_name(text: str) -> str | None:
    """Return the only security that a text can mean that is almost a name: `FAB UH`, `Copy of FAB UH Equity`."""
    for plain in (_plain(text.replace("_", " ")), _plain(re.sub("[_-]", " ", text))):
        found = list(_WITHIN.finditer(plain))
        if any(_is_of_class(plain[: match.start()], match[0]) for match in found):
            return None
        within = {match[0] for match in found}
        if len(within) == 1 and full_name(name := within.pop()):
            return _written(name)
    short = _SHORT.fullmatch(" ".join(text.replace("_", " ").split())) if len(text) <= _LONGEST else None
    if short is None:
        return None
    # Two letters behind a word are a code where a market's file knows them, or where all are capitals.
    is_word = short["code"].upper() in _WORDS and not short["code"].isupper()
    if short["name"].isupper() or (exchange_of_code(short["code"].upper()) and not is_word):
        return f"{short['name'].upper()} Equity"
    return None


def _is_of_class(before: str, name: str) -> bool:
    """Return whether one letter is the class of the share before it, as in BRK B US Equity, Bloomberg's BRK/B."""
    words = before.split()
    return name[1] == " " and bool(words) and words[-1].isalnum() and words[-1] not in _WORDS


def may_stand_for(text: str, full: str) -> bool:
    """Return whether a text that is no name may mean a security: by an identifier, in words, or with its ticker in it.

    Any other word by itself is the ticker of another security.
    """
    plain = " ".join(text.upper().split())
    ticker = full.partition(" ")[0]
    return " " in plain or _IDENTIFIER.fullmatch(plain) is not None or ticker in re.split(r"[^A-Z0-9&/]+", plain)


def other_than(text: str, full: str, what: str) -> str:
    """Return what to say where all rows name another security than the sheet or file is named after."""
    return (
        f"its rows are those of '{shown(text)}', and the {what} is named {full}. Rename the {what}, load its ticks "
        f"again, or, where these are of {full}, write this into the cells of that column."
    )


def _written(name: str) -> str:
    """Return a name in capitals as Bloomberg writes it, as FAB UH Equity; a sheet's name has no slash for BRK/B."""
    security, _, sector = name.rpartition(" ")
    return f"{security.replace('_', '/') if sector == 'EQUITY' else security} {sector.capitalize()}"


def _plain(text: str) -> str:
    """Return a text in capitals with single blanks; empty for one that is too long or not all of plain letters."""
    words = text.split() if len(text) <= _LONGEST else []
    # Asked before letters become large: some that only look like others would become them.
    return " ".join(words).upper() if all(word.isascii() for word in words) else ""


def _is_file_name(ticker: str) -> bool:
    return not ticker.endswith((".", ".REJECTS")) and ticker.split(".", 1)[0] not in _WINDOWS_DEVICES
