"""Telegram's ids: the same when an update is sent again, and another for every other happening."""

import json
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.channels import CHANNELS
from chalicelib.vocabulary.account import Account
from chalicelib.vocabulary.event import Direction, Event, Ignored, Kind
from chalicelib.vocabulary.request import Request

from .shelf import RECEIVED_AT

SARA, OMID = 700000001, 700000002


def parsed(update, **settings):
    request = Request(
        method="POST",
        url="/webhooks/telegram/bot",
        headers={},
        body=json.dumps(update).encode(),
        received_at=RECEIVED_AT,
    )
    return tuple(
        CHANNELS["telegram"].parse(request, Account(channel="telegram", id="bot", settings=settings))
    )


def keys(update):
    return [event.key for event in parsed(update) if isinstance(event, Event)]


def private(person):
    return {"id": person, "type": "private"}


def message(person=SARA, number=5, date=1795507200, update=500, name="message", **content):
    content = content or {"text": "سلام"}
    user = {"id": person, "is_bot": False, "first_name": "X"}
    return {
        "update_id": update,
        name: {"message_id": number, "date": date, "chat": private(person), "from": user, **content},
    }


def pressed(query, update=500):
    user = {"id": SARA, "is_bot": False, "first_name": "X"}
    return {"update_id": update, "callback_query": {"id": query, "from": user, "data": "yes"}}


def reacted(emoji, update, date=1795507200):
    new = [{"type": "emoji", "emoji": emoji}]
    user = {"id": SARA, "first_name": "X"}
    change = {"chat": private(SARA), "message_id": 5, "date": date, "user": user, "new_reaction": new}
    return {"update_id": update, "message_reaction": change}


def blocked(update, date=1795507200, status="kicked"):
    user = {"id": SARA, "first_name": "X"}
    change = {"chat": private(SARA), "from": user, "date": date, "new_chat_member": {"status": status}}
    return {"update_id": update, "my_chat_member": change}


def voted(options, update=500, poll="77", person=SARA):
    user = {"id": person, "first_name": "X"}
    return {"update_id": update, "poll_answer": {"poll_id": poll, "user": user, "option_ids": options}}


def deleted(connection, number=5, update=500):
    gone = {"business_connection_id": connection, "chat": private(SARA), "message_ids": [number]}
    return {"update_id": update, "deleted_business_messages": gone}


OTHERS = {
    "message": [
        message(),
        message(OMID),
        message(number=6),
        message(date=1795507201),  # another bot behind the account begins to count anew
        message(name="edited_message", edit_date=1795507300, text="1"),
    ],
    "edit": [
        message(name="edited_message", edit_date=1795507300, update=501, text="1"),
        message(name="edited_message", edit_date=1795507300, update=502, text="2"),
        message(name="edited_message", edit_date=1795507301, update=501, text="3"),
        message(name="edited_message", number=6, edit_date=1795507300, update=501, text="1"),
    ],
    "pressed": [pressed("1"), pressed("2")],
    "reaction": [reacted("👍", 500), reacted("👎", 501), reacted("👎", 500, date=1795507300)],
    "membership": [blocked(500), blocked(501), blocked(500, date=1795507300)],
    "voted": [
        voted([0]),
        voted([1]),
        voted([]),
        voted([0], update=501),
        voted([0], poll="78"),
        voted([0], person=OMID),
    ],
    "deleted": [deleted("a"), deleted("b"), deleted("a", 6)],
}


@pytest.mark.parametrize("updates", OTHERS.values(), ids=OTHERS)
def test_another_happening_has_another_id_whatever_its_update_id(updates):
    for one, other in combinations(updates, 2):
        assert set(keys(one)).isdisjoint(keys(other)), (one, other)


@pytest.mark.parametrize("update", [update for several in OTHERS.values() for update in several], ids=str)
def test_sent_again_it_has_the_same_id(update):
    assert keys(update) == keys(json.loads(json.dumps(update, indent=1)))


@pytest.mark.parametrize("update", [message(), pressed("1"), deleted("a")])
def test_what_has_a_name_of_its_own_does_not_need_the_update_id(update):
    assert keys(update) == keys({**update, "update_id": 77})


@given(
    st.tuples(
        st.integers(0, 2**52), st.integers(0, 2**31), st.integers(946684800, 4102444799), st.integers(0, 9)
    ),
    st.tuples(
        st.integers(0, 2**52), st.integers(0, 2**31), st.integers(946684800, 4102444799), st.integers(0, 9)
    ),
)
def test_messages_share_an_id_only_if_chat_number_and_date_are_one(one, other):
    person, number, date, _ = one
    assert (keys(message(*one)) == keys(message(*other))) == ((person, number, date) == other[:3])


def test_what_refers_to_a_message_names_its_id_or_its_address():
    (original,) = parsed(message())
    (edit,) = parsed(message(name="edited_message", edit_date=1795507300, update=501, text="1"))
    (reaction,) = parsed(reacted("👍", 502))
    earlier = {"message_id": 5, "chat": private(SARA), "date": 1795507200}
    (reply,) = parsed(message(number=6, update=503, text="2", reply_to_message=earlier))
    (unseen,) = parsed(message(number=7, text="3", reply_to_message={**earlier, "date": 0}))
    assert edit.target_id == reply.reply_to == original.id
    assert reaction.target_id == unseen.reply_to == original.extra["message"] == edit.extra["message"]


@pytest.mark.parametrize("name", ["message", "business_message", "channel_post"])
def test_a_message_that_comes_after_its_edit_was_written_when_it_was_written(name):
    (late,) = parsed(message(name=name, edit_date=1795507300, text="1"))
    (edit,) = parsed(message(name="edited_message", edit_date=1795507300, update=501, text="1"))
    assert late.occurred_at.timestamp() == 1795507200
    assert edit.occurred_at.timestamp() == 1795507300
    assert edit.target_id == late.id


@pytest.mark.parametrize(
    ("text", "payload"),
    [
        ("/start nowruz-2027", "nowruz-2027"),
        ("/start@hotel_bot QWxs_4", "QWxs_4"),
        ("/start", None),
        ("/start سلام", None),
        ("/start two words", None),
        ("/started x", None),
        ("please /start x", None),
        ("/start x\n", None),
    ],
)
def test_whoever_comes_by_a_link_is_referred(text, payload):
    (event,) = parsed(message(text=text))
    assert (event.kind is Kind.REFERRAL) == (payload is not None)
    assert event.extra.get("referral_source_id") == payload
    assert event.text == text
    (edit,) = parsed(message(name="edited_message", edit_date=1795507300, text=text))
    assert edit.kind is Kind.EDIT


GROUP, OURS, THEIRS = -1000000000001, -1000000000009, -1000000000005


def spoken(speaker, *, name="message", user=136817688, **content):
    chat = {"id": GROUP, "type": "supergroup"}
    sent = {"message_id": 7, "date": 1795507200, "chat": chat, "sender_chat": speaker, "text": "سلام"}
    user = {"id": user, "is_bot": True, "first_name": "Channel"}
    return {"update_id": 500, name: {**sent, "from": user, **content}}


def channel(number):
    return {"id": number, "type": "channel", "title": "کانال"}


POST = {"message_id": 3, "chat": {"id": GROUP}, "date": 1795500000, "is_automatic_forward": True}


@pytest.mark.parametrize(
    ("update", "settings"),
    [
        (spoken({"id": GROUP, "type": "supergroup"}, user=1087968824), {}),
        (spoken({"id": GROUP, "type": "supergroup"}, name="edited_message", edit_date=1795507300), {}),
        (spoken({"id": GROUP, "type": "supergroup"}, photo=[{"file_id": "f"}], media_group_id="1"), {}),
        (spoken(channel(OURS)), {"own_chats": f"{OURS}"}),
        (spoken(channel(OURS)), {"own_chats": f"-1, {OURS}"}),
        (spoken(channel(OURS), reply_to_message={**POST, "sender_chat": channel(OURS)}), {}),
    ],
)
def test_our_own_side_is_no_customer(update, settings):
    (event,) = parsed(update, **settings)
    assert event.customer.own
    assert event.direction is Direction.OUTBOUND


@pytest.mark.parametrize(
    ("update", "settings"),
    [
        (spoken(channel(THEIRS)), {}),
        (spoken(channel(THEIRS)), {"own_chats": f"{OURS}"}),
        (spoken(channel(THEIRS), reply_to_message={**POST, "sender_chat": channel(OURS)}), {}),
        (spoken(channel(THEIRS), forward_origin={"type": "channel", "chat": channel(THEIRS)}), {}),
    ],
)
def test_anybody_elses_channel_is_a_stranger(update, settings):
    (event,) = parsed(update, **settings)
    assert not event.customer.own
    assert event.direction is Direction.INBOUND


@pytest.mark.parametrize(
    "content",
    [
        {"is_automatic_forward": True, "user": 777000},
        {"is_automatic_forward": True, "user": 777000, "name": "edited_message", "edit_date": 1795507300},
        {"is_automatic_forward": True, "photo": [{"file_id": "f"}], "media_group_id": "1"},
        {"user": 777000},
    ],
)
def test_what_telegram_repeats_of_our_posts_is_counted_only(content):
    assert parsed(spoken(channel(OURS), **content)) == (Ignored(name="telegram.is_automatic_forward"),)


@pytest.mark.parametrize("name", ["edited_message", "edited_business_message", "edited_channel_post"])
def test_a_live_location_is_one_message_and_the_place_where_it_ended(name):
    def place(step, **more):
        return {"latitude": 35.7 + step / 1000, "longitude": 51.4, **more}

    (first,) = parsed(message(location=place(0, live_period=900)))
    moves = [
        message(
            name=name, update=501 + step, edit_date=1795507210 + step, location=place(step, live_period=900)
        )
        for step in range(30)
    ]
    (last,) = parsed(message(name=name, update=600, edit_date=1795508100, location=place(31)))
    assert {part for move in moves for part in parsed(move)} == {Ignored(name="telegram.live_location")}
    assert first.attachments[0].latitude == 35.7
    assert last.attachments[0].latitude == pytest.approx(35.731)
    assert last.target_id == first.id
