"""What the amounts of a recorded run or sweep are in, from its manifest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pipeline.numbers import BEFORE_CURRENCIES, OWN_CURRENCY, unit_of

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class RunMoney:
    """What amounts are in: of each security, by ticker, and of all together, OWN_CURRENCY where these do not add up."""

    securities: Mapping[str, str]
    together: str

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
    return RunMoney(securities, str(manifest.get("currency") or unit_of(securities.values())))
