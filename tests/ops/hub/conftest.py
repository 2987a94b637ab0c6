"""An operator's desk: a stage on moto with real queues, and the hub command as it is typed."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache, partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from botocore.loaders import JSONFileLoader
from typer.testing import CliRunner

from chalicelib.configuration.stage import Configuration
from chalicelib.store.packing import from_text, unpack_change, unpack_intake
from chalicelib.vocabulary.messages import Change, Intake
from chalicelib.vocabulary.people import Profile
from chalicelib.vocabulary.request import Request
from ops.hub.__main__ import app
from ops.hub.push import make_current
from ops.hub.site import Site
from tests.pipeline.world import SECRETS, World, a_configuration, world

REGION = "eu-central-1"
QUEUES = {"events": "hub-events", "crm": "hub-target-crm"}


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Desk:
    """What the operator has: a site, its world, and the command."""

    hub: World
    site: Site
    file: Path

    def run(self, *words: str, answer: str | None = None, columns: str = "100") -> Ended:
        typed = CliRunner().invoke(
            app, list(words), env={"HUB_JSON": str(self.file), "COLUMNS": columns}, input=answer
        )
        if typed.exception and not isinstance(typed.exception, SystemExit):
            raise typed.exception
        return Ended(typed.exit_code, typed.stdout, typed.stderr)

    def put_secret(self, name: str, value: object) -> None:
        self.site.client("ssm").put_parameter(
            Name=f"/switchboard/local/{name}", Value=json.dumps(value), Type="SecureString", Overwrite=True
        )

    def push(self, **changes: Any) -> Configuration:
        """Make a changed stage the one that is configured and processed with."""
        self.hub.configuration = replace(self.hub.configuration, **changes)
        make_current(self.site, self.hub.configuration)
        return self.hub.configuration

    def changes(self) -> list[Change]:
        """What lies in the target's queue, taken out in order."""
        return [unpack_change(from_text(body)) for body in self.taken("crm")]

    def intakes(self) -> list[Intake]:
        return [unpack_intake(from_text(body)) for body in self.taken("events")]

    def taken(self, queue: str) -> list[str]:
        sqs = self.site.client("sqs")
        url = {"events": self.site.events_queue, **self.site.target_queues}[queue]
        bodies = []
        while got := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in got:
                bodies.append(message["Body"])
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return bodies

    def profile(self) -> Profile:
        """The first customer of this world."""
        return self.hub.profile("p1")


@pytest.fixture(scope="session", autouse=True)
def _botocore_reads_its_files_once() -> Iterator[None]:
    """Each command is a new process in life and a new session here: half of the time was these files."""
    once = cache(JSONFileLoader().load_file)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(JSONFileLoader, "load_file", lambda _, path: once(path))
        yield


@pytest.fixture(autouse=True)
def _environment() -> Iterator[None]:
    """A local run's file changes the process's AWS."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with world() as fresh:
        file = tmp_path / "hub.json"
        file.write_text(
            json.dumps(
                described({name: _url(queue) for name, queue in QUEUES.items()}, table=fresh.table.name)
            )
        )
        site = Site.local(file)
        for name in (name for queue in QUEUES.values() for name in (queue, f"{queue}-dead")):
            site.client("sqs").create_queue(QueueName=f"{name}.fifo", Attributes={"FifoQueue": "true"})
        here = {"LocationConstraint": REGION}
        site.client("s3").create_bucket(Bucket=site.bucket, CreateBucketConfiguration=here)
        made = Desk(hub=fresh, site=site, file=file)
        for name, value in SECRETS.items():
            made.put_secret(f"{'targets' if name == 'crm' else 'accounts'}/{name}", value)
        fresh.table = made.site.table
        fresh.configuration = a_configuration()
        make_current(made.site, fresh.configuration)
        yield made


def _url(queue: str) -> str:
    return f"https://sqs.{REGION}.amazonaws.com/123456789012/{queue}.fifo"


def described(urls: dict[str, str], **changes: Any) -> dict[str, Any]:
    """What a local run writes; without an `endpoint_url` it is moto's."""
    return {
        "stage": "local",
        "hub_url": "https://hub.example.org",
        "endpoint_url": "",
        "region": REGION,
        "table": "hub",
        "bucket": "hub-bucket",
        "events_queue": urls["events"],
        "target_queues": {"crm": urls["crm"]},
        "secrets": "/switchboard/local",
        "variables": {"CRM_URL": "https://crm.example.org"},
        "accounts": [],
        **changes,
    }


class _Handler(BaseHTTPRequestHandler):
    """Hands a request's bytes to a function, and its status and body back."""

    def __init__(self, answer: Answerer, *about: Any) -> None:
        self.answer = answer
        super().__init__(*about)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        status, answer = self.answer(self.path, {k.lower(): v for k, v in self.headers.items()}, body)
        self.send_response(status)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: Any) -> None:
        """Say nothing: tests read what the command says."""


Answerer = Callable[[str, dict[str, str], bytes], tuple[int, bytes]]


@pytest.fixture
def serving() -> Iterator[Callable[[Answerer], str]]:
    """Serve a function on loopback; its address."""
    servers: list[HTTPServer] = []

    def serve(answer: Answerer) -> str:
        server = HTTPServer(("127.0.0.1", 0), partial(_Handler, answer))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def open_desk(desk: Desk, serving: Callable[[Answerer], str]) -> Desk:
    """A desk whose front door is open: what is posted is received by the real pipeline."""

    def answer(path: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        channel, account = unquote(path).split("/")[2:4]
        request = Request(method="POST", url=path, headers=headers, body=body, received_at=datetime.now(UTC))
        told = desk.hub.post(channel, account, request)
        return told.status, told.body.encode()

    desk.push(public_url=serving(answer))
    return desk
