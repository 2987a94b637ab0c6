"""Runs AWS on this machine: ministack, on loopback only, with the same template as a real stage.

    with LocalAws(folder) as aws:
        outputs = aws.deploy(package)

`docs/local-differences.md` lists what it does otherwise than AWS.
"""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import subprocess
import time
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

from ops.deploy.package import Package
from ops.deploy.stack import Outputs, deploy
from ops.environments import environment
from ops.local import strict_sqs
from ops.local.ports import HOST, free_port, trouble

REGION = "us-east-1"

_CODE_BUCKET = "switchboard-code"
_READY_SECONDS = 30.0
_STOP_SECONDS = 20.0
_POLL_SECONDS = 0.05
_SITE = """\
import os

if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    import strict_sqs

    strict_sqs.strict_everywhere()
"""
_SERVICES = (
    "apigateway,cloudformation,cloudwatch,dynamodb,dynamodbstreams,events,iam,kms,lambda,logs,s3,sns,sqs,"
    "ssm,sts"
)


class LocalAwsError(RuntimeError):
    """The local AWS could not do what was asked; an operator is told its text and nothing else."""


class LocalAws:
    """One ministack process and what is deployed in it.

    Its state is in `folder`, and is there again after `restart`, or when another is started on the folder
    and port. It is stopped by the process id of what was started here, and nothing else.
    """

    def __init__(self, folder: Path, *, port: int = 0) -> None:
        self.folder = folder
        self.port = port or free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._clients: dict[str, Any] = {}

    @property
    def endpoint(self) -> str:
        """Where every AWS service answers."""
        return f"http://{HOST}:{self.port}"

    @property
    def log(self) -> Path:
        """What ministack and the functions in it wrote."""
        return self.folder / "ministack.log"

    @property
    def pid(self) -> int | None:
        """The process, None when none was started here."""
        return self._process.pid if self._process else None

    @property
    def died(self) -> bool:
        """Whether it has ended by itself."""
        return self._process is not None and self._process.poll() is not None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start it and wait until it answers."""
        python = environment("ministack")
        if why := trouble(self.port):
            raise LocalAwsError(f"port {self.port} {why}: stop what listens there or choose another port")
        for name in ("state", "s3", "tmp", "site"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        self._be_strict()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [str(python), "-m", "ministack"],
                env=self._environment(),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-C is for the program that started it, which then stops it in order.
                start_new_session=True,
            )
        try:
            self._await_ready()
        except LocalAwsError:
            self.stop()
            raise

    def stop(self) -> None:
        """End it, state saved, and the functions it runs with it."""
        for client in self._clients.values():
            client.close()
        self._clients.clear()
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        # Functions run in its process group; one that was in the middle of something outlives it.
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return

    def restart(self) -> None:
        """Stop and start on the same port: a short outage of all of AWS, nothing lost."""
        self.stop()
        self.start()

    def client(self, service: str) -> Any:  # noqa: ANN401 - boto3 makes its clients' types at run time
        """The boto3 client of a service here, with made-up credentials; `stop` closes it."""
        if service not in self._clients:
            self._clients[service] = boto3.client(
                service,
                endpoint_url=self.endpoint,
                region_name=REGION,
                aws_access_key_id="local",
                aws_secret_access_key="local",  # noqa: S106 - ministack checks none
                config=Config(retries={"max_attempts": 2}, read_timeout=120),
            )
            if service == "sqs":
                strict_sqs.strict(self._clients[service])
        return self._clients[service]

    def deploy(self, package: Package) -> Outputs:
        """Deploy the packaged stage, as a change if it is there already; return where everything is."""
        s3 = self.client("s3")
        s3.create_bucket(Bucket=_CODE_BUCKET)
        deployed = deploy(
            package,
            cloudformation=self.client("cloudformation"),
            s3=s3,
            code_bucket=_CODE_BUCKET,
            poll=0.2,
        )
        self._take_bytes(package, deployed.rest_api)
        # The real URL names the API by host, which no resolver knows here.
        stage = urlsplit(deployed.hub_url).path.strip("/")
        url = f"{self.endpoint}/restapis/{deployed.rest_api}/{stage}/_user_request_"
        return replace(deployed, hub_url=url)

    def _take_bytes(self, package: Package, api: str) -> None:
        """Have the API hand bodies on as the bytes that came, as the template asks and AWS does.

        In a form that only ministack takes: AWS's own, one change per type, has no effect here.
        """
        definition = json.loads(package.template.read_text())["Resources"]["RestAPI"]["Properties"]
        types = definition["DefinitionBody"].get("x-amazon-apigateway-binary-media-types", [])
        change = {"op": "replace", "path": "/binaryMediaTypes", "value": types}
        connection = http.client.HTTPConnection(HOST, self.port, timeout=30)
        try:
            connection.request("PATCH", f"/restapis/{api}", json.dumps({"patchOperations": [change]}))
            answer = connection.getresponse()
            said = answer.read()
        finally:
            connection.close()
        if answer.status != HTTPStatus.OK or json.loads(said).get("binaryMediaTypes") != types:
            raise LocalAwsError(f"the local API does not take {types} as bytes: {answer.status}")

    def _be_strict(self) -> None:
        """Have the functions' own clients check what ministack does not.

        They get a copy: with our folder on their path they would find what the zip forgot.
        """
        site = self.folder / "site"
        shutil.copy(Path(strict_sqs.__file__), site)
        (site / "sitecustomize.py").write_text(_SITE)

    def _environment(self) -> dict[str, str]:
        inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TZ") if name in os.environ}
        return {
            **inherited,
            "BIND_HOST": HOST,
            "MINISTACK_HOST": HOST,
            "GATEWAY_PORT": str(self.port),
            "MINISTACK_REGION": REGION,
            "SERVICES": _SERVICES,
            # Both would listen on every interface.
            "SFTP_ENABLED": "0",
            "IOT_MTLS_ENABLED": "0",
            "LAMBDA_EXECUTOR": "local",
            # No containers: not even to look for some that an earlier one may have left.
            "DOCKER_HOST": "unix:///nonexistent",
            "PERSIST_STATE": "1",
            "STATE_DIR": str(self.folder / "state"),
            "S3_PERSIST": "1",
            "S3_DATA_DIR": str(self.folder / "s3"),
            "PYTHONPATH": str(self.folder / "site"),
            "TMPDIR": str(self.folder / "tmp"),
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "LOG_LEVEL": "INFO",
        }

    def _await_ready(self) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                break
            asked = http.client.HTTPConnection(HOST, self.port, timeout=1)
            try:
                asked.request("GET", "/_ministack/ready")
                if asked.getresponse().status == HTTPStatus.OK:
                    return
            except OSError:
                pass
            finally:
                asked.close()
            time.sleep(_POLL_SECONDS)
        last = (self.log.read_text(errors="replace").strip() or "it said nothing").splitlines()[-1]
        raise LocalAwsError(f"ministack did not start: {last} (all of it: {self.log})")
