"""What was genuine and could not be read, and another try at it with today's parser.

A fragment is read again as a request by itself. That is what it is on Telegram and Twilio, and where nothing
of a request could be read. A fragment of a WhatsApp batch is none: only its envelope says on which number it
happened, so it stays where it is, for a person to read.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from chalicelib.channels import CHANNELS
from chalicelib.errors import Rejected, Transient
from chalicelib.event import Event, Identity, Kind, Unreadable
from chalicelib.messages import Intake
from chalicelib.pipeline.receive import outgoing
from chalicelib.queues import send
from chalicelib.stage import Stage
from chalicelib.webhook import Account, Request
from ops.hub.exits import Code, Stop
from ops.hub.site import Site

_PREFIX = "quarantine/"
_ONLY_A_PART = "it cannot be read without the rest of its request, which was not kept"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fragment:
    """What could not be read. where: its place in the request; `$` is all of it."""

    reason: str
    where: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """The unreadable fragments of one request."""

    key: str
    channel: str
    account: str
    content_type: str
    kept_at: datetime
    fragments: tuple[Fragment, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What came of another try. events: keys; left: places that still cannot be read, and why."""

    key: str
    events: tuple[str, ...]
    left: tuple[str, ...]


def everything(site: Site) -> Iterator[Kept]:
    """All that is quarantined, by channel and account."""
    pages = site.client("s3").get_paginator("list_objects_v2").paginate(Bucket=site.bucket, Prefix=_PREFIX)
    for page in pages:
        for entry in page.get("Contents", []):
            yield _read(site, entry["Key"], entry["LastModified"])


def one(site: Site, name: str) -> Kept:
    """What is kept under this key, or under the one key that ends or whose last part begins so."""
    found = [kept for kept in everything(site) if _is_named(kept.key, name)]
    if not found:
        raise Stop(Code.NOT_FOUND, f"nothing is quarantined as {name}: hub quarantine list shows all")
    if len(found) > 1:
        raise Stop(Code.USAGE, "\n".join([f"{name} could be", *(f"  {kept.key}" for kept in found)]))
    return found[0]


def drop(site: Site, key: str) -> None:
    """Delete it for good."""
    site.client("s3").delete_object(Bucket=site.bucket, Key=key)


def replay(site: Site, stage: Stage, kept: Kept) -> Replayed:
    """Read it again and put what can be read on the events queue; drop it if nothing is left.

    Raises `Stop` if its account is no longer ours, and `Transient` if the queue does not take it.
    """
    account = stage.account(kept.channel, kept.account)
    if account is None:
        gone = f"{kept.channel} {kept.account} is no account of {site.stage} any more"
        raise Stop(Code.USAGE, f"{gone}: add it again and push, or drop what is kept")
    events: list[Event] = []
    left: list[str] = []
    for fragment in kept.fragments:
        read, unread = _parsed(fragment, kept, account, stage)
        events += read
        left += unread
    messages = [outgoing(intake, site.store) for intake in _by_customer(events)]
    if unsent := send(site.put, site.events_queue, messages, tries=3):
        raise Transient("queue_unavailable", f"{len(unsent)} messages not accepted; nothing was dropped")
    if not left:
        drop(site, kept.key)
    return Replayed(key=kept.key, events=tuple(event.key for event in events), left=tuple(left))


def _parsed(fragment: Fragment, kept: Kept, account: Account, stage: Stage) -> tuple[list[Event], list[str]]:
    request = Request(
        method="POST",
        url=f"{stage.public_url}/webhooks/{kept.channel}/{kept.account}",
        headers={"content-type": kept.content_type},
        body=fragment.content,
        received_at=kept.kept_at,
    )
    try:
        parsed = list(CHANNELS[kept.channel].parse(request, account))
    except Rejected as error:
        return [], [f"{fragment.where}: {error if fragment.where == '$' else _ONLY_A_PART}"]
    left = [f"{part.where}: {part.reason}" for part in parsed if isinstance(part, Unreadable)]
    events: list[Event] = []
    for part in parsed:
        if not isinstance(part, Event):
            continue
        owner = stage.account(kept.channel, part.account)
        if owner is None or owner.secret != account.secret:
            # As at the front door: a signature cannot speak for another application's account.
            left.append(f"{part.account}: unknown_account")
        elif part.kind is not Kind.STATUS or owner.statuses:
            events.append(part)
    return events, left


def _by_customer(events: Iterable[Event]) -> list[Intake]:
    by_customer: dict[Identity, list[Event]] = {}
    for event in events:
        by_customer.setdefault(event.customer, []).append(event)
    return [Intake(customer=customer, events=tuple(theirs)) for customer, theirs in by_customer.items()]


def _read(site: Site, key: str, kept_at: datetime) -> Kept:
    fields = json.loads(site.fetch(key))
    return Kept(
        key=key,
        channel=fields["channel"],
        account=fields["account"],
        content_type=fields["content_type"],
        kept_at=kept_at,
        fragments=tuple(
            Fragment(reason=each["reason"], where=each["where"], content=base64.b64decode(each["fragment"]))
            for each in fields["fragments"]
        ),
    )


def _is_named(key: str, name: str) -> bool:
    return key == name or key.rpartition("/")[2].startswith(name)
