"""Deliveries to try connectors with, and the least pipeline that runs one: the contract, acted out."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chalicelib.crms import CRMS
from chalicelib.crms.base import Credentials, Crm, Step
from chalicelib.vocabulary.delivery import Absorbed, Call, Delivery, Reply, Target
from chalicelib.vocabulary.errors import Permanent
from chalicelib.vocabulary.event import Direction, Event, Identity, Kind
from chalicelib.vocabulary.people import Consequence, Conversation, Decision, Outcome, Person, Profile

NOW = 1_795_600_000
AT = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)

FIXTURES = Path(__file__).parent.parent / "fixtures" / "crms"


def held(credentials: Mapping[str, Sequence[str]]) -> Credentials:
    """Credentials as a connector is given them."""
    return {name: tuple(values) for name, values in credentials.items()}


CREDENTIALS: dict[str, Credentials] = {
    name: held(json.loads((FIXTURES / f"{name}.json").read_text())["credentials"]) for name in CRMS
}
"""A connector's credentials in the tests stand beside the folder of its cases."""


def target(crm: str, url: str = "https://crm.example/crm", **settings: str) -> Target:
    return Target(name=crm, connector=crm, url=url, secret="p", private_network=True, settings=settings)


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


DECISION = Decision(outcome=Outcome.ASSIGNED, reason="has room and speaks fa", rule="sales", owner="sara")
SARA = Person(id="sara", name="سارا احمدی", user_ids={"tryton": "1"})


@dataclass(frozen=True, kw_only=True)
class Facts:
    """A delivery laid flat, as cases state it."""

    event: Event = field(default_factory=event)
    profile: Profile = field(default_factory=profile)
    decision: Decision = DECISION
    conversation: Conversation | None = field(default_factory=conversation)
    opened: bool = True
    moved: bool = False
    closed: bool = False
    owner: Person | None = SARA
    contact: str = ""
    lead: str = ""
    seq: int = 3
    index: int = 0

    def delivery(self) -> Delivery:
        """The delivery."""
        consequence = Consequence(
            decision=self.decision,
            conversation=self.conversation,
            opened=self.opened,
            moved=self.moved,
            closed=self.closed,
        )
        absorbed = Absorbed(
            event=self.event,
            profile=self.profile.id,
            seq=self.seq,
            index=self.index,
            committed_at=AT,
            consequence=consequence,
        )
        return Delivery(
            absorbed=absorbed,
            profile=self.profile,
            owner=self.owner,
            contact=self.contact,
            lead=self.lead,
        )


def delivery(**changes: Any) -> Delivery:
    return Facts(**changes).delivery()


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
) -> dict[str, str]:
    """Run every step; the remote ids by step, gathered in `done`, whose steps are not run again."""
    ledger = {} if done is None else done
    steps = crm.deliver(owed, to, CREDENTIALS[crm.name] if credentials is None else credentials, now)
    told: dict[str, str] = {}
    try:
        step = next(steps)
        while True:
            if step.name not in ledger:
                ledger[step.name] = run(crm, step, send, doubtful=step.name == doubtful)
            told[step.name] = ledger[step.name]
            step = steps.send(ledger[step.name])
    except StopIteration:
        return told


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
