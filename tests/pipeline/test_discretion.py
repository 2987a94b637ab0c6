"""Whatever a target quotes, neither the ledger nor an error repeats a customer."""

import json
import re
import unicodedata
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.crms import CRMS
from chalicelib.crms.base import Crm, Step
from chalicelib.pipeline.discretion import hide_customer, without
from chalicelib.store.packing import from_text, unpack_change
from chalicelib.vocabulary.delivery import Absorbed, Call, Delivery, Reply
from chalicelib.vocabulary.errors import HubError, Permanent, Throttled, Transient, Unknown
from chalicelib.vocabulary.event import Attachment, ContactKey, Identity
from chalicelib.vocabulary.people import Consequence, Decision, Outcome, Person, Profile
from tests.pipeline.world import SECRETS, START, World, message

SAID: dict[str, Any] = {
    "name": "Sara May Rostami",
    "text": "Is Field Street far from Valiasr?",
    "contact_keys": (
        ContactKey(kind="email", value="s.rostami@example.org", verified=True),
        ContactKey(kind="phone", value="+98 912 000 0001", verified=True),
    ),
    "attachments": (Attachment(kind="document", name="Passport Müller.pdf", ref="file-77aa"),),
    "extra": {"username": "sara_in_tehran"},
}
PERSONAL = (
    "Sara", "May", "Rostami", "rostami@", "Valiasr", "Street", "Field", "912", "Passport", "Müller", "Muller",
    "77aa", "tehran", "0000001",
)  # fmt: skip

ANSWERS = (
    "Party Sara May Rostami exists already",
    "party sara may rostami exists already",
    "ROSTAMI, SARA: duplicate contact",
    "SaraRostami / rostamisara is not unique",
    "the text Is Field Street far from Valiasr? is too long",
    "no field street, and no Valiasr",
    "+98 (912) 000-0001 or 0912 000 0001, ۹۸۹۱۲۰۰۰۰۰۰۱ is not valid",
    "S.Rostami@Example.org bounced",
    "Passport Muller.pdf, file-77aa of sara_in_tehran was refused",
    "<b>Sara</b>&nbsp;Rostami",
    '{"errors": [{"value": "Sara", "code": "rostami"}]}',
)


def careless() -> Crm:
    """A connector that repeats every word of an answer."""

    def read(reply: Reply) -> None:
        if reply.status == 200:
            return
        kinds: dict[int, type[HubError]] = {422: Permanent, 429: Throttled, 500: Unknown, 408: Transient}
        raise kinds[reply.status]("refused", f"HTTP {reply.status}, {reply.body.decode()}")

    def steps(delivery, target, credentials, now):
        def written(reply: Reply) -> str:
            read(reply)
            return "1"

        yield Step(name="post", write=Call(method="POST", url=target.url), written=written)

    return Crm(name="receiver", deliver=steps, read=read, probe=lambda *_: Call(method="GET", url=""))


def repeated(hub: World) -> str:
    """All that the ledger of the one event holds."""
    return msgspec.json.encode(hub.ledger(message(1))).decode()


@pytest.mark.parametrize("status", [422, 429, 500, 408])
@pytest.mark.parametrize("answer", ANSWERS)
def test_no_field_of_the_ledger_repeats_a_customer(hub: World, monkeypatch, answer, status) -> None:
    monkeypatch.setitem(CRMS, "receiver", careless())
    hub.crm = lambda call: Reply(status=status, body=answer.encode())
    hub.absorb(message(1, **SAID))
    hub.run()
    assert hub.ledger(message(1)).detail.startswith(f"HTTP {status}, ")
    # The event's key is ours: a platform's id of a message.
    shown = repeated(hub).replace(message(1).key, "")
    found = [word for word in PERSONAL if re.search(re.escape(word), shown, re.IGNORECASE)]
    assert found == []


@pytest.mark.parametrize("answer", ANSWERS)
def test_nor_does_what_the_worker_raises(hub: World, monkeypatch, answer) -> None:
    monkeypatch.setitem(CRMS, "receiver", careless())
    hub.crm = lambda call: Reply(status=500, body=answer.encode())
    hub.absorb(message(1, **SAID))
    with pytest.raises(Transient) as caught:
        hub.deliver(unpack_change(from_text(hub.queues["crm"][0].body)), lambda: 60.0)
    told: BaseException | None = caught.value
    while told is not None:
        shown = f"{told} {told!r} {told.args} {vars(told)}"
        assert not [word for word in PERSONAL if re.search(re.escape(word), shown, re.IGNORECASE)]
        told = told.__cause__


def test_a_real_connector_still_says_what_is_wrong(hub: World, monkeypatch) -> None:
    monkeypatch.setitem(SECRETS, "crm", {"application_key": ("key",)})
    target = replace(hub.configuration.targets[0], connector="tryton")
    hub.configuration = replace(hub.configuration, targets=(target,))
    said = {"message": 'The phone "0912" of party Sara Rostami, or Omid Karimi, is not valid.'}
    hub.crm = lambda call: (
        Reply(status=200, body=b"[]")
        if call.method == "GET"
        else Reply(status=400, body=json.dumps(said).encode())
    )
    hub.absorb(message(1, **SAID))
    hub.run()
    assert hub.ledger(message(1)).detail == "HTTP 400, The phone … of party … or … is not valid"


def owed(name: str = "", text: str = "", customer: str = "1", owner: str = "") -> Delivery:
    event = message(1, sender=Identity(channel="telegram", scope="*", id=customer), name=name, text=text)
    decision = Decision(outcome=Outcome.ASSIGNED, reason="", config_version="1")
    return Delivery(
        absorbed=Absorbed(
            event=event, profile="p1", seq=1, index=0, committed_at=START,
            consequence=Consequence(decision=decision),
        ),
        profile=Profile(id="p1", first_seen=START, last_seen=START, name=name),
        owner=Person(id="o", name=owner) if owner else None,
    )  # fmt: skip


anything = st.text(min_size=1, max_size=30)


@given(anything, anything, anything, anything, anything, anything)
def test_no_word_of_a_name_or_text_survives(name, text, customer, owner, before, after):
    said = owed(name=name, text=text, customer=customer, owner=owner)
    for quoted in (name, text, customer, owner, name.upper(), text.lower(), f"{before}{name} {after}"):
        error = Permanent("refused", f"HTTP 400, {before} {quoted} {after}")
        hide_customer(error, said)
        rest = error.detail.removeprefix("HTTP 400")
        words = {word.casefold() for word in re.findall(r"\w+", rest)}
        for own in (name, customer, owner):
            assert words.isdisjoint(word.casefold() for word in re.findall(r"\w+", own))
        assert str(error) == f"refused: {error.detail}"


@pytest.mark.parametrize(
    ("detail", "names", "texts", "shown"),
    [
        ("HTTP 400, the value is not valid", (), ("is it valid?",), "HTTP 400, the value is not …"),
        ("HTTP 400, the value is not valid", (), ("400 HTTP",), "HTTP 400, the value is not valid"),
        ("HTTP 400, it is not so", (), ("is not",), "HTTP 400, it … so"),
        ("party An No exists", ("An No",), (), "party … exists"),
        ("crm.example.org: ReadTimeoutError", ("Sara",), ("سلام",), "crm.example.org: ReadTimeoutError"),
        ("maximum is 255, not 2555", (), (), "maximum is 255, not …"),
        ("a@b is known", (), (), "… is known"),
        ("", ("Sara",), ("x",), ""),
    ],
)
def test_what_stays(detail, names, texts, shown):
    assert without(detail, names=names, texts=texts) == shown


@pytest.mark.parametrize(
    ("name", "quoted"),
    [
        ("Nguyễn Văn Đức", unicodedata.normalize("NFD", "Nguyễn Văn Đức")),
        (unicodedata.normalize("NFD", "José Ñúñez"), "José Ñúñez"),
        ("Özgür İnce", "özgür i̇nce"),
        ("प्रिया शर्मा", "प्रिया शर्मा"),
        ("ใจดี น้ำผึ้ง", "ใจดี น้ำผึ้ง"),
        ("علی‌رضا", "علیرضا"),
        ("علیرضا", "علی‌رضا"),
        ("علی کریمی", "علي كريمي"),
        ("مُحَمَّد", "محمد"),
        ("محمد", "مُحَمَّد"),
        ("Sara", "Sa\u00adra"),
        ("Sara", "S\u200bara"),
    ],
)
def test_a_name_is_hidden_however_it_is_composed(name, quoted):
    assert without(f"party {quoted} exists", names=(name,), texts=()) == "party … exists"


OWED = owed(name="Sara Rostami", text="Valiasr 12")
THEIRS = {
    "event.name": replace(OWED, profile=replace(OWED.profile, name="")),
    "profile.name": replace(OWED, absorbed=replace(OWED.absorbed, event=replace(OWED.event, name=""))),
}


@pytest.mark.parametrize("place", THEIRS)
def test_a_name_is_hidden_wherever_the_delivery_has_it(place):
    error = Permanent("refused", "HTTP 400, Sara Rostami exists")
    hide_customer(error, THEIRS[place])
    assert error.detail == "HTTP 400, … exists"


def test_a_reason_is_a_code_and_no_sentence():
    error = Permanent("Sara exists")
    hide_customer(error, owed())
    assert (error.reason, str(error)) == ("refused", "refused")
