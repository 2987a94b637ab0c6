"""The register of our accounts: the one section of the stored configuration that the front door reads.

It needs nothing but msgspec, because the front door pays for every import at each cold start.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.configuration.stored import unpacked
from chalicelib.vocabulary.account import Account


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    """The register of official presences: all of a stage's configuration that the front door needs.

    version: the name of the pushed version.
    public_url: the URL at which platforms reach us, without a slash at its end.
    accounts: our pages, numbers and bots.
    """

    version: str
    public_url: str
    accounts: tuple[Account, ...] = ()

    def account(self, channel: str, account: str) -> Account | None:
        """The account of that channel and id."""
        return account_of(self.accounts, channel, account)


def account_of(accounts: tuple[Account, ...], channel: str, account: str) -> Account | None:
    """The account of that channel and id."""
    return next((a for a in accounts if a.id == account and a.channel == channel), None)


def decode_accounts(sections: Mapping[str, bytes]) -> Accounts:
    """The register alone, without unpacking the rest."""
    return unpacked(sections, "accounts", Accounts)
