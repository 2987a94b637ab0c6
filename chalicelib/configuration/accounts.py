"""The register of our accounts: the one section of the stored configuration that the front door reads.

It needs nothing but msgspec, because the front door pays for every import at each cold start.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from chalicelib.configuration.cached import Cached
from chalicelib.configuration.stored import unpacked
from chalicelib.vocabulary.account import Account

_ABSENT_FOR = 10.0
"""Seconds for which an account that was not there is not looked for again."""

_ABSENT_AT_MOST = 256
"""So many of them are remembered; strangers choose their names."""


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


class Register:
    """Finds our accounts by what stands in a webhook's path.

    An account that was pushed within the last minute is in the table, and not in our copy; so an unknown one
    is looked for there. Whoever posts to accounts that do not exist may not cost a read each time.

    accounts: keeps a copy of the accounts.
    clock: seconds that only grow.
    """

    def __init__(self, accounts: Cached[Accounts], clock: Callable[[], float]) -> None:
        self._accounts = accounts
        self._clock = clock
        self._absent: dict[tuple[str, str], float] = {}

    def current(self) -> Accounts:
        """All accounts, at most a minute old. Raises if they were never read."""
        return self._accounts.current()

    def find(self, channel: str, account: str) -> Account | None:
        """The account of that channel and id.

        Raises if it is in no copy of ours and the table cannot be read: then nobody can say that it does not
        exist.
        """
        known = self.current().account(channel, account)
        if known is not None or self._is_absent((channel, account)):
            return known
        known = self._accounts.refresh().account(channel, account)
        if known is None:
            if len(self._absent) >= _ABSENT_AT_MOST:
                self._absent.clear()
            self._absent[channel, account] = self._accounts.read_at
        return known

    def _is_absent(self, name: tuple[str, str]) -> bool:
        read_at = self._absent.get(name)
        return read_at is not None and 0 <= self._clock() - read_at < _ABSENT_FOR


def account_of(accounts: tuple[Account, ...], channel: str, account: str) -> Account | None:
    """The account of that channel and id."""
    return next((a for a in accounts if a.id == account and a.channel == channel), None)


def decode_accounts(sections: Mapping[str, bytes]) -> Accounts:
    """The register alone, without unpacking the rest."""
    return unpacked(sections, "accounts", Accounts)
