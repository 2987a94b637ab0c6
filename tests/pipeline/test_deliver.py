"""To the target: once, in order, with a ledger that survives everything."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook

from chalicelib.pipeline import retry
from chalicelib.store.keys import breaker_key, event_key
from chalicelib.store.packing import from_text, unpack_change
from chalicelib.store.rows import BreakerRow
from chalicelib.vocabulary.delivery import Call, Reply
from chalicelib.vocabulary.errors import Transient, Unknown
from tests.pipeline.world import SECRETS, World, a_configuration, message


def ids(hub: World) -> list[str]:
    return [json.loads(call.body)["id"] for call in hub.calls]


def answers(*statuses: int, headers: dict[str, str] | None = None):
    """Each status once, then 204."""
    left = list(statuses)
    return lambda call: Reply(status=left.pop(0) if left else 204, headers=headers or {})


@pytest.mark.promise("In the order we acknowledged")
def test_events_arrive_in_order_and_once(hub: World) -> None:
    events = [message(n) for n in range(5)]
    for event in events:
        hub.absorb(event)
    hub.run()
    assert ids(hub) == [e.reference for e in events]
    assert [hub.ledger(e).state for e in events] == ["done"] * 5
    for event in events:
        assert hub.absorb(event) == []
    hub.run()
    assert len(hub.calls) == 5


def test_a_message_that_comes_twice_is_delivered_once(hub: World) -> None:
    hub.absorb(message(1), message(2))
    again = hub.queues["crm"][0]
    hub.run()
    hub.queues["crm"].append(again)
    hub.run()
    assert len(hub.calls) == 2


@pytest.mark.promise("In the order we acknowledged")
@pytest.mark.parametrize("status", [408, 425, 500, 502, 503, 504])
def test_a_failure_waits_by_the_schedule_and_followers_wait_behind_it(hub: World, status: int) -> None:
    hub.crm = answers(*[status] * 3)
    first, second = message(1), message(2)
    hub.absorb(first)
    hub.absorb(second)
    hub.run()
    assert hub.untried(second)
    assert (hub.ledger(first).state, hub.ledger(first).attempts) == ("waiting", 1)
    waited = hub.last_wait()
    assert waited == pytest.approx(retry.SCHEDULE[1], abs=1)
    hub.later(seconds=waited - 1)
    hub.run()
    assert len(hub.calls) == 1, "too early"
    for _ in range(3):
        hub.later(seconds=hub.last_wait() + 1)
        hub.run()
    assert hub.ledger(first).state == "done"
    assert hub.ledger(second).state == "done"
    assert ids(hub) == [first.reference] * 4 + [second.reference]
    assert len({call.headers["Webhook-Id"] for call in hub.calls[:4]}) == 1
    assert len({call.body for call in hub.calls[:4]}) == 1


def test_being_throttled_honours_the_time_and_costs_no_attempt(hub: World) -> None:
    hub.crm = answers(429, headers={"retry-after": "120"})
    hub.absorb(message(1))
    hub.run()
    ledger = hub.ledger(message(1))
    assert ledger.attempts == 0
    assert ledger.next_at is not None
    assert 120 <= (ledger.next_at - hub.now).total_seconds() <= 133
    assert hub.table.get(BreakerRow, breaker_key("crm")) is None


@pytest.mark.promise("Nothing vanishes")
def test_a_refusal_is_parked_with_its_reason_and_the_next_goes_on(hub: World) -> None:
    hub.crm = answers(422)
    hub.absorb(message(1))
    hub.absorb(message(2))
    hub.run()
    assert hub.ledger(message(1)).state == "parked"
    assert hub.ledger(message(1)).reason
    assert hub.ledger(message(2)).state == "done"
    assert hub.counts["parked"] == 1


@pytest.mark.promise("Nothing vanishes")
def test_the_horizon_ends_in_parking(hub: World) -> None:
    hub.crm = lambda call: Reply(status=500)
    hub.absorb(message(1))
    hub.run()
    deadline = hub.now + retry.HORIZON
    tries = 0
    while hub.ledger(message(1)).state == "waiting":
        hub.later(seconds=hub.last_wait() + 0.01)
        hub.run()
        tries += 1
        assert tries < 40
    assert hub.ledger(message(1)).state == "parked"
    assert deadline < hub.now < deadline + timedelta(hours=11)
    assert all((wait or 0) <= 11 * 3600 for _, wait in hub.waits)


@pytest.mark.parametrize("status", [401, 408, 425, 429, 500, 503])
def test_whatever_the_target_says_there_is_a_last_attempt(hub: World, status: int) -> None:
    hub.crm = lambda call: Reply(status=status)
    hub.absorb(message(1))
    hub.run()
    for _ in range(12):
        hub.later(hours=8)
        hub.run()
    assert hub.ledger(message(1)).state == "parked"


HELD = SECRETS["crm"]["signing_secret"][0]
FRESH = "whsec_dGhlIHNlY3JldCB0aGF0IGNhbWUgYWZ0ZXIgaXQh"


def signed_with(secret: str, call: Call) -> bool:
    """Whether the library that receivers use finds that secret's signature."""
    sent_at = datetime.fromtimestamp(int(call.headers["Webhook-Timestamp"]), UTC)
    signature = Webhook(secret).sign(call.headers["Webhook-Id"], sent_at, call.body.decode())
    return signature in call.headers["Webhook-Signature"].split()


def secrets_of(hub: World) -> list[str]:
    """Which secret each call was signed with."""
    return [secret for call in hub.calls for secret in (HELD, FRESH) if signed_with(secret, call)]


def test_401_takes_a_fresh_credential(hub: World) -> None:
    hub.rotated = {"crm": {"signing_secret": (FRESH,)}}
    hub.crm = lambda call: Reply(status=204 if signed_with(FRESH, call) else 401)
    hub.absorb(message(1))
    hub.run()
    assert secrets_of(hub) == [HELD, FRESH]
    assert hub.ledger(message(1)).state == "done"
    assert hub.waits == []


def test_401_takes_a_fresh_credential_once(hub: World) -> None:
    hub.rotated = {"crm": {"signing_secret": (FRESH,)}}
    hub.crm = lambda call: Reply(status=401)
    hub.absorb(message(1))
    hub.run()
    assert secrets_of(hub) == [HELD, FRESH]
    ledger = hub.ledger(message(1))
    assert (ledger.state, ledger.reason, ledger.attempts) == ("waiting", "unauthorised", 0)


def test_401_to_a_credential_that_is_still_the_same_is_not_tried_again_at_once(hub: World) -> None:
    hub.crm = lambda call: Reply(status=401)
    hub.absorb(message(1))
    hub.run()
    assert secrets_of(hub) == [HELD]
    ledger = hub.ledger(message(1))
    assert (ledger.state, ledger.reason, ledger.attempts) == ("waiting", "unauthorised", 0)


def test_the_outage_of_one_target_delays_no_other(hub: World) -> None:
    configuration = a_configuration()

    other = replace(configuration.targets[0], name="other", url="https://other.example.org/in")
    hub.configuration = a_configuration(targets=(*configuration.targets, other))
    hub.crm = lambda call: Reply(status=204 if "other" in call.url else 503)
    for n in range(3):
        hub.absorb(message(n))
    hub.run()
    assert [hub.ledger(message(n), "other").state for n in range(3)] == ["done"] * 3
    assert hub.ledger(message(0), "crm").state == "waiting"


def test_the_breaker_opens_on_many_customers_and_closes_on_a_probe(hub: World) -> None:
    def down(call):
        raise Transient("no_connection")

    hub.crm = down
    for n in range(4):
        hub.absorb(message(n, sender=f"98912000000{n}"))
    hub.run()
    assert ("crm", False) in hub.switched
    assert hub.breaker_state() == "open"
    calls = len(hub.calls)
    hub.later(seconds=31)
    hub.run()
    assert len(hub.calls) == calls, "nothing is sent while it is open"
    hub.tick()
    assert hub.breaker_state() == "open"
    hub.crm = answers()
    hub.later(minutes=11)
    hub.tick()
    assert hub.switched[-1] == ("crm", True)
    hub.run()
    assert [hub.ledger(message(n)).state for n in range(4)] == ["done"] * 4
    assert hub.counts["breaker_open"] == 1
    assert hub.counts["breaker_closed"] == 1


def test_one_poisonous_event_does_not_cut_the_target_off(hub: World) -> None:
    hub.crm = lambda call: Reply(status=500)
    hub.absorb(message(1))
    for _ in range(6):
        hub.run()
        hub.later(hours=11)
    assert hub.switched == []


class Killed(BaseException):
    """The worker dies here."""


@pytest.mark.parametrize("at", range(4))
@pytest.mark.parametrize("after", [False, True])
def test_a_death_at_any_table_write_is_harmless(hub: World, at: int, after: bool) -> None:
    """The receiver keeps one record per webhook-id, as its contract says."""
    hub.absorb(message(1))
    hub.absorb(message(2))
    real, writes = hub.table.put, []

    def put(row, condition=None):
        writes.append(row)
        dies = len(writes) == at + 1
        if dies and not after:
            raise Killed
        done = real(row, condition)
        if dies:
            raise Killed
        return done

    hub.table.put = put  # type: ignore[method-assign]
    kept = list(hub.queues["crm"])
    with pytest.raises(Killed):
        hub.run()
    hub.table.put = real  # type: ignore[method-assign]
    hub.queues["crm"].clear()
    hub.queues["crm"].extend(kept)
    for _ in range(3):
        hub.later(minutes=6)
        hub.run()
    assert [hub.ledger(message(n)).state for n in (1, 2)] == ["done", "done"]
    assert list(dict.fromkeys(ids(hub))) == [message(1).reference, message(2).reference]


def test_no_answer_is_looked_at_again_not_before_it_settled(hub: World) -> None:
    left = [True]

    def silent(call):
        if left:
            left.pop()
            raise Unknown("no_answer")
        return Reply(status=200)

    hub.crm = silent
    hub.absorb(message(1))
    hub.run()
    assert hub.ledger(message(1)).doubtful
    hub.later(seconds=hub.last_wait())
    hub.run()
    assert hub.ledger(message(1)).state == "done"


def test_a_worker_short_of_time_leaves_the_rest(hub: World) -> None:
    hub.absorb(message(1))

    change = unpack_change(from_text(hub.queues["crm"][0].body))
    with pytest.raises(Transient, match="out_of_time"):
        hub.deliver(change, lambda: 3.0)
    assert hub.untried(message(1))


def test_an_erased_event_is_dropped(hub: World) -> None:
    [absorbed] = hub.absorb(message(1))
    hub.delete(event_key(absorbed.event.key))
    hub.run()
    assert hub.calls == []
