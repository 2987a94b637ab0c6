"""Puts events into words for the people who read a CRM's timeline."""

from __future__ import annotations

from chalicelib.crms.http.texts import storable
from chalicelib.crms.wording.names import account_name, one_line
from chalicelib.vocabulary.delivery import Delivery
from chalicelib.vocabulary.event import Attachment, Direction, Event, Kind

_WHO = {Direction.INBOUND: "customer", Direction.OUTBOUND: "our side", Direction.INTERNAL: "hub"}

_DID = {
    Kind.MESSAGE: "wrote",
    Kind.EDIT: "changed an earlier message to",
    Kind.DELETE: "deleted an earlier message",
    Kind.REACTION: "reacted with",
    Kind.COMMENT: "commented",
    Kind.MENTION: "mentioned us",
    Kind.POSTBACK: "pressed",
    Kind.FOLLOW: "began to follow",
    Kind.UNFOLLOW: "stopped following",
    Kind.OPT_IN: "agreed to be written to",
    Kind.OPT_OUT: "does not want to be written to",
    Kind.REFERRAL: "came by a link",
    Kind.CALL: "called",
    Kind.STATUS: "message status",
    Kind.IDENTITY_CHANGE: "has a new address",
    Kind.NOTICE: "notice",
    Kind.CLOSE: "the conversation ends",
    Kind.OFFER: "the conversation was offered again",
}

_NOBODYS = {Kind.STATUS, Kind.NOTICE, Kind.CLOSE, Kind.OFFER}


def note(delivery: Delivery) -> str:
    """The event in words: where, when and who on the first line, then what was said, then what followed."""
    event = delivery.event
    when = f"{event.occurred_at:%Y-%m-%d %H:%M} UTC"
    lines = [f"{account_name(event)} · {when} · {_deed(event)}"]
    if event.text:
        lines.append(storable(event.text))
    lines += _phones_apart(delivery)
    lines += [_attached(attachment) for attachment in event.attachments]
    lines += _consequences(delivery)
    return "\n".join(lines)


def _deed(event: Event) -> str:
    if event.kind in _NOBODYS:
        facts = [one_line(f"{name} {fact}") for name, fact in sorted(event.extra.items())]
        return ", ".join([_DID[event.kind], *facts])
    who = _WHO[event.direction]
    if event.direction is Direction.INBOUND and (speaker := event.extra.get("speaker")):
        who = f"{one_line(speaker)}, in the group,"
    if event.kind is Kind.REACTION and not event.text:
        return f"{who} took back a reaction"
    if event.kind is Kind.MESSAGE and not event.text:
        return f"{who} sent"
    reply = " in reply" if event.reply_to and event.kind is Kind.MESSAGE else ""
    state = f" ({one_line(event.extra['status'])})" if event.extra.get("status") else ""
    return f"{who} {_DID[event.kind]}{reply}{state}"


def _phones_apart(delivery: Delivery) -> list[str]:
    """The event's phones that are none of the contact's, so that nobody looks for them there."""
    lines = []
    for key in delivery.event.contact_keys:
        if not key.verified:
            lines.append(f"{key.kind} {one_line(key.value)}: claimed, not verified")
        elif key.kind == "phone" and not delivery.profile.phones:
            lines.append(f"phone {one_line(key.value)}: cannot be read, or is another customer's")
    return lines


def _attached(attachment: Attachment) -> str:
    facts = [one_line(attachment.name), one_line(attachment.mime)]
    if attachment.size:
        facts.append(f"{attachment.size} bytes")
    if attachment.latitude is not None and attachment.longitude is not None:
        facts.append(f"{attachment.latitude}, {attachment.longitude}")
    return " ".join(["📎", one_line(attachment.kind), *filter(None, facts)])


def _consequences(delivery: Delivery) -> list[str]:
    consequence, owner = delivery.consequence, delivery.owner
    reason = one_line(consequence.decision.reason)
    lines = []
    if consequence.closed:
        lines.append(f"Conversation closed: {reason}")
    elif consequence.opened or consequence.moved:
        whom = f"owner {one_line(owner.name)}" if owner is not None else "waiting for an owner"
        verb = "opened" if consequence.opened else "moved"
        lines.append(f"Conversation {verb}: {whom}. {reason}".rstrip())
    return lines
