"""What was genuine and could not be read, and another try at it with today's parser.

The request is kept whole, and read again whole: what of it went on the first time is known by its ids.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from chalicelib.aws.queues import send
from chalicelib.channels import CHANNELS
from chalicelib.configuration.stage import Stage
from chalicelib.pipeline.receive import by_customer, outgoing, read
from chalicelib.vocabulary.account import Account
from chalicelib.vocabulary.errors import Transient
from chalicelib.vocabulary.request import Request
from ops.hub.exits import Code, Stop
from ops.hub.site import Site

_PREFIX = "quarantine/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fragment:
    """What could not be read. where: its place in the request; `$` is all of it."""

    reason: str
    where: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A request with unreadable fragments."""

    key: str
    channel: str
    account: str
    content_type: str
    kept_at: datetime
    body: bytes
    fragments: tuple[Fragment, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What came of another try. events: keys; left: places that still cannot be read, and why."""

    key: str
    events: tuple[str, ...]
    left: tuple[str, ...]


def everything(site: Site) -> Iterator[Kept]:
    """All that is quarantined, newest first."""
    pages = site.client("s3").get_paginator("list_objects_v2").paginate(Bucket=site.bucket, Prefix=_PREFIX)
    entries = [entry for page in pages for entry in page.get("Contents", [])]
    for entry in sorted(entries, key=lambda entry: (entry["LastModified"], entry["Key"]), reverse=True):
        yield _kept(site, entry["Key"], entry["LastModified"])


def one(site: Site, name: str) -> Kept:
    """What is kept under this key, or under the one key that ends or whose last part begins so."""
    found = [kept for kept in everything(site) if _is_named(kept.key, name)]
    if not found:
        raise Stop(Code.NOT_FOUND, f"nothing is quarantined as {name}: ./hub quarantine list shows all")
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
    request = Request(
        method="POST",
        url=f"{stage.public_url}/webhooks/{kept.channel}/{kept.account}",
        headers={"content-type": kept.content_type},
        body=kept.body,
        received_at=kept.kept_at,
    )

    def find(other: str) -> Account | None:
        return stage.account(kept.channel, other)

    events, unreadable = read(CHANNELS[kept.channel], request, account, find, _uncounted)
    left = tuple(f"{part.where}: {part.reason}" for part in unreadable)
    messages = [outgoing(intake, site.store) for intake in by_customer(events)]
    if unsent := send(site.put, site.events_queue, messages, tries=3):
        raise Transient("queue_unavailable", f"{len(unsent)} messages not accepted; nothing was dropped")
    if not left:
        drop(site, kept.key)
    return Replayed(key=kept.key, events=tuple(event.key for event in events), left=left)


def _uncounted(name: str, value: int = 1, **about: str) -> None:
    """What the front door counted the first time is not counted again."""


def _kept(site: Site, key: str, kept_at: datetime) -> Kept:
    fields = json.loads(site.fetch(key))
    return Kept(
        key=key,
        channel=fields["channel"],
        account=fields["account"],
        content_type=fields["content_type"],
        kept_at=kept_at,
        body=base64.b64decode(fields["body"]),
        fragments=tuple(
            Fragment(reason=each["reason"], where=each["where"], content=base64.b64decode(each["fragment"]))
            for each in fields["fragments"]
        ),
    )


def _is_named(key: str, name: str) -> bool:
    return key == name or key.rpartition("/")[2].startswith(name)
