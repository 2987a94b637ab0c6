"""What travels on the queues: it comes back as it went, for ever, and nothing else gets through."""

import tracemalloc
import zlib
from contextlib import suppress
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.aws.queues import digest, group
from chalicelib.store.packing import from_text, pack, text, unpack_change, unpack_intake
from chalicelib.store.rows import unpack_absorbed
from chalicelib.vocabulary.delivery import Absorbed
from chalicelib.vocabulary.errors import Misconfigured, Transient
from chalicelib.vocabulary.event import Attachment, ContactKey, Direction, Event, Identity, Kind
from chalicelib.vocabulary.messages import Change, Intake
from chalicelib.vocabulary.people import Candidate, Consequence, Conversation, Decision, Outcome

GOLDEN = Path(__file__).parents[1] / "fixtures" / "messages"
UNPACK = {"intake": unpack_intake, "change": unpack_change, "absorbed": unpack_absorbed}

MOMENT = datetime(2026, 11, 25, 8, 0, 0, 123456, tzinfo=UTC)
SARA = Identity(channel="whatsapp", scope="*", id="IR." + "1" * 128)
EVERYTHING = Event(
    id="wamid.HBgL=",
    channel="whatsapp",
    account="100001",
    kind=Kind.EDIT,
    direction=Direction.INBOUND,
    customer=SARA,
    sender=Identity(channel="whatsapp", scope="@account", id="100001"),
    chat="group-1",
    occurred_at=MOMENT,
    received_at=MOMENT + timedelta(seconds=2),
    text="سلام 👋 \U0001f468\u200d\U0001f469\u200d\U0001f467 \u0000 \ufffe",
    attachments=(
        Attachment(kind="image", ref="8001", mime="image/jpeg", name="otagh.jpg", size=2**40),
        Attachment(kind="location", name="برج آزادی", latitude=35.6997, longitude=51.338),
    ),
    reply_to="wamid.1",
    target_id="wamid.2",
    contact_keys=(ContactKey(kind="phone", value="+989120000001", verified=True),),
    name="سارا رستمی",
    language_hint="fa",
    previous=Identity(channel="whatsapp", scope="*", id="IR.2"),
    extra={"payload": "order_status", "forwarded": "true"},
    raw=bytes(range(256)),
)
CONVERSATION = Conversation(
    id="0123456789abcdef0123",
    opened_at=MOMENT,
    opened_by="whatsapp#100001#message#wamid.1",
    owner="neda",
    team="desk",
    respond_by=MOMENT + timedelta(minutes=30),
    respond_within=30,
    last_event_at=MOMENT,
    channel="whatsapp",
    account="100001",
)
DECISION = Decision(
    outcome=Outcome.ASSIGNED,
    reason="reza has more room",
    rule="everything",
    team="desk",
    owner="reza",
    candidates=(
        Candidate(person="neda", chosen=False, reason="full"),
        Candidate(person="reza", chosen=True, reason="room for 2"),
    ),
    respond_by=MOMENT,
    respond_within=30,
    config_version="v1",
)

WRITTEN = {
    "intake": Intake(customer=SARA, events=(EVERYTHING,), stored="oversize/1"),
    "change": Change(target="crm", profile="p1", seq=7, events=(EVERYTHING.key, "telegram#bot#message#1:2")),
    "absorbed": Absorbed(
        event=EVERYTHING,
        profile="p1",
        seq=7,
        index=1,
        committed_at=MOMENT,
        consequence=Consequence(
            decision=DECISION, conversation=CONVERSATION, opened=True, moved=True, closed=True
        ),
        targets=("crm", "shop-hook"),
    ),
}
"""What the golden files were made from."""


@pytest.mark.parametrize(
    "path", sorted(GOLDEN.glob("v*/*.bin.b64")), ids=lambda path: f"{path.parent.name}-{path.name}"
)
def test_what_was_once_written_is_read_for_ever(path):
    name = path.name.removesuffix(".bin.b64")
    assert UNPACK[name](from_text(path.read_text().strip())) == WRITTEN[name]


@pytest.mark.parametrize("name", WRITTEN)
def test_every_type_has_a_golden_file_of_the_version_we_write(name):
    assert (GOLDEN / f"v{pack(WRITTEN[name])[0]}" / f"{name}.bin.b64").is_file()


def test_the_golden_event_uses_every_field():
    assert [field.name for field in fields(Event) if not getattr(EVERYTHING, field.name)] == []


texts = st.text(max_size=40)
short = st.text(min_size=1, max_size=140)
moments = st.datetimes(
    min_value=datetime(2, 1, 1),  # noqa: DTZ001 - the zone is drawn below
    max_value=datetime(9998, 12, 31),  # noqa: DTZ001
    timezones=st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)
identities = st.builds(Identity, channel=short, scope=st.sampled_from(["*", "100001", "@once"]), id=short)
events = st.builds(
    Event,
    id=short,
    channel=short,
    account=short,
    kind=st.sampled_from(Kind),
    direction=st.sampled_from(Direction),
    customer=identities,
    sender=st.none() | identities,
    chat=texts,
    occurred_at=moments,
    received_at=moments,
    text=st.text(max_size=4000),
    attachments=st.lists(
        st.builds(
            Attachment,
            kind=texts,
            ref=texts,
            name=texts,
            size=st.integers(0, 2**63 - 1),
            latitude=st.none() | st.floats(allow_nan=False),
        ),
        max_size=3,
    ).map(tuple),
    reply_to=texts,
    target_id=texts,
    contact_keys=st.lists(
        st.builds(ContactKey, kind=texts, value=texts, verified=st.booleans()), max_size=3
    ).map(tuple),
    name=texts,
    language_hint=texts,
    previous=st.none() | identities,
    extra=st.dictionaries(texts, texts, max_size=3),
    raw=st.binary(max_size=2000),
)


@settings(deadline=None)
@given(identities, st.lists(events, max_size=4), texts)
def test_what_is_packed_comes_back(customer, several, stored):
    intake = Intake(customer=customer, events=tuple(several), stored=stored)
    travelled = text(pack(intake))
    assert travelled.isascii()
    assert unpack_intake(from_text(travelled)) == intake


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_only_ever_misconfigured_or_newer(packed):
    for unpack in UNPACK.values():
        with pytest.raises((Misconfigured, Transient)):
            unpack(packed)


@settings(deadline=None)
@given(st.data())
def test_a_damaged_message_is_never_a_bug(data):
    name = data.draw(st.sampled_from(sorted(WRITTEN)))
    packed = bytearray(pack(WRITTEN[name]))
    plain = bytearray(zlib.decompress(packed[1:]))
    at = data.draw(st.integers(0, len(plain) - 1))
    plain[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(plain)) | st.just(len(plain)))
    damaged = packed[:1] + zlib.compress(bytes(plain[:cut]))
    with suppress(Misconfigured):
        UNPACK[name](bytes(damaged))


@pytest.mark.parametrize("unpack", UNPACK.values())
def test_a_newer_version_waits_for_newer_code(unpack):
    with pytest.raises(Transient, match="newer_version"):
        unpack(bytes([pack(0)[0] + 1]) + b"of a form nobody knows yet")


@pytest.mark.parametrize(
    "packed",
    [
        b"",
        b"\x00",
        pack(WRITTEN["change"])[:1],
        pack(WRITTEN["change"])[:-9],
        b"\x01not deflated",
        pack({"a": 1}),
    ],
)
def test_what_is_none_of_ours_is_misconfigured(packed):
    with pytest.raises(Misconfigured, match="unreadable_message"):
        unpack_change(packed)


@pytest.mark.parametrize("body", ["not base64!", "سلام", "AAA", "AQ==\n\u2028"])
def test_a_body_that_is_no_base64_is_misconfigured(body):
    with pytest.raises(Misconfigured, match="unreadable_message"):
        from_text(body)


def test_a_bomb_is_cut_off():
    bomb = pack(0)[:1] + zlib.compress(b"\xc6\x0c\x80\x00\x00" + bytes(200 * 1024 * 1024), 9)
    tracemalloc.start()
    with pytest.raises(Misconfigured):
        unpack_intake(bomb)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 150 * 1024 * 1024


def test_deep_nesting_is_no_crash():
    nested = b"\x81\xa1x" * 100_000 + b"\xc0"
    with pytest.raises(Misconfigured):
        unpack_intake(pack(0)[:1] + zlib.compress(nested))


@given(identities)
def test_a_group_is_what_sqs_takes_and_the_customer_s_alone(identity):
    assert len(group(identity)) == 64
    assert group(identity) == group(replace(identity))
    assert group(identity) != group(replace(identity, id=identity.id + "1"))


def test_a_digest_tells_where_one_part_ends():
    assert digest("a", "bc") != digest("ab", "c")
    assert len(digest("\ud800")) == 64
