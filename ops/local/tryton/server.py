"""Runs a real CRM on this machine: Tryton 8.2 on SQLite, for the local run and the tests.

A fresh one is a copy of the prepared database and is up within a second or two. Servers listen on 127.0.0.1
only, and are stopped by the process that was started here.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops.local.ports import free_port, trouble
from ops.local.tryton.database import DATABASE, TrytonError, configure, copy_database, program

EMPLOYEES = ("سارا احمدی", "رضا کریمی", "لیلا حداد", "امید رحیمی")

_START_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Party:
    """A customer there. mechanisms: type and value, as Tryton shows them."""

    id: int
    name: str
    code: str
    mechanisms: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Lead:
    """A sale opportunity there; employee is None while nobody owns it."""

    id: int
    party: int
    employee: int | None
    description: str


class Tryton:
    """One Tryton server on one database in `folder`; both outlive it and are used again if they are there.

    `employees` are made at the first start and numbered from 1 in their order.
    """

    def __init__(self, folder: Path, *, port: int = 0, employees: Sequence[str] = EMPLOYEES) -> None:
        self.folder = folder.absolute()
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}/{DATABASE}"
        self._wanted = tuple(employees)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def key(self) -> str:
        """The approved application key."""
        return (self.folder / "key").read_text()

    @property
    def log(self) -> Path:
        """What the server wrote."""
        return self.folder / "server.log"

    @property
    def pid(self) -> int | None:
        """The running server's process, None while it is stopped."""
        return None if self._process is None else self._process.pid

    @property
    def died(self) -> bool:
        """Whether it has ended by itself."""
        return self._process is not None and self._process.poll() is not None

    def start(self) -> None:
        """Start the server and wait until it answers. Raises `TrytonError`."""
        if self._process is not None:
            return
        if why := trouble(self.port):
            raise TrytonError(f"port {self.port} {why}: Tryton needs another")
        if not (self.folder / f"{DATABASE}.sqlite").exists():
            copy_database(self.folder)
        configuration = configure(self.folder, self.port)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*program("trytond"), "-c", configuration, "-d", DATABASE],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            self._await_answer(self._process)
            self._hire()
        except BaseException:  # whatever ends the start, an interrupt too, must not leave the server running
            self.kill()
            raise

    def stop(self) -> None:
        """Stop the server in good order; its database stays."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Stop the server as a power cut would."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Stop and start on the same database and port."""
        self.stop()
        self.start()

    def __enter__(self) -> Tryton:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def parties(self) -> list[Party]:
        """The customers, oldest first: every party but the company and its employees."""
        own = {record["party"] for record in self.records("company.company", "party")}
        own |= {record["party"] for record in self.records("company.employee", "party")}
        found = self.records(
            "party.party", "name", "code", "contact_mechanisms.type", "contact_mechanisms.value"
        )
        return [
            Party(
                id=record["id"],
                name=record["name"] or "",
                code=record["code"],
                mechanisms=tuple((way["type"], way["value"]) for way in record["contact_mechanisms"]),
            )
            for record in found
            if record["id"] not in own
        ]

    def notes(self, party: int) -> list[str]:
        """The messages of a party's notes, in the order they were written."""
        domain = [["resource", "=", f"party.party,{party}"]]
        return [record["message"] for record in self.records("ir.note", "message", domain=domain)]

    def leads(self) -> list[Lead]:
        """All leads, oldest first."""
        found = self.records("sale.opportunity", "party", "employee", "description")
        return [Lead(r["id"], r["party"], r["employee"], r["description"] or "") for r in found]

    def employees(self) -> dict[str, int]:
        """Employees' numbers by name."""
        found = self.records("company.employee", "party.name")
        return {record["party"]["name"]: record["id"] for record in found}

    def records(self, model: str, *fields: str, domain: Sequence[object] = ()) -> list[dict[str, Any]]:
        """Records of any model, oldest first."""
        asked = "&".join(f"f={field}" for field in ("id", *fields))
        answer = self.call("GET", f"{model}?{asked}&o={_packed([['id', 'ASC']])}&d={_packed(list(domain))}")
        return list(answer)

    def create(self, model: str, **values: object) -> int:
        """Make a record as somebody would by hand in the CRM; its number."""
        return int(self.call("POST", f"{model}?f=id", values)["id"])

    def call(self, method: str, path: str, values: object = None) -> Any:  # noqa: ANN401
        """Send a request of the tests' own, independent of the connector. Raises `TrytonError`."""
        headers = {
            "Authorization": f"bearer {self.key}",
            "X-Tryton-Context": _packed({"company": 1}),
            "Content-Type": "application/json",
        }
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        with contextlib.closing(connection):
            body = None if values is None else json.dumps(values)
            connection.request(method, f"/{DATABASE}/rest/model/{path}", body=body, headers=headers)
            answer = connection.getresponse()
            content = answer.read()
        if answer.status != 200:
            raise TrytonError(f"Tryton answered {answer.status} to {method} {path.partition('?')[0]}")
        return json.loads(content)

    def _await_answer(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if process.poll() is not None:
                log = self.log.read_text(errors="replace")
                raise TrytonError(f"Tryton ended at once on port {self.port}:\n{log[-1500:]}")
            with contextlib.suppress(OSError, http.client.HTTPException):
                self.call("GET", "ir.note?s=0&f=id")
                return
            time.sleep(0.05)
        raise TrytonError(f"Tryton did not answer within {_START_SECONDS} s on port {self.port}")

    def _hire(self) -> None:
        there = self.employees()
        for name in self._wanted:
            if name not in there:
                party = self.create("party.party", name=name, code=f"employee:{name}")
                self.create("company.employee", party=party, company=1)

    def _end(self, sign: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(sign)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _packed(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()
