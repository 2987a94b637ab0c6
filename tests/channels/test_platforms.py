"""What `ops.platforms` builds is what the channels accept and read: one event of the kind it is named for."""

from datetime import UTC, datetime

import pytest

from chalicelib.channels import CHANNELS
from chalicelib.vocabulary.account import Account
from chalicelib.vocabulary.event import Event, Kind
from ops.platforms import KINDS, OMID

from .shelf import ACCOUNTS, SECRETS, ours, received

AT = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
NAMED_OTHERWISE = {
    "reply": Kind.MESSAGE,
    "image": Kind.MESSAGE,
    "document": Kind.MESSAGE,
    "voice": Kind.MESSAGE,
    "location": Kind.MESSAGE,
    "contact": Kind.MESSAGE,
    "whatsapp": Kind.MESSAGE,
    "echo": Kind.MESSAGE,
    "post": Kind.MESSAGE,
    "unreaction": Kind.REACTION,
    "delivered": Kind.STATUS,
    "read": Kind.STATUS,
    "failed": Kind.STATUS,
    "attested_call": Kind.CALL,
    "hidden_call": Kind.CALL,
}
every_kind = pytest.mark.parametrize(
    ("name", "kind"), [(name, kind) for name in KINDS for kind in KINDS[name]]
)


def build(name, kind, **changes):
    options = {
        "url": f"https://hub.example.org/webhooks/{name}/{ACCOUNTS[name]}",
        "account": ACCOUNTS[name],
        "secrets": SECRETS[name],
        "at": AT,
        "number": 7,
        "target": 3,
    }
    return KINDS[name][kind](**{**options, **changes})


def events(name, post, secrets=None):
    request = received(post)
    CHANNELS[name].verify.verify(request, ours(name, secrets))
    return tuple(CHANNELS[name].parse(request, Account(channel=name, id=ACCOUNTS[name])))


@every_kind
def test_one_event_of_its_kind(name, kind):
    (event,) = events(name, build(name, kind))
    assert isinstance(event, Event)
    assert event.kind == NAMED_OTHERWISE.get(kind, kind)
    assert event.account == ACCOUNTS[name]


@every_kind
def test_the_same_number_makes_the_same_request(name, kind):
    assert build(name, kind) == build(name, kind)


@every_kind
def test_another_person_is_another_customer(name, kind):
    (first,), (second,) = events(name, build(name, kind)), events(name, build(name, kind, person=OMID))
    about_somebody = first.customer.linkable and kind != "identity_change"
    assert (first.customer != second.customer) == about_somebody


def test_the_text_is_said():
    for name in KINDS:
        (event,) = events(name, build(name, "message", text="قیمت؟"))
        assert event.text == "قیمت؟"


def test_what_can_be_simulated_is_a_channel():
    assert KINDS.keys() <= CHANNELS.keys()


def test_a_shared_key_signs_where_there_is_one():
    held = {"shared_key": ("webhooks_sharedkey_1=key",)}
    post = build("twilio", "message", secrets=held)
    assert events("twilio", post, held)
    assert "x-twilio-webhooks-signature-settings" in post.headers


def test_a_person_can_tell_the_id_from_the_number():
    (event,) = events("twilio", build("twilio", "message", number=77))
    assert event.key.endswith("#message#SM" + "77".rjust(32, "0"))
