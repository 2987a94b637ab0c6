"""Each function by itself in a fresh interpreter, called with an event as AWS sends it.

Lambda imports the front door through `app`, and every worker's module without it.
"""

import base64
import json
import os
import subprocess
import sys
import threading
from collections import Counter
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from chalicelib.aws.queues import group as group_of
from chalicelib.store.packing import from_text, pack, text, unpack_change, unpack_intake
from chalicelib.store.rows import unpack_absorbed
from chalicelib.vocabulary.account import Account
from chalicelib.vocabulary.messages import Change
from tests.handlers import deployed, shelf
from tests.handlers.stages import setup_of
from tests.pipeline.world import SECRETS, a_configuration, message, world

ROOT = Path(__file__).parents[2]
HANDLERS = "chalicelib.handlers"
WORKERS = ("process", "relay", "deliver", "tick")
EVENTS = {"webhooks": "api_binary_body", "process": "sqs_fifo_batch", "relay": "dynamodb_stream"}


def interpreter(*arguments, **options):
    environment = {
        "PATH": os.environ["PATH"],
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": deployed.REGION,
        "POWERTOOLS_SERVICE_NAME": f"switchboard-{deployed.STAGE}",
    }
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        **options,
    )
    assert done.returncode == 0, done.stderr
    return done


def call(handler, *events, setup, tmp_path):
    """The report of one interpreter (see `alone`), with all it printed as `log`."""
    report = tmp_path / "report.json"
    told = {"setup": setup, "events": events, "report": str(report)}
    done = interpreter("-m", "tests.handlers.alone", handler, input=json.dumps(told))
    return json.loads(report.read_text()) | {"log": done.stdout + done.stderr}


def assert_alone(report, function):
    """Of our handlers, only this one and what it shares was imported; and not `app`."""
    ours = {name for name in report["modules"] if name == "app" or name.startswith(f"{HANDLERS}.")}
    assert f"{HANDLERS}.{function}" in ours
    assert ours <= {f"{HANDLERS}.{function}", f"{HANDLERS}.batch", f"{HANDLERS}.guard"}


def rows_by_sort_key(report):
    return Counter(row["sk"]["S"] for row in report["rows"])


def test_the_front_door_puts_a_genuine_message_on_the_queue(tmp_path):
    event = shelf.load("api_binary_body")
    report = call("app.app", event, setup=setup_of(a_configuration()), tmp_path=tmp_path)
    assert report["answers"][0]["statusCode"] == 200
    [queued] = report["events"]
    [absorbed] = unpack_intake(from_text(queued["body"])).events
    assert absorbed.id == "wamid.1"
    assert queued["attributes"]["MessageGroupId"] == group_of(absorbed.customer)
    assert "pynamodb" not in report["modules"]


@pytest.mark.parametrize(
    "name", ["api_text_body", "api_no_accept", "api_no_content_type", "api_escaped_path", "api_handshake"]
)
def test_the_front_door_answers_every_event_on_the_shelf(name, tmp_path):
    stage = a_configuration()
    number = Account(channel="twilio", id="+982100000001", secret="twilio")
    setup = setup_of(replace(stage, accounts=(*stage.accounts, number)))
    report = call("app.app", shelf.load(name), setup=setup, tmp_path=tmp_path)
    assert report["answers"][0]["statusCode"] == 200
    assert len(report["events"]) == (name != "api_handshake")


def test_process_writes_every_event_of_a_batch_and_its_customer(tmp_path):
    report = call(
        f"{HANDLERS}.process.process",
        shelf.load("sqs_fifo_batch"),
        setup=setup_of(a_configuration()),
        tmp_path=tmp_path,
    )
    assert_alone(report, "process")
    assert report["answers"] == [{"batchItemFailures": []}]
    assert rows_by_sort_key(report) >= Counter(EVENT=3, PROFILE=2, IDENTITY=2, LOAD=2)
    stored = [
        unpack_absorbed(base64.b64decode(r["body"]["B"])) for r in report["rows"] if r["sk"]["S"] == "EVENT"
    ]
    assert sorted(one.event.id for one in stored) == ["wamid.1", "wamid.2", "wamid.3"]
    assert {one.consequence.decision.owner for one in stored} == {"neda", "reza"}


def test_relay_puts_each_profile_change_on_its_target_s_queue(tmp_path):
    report = call(
        f"{HANDLERS}.relay.relay",
        shelf.load("dynamodb_stream"),
        setup=setup_of(a_configuration()),
        tmp_path=tmp_path,
    )
    assert_alone(report, "relay")
    assert report["answers"] == [{"sent": 2}]
    changes = [unpack_change(from_text(queued["body"])) for queued in report["targets"]["crm"]]
    assert [(change.seq, change.events) for change in changes] == [
        (1, ("whatsapp#100001#message#wamid.1",)),
        (7, ("whatsapp#100001#message#wamid.2",)),
    ]
    assert "pynamodb" not in report["modules"]


Arrived = tuple[dict[str, str], dict[str, Any]]
"""The headers and the body of a call."""


class Crm(NamedTuple):
    port: int
    calls: list[Arrived]


@pytest.fixture
def crm():
    """A CRM on loopback."""
    calls: list[Arrived] = []

    class Calls(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            calls.append((dict(self.headers), json.loads(body)))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Calls)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield Crm(server.server_port, calls)
    server.shutdown()
    thread.join()
    server.server_close()


def test_deliver_calls_the_crm_and_keeps_the_ledger(crm, tmp_path):
    stage = a_configuration()
    url = f"http://127.0.0.1:{crm.port}/in"
    stage = replace(stage, targets=(replace(stage.targets[0], url=url, private_network=True),))
    with world(configuration=stage) as before:
        [absorbed] = before.absorb(message(1))
        rows = deployed.only_rows()
    change = Change(target="crm", profile=absorbed.profile, seq=1, events=(absorbed.event.key,))
    event = shelf.from_queue(("profile", text(pack(change))), queue="switchboard-local-target-crm.fifo")
    report = call(f"{HANDLERS}.deliver.deliver", event, setup=setup_of(stage, rows), tmp_path=tmp_path)
    assert_alone(report, "deliver")
    assert report["answers"] == [{"batchItemFailures": []}]
    [(headers, posted)] = crm.calls
    assert headers["Webhook-Id"] == absorbed.event.reference
    assert posted["data"]["event"]["text"] == absorbed.event.text
    [ledger] = [row for row in report["rows"] if row["sk"]["S"] == "D#crm"]
    assert ledger["state"]["S"] == "done"


def test_tick_says_what_there_was_to_do(tmp_path):
    with world() as before:
        before.absorb(message(1))
        rows = deployed.only_rows()
    report = call(
        f"{HANDLERS}.tick.tick",
        shelf.load("schedule"),
        setup=setup_of(a_configuration(), rows),
        tmp_path=tmp_path,
    )
    assert_alone(report, "tick")
    [counts] = report["answers"]
    assert counts | {"closed": 0, "recounted": 0} == {
        "fed": 0, "probed": 0, "closed": 0, "offered": 0, "recounted": 0,
    }  # fmt: skip


@pytest.mark.parametrize("function", WORKERS)
def test_a_worker_s_module_needs_no_environment_to_be_imported(function):
    code = f"import {HANDLERS}.{function}, sys; print('app' in sys.modules)"
    assert interpreter("-c", code).stdout.strip() == "False"


def test_the_front_door_imports_nothing_that_only_workers_need():
    loaded = interpreter("-c", "import app, sys; print(*sys.modules)").stdout.split()
    heavy = (
        *("pynamodb", "boto3", "phonenumbers", "chalicelib.store.table", "chalicelib.store.rows"),
        *("chalicelib.crms", "chalicelib.profiles", "chalicelib.routing", "chalicelib.pipeline.process"),
        *("chalicelib.pipeline.deliver", "chalicelib.pipeline.clock"),
        *("aws_lambda_powertools.utilities.batch", "aws_lambda_powertools.utilities.parser"),
        "aws_xray_sdk",
    )
    assert [name for name in loaded if name in heavy or name.startswith(tuple(f"{h}." for h in heavy))] == []


def test_the_app_does_not_silence_our_log():
    code = "import app; from chalicelib import telemetry as t; t.log_item('webhooks', 'done'); t.count('n')"
    line, metric = map(json.loads, interpreter("-c", code).stdout.splitlines())
    assert (line["service"], line["outcome"]) == ("switchboard-local", "done")
    assert metric["service"] == "switchboard-local"


def test_a_secret_and_a_person_are_never_in_what_a_function_prints(tmp_path):
    """Accepted, forged, unreadable and unknown, each with somebody's text, name and phone in it."""
    genuine = shelf.load("api_binary_body")
    body = base64.b64decode(genuine["body"])
    forged = shelf.load("api_binary_body")
    forged["body"] = base64.b64encode(body.replace(b"wamid.1", b"wamid.2")).decode()
    unknown = shelf.load("api_binary_body")
    unknown["pathParameters"]["account"] = "989120000001"
    unknown["path"] = "/webhooks/whatsapp/989120000001"
    garbled = shelf.load("api_binary_body")
    garbled["headers"]["X-Hub-Signature-256"] = "sha256=meta-secret"
    posts = (genuine, forged, unknown, garbled, shelf.load("api_handshake"), shelf.load("api_no_accept"))
    report = call("app.app", *posts, setup=setup_of(a_configuration()), tmp_path=tmp_path)
    assert [answer["statusCode"] for answer in report["answers"]] == [200, 401, 404, 401, 200, 200]
    processed = call(
        f"{HANDLERS}.process.process",
        shelf.load("sqs_fifo_batch"),
        shelf.from_queue(("group", text(pack("سارا رستمی")))),
        setup=setup_of(a_configuration()),
        tmp_path=tmp_path,
    )
    personal = ["989120000001", "سارا", "سلام", "\\u0633", 'wamid.1"', "Sara", "Omid"]
    secret = [value for held in SECRETS.values() for values in held.values() for value in values]
    signatures = [genuine["headers"]["X-Hub-Signature-256"].removeprefix("sha256=")]
    printed = report["log"] + processed["log"] + json.dumps(report["answers"])
    assert '"outcome":"done"' in printed
    assert [word for word in (*personal, *secret, *signatures) if word in printed] == []
