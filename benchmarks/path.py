"""The whole path of events over moto, through the functions that Lambda calls, with every call counted.

What AWS does between the functions is played here: the queue's poller receives up to ten messages, calls
the function and deletes what it did not report (a ReceiveMessage and a DeleteMessageBatch, which are
billed to us); the stream's poller hands over the new images of profile rows (its GetRecords are free). The
CRM is a server on loopback.
"""

from __future__ import annotations

import base64
import io
import itertools
import json
import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from moto import mock_aws

from benchmarks.meter import METER, watch
from chalicelib.configuration.stage import Configuration, encode
from chalicelib.vocabulary.delivery import Target
from ops import platforms
from ops.deploy.package import STAGES
from ops.platforms.whatsapp import meta_json, sign_whatsapp
from ops.stages.load import load_stage
from tests.handlers import deployed, shelf
from tests.handlers.alone import Context

_START = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)
_TARGET = "crm"

SECRETS: dict[str, dict[str, tuple[str, ...]]] = {
    "whatsapp": {"app_secret": ("whatsapp-app-secret",), "verify_token": ("whatsapp-verify-token",)},
    "telegram": {"secret_token": ("telegram_secret-token",)},
    "twilio": {"auth_token": ("twilio-auth-token",)},
    "crm": {"signing_secret": ("whsec_c3dpdGNoYm9hcmQtYmVuY2htYXJrLXNlY3JldA==",)},
}


def local_stage(crm_url: str = "https://crm.example.org") -> Configuration:
    """The stage of the local run, with one target."""
    configuration = load_stage(STAGES / "local")
    people = tuple(replace(person, capacity=1000) for person in configuration.directory.people)
    accounts = tuple(replace(account, secret=account.channel) for account in configuration.accounts)
    target = Target(name=_TARGET, connector="receiver", url=crm_url, secret="crm", private_network=True)  # noqa: S106
    return replace(
        configuration,
        version="benchmark",
        public_url="https://hub.example.org",
        accounts=accounts,
        targets=(target,),
        directory=replace(configuration.directory, people=people),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What is posted: `posts` requests of so many customers with so many messages each.

    known: whether it is always the same customers, request by request, or ones that were never seen.
    together: whether all posts are made before the queues are polled, so that batches are full.
    """

    name: str
    posts: int
    customers: int = 1
    messages: int = 1
    known: bool = True
    together: bool = False

    @property
    def events(self) -> int:
        """How many events it is in all."""
        return self.posts * self.customers * self.messages


KNOWN = Load(name="single, known customer", posts=20)
STRANGERS = Load(name="single, new customer", posts=20, known=False)
LOADS = (
    KNOWN,
    STRANGERS,
    Load(name="full batches, one event each", posts=10, customers=10, together=True),
    Load(name="full batches, five events each", posts=2, customers=10, messages=5, together=True),
)


class Crm(ThreadingHTTPServer):
    """A CRM that takes everything. received: bytes, headers and bodies."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Taken)
        self.calls = 0
        self.received = 0

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.server_port}/in"


class _Taken(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Crm

    def do_POST(self) -> None:
        length = int(self.headers["content-length"])
        self.rfile.read(length)
        self.server.calls += 1
        self.server.received += length + len(str(self.headers))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def _crm() -> Iterator[Crm]:
    server = Crm()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Path:
    """A deployed stage, and the pollers between its functions."""

    def __init__(self, configuration: Configuration, environment: Mapping[str, str]) -> None:
        import app  # noqa: PLC0415 - after the environment is set, as in Lambda
        from chalicelib.handlers import deliver, process, relay, tick  # noqa: PLC0415

        self.configuration = configuration
        self.events = environment["HUB_EVENTS_QUEUE"]
        self.target = json.loads(environment["HUB_TARGET_QUEUES"])[_TARGET]
        self.functions: dict[str, Callable[[Any, Any], Any]] = {
            "webhooks": app.app, "process": process.process, "relay": relay.relay,
            "deliver": deliver.deliver, "tick": tick.tick,
        }  # fmt: skip
        self._number = 0
        self._strangers = itertools.count(10_000, 100)

    def run(self, load: Load, tick: Callable[[], None]) -> None:
        """Post all of it and have it arrive."""
        for post in range(load.posts):
            first = post * load.customers if load.known else next(self._strangers)
            self._post(range(first, first + load.customers), load.messages)
            if not load.together:
                self.drain()
            tick()
        self.drain()

    def drain(self) -> None:
        """Poll until nothing is left."""
        self._poll(self.events, "process")
        images = METER.take_profiles()
        for at in range(0, len(images), 100):
            self.invoke("relay", shelf.from_stream(*[_as_streamed(image) for image in images[at : at + 100]]))
        self._poll(self.target, "deliver")

    def invoke(self, function: str, event: object) -> Any:
        """Call a function as Lambda does."""
        said = io.StringIO()
        with redirect_stdout(said), METER.of(function):
            answer = self.functions[function](event, Context())
        METER.invocations[function] += 1
        METER.log_bytes[function] += len(said.getvalue().encode())
        return answer

    def _post(self, customers: Sequence[int], messages: int) -> None:
        account = next(account for account in self.configuration.accounts if account.channel == "whatsapp")
        changes = []
        for customer in customers:
            for _ in range(messages):
                self._number += 1
                changes.append(self._message(account.id, customer))
        body = meta_json({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": changes}]})
        post = platforms.Post(
            url=shelf.webhook_url("whatsapp", account.id, self.configuration.public_url),
            headers={"content-type": "application/json"},
            body=body,
        )
        answer = self.invoke("webhooks", shelf.from_api(sign_whatsapp(post, SECRETS["whatsapp"])))
        _must(answer["statusCode"] == 200, "the front door refused a message")

    def _message(self, account: str, customer: int) -> object:
        person = replace(platforms.SARA, phone=f"+98912{customer:07d}", bsuid=f"IR.{10**15 + customer}")
        post = platforms.KINDS["whatsapp"]["message"](
            url="", account=account, secrets=SECRETS["whatsapp"], person=person, number=self._number,
            at=_START + timedelta(seconds=self._number), text="سلام، برای آخر هفته اتاق دو تخته دارید؟",
        )  # fmt: skip
        return json.loads(post.body)["entry"][0]["changes"][0]

    def _poll(self, url: str, function: str) -> None:
        sqs = deployed.aws("sqs")
        while self._waiting(url):
            with METER.of("poller"):
                answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"])
            messages = answer["Messages"]
            event = {"Records": [_as_received(message, url) for message in messages]}
            _must(not self.invoke(function, event)["batchItemFailures"], f"{function} failed")
            entries = [
                {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
                for number, message in enumerate(messages)
            ]
            with METER.of("poller"):
                sqs.delete_message_batch(QueueUrl=url, Entries=entries)

    def _waiting(self, url: str) -> bool:
        # A poller also asks in vain, but as often as it would without any event: that is a fixed cost.
        name = "ApproximateNumberOfMessages"
        known = deployed.aws("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=[name])
        return int(known["Attributes"][name]) > 0


def _must(kept: bool, otherwise: str) -> None:
    if not kept:
        raise AssertionError(otherwise)


def _as_received(message: Mapping[str, Any], url: str) -> dict[str, Any]:
    [record] = shelf.load("sqs_fifo_one")["Records"]
    queue = url.rsplit("/", 1)[-1]
    return {
        **record,
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message["Attributes"],
        "eventSourceARN": f"arn:aws:sqs:{deployed.REGION}:{deployed.ACCOUNT}:{queue}",
    }


def _as_streamed(image: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: {"B": base64.b64encode(value["B"]).decode()} if "B" in value else value
        for name, value in image.items()
    }


@contextmanager
def deployed_path() -> Iterator[tuple[Path, Crm]]:
    """A path whose containers are warm and whose first hundred customers have written before."""
    os.environ.update(
        AWS_ACCESS_KEY_ID="testing",
        AWS_SECRET_ACCESS_KEY="testing",  # noqa: S106
        AWS_DEFAULT_REGION=deployed.REGION,
        POWERTOOLS_SERVICE_NAME="switchboard-benchmark",
    )
    watch()
    with mock_aws(), _crm() as crm:
        configuration = local_stage(crm.url)
        sections = {
            name: base64.b64encode(section).decode() for name, section in encode(configuration).items()
        }
        kinds = {"crm": "targets"}
        parameters = {
            f"{kinds.get(name, 'accounts')}/{name}": json.dumps(held) for name, held in SECRETS.items()
        }
        setup = {"sections": sections, "targets": [_TARGET], "parameters": parameters}
        environment = deployed.deploy(setup)
        os.environ.update(environment)
        path = Path(configuration, environment)
        _log_to_stdout()
        yield path, crm


def _log_to_stdout() -> None:
    from chalicelib import telemetry  # noqa: PLC0415

    class Now:
        def write(self, line: str) -> None:
            sys.stdout.write(line)

        def flush(self) -> None:
            sys.stdout.flush()

    for handler in telemetry.log.handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.stream = Now()
