"""Finds what has not ended: unowned conversations, missed promises, waiting and parked deliveries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from chalicelib.pipeline.delivery_ledger import contents
from chalicelib.store.keys import WAITING, Key
from chalicelib.store.rows import LedgerRow, ProfileRow
from chalicelib.vocabulary.delivery import Ledger
from chalicelib.vocabulary.people import Conversation, Profile
from ops.hub import profiles
from ops.hub.forgotten import forgotten as forgotten_debts
from ops.hub.screen import because, clock, console, more, print_rows, state
from ops.hub.site import Site

UNDER_WAY = ("waiting", "sending")
_OWNED = "person#"
"""The `worklist` partitions of people begin with this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """An open conversation."""

    profile: str
    name: str
    owner: str
    team: str
    channel: str
    account: str
    opened_at: datetime
    respond_by: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Undelivered:
    """A delivery that is not done: whose it is, and how far it has come."""

    profile: str
    ledger: Ledger


def unowned(site: Site) -> list[Matter]:
    """Conversations that wait for an owner, the most urgent first."""
    return _matters(site, site.table.worklist(WAITING))


def late(site: Site) -> tuple[list[Matter], list[Undelivered]]:
    """Conversations whose owner has not answered in time, and deliveries that wait; oldest first.

    It reads the whole table, because nothing indexes deliveries. There it also finds the conversations of
    owners who are no longer in the directory, whose worklists nobody would ask for.
    """
    now = site.now()
    owned = ProfileRow.work_queue.startswith(_OWNED) & (
        ProfileRow.work_at < f"{int(now.timestamp() * 1000):013d}"
    )
    rows = list(site.table.scan(LedgerRow.state.is_in(*UNDER_WAY) | owned))
    missed = [matter for matter in _open(rows) if matter.respond_by and matter.respond_by < now]
    return sorted(missed, key=lambda matter: matter.respond_by or now), _undelivered(rows)


def parked(site: Site) -> list[Undelivered]:
    """Deliveries that are not retried, oldest first. It reads the whole table."""
    return _undelivered(site.table.scan(LedgerRow.state == "parked"))


def forgotten(site: Site) -> list[Undelivered]:
    """Deliveries that no queue holds any more, oldest first. It reads the whole table."""
    return [Undelivered(profile=str(one.debt[0].profile), ledger=one.ledger) for one in forgotten_debts(site)]


def _matters(site: Site, keys: Iterable[Key]) -> list[Matter]:
    in_order = list(keys)
    rows = site.table.read(in_order)
    return list(_open(rows[key] for key in in_order if isinstance(rows.get(key), ProfileRow)))


def _open(rows: Iterable[object]) -> Iterator[Matter]:
    for row in rows:
        if isinstance(row, ProfileRow):
            profile = profiles.in_row(row)
            if profile.conversation:
                yield _matter(profile, profile.conversation)


def _matter(profile: Profile, conversation: Conversation) -> Matter:
    return Matter(
        profile=profile.id,
        name=profile.name,
        owner=conversation.owner,
        team=conversation.team,
        channel=conversation.channel,
        account=conversation.account,
        opened_at=conversation.opened_at,
        respond_by=conversation.respond_by,
    )


def _undelivered(rows: Iterable[object]) -> list[Undelivered]:
    ledgers = [(row, contents(row)) for row in rows if isinstance(row, LedgerRow)]
    each = [Undelivered(profile=str(row.profile), ledger=ledger) for row, ledger in ledgers if ledger]
    return sorted(each, key=lambda one: one.ledger.since)


def print_deliveries(title: str, deliveries: list[Undelivered], most: int) -> None:
    """Print at most so many deliveries under a title; nothing if there are none."""
    if not deliveries:
        return
    rows = [
        (
            ledger.event,
            ledger.target,
            state(ledger.state),
            str(ledger.attempts),
            clock(ledger.next_at),
            because(ledger),
        )
        for ledger in (each.ledger for each in deliveries[:most])
    ]
    print_rows(("event", "target", "state", "failures", "again (UTC)", "why"), rows, key="event", title=title)
    print_rest(len(deliveries) - most)


def print_rest(left: int) -> None:
    """Print how many rows are left out."""
    console().print(f"{more(left)}\n" if left > 0 else "")
