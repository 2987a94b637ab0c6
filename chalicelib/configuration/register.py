"""The register of our accounts: the one section of the stored configuration that the front door reads.

It needs nothing but msgspec, because the front door pays for every import at each cold start.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from chalicelib.vocabulary.account import Account
from chalicelib.vocabulary.errors import Misconfigured


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    """The register of official presences: all that the front door needs of a stage.

    public_url: how the platforms reach us, without a slash at its end.
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
    """The register alone, as the front door needs it."""
    return section(sections, "accounts", Accounts)


T = TypeVar("T")


def section(sections: Mapping[str, bytes], name: str, shape: type[T]) -> T:
    """One section, unpacked. Raises `Misconfigured` if it is missing or cannot be read."""
    try:
        return msgspec.json.decode(zlib.decompress(sections[name]), type=shape)
    except (KeyError, zlib.error, msgspec.DecodeError) as error:
        detail = f"section {name} of the stored configuration cannot be read"
        raise Misconfigured("configuration_unreadable", detail) from error
