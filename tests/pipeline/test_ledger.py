"""A delivery's ledger, written by one worker at a time and not before what is in doubt has settled."""

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.pipeline.delivery_ledger import Books
from chalicelib.pipeline.parking import park
from chalicelib.store.packing import from_text, unpack_change
from chalicelib.vocabulary.delivery import ANY_STEP, Ledger, State
from chalicelib.vocabulary.errors import Misconfigured, Transient, Unknown
from chalicelib.vocabulary.messages import Change
from tests.pipeline.world import World, message

SETTLE = 5.0


def books(hub: World) -> Books:
    absorbed = hub.stored(message(1))
    return Books(table=hub.table, absorbed=absorbed, target="crm", now=lambda: hub.now)


def begun(hub: World, earlier: Ledger | None) -> Books:
    kept = books(hub)
    kept.begin(earlier, settle=SETTLE)
    return kept


@pytest.fixture
def waiting(hub: World) -> Ledger:
    """The ledger of a delivery that failed once."""
    hub.absorb(message(1))
    begun(hub, None).wait(Unknown("http_500"), attempts=1, until=hub.now + timedelta(seconds=30))
    return hub.ledger(message(1))


def lost_race(hub: World, earlier: Ledger | None) -> None:
    first = begun(hub, earlier)
    with pytest.raises(Transient, match="in_other_hands"):
        begun(hub, earlier)
    assert hub.ledger(message(1)) == first.ledger


@pytest.mark.promise("Once")
def test_of_two_workers_who_begin_a_delivery_one_has_it(hub: World) -> None:
    hub.absorb(message(1))
    lost_race(hub, None)


@pytest.mark.promise("Once")
def test_of_two_workers_who_take_up_a_delivery_one_has_it(hub: World, waiting: Ledger) -> None:
    hub.later(seconds=31)
    lost_race(hub, waiting)


@pytest.mark.promise("Once")
@pytest.mark.parametrize("write", ["flush", "done", "park", "wait"])
def test_whoever_was_overtaken_writes_nothing_more(hub: World, waiting: Ledger, write: str) -> None:
    hub.later(seconds=31)
    slow = begun(hub, waiting)
    hub.later(seconds=200)
    fast = begun(hub, hub.ledger(message(1)))
    slow.finished("note", "7")
    error = Unknown("http_500")
    writes = {
        "flush": slow.flush,
        "done": slow.done,
        "park": lambda: slow.park(error),
        "wait": lambda: slow.wait(error, attempts=2, until=hub.now),
    }
    with pytest.raises(Transient, match="in_other_hands"):
        writes[write]()
    assert hub.ledger(message(1)) == fast.ledger


@pytest.mark.promise("Once")
@pytest.mark.parametrize(
    ("doubtful", "after", "wait"),
    [("", 0.0, 0.0), ("note", 0.0, SETTLE), ("*", SETTLE - 1, 1.0), ("note", SETTLE, 0.0)],
)
def test_who_sends_again_by_hand_what_is_in_doubt_waits_until_it_settled(
    hub: World, waiting: Ledger, doubtful: str, after: float, wait: float
) -> None:
    redriven = replace(waiting, state=State.WAITING, doubtful=doubtful, next_at=None)
    hub.later(seconds=after)
    if not wait:
        assert begun(hub, redriven).ledger.doubtful == doubtful
        return
    with pytest.raises(Transient, match="not_yet") as raised:
        begun(hub, redriven)
    assert raised.value.retry_after == wait


def change_of(hub: World) -> Change:
    return unpack_change(from_text(hub.queues["crm"][0].body))


@pytest.mark.promise("Once")
@pytest.mark.parametrize(("heard", "doubtful"), [(False, ANY_STEP), (True, "")])
def test_what_is_parked_while_an_attempt_is_under_way_is_in_doubt(
    hub: World, waiting: Ledger, heard: bool, doubtful: str
) -> None:
    hub.later(seconds=31)
    attempt = begun(hub, waiting)
    if heard:
        attempt.wait(Unknown("http_500"), attempts=2, until=hub.now)
    assert park(hub.table, change_of(hub), Misconfigured("no_queue"), hub.now) == [message(1).key]
    assert hub.ledger(message(1)).doubtful == doubtful


def test_a_message_that_is_twice_in_a_batch_waits_for_nobody(hub: World) -> None:
    hub.absorb(message(1))
    deliver, change = hub.deliver, change_of(hub)
    ahead = deliver.ahead([change])
    assert deliver(change, lambda: 60.0, ahead) == [(message(1).key, "done")]
    assert deliver(change, lambda: 60.0, ahead) == []
    assert len(hub.calls) == 1


@pytest.mark.promise("Once")
def test_a_customer_who_may_have_been_created_is_looked_up_first(hub: World, waiting: Ledger) -> None:
    hub.later(seconds=31)
    attempt = begun(hub, waiting)
    for doubted in (False, True):
        attempt.creating("p1", "contact")
        assert attempt.doubted("contact") is doubted
