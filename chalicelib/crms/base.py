"""The contract of a CRM connector: what it declares, and how it turns a delivery into requests.

A connector is sans-I/O. `deliver` yields one `Step` after another and is sent each step's remote id;
the pipeline sends the requests, keeps the time, the credentials and the ledger, and decides whether a
step must be looked up before it is written (its outcome is in doubt, or the step asks for it).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass

from chalicelib.vocabulary.delivery import Call, Delivery, Reply, Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One write at the target, and how to find it again.

    name: unique within the delivery; the ledger keeps the remote id under it.
    write: the request that writes the record.
    written: takes the reply to `write`, gives the remote id; raises as `Crm.read` does. If a unique key
        says that the record exists already, it raises `Unknown("duplicate")`, and the record is looked up.
    instead: requests to send in turn while `written` raises `Permanent`, each asking for less, so that
        a detail that the target refuses does not cost the record. The last one's refusal counts.
    find: requests that search for the record that an earlier attempt may have written, tried in order. A
        step without them must be harmless when it is repeated.
    found: takes the reply to such a search, gives the remote id, None if the record is not there.
    look_first: True to search before the first write too, because people may have made the record by hand.
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
"""The steps of one delivery; each `yield` gives the remote id of the record that was written or found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """Something that an operator fills in for a target; validation, redaction and docs follow from it.

    name: what `crms.yaml` or the secret calls it.
    about: what to enter, for operators.
    required: True if the connector cannot do without it.
    secret: True if it is kept among the credentials, and not in `crms.yaml`.
    """

    name: str
    about: str
    required: bool = True
    secret: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Crm:
    """A CRM's connector.

    name: what `crms.yaml` calls it.
    deliver: turns one delivery into its steps; the last argument is the time of this attempt, Unix seconds.
    read: judges a reply; returns on success, raises `Transient`, `Throttled`, `Unauthorised`, `Unknown` or
        `Permanent`, and knows the vendor's lies (a 200 that is a failure).
    probe: a harmless request to a target that is cut off. Any proper answer closes the breaker, even a
        refusal (405), for which `read` raises `Permanent`.
    fields: what an operator fills in for a target of this connector.
    kinds: the kinds of events that its targets are owed unless `crms.yaml` says otherwise.
    settle: seconds until a search finds a record that is there. After a lost answer the pipeline waits a
        minute at least.
    contact_step: the name of the step that creates the customer there; done once per profile. Empty
        if the target keeps no customers.
    lead_step: the name of the step that opens something for a conversation; the id of that is
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
