"""Tryton 8.2 with the modules party, company and sale_opportunity, over its REST protocol.

A customer is a `party.party` whose unique `code` is `hub:<profile id>`, an event a note (`ir.note`) of
that party, a conversation a lead (`sale.opportunity`), its owner the lead's `employee`. Notes and leads
carry a marker, `[hub:<reference>]`, by which they are found again.

Seen on a running 8.2.1 (2026-11) and in its source `trytond/protocols/rest.py`:
- a search goes in the query, the domain as base64url of JSON; archived records need to be asked for;
- 400 is a refusal with a reason in JSON, or a body that is not JSON; 401 and 404 are HTML; an unknown
  model, field, or value of the wrong type is 500 in HTML, for ever;
- a phone that `phonenumbers` does not hold valid is refused with the whole record, test numbers too;
  a mechanism of type `other` takes anything;
- one-line fields refuse tabs and line breaks; texts take 1.5 MB; a lone surrogate is a 500;
- a lead needs no employee, and refuses one of another company or unknown; it needs the company in the
  context, else 400.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable

from chalicelib import http
from chalicelib.crms.base import Credentials, Crm, Field, Step, Steps
from chalicelib.crms.wording import account_name, contact_name, note
from chalicelib.delivery import Call, Delivery, Receipt, Reply, Target
from chalicelib.errors import Misconfigured, Permanent, Unknown
from chalicelib.event import Kind, reference
from chalicelib.people import Person

_ANY = ["active", "in", [True, False]]


class _Server:
    """How requests to one Tryton database look."""

    def __init__(self, target: Target, credentials: Credentials) -> None:
        keys = credentials.get("application_key", ())
        company = target.settings.get("company", "1")
        if not keys:
            raise Misconfigured("no_secret", "the target has no application_key")
        if not (company.isascii() and company.isdecimal()):
            raise Misconfigured("bad_setting", "company is the number of the company in Tryton")
        self.company = int(company)
        self._url = f"{target.url.rstrip('/')}/rest/model/"
        self._headers = {
            "Authorization": f"bearer {keys[0]}",
            "X-Tryton-Context": _packed({"company": self.company}),
            # Its refusals are told apart by their words.
            "Accept-Language": "en",
        }

    def write(self, method: str, path: str, values: dict[str, object]) -> Call:
        headers = {**self._headers, "Content-Type": "application/json"}
        return Call(method=method, url=f"{self._url}{path}?f=id", headers=headers, body=http.to_json(values))

    def search(self, model: str, domain: list[object], *fields: str, limit: int = 1) -> Call:
        asked = "".join(f"&f={field}" for field in fields)
        order = _packed([["id", "ASC"]])
        query = f"f=id{asked}&s={limit}&o={order}&d={_packed(domain)}"
        return Call(method="GET", url=f"{self._url}{model}?{query}", headers=self._headers)


def _packed(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


def deliver(delivery: Delivery, target: Target, credentials: Credentials, now: int) -> Steps:
    """Contact, note, lead, owner: those that this event calls for, in this order."""
    del now
    server = _Server(target, credentials)
    event, ids = delivery.event, {}
    if event.channel == "hub" and not (delivery.opened or delivery.moved or delivery.closed):
        return Receipt()
    party = delivery.contact
    if not party:
        party = ids["contact"] = yield _contact(delivery, target, server)
    elif any(attachment.kind == "contact" for attachment in event.attachments):
        for kind, value in _mechanisms(delivery):
            step = _mechanism(party, kind, value, target, server)
            ids[step.name] = yield step
    ids["note"] = yield _note(delivery, party, server)
    conversation = delivery.conversation
    if conversation is None:
        return Receipt(ids=ids)
    if delivery.opened or (delivery.moved and not delivery.lead):
        ids["lead"] = yield _lead(delivery, conversation.id, party, target, server)
    elif delivery.moved:
        employee = _employee(delivery.owner, target)
        call = server.write("PUT", f"sale.opportunity/{delivery.lead}", {"employee": employee})
        ids["owner"] = yield Step(name="owner", write=call, written=_written)
    return Receipt(ids=ids)


def _contact(delivery: Delivery, target: Target, server: _Server) -> Step:
    code = f"hub:{delivery.profile.id}"
    base: dict[str, object] = {"name": contact_name(delivery), "code": code}
    mechanisms = _mechanisms(delivery)

    def create(kinds: Callable[[str], str]) -> Call:
        records = [{"type": kinds(kind), "value": value} for kind, value in mechanisms]
        values = {**base, "contact_mechanisms": [["create", records]]} if records else base
        return server.write("POST", "party.party", values)

    find = [server.search("party.party", [["code", "=", code], _ANY], "replaced_by")]
    if mechanisms:
        written = [form for _, value in mechanisms for form in _forms(value, target)]
        domain: list[object] = [["contact_mechanisms.value_compact", "in", written]]
        find.append(server.search("party.party", domain, "replaced_by"))
    return Step(
        name="contact",
        write=create(lambda kind: kind),
        # A number or address that Tryton refuses must not cost us the customer.
        instead=(create(lambda _kind: "other"),) if mechanisms else (),
        written=_written,
        find=tuple(find),
        found=_found,
        look_first=True,
    )


def _mechanism(party: str, kind: str, value: str, target: Target, server: _Server) -> Step:
    """A phone or address that became known after the contact was made."""
    values: dict[str, object] = {"party": int(party), "type": kind, "value": value}
    domain: list[object] = [["party", "=", int(party)], ["value_compact", "in", _forms(value, target)], _ANY]
    return Step(
        name=f"mechanism {reference(value)[:8]}",
        write=server.write("POST", "party.contact_mechanism", values),
        instead=(server.write("POST", "party.contact_mechanism", {**values, "type": "other"}),),
        written=_written,
        find=(server.search("party.contact_mechanism", domain),),
        found=_found,
        look_first=True,
    )


def _mechanisms(delivery: Delivery) -> list[tuple[str, str]]:
    return [("mobile", phone) for phone in delivery.phones] + [("email", mail) for mail in delivery.emails]


def _forms(value: str, target: Target) -> list[str]:
    """How people may have typed it: a phone also in national form, if it is of the target's country."""
    if not value.startswith("+"):
        return [value]
    forms = [value, value[1:], f"00{value[1:]}"]
    national = value.removeprefix("+" + target.settings.get("country_code", "98"))
    return forms if national == value else [*forms, f"0{national}", national]


def _note(delivery: Delivery, party: str, server: _Server) -> Step:
    resource, marker = f"party.party,{party}", _marker(delivery.event.reference)
    # At the end only: a customer may write a marker into a message, but not after ours.
    domain: list[object] = [["resource", "=", resource], ["message", "like", f"%{marker}"]]
    values: dict[str, object] = {"resource": resource, "message": f"{note(delivery)}\n{marker}"}
    return Step(
        name="note",
        write=server.write("POST", "ir.note", values),
        written=_written,
        find=(server.search("ir.note", domain),),
        found=_found,
    )


def _lead(delivery: Delivery, conversation: str, party: str, target: Target, server: _Server) -> Step:
    marker = _marker(conversation)
    values: dict[str, object] = {
        "party": int(party),
        "company": server.company,
        "description": f"{account_name(delivery.event)} {marker}",
        "employee": _employee(delivery.owner, target),
    }
    return Step(
        name="lead",
        write=server.write("POST", "sale.opportunity", values),
        written=_written,
        find=(server.search("sale.opportunity", [["description", "like", f"%{marker}%"]]),),
        found=_found,
        # Two events can come to need it, if the one that opened the conversation was parked.
        look_first=True,
    )


def _marker(name: str) -> str:
    return f"[hub:{name}]"


def _employee(owner: Person | None, target: Target) -> int | None:
    """The owner's number there; None for an owner who has none, whom the note names."""
    key = owner.crm.get(target.name, "") if owner is not None else ""
    if key and not (key.isascii() and key.isdecimal()):
        raise Permanent("bad_owner", "a person's key for Tryton is the number of an employee")
    return int(key) if key else None


def read(reply: Reply) -> None:
    """The status, and for a success that its body is JSON at all."""
    body = _json(reply)
    message = body.get("message", "") if isinstance(body, dict) else ""
    if reply.status == 400 and "must be unique" in str(message):
        raise Unknown("duplicate", "a record with this code is there already")
    http.classify(reply, str(message))
    if body is None:
        raise Unknown("unreadable_answer", f"HTTP {reply.status} without JSON")


def _json(reply: Reply) -> object:
    try:
        return json.loads(reply.body)
    except (ValueError, RecursionError):
        return None


def _written(reply: Reply) -> str:
    read(reply)
    return _number(_json(reply))


def _found(reply: Reply) -> str | None:
    read(reply)
    records = _json(reply)
    if not isinstance(records, list):
        raise Unknown("unreadable_answer", "a search did not answer with a list")
    return _number(records[0]) if records else None


def _number(record: object) -> str:
    """A record's id, or that of the party which staff replaced it by."""
    if isinstance(record, dict):
        number = record.get("replaced_by") or record.get("id")
        if isinstance(number, int):
            return str(number)
    raise Unknown("unreadable_answer", "the answer holds no record")


def probe(target: Target, credentials: Credentials, now: int) -> Call:
    """A search for nothing: it needs the key, the database and the company's context to be right."""
    del now
    return _Server(target, credentials).search("party.party", [], limit=0)


TRYTON = Crm(
    name="tryton",
    deliver=deliver,
    read=read,
    probe=probe,
    fields=(
        Field(name="application_key", about="a user application key for `rest`, approved", secret=True),
        Field(name="company", about="the company's number in Tryton; 1 if empty", required=False),
        Field(name="country_code", about="of phones typed without one; 98 if empty", required=False),
    ),
    kinds=tuple(str(kind) for kind in Kind if kind is not Kind.STATUS),
    contact_step="contact",
)
