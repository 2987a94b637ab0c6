"""The whole configuration of a stage, as the workers need it: accounts, people, rules and targets.

The front door needs only the accounts, imports `register` instead, and does not pay for this module.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from chalicelib.configuration.accounts import Accounts, account_of, decode_accounts
from chalicelib.configuration.stored import packed, unpacked
from chalicelib.vocabulary.account import Account
from chalicelib.vocabulary.delivery import Target
from chalicelib.vocabulary.errors import Misconfigured
from chalicelib.vocabulary.event import Event
from chalicelib.vocabulary.people import Directory, Routing

# DynamoDB allows an item 400 KB; the rest is for the row's own attributes.
LARGEST = 390_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """Everything that an operator has configured for one deployment; `hub push` validates it as a whole.

    version: the name of the pushed version.
    public_url: the URL at which platforms reach us, without a slash at its end.
    accounts: our pages, numbers and bots.
    directory: the people and teams who answer.
    routing: the rules by which conversations find their owner.
    targets: where events go.
    """

    version: str
    public_url: str
    accounts: tuple[Account, ...] = ()
    directory: Directory = field(default_factory=Directory)
    routing: Routing = field(default_factory=Routing)
    targets: tuple[Target, ...] = ()

    def account(self, channel: str, account: str) -> Account | None:
        """The account of that channel and id."""
        return account_of(self.accounts, channel, account)

    def account_language(self, event: Event) -> str:
        """The language of the account that an event happened on, empty if it has none."""
        account = self.account(event.channel, event.account)
        return account.language if account else ""

    def routing_of(self, event: Event) -> Routing:
        """The rules for an event: in a group where the account wants no conversation, nothing opens one."""
        account = self.account(event.channel, event.account)
        quiet = account is not None and account.groups == "none" and "group" in event.extra
        return replace(self.routing, opens=()) if quiet else self.routing

    def target(self, name: str) -> Target | None:
        """The target of that name."""
        return next((target for target in self.targets if target.name == name), None)


def encode(configuration: Configuration) -> dict[str, bytes]:
    """The configuration in sections, each compressed, so that a function unpacks only those it uses."""
    register = Accounts(
        version=configuration.version, public_url=configuration.public_url, accounts=configuration.accounts
    )
    values = {
        "accounts": register,
        "people": configuration.directory,
        "routing": configuration.routing,
        "crms": configuration.targets,
    }
    sections = {name: packed(value) for name, value in values.items()}
    size = sum(map(len, sections.values()))
    if size > LARGEST:
        raise Misconfigured("configuration_too_large", f"{size} bytes compressed; {LARGEST} fit")
    return sections


def decode(sections: Mapping[str, bytes]) -> Configuration:
    """The whole configuration, as the workers need it."""
    register = decode_accounts(sections)
    return Configuration(
        version=register.version,
        public_url=register.public_url,
        accounts=register.accounts,
        directory=unpacked(sections, "people", Directory),
        routing=unpacked(sections, "routing", Routing),
        targets=unpacked(sections, "crms", tuple[Target, ...]),
    )
