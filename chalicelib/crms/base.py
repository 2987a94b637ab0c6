"""The contract of a CRM connector: what a CRM is, declared; what it is asked and answers, pure.

A connector is sans-I/O. `deliver` yields one `Step` after another and is sent each step's remote id;
the pipeline sends the requests, keeps the time, the credentials and the ledger, and decides whether a
step must be looked up before it is written (its outcome is in doubt, or it says so itself).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass

from chalicelib.vocabulary.delivery import Call, Delivery, Reply, Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One write at the target, and how to find it again.

    name: unique within the delivery; the ledger keeps the remote id under it.
    write: the request that does it. written: its reply to the remote id; raises as `Crm.read` does. A
        record that is there already (a unique key says so) is `Unknown("duplicate")`: look it up.
    instead: requests to send in turn while `written` raises `Permanent`, each asking for less, so that
        a detail the target refuses does not cost the record. The last one's refusal counts.
    find: requests that look for what an earlier attempt may have written, tried in order; found: a
        reply of theirs to the remote id, None if it is not there. A step without `find` must be
        harmless when repeated.
    look_first: look before the first write too, because people may have made the record by hand.
    """

    name: str
    write: Call
    written: Callable[[Reply], str]
    instead: tuple[Call, ...] = ()
    find: tuple[Call, ...] = ()
    found: Callable[[Reply], str | None] = lambda _reply: None
    look_first: bool = False


Credentials = Mapping[str, tuple[str, ...]]
"""A target's secrets by field name; each may have several active values. Never logged."""

Steps = Generator[Step, str, None]
"""The steps of one delivery, each sent the remote id of what it made or found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """Something an operator fills in for a target of this kind: drives validation, redaction, docs."""

    name: str
    about: str
    required: bool = True
    secret: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Crm:
    """A CRM's connector.

    deliver: one delivery to its steps; the last argument is the time of this attempt, Unix seconds.
    read: what a reply means; returns on success, raises `Transient`, `Throttled`, `Unauthorised`,
        `Unknown` or `Permanent`, and knows the vendor's lies (a 200 that is a failure).
    probe: a harmless request. The target is well again unless sending it or `read` of its reply raises
        `Transient`: a target that refuses the probe (405) is there.
    settle: seconds after which a record that is there can be found. After a lost answer the pipeline waits a
        minute at least.
    kinds: what it is owed unless `crms.yaml` says otherwise.
    contact_step: the name of the step that creates the customer there; done once per profile. Empty
        if the target keeps no customers.
    lead_step: the name of the step that opens something for a conversation; what it made is
        `Delivery.lead` when the conversation moves. Empty if nothing is opened.
    """

    name: str
    deliver: Callable[[Delivery, Target, Credentials, int], Steps]
    read: Callable[[Reply], None]
    probe: Callable[[Target, Credentials, int], Call]
    fields: tuple[Field, ...] = ()
    kinds: tuple[str, ...] = ()
    settle: float = 5
    contact_step: str = ""
    lead_step: str = ""
