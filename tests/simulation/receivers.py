"""The CRMs: what they keep, and the network between them and the hub.

The webhook receiver drops what it has by `webhook-id`, as its contract asks. What the other end says and
does under a fault is decided here too, because it is there that a write is done or not.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from chalicelib.vocabulary.delivery import Call, Reply
from chalicelib.vocabulary.errors import Transient, Unknown
from tests.simulation.clock import Clock
from tests.simulation.faults import Strike, Weather
from tests.simulation.lambdas import Lambdas

POISON = "poison"
"""A text that the receiver refuses for ever."""

# What `runtime` gives a call to a target.
_PATIENCE = 10.0

_LATEST = 30.0
"""Seconds after that within which a CRM finishes what it was asked. A strike lasts up to nine."""

_GARBLED = b"<html><body>Something went wrong</body></html>"


@dataclass(slots=True, kw_only=True)
class Arrival:
    """One event at a CRM, when it came first."""

    reference: str
    at: float
    body: bytes


@dataclass(slots=True, kw_only=True)
class Webhooks:
    """A receiver of signed CloudEvents."""

    secrets: set[str]
    now: Callable[[], float]
    arrivals: dict[str, Arrival] = field(default_factory=dict)
    changed: list[tuple[str, bytes, bytes]] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)

    def answer(self, call: Call) -> Reply:
        """Take a post."""
        if call.method == "HEAD":
            return Reply(status=405)
        headers = {name.lower(): value for name, value in call.headers.items()}
        reference, stamp = headers["webhook-id"], headers["webhook-timestamp"]
        if not self._genuine(reference, stamp, call.body, headers["webhook-signature"]):
            return Reply(status=401)
        if POISON in json.loads(call.body)["data"]["event"]["text"]:
            self.refused[reference] += 1
            return Reply(status=422)
        if reference in self.arrivals:
            if self.arrivals[reference].body != call.body:
                self.changed.append((reference, self.arrivals[reference].body, call.body))
            return Reply(status=200)
        self.arrivals[reference] = Arrival(reference=reference, at=self.now(), body=call.body)
        return Reply(status=204)

    def _genuine(self, reference: str, stamp: str, body: bytes, given: str) -> bool:
        signed = f"{reference}.{stamp}.".encode() + body
        wanted = {
            base64.b64encode(hmac.digest(base64.b64decode(s.removeprefix("whsec_")), signed, hashlib.sha256))
            for s in self.secrets
        }
        return any(entry.removeprefix("v1,").encode() in wanted for entry in given.split())


@dataclass(slots=True, kw_only=True)
class Called:
    """One call of a target. about: the event that it writes; group: whose it is; status: 0 for no answer;
    senseless: whether it was answered with a success that holds no record.

    A lead is about no event: it bears the name of its conversation, and a later event may write it.
    """

    target: str
    at: float
    about: str
    group: str
    probe: bool
    answered_at: float = 0.0
    status: int = 0
    retry_after: float = 0.0
    senseless: bool = False

    @property
    def failed(self) -> bool:
        """Whether the target gave no proper answer."""
        return (
            self.status == 0
            or self.status >= 500
            or self.status in (401, 408, 425)
            or self.refused
            or self.senseless
        )

    @property
    def refused(self) -> bool:
        """Whether it answered as an endpoint does that serves nobody; a probe counts any proper answer."""
        return not self.probe and self.status in (302, 403, 404, 405)


_MARKER = re.compile(rb"\[hub:([0-9a-f]{20})\]")
_OWNER = re.compile(rb'"(?:resource|party|code)": ?"?([^",}]+)')


def _called(target: str, call: Call, at: float) -> Called:
    if target == "crm":
        headers = {name.lower(): value for name, value in call.headers.items()}
        about = headers.get("webhook-id", "")
        group = json.loads(call.body)["subject"] if call.body else ""
        return Called(target=target, at=at, about=about, group=group, probe=call.method == "HEAD")
    marker = None if "sale.opportunity" in call.url else _MARKER.search(call.body)
    owner = _OWNER.search(call.body)
    return Called(
        target=target,
        at=at,
        about=marker[1].decode() if marker else "",
        group=owner[1].decode() if owner else "",
        probe=call.method == "GET" and "s=0" in call.url,
    )


@dataclass(slots=True, kw_only=True)
class Network:
    """The way to the targets. answers: target name to what answers there. calls: all of them."""

    clock: Clock
    weather: Weather
    lambdas: Lambdas
    told: Callable[[str], None]
    answers: dict[str, Callable[[Call], Reply]]
    latency: Callable[[], float]
    calls: list[Called] = field(default_factory=list)

    def send(self, call: Call) -> Reply:
        """As `chalicelib.crms.http.send.sender` does: a reply, or why there is none."""
        name = next(name for name in self.answers if f"//{name}." in call.url)
        called = _called(name, call, self.clock.now)
        self.calls.append(called)
        reply = self._sent(name, call, probe=called.probe)
        called.status, called.answered_at = reply.status, self.clock.now
        # The receiver's contract asks for a status alone.
        called.senseless = name != "crm" and reply.status == 200 and reply.body in _ODD.values()
        called.retry_after = float(reply.headers.get("retry-after", 0))
        return reply

    def _sent(self, name: str, call: Call, *, probe: bool) -> Reply:
        self.lambdas.pause(self.latency())
        strike = self.weather.target(name, self.clock.now, probe=probe)
        if strike is None:
            reply = self.answers[name](call)
            self.lambdas.pause(self.latency())
            return reply
        self.told(f"{name} is struck: {strike.kind}{' (done)' if strike.done else ''}")
        return self._struck(strike, name, call)

    def _struck(self, strike: Strike, name: str, call: Call) -> Reply:
        answer = self.answers[name]
        if strike.kind == "slow":
            self.lambdas.pause(strike.seconds)
            return answer(call)
        if strike.kind == "no_connection":
            self.lambdas.pause(3.0)
            raise Transient("no_connection", f"{name} cannot be reached")
        if strike.kind == "late":
            # Done after we stopped waiting, up to half a minute later.
            self.clock.after(_PATIENCE + strike.seconds * _LATEST / 9, lambda: _ignore(answer(call)))
            self.lambdas.pause(_PATIENCE)
            raise Unknown("no_answer", name)
        done = answer(call) if strike.done else None
        if strike.later:
            self.clock.after(strike.seconds, lambda: _ignore(answer(call)))
        if strike.kind == "killed":
            self.lambdas.kill(f"{'after' if strike.done else 'before'} a call to {name}")
        if strike.kind in ("no_answer", "reset"):
            self.lambdas.pause(_PATIENCE if strike.kind == "no_answer" else 0.1)
            raise Unknown("no_answer", name)
        return self._odd(strike, name, done, call)

    def _odd(self, strike: Strike, name: str, done: Reply | None, call: Call) -> Reply:
        self.lambdas.pause(0.1)
        if strike.kind in ("garbled", "empty"):
            if name == "crm":
                # To this receiver's contract a 2xx is a success: it has the event, whatever the body says.
                reply = done if done is not None else self.answers[name](call)
                return reply if reply.status >= 400 else Reply(status=200, body=_ODD[strike.kind])
            return Reply(status=200, body=_ODD[strike.kind])
        status = int(strike.kind.split("_")[1]) if strike.kind != "killed" else 500
        headers = {"retry-after": str(int(strike.seconds * 10))} if strike.kind.endswith("later") else {}
        return Reply(status=status, headers=headers)


_ODD = {"garbled": _GARBLED, "empty": b""}


def _ignore(_reply: Any) -> None:
    """An answer that nobody waits for any more."""
