"""What the table holds of a world, as a test asks for it; what is not there fails the test, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import boto3
import msgspec

from chalicelib.configuration.accounts import Accounts
from chalicelib.configuration.stage import Configuration
from chalicelib.pipeline.delivery_ledger import contents
from chalicelib.store.keys import Key, breaker_key, event_key, identity_key, ledger_key, load_key, profile_key
from chalicelib.store.rows import BreakerRow, EventRow, IdentityRow, LoadRow, ProfileRow, unpack_absorbed
from chalicelib.store.table import Table
from chalicelib.vocabulary.account import Account
from chalicelib.vocabulary.delivery import Absorbed, Ledger
from chalicelib.vocabulary.event import Event, Identity
from chalicelib.vocabulary.people import Conversation, Profile


@dataclass
class Register:
    """The accounts of a configuration."""

    configuration: Callable[[], Configuration]

    def current(self) -> Accounts:
        configuration = self.configuration()
        return Accounts(
            version=configuration.version,
            public_url=configuration.public_url,
            accounts=configuration.accounts,
        )

    def find(self, channel: str, account: str) -> Account | None:
        return self.configuration().account(channel, account)


@dataclass
class Kept:
    table: Table

    def profile_of(self, identity: Identity | str) -> Profile:
        row = self.table.get(IdentityRow, identity_key(identity))
        assert row is not None, f"nobody is known as {identity}"
        return self.profile(row.profile)

    def profile(self, profile_id: str) -> Profile:
        row = self.table.get(ProfileRow, profile_key(profile_id))
        assert row is not None, f"there is no profile {profile_id}"
        return msgspec.json.decode(row.body, type=Profile)

    def conversation(self, profile_id: str) -> Conversation:
        """The one that is open with a customer."""
        conversation = self.profile(profile_id).conversation
        assert conversation is not None, f"no conversation with {profile_id} is open"
        return conversation

    def stored(self, event: Event) -> Absorbed:
        row = self.table.get(EventRow, event_key(event.key))
        assert row is not None, f"{event.key} was not committed"
        return unpack_absorbed(row.body)

    def ledger(self, event: Event, target: str = "crm") -> Ledger:
        ledger = self._ledger(event, target)
        assert ledger is not None, f"{event.key} was not tried at {target}"
        return ledger

    def untried(self, event: Event, target: str = "crm") -> bool:
        """No delivery of it has begun."""
        return self._ledger(event, target) is None

    def _ledger(self, event: Event, target: str) -> Ledger | None:
        return contents(self.table.read([ledger_key(event.key, target)]).get(ledger_key(event.key, target)))

    def breaker_state(self, target: str = "crm") -> str:
        row = self.table.get(BreakerRow, breaker_key(target))
        return row.state if row else "closed"

    def delete(self, key: Key) -> None:
        """Take a row away, as erasing does, or DynamoDB when its time has come."""
        pk, sk = key
        boto3.client("dynamodb").delete_item(
            TableName=self.table.name, Key={"pk": {"S": pk}, "sk": {"S": sk}}
        )

    def load(self, person: str) -> int:
        row = self.table.get(LoadRow, load_key(person))
        return int(row.open) if row else 0
