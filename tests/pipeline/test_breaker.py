"""A breaker: what a success forgets, who probes, what outlives a dead worker, what is told of an outage."""

from dataclasses import replace

import pytest

from chalicelib.store.keys import breaker_key
from chalicelib.store.packing import from_text, unpack_intake
from chalicelib.store.rows import BreakerRow
from chalicelib.vocabulary.delivery import Circuit
from chalicelib.vocabulary.errors import Transient
from tests.pipeline.world import World

REASON = "http_500"


def row(hub: World) -> BreakerRow:
    found = hub.table.get(BreakerRow, breaker_key("crm"))
    assert found is not None, "no failure was counted"
    return found


def fails(hub: World, *groups: str) -> None:
    """The target fails, once for each of these customers."""
    for group in groups:
        hub.breaker.failed("crm", hub.table.get(BreakerRow, breaker_key("crm")), group=group, reason=REASON)


def cut_off(hub: World) -> BreakerRow:
    fails(hub, *"aaabb")
    assert row(hub).state == Circuit.OPEN
    hub.later(seconds=20)
    return row(hub)


def told(hub: World) -> list[str]:
    """The events of the hub's own, by their ids."""
    return [unpack_intake(from_text(item.body)).events[0].id for item in hub.queues["events"]]


@pytest.mark.parametrize(("groups", "state"), [("bbbbb", "closed"), ("bbbbc", "open")])
def test_a_success_forgets_whose_deliveries_failed_before_it(hub: World, groups: str, state: str) -> None:
    fails(hub, "a")
    hub.breaker.succeeded("crm", row(hub))
    fails(hub, *groups)
    assert row(hub).state == state


def test_of_two_clocks_one_probes(hub: World) -> None:
    seen = cut_off(hub)
    attempts: list[int] = []

    def attempt() -> bool:
        attempts.append(1)
        return False

    hub.breaker.probe("crm", seen, attempt)
    hub.breaker.probe("crm", seen, attempt)
    assert len(attempts) == 1


def test_a_probe_that_fails_cuts_off_what_a_worker_that_died_had_let_in(hub: World) -> None:
    seen = cut_off(hub)
    hub.switched.append(("crm", True))
    assert hub.breaker.probe("crm", seen, lambda: False) == Circuit.OPEN
    assert hub.switched[-1] == ("crm", False)


def refuses(_target: str, _enabled: bool) -> None:
    raise Transient("aws_busy")


@pytest.mark.promise("Nothing vanishes")
def test_whose_queue_cannot_be_opened_stays_cut_off_until_it_can(hub: World) -> None:
    seen = cut_off(hub)
    with pytest.raises(Transient):
        replace(hub.breaker, switch=refuses).probe("crm", seen, lambda: True)
    assert row(hub).state not in (Circuit.CLOSED, Circuit.TRIAL)
    hub.later(minutes=10)
    assert hub.breaker.probe("crm", row(hub), lambda: True) == Circuit.CLOSED
    assert hub.switched[-1] == ("crm", True)


def test_each_outage_is_told_with_its_end(hub: World) -> None:
    for _ in range(2):
        seen = cut_off(hub)
        hub.breaker.probe("crm", seen, lambda: True)
        hub.later(hours=1)
    ids = told(hub)
    assert len(set(ids)) == len(ids) == 6
    assert [name.split(":")[1] for name in ids] == ["open", "half-open", "closed"] * 2


def test_a_long_outage_is_told_once_however_often_it_is_probed(hub: World) -> None:
    cut_off(hub)
    for _ in range(4):
        hub.breaker.probe("crm", row(hub), lambda: False)
        hub.later(minutes=11)
    assert len(set(told(hub))) == 2


@pytest.mark.parametrize("answered", [True, False])
@pytest.mark.parametrize("refused", ["", "http_404"])
@pytest.mark.parametrize(
    ("meanwhile", "mapping"), [(Circuit.OPEN, False), (Circuit.HALF_OPEN, False), (Circuit.CLOSED, True)]
)
def test_a_probe_that_ends_late_changes_no_state_that_came_after_it(
    hub: World, meanwhile: Circuit, mapping: bool, refused: str, answered: bool
) -> None:
    seen = cut_off(hub)
    hub.table.update(seen, [BreakerRow.refused.set(refused)])
    seen = row(hub)

    def attempt() -> bool:
        later = [BreakerRow.state.set(meanwhile), BreakerRow.next_probe.set(seen.next_probe + 7000)]
        hub.table.update(seen, later)
        hub.switched.append(("crm", mapping))
        return answered

    hub.breaker.probe("crm", seen, attempt)
    assert row(hub).state == meanwhile
    # Whatever is let in while it is cut off is put back; but nothing enables what is off for good.
    assert meanwhile != Circuit.CLOSED or hub.switched[-1] == ("crm", True)
