"""Deliveries to try connectors with, and the least pipeline that runs one: the contract, acted out."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from chalicelib.crms.base import Credentials, Crm, Step
from chalicelib.vocabulary.delivery import Call, Delivery, Receipt, Reply, Target
from chalicelib.vocabulary.errors import Permanent
from chalicelib.vocabulary.event import Direction, Event, Identity, Kind
from chalicelib.vocabulary.people import Conversation, Decision, Person, Profile

NOW = 1_795_600_000
AT = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)

CREDENTIALS: dict[str, Credentials] = {
    "webhook": {"signing_secret": ("whsec_dGhlIGZpcnN0IHNlY3JldCBvZiB0aGUgdGVzdHM=",)},
    "tryton": {"application_key": ("kEy0fThEtEsTs",)},
}


def target(crm: str, url: str = "https://crm.example/crm", **settings: str) -> Target:
    return Target(name=crm, crm=crm, url=url, secret="p", private_network=True, settings=settings)


def event(**changes: Any) -> Event:
    customer = Identity(channel="telegram", scope="*", id="7001")
    facts: dict[str, Any] = {
        "id": "41",
        "channel": "telegram",
        "account": "shopbot",
        "kind": Kind.MESSAGE,
        "direction": Direction.INBOUND,
        "customer": customer,
        "sender": customer,
        "occurred_at": AT,
        "received_at": AT,
        "text": "سلام، سفارش من کی می‌رسد؟",
        "name": "مریم رضایی",
    }
    return Event(**(facts | changes))


def profile(**changes: Any) -> Profile:
    facts: dict[str, Any] = {
        "id": "p1",
        "seq": 3,
        "name": "مریم رضایی",
        "language": "fa",
        "identities": ("telegram#*#7001",),
        "first_seen": AT,
        "last_seen": AT,
    }
    return Profile(**(facts | changes))


def conversation(**changes: Any) -> Conversation:
    facts: dict[str, Any] = {
        "id": "c0ffee",
        "opened_at": AT,
        "opened_by": "telegram#shopbot#message#41",
        "owner": "sara",
        "team": "sales",
        "last_event_at": AT,
    }
    return Conversation(**(facts | changes))


def delivery(**changes: Any) -> Delivery:
    facts: dict[str, Any] = {
        "event": event(),
        "profile": profile(),
        "decision": Decision(outcome="assigned", reason="has room and speaks fa", rule="sales", owner="sara"),
        "conversation": conversation(),
        "opened": True,
        "owner": Person(id="sara", name="سارا احمدی", crm={"tryton": "1"}),
        "seq": 3,
    }
    return Delivery(**(facts | changes))


def play(
    crm: Crm,
    owed: Delivery,
    to: Target,
    send: Callable[[Step, Call], Reply],
    *,
    credentials: Credentials | None = None,
    now: int = NOW,
    doubtful: str = "",
    done: dict[str, str] | None = None,
) -> Receipt:
    """Run every step; `done` gathers the remote ids, and steps in it are not run again."""
    ledger = {} if done is None else done
    steps = crm.deliver(owed, to, CREDENTIALS[crm.name] if credentials is None else credentials, now)
    try:
        step = next(steps)
        while True:
            if step.name not in ledger:
                ledger[step.name] = run(crm, step, send, doubtful=step.name == doubtful)
            step = steps.send(ledger[step.name])
    except StopIteration as end:
        receipt = end.value
        assert isinstance(receipt, Receipt)
        return receipt


def run(crm: Crm, step: Step, send: Callable[[Step, Call], Reply], *, doubtful: bool = False) -> str:
    """One step: found if it is looked for and there, else written, if need be asking for less."""
    if step.find and (doubtful or step.look_first):
        there = find(crm, step, send)
        if there is not None:
            return there
    *first, last = (step.write, *step.instead)
    for call in first:
        with contextlib.suppress(Permanent):
            return written(crm, step, send(step, call))
    return written(crm, step, send(step, last))


def find(crm: Crm, step: Step, send: Callable[[Step, Call], Reply]) -> str | None:
    for call in step.find:
        reply = send(step, call)
        crm.read(reply)
        there = step.found(reply)
        if there is not None:
            return there
    return None


def written(crm: Crm, step: Step, reply: Reply) -> str:
    crm.read(reply)
    return step.written(reply)
