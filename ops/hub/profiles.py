"""Finds the customer that an operator names, and reads the profile in a row."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import msgspec

from chalicelib.configuration.stage import Configuration
from chalicelib.profiles.identities import phone_keys
from chalicelib.profiles.phones import e164
from chalicelib.store.keys import Key, contact_key, identity_key, profile_key
from chalicelib.store.rows import IdentityRow, KeyRow, ProfileRow, Row
from chalicelib.vocabulary.event import claimed
from chalicelib.vocabulary.numbering import spellings
from chalicelib.vocabulary.people import Profile
from ops.hub.configuration import current
from ops.hub.exits import Code, Stop
from ops.hub.site import Site

FORMS = "A profile's id, a phone, an e-mail address, or an identity such as telegram:*:123 or telegram:123."


def find(site: Site, name: str) -> Profile:
    """The customer that this name means. Raises `Stop` if there is none, or more than one."""
    if not name.strip():
        raise Stop(Code.USAGE, f"name a customer. {FORMS}")
    rows = site.table.read(_places(name, current(site)))
    ids = list(dict.fromkeys(_profile_id(row) for row in rows.values()))
    if len(ids) > 1:
        raise Stop(Code.USAGE, f"{name} could be {' or '.join(ids)}: name one of these profiles")
    row = site.table.get(ProfileRow, profile_key(ids[0])) if ids else None
    if row is None:
        unverified = (
            "A phone or e-mail is found if a platform has verified it, or if they wrote or called from it."
        )
        line = f"no customer {name}: {FORMS[0].lower()}{FORMS[1:]} {unverified}"
        raise Stop(Code.NOT_FOUND, line)
    return in_row(row)


def in_row(row: ProfileRow) -> Profile:
    """The profile in its row."""
    return msgspec.json.decode(row.body, type=Profile)


def _places(name: str, configuration: Configuration) -> Iterator[Key]:
    yield profile_key(name)
    yield identity_key(name)
    channels = {account.channel for account in configuration.accounts}
    if "@" in name:
        yield contact_key(f"email#{name.strip().lower()}")
    for region in dict.fromkeys(account.region for account in configuration.accounts):
        if number := e164(name, region):
            yield from phone_keys(number)
            for channel, spelling in product(channels, spellings(number)):
                yield identity_key(claimed(channel, spelling).key)
    if name.count(":") >= 2:
        yield identity_key("#".join(name.split(":", 2)))
    if ":" in name:
        channel, _, someone = name.partition(":")
        yield identity_key(f"{channel}#*#{someone}")
        yield identity_key(claimed(channel, someone).key)


def _profile_id(row: Row) -> str:
    return str(row.profile) if isinstance(row, IdentityRow | KeyRow) else str(row.pk).removeprefix("P#")
