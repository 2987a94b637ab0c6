"""An account of ours at a platform, and the secrets that belong to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One page, number or bot of ours on a channel: an entry in the register of official presences.

    channel: the channel's name.
    id: what stands in the webhook's path and, where the platform names the account in its payload, what it
        is called there (a WhatsApp phone number id, a Twilio number or account SID); opaque.
    name: what our staff call it.
    secret: the name of the parameter with its secrets. Accounts of one platform application share it, and
        only those may appear together in one request.
    statuses: True if receipts (sent, delivered, read) of our messages are kept; else they are dropped.
    trusts_claims: True if a phone that a network only claims (the sender of an SMS, the number of a caller)
        counts as proved; else who uses it is a customer apart, and only suggested to be the phone's holder.
    groups: whose the events of a group are: `people` (each who speaks is a customer, with a conversation of
        their own), `chat` (the group is one customer, with one conversation), or `none` (likewise, without).
    region: ISO 3166 country of phone numbers that are written without a country code.
    language: BCP 47 tag of what its customers write; empty means `fa`.
    settings: what the channel's `setup` asks for beyond secrets, by name.
    """

    channel: str
    id: str
    name: str = ""
    secret: str = ""
    statuses: bool = False
    trusts_claims: bool = False
    groups: str = "people"
    region: str = "IR"
    language: str = ""
    settings: dict[str, str] = field(default_factory=dict)


Secrets = Mapping[str, tuple[str, ...]]
"""An account's secrets by name; each may have several active values. Never logged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ours:
    """What a request is judged with and answered from: nothing of it can be chosen by whoever posts.

    account: the account in the URL.
    secrets: its secrets.
    """

    account: Account
    secrets: Secrets = field(repr=False)
