"""The same short scripts on the simulated queue and on ministack's, and where the two differ.

A step is one call; what a script saw is compared whole. The differences are those that
`docs/simulation.md` lists: this test holds that list to what is so.
"""

from __future__ import annotations

import time

import boto3
import pytest
from botocore.exceptions import ClientError

from ops.local.aws import LocalAws
from tests.simulation.clock import Clock
from tests.simulation.fifo import Fifo, Quiet

pytestmark = pytest.mark.slow

VISIBILITY = 2

SCRIPTS = {
    "order within a group": ["send a1", "send a2", "send b1", "receive"],
    "a group in flight": ["send a1", "receive", "send a2", "send b1", "receive"],
    "the same again": ["send a1 x", "send a1 x", "receive"],
    "the same again in another group": ["send a1 x", "send b1 x", "receive"],
    "the same again after it was deleted": ["send a1 x", "receive", "delete a1", "send a1 x", "receive"],
    "a head that waits": [
        "send a1",
        "send a2",
        "receive",
        "hide a1 1",
        "hide a2 0",
        "receive",
        "wait 1.2",
        "receive",
    ],
    "a follower that waits": ["send a1", "send a2", "receive", "delete a1", "hide a2 0", "receive"],
    "time runs out": ["send a1", "receive", f"wait {VISIBILITY + 0.3}", "receive"],
    "an old receipt": ["send a1", "receive", f"wait {VISIBILITY + 0.3}", "delete a1", "receive"],
    "received too often": ["send a1", *["receive", "hide a1 0"] * 3, "receive"],
    "hidden for too long": ["send a1", "receive", "hide a1 43201"],
    "hidden for too long in all": ["send a1", "receive", "wait 1", "hide a1 43200"],
}

DIFFERS = {
    "an old receipt": "ministack deletes by a receipt whose time is over; AWS refuses it on a FIFO queue",
    "hidden for too long": "ministack takes any visibility; the checking client refuses it",
    "hidden for too long in all": "ministack does not count the 12 hours from the receipt",
}


class Simulated:
    def __init__(self, name):
        self.clock = Clock()
        self.fifo = Fifo(name, visibility=VISIBILITY, receives=3, clock=self.clock, rng=Quiet())

    def send(self, body, dedup):
        self.fifo.send(
            {"Id": "0", "MessageBody": body, "MessageGroupId": body[0], "MessageDeduplicationId": dedup}
        )

    def receive(self):
        return [(message.body, message.receipt) for message in self.fifo.receive()]

    def delete(self, receipt):
        self.fifo.delete(receipt)

    def hide(self, receipt, seconds):
        self.fifo.hide(receipt, seconds)

    def wait(self, seconds):
        self.clock.now += seconds


class Ministack:
    def __init__(self, sqs, name):
        self.sqs = sqs
        dead = sqs.create_queue(QueueName=f"dead-{name}", Attributes={"FifoQueue": "true"})["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        self.url = sqs.create_queue(
            QueueName=name,
            Attributes={
                "FifoQueue": "true",
                "DeduplicationScope": "messageGroup",
                "FifoThroughputLimit": "perMessageGroupId",
                "VisibilityTimeout": str(VISIBILITY),
                "RedrivePolicy": f'{{"deadLetterTargetArn": "{arn}", "maxReceiveCount": 3}}',
            },
        )["QueueUrl"]

    def send(self, body, dedup):
        self.sqs.send_message(
            QueueUrl=self.url, MessageBody=body, MessageGroupId=body[0], MessageDeduplicationId=dedup
        )

    def receive(self):
        got = self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages", [])
        return [(message["Body"], message["ReceiptHandle"]) for message in got]

    def delete(self, receipt):
        self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=receipt)

    def hide(self, receipt, seconds):
        self.sqs.change_message_visibility(
            QueueUrl=self.url, ReceiptHandle=receipt, VisibilityTimeout=seconds
        )

    def wait(self, seconds):
        time.sleep(seconds)


def seen(queue, script):
    """What each step came to."""
    receipts: dict[str, str] = {}
    said: list[object] = []
    for step in script:
        verb, *words = step.split()
        try:
            if verb == "send":
                queue.send(words[0], words[-1])
            elif verb == "receive":
                got = queue.receive()
                receipts |= dict(got)
                said.append(sorted(body for body, _ in got))
            elif verb == "delete":
                queue.delete(receipts[words[0]])
            elif verb == "hide":
                queue.hide(receipts[words[0]], int(words[1]))
            else:
                queue.wait(float(words[0]))
        except ClientError:
            said.append("refused")
    return said


def test_the_simulated_queue_differs_from_ministacks_only_where_it_is_known_to(tmp_path):
    with LocalAws(tmp_path) as aws:
        # Not the client that checks: what ministack itself does is asked.
        sqs = boto3.client(
            "sqs",
            endpoint_url=aws.endpoint,
            region_name="us-east-1",
            aws_access_key_id="local",
            aws_secret_access_key="local",
        )
        differs = {}
        for number, (name, script) in enumerate(SCRIPTS.items()):
            ours = seen(Simulated("q.fifo"), script)
            theirs = seen(Ministack(sqs, f"q{number}.fifo"), script)
            if ours != theirs:
                differs[name] = f"simulated {ours}, ministack {theirs}"
        sqs.close()
    print(differs)
    assert set(differs) == set(DIFFERS), differs
