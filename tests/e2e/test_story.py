"""The whole hub, deployed: two customers on three channels, inside a real CRM, through bad days."""

import json
import time
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from chalicelib.aws.queues import send as put_in_order
from chalicelib.pipeline.receive import outgoing
from chalicelib.vocabulary.messages import Intake
from ops import platforms
from ops.hub.quarantine import everything
from ops.local.hub import LocalHub
from ops.local.scenario import acts, events, send
from ops.local.verdict import judge
from ops.platforms.whatsapp import sign_whatsapp

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("local hub")]

SOMEBODY = replace(platforms.SARA, phone="+989120000044", user_id=700000044, bsuid="IR.1000000000000044")
"""Not in the story, which begins by sharing a contact."""

OUTAGE = 60.0
"""Seconds for which Tryton is away in mid-scenario."""


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory):
    with LocalHub(tmp_path_factory.mktemp("local")) as running:
        yield running


@pytest.fixture(scope="module")
def told(hub: LocalHub):
    """The story, told once, and its verdict."""
    story = list(acts(hub.doors, start=datetime.now(UTC)))
    assert [send(act.post) for act in story] == [200] * len(story)
    return story, judge(hub, story, patience=120)


@contextmanager
def nothing_changes(hub: LocalHub, story):
    """What the CRMs hold of the story's customers is the same afterwards."""
    hub.wait_until_quiet()
    before = judge(hub, story, patience=5)
    yield
    hub.wait_until_quiet()
    assert judge(hub, story, patience=5, again=before).faults == ()


def test_two_customers_on_three_channels_are_two_parties_with_their_owners(hub, told) -> None:
    _, verdict = told
    assert verdict.faults == ()
    assert [customer.channels for customer in verdict.customers] == [("whatsapp", "telegram", "twilio")] * 2
    assert [len(customer.leads) for customer in verdict.customers] == [1, 1]
    assert all(customer.owner for customer in verdict.customers)


@pytest.mark.promise("Once")
def test_told_again_by_the_platforms_changes_nothing(hub, told) -> None:
    story, _ = told
    with nothing_changes(hub, story):
        assert [send(act.post) for act in story] == [200] * len(story)


@pytest.mark.promise("Once")
def test_told_again_when_the_queue_has_forgotten_changes_nothing(hub, told) -> None:
    """What a platform repeats after five minutes reaches `process` again: here by a new deduplication id."""
    story, _ = told
    messages = [
        outgoing(Intake(customer=act.events[0].customer, events=act.events), lambda *_: None, again="later")
        for act in story
        if act.events
    ]
    with nothing_changes(hub, story):
        assert put_in_order(hub.site.put, hub.outputs.events_queue, messages) == []


def test_a_forged_webhook_is_refused_and_leaves_no_trace(hub, told) -> None:
    story, _ = told
    post = story[0].post
    with nothing_changes(hub, story):
        for body in (post.body + b" ", post.body.replace(b"wamid", b"Wamid"), b"", b"{}"):
            assert send(replace(post, body=body)) == 401


@pytest.mark.parametrize("accept", [None, "*/*", "application/xml"])
def test_answers_need_no_accept_header(hub, accept) -> None:
    for channel in ("whatsapp", "telegram", "twilio"):
        door = hub.doors[channel]
        post = platforms.KINDS[channel]["message"](
            url=door.url,
            account=door.account.id,
            secrets=door.secrets,
            at=datetime.now(UTC),
            number=77,
            person=SOMEBODY,
        )
        headers = {**post.headers, **({"accept": accept} if accept else {})}
        assert send(replace(post, headers=headers)) == 200
        assert send(replace(post, headers={k: v for k, v in headers.items() if k != "content-type"})) in (
            200,
            401,
        )


def test_the_outage_of_one_crm_loses_nothing_and_delays_no_other(hub) -> None:
    story = list(acts(hub.doors, start=datetime.now(UTC), first=20_001))
    first, second = story[: len(story) // 2], story[len(story) // 2 :]
    assert all(send(act.post) == 200 for act in first)
    hub.tryton.stop()
    stopped = time.monotonic()
    try:
        for act in second:
            assert send(act.post) == 200
        wanted = {event.reference for act in story for event in act.events}
        while not wanted <= {arrival.id for arrival in hub.standin.store.events()}:
            assert time.monotonic() - stopped < OUTAGE, "the other target waited for the one that is down"
            time.sleep(0.5)
        time.sleep(max(0.0, OUTAGE - (time.monotonic() - stopped)))
    finally:
        hub.tryton.start()
    assert judge(hub, story, patience=420).faults == ()


def test_a_signed_body_that_is_not_text_is_proved_and_kept(hub) -> None:
    """Its bytes reach the function as they came: else the signature would fail, and nothing be kept."""
    door = hub.doors["whatsapp"]
    post = sign_whatsapp(
        platforms.Post(
            url=door.url, headers={"content-type": "application/json"}, body=b'{"entry": "\xff\xfe\x00 77"}'
        ),
        door.secrets,
    )

    def kept() -> set[str]:
        held = hub.aws.client("s3").list_objects_v2(Bucket=hub.outputs.bucket, Prefix="quarantine/whatsapp/")
        return {item["Key"] for item in held.get("Contents", ())}

    before = kept()
    assert [send(post), send(post)] == [200, 200]
    (key,) = kept() - before
    [found] = [one for one in everything(hub.site) if one.key == key]
    assert found.request is not None
    assert found.request.body == post.body


def test_a_body_too_large_and_a_place_unknown(hub) -> None:
    door = hub.doors["telegram"]
    post = platforms.KINDS["telegram"]["message"](
        url=door.url,
        account=door.account.id,
        secrets=door.secrets,
        at=datetime.now(UTC),
        number=78,
        person=SOMEBODY,
    )
    assert send(replace(post, body=b" " * (5 * 1024 * 1024))) == 413
    assert send(replace(post, url=post.url + "_nobody")) == 404
    assert send(replace(post, url=post.url.replace("telegram", "fax"))) == 404


@pytest.mark.promise("In the order we acknowledged")
def test_a_thousand_updates_in_three_megabytes(hub) -> None:
    door = hub.doors["whatsapp"]
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "982100000001", "phone_number_id": door.account.id},
        "messages": [
            {
                "from": "989120000033",
                "id": f"wamid.bulk-{n}",
                "timestamp": str(int(time.time())),
                "type": "text",
                "text": {"body": f"پیام {n} " + "سلام " * 80},
            }
            for n in range(1000)
        ],
    }
    entry = {"id": "1", "changes": [{"field": "messages", "value": value}]}
    body = json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()
    assert 2_000_000 < len(body) < 4_000_000
    post = sign_whatsapp(
        platforms.Post(url=door.url, headers={"content-type": "application/json"}, body=body), door.secrets
    )
    assert send(post) == 200
    bulk = [event.reference for event in events(post, door.account, datetime.now(UTC))]
    deadline = time.monotonic() + 240
    while len([a for a in hub.standin.store.events() if a.id in set(bulk)]) < 1000:
        assert time.monotonic() < deadline
        time.sleep(1)
    assert [a.id for a in hub.standin.store.events() if a.id in set(bulk)] == bulk
