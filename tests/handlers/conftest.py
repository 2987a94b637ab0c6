"""The front door in this process, over moto, with faults at its AWS clients and a clock to turn."""

import io
import sys
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import SimpleNamespace

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from moto import mock_aws

from chalicelib import runtime, telemetry
from chalicelib.messages import from_text, unpack_intake
from chalicelib.webhook import Account
from tests.handlers import deployed
from tests.handlers.alone import Context
from tests.handlers.stages import setup_of
from tests.pipeline.world import a_stage

NUMBER = "+982100000001"


@dataclass
class Front:
    """A deployed front door. `said` is all that it printed."""

    environment: dict
    said: io.StringIO
    clock: SimpleNamespace

    def __call__(self, event):
        import app

        return app.app(event, Context())

    def queued(self):
        """The events on the queue, taken from it."""
        found = deployed.messages(self.environment["HUB_EVENTS_QUEUE"])
        return [event for one in found for event in unpack_intake(from_text(one["body"])).events]

    def objects(self):
        return deployed.objects(self.environment["HUB_BUCKET"])

    def lose_queue(self):
        boto3.client("sqs").delete_queue(QueueUrl=self.environment["HUB_EVENTS_QUEUE"])

    def lose_table(self):
        boto3.client("dynamodb").delete_table(TableName=self.environment["HUB_TABLE"])

    def lose_secrets(self):
        found = boto3.client("ssm").get_parameters_by_path(Path=deployed.SECRETS, Recursive=True)
        boto3.client("ssm").delete_parameters(Names=[one["Name"] for one in found["Parameters"]])


def forget():
    """As if the container were new."""
    for part in vars(runtime).values():
        if hasattr(part, "cache_clear"):
            part.cache_clear()


@contextmanager
def a_front(stage, monkeypatch):
    said, clock = io.StringIO(), SimpleNamespace(now=1000.0)
    monkeypatch.setattr(sys, "stdout", said)
    monkeypatch.setattr(sys, "stderr", said)
    monkeypatch.setattr(runtime, "time", SimpleNamespace(monotonic=lambda: clock.now))
    kept = [(handler, handler.setStream(said)) for handler in telemetry.log.handlers]
    with mock_aws():
        environment = deployed.deploy(setup_of(stage))
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        forget()
        yield Front(environment=environment, said=said, clock=clock)
    forget()
    for handler, stream in kept:
        handler.setStream(stream)


def a_stage_with_a_number(**changes):
    stage = a_stage(**changes)
    number = Account(channel="twilio", id=NUMBER, secret="twilio", language="fa")
    return replace(stage, accounts=(*stage.accounts, number))


@pytest.fixture
def front(monkeypatch):
    with a_front(a_stage_with_a_number(), monkeypatch) as deployed_front:
        yield deployed_front


@pytest.fixture
def front_of(monkeypatch):
    """A front door of a stage of one's own."""
    return lambda stage: a_front(stage, monkeypatch)


def refusing(status, code):
    """For a client's `before-send`: AWS answers with this error."""

    class Raw:
        def stream(self):
            return [f'{{"__type":"{code}","message":"no"}}'.encode()]

    return lambda request, **_: AWSResponse(request.url, status, {}, Raw())
