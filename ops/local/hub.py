"""Starts the whole hub on this machine: a local AWS with the deployed stage, the stand-in CRM, a real Tryton.

    with LocalHub(folder) as hub:
        hub.doors["telegram"]

Everything listens on 127.0.0.1 and is stopped by whoever started it.
"""

from __future__ import annotations

import base64
import json
import secrets as chance
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol, Self

from chalicelib.channels import CHANNELS
from chalicelib.configuration.stage import Configuration
from chalicelib.vocabulary.account import Account
from ops.deploy.package import package
from ops.deploy.stack import Outputs
from ops.environments import BUILD, ROOT, environment
from ops.hub.push import make_current
from ops.hub.site import Site
from ops.local.aws import REGION, LocalAws, LocalAwsError
from ops.local.folder import RunFolder
from ops.local.ports import Wish, require
from ops.local.scenario import Door
from ops.local.standin.server import Standin
from ops.local.tryton.database import prepare
from ops.local.tryton.server import Tryton
from ops.stages.load import load_stage

STAGE = "local"

_POLL = 0.3

Say = Callable[[str], None]
"""Called with each step before it begins."""


class LocalHub:
    """A deployed local stage, which has `folder` to itself while it runs. Ports of 0 are chosen freely.

    afresh: whether what an earlier run left in the folder is removed first.
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int = 0,
        crm_port: int = 0,
        tryton_port: int = 0,
        afresh: bool = False,
        say: Say = lambda _: None,
    ) -> None:
        self.folder = RunFolder(folder)
        self.path = self.folder.path
        self.aws = LocalAws(self.path / "aws", port=port)
        self.tryton = Tryton(self.path / "tryton", port=tryton_port)
        self.signing_secret = "whsec_" + base64.b64encode(chance.token_bytes(32)).decode()
        self._crm_port = crm_port
        self._afresh = afresh
        self._say = say
        self._running = ExitStack()
        self.standin: Standin
        self.outputs: Outputs
        self.configuration: Configuration
        self.site: Site
        self.secrets: dict[str, dict[str, tuple[str, ...]]] = {}

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start everything; what was started is stopped again if one part fails or somebody interrupts it.

        Raises `FolderRefused` or `PortTaken` before anything is started or removed.
        """
        with ExitStack() as parts:
            self.folder.claim()
            parts.callback(self.folder.release)
            self._require_ports()
            # Here and not by the parts: what installs can be interrupted only where signals arrive.
            self._say("environments")
            for name in ("ministack", "tryton"):
                environment(name)
            prepare()
            if self._afresh:
                self.folder.clear()
            self._say("stand-in CRM")
            self.standin = Standin(self.path / "crm.sqlite", [self.signing_secret], port=self._crm_port)
            parts.callback(self.standin.stop)
            self.standin.start()
            self._say("Tryton and a local AWS")
            parts.callback(self.tryton.stop)
            parts.callback(self.aws.stop)
            _start_side_by_side(self.tryton, self.aws)
            self._deploy()
            parts.callback((self.path / "hub.json").unlink, missing_ok=True)
            self._configure()
            self._running = parts.pop_all()

    def stop(self) -> None:
        """Stop everything; the folder keeps its state."""
        self._running.close()

    def deaths(self) -> list[str]:
        """The servers that have ended by themselves, a line each."""
        return [
            f"{name} has ended by itself: what it said last is in {log}"
            for name, part, log in (
                ("the local AWS", self.aws, self.aws.log),
                ("Tryton", self.tryton, self.tryton.log),
            )
            if part.died
        ]

    def wait_until_quiet(self, patience: float = 60) -> None:
        """Wait until no queue holds or hides a message. Raises `LocalAwsError` if that does not happen."""
        sqs, deadline = self.aws.client("sqs"), time.monotonic() + patience
        asked = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        while time.monotonic() < deadline:
            held = [
                int(count)
                for url in (self.outputs.events_queue, *self.outputs.target_queues.values())
                for count in sqs.get_queue_attributes(QueueUrl=url, AttributeNames=asked)[
                    "Attributes"
                ].values()
            ]
            if not any(held):
                return
            time.sleep(_POLL)
        raise LocalAwsError(f"the queues still hold messages after {patience:.0f} s")

    @property
    def doors(self) -> dict[str, Door]:
        """The webhook of one account per channel: the first that `accounts.yaml` names."""
        return {a.channel: self.door(a) for a in reversed(self.configuration.accounts)}

    def door(self, account: Account) -> Door:
        """An account's webhook."""
        url = f"{self.outputs.hub_url}/webhooks/{account.channel}/{account.id}"
        return Door(account=account, url=url, secrets=self.secrets[account.secret])

    def _require_ports(self) -> None:
        require(
            Wish(port=self.aws.port, who="the local AWS", how="--port N, or make run PORT=N"),
            Wish(port=self._crm_port, who="the stand-in CRM", how="--crm-port N, or make run CRM_PORT=N"),
            Wish(port=self.tryton.port, who="Tryton", how="--tryton-port N, or make run TRYTON_PORT=N"),
        )

    def _deploy(self) -> None:
        self._say("package and deploy")
        self.configuration = self._load("")
        BUILD.mkdir(exist_ok=True)
        with TemporaryDirectory(prefix=f"{STAGE}-", dir=BUILD) as folder:
            made = package(STAGE, self.configuration.targets, out=Path(folder) / STAGE, platform="host")
            self.outputs = self.aws.deploy(made)

    def _configure(self) -> None:
        self._say("secrets and configuration")
        self.configuration = self._load(self.outputs.hub_url)
        self._put_secrets()
        # Whoever finds the file finds a hub that is ready.
        unready = self.path / "hub.json.unready"
        unready.write_text(json.dumps(self._described(), indent=2, ensure_ascii=False) + "\n")
        self.site = Site.local(unready)
        make_current(self.site, self.configuration)
        unready.rename(self.path / "hub.json")

    def _load(self, hub_url: str) -> Configuration:
        return load_stage(ROOT / "infra" / "stages" / STAGE, self._variables(hub_url))

    def _variables(self, hub_url: str) -> dict[str, str]:
        """The values of `${NAME}` in the local stage's files."""
        return {
            "PUBLIC_URL": hub_url or "http://127.0.0.1",
            "STANDIN_URL": f"http://127.0.0.1:{self.standin.port}/",
            "TRYTON_URL": self.tryton.url,
        }

    def _put_secrets(self) -> None:
        for account in self.configuration.accounts:
            # A shared key is Twilio's second way to sign, and would rule the first one out.
            names = [name for name in CHANNELS[account.channel].secrets if name != "shared_key"]
            self.secrets.setdefault(account.secret, {name: (chance.token_hex(16),) for name in names})
        for name, values in self.secrets.items():
            self._put(f"accounts/{name}", values)
        self._put("targets/standin", {"signing_secret": (self.signing_secret,)})
        self._put("targets/tryton", {"application_key": (self.tryton.key,)})

    def _put(self, name: str, values: Mapping[str, tuple[str, ...]]) -> None:
        self.aws.client("ssm").put_parameter(
            Name=f"/switchboard/{STAGE}/{name}",
            Value=json.dumps(values),
            Type="SecureString",
            Overwrite=True,
        )

    def _described(self) -> dict[str, Any]:
        """Where everything is, for the `hub` command and any other client."""
        return {
            "stage": STAGE,
            "hub_url": self.outputs.hub_url,
            "standin_url": f"http://127.0.0.1:{self.standin.port}/",
            "endpoint_url": self.aws.endpoint,
            "region": REGION,
            "table": self.outputs.table,
            "bucket": self.outputs.bucket,
            "events_queue": self.outputs.events_queue,
            "target_queues": dict(self.outputs.target_queues),
            "dead_queues": dict(self.outputs.dead_queues),
            "secrets": f"/switchboard/{STAGE}",
            "variables": self._variables(self.outputs.hub_url),
            "accounts": [
                {
                    "channel": account.channel,
                    "account": account.id,
                    "webhook_url": self.door(account).url,
                    "secret": next(iter(self.secrets[account.secret].values()))[0],
                    "secrets": self.secrets[account.secret],
                }
                for account in self.configuration.accounts
            ],
        }


class _Part(Protocol):
    """A server that can be started and stopped."""

    def start(self) -> None: ...

    def stop(self) -> None: ...


def _start_side_by_side(*parts: _Part) -> None:
    """Start servers at the same time; if one fails or somebody interrupts, none is left.

    One that is still starting gives up when its process is gone: so it is stopped until it has given up.
    """
    with ThreadPoolExecutor() as threads:
        starting = [threads.submit(part.start) for part in parts]
        try:
            for started in starting:
                started.result()
        except BaseException:  # an interrupt too; it is raised again
            while wait(starting, timeout=_POLL).not_done:
                for part in parts:
                    part.stop()
            raise
