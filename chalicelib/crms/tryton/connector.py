"""The connector for Tryton 8.2 with the modules party, company and sale_opportunity, over REST.

A customer is a `party.party` whose unique `code` is `hub:<profile id>`, an event a note (`ir.note`) of
that party, a conversation a lead (`sale.opportunity`), its owner the lead's `employee`. Notes and leads
carry a marker, `[hub:<reference>]`, by which they are found again.

Seen on a running 8.2.1 (2026-11), beside what `protocol` says:
- a phone that `phonenumbers` calls invalid, such as a test number, is refused with the whole record;
  a mechanism of type `other` takes anything;
- one-line fields refuse tabs and line breaks; texts take 1.5 MB; a lone surrogate is a 500;
- a lead needs no employee, and refuses one who is unknown or of another company.
"""

from __future__ import annotations

from chalicelib.crms.base import Credentials, Crm, Field, Step, Steps
from chalicelib.crms.tryton.protocol import Server, found, read, written
from chalicelib.crms.wording.names import account_name, contact_name, typed_forms
from chalicelib.crms.wording.notes import note
from chalicelib.vocabulary.delivery import Call, Delivery, Target
from chalicelib.vocabulary.errors import Permanent
from chalicelib.vocabulary.event import Kind, reference
from chalicelib.vocabulary.people import Person

_ANY = ["active", "in", [True, False]]


def deliver(delivery: Delivery, target: Target, credentials: Credentials, now: int) -> Steps:
    """The steps contact, note, lead and owner, in this order; each only if the event needs it."""
    del now
    server = Server(target, credentials)
    event, consequence = delivery.event, delivery.consequence
    if event.kind in (Kind.CLOSE, Kind.OFFER) and not (consequence.moved or consequence.closed):
        return  # a `close` or `offer` without effect
    party = delivery.contact
    if not party:
        party = yield _contact(delivery, target, server)
    elif any(attachment.kind == "contact" for attachment in event.attachments):
        for kind, value in _mechanisms(delivery):
            yield _mechanism(party, kind, value, target, server)
    yield _note(delivery, party, server)
    conversation, lead = consequence.conversation, delivery.lead
    if conversation is None:
        return
    if consequence.opened or (consequence.moved and not lead):
        lead = yield _lead(delivery, conversation.id, party, target, server)
    if consequence.moved and not consequence.opened:
        employee = _employee(delivery.owner, target)
        yield Step(
            name="owner",
            write=server.write("PUT", f"sale.opportunity/{lead}", {"employee": employee}),
            written=written,
            # Looked up, so that a change that comes late cannot undo the next one.
            find=(server.search("sale.opportunity", [["id", "=", int(lead)], ["employee", "=", employee]]),),
            found=found,
        )


def _contact(delivery: Delivery, target: Target, server: Server) -> Step:
    code = f"hub:{delivery.profile.id}"
    base: dict[str, object] = {"name": contact_name(delivery), "code": code}
    mechanisms = _mechanisms(delivery)

    def create(refused: frozenset[int] = frozenset()) -> Call:
        records = [
            {"type": "other" if place in refused else kind, "value": value}
            for place, (kind, value) in enumerate(mechanisms)
        ]
        values = {**base, "contact_mechanisms": [["create", records]]} if records else base
        return server.write("POST", "party.party", values)

    # A phone or address that Tryton refuses must not cost us the customer: each in turn is sent as `other`,
    # then all are.
    refusals = [frozenset({place}) for place in range(len(mechanisms))]
    if len(mechanisms) > 1:
        refusals.append(frozenset(range(len(mechanisms))))
    find = [server.search("party.party", [["code", "=", code], _ANY], "replaced_by")]
    if mechanisms:
        forms = [form for _, value in mechanisms for form in _forms(value, target)]
        domain: list[object] = [["contact_mechanisms.value_compact", "in", forms]]
        find.append(server.search("party.party", domain, "replaced_by"))
    return Step(
        name="contact",
        write=create(),
        instead=tuple(create(refused) for refused in refusals),
        written=written,
        find=tuple(find),
        found=found,
        look_first=True,
    )


def _mechanism(party: str, kind: str, value: str, target: Target, server: Server) -> Step:
    """A phone or address that became known after the contact was made."""
    values: dict[str, object] = {"party": int(party), "type": kind, "value": value}
    domain: list[object] = [["party", "=", int(party)], ["value_compact", "in", _forms(value, target)], _ANY]
    return Step(
        name=f"mechanism {reference(value)[:8]}",
        write=server.write("POST", "party.contact_mechanism", values),
        instead=(server.write("POST", "party.contact_mechanism", {**values, "type": "other"}),),
        written=written,
        find=(server.search("party.contact_mechanism", domain),),
        found=found,
        look_first=True,
    )


def _mechanisms(delivery: Delivery) -> list[tuple[str, str]]:
    return [("mobile", phone) for phone in delivery.profile.phones] + [
        ("email", mail) for mail in delivery.profile.emails
    ]


def _forms(value: str, target: Target) -> list[str]:
    return typed_forms(value, target.settings.get("country_code") or "98")


def _note(delivery: Delivery, party: str, server: Server) -> Step:
    resource, marker = f"party.party,{party}", _marker(delivery.event.reference)
    # Searched at the end only: a customer can write a marker into a message, but not behind ours.
    domain: list[object] = [["resource", "=", resource], ["message", "like", f"%{marker}"]]
    values: dict[str, object] = {"resource": resource, "message": f"{note(delivery)}\n{marker}"}
    return Step(
        name="note",
        write=server.write("POST", "ir.note", values),
        written=written,
        find=(server.search("ir.note", domain),),
        found=found,
    )


def _lead(delivery: Delivery, conversation: str, party: str, target: Target, server: Server) -> Step:
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
        written=written,
        find=(server.search("sale.opportunity", [["description", "like", f"%{marker}%"]]),),
        found=found,
        # Another event may have created it, if the delivery that should have was parked.
        look_first=True,
    )


def _marker(name: str) -> str:
    return f"[hub:{name}]"


def _employee(owner: Person | None, target: Target) -> int | None:
    """The owner's employee number in Tryton; None if they have none, and then only the note names them."""
    key = owner.user_ids.get(target.name, "") if owner is not None else ""
    if key and not (key.isascii() and key.isdecimal()):
        raise Permanent("bad_owner", "a person's key for Tryton is the number of an employee")
    return int(key) if key else None


def probe(target: Target, credentials: Credentials, now: int) -> Call:
    """A search without results, which fails unless key, database and company are right."""
    del now
    return Server(target, credentials).search("party.party", [], limit=0)


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
    lead_step="lead",
)
