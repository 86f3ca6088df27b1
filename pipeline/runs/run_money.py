"""What the amounts of a recorded run or sweep are in, from its manifest."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from pipeline.numbers import BEFORE_CURRENCIES, OWN_CURRENCY, unit_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.ticks import Float64s


@dataclass(frozen=True, slots=True)
class RunMoney:
    """What amounts are in: of each security, by ticker, and of all together, OWN_CURRENCY where these do not add up.

    prices: by ticker what prices are quoted in, as GBp, and how many of these are one of the currency.
    """

    securities: Mapping[str, str]
    together: str
    prices: Mapping[str, tuple[str, float]] = field(default_factory=dict)

    @property
    def is_mixed(self) -> bool:
        """Whether amounts of all securities together do not add up."""
        return self.together == OWN_CURRENCY

    @property
    def are_apart(self) -> bool:
        """Whether a security is in another currency than all together."""
        return any(unit != self.together for unit in self.securities.values())

    @property
    def of_each(self) -> str:
        """What a column of securities is in: OWN_CURRENCY where they are in several, or in another than their sum."""
        return unit_of(self.securities.values()) if self.securities else self.together

    @property
    def shown(self) -> str:
        """What a column of securities and of all together is in, in words."""
        return f"own currency, all in {self.together}" if self.are_apart else self.together

    def of(self, ticker: str) -> str:
        """Return what one security's amounts are in."""
        return self.securities.get(ticker, BEFORE_CURRENCIES)

    def prices_in(self, ticker: str) -> str:
        """Return what one security's prices are in."""
        return self.prices[ticker][0] if ticker in self.prices else self.of(ticker)

    def in_currency(self, ticker: str, prices: Float64s) -> Float64s:
        """Return prices of a security in what its amounts are in."""
        return prices / self.prices[ticker][1] if ticker in self.prices else prices


def rates_in_words(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Return under `rates` what amounts were converted to and by which rates; empty of a run without any."""
    fx = manifest.get("fx")
    if not fx:
        return {}
    constants = [f"{code}={rate!r}" for code, rate in sorted(fx["constants"].items())]
    return {"rates": ", ".join([fx["currency"], *filter(None, [fx["source"], fx["fingerprint"]]), *constants])}


IN_AED: Final = RunMoney({}, BEFORE_CURRENCIES)


def money_of(manifest: Mapping[str, Any]) -> RunMoney:
    """Return what the amounts are in of the run, or the sweep, whose manifest this is."""
    securities = {str(ticker): str(unit) for ticker, unit in (manifest.get("currencies") or {}).items()}
    # Of markets without these, prices are in their currency.
    quoted = {
        name: (market["prices_in"], market["prices_per_currency"])
        for name, market in (manifest.get("markets") or {}).items()
        if market.get("prices_per_currency", 1.0) != 1.0
    }
    exchanges = manifest.get("exchanges") or {}
    prices = {ticker: quoted[name] for ticker, name in exchanges.items() if name in quoted}
    return RunMoney(securities, str(manifest.get("currency") or unit_of(securities.values())), prices)
