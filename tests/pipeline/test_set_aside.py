"""What waits in the bucket is fed in as it was received: its keys sort by that, whatever their ids."""

from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.aws.queues import Outgoing
from chalicelib.pipeline.set_aside import UNDELIVERED, undelivered_key
from chalicelib.vocabulary.request import Request

NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


def key(at: datetime, dedup: str) -> str:
    request = Request(
        method="POST", url="/webhooks/twilio/sms", query={}, headers={}, body=b"", received_at=at
    )
    return undelivered_key(request, Outgoing(group="g", dedup=dedup, body="b"))


@pytest.mark.promise("In the order we acknowledged")
@pytest.mark.parametrize("apart", [timedelta(milliseconds=1), timedelta(seconds=9), timedelta(hours=10)])
def test_the_keys_sort_by_the_time_of_receipt(apart: timedelta) -> None:
    keys = [key(NOON + number * apart, dedup) for number, dedup in enumerate("fedcba")]
    assert sorted(keys) == keys
    assert all(one.startswith(UNDELIVERED) for one in keys)


def test_two_messages_of_one_moment_are_two() -> None:
    assert key(NOON, "a") != key(NOON, "b")
