"""A call whose outcome nobody heard: what it may have written is looked for once it must be there.

The Tryton is the simulator's; what it does late it does when the test's time has come to that.
"""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.handlers import deliver as handler
from chalicelib.pipeline import retry
from chalicelib.store.keys import breaker_key
from chalicelib.store.packing import from_text, unpack_change
from chalicelib.store.rows import BreakerRow, LedgerRow
from chalicelib.vocabulary.delivery import Call, Reply
from chalicelib.vocabulary.errors import Transient, Unknown
from chalicelib.vocabulary.event import ContactKey
from infra.names import chalice_config
from tests.pipeline.world import SECRETS, World, a_configuration, message
from tests.simulation.tryton import Tryton


class Crm:
    """A Tryton that may finish late. late: seconds after its call until the next note is there."""

    def __init__(self, hub: World) -> None:
        self.hub = hub
        self.erp = Tryton(keys={"key"}, now=lambda: 0.0)
        self.late: list[float] = []
        self.pending: list[tuple[float, Call]] = []

    def answer(self, call: Call) -> Reply:
        self._catch_up()
        if call.method == "POST" and "ir.note" in call.url and self.late:
            self.pending.append((self.hub.now.timestamp() + self.late.pop(), call))
            self.hub.later(seconds=10)  # as long as a call may take
            raise Unknown("no_answer")
        return self.erp.answer(call)

    def _catch_up(self) -> None:
        now = self.hub.now.timestamp()
        for due in [each for each in self.pending if each[0] <= now]:
            self.pending.remove(due)
            self.erp.answer(due[1])

    @property
    def notes(self) -> int:
        self.hub.later(minutes=10)
        self._catch_up()
        return len(self.erp.tables["ir.note"])


@pytest.fixture
def crm(hub: World, monkeypatch: pytest.MonkeyPatch) -> Crm:
    """A world whose one target is a Tryton."""
    monkeypatch.setitem(SECRETS, "crm", {"application_key": ("key",)})
    [target] = a_configuration().targets
    hub.configuration = a_configuration(targets=(replace(target, connector="tryton"),))
    answering = Crm(hub)
    hub.crm = answering.answer
    return answering


def until_settled(hub: World) -> list[float]:
    """Run until the delivery is over, each time when it asked to; the waits it asked for."""
    waits = []
    while (ledger := hub.ledger(message(1))).state not in ("done", "parked"):
        seconds = hub.last_wait()
        waits.append(seconds)
        hub.later(seconds=seconds)
        hub.run()
        assert len(waits) < 50, ledger
    return waits


def refuse_once(hub: World, state: str) -> None:
    """The table is busy when a ledger is to say that for the first time."""
    real, left = hub.table.put, [True]

    def put(row, condition=None):
        if left and isinstance(row, LedgerRow) and row.state == state:
            left.pop()
            raise Transient("table_busy")
        return real(row, condition)

    hub.table.put = put  # type: ignore[method-assign]


@pytest.mark.promise("Once")
@pytest.mark.parametrize("late", [10.5, 14, 40])
def test_what_lands_long_after_its_answer_was_lost_is_written_once(hub, crm, late):
    crm.late = [late]
    hub.absorb(message(1))
    hub.run()
    waits = until_settled(hub)
    assert crm.notes == 1
    assert sum(waits) <= 120, "one bad answer holds a customer for a minute or two, not longer"


@pytest.mark.promise("Once")
@pytest.mark.parametrize("late", [14, 40, 69])
def test_a_lost_answer_and_a_refused_ledger_write_make_one_note(hub, crm, late):
    crm.late = [late]
    refuse_once(hub, "waiting")
    hub.absorb(message(1))
    hub.run()
    assert hub.waits[-1][0] == "table_busy"
    waits = until_settled(hub)
    assert crm.notes == 1
    assert sum(waits) <= 180


@pytest.mark.promise("Once")
def test_a_message_that_comes_back_earlier_than_it_asked_is_not_looked_at(hub, crm):
    crm.late = [40]
    refuse_once(hub, "waiting")
    hub.absorb(message(1))
    hub.run()
    for _ in range(20):
        hub.later(seconds=2)
        hub.run()
    until_settled(hub)
    assert crm.notes == 1


def test_when_the_ledger_cannot_be_written_the_queue_is_not_asked_every_two_seconds(hub, crm, monkeypatch):
    crm.late = [14]
    refuse_once(hub, "waiting")
    hub.absorb(message(1))
    hub.run()
    monkeypatch.setattr(handler, "workers", lambda: pytest.fail("its own time is what counts"))
    _, seconds = hub.waits[-1]
    assert handler._wait(seconds, 1) > 60


def test_the_wait_for_a_lost_answer_grows_with_the_attempts(hub, crm):
    crm.late = [9e9] * 5
    hub.absorb(message(1))
    hub.run()
    waits = until_settled(hub)
    assert waits[:3] == [60, 120, retry.SCHEDULE[3]]
    assert all(wait >= 60 for wait in waits)


@pytest.mark.parametrize(
    ("own", "attempts", "seconds"),
    [(5, 1, 60), (5, 2, 120), (5, 3, 240), (5, 99, 300), (90, 1, 90), (900, 9, 900)],
)
def test_how_long_a_lost_answer_settles(own, attempts, seconds):
    assert retry.settle(own, attempts) == seconds


def test_a_record_that_is_there_already_is_looked_up_at_once(hub, crm):
    first = [Reply(status=400, body=b'{"message": "The code of the party must be unique."}')]
    hub.crm = lambda call: first.pop() if first and call.method == "POST" else crm.answer(call)
    hub.absorb(message(1))
    hub.run()
    assert until_settled(hub) == [retry.SCHEDULE[1]]


def test_a_lookup_that_fails_has_written_nothing_and_settles_nothing(hub, crm):
    first = [Reply(status=502)]
    hub.crm = lambda call: first.pop() if first else crm.answer(call)
    hub.absorb(message(1))
    hub.run()
    assert until_settled(hub) == [retry.SCHEDULE[1]]


def test_a_server_behind_a_proxy_may_still_be_at_it(hub, crm):
    answers = [Reply(status=504)]

    def through_a_proxy(call):
        if call.method == "POST" and "ir.note" in call.url and answers:
            crm.pending.append((hub.now.timestamp() + 25, call))
            return answers.pop()
        return crm.answer(call)

    hub.crm = through_a_proxy
    hub.absorb(message(1))
    hub.run()
    until_settled(hub)
    assert crm.notes == 1


class Killed(BaseException):
    """The worker dies here."""


def dies(hub: World) -> None:
    """Run into a death, and have the message come back."""
    kept = list(hub.queues["crm"])
    with pytest.raises(Killed):
        hub.run()
    hub.queues["crm"].clear()
    hub.queues["crm"].extend(kept)


def killing(call):
    raise Killed


def test_an_attempt_that_nobody_heard_of_again_is_one(hub, crm):
    hub.absorb(message(1))
    hub.crm = killing
    dies(hub)
    assert (hub.ledger(message(1)).state, hub.ledger(message(1)).attempts) == ("sending", 0)
    hub.crm = crm.answer
    hub.later(seconds=retry.LONGEST_ATTEMPT + 59)
    hub.run()
    assert hub.waits[-1][0] == "not_yet"
    assert crm.notes == 0
    hub.run()
    assert (hub.ledger(message(1)).state, hub.ledger(message(1)).attempts) == ("done", 1)


def test_the_longest_attempt_is_the_functions_time_limit():
    limits = chalice_config()["lambda_functions"]
    assert limits["deliver"]["lambda_timeout"] == retry.LONGEST_ATTEMPT
    assert retry.TIME_FOR_A_CALL < retry.TIME_FOR_A_STEP < retry.LONGEST_ATTEMPT


def test_a_target_that_kills_workers_is_cut_off(hub):
    for n in range(3):
        hub.absorb(message(n, sender=f"98912000000{n}"))
    hub.crm = killing
    rounds = 0
    while hub.breaker_state() == "closed":
        one_after_another(hub)
        hub.later(minutes=6)
        rounds += 1
        assert rounds < 5
    assert hub.switched == [("crm", False)]
    assert hub.counts["breaker_open"] == 1


def one_after_another(hub: World) -> None:
    """Each message by a worker of its own, which dies at it or says when it is to come back."""
    whole = list(hub.queues["crm"])
    for item in whole:
        hub.queues["crm"].clear()
        hub.queues["crm"].append(item)
        with suppress(Killed):
            hub.drain("crm")
    hub.queues["crm"].clear()
    hub.queues["crm"].extend(whole)


def test_a_death_that_was_not_the_targets_fault_leaves_no_failure(hub):
    hub.absorb(message(1))
    hub.crm = killing
    dies(hub)
    hub.crm = lambda call: Reply(status=204)
    hub.later(minutes=6)
    hub.run()
    assert hub.ledger(message(1)).state == "done"
    breaker = hub.table.get(BreakerRow, breaker_key("crm"))
    assert breaker is not None
    assert (breaker.failures, breaker.groups) == (0, "")


@pytest.mark.promise("Nothing vanishes")
def test_what_kills_every_worker_is_parked_in_the_end(hub):
    hub.absorb(message(1))
    hub.crm = killing
    receives = 0
    while hub.untried(message(1)) or hub.ledger(message(1)).state != "parked":
        one_after_another(hub)
        hub.later(minutes=6)
        receives += 1
        assert receives < 1000, "that is where the queue gives it up"
    assert hub.ledger(message(1)).reason == "attempt_lost"
    assert hub.counts["parked"] == 1


def test_a_step_whose_calls_are_all_slow_is_an_attempt_and_kills_nobody(hub, crm):
    ends = hub.now + timedelta(seconds=60)

    def slow(call):
        hub.later(seconds=9)
        assert hub.now < ends, "the worker would have died here"
        return Reply(status=400, body=b'{"message": "no"}') if call.method == "POST" else crm.answer(call)

    hub.crm = slow
    phones = (f"+98912000000{n}" for n in range(5))
    keys = tuple(ContactKey(kind="phone", value=phone, verified=True) for phone in phones)
    hub.absorb(message(1, contact_keys=keys))
    change = unpack_change(from_text(hub.queues["crm"][0].body))
    with pytest.raises(Transient, match="too_slow"):
        hub.deliver(change, lambda: max(0.0, (ends - hub.now).total_seconds()))
    assert (hub.ledger(message(1)).state, hub.ledger(message(1)).attempts) == ("waiting", 1)
