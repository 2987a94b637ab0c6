"""Days on which several things go wrong at once: nobody else waits, and no doubt is forgotten."""

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.configuration.stage import Configuration
from chalicelib.pipeline.clock.tick import tick
from chalicelib.pipeline.relay import owed
from chalicelib.store.keys import Key, breaker_key
from chalicelib.store.packing import from_text, unpack_change
from chalicelib.store.rows import BreakerRow, Row
from chalicelib.store.table import Table
from chalicelib.vocabulary.delivery import Call, Reply
from chalicelib.vocabulary.errors import Misconfigured, Transient, Unknown
from chalicelib.vocabulary.event import Attachment, ContactKey, Direction
from chalicelib.vocabulary.messages import Intake
from chalicelib.vocabulary.people import Team
from tests.pipeline.world import World, a_configuration, message


def two_targets() -> Configuration:
    configuration = a_configuration()
    return replace(
        configuration, targets=(*configuration.targets, replace(configuration.targets[0], name="other"))
    )


def test_a_target_without_a_queue_holds_back_no_other(hub: World) -> None:
    hub.configuration = two_targets()
    relay = replace(hub.relay, queues={"crm": "crm"})
    done = hub.process(Intake(customer=message(1).customer, events=(message(1),)))

    fresh = json.dumps([[done[0].event.key, ["other", "crm"]]])
    assert relay(owed(done[0].profile, 1, fresh)) == 1
    assert hub.counts["no_queue"] == 1


def test_a_failing_job_stops_no_other(hub: World) -> None:
    def broken():
        raise Transient("aws_busy")
        yield

    hub.absorb(message(1))
    hub.absorb(message(2, direction=Direction.OUTBOUND))
    hub.later(hours=26)
    with pytest.raises(Transient):
        tick(replace(hub.clock, undelivered=broken), lambda: 60.0)
    hub.run()
    assert hub.profile_of(message(1).customer).conversation is None
    assert hub.counts["job_failed"] == 1


def test_a_breaker_that_cannot_be_kept_forgets_no_doubt(hub: World) -> None:
    def silent(call):
        raise Unknown("no_answer")

    hub.crm = silent
    hub.absorb(message(1))
    real = hub.table.update

    def busy(*args):
        raise Transient("table_busy")

    hub.table.update = busy  # type: ignore[method-assign]
    hub.run()
    hub.table.update = real  # type: ignore[method-assign]
    ledger = hub.ledger(message(1))
    assert (ledger.reason, bool(ledger.doubtful)) == ("no_answer", True)
    assert hub.counts["breaker_unkept"] == 1


def test_only_who_opens_the_breaker_switches_the_mapping_off(hub: World) -> None:
    row = BreakerRow(*breaker_key("crm"), state="half-open", failures=9, groups="a b", since=1, next_probe=2)
    hub.table.put(row)
    hub.breaker.failed("crm", row, group="c", reason="no_connection")
    assert hub.switched == []


def test_targets_that_hang_do_not_take_the_clocks_whole_minute(hub: World) -> None:
    [crm] = a_configuration().targets
    names = [f"t{n}" for n in range(6)]
    hub.configuration = a_configuration(targets=tuple(replace(crm, name=name) for name in names))
    for name in names:
        hub.table.put(BreakerRow(*breaker_key(name), state="open", failures=5, groups="a b", since=1))

    def hangs(call: Call) -> Reply:
        hub.later(seconds=10)
        raise Unknown("no_answer")

    hub.crm = hangs
    assert hub.tick()["probed"] == 3
    hub.later(minutes=1)
    assert hub.tick()["probed"] == 3
    assert len(hub.calls) == 6, "whom the first minute had no time for, the second has"


def always(status: int) -> Callable[[Call], Reply]:
    return lambda call: Reply(status=status)


def test_answers_in_between_break_the_row_of_failures(hub: World) -> None:
    for n, status in enumerate([500, 422] * 5):
        hub.crm = always(status)
        hub.absorb(message(n, sender=f"98912000010{n}"))
        hub.drain("crm")
    assert hub.switched == []


def test_a_target_without_its_secret_waits_visibly_and_is_parked_in_the_end(hub: World) -> None:
    def missing(target):
        raise Misconfigured("aws_refused", "ParameterNotFound")

    hub.absorb(message(1))
    deliver = replace(hub.deliver, credentials=missing)

    change = unpack_change(from_text(hub.queues["crm"][0].body))
    with pytest.raises(Transient):
        deliver(change, lambda: 60.0)
    assert (hub.ledger(message(1)).state, hub.ledger(message(1)).reason) == ("waiting", "aws_refused")
    hub.later(hours=81)
    deliver(change, lambda: 60.0)
    assert hub.ledger(message(1)).state == "parked"


def test_running_out_of_time_between_steps_costs_no_attempt(hub: World) -> None:
    hub.absorb(message(1))

    change = unpack_change(from_text(hub.queues["crm"][0].body))
    left = iter([60.0, 3.0])
    with pytest.raises(Transient, match="out_of_time"):
        hub.deliver(change, lambda: next(left))
    assert (hub.ledger(message(1)).state, hub.ledger(message(1)).attempts) == ("waiting", 0)
    assert hub.calls == []
    hub.run()
    assert hub.ledger(message(1)).state == "done"


def test_a_conversation_outlives_its_team(hub: World) -> None:
    configuration = a_configuration()
    nobody = replace(configuration.directory, teams=(Team(id="night", name="شب", members=()),))
    rules = tuple(replace(rule, team="night") for rule in configuration.routing.rules)
    hub.configuration = replace(
        configuration, directory=nobody, routing=replace(configuration.routing, rules=rules)
    )
    [absorbed] = hub.absorb(message(1))
    assert absorbed.consequence.decision.outcome == "waiting"
    hub.configuration = configuration
    hub.later(minutes=1)
    assert hub.tick()["offered"] == 1
    hub.run()
    assert hub.conversation(absorbed.profile).owner


@pytest.mark.parametrize(
    "big",
    [
        {
            "extra": {
                f"item {n}": "".join(chr(0x4E00 + (n * i * 31) % 20000) for i in range(900))
                for n in range(600)
            }
        },
        {"name": "".join(chr(0x4E00 + (i * i * 7919) % 20000) for i in range(400_000))},
        {
            "attachments": tuple(
                Attachment(
                    kind="contact", name="".join(chr(0x4E00 + (n * i * 31) % 20000) for i in range(2000))
                )
                for n in range(300)
            )
        },
        {
            "contact_keys": tuple(
                ContactKey(kind="phone", value=f"+98912000{n:04d}", verified=True) for n in range(150)
            )
        },
    ],
    ids=["extra", "name", "attachments", "keys"],
)
def test_whatever_is_acknowledged_can_be_committed(hub: World, big: dict[str, Any]) -> None:
    hub.absorb(message(1, **big))
    hub.run()
    assert hub.ledger(message(1)).state == "done"


def test_rows_read_ahead_that_have_changed_meanwhile_are_read_again(hub: World) -> None:
    first = message(1, contact_keys=(ContactKey(kind="phone", value="+989120000001", verified=True),))
    on_sms = replace(
        first, id="SM2", channel="twilio", account="sms", customer=replace(first.customer, channel="twilio")
    )
    intakes = [Intake(customer=e.customer, events=(e,)) for e in (first, on_sms)]
    process = hub.process
    ahead = process.ahead(intakes)
    done = [absorbed for intake in intakes for absorbed in process(intake, ahead)]
    assert len({absorbed.profile for absorbed in done}) == 1
    assert hub.profile(done[0].profile).counters["message"] == 2


def test_a_batch_is_read_for_in_three_calls(hub: World) -> None:
    intakes = [
        Intake(customer=e.customer, events=(e,))
        for e in (message(n, sender=f"98912000020{n}") for n in range(4))
    ]
    for intake in intakes:
        hub.process(intake)
    later = [replace(i, events=(replace(i.events[0], id=f"{i.events[0].id}-later"),)) for i in intakes]
    table = CountedTable(hub.table.name, "eu-central-1")
    process = replace(hub.process, table=table)
    ahead = process.ahead(later)
    for intake in later:
        assert len(process(intake, ahead)) == 1
    assert table.reads <= 2


class CountedTable(Table):
    """A table that counts how often rows are read for."""

    reads = 0

    def read(self, keys: Iterable[Key]) -> dict[Key, Row]:
        self.reads += 1
        return super().read(keys)


@pytest.mark.promise("Nothing vanishes")
def test_what_a_target_that_was_taken_out_is_still_owed_is_parked(hub: World) -> None:
    hub.absorb(message(1))
    hub.absorb(message(2))
    hub.configuration = replace(hub.configuration, targets=())
    hub.drain("crm")
    for number in (1, 2):
        ledger = hub.ledger(message(number))
        assert (ledger.state, ledger.reason) == ("parked", "unknown_target")
    assert (hub.counts["parked"], len(hub.queues["crm"]), hub.calls) == (2, 0, [])


@pytest.mark.promise("Nothing vanishes")
def test_what_was_begun_at_a_target_that_was_taken_out_is_looked_up_if_it_ever_comes_back(hub: World) -> None:
    def silent(call: Call) -> Reply:
        raise Unknown("no_answer")

    hub.crm = silent
    hub.absorb(message(1))
    hub.run()
    begun = hub.ledger(message(1))
    hub.configuration = replace(hub.configuration, targets=())
    hub.drain("crm")
    parked = hub.ledger(message(1))
    assert (parked.state, parked.doubtful, parked.attempts) == ("parked", begun.doubtful, begun.attempts)
    assert parked.version == begun.version + 1


def test_a_target_that_was_added_a_moment_ago_is_not_mistaken_for_one_that_is_gone(hub: World) -> None:
    hub.absorb(message(1))
    older = replace(hub.configuration, targets=())
    change = unpack_change(from_text(hub.queues["crm"][0].body))
    deliver = replace(hub.deliver, configuration=lambda: older)
    assert deliver(change, lambda: 60.0) == [(message(1).key, "done")]


def test_a_target_is_gone_only_if_the_configuration_says_so_now(hub: World) -> None:
    def unread() -> Configuration:
        raise Transient("aws_busy")

    hub.absorb(message(1))
    change = unpack_change(from_text(hub.queues["crm"][0].body))
    hub.configuration = replace(hub.configuration, targets=())
    with pytest.raises(Transient, match="aws_busy"):
        replace(hub.deliver, fresh_configuration=unread)(change, lambda: 60.0)
    assert hub.untried(message(1))
