"""The front door: prove a request genuine, read it, put it where it is safe, answer.

A 2xx is returned only when everything in the request is on the queue or in the bucket.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Protocol
from urllib.parse import parse_qsl, urlsplit

from chalicelib.aws.queues import LARGEST_MESSAGE, Outgoing, digest, group
from chalicelib.channels import CHANNELS
from chalicelib.channels.base import Channel
from chalicelib.configuration.register import Accounts
from chalicelib.pipeline.kept import Quarantined, pack_undelivered, undelivered_key
from chalicelib.store.packing import pack, text
from chalicelib.telemetry import Count
from chalicelib.vocabulary.account import Account, Secrets
from chalicelib.vocabulary.errors import Rejected, Transient
from chalicelib.vocabulary.event import Event, Identity, Ignored, Kind, Unreadable
from chalicelib.vocabulary.messages import Intake
from chalicelib.vocabulary.request import Answer, Request

LARGEST_BODY = 4 * 1024 * 1024


class Register(Protocol):
    """The official accounts, kept fresh."""

    def current(self) -> Accounts:
        """As they were within the last minute. Raises `Transient` if they could never be read."""
        ...

    def refresh(self) -> Accounts:
        """As they are now; read again at most once a second."""
        ...


Store = Callable[[str, bytes], None]
"""Puts bytes into the bucket under a key. Raises `Transient`."""

SendAll = Callable[[Iterable[Outgoing]], list[Outgoing]]
"""Puts messages on the events queue and returns those that could not be put."""


def receive(
    request: Request,
    channel_name: str,
    account_id: str,
    *,
    register: Register,
    secrets: Callable[[str], Secrets],
    send: SendAll,
    store: Store,
    count: Count,
) -> Answer:
    """Answer one request of a platform; its `url` is still only path and query.

    Raises `Transient` or `Misconfigured` when we cannot serve it.
    """
    channel = CHANNELS.get(channel_name)
    if channel is None:
        count("refused", reason="unknown_channel")
        return Answer(status=404)
    account = _account(register, channel_name, account_id)
    if account is None:
        count("refused", channel=channel.name, reason="unknown_account")
        return Answer(status=404)
    if len(request.body) > LARGEST_BODY:
        count("refused", channel=channel.name, reason="too_large")
        return Answer(status=413)

    request = replace(request, url=_signed_url(account, register.current().public_url, request.url))
    held = secrets(account.secret)
    if channel.handshake:
        try:
            answer = channel.handshake(request, held)
        except Rejected as error:
            count("rejected", channel=channel.name, reason=error.reason)
            return Answer(status=403)
        if answer:
            return answer
    if request.method != "POST":
        return Answer(status=405)
    try:
        channel.verify.verify(request, held)
    except Rejected as error:
        count("rejected", channel=channel.name, reason=error.reason)
        return Answer(status=channel.refused)

    def find(other: str) -> Account | None:
        return _account(register, channel_name, other)

    events, unreadable = read(channel, request, account, find, count)
    if unreadable:
        quarantined = Quarantined(
            channel=channel.name,
            account=account.id,
            content_type=request.headers.get("content-type", ""),
            body=request.body,
            fragments=tuple(unreadable),
        )
        store(quarantined.key, quarantined.packed)
        count("quarantined", len(unreadable), channel=channel.name)

    unsent = send([outgoing(intake, store) for intake in by_customer(events)])
    if unsent and channel.resends:
        raise Transient("queue_unavailable", f"{len(unsent)} messages not accepted")
    for message in unsent:
        # The clock puts these on the queue later: this platform would never send them again.
        store(undelivered_key(request, message), pack_undelivered(message))
    if unsent:
        count("undelivered", len(unsent), channel=channel.name)
    count("received", len(events), channel=channel.name)
    return channel.answer


def _account(register: Register, channel: str, account: str) -> Account | None:
    found = register.current().account(channel, account)
    return found or register.refresh().account(channel, account)


def _signed_url(account: Account, public_url: str, path: str) -> str:
    """What the platform was told. Its exact spelling counts where the URL is signed, and a query reaches us
    decoded: an operator who gave the platform one says in the account's settings how it was written.
    """
    told = account.settings.get("url", "")
    same = parse_qsl(urlsplit(told).query, keep_blank_values=True) == parse_qsl(
        urlsplit(path).query, keep_blank_values=True
    )
    return told if told and same else public_url + path


def read(
    channel: Channel, request: Request, account: Account, find: Callable[[str], Account | None], count: Count
) -> tuple[list[Event], list[Unreadable]]:
    """All that a genuine request says, and what of it cannot be read.

    find: an account of the channel by its id. Read whole before anything is stored: a parser may fail
    half-way.
    """
    events: list[Event] = []
    unreadable: list[Unreadable] = []
    try:
        parsed = list(channel.parse(request, account))
    except Rejected as error:
        return [], [Unreadable(reason=str(error), where="$", fragment=request.body)]
    for part in parsed:
        if isinstance(part, Unreadable):
            unreadable.append(part)
        elif isinstance(part, Ignored):
            count("ignored", channel=channel.name, reason=part.name)
        else:
            owner = account if part.account == account.id else find(part.account)
            if owner is None or owner.secret != account.secret:
                # The signature proves one platform application; it cannot speak for another's account.
                unreadable.append(Unreadable(reason="unknown_account", where=part.account, fragment=part.raw))
            elif part.kind is Kind.STATUS and not owner.statuses:
                count("ignored", channel=channel.name, reason="status")
            else:
                events.append(part)
    return events, unreadable


def by_customer(events: Iterable[Event]) -> list[Intake]:
    """One intake per customer, in the order the request has them."""
    theirs: dict[Identity, list[Event]] = {}
    for event in events:
        theirs.setdefault(event.customer, []).append(event)
    return [Intake(customer=customer, events=tuple(what)) for customer, what in theirs.items()]


def outgoing(intake: Intake, store: Store, *, again: str = "") -> Outgoing:
    """An intake as it goes on the queue; what is too large for it lies in the bucket first.

    `again` makes the deduplication id a new one, for a message that is sent a second time on purpose.
    """
    dedup = digest(*(event.key for event in intake.events), again)
    body = text(pack(intake))
    if len(body) > LARGEST_MESSAGE:
        key = f"oversize/{dedup}"
        store(key, pack(intake))
        body = text(pack(replace(intake, events=(), stored=key)))
    return Outgoing(group=group(intake.customer), dedup=dedup, body=body)
