"""The front door in this process, over moto, with faults at its AWS clients and a clock to turn."""

import sys
from contextlib import contextmanager
from dataclasses import dataclass, replace
from logging import StreamHandler
from types import SimpleNamespace

import botocore.session
import pytest
from moto import mock_aws

import app
from chalicelib import telemetry
from chalicelib.aws.clients import Clients
from chalicelib.handlers import webhooks
from chalicelib.runtime.front import Front, now
from chalicelib.runtime.workers import Edges, Workers
from chalicelib.store.packing import from_text, unpack_intake
from chalicelib.vocabulary.account import Account
from tests.handlers import deployed
from tests.handlers.alone import Context
from tests.handlers.stages import setup_of
from tests.pipeline.world import a_configuration

NUMBER = "+982100000001"


@dataclass
class Door:
    """A deployed front door, and the workers beside it."""

    environment: dict[str, str]
    clock: SimpleNamespace
    capture: pytest.CaptureFixture[str]
    front: Front
    workers: Workers
    clients: Clients
    printed: str = ""

    def __call__(self, event):
        return app.app(event, Context())

    @property
    def said(self):
        """All that it has printed."""
        out, err = self.capture.readouterr()
        self.printed += out + err
        return self.printed

    def queued(self):
        """The events on the queue, taken from it."""
        found = deployed.messages(self.environment["HUB_EVENTS_QUEUE"])
        return [event for one in found for event in unpack_intake(from_text(one["body"])).events]

    def objects(self):
        return deployed.objects(self.environment["HUB_BUCKET"])

    def lose_queue(self):
        deployed.aws("sqs").delete_queue(QueueUrl=self.environment["HUB_EVENTS_QUEUE"])

    def lose_table(self):
        deployed.aws("dynamodb").delete_table(TableName=self.environment["HUB_TABLE"])

    def lose_copy(self):
        deployed.aws("s3").delete_object(Bucket=self.environment["HUB_BUCKET"], Key="configuration/accounts")

    def lose_row(self, name):
        key = {"pk": {"S": "CONFIG"}, "sk": {"S": name}}
        deployed.aws("dynamodb").delete_item(TableName=self.environment["HUB_TABLE"], Key=key)

    def replace_secret(self, name, text):
        path = f"{deployed.SECRETS}/accounts/{name}"
        deployed.aws("ssm").put_parameter(Name=path, Value=text, Type="SecureString", Overwrite=True)

    def lose_secrets(self):
        found = deployed.aws("ssm").get_parameters_by_path(Path=deployed.SECRETS, Recursive=True)
        deployed.aws("ssm").delete_parameters(Names=[one["Name"] for one in found["Parameters"]])


class Stdout:
    """Wherever standard output goes now: a logger keeps the one it was made with."""

    def write(self, line):
        sys.stdout.write(line)

    def flush(self):
        sys.stdout.flush()


for handler in telemetry.log.handlers:
    assert isinstance(handler, StreamHandler)
    handler.stream = Stdout()


SESSION = botocore.session.get_session()
"""One for all tests: its service models take long to read."""


@contextmanager
def a_front(stage, monkeypatch, capture):
    clock = SimpleNamespace(now=1000.0)
    with mock_aws():
        environment = deployed.deploy(setup_of(stage))
        clients = Clients(session=SESSION)
        front = Front(environ=environment, client=clients, clock=lambda: clock.now, now=now)
        workers = Workers(Edges(environ=environment, client=clients, clock=lambda: clock.now))
        monkeypatch.setattr(webhooks, "front", lambda: front)
        yield Door(
            environment=environment,
            clock=clock,
            capture=capture,
            front=front,
            workers=workers,
            clients=clients,
        )


def a_configuration_with_a_number(**changes):
    stage = a_configuration(**changes)
    number = Account(channel="twilio", id=NUMBER, secret="twilio", language="fa")
    return replace(stage, accounts=(*stage.accounts, number))


@pytest.fixture
def front(monkeypatch, capsys):
    with a_front(a_configuration_with_a_number(), monkeypatch, capsys) as deployed_front:
        yield deployed_front


@pytest.fixture
def front_of(monkeypatch, capsys):
    """A front door of a stage of one's own."""
    return lambda stage: a_front(stage, monkeypatch, capsys)


def answering(status, body):
    """For a client's `before-call`: AWS answers this, and moto is not asked."""
    return lambda **_: (SimpleNamespace(status_code=status), {"ResponseMetadata": {}, **body})


def refusing(status, code):
    """For a client's `before-call`: AWS answers with this error."""
    return answering(status, {"Error": {"Code": code, "Message": "no"}})
