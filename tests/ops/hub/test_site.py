"""What an operator is told on a bad day: one line, and a code."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError

from chalicelib.vocabulary.errors import Misconfigured, Permanent, Rejected, Transient
from ops.environments import ROOT
from ops.hub.exits import Code, Stop, explained
from ops.hub.site import Site
from tests.ops.hub.conftest import Answerer, Desk, described

STACK = """\
<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeStacksResult>
<Stacks><member><StackName>switchboard-production</StackName><CreationTime>2026-11-25T00:00:00Z</CreationTime>
<StackStatus>CREATE_COMPLETE</StackStatus><Outputs>{outputs}</Outputs></member></Stacks>
</DescribeStacksResult></DescribeStacksResponse>"""
OUTPUTS = {
    "EndpointURL": "https://abc.execute-api.eu-central-1.amazonaws.com/hub/",
    "RestAPIId": "abc",
    "TableName": "switchboard-production-Table",
    "BucketName": "switchboard-production-bucket",
    "EventsQueueUrl": "https://sqs/events.fifo",
    "TargetQueueUrls": '{"crm": "https://sqs/crm.fifo"}',
    "DeadQueueUrls": '{"events": "https://sqs/events-dead.fifo", "crm": "https://sqs/crm-dead.fifo"}',
}
REFUSAL = """\
<ErrorResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><Error><Type>Sender</Type>
<Code>{code}</Code><Message>{message}</Message></Error><RequestId>1</RequestId></ErrorResponse>"""


def one_line(ended: object) -> bool:
    err = getattr(ended, "err", "")
    return bool(err) and err.count("\n") == 1 and getattr(ended, "out", "") == ""


def test_nothing_runs_on_this_machine(desk: Desk) -> None:
    desk.file.unlink()
    ended = desk.run("status")
    assert ended.code == 6
    assert "make run" in ended.err
    assert one_line(ended)


def test_a_file_that_was_cut_short(desk: Desk) -> None:
    desk.file.write_text('{"stage": "lo')
    ended = desk.run("status")
    assert ended.code == 6
    assert "make run" in ended.err


def test_a_local_run_that_has_ended(desk: Desk) -> None:
    fields = json.loads(desk.file.read_text())
    desk.file.write_text(json.dumps({**fields, "endpoint_url": "http://127.0.0.1:9"}))
    ended = desk.run("status", "--stage", "local")
    assert ended.code == 6
    assert "nothing answers at http://127.0.0.1:9" in ended.err
    assert one_line(ended)


def test_a_local_run_becomes_this_processs_aws(
    tmp_path: Path, serving: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "the-real-one")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a-real-key")
    url = serving(lambda *_: (200, b""))  # type: ignore[operator]
    file = tmp_path / "hub.json"
    queues = {"events": f"{url}/1/events.fifo", "crm": f"{url}/1/crm.fifo"}
    file.write_text(json.dumps(described(queues, endpoint_url=url)))
    site = Site.local(file)
    assert "AWS_PROFILE" not in os.environ
    assert os.environ["AWS_ACCESS_KEY_ID"] == "test"
    assert site.client("sqs").meta.endpoint_url == url
    assert site.dead_queues == {"events": f"{url}/1/events-dead.fifo", "crm": f"{url}/1/crm-dead.fifo"}


def test_a_table_that_is_gone(desk: Desk) -> None:
    fields = json.loads(desk.file.read_text())
    desk.file.write_text(json.dumps({**fields, "table": "no-such-table"}))
    ended = desk.run("status")
    assert ended.code in {2, 6}
    assert one_line(ended)


@pytest.fixture
def aws(serving: object, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> object:
    """An AWS that gives one answer to everything."""

    def answers(status: int, body: str) -> None:
        answerer: Answerer = lambda *_: (status, body.encode())  # noqa: E731
        monkeypatch.setenv("AWS_ENDPOINT_URL", serving(answerer))  # type: ignore[operator]
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))

    return answers


def test_a_deployed_stage(aws: object) -> None:
    members = "".join(
        f"<member><OutputKey>{key}</OutputKey><OutputValue>{value}</OutputValue></member>"
        for key, value in OUTPUTS.items()
    )
    aws(200, STACK.format(outputs=members))  # type: ignore[operator]
    site = Site.deployed("production")
    assert site.hub_url == "https://abc.execute-api.eu-central-1.amazonaws.com/hub"
    assert site.secrets == "/switchboard/production"
    assert site.target_queues == {"crm": "https://sqs/crm.fifo"}
    assert set(site.dead_queues) == {"events", "crm"}
    assert site.variables == {"PUBLIC_URL": site.hub_url}


@pytest.mark.parametrize(
    ("code", "message", "said"),
    [
        (
            "ValidationError",
            "Stack with id switchboard-production does not exist",
            "make deploy STAGE=production",
        ),
        ("AccessDenied", "User is not authorized", "these credentials may not do that"),
        ("ExpiredToken", "The security token is expired", "sign in again"),
        ("Whatever", "Something else", "AWS refused: Something else"),
    ],
)
def test_what_aws_refuses(desk: Desk, aws: object, code: str, message: str, said: str) -> None:
    aws(400, REFUSAL.format(code=code, message=message))  # type: ignore[operator]
    with pytest.raises(Stop) as stopped, explained():
        Site.deployed("production")
    assert stopped.value.code is Code.UNREACHABLE
    assert said in stopped.value.line


def test_no_region(desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    ended = desk.run("status", "--stage", "production")
    assert ended.code == 6
    assert "no AWS region" in ended.err
    assert one_line(ended)


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (NoCredentialsError(), Code.UNREACHABLE, "aws configure"),
        (EndpointConnectionError(endpoint_url="https://x"), Code.UNREACHABLE, "cannot reach"),
        (Transient("table_busy"), Code.UNREACHABLE, "table_busy"),
        (Misconfigured("no_queue", "deploy"), Code.USAGE, "deploy"),
        (Permanent("refused"), Code.UNEXPECTED, "refused"),
        (Rejected("odd"), Code.UNEXPECTED, "odd"),
        (
            ClientError({"Error": {"Code": "InvalidClientTokenId", "Message": "no"}}, "Call"),
            Code.UNREACHABLE,
            "sign in again",
        ),
    ],
)
def test_what_goes_wrong_is_one_line(error: Exception, code: Code, said: str) -> None:
    with pytest.raises(Stop) as stopped, explained():
        raise error
    assert stopped.value.code is code
    assert said in stopped.value.line
    assert "\n" not in stopped.value.line


def test_a_bug_keeps_its_trace() -> None:
    with pytest.raises(ZeroDivisionError), explained():
        raise ZeroDivisionError


def test_the_help_says_what_the_codes_mean(desk: Desk) -> None:
    ended = desk.run("--help")
    assert ended.code == 0
    assert "3 something waits, 4 something is parked or quarantined, 5 not found" in " ".join(
        ended.out.split()
    )
    for command in ("simulate", "proof", "explain", "journey", "waiting", "redrive", "quarantine", "status"):
        assert command in ended.out
        assert desk.run(command, "--help").code == 0


def test_the_help_of_commands_fits_80_columns(desk: Desk) -> None:
    page = desk.run("--help", columns="80").out
    assert "...\n" not in page.partition("Commands:")[2]
    commands = re.findall(r"^  ([a-z]+) {2,}", page, re.MULTILINE)
    assert len(commands) > 10
    for command in commands:
        shown = desk.run(command, "--help", columns="80").out
        assert max(map(len, shown.splitlines())) <= 80
        assert "<bool>" not in shown
        assert "[default: 0]" not in shown


@pytest.mark.parametrize(
    "words", [("nope",), ("proof", "--nope"), ("proof", "x", "--wait", "soon"), ("relay",)]
)
def test_a_mistyped_command_is_one_line(desk: Desk, words: tuple[str, ...]) -> None:
    ended = desk.run(*words)
    assert ended.code == 2
    (line,) = ended.err.splitlines()
    assert line.startswith("hub")
    assert line.endswith("--help)")


def test_a_local_run_that_describes_itself_in_part(tmp_path: Path) -> None:
    file = tmp_path / "hub.json"
    file.write_text("{}")
    with pytest.raises(Stop, match=r"has no bucket.*`make run`") as stop:
        Site.local(file)
    assert stop.value.code is Code.UNREACHABLE


def test_the_script_without_its_environment(tmp_path: Path) -> None:
    script = tmp_path / "hub"
    script.write_bytes((ROOT / "hub").read_bytes())
    script.chmod(0o755)
    ended = subprocess.run([str(script), "status"], capture_output=True, text=True, check=False)
    assert ended.returncode == 6
    assert "make" in ended.stderr
    assert ended.stderr.count("\n") == 1
