"""Finds the profile of an identity, and links a new identity to a profile that exists.

An identity is linked to a profile when it is first seen: by a verified contact key that the profile has, or
because the platform says that it replaces an identity that the profile has. Two profiles that turn out to
be one person later are only noted as a collision; merging them is another decision.

A phone is looked up in all the spellings that its country had: a profile may have been found by an older one.
A key that nobody vouches for (an SMS sender, a caller id) links nothing: whoever has it is only suggested.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from chalicelib.profiles.phones import e164
from chalicelib.store.keys import Key, contact_key, identity_key
from chalicelib.store.rows import IdentityRow, KeyRow, Row
from chalicelib.vocabulary.event import ContactKey, Event, Identity
from chalicelib.vocabulary.numbering import spellings
from chalicelib.vocabulary.people import Profile

_MOST = 20
"""Keys, and replaced identities, that count of one message: a transaction has room for 100 rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a message's events say of their customer, before anything is looked up.

    customer: the identity of the events.
    keys: `kind#value` of the contact keys for which a platform vouches; normalised.
    claimed: likewise, of those for which nobody vouches.
    previous: the identities that this one replaces.
    unread: how many phones that a platform vouches for are none that we can read.
    """

    customer: Identity
    keys: tuple[str, ...] = ()
    claimed: tuple[str, ...] = ()
    previous: tuple[Identity, ...] = ()
    unread: int = 0

    @property
    def lookups(self) -> list[Key]:
        """The keys of the rows that say whose identities and contact keys these are."""
        identities = [identity_key(identity) for identity in (self.customer, *self.previous)]
        return identities + [row for key in (*self.keys, *self.claimed) for row in _rows_of(key)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """The profile to which a claim leads.

    profile: the profile's id, empty if there is none yet.
    identities: the identities that the profile gains.
    keys: the contact keys that the profile gains, as `kind#value`.
    collisions: the ids of other profiles that have one of the claim's identities or keys, claimed ones too.
    """

    profile: str
    identities: tuple[Identity, ...]
    keys: tuple[str, ...]
    collisions: tuple[str, ...]


def claim_of(events: Sequence[Event], region: str) -> Claim:
    """The claim of one customer's events; `region` is the country of phones without a country code."""
    customer = events[0].customer
    if not customer.linkable:
        return Claim(customer=customer)
    told = [(key, _normal(key, region)) for event in events for key in event.contact_keys]
    keys = _distinct(normal for key, normal in told if key.verified)
    claimed = _distinct(normal for key, normal in told if not key.verified)
    previous = (event.previous for event in events if event.previous)
    return Claim(
        customer=customer,
        keys=tuple(keys[:_MOST]),
        claimed=tuple(key for key in claimed if key not in keys)[:_MOST],
        previous=tuple(dict.fromkeys(p for p in previous if p != customer))[:_MOST],
        unread=sum(key.verified and not normal for key, normal in told),
    )


def match(claim: Claim, rows: Mapping[Key, Row]) -> Match:
    """The profile that has the identity, else one that it replaces, else one of the keys."""
    if claim.customer.scope == "@profile":
        return Match(profile=claim.customer.id, identities=(), keys=(), collisions=())
    own = _profile(rows, identity_key(claim.customer))
    replaced = [_profile(rows, identity_key(identity)) for identity in claim.previous]
    keyed = {key: _holders(rows, key) for key in claim.keys}
    holders = _distinct([own, *replaced, *chain.from_iterable(keyed.values())])
    profile = holders[0] if holders else ""
    suggested = _distinct(chain.from_iterable(_holders(rows, key) for key in claim.claimed))
    identities = [
        identity
        for identity, holder in zip((claim.customer, *claim.previous), (own, *replaced), strict=True)
        if not holder
    ]
    return Match(
        profile=profile,
        identities=tuple(identities),
        keys=tuple(
            key
            for key, theirs in keyed.items()
            if not _profile(rows, contact_key(key)) and set(theirs) <= {profile}
        ),
        collisions=tuple(_distinct([*holders[1:], *(other for other in suggested if other != profile)])),
    )


def phone_keys(number: str) -> list[Key]:
    """The keys of the rows of a phone in E.164, in all its spellings; today's is the first."""
    return [contact_key(f"phone#{spelling}") for spelling in spellings(number)]


def addresses(customer: Identity, profile: Profile) -> frozenset[str]:
    """The customer's proved addresses as a directory may write them, `channel:id`.

    A platform names a person by phone, by another spelling of it or by an id of its own; the directory by any
    of them. So the addresses of the whole profile count, and on the event's channel each verified phone.
    """
    if customer.is_claimed:
        return frozenset()
    parts = (key.split("#", 2) for key in profile.identities)
    known = {f"{channel}:{name}" for channel, scope, name in parts if scope != "@claimed"}
    numbers = {spelling for phone in profile.phones for spelling in spellings(phone)}
    written = {form for number in numbers for form in (number, number[1:], f"whatsapp:{number}")}
    return frozenset(
        {f"{customer.channel}:{customer.id}", *known, *(f"{customer.channel}:{form}" for form in written)}
    )


def _rows_of(key: str) -> list[Key]:
    kind, _, value = key.partition("#")
    return phone_keys(value) if kind == "phone" else [contact_key(key)]


def _holders(rows: Mapping[Key, Row], key: str) -> list[str]:
    return _distinct(_profile(rows, row) for row in _rows_of(key))


def _profile(rows: Mapping[Key, Row], key: Key) -> str:
    row = rows.get(key)
    return str(row.profile) if isinstance(row, IdentityRow | KeyRow) else ""


def _distinct(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(text for text in texts if text))


def _normal(key: ContactKey, region: str) -> str:
    if key.kind == "phone":
        number = e164(key.value, region)
        return f"phone#{number}" if number else ""
    if key.kind == "email":
        return f"email#{key.value.strip().lower()}"
    return f"{key.kind}#{key.value}"
