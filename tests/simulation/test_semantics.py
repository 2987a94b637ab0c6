"""The simulated queue by itself: the rules that the rest of the simulation stands on, one at a time."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.simulation.clock import Clock
from tests.simulation.fifo import RETENTION, Fifo, Quiet


def queue(**settings):
    clock = Clock()
    facts: dict[str, Any] = {"visibility": 60, "receives": 3, "clock": clock, "rng": Quiet()}
    return clock, Fifo("q.fifo", **{**facts, **settings})


def entry(body, group="g", dedup=""):
    return {"Id": "0", "MessageBody": body, "MessageGroupId": group, "MessageDeduplicationId": dedup or body}


def bodies(messages):
    return [message.body for message in messages]


def test_a_group_is_received_in_order_and_then_not_again_while_one_is_in_flight():
    _, fifo = queue()
    for body in ("a", "b"):
        fifo.send(entry(body))
    fifo.send(entry("other", group="h"))
    assert bodies(fifo.receive()) == ["a", "b", "other"]
    fifo.send(entry("c"))
    fifo.send(entry("d", group="i"))
    assert bodies(fifo.receive()) == ["d"]


def test_followers_that_are_visible_wait_behind_a_head_that_is_not():
    clock, fifo = queue()
    fifo.send(entry("a"))
    fifo.send(entry("b"))
    head, follower = fifo.receive()
    fifo.hide(head.receipt, 30)
    fifo.hide(follower.receipt, 0)
    assert fifo.receive() == []
    clock.now += 30
    assert bodies(fifo.receive()) == ["a", "b"]


def test_deduplication_is_of_a_group_and_lasts_five_minutes():
    clock, fifo = queue()
    fifo.send(entry("a", dedup="x"))
    fifo.send(entry("a", dedup="x"))
    fifo.send(entry("a", dedup="x", group="h"))
    clock.now += 301
    fifo.send(entry("a", dedup="x"))
    assert len(fifo.messages) == 3


def test_what_was_received_too_often_is_dead():
    clock, fifo = queue(receives=2)
    fifo.send(entry("a"))
    for _ in range(2):
        assert bodies(fifo.receive()) == ["a"]
        clock.now += 60
    assert fifo.receive() == []
    assert bodies(fifo.dead) == ["a"]


def test_a_receipt_is_good_until_its_time_is_over_and_for_twelve_hours_at_most():
    clock, fifo = queue()
    fifo.send(entry("a"))
    (first,) = fifo.receive()
    receipt = first.receipt
    clock.now += 61
    with pytest.raises(ClientError, match="MessageNotInflight"):
        fifo.delete(receipt)
    (again,) = fifo.receive()
    with pytest.raises(ClientError, match="ReceiptHandleIsInvalid"):
        fifo.hide(receipt, 0)
    clock.now += 10
    with pytest.raises(ClientError, match="InvalidParameterValue"):
        fifo.hide(again.receipt, 43_195)
    fifo.delete(again.receipt)
    assert fifo.messages == []


def test_after_two_weeks_it_is_gone():
    clock, fifo = queue()
    fifo.send(entry("a"))
    clock.now += RETENTION + 1
    assert fifo.receive() == []
    assert bodies(fifo.expired) == ["a"]


def test_a_call_beyond_the_limits_is_refused_whole():
    _, fifo = queue()
    with pytest.raises(ClientError, match="TooManyEntries"):
        fifo.check([{**entry("a"), "Id": str(n)} for n in range(11)])
    with pytest.raises(ClientError, match="NotDistinct"):
        fifo.check([entry("a"), entry("b")])
    with pytest.raises(ClientError, match="TooLong"):
        fifo.check([entry("a" * (256 * 1024 + 1))])
    with pytest.raises(ClientError, match="InvalidParameterValue"):
        fifo.check([entry("a", group="g" * 129)])
