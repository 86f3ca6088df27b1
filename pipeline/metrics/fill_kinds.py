"""What fills are of, by the kind of print or act that made them: how many, what they gain, what they owe to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.engine.rules.account import CLOSE, OWN, PRINT, TAKE, TOUCH
from pipeline.metrics.formulas import joined
from pipeline.numbers import FORMS, money
from pipeline.replay.observe import HORIZONS
from pipeline.replay.prints import ONE_SIDED, OUTSIDE, OVERSIZED, THROUGH

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.metrics.accounts import AccountHistory

KINDS: Final = {
    "one_sided_book": "print, one side empty",
    "oversized": "print over 10 times the size",
    "outside_touch": "print outside the touch",
    "through": "print through our price",
    "at_price": "print at our price",
    "touch": "opposite touch",
    "take": "taken from the touch",
    "close": "closing of the day",
    "own": "strategy's own",
}
"""The kinds of fills, of which the first that applies to a fill is its own, and how people read them."""

COLUMNS: Final = {
    "fills": ("fills", "count"),
    "share_of_fills": ("% of fills", "share"),
    "share_of_shares": ("% of shares", "share"),
    "realized_pnl": ("gross P&L", "money"),
    "share_of_pnl": ("% of P&L", "share"),
    "price_gain": ("over our price", "money"),
    "markout_60s": ("mark-out 60s", "money"),
}
"""What tables show of each kind: heading, and form of the number; money in AED."""

HORIZON: Final = "60s"
NO_CODE: Final = "no code"
NO_PRINT: Final = "no print"


def fills_by_kind(accounts: Sequence[AccountHistory]) -> dict[str, dict[str, float | None]]:
    """Return what each kind of fill is of all, those left out that have no fill.

    Args:
        accounts: The accounts of the securities, whose fills are taken together.

    Returns:
        By kind: `fills`; `shares`; `realized_pnl`, before fees; `price_gain`, how much better than the order's own
        price they were booked; `markout_60s`, over fills with a mid both at the fill and then, None without one (all
        AED); and the shares of all fills, shares and realised P&L that these are, which add up to 1; `share_of_pnl` is
        None where all P&L is 0.
    """
    kinds = joined([_kinds(account) for account in accounts]).astype(np.int64)
    return _rows(accounts, kinds, [*KINDS])


def fills_by_condition(accounts: Sequence[AccountHistory]) -> dict[str, dict[str, float | None]]:
    """Return what the fills of prints are by their condition codes: as `fills_by_kind`; empty without any code.

    Args:
        accounts: The accounts of the securities, whose fills are taken together.

    Returns:
        By the text of the code, NO_CODE for prints without one, NO_PRINT for fills of no print.
    """
    conditions = joined([account.observed.condition for account in accounts])
    of_print = joined([account.replayed.fills.how for account in accounts]) == PRINT
    if not (conditions[of_print] != "").any():
        return {}
    texts = [NO_CODE if text == "" else str(text) for text in conditions.tolist()]
    groups = [text if is_print else NO_PRINT for text, is_print in zip(texts, of_print.tolist(), strict=True)]
    names = sorted(set(groups))
    numbers = {name: number for number, name in enumerate(names)}
    return _rows(accounts, np.array([numbers[name] for name in groups]), names)


def in_order(rows: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, Mapping[str, Any]]]:
    """Return the rows of either table as they are shown, by what people read: kinds in their order, codes by name."""
    names = [*filter(rows.__contains__, KINDS), *sorted(rows.keys() - KINDS.keys())]
    return [(KINDS.get(name, name), rows[name]) for name in names]


def _rows(accounts: Sequence[AccountHistory], kind: Any, names: Sequence[str]) -> dict[str, dict[str, float | None]]:
    """Return the table of fills by groups; kind: each fill's number among the names."""
    fills = [account.replayed.fills for account in accounts]
    observed = [account.observed for account in accounts]
    quantity = joined([each.quantity for each in fills])
    signed = joined([each.side for each in fills]) * quantity
    price = joined([each.price for each in fills])
    limit = joined([each.price if each.limit is None else each.limit for each in fills])
    later = joined([each.mid_later[list(HORIZONS).index(HORIZON)] for each in observed])
    markout = signed * (later - price)
    is_marked = ~np.isnan(markout) & ~np.isnan(joined([each.mid for each in observed]))
    count = len(names)
    marked = np.bincount(kind[is_marked], minlength=count)
    columns = {
        "fills": np.bincount(kind, minlength=count),
        "shares": np.bincount(kind, quantity, count).astype(np.int64),
        "realized_pnl": np.bincount(kind, joined([each.realized for each in fills]), count),
        "price_gain": np.bincount(kind, signed * (limit - price), count),
        "markout_60s": np.bincount(kind[is_marked], markout[is_marked], count),
    }
    by_kind: dict[str, dict[str, float | None]] = {}
    for number, name in enumerate(names):
        if columns["fills"][number]:
            row: dict[str, float | None] = {column: values[number].item() for column, values in columns.items()}
            if not marked[number]:
                row["markout_60s"] = None
            for share, of in (
                ("share_of_fills", "fills"),
                ("share_of_shares", "shares"),
                ("share_of_pnl", "realized_pnl"),
            ):
                whole = columns[of].sum().item()
                row[share] = columns[of][number].item() / whole if whole else None
            by_kind[name] = row
    return by_kind


def traits(accounts: Sequence[AccountHistory], bit: int) -> int:
    """Return how many fills have a trait, a bit of `replay/prints.py`.

    Args:
        accounts: The accounts of the securities, whose fills are taken together.
        bit: The trait.

    Returns:
        The number of fills.
    """
    return sum(int(np.count_nonzero(account.observed.traits & bit)) for account in accounts)


def through_pnl(accounts: Sequence[AccountHistory]) -> float:
    """Return what all fills by prints through our price realised, whatever else these prints are.

    Args:
        accounts: The accounts of the securities, whose fills are taken together.

    Returns:
        Realised P&L before fees, AED.
    """
    sums = [account.replayed.fills.realized[account.observed.traits & THROUGH > 0].sum() for account in accounts]
    return float(sum(sums))


def through_words(figures: Mapping[str, Any]) -> str:
    """Return the sentence that prints through our price make more than the whole P&L; empty where they do not.

    Args:
        figures: Figures as metrics.json has them, of a security or the portfolio.

    Returns:
        A sentence, amounts in AED.
    """
    gain, whole, fills = (figures.get(name) for name in ("through_pnl", "realized_pnl", "fills"))
    if gain is None or whole is None or not fills or gain <= max(whole, 0.0):
        return ""
    share = FORMS["percentage"](figures["through_fills"] / fills * 100)
    return (
        f"{share} % of fills come from prints through our price and gain {money(gain)} AED, more than the whole P&L of "
        f"{money(whole)}."
    )


def _kinds(account: AccountHistory) -> Any:
    """Return the number of each fill's kind, in the order of KINDS."""
    names = list(KINDS)
    fills, has = account.replayed.fills, account.observed.traits
    of_print = np.select(
        [has & bit > 0 for bit in (ONE_SIDED, OVERSIZED, OUTSIDE, THROUGH)],
        [names.index(name) for name in ("one_sided_book", "oversized", "outside_touch", "through")],
        names.index("at_price"),
    )
    by_how = np.zeros(OWN + 1, np.int64)
    for how, name in ((TOUCH, "touch"), (TAKE, "take"), (CLOSE, "close"), (OWN, "own")):
        by_how[how] = names.index(name)
    return np.where(fills.how == PRINT, of_print, by_how[fills.how])
