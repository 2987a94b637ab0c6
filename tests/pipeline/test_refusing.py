"""An endpoint that refuses everybody: decision 0015."""

from collections.abc import Callable

import pytest

from chalicelib.crms.http.replies import classify
from chalicelib.pipeline import hub_events, retry
from chalicelib.store.keys import breaker_key, event_key
from chalicelib.store.rows import BreakerRow, EventRow
from chalicelib.vocabulary.delivery import Call, Circuit, Reply
from chalicelib.vocabulary.errors import NotServed, Permanent
from chalicelib.vocabulary.event import Event
from tests.pipeline.world import World, message

ENDPOINT = [301, 302, 307, 308, 402, 403, 404, 405, 406, 407, 410, 415, 421, 426, 451, 501]
EVENT = [400, 409, 413, 414, 422, 431]


@pytest.mark.parametrize("status", ENDPOINT)
def test_what_says_nothing_of_the_request_may_be_the_endpoint(status):
    with pytest.raises(NotServed):
        classify(Reply(status=status))


@pytest.mark.parametrize("status", EVENT)
def test_what_judges_the_request_is_the_requests(status):
    with pytest.raises(Permanent) as caught:
        classify(Reply(status=status))
    assert not isinstance(caught.value, NotServed)


def customers(many: int) -> list[Event]:
    return [message(n, sender=f"9891200000{n:02d}") for n in range(many)]


def refuses(status: int, *, only: Event | None = None) -> Callable[[Call], Reply]:
    """Everything is answered so, or only one event, and the rest taken."""

    def answer(call: Call) -> Reply:
        mine = only is None or call.headers.get("Webhook-Id") == only.reference
        return Reply(status=status if mine else 204)

    return answer


def states(hub: World, events: list[Event]) -> set[str]:
    return {"untried" if hub.untried(event) else hub.ledger(event).state for event in events}


def live(hub: World, *, minutes: int) -> None:
    """So many minutes pass, in each of which the clock ticks and the queue is looked at."""
    for _ in range(minutes):
        hub.later(minutes=1)
        hub.tick()
        hub.run()


@pytest.mark.promise("In the order we acknowledged")
@pytest.mark.parametrize("status", [302, 403, 404, 405, 410, 501])
def test_an_endpoint_that_refuses_everything_parks_nothing(hub, status):
    events = customers(12)
    for event in events:
        hub.absorb(event)
        hub.absorb(message(f"{event.id}-later", sender=event.customer.id))
    hub.crm = refuses(status)
    hub.run()
    assert hub.breaker_state() == "open"
    assert hub.counts["breaker_open"] == 1, "somebody is called"
    live(hub, minutes=180)
    assert hub.counts["parked"] == 0
    assert states(hub, events) <= {"waiting", "untried"}
    assert len(hub.calls) < 60, "it is tried more and more seldom"
    hub.crm = refuses(204)
    live(hub, minutes=30)
    assert hub.breaker_state() == "closed"
    assert hub.switched[-1] == ("crm", True)
    assert states(hub, events) == {"done"}
    done = [call.headers["Webhook-Id"] for call in hub.calls if call.method == "POST"][-24:]
    for event in events:
        later = message(f"{event.id}-later", sender=event.customer.id)
        assert done.index(event.reference) < done.index(later.reference)


def test_one_refused_event_among_others_that_are_delivered_is_parked_soon(hub):
    bad, *good = customers(4)
    hub.crm = refuses(404, only=bad)
    for event in (bad, *good):
        hub.absorb(event)
    hub.run()
    assert (hub.ledger(bad).state, hub.ledger(bad).reason) == ("waiting", "http_404")
    hub.later(seconds=hub.last_wait())
    hub.run()
    assert (hub.ledger(bad).state, hub.ledger(bad).reason) == ("parked", "http_404")
    assert states(hub, good) == {"done"}
    assert hub.switched == []


def test_a_delivery_before_the_refusal_proves_nothing(hub):
    first, second = customers(2)
    hub.absorb(first)
    hub.run()
    hub.crm = refuses(404)
    hub.absorb(second)
    hub.run()
    hub.later(seconds=hub.last_wait())
    hub.run()
    assert hub.ledger(second).state == "waiting"


def test_a_hub_with_one_customer_does_not_wait_for_ever(hub):
    hub.crm = refuses(403)
    hub.absorb(message(1))
    hub.absorb(message(2))
    hub.run()
    waited = 0.0
    while hub.ledger(message(1)).state == "waiting":
        waited += hub.last_wait()
        hub.later(seconds=hub.last_wait())
        hub.crm = refuses(403, only=message(1))
        hub.run()
    assert hub.ledger(message(1)).state == "parked"
    assert 240 <= waited <= 900
    assert len(hub.calls) == retry.MOST_REFUSALS + 1
    assert hub.ledger(message(2)).state == "done"


def test_a_refusal_costs_no_attempt_and_no_schedule(hub):
    hub.crm = refuses(404)
    hub.absorb(message(1))
    hub.run()
    assert (hub.ledger(message(1)).attempts, hub.ledger(message(1)).refusals) == (0, 1)
    hub.crm = refuses(500)
    hub.later(seconds=hub.last_wait())
    hub.run()
    assert hub.last_wait() == retry.SCHEDULE[1]


@pytest.mark.parametrize("status", EVENT[:5])
def test_an_events_own_fault_is_parked_at_once(hub, status):
    hub.crm = refuses(status)
    events = customers(12)
    for event in events:
        hub.absorb(event)
    hub.run()
    assert states(hub, events) == {"parked"}
    assert hub.switched == []


def opened(hub: World, events: list[Event], status: int = 404) -> None:
    """Refuse everything until the target is cut off."""
    hub.crm = refuses(status)
    for event in events:
        hub.absorb(event)
    hub.run()
    assert hub.breaker_state() == "open"


def test_a_probe_that_is_answered_lets_deliveries_decide(hub):
    events = customers(6)
    opened(hub, events)
    hub.crm = lambda call: Reply(status=204 if call.method == "HEAD" else 404)
    hub.later(minutes=1)
    hub.tick()
    assert (hub.breaker_state(), hub.switched[-1]) == ("trial", ("crm", True))
    posts = len(hub.calls)
    hub.run()
    assert len(hub.calls) == posts + 1, "the first refusal cuts it off again"
    assert (hub.breaker_state(), hub.switched[-1]) == ("open", ("crm", False))
    assert hub.counts["parked"] == 0
    assert hub.counts["breaker_closed"] == 0


def test_each_trial_that_fails_makes_the_next_one_later(hub):
    opened(hub, customers(12))
    pauses = []
    for _ in range(6):
        hub.later(minutes=30)
        hub.tick()
        hub.run()
        row = hub.table.get(BreakerRow, breaker_key("crm"))
        assert row is not None
        pauses.append(row.next_probe - hub.now.timestamp())
    assert pauses == [30, 60, 120, 240, 480, 600]


def test_two_customers_whose_events_are_to_blame_do_not_keep_the_others_away(hub):
    events = customers(2)
    hub.crm = refuses(404)
    for event in events:
        hub.absorb(event)
    for _ in range(4):
        hub.run()
        hub.later(seconds=40)
    assert hub.breaker_state() == "open"
    other = message(99, sender="989120000099")
    hub.crm = lambda call: Reply(
        status=404 if call.headers.get("Webhook-Id") in {e.reference for e in events} else 204
    )
    hub.absorb(other)
    live(hub, minutes=15)
    assert hub.ledger(other).state == "done"
    live(hub, minutes=30)
    assert states(hub, events) == {"parked"}
    assert hub.breaker_state() == "closed"


def test_it_is_told_once_that_it_was_cut_off_and_once_that_it_is_well(hub):
    opened(hub, customers(12))
    live(hub, minutes=90)
    hub.crm = refuses(204)
    live(hub, minutes=30)
    row = hub.table.get(BreakerRow, breaker_key("crm"))
    assert row is not None
    for state in Circuit:
        notice = hub_events.breaker("crm", state, since=int(row.since), now=hub.now)
        heard = hub.table.get(EventRow, event_key(notice.key)) is not None
        assert heard is (state is not Circuit.TRIAL)
    assert hub.counts["breaker_closed"] == 1


def test_what_waits_at_an_endpoint_that_refuses_is_parked_at_the_horizon(hub):
    events = customers(6)
    opened(hub, events)
    hub.later(hours=81)
    for _ in range(12):
        live(hub, minutes=30)
    assert states(hub, events) == {"parked"}


def test_a_success_lets_nobody_in_who_is_cut_off_meanwhile(hub):
    for number, sender in enumerate(["989120000001", "989120000002"] * 3):
        row = hub.table.get(BreakerRow, breaker_key("crm"))
        row = hub.breaker.failed("crm", row, group=sender, reason=f"http_50{number}")
    assert not hub.breaker.succeeded("crm", row)
    kept = hub.table.get(BreakerRow, breaker_key("crm"))
    assert kept is not None
    assert kept.state == Circuit.OPEN
    assert hub.switched[-1] == ("crm", False)
