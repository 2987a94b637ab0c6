"""Putting messages on a FIFO queue: SQS's limits kept, each customer's order kept, whatever fails."""

from collections import defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.aws.queues import LARGEST_MESSAGE, Outgoing, send
from chalicelib.vocabulary.errors import Misconfigured, Transient


def made(*planned):
    """A message per `(group, size)`; its dedup id is its place."""
    return [
        Outgoing(group=group, dedup=str(number), body="b" * size)
        for number, (group, size) in enumerate(planned)
    ]


class Queue:
    """Takes what SQS would take. `fails`: per call, the places in it that fail, or None for all of it."""

    def __init__(self, fails=()):
        self.fails = list(fails)
        self.calls = []
        self.taken = defaultdict(list)

    def put(self, url, entries):
        assert url == "queue"
        assert 1 <= len(entries) <= 10
        assert sum(len(entry["MessageBody"]) for entry in entries) <= 256 * 1024
        groups = [entry["MessageGroupId"] for entry in entries]
        assert len(set(groups)) == len(groups)
        assert [entry["Id"] for entry in entries] == [str(n) for n in range(len(entries))]
        self.calls.append(entries)
        fails = self.fails.pop(0) if self.fails else ()
        if fails is None:
            raise Transient("aws_busy")
        failed = sorted({place % len(entries) for place in fails}, reverse=True)
        for place, entry in enumerate(entries):
            if place not in failed:
                self.taken[entry["MessageGroupId"]].append(int(entry["MessageDeduplicationId"]))
        return failed


plans = st.lists(st.tuples(st.sampled_from("abcdefghijklmno"), st.integers(1, LARGEST_MESSAGE)), max_size=60)
small = st.lists(st.tuples(st.sampled_from("abcdefghijklmno"), st.integers(1, 2000)), max_size=60)
faults = st.lists(st.none() | st.lists(st.integers(0, 9), max_size=3), max_size=20)


@settings(deadline=None)
@given(plans | small)
def test_all_of_it_goes_in_order_and_within_the_limits(plan):
    queue, messages = Queue(), made(*plan)
    assert send(queue.put, "queue", messages) == []
    assert queue.taken == in_order(messages)


@settings(deadline=None)
@given(plans | small, faults, st.integers(1, 3))
def test_what_fails_keeps_its_group_s_later_ones_back(plan, fails, tries):
    queue, messages = Queue(fails), made(*plan)
    unsent = in_order(send(queue.put, "queue", messages, tries=tries))
    for group, all_of_it in in_order(messages).items():
        assert queue.taken[group] + unsent[group] == all_of_it


def in_order(messages):
    found = defaultdict(list)
    for message in messages:
        found[message.group].append(int(message.dedup))
    return found


@given(st.integers(0, 200))
def test_calls_are_full(number):
    queue = Queue()
    send(queue.put, "queue", made(*[(f"group{n}", 100) for n in range(number)]))
    assert len(queue.calls) == -(-number // 10)


def test_a_call_that_fails_whole_is_tried_again_and_then_given_back():
    queue = Queue([None, None])
    messages = made(("a", 1), ("b", 1))
    assert send(queue.put, "queue", messages, tries=3) == []
    assert len(queue.calls) == 3
    assert send(Queue([None] * 3).put, "queue", messages, tries=3) == messages


def test_only_what_failed_is_tried_again():
    queue = Queue([[1]])
    assert send(queue.put, "queue", made(("a", 1), ("b", 1), ("c", 1)), tries=2) == []
    assert [[entry["MessageGroupId"] for entry in call] for call in queue.calls] == [["a", "b", "c"], ["b"]]


def test_other_groups_go_on_past_a_stuck_one():
    queue = Queue([[0]])
    messages = made(("a", 1), ("a", 1), ("b", 1))
    assert send(queue.put, "queue", messages) == [messages[0], messages[1]]
    assert queue.taken["b"] == [2]


def test_what_is_ours_to_mend_is_not_hidden():
    def refused(url, entries):
        raise Misconfigured("aws_refused")

    with pytest.raises(Misconfigured):
        send(refused, "queue", made(("a", 1)))


def test_nothing_is_no_call():
    queue = Queue()
    assert send(queue.put, "queue", []) == []
    assert queue.calls == []
