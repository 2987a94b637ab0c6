"""A request that AWS would refuse is refused before it is sent, by whatever client."""

from typing import Any

import boto3
import botocore.session
import pytest

from ops.local.strict_sqs import Refused, strict

URL = "http://127.0.0.1:9/000000000000/q.fifo"
GOOD = {"MessageBody": "aGVsbG8=", "MessageGroupId": "a" * 64, "MessageDeduplicationId": "b" * 64}
WAITS = {"QueueUrl": URL, "ReceiptHandle": "r"}


@pytest.fixture(scope="module", params=["boto3", "botocore"])
def client(request):
    make = boto3.client if request.param == "boto3" else botocore.session.get_session().create_client
    sqs = make("sqs", region_name="eu-central-1", endpoint_url="http://127.0.0.1:9")
    strict(sqs)
    # What passes the check is answered here, so nothing is sent.
    sqs.meta.events.register("before-call.sqs", answered)
    yield sqs
    sqs.close()


class Answered:
    status_code = 200


def answered(**_: Any) -> Any:
    return Answered(), {"ResponseMetadata": {}}


def batch(*entries):
    numbered = [{"Id": str(index), **entry} for index, entry in enumerate(entries)]
    return {"QueueUrl": URL, "Entries": numbered}


@pytest.mark.parametrize(
    ("call", "params"),
    [
        ("send_message", {"QueueUrl": URL, **GOOD}),
        ("send_message", {"QueueUrl": URL, **GOOD, "MessageBody": "x" * 262_144}),
        ("send_message", {"QueueUrl": URL, **GOOD, "MessageBody": "سلام 👋\n\t"}),
        ("send_message", {"QueueUrl": URL, **GOOD, "MessageGroupId": "a" * 128}),
        ("send_message_batch", batch(*[GOOD] * 10)),
        ("change_message_visibility", {**WAITS, "VisibilityTimeout": 43_200}),
        ("change_message_visibility", {**WAITS, "VisibilityTimeout": 0}),
        ("receive_message", {"QueueUrl": URL, "MaxNumberOfMessages": 10}),
    ],
)
def test_what_aws_takes_passes(client, call, params):
    getattr(client, call)(**params)


@pytest.mark.parametrize(
    ("call", "params", "said"),
    [
        ("send_message", {"QueueUrl": URL, **GOOD, "MessageGroupId": "a" * 129}, "129 were given"),
        ("send_message", {"QueueUrl": URL, **GOOD, "MessageGroupId": "گروه"}, "printable ASCII"),
        ("send_message", {"QueueUrl": URL, **GOOD, "MessageDeduplicationId": "a b"}, "printable ASCII"),
        ("send_message", {"QueueUrl": URL, "MessageBody": "x"}, "MessageGroupId is missing"),
        ("send_message", {"QueueUrl": URL, **GOOD, "MessageBody": ""}, "empty"),
        ("send_message", {"QueueUrl": URL, **GOOD, "MessageBody": "\ufffe"}, "character"),
        ("send_message", {"QueueUrl": URL, **GOOD, "MessageBody": "\x0b"}, "character"),
        ("send_message", {"QueueUrl": URL, **GOOD, "MessageBody": "\ud83d"}, "character"),
        ("send_message", {"QueueUrl": URL, **GOOD, "MessageBody": "x" * 262_145}, "262145 bytes"),
        ("send_message_batch", batch(*[GOOD] * 11), "11 entries"),
        ("send_message_batch", batch(), "0 entries"),
        ("send_message_batch", batch(*[{**GOOD, "MessageBody": "x" * 140_000}] * 2), "280000 bytes"),
        ("send_message_batch", {"QueueUrl": URL, "Entries": [{"Id": "1", **GOOD}] * 2}, "not distinct"),
        ("change_message_visibility", {**WAITS, "VisibilityTimeout": 43_201}, "0 to 43200"),
        ("change_message_visibility", {**WAITS, "VisibilityTimeout": -1}, "0 to 43200"),
        ("receive_message", {"QueueUrl": URL, "MaxNumberOfMessages": 11}, "gives 1 to 10"),
    ],
)
def test_what_aws_refuses_is_refused(client, call, params, said):
    with pytest.raises(Refused, match=said):
        getattr(client, call)(**params)
