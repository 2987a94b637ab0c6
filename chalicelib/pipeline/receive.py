"""The front door: proves a request genuine, reads it, puts its events where they are safe, and answers.

A 2xx is returned only when everything in the request is on the queue or in the bucket.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol, TypeVar
from urllib.parse import parse_qsl, urlsplit

from chalicelib.aws.queues import LARGEST_MESSAGE, Outgoing, digest, group
from chalicelib.channels import CHANNELS
from chalicelib.channels.base import Channel
from chalicelib.configuration.accounts import Accounts
from chalicelib.pipeline.groups import as_account_says
from chalicelib.pipeline.set_aside import Quarantined, pack_undelivered, undelivered_key
from chalicelib.store.packing import pack, text
from chalicelib.telemetry import Count, log_bug
from chalicelib.vocabulary.account import Account, Ours, Secrets
from chalicelib.vocabulary.errors import HubError, Misconfigured, Rejected, Transient
from chalicelib.vocabulary.event import Event, Identity, Ignored, Kind, Unreadable
from chalicelib.vocabulary.messages import Intake
from chalicelib.vocabulary.request import Answer, Request

LARGEST_BODY = 4 * 1024 * 1024
"""Bytes; a larger request is answered 413."""


T = TypeVar("T")


class Register(Protocol):
    """Finds our accounts."""

    def current(self) -> Accounts:
        """All accounts, at most a minute old. Raises `Transient` if they could never be read."""
        ...

    def find(self, channel: str, account: str) -> Account | None:
        """The account of that channel and id. Raises `Transient` if nobody can say whether it exists."""
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
    renewed: Callable[[str], Secrets | None],
    send: SendAll,
    store: Store,
    count: Count,
) -> Answer:
    """Answer one request of a platform, whose `url` is still only path and query.

    Raises `Transient` or `Misconfigured` when we cannot serve it.
    """
    if channel_name not in CHANNELS:
        count("refused", reason="unknown_channel")
        return Answer(status=404)
    channel = CHANNELS[channel_name]
    account = register.find(channel_name, account_id)
    if account is None:
        count("refused", channel=channel.name, reason="unknown_account")
        return Answer(status=404)
    if len(request.body) > LARGEST_BODY:
        count("refused", channel=channel.name, reason="too_large")
        return Answer(status=413)

    request = replace(request, url=_signed_url(account, register.current().public_url, request.url))
    judge = _Judge(channel=channel, account=account, secrets=secrets, renewed=renewed, count=count)
    if channel.handshake:
        try:
            answer = judge(partial(channel.handshake, request))
        except Rejected as error:
            count("rejected", channel=channel.name, reason=error.reason)
            return Answer(status=403)
        if answer:
            return answer
    if request.method not in channel.methods:
        return Answer(status=405)
    try:
        request, ours = judge(lambda ours: (channel.verify.verify(request, ours), ours))
    except Rejected as error:
        count("rejected", channel=channel.name, reason=error.reason)
        return Answer(status=channel.refused)

    def find(other: str) -> Account | None:
        return register.find(channel_name, other)

    events, unreadable = read(channel, request, account, find, count)
    if unreadable:
        quarantined = Quarantined(
            channel=channel.name,
            account=account.id,
            content_type=request.headers.get("content-type", ""),
            body=request.body,
            fragments=tuple(unreadable),
            method=request.method,
            query=dict(request.query),
        )
        store(quarantined.key, quarantined.packed)
        count("quarantined", len(unreadable), channel=channel.name)

    unsent = send([outgoing(intake, store) for intake in by_customer(events)])
    if unsent and channel.resends:
        raise Transient("queue_unavailable", f"{len(unsent)} messages not accepted")
    for message in unsent:
        # The clock puts these on the queue later, because this platform never sends them again.
        store(undelivered_key(request, message), pack_undelivered(message))
    if unsent:
        count("undelivered", len(unsent), channel=channel.name)
    count("received", len(events), channel=channel.name)
    return _answer(channel, request, ours)


def _answer(channel: Channel, request: Request, ours: Ours) -> Answer:
    """The channel's answer; whatever is wrong with it, the platform must not send again what is safe."""
    if isinstance(channel.answer, Answer):
        return channel.answer
    try:
        return channel.answer(request, ours)
    except Exception as error:  # noqa: BLE001 - a bug, seen in the log; an error would bring everything again
        log_bug("webhooks", error)
        return Answer(status=200)


_BY_NO_SECRET = {"signature_missing", "signature_malformed", "signature_expired", "handshake_malformed"}
"""Why a request is refused whatever the account's secrets are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judge:
    """Has a request judged by the account's secrets.

    secrets: gives an account's secrets, some minutes old perhaps.
    renewed: gives them if they were replaced since; None if not, or if it is too early to look again.
    """

    channel: Channel
    account: Account
    secrets: Callable[[str], Secrets]
    renewed: Callable[[str], Secrets | None]
    count: Count

    def __call__(self, judge: Callable[[Ours], T]) -> T:
        """What `judge` says. Raises `Rejected`, or `Misconfigured` if the secrets are no help."""
        secrets = self._secrets()
        try:
            return judge(self._ours(secrets))
        except Rejected as error:
            if error.reason in _BY_NO_SECRET:
                raise
            renewed = self.renewed(self.account.secret)
            if renewed is None:
                raise self._why(error, secrets) from error
        try:
            return judge(self._ours(renewed))
        except Rejected as error:
            raise self._why(error, renewed) from error

    def _ours(self, secrets: Secrets) -> Ours:
        return Ours(account=self.account, secrets=secrets)

    def _secrets(self) -> Secrets:
        try:
            return self.secrets(self.account.secret)
        except Misconfigured:
            self.count("secret_unusable", channel=self.channel.name)
            raise

    def _why(self, error: Rejected, secrets: Secrets) -> HubError:
        """The refusal; if it is for a secret that we should have, the platform is not to blame for it."""
        missing = self.channel.missing({name for name, values in secrets.items() if any(values)})
        if error.reason != "secret_missing" or not missing:
            return error
        self.count("secret_unusable", channel=self.channel.name)
        names = " and no ".join(missing)
        return Misconfigured("secret_incomplete", f"parameter {self.account.secret} has no {names}")


def _signed_url(account: Account, public_url: str, path: str) -> str:
    """The URL that the platform was given.

    A platform that signs the URL signs its exact spelling, and a query reaches us decoded: so an operator who
    gave the platform a query writes the whole URL into the account's settings.
    """
    spelled = account.settings.get("url", "")
    same_query = parse_qsl(urlsplit(spelled).query, keep_blank_values=True) == parse_qsl(
        urlsplit(path).query, keep_blank_values=True
    )
    return spelled if spelled and same_query else public_url + path


def read(
    channel: Channel, request: Request, account: Account, find: Callable[[str], Account | None], count: Count
) -> tuple[list[Event], list[Unreadable]]:
    """The events of a genuine request, and the fragments of it that cannot be read.

    The request is read whole before anything is stored, because a parser may fail half-way.

    find: gives an account of the channel by its id.
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
            named = account if part.account == account.id else find(part.account)
            if named is None or named.secret != account.secret:
                # The signature is one platform application's, which must not speak for another's account.
                unreadable.append(Unreadable(reason="unknown_account", where=part.account, fragment=part.raw))
            elif part.kind is Kind.STATUS and not named.statuses:
                count("ignored", channel=channel.name, reason="status")
            else:
                events.append(as_account_says(part, named))
    return events, unreadable


def by_customer(events: Iterable[Event]) -> list[Intake]:
    """One intake per customer, in the order of the request."""
    by_identity: dict[Identity, list[Event]] = {}
    for event in events:
        by_identity.setdefault(event.customer, []).append(event)
    return [Intake(customer=customer, events=tuple(theirs)) for customer, theirs in by_identity.items()]


def outgoing(intake: Intake, store: Store, *, again: str = "") -> Outgoing:
    """The queue message of an intake; the content of a too large one is put into the bucket.

    again: makes the deduplication id a new one, for a message that is sent a second time on purpose.
    """
    # What came under a used id is another message to the queue too: `process` tells the two apart.
    content = (hashlib.sha256(event.raw).hexdigest() for event in intake.events)
    dedup = digest(*(event.key for event in intake.events), *content, again)
    body = text(pack(intake))
    if len(body) > LARGEST_MESSAGE:
        key = f"oversize/{dedup}"
        store(key, pack(intake))
        body = text(pack(replace(intake, events=(), stored=key)))
    return Outgoing(group=group(intake.customer), dedup=dedup, body=body)
