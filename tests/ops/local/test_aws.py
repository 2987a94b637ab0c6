"""The real template on the local AWS: it deploys, answers, keeps its state, and listens on loopback only."""

import http.client
import json
import os
import re
import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from ops.deploy.package import package, stage_targets
from ops.environments import BUILD
from ops.local.aws import LocalAws, LocalAwsError

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("aws")]


@pytest.fixture(scope="module")
def aws(tmp_path_factory):
    with LocalAws(tmp_path_factory.mktemp("aws")) as running:
        yield running


@pytest.fixture(scope="module")
def outputs(aws, tmp_path_factory):
    BUILD.mkdir(exist_ok=True)
    out = tmp_path_factory.mktemp("package") / "local"
    return aws.deploy(package("local", stage_targets("local"), out=out, platform="host"))


def ask(url, method="GET", body=None):
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
    try:
        connection.request(method, parts.path, body=body)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_the_front_door_answers_where_the_outputs_say(outputs):
    # Nothing was pushed to this stage, and what cannot be looked up is never "not found".
    status, _ = ask(f"{outputs.hub_url}/webhooks/telegram/nobody", "POST", b"\xff\x00")
    assert status == 503


def test_every_target_of_the_stage_has_its_queue(outputs):
    assert set(outputs.target_queues) == {target.name for target in stage_targets("local")}
    assert set(outputs.dead_queues) == {"events", *outputs.target_queues}


def test_a_second_deployment_of_the_same_changes_nothing(aws, outputs, tmp_path):
    same = package("local", stage_targets("local"), out=tmp_path / "local", platform="host")
    assert aws.deploy(same) == outputs


@pytest.mark.usefixtures("outputs")
@pytest.mark.parametrize("function", ["process", "relay", "deliver"])
def test_a_worker_runs_with_nothing_but_the_zip_and_what_lambda_has(aws, function):
    answer = aws.client("lambda").invoke(
        FunctionName=f"switchboard-local-{function}", Payload=json.dumps({"Records": []})
    )
    assert "FunctionError" not in answer, answer["Payload"].read()


@pytest.mark.usefixtures("outputs")
def test_an_open_breaker_can_disable_a_mapping(aws):
    functions = aws.client("lambda")

    def states():
        found = functions.list_event_source_mappings()["EventSourceMappings"]
        return {one["EventSourceArn"].rsplit(":", 1)[-1]: (one["UUID"], one["State"]) for one in found}

    uuid, before = states()["switchboard-local-target-standin.fifo"]
    functions.update_event_source_mapping(UUID=uuid, Enabled=False)
    after = states()["switchboard-local-target-standin.fifo"][1]
    functions.update_event_source_mapping(UUID=uuid, Enabled=True)
    assert (before, after) == ("Enabled", "Disabled")


def listeners(pid):
    """Addresses that the process listens on, read from the kernel."""
    sockets = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        if found := re.match(r"socket:\[(\d+)]", str(descriptor.readlink())):
            sockets.add(found[1])
    addresses = set()
    for table, width in (("tcp", 8), ("tcp6", 32)):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in sockets:
                addresses.add(fields[1][:width])
    return addresses


@pytest.mark.usefixtures("outputs")
@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="reads the kernel's own tables")
def test_it_listens_on_loopback_and_nowhere_else(aws):
    loopback = socket.inet_aton("127.0.0.1")[::-1].hex().upper()
    assert listeners(aws.pid) == {loopback}


def test_what_was_stored_is_there_after_a_restart(aws, outputs):
    aws.client("ssm").put_parameter(Name="/switchboard/local/accounts/x", Value="kept", Type="SecureString")
    aws.restart()
    found = aws.client("ssm").get_parameter(Name="/switchboard/local/accounts/x", WithDecryption=True)
    assert found["Parameter"]["Value"] == "kept"
    assert ask(f"{outputs.hub_url}/webhooks/telegram/nobody")[0] == 503


def test_nothing_outlives_it(tmp_path):
    with LocalAws(tmp_path) as aws:
        pid = aws.pid
        assert pid is not None
    assert aws.pid is None
    assert not Path(f"/proc/{pid}").exists()
    with pytest.raises(ProcessLookupError):
        os.killpg(pid, 0)


def test_a_port_in_use_is_said_in_one_line(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(LocalAwsError, match=r"^port \d+ is in use: .*$"):
            LocalAws(tmp_path, port=taken.getsockname()[1]).start()
