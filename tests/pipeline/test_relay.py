"""One stream for all targets: whatever one queue does, the others get what they are owed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from chalicelib.aws.queues import SendBatch
from chalicelib.pipeline.relay import LONGEST_PATIENCE, PATIENCE, Relay
from chalicelib.store.packing import from_text, unpack_change
from chalicelib.vocabulary.errors import HubError, Misconfigured, Transient
from chalicelib.vocabulary.messages import Change, Intake
from tests.pipeline.world import World, a_configuration, message

GONE = Misconfigured("aws_refused", "QueueDoesNotExist")
BARRED = Misconfigured("aws_refused", "AccessDenied")
BUSY = Transient("aws_busy", "RequestThrottled")


@dataclass
class Queues:
    """The queues `a`, `b` and `c`; `refuse` says what a call to one of them raises or which entries fail."""

    hub: World
    refuse: dict[str, Exception | Callable[[Sequence[Any]], list[int]]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)

    def put(self, url: str, entries: Sequence[dict[str, Any]]) -> list[int]:
        self.calls.append(url)
        refusal = self.refuse.get(url)
        if isinstance(refusal, Exception):
            raise refusal
        failed = refusal(entries) if refusal else []
        self.hub.put(url, [entry for place, entry in enumerate(entries) if place not in failed])
        return failed

    def given(self, target: str) -> list[str]:
        """The events that a target was sent, each once."""
        sent = [unpack_change(from_text(one.body)) for one in self.hub.queues[target]]
        return list(dict.fromkeys(key for change in sent for key in change.events))


@pytest.fixture
def queues(hub: World) -> Queues:
    stage = a_configuration()
    hub.configuration = replace(stage, targets=tuple(replace(stage.targets[0], name=n) for n in "abc"))
    return Queues(hub)


def relay_of(hub: World, put: SendBatch) -> Relay:
    return replace(hub.relay, put=put)


def committed(hub: World, *numbers: int) -> list[Change]:
    """One event of one customer each, committed, and what it owes to whom."""
    changes = []
    for number in numbers:
        event = message(number, sender=f"98912000{number:04d}")
        [done] = hub.process(Intake(customer=event.customer, events=(event,)))
        changes += [Change(target=t, profile=done.profile, seq=1, events=(event.key,)) for t in done.targets]
    return changes


def keys(*numbers: int) -> list[str]:
    return [message(number).key for number in numbers]


@pytest.mark.promise("Nothing vanishes")
@pytest.mark.parametrize("error", [GONE, BARRED], ids=["gone", "barred"])
@pytest.mark.parametrize("broken", ["a", "b", "c"])
def test_a_queue_that_is_gone_holds_back_nobody_and_what_it_was_owed_is_parked(
    queues: Queues, broken: str, error: HubError
) -> None:
    relay = relay_of(queues.hub, queues.put)
    queues.refuse[broken] = error
    for batch in ((1, 2), (3,), (4, 5)):
        relay(committed(queues.hub, *batch))
    for target in {"a", "b", "c"} - {broken}:
        assert queues.given(target) == keys(1, 2, 3, 4, 5)
    for number in range(1, 6):
        ledger = queues.hub.ledger(message(number), broken)
        assert (ledger.state, ledger.reason, ledger.detail) == ("parked", error.reason, error.detail)
    assert queues.hub.counts["no_queue"] == queues.hub.counts["parked"] == 5


def test_a_target_that_this_deployment_does_not_know_is_parked_too(queues: Queues) -> None:
    relay = relay_of(queues.hub, queues.put)
    relay = replace(relay, queues={name: url for name, url in relay.queues.items() if name != "b"})
    assert relay(committed(queues.hub, 1)) == 2
    assert queues.given("a") == queues.given("c") == keys(1)
    assert queues.hub.ledger(message(1), "b").reason == "no_queue"


@pytest.mark.parametrize("broken", ["a", "b", "c"])
def test_a_busy_queue_has_the_batch_repeated_after_every_target_was_tried(
    queues: Queues, broken: str
) -> None:
    relay, changes = relay_of(queues.hub, queues.put), committed(queues.hub, 1, 2)
    queues.refuse[broken] = BUSY
    for _ in range(3):
        with pytest.raises(Transient, match="RequestThrottled"):
            relay(changes)
    for target in {"a", "b", "c"} - {broken}:
        assert queues.given(target) == keys(1, 2)
    assert queues.hub.untried(message(1), broken)
    del queues.refuse[broken]
    assert relay(changes) == 6
    assert queues.given(broken) == keys(1, 2)


def test_what_a_busy_queue_raises_comes_after_what_another_was_owed_is_parked(queues: Queues) -> None:
    relay = relay_of(queues.hub, queues.put)
    queues.refuse = {"a": BUSY, "b": GONE}
    with pytest.raises(Transient, match="RequestThrottled"):
        relay(committed(queues.hub, 1))
    assert queues.hub.ledger(message(1), "b").state == "parked"


def test_whoever_was_given_up_is_called_after_all_others(queues: Queues) -> None:
    relay = relay_of(queues.hub, queues.put)
    queues.refuse["a"] = GONE
    relay(committed(queues.hub, 1))
    queues.calls.clear()
    relay(committed(queues.hub, 2))
    assert list(dict.fromkeys(queues.calls))[-1] == "a", "a call that hangs takes the time of those behind it"


def test_messages_refused_singly_hold_back_no_other_target(queues: Queues) -> None:
    relay, changes = relay_of(queues.hub, queues.put), committed(queues.hub, 1, 2, 3)
    queues.refuse["a"] = lambda _: [0]
    with pytest.raises(Transient, match="queue_unavailable"):
        relay(changes)
    assert queues.given("a") == keys(2, 3)
    assert queues.given("b") == queues.given("c") == keys(1, 2, 3)


def test_a_bug_at_one_queue_is_raised_after_the_others_were_served(queues: Queues) -> None:
    queues.refuse["a"] = ValueError("no")
    with pytest.raises(ValueError, match="no"):
        relay_of(queues.hub, queues.put)(committed(queues.hub, 1))
    assert queues.given("b") == queues.given("c") == keys(1)


@pytest.mark.promise("Nothing vanishes")
def test_a_queue_that_stays_busy_alone_is_not_waited_for_for_ever(queues: Queues) -> None:
    relay, first = relay_of(queues.hub, queues.put), committed(queues.hub, 1)
    queues.refuse["b"] = BUSY
    with pytest.raises(Transient):
        relay(first, age=PATIENCE - 1)
    relay(first, age=PATIENCE)
    assert queues.hub.ledger(message(1), "b").state == "parked"
    relay(committed(queues.hub, 2), age=1)
    assert queues.given("a") == queues.given("c") == keys(1, 2)
    assert queues.hub.ledger(message(2), "b").state == "parked"
    del queues.refuse["b"]
    relay(committed(queues.hub, 3), age=1)
    assert queues.given("b") == keys(3)
    queues.refuse["b"] = BUSY
    with pytest.raises(Transient):
        relay(committed(queues.hub, 4), age=1)


def test_while_all_queues_are_busy_nothing_is_parked_before_the_stream_would_forget(queues: Queues) -> None:
    relay, changes = relay_of(queues.hub, queues.put), committed(queues.hub, 1)
    queues.refuse = dict.fromkeys("abc", BUSY)
    with pytest.raises(Transient):
        relay(changes, age=LONGEST_PATIENCE - 1)
    assert queues.hub.untried(message(1), "a")
    relay(changes, age=LONGEST_PATIENCE)
    assert {queues.hub.ledger(message(1), target).state for target in "abc"} == {"parked"}
    assert LONGEST_PATIENCE < 24 * 3600


def test_a_queue_that_refuses_is_not_called_for_each_of_its_messages(queues: Queues) -> None:
    queues.refuse["a"] = BUSY
    relay = relay_of(queues.hub, queues.put)
    changes = committed(queues.hub, *range(1, 26))
    with pytest.raises(Transient):
        relay(changes)
    assert queues.calls.count("a") == 3
    assert len(queues.given("c")) == 25


def test_what_is_parked_again_by_a_repeated_batch_is_parked_once(queues: Queues) -> None:
    relay, changes = relay_of(queues.hub, queues.put), committed(queues.hub, 1)
    queues.refuse = {"a": GONE, "b": BUSY}
    for _ in range(2):
        with pytest.raises(Transient):
            relay(changes)
    assert queues.hub.ledger(message(1), "a").version == 1
    assert queues.hub.counts["parked"] == 1


def test_what_cannot_be_parked_now_has_the_batch_repeated(queues: Queues) -> None:
    def busy(change: Change, reason: HubError) -> int:
        raise Transient("table_busy")

    queues.refuse["a"] = GONE
    relay = replace(relay_of(queues.hub, queues.put), park=busy)
    with pytest.raises(Transient, match="table_busy"):
        relay(committed(queues.hub, 1))
    assert queues.given("c") == keys(1)


def test_what_is_settled_is_not_parked(queues: Queues) -> None:
    changes = committed(queues.hub, 1)
    relay_of(queues.hub, queues.put)(changes)
    queues.hub.drain("a")
    queues.refuse["a"] = GONE
    relay_of(queues.hub, queues.put)(changes)
    assert queues.hub.ledger(message(1), "a").state == "done"


def test_nothing_is_parked_of_somebody_who_was_erased(queues: Queues) -> None:
    [change, *_] = committed(queues.hub, 1)
    queues.hub.delete((f"E#{change.events[0]}", "EVENT"))
    queues.refuse[change.target] = GONE
    relay_of(queues.hub, queues.put)([change])
    assert queues.hub.untried(message(1), change.target)
