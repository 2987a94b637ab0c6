"""Whose fault a failure is, where that is not plain: flapping targets, senseless answers, nobody asked."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.crms import CRMS
from chalicelib.crms.base import Crm
from chalicelib.store.keys import breaker_key
from chalicelib.store.rows import BreakerRow
from chalicelib.vocabulary.delivery import Circuit, Reply
from chalicelib.vocabulary.errors import Permanent, Throttled, Transient, Unknown
from chalicelib.vocabulary.event import Event
from tests.pipeline.world import SECRETS, World, a_configuration, message


def customers(many: int, first: int = 0) -> list[Event]:
    return [message(n, sender=f"98912000{n:04d}") for n in range(first, first + many)]


def breaker(hub: World) -> BreakerRow:
    row = hub.table.get(BreakerRow, breaker_key("crm"))
    assert row is not None
    return row


def absorbed(hub: World, events: list[Event]) -> None:
    for event in events:
        hub.absorb(event)


def alone(hub: World, event: Event) -> None:
    """One more event, whose message is the only one that is received in this moment."""
    waiting = list(hub.queues["crm"])
    hub.queues["crm"].clear()
    hub.absorb(event)
    hub.run()
    hub.queues["crm"].extendleft(reversed(waiting))


def parked(hub: World, events: list[Event]) -> list[Event]:
    return [e for e in events if not hub.untried(e) and hub.ledger(e).state == "parked"]


@pytest.mark.promise("In the order we acknowledged")
@pytest.mark.parametrize("served", [1, 5])
def test_an_endpoint_that_serves_for_a_moment_between_two_outages_is_still_to_blame(hub, served):
    held = customers(12)
    hub.crm = lambda call: Reply(status=404)
    absorbed(hub, held)
    hub.run()
    assert hub.breaker_state() == Circuit.OPEN
    hub.later(minutes=1)
    hub.tick()
    hub.crm = lambda call: Reply(status=204)
    for event in customers(served, first=100):
        alone(hub, event)
    assert hub.breaker_state() == Circuit.CLOSED
    hub.crm = lambda call: Reply(status=404)
    for _ in range(10):
        hub.later(minutes=1)
        hub.run()
    assert hub.breaker_state() == Circuit.OPEN
    # The first cannot be told from an event whose own fault it is.
    assert len(parked(hub, held)) <= 1


def test_a_refusal_before_others_were_served_is_not_added_to_those_after_it(hub):
    event, other = customers(2)
    hub.crm = lambda call: Reply(status=404)
    hub.absorb(event)
    for _ in range(3):
        hub.run()
        hub.later(minutes=6)
    assert hub.ledger(event).refusals == 3
    hub.crm = lambda call: Reply(status=204)
    alone(hub, other)
    hub.crm = lambda call: Reply(status=404)
    alone(hub, message("another", sender=other.customer))
    hub.run()
    assert (hub.ledger(event).state, hub.ledger(event).refusals) == ("waiting", 1)


@pytest.mark.parametrize("body", [b"<html>Back in an hour</html>", b'{"maintenance": true}'])
def test_a_page_that_says_200_to_everything_is_a_target_that_is_down(hub, monkeypatch, body):
    monkeypatch.setitem(SECRETS, "crm", {"application_key": ("key",)})
    [target] = a_configuration().targets
    hub.configuration = a_configuration(targets=(replace(target, connector="tryton"),))
    hub.crm = lambda call: Reply(status=200, body=body)
    events = customers(12)
    absorbed(hub, events)
    hub.run()
    assert hub.breaker_state() == Circuit.OPEN
    assert len(hub.calls) == 5
    for _ in range(30):
        hub.later(minutes=1)
        hub.tick()
        hub.run()
    assert hub.counts["breaker_open"] >= 1
    assert hub.breaker_state() != Circuit.CLOSED, "an answer to the probe proves little"
    assert len(hub.calls) < 30
    assert parked(hub, events) == []


def quiet(raises: Exception | None) -> Crm:
    """A connector that asks the target nothing: every step was done before, or our own side is at fault."""

    def steps(delivery, target, credentials, now):
        if raises:
            raise raises
        yield from ()

    return replace(CRMS["receiver"], deliver=steps)


@pytest.mark.parametrize("raises", [None, Permanent("bad_owner")])
@pytest.mark.parametrize("state", [Circuit.CLOSED, Circuit.TRIAL])
def test_who_was_not_asked_has_not_served(hub, monkeypatch, raises, state):
    hub.crm = lambda call: Reply(status=404)
    absorbed(hub, customers(3 if state is Circuit.CLOSED else 6))
    hub.run()
    if state is Circuit.TRIAL:
        hub.crm = lambda call: Reply(status=204)
        hub.later(minutes=1)
        hub.tick()
    before = breaker(hub)
    assert before.state == state
    monkeypatch.setitem(CRMS, "receiver", quiet(raises))
    [event] = customers(1, first=100)
    alone(hub, event)
    assert hub.ledger(event).state in ("done", "parked")
    after = breaker(hub)
    assert (after.state, after.failures, after.streak) == (before.state, before.failures, before.streak)


@pytest.mark.parametrize(
    ("error", "failures"),
    [
        (Unknown("unreadable_answer"), 1),
        (Unknown("duplicate"), 0),
        (Throttled("throttled"), 0),
        (Transient("http_408"), 0),
    ],
)
def test_what_an_answer_says_of_the_target(hub, monkeypatch, error, failures):
    def read(reply: Reply) -> str:
        raise error

    def steps(delivery, target, credentials, now):
        step = next(CRMS_RECEIVER.deliver(delivery, target, credentials, now))
        yield replace(step, written=read)

    monkeypatch.setitem(CRMS, "receiver", replace(CRMS_RECEIVER, deliver=steps))
    hub.absorb(message(1))
    hub.run()
    row = hub.table.get(BreakerRow, breaker_key("crm"))
    assert (int(row.failures) if row else 0) == failures


CRMS_RECEIVER = CRMS["receiver"]


def test_a_worker_that_read_the_breaker_earlier_does_not_unsay_a_refusal(hub):
    stale = hub.breaker.failed("crm", None, group="a", reason="http_500")
    early = BreakerRow(*breaker_key("crm"), failures=1, groups="a")
    hub.breaker.failed("crm", stale, group="b", reason="http_404", refused=True)
    hub.breaker.failed("crm", early, group="a", reason="http_500")
    assert breaker(hub).refused == "http_404"


@pytest.mark.promise("Nothing vanishes")
@pytest.mark.parametrize("status", [503, 404])
def test_what_a_target_is_owed_that_left_while_it_was_cut_off_is_parked(hub, status):
    hub.crm = lambda call: Reply(status=status)
    events = customers(12)
    absorbed(hub, events)
    hub.run()
    assert hub.switched[-1] == ("crm", False)
    hub.configuration = a_configuration(targets=())
    hub.later(minutes=1)
    calls = len(hub.calls)
    hub.tick()
    assert hub.switched[-1] == ("crm", True), "nothing would ever receive its messages"
    hub.drain("crm")
    assert parked(hub, events) == events
    switched = list(hub.switched)
    hub.later(minutes=1)
    hub.tick()
    assert (hub.switched, len(hub.calls)) == (switched, calls)
