"""A worker that dies between the CRM's answer and the ledger, at every step, against a real Tryton."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.crms.http.send import sender
from chalicelib.vocabulary.delivery import Target
from chalicelib.vocabulary.event import ContactKey, Direction
from ops.local.tryton.server import Tryton
from tests.pipeline.world import SECRETS, World, a_configuration, message, world

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("tryton")]

PHONE = ContactKey(kind="phone", value="+989120000001", verified=True)


CALLS, WRITES = 8, 10
EVERY_STEP = [("call", n + 1) for n in range(CALLS)] + [("write", n + 1) for n in range(WRITES)]


class Killed(BaseException):
    """The worker is gone: no handler of ours sees this."""


@pytest.fixture(scope="module")
def tryton(tmp_path_factory: pytest.TempPathFactory):
    with Tryton(tmp_path_factory.mktemp("tryton")) as server:
        yield server


@pytest.fixture
def hub(tryton: Tryton, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(SECRETS, "tryton", {"application_key": (tryton.key,)})
    target = Target(name="crm", connector="tryton", url=tryton.url, secret="tryton", private_network=True)
    configuration = a_configuration(targets=(target,))
    people = [
        replace(p, user_ids={"crm": str(n)}) for n, p in enumerate(configuration.directory.people, start=1)
    ]
    with world() as fresh:
        fresh.configuration = replace(
            configuration, directory=replace(configuration.directory, people=tuple(people))
        )
        fresh.crm = sender(private_network=True)
        yield fresh


def dies(real: Callable[..., Any], at: int, *, after: bool) -> tuple[Callable[..., Any], list[object]]:
    """The same function, but the process is gone at its `at`-th call, before or after its effect."""
    calls: list[object] = []

    def call(*args, **named):
        calls.append(args)
        dying = len(calls) == at
        if dying and not after:
            raise Killed
        result = real(*args, **named)
        if dying:
            raise Killed
        return result

    return call, calls


def run_through(hub: World) -> None:
    """As the queue would: again and again, until nothing is owed."""
    for _ in range(8):
        kept = list(hub.queues["crm"])
        try:
            hub.run()
        except Killed:
            hub.queues["crm"].clear()
            hub.queues["crm"].extend(kept)
        hub.later(minutes=6)
        if not hub.queues["crm"]:
            return
    raise AssertionError("it never came to an end")


def three_events(hub: World, tryton: Tryton, case: str, what: str, at: int, *, after: bool) -> list[object]:
    """A customer's first three events with one death on the way; what was called or written."""
    digits = f"98912000{int.from_bytes(case.encode(), 'big') % 9973:04d}"
    hub.name = case
    events = [
        message(f"{case}-1", sender=digits, contact_keys=(replace(PHONE, value=f"+{digits}"),)),
        message(f"{case}-2", sender=digits),
        message(f"{case}-3", sender=digits, direction=Direction.OUTBOUND),
    ]
    hub.absorb(events[0])
    hub.absorb(*events[1:])
    if what == "call":
        hub.crm, calls = dies(hub.crm, at, after=after)
    else:
        hub.table.put, calls = dies(hub.table.put, at, after=after)  # type: ignore[method-assign]  # the fault
    run_through(hub)

    profile = hub.profile_of(events[0].customer)
    [party] = [p for p in tryton.parties() if p.code == f"hub:{profile.id}" or digits in str(p.mechanisms)]
    notes = tryton.notes(party.id)
    for event in events:
        assert sum(event.reference in note for note in notes) == 1
    assert [n for e in events for n in notes if e.reference in n] == notes
    leads = [lead for lead in tryton.leads() if lead.party == party.id]
    assert len(leads) == 1
    assert str(leads[0].employee) == next(
        p.user_ids["crm"]
        for p in hub.configuration.directory.people
        if p.id == hub.conversation(profile.id).owner
    )
    assert [hub.ledger(event).state for event in events] == ["done"] * 3
    return calls


@pytest.mark.promise("Once")
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(("what", "at"), EVERY_STEP)
def test_the_crm_holds_one_record(hub: World, tryton: Tryton, what: str, at: int, after: bool) -> None:
    calls = three_events(hub, tryton, f"{what}-{at}-{after}", what, at, after=after)
    assert len(calls) >= at, "the step that should have died was never reached"


@pytest.mark.parametrize(("what", "steps"), [("call", CALLS), ("write", WRITES)])
def test_every_step_is_among_those_that_die(hub: World, tryton: Tryton, what: str, steps: int) -> None:
    assert len(three_events(hub, tryton, f"all-{what}s", what, 99, after=True)) == steps
