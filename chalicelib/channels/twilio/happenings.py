"""Turns Twilio's forms into events, by the field that only one sort has; the table at the end lists them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

from chalicelib.channels.base import Parsed, readable, with_extra
from chalicelib.channels.reading.payloads import decode_form, displayable, present
from chalicelib.channels.reading.times import from_rfc2822
from chalicelib.channels.twilio.contents import attachments
from chalicelib.channels.twilio.post import Post
from chalicelib.vocabulary.account import Account
from chalicelib.vocabulary.errors import Rejected
from chalicelib.vocabulary.event import Direction, Event, Kind
from chalicelib.vocabulary.request import Request

_OPT_OUTS = {"STOP": Kind.OPT_OUT, "START": Kind.OPT_IN}
# What two of have to be told apart for ever, so that nothing in it may be replaced.
_NAMES = {"MessageSid", "SmsSid", "CallSid", "From", "To", "ExternalUserId"}
_REFERRAL = {
    "referral_source_type": "ReferralSourceType",
    "referral_source_id": "ReferralSourceId",
    "referral_source_url": "ReferralSourceUrl",
    "referral_headline": "ReferralHeadline",
    "referral_body": "ReferralBody",
    "referral_media": "ReferralMediaUrl",
    "referral_ctwa_clid": "ReferralCtwaClid",
}


def parse(request: Request, account: Account) -> Iterator[Parsed]:
    """The event of one webhook request."""
    yield from readable("body", request.body, partial(_read, request, account))


def _read(request: Request, account: Account) -> Iterator[Parsed]:
    fields = dict(decode_form(request.body))
    form = {name: displayable(field) for name, field in fields.items()}
    if any(form[name] != fields[name] for name in _NAMES & fields.keys()):
        raise Rejected("not_utf8", "the name of a message or of a person is not UTF-8")
    post = Post(form=form, request=request, account=account)
    read = next((read for marker, read in READERS.items() if post[marker]), None)
    if read is None:
        raise Rejected("unexpected_shape", "neither a message nor a call")
    yield read(post)


def _message_or_receipt(post: Post) -> Event:
    # A receipt says what became of our message; an inbound message can only have been received.
    inbound = post["MessageStatus"] in {"", "receiving", "received"}
    return _message(post) if inbound else _receipt(post)


def _message(post: Post) -> Event:
    sid = post["MessageSid"] or post["SmsSid"]
    pressed = post["ButtonPayload"] or post["ListId"]
    chosen = post["ButtonText"] or post["ListTitle"]
    kind = _OPT_OUTS.get(post["OptOutType"], Kind.POSTBACK if pressed or chosen else Kind.MESSAGE)
    event = post.event(kind, id=sid, person=post["From"], occasion=sid, direction=Direction.INBOUND)
    event = replace(
        event,
        text=_words(post),
        attachments=attachments(post),
        reply_to=post["OriginalRepliedMessageSid"],
        name=post["ProfileName"],
    )
    referral = {name: post[field] for name, field in _REFERRAL.items()}
    forwarded = "true" if post["Forwarded"].lower() == "true" else ""
    return with_extra(event, to=post["To"], payload=pressed, forwarded=forwarded, **referral)


def _words(post: Post) -> str:
    """What was pressed, and what `Body` says if that is something else."""
    pressed = post["ButtonText"] or post["ListTitle"]
    return "\n".join(dict.fromkeys(words for words in (pressed, post["Body"]) if words))


def _receipt(post: Post) -> Event:
    sid, status = post["MessageSid"] or post["SmsSid"], post["MessageStatus"]
    event = post.event(
        Kind.STATUS, id=f"{sid}:{status}", person=post["To"], occasion=sid, direction=Direction.OUTBOUND
    )
    return with_extra(replace(event, target_id=sid), status=status, error=post["ErrorCode"])


def _call(post: Post) -> Event:
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


# The field that only one sort of request has, to its reader; the first that matches reads.
READERS: dict[str, Callable[[Post], Event]] = {
    "CallStatus": _call,
    "MessageSid": _message_or_receipt,
    "SmsSid": _message_or_receipt,
}
