"""Twilio: SMS, MMS and WhatsApp messages, their receipts, and calls, each as one form.

https://www.twilio.com/docs/messaging/guides/webhook-request,
https://www.twilio.com/docs/messaging/guides/track-outbound-message-status,
https://www.twilio.com/docs/voice/api/call-resource#statuscallback and
https://www.twilio.com/docs/usage/webhooks/webhooks-security (read on 2026-11-23). The account in the URL is
a number of ours or the account SID, and the URL that the console holds is part of what is signed.

Twilio does not send a message's webhook again after any answer. It gives no time for messages, so the time
at which we received them counts. `SmsStatus` comes with inbound messages too; only `MessageStatus` makes a
receipt.

The sender of an SMS is a phone in E.164, or a short code or a name, which are opaque. On WhatsApp it is
`whatsapp:` and a phone, or `whatsapp:` and a business-scoped user id when the phone is withheld; that id
comes as `ExternalUserId` beside a phone, and is then the identity, as on WhatsApp itself. Callers who
withhold their number arrive as a word or as a number that spells one on a keypad.

Anybody can send an SMS or call under another's number. Who does so is therefore `claimed`, and so is whom we
call or write to at a phone, unless the account trusts claims. A call is proved if its own carrier vouches for
it: `StirVerstat` is `TN-Validation-Passed-A`, so far only in the United States (read on 2026-11-28 at
https://www.twilio.com/docs/voice/trusted-calling-with-shakenstir). Lower levels say where a call entered the
network, not whose the number is. WhatsApp has proved the phones of its users.

Unconfirmed: that status callbacks of calls bring `StirVerstat` as voice requests do, `ExternalUserId` and the
WhatsApp fields (seen in another gateway's code), `OptOutType`, and the fields of call callbacks beyond
`CallSid` and `CallStatus`. JSON bodies (event streams) are verified, and set aside as unreadable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from math import isfinite

from chalicelib.channels.base import Channel, Parsed, readable, with_extra
from chalicelib.channels.reading.payloads import decode_form, international, present
from chalicelib.channels.reading.times import from_rfc2822
from chalicelib.channels.signatures.url_and_form import UrlAndForm
from chalicelib.vocabulary.account import Account
from chalicelib.vocabulary.errors import Rejected
from chalicelib.vocabulary.event import (
    Attachment,
    ContactKey,
    Direction,
    Event,
    Identity,
    Kind,
    claimed,
    own_account,
    withheld,
)
from chalicelib.vocabulary.request import Answer, Request

_CHANNEL = "twilio"
_WHATSAPP = "whatsapp:"
_ATTESTED = "TN-Validation-Passed-A"
# +266696687 spells ANONYMOUS, and so on.
_WITHHELD = frozenset(
    {"", "anonymous", "restricted", "blocked", "unknown", "unavailable", "private"}
    | {"+266696687", "+7378742833", "+2562533", "+8656696", "+86282452253"}
)
_OPT_OUTS = {"STOP": Kind.OPT_OUT, "START": Kind.OPT_IN}
_MEDIA = {"image": "image", "video": "video", "audio": "audio"}
_CARDS = {"text/vcard", "text/x-vcard"}
_REFERRAL = {
    "referral_source_type": "ReferralSourceType",
    "referral_source_id": "ReferralSourceId",
    "referral_source_url": "ReferralSourceUrl",
    "referral_headline": "ReferralHeadline",
    "referral_ctwa_clid": "ReferralCtwaClid",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Post:
    """One request as a form, and what its events have in common.

    A form: see `tests/fixtures/channels/twilio/text.json`, `mms.json`, `delivered.json`, `call.json` and
    `whatsapp_text.json`.

    form: the fields under Twilio's own names; the last one counts if a name comes twice.
    request: the request that the form came in.
    account: our account in the URL.
    """

    form: dict[str, str]
    request: Request
    account: Account

    def __getitem__(self, name: str) -> str:
        return self.form.get(name, "")

    def event(self, kind: Kind, *, id: str, person: str, occasion: str, direction: Direction) -> Event:
        customer, keys = self._customer(person, occasion)
        outbound = direction is Direction.OUTBOUND
        return Event(
            id=id,
            channel=_CHANNEL,
            account=self.account.id,
            kind=kind,
            direction=direction,
            customer=customer,
            sender=own_account(_CHANNEL, self.account.id) if outbound else None,
            occurred_at=self.request.received_at,
            received_at=self.request.received_at,
            contact_keys=keys,
            raw=self.request.body,
        )

    def _customer(self, person: str, occasion: str) -> tuple[Identity, tuple[ContactKey, ...]]:
        on_whatsapp = person.startswith(_WHATSAPP)
        address = person.removeprefix(_WHATSAPP)
        hidden = address.lower() in _WITHHELD
        number = international(address) if address.startswith("+") and not hidden else ""
        proved = on_whatsapp or self.account.trusts_claims or self["StirVerstat"] == _ATTESTED
        keys = (ContactKey(kind="phone", value=number, verified=proved),) if number else ()
        if on_whatsapp and self["ExternalUserId"]:
            return _identity(_WHATSAPP + self["ExternalUserId"]), keys
        if hidden:
            return withheld(_CHANNEL, occasion), ()
        return _identity(person) if proved or not number else claimed(_CHANNEL, person), keys


def parse(request: Request, account: Account) -> Iterator[Parsed]:
    """The event of one webhook request."""
    yield from readable("body", request.body, partial(_read, request, account))


def _read(request: Request, account: Account) -> Iterator[Parsed]:
    post = _Post(form=dict(decode_form(request.body)), request=request, account=account)
    read = next((read for marker, read in READERS.items() if post[marker]), None)
    if read is None:
        raise Rejected("unexpected_shape", "neither a message nor a call")
    yield read(post)


def _message_or_receipt(post: _Post) -> Event:
    # A receipt says what became of our message; an inbound message can only have been received.
    inbound = post["MessageStatus"] in {"", "receiving", "received"}
    return _message(post) if inbound else _receipt(post)


def _message(post: _Post) -> Event:
    sid = post["MessageSid"] or post["SmsSid"]
    pressed = post["ButtonPayload"] or post["ListId"]
    kind = _OPT_OUTS.get(post["OptOutType"], Kind.POSTBACK if pressed or post["ButtonText"] else Kind.MESSAGE)
    event = post.event(kind, id=sid, person=post["From"], occasion=sid, direction=Direction.INBOUND)
    event = replace(
        event,
        text=post["ButtonText"] or post["ListTitle"] or post["Body"],
        attachments=(*_media(post), *_place(post)),
        reply_to=post["OriginalRepliedMessageSid"],
        name=post["ProfileName"],
    )
    referral = {name: post[field] for name, field in _REFERRAL.items()}
    forwarded = "true" if post["Forwarded"].lower() == "true" else ""
    return with_extra(event, to=post["To"], payload=pressed, forwarded=forwarded, **referral)


def _receipt(post: _Post) -> Event:
    sid, status = post["MessageSid"] or post["SmsSid"], post["MessageStatus"]
    event = post.event(
        Kind.STATUS, id=f"{sid}:{status}", person=post["To"], occasion=sid, direction=Direction.OUTBOUND
    )
    return with_extra(replace(event, target_id=sid), status=status, error=post["ErrorCode"])


def _call(post: _Post) -> Event:
    sid, status = present(post["CallSid"] or None, "CallSid"), post["CallStatus"]
    inbound = not post["Direction"].startswith("outbound")
    event = post.event(
        Kind.CALL,
        id=f"{sid}:{status}:{post['SequenceNumber']}",
        person=post["From"] if inbound else post["To"],
        occasion=sid,
        direction=Direction.INBOUND if inbound else Direction.OUTBOUND,
    )
    if post["Timestamp"]:
        event = replace(event, occurred_at=from_rfc2822(post["Timestamp"]))
    return with_extra(event, call=sid, status=status, duration=post["CallDuration"])


def _media(post: _Post) -> Iterator[Attachment]:
    number = 0
    while url := post[f"MediaUrl{number}"]:
        mime = post[f"MediaContentType{number}"]
        kind = "contact" if mime in _CARDS else _MEDIA.get(mime.partition("/")[0], "document")
        yield Attachment(kind=kind, ref=url, mime=mime)
        number += 1


def _place(post: _Post) -> Iterator[Attachment]:
    if post["Latitude"] and post["Longitude"]:
        named = ", ".join(part for part in (post["Label"], post["Address"]) if part)
        yield Attachment(
            kind="location",
            name=named,
            latitude=_coordinate(post["Latitude"]),
            longitude=_coordinate(post["Longitude"]),
        )


def _coordinate(text: str) -> float:
    try:
        degrees = float(text)
    except ValueError as error:
        raise Rejected("unexpected_shape", "a coordinate is no number") from error
    if not isfinite(degrees):
        raise Rejected("unexpected_shape", "a coordinate is no number")
    return degrees


def _identity(person: str) -> Identity:
    return Identity(channel=_CHANNEL, scope="*", id=person)


# The field that only one sort of request has, to its reader; the first that matches reads.
READERS: dict[str, Callable[[_Post], Event]] = {
    "CallStatus": _call,
    "MessageSid": _message_or_receipt,
    "SmsSid": _message_or_receipt,
}

TWILIO = Channel(
    name=_CHANNEL,
    verify=UrlAndForm(
        header="x-twilio-signature",
        settings="x-twilio-webhooks-signature-settings",
        sha1_keys="auth_token",
        sha256_keys="shared_key",
        form=decode_form,
    ),
    parse=parse,
    scope="channel",
    resends=False,
    answer=Answer(status=200, body="<Response/>", content_type="text/xml; charset=utf-8"),
    secrets=("auth_token", "shared_key"),
    either=True,
    settings=("url",),
    setup=(
        "In the Twilio console, at the number or messaging service: enter {url}#rc=5&rp=all with HTTP POST"
        " for incoming messages and calls, {url} as the fallback URL (`Primary handler fails`), and {url} as"
        " status callback of messages and calls. Twilio does not repeat a request that we could not serve:"
        " what follows the `#`, which it neither sends nor signs, has it try up to five times more within 15"
        " seconds, and then comes the fallback URL. `auth_token` is the account's primary (and during"
        " rotation also the secondary) token; `shared_key` is `<key id>=<key>` where webhooks are signed with"
        " a shared key. At least one of the two is needed. If you give Twilio the URL with a query, or not"
        " letter for letter so, put it under the account's settings as `url`, without the `#` and what"
        " follows it. Whoever sends an SMS or calls is kept apart from the phone's holder, because senders"
        " and callers can be forged; if you trust the numbers that your network shows, write"
        " `trusts_claims: true` at the account."
    ),
)
