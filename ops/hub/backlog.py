"""What has not come to its end: conversations nobody owns, promises missed, deliveries that wait or are
parked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from chalicelib.people import Conversation, Profile
from chalicelib.pipeline.ledger import contents
from chalicelib.rows import WAITING, Key, LedgerRow, ProfileRow
from chalicelib.stage import Stage
from ops.hub import profiles
from ops.hub.events import key_in
from ops.hub.site import Site

UNDER_WAY = ("waiting", "sending")


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
    """A delivery that is not done."""

    event: str
    target: str
    profile: str
    state: str
    attempts: int
    since: datetime
    next_at: datetime | None
    reason: str
    detail: str


def unowned(site: Site) -> list[Matter]:
    """Conversations that wait for an owner, the most urgent first."""
    return _matters(site, site.table.worklist(WAITING))


def overdue(site: Site, stage: Stage) -> list[Matter]:
    """Conversations with an owner who has not answered in time."""
    now = site.now()
    late = []
    for person in stage.directory.people:
        owned = _matters(site, site.table.worklist(f"person#{person.id}"))
        late += [matter for matter in owned if matter.respond_by and matter.respond_by < now]
    return sorted(late, key=lambda matter: matter.respond_by or now)


def undelivered(site: Site, states: Iterable[str]) -> list[Undelivered]:
    """Deliveries in these states, oldest first. Nothing indexes them: it reads the whole table."""
    rows = site.table.scan(LedgerRow.state.is_in(*states))
    return sorted(
        (_undelivered(row) for row in rows if isinstance(row, LedgerRow)), key=lambda each: each.since
    )


def _matters(site: Site, keys: Iterable[Key]) -> list[Matter]:
    wanted = list(keys)
    rows = site.table.read(wanted)
    return list(_open(rows[key] for key in wanted if isinstance(rows.get(key), ProfileRow)))


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


def _undelivered(row: LedgerRow) -> Undelivered:
    ledger = contents(row)
    assert ledger is not None, "a ledger row holds a ledger"  # noqa: S101
    return Undelivered(
        event=key_in(row),
        target=str(row.target),
        profile=str(row.profile),
        state=ledger.state,
        attempts=ledger.attempts,
        since=ledger.since,
        next_at=ledger.next_at,
        reason=ledger.reason,
        detail=ledger.detail,
    )
