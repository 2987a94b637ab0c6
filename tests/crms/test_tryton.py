"""The connector against a real Tryton 8.2: what it accepts, keeps, refuses and finds again."""

from __future__ import annotations

import itertools
import subprocess
import threading
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.crms import CRMS
from chalicelib.crms.base import Step
from chalicelib.crms.http.send import sender
from chalicelib.crms.http.texts import storable
from chalicelib.vocabulary.delivery import Call, Delivery, Reply, Target
from chalicelib.vocabulary.errors import HubError, Permanent, Transient, Unauthorised, Unknown
from chalicelib.vocabulary.event import Attachment, ContactKey, Direction, Kind
from chalicelib.vocabulary.people import Decision, Outcome, Person
from ops.local.tryton.database import program
from ops.local.tryton.server import Party, Tryton
from tests.crms import playing

pytestmark = pytest.mark.slow

CRM = CRMS["tryton"]
numbers = itertools.count(1)


class Hub:
    """What the pipeline is to the connector: it sends, and remembers contact and leads."""

    def __init__(self, server: Tryton) -> None:
        self.server = server
        self.target: Target = playing.target("tryton", server.url)
        self.http = sender(private_network=True, connect_seconds=2, read_seconds=20)
        self.sent: list[Call] = []

    def send(self, _step: Step, call: Call) -> Reply:
        self.sent.append(call)
        return self.http(call)

    def tell(
        self, owed: Delivery, send: Callable[[Step, Call], Reply] | None = None, **how: Any
    ) -> dict[str, str]:
        credentials = {"application_key": (self.server.key,)}
        done: dict[str, str] = how.pop("done", {})
        playing.play(CRM, owed, self.target, send or self.send, credentials=credentials, done=done, **how)
        return done

    def party(self, number: str) -> Party:
        (party,) = [party for party in self.server.parties() if party.id == int(number)]
        return party


@pytest.fixture
def hub(tryton: Tryton) -> Hub:
    return Hub(tryton)


def fresh(keys: tuple[str, ...] = (), **changes: Any) -> Delivery:
    """A delivery about a customer and a conversation that no other test has."""
    number = next(numbers)
    facts: dict[str, Any] = {
        "profile": playing.profile(id=f"profile{number}", keys=keys),
        "event": playing.event(id=f"message{number}"),
        "conversation": playing.conversation(id=f"c0de{number:08x}"),
    }
    return playing.delivery(**(facts | changes))


def phone() -> str:
    return f"phone#+98912{next(numbers):07}"


def test_a_first_message_makes_contact_note_and_lead(hub: Hub) -> None:
    owed = fresh((phone(), "email#maryam@example.org"))
    ids = hub.tell(owed)
    assert list(ids) == ["contact", "note", "lead"]
    party = hub.party(ids["contact"])
    assert party.name == "مریم رضایی"
    assert party.code == f"hub:{owed.profile.id}"
    assert [kind for kind, _ in party.mechanisms] == ["mobile", "email"]
    (note,) = hub.server.notes(party.id)
    assert playing.event().text in note
    assert note.endswith(f"[hub:{owed.event.reference}]")
    (lead,) = [lead for lead in hub.server.leads() if lead.party == party.id]
    assert str(lead.id) == ids["lead"]
    assert lead.employee == hub.server.employees()["سارا احمدی"]


def test_every_step_is_found_again_and_not_written_twice(hub: Hub) -> None:
    owed = fresh((phone(),))
    first = hub.tell(owed)
    before = everything(hub.server)
    for name in first:
        assert hub.tell(owed, doubtful=name, done={k: v for k, v in first.items() if k != name}) == first
    assert everything(hub.server) == before


def everything(server: Tryton) -> tuple[Any, ...]:
    parties = server.parties()
    return parties, server.leads(), {party.id: server.notes(party.id) for party in parties}


def test_killed_after_any_write_there_is_still_one_record(hub: Hub) -> None:
    for lost in ("contact", "note", "lead"):
        owed = fresh((phone(),))
        ledger: dict[str, str] = {}

        def send(step: Step, call: Call, lost: str = lost) -> Reply:
            reply = hub.http(call)
            if step.name == lost and call is step.write:
                raise Unknown("no_answer")
            return reply

        with pytest.raises(Unknown):
            hub.tell(owed, send, done=ledger)
        hub.tell(owed, done=ledger, doubtful=lost)
        party = hub.party(ledger["contact"])
        assert len([p for p in hub.server.parties() if p.code == party.code]) == 1
        assert len(hub.server.notes(party.id)) == 1
        assert len([lead for lead in hub.server.leads() if lead.party == party.id]) == 1


def test_the_server_dies_between_two_steps_and_comes_back(hub: Hub) -> None:
    owed, ledger = fresh((phone(),)), dict[str, str]()

    def send(step: Step, call: Call) -> Reply:
        if step.name == "note":
            hub.server.kill()
        return hub.http(call)

    with pytest.raises(Transient) as caught:
        hub.tell(owed, send, done=ledger)
    assert caught.value.reason in {"no_connection", "no_answer"}
    assert list(ledger) == ["contact"]
    hub.server.start()
    ids = hub.tell(owed, done=ledger, doubtful="note")
    assert len(hub.server.notes(int(ids["contact"]))) == 1


def test_twelve_workers_make_one_contact(hub: Hub) -> None:
    owed = fresh((phone(),))
    outcomes: list[object] = []

    def work() -> None:
        other = Hub(hub.server)
        try:
            outcomes.append(other.tell(owed, done={"note": "1", "lead": "1"})["contact"])
        except HubError as error:
            outcomes.append(error.reason)

    workers = [threading.Thread(target=work) for _ in range(12)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    made = [party for party in hub.server.parties() if party.code == f"hub:{owed.profile.id}"]
    assert len(made) == 1
    assert len(outcomes) == 12
    assert set(outcomes) <= {str(made[0].id), "duplicate", "http_500"}


@pytest.mark.parametrize("form", ["+98{}", "98{}", "0098{}", "0{}", "{}"])
def test_a_contact_that_people_typed_is_found_by_its_phone(hub: Hub, form: str) -> None:
    national = f"912{next(numbers):07}"
    kind = "mobile" if form.startswith("+") else "other"
    typed = [["create", [{"type": kind, "value": form.format(national)}]]]
    number = hub.server.create("party.party", name="typed by hand", contact_mechanisms=typed)
    ids = hub.tell(fresh((f"phone#+98{national}",)))
    assert ids["contact"] == str(number)
    assert len(hub.server.notes(number)) == 1


def test_of_several_the_oldest_contact_is_taken(hub: Hub) -> None:
    key = phone()
    typed = [["create", [{"type": "mobile", "value": key.removeprefix("phone#")}]]]
    older, _ = (hub.server.create("party.party", name="twice", contact_mechanisms=typed) for _ in range(2))
    assert hub.tell(fresh((key,)))["contact"] == str(older)


@pytest.mark.parametrize(
    "key",
    [
        "phone#+15550001111",
        "phone#not a number",
        "email#no address",
        "email#a@b\ud800",
    ],
)
def test_what_tryton_refuses_as_a_phone_does_not_cost_the_customer(hub: Hub, key: str) -> None:
    good = phone()
    ids = hub.tell(fresh((good, key)))
    kinds = {value.replace(" ", ""): kind for kind, value in hub.party(ids["contact"]).mechanisms}
    assert kinds[good.partition("#")[2]] == "mobile"
    # Without the package email-validator Tryton takes anything for an address.
    took = {"other"} if key.startswith("phone#") else {"other", "email"}
    assert kinds[storable(key.partition("#")[2]).replace(" ", "")] in took
    assert hub.tell(fresh((key,)))["contact"] == ids["contact"]


def test_a_phone_shared_later_is_added_once(hub: Hub) -> None:
    contact = hub.tell(fresh())["contact"]
    key = phone()
    shared = playing.event(
        id="shared",
        attachments=(Attachment(kind="contact"),),
        contact_keys=(ContactKey(kind="phone", value=key.removeprefix("phone#"), verified=True),),
    )
    for _ in range(2):
        hub.tell(fresh((key,), event=shared, contact=contact, opened=False))
    assert [kind for kind, _ in hub.party(contact).mechanisms] == ["mobile"]


def test_an_archived_contact_is_found_and_a_replaced_one_leads_on(hub: Hub) -> None:
    owed = fresh()
    contact = hub.tell(owed)["contact"]
    hub.server.call("PUT", f"party.party/{contact}?f=id", {"active": False})
    again = hub.tell(playing.delivery(profile=owed.profile, event=playing.event(id="again"), opened=False))
    assert again["contact"] == contact

    owed = fresh()
    other = hub.server.create("party.party", name="the one to keep")
    ours = hub.server.create("party.party", name="the one to keep", code=f"hub:{owed.profile.id}")
    replace_by_hand(hub.server, ours, other)
    assert hub.tell(owed)["contact"] == str(other)


def replace_by_hand(server: Tryton, source: int, destination: int) -> None:
    """What staff do to merge two contacts: Tryton offers it to its own clients only."""
    script = (
        "import sys; from proteus import Model, Wizard, config;"
        "config.set_trytond('sqlite:///crm', user='admin', config_file=sys.argv[1]);"
        "Party = Model.get('party.party'); source, destination = (Party(int(n)) for n in sys.argv[2:]);"
        "wizard = Wizard('party.replace', models=[source]);"
        "wizard.form.destination = destination; wizard.execute('replace')"
    )
    configuration = server.folder / "trytond.conf"
    subprocess.run(
        [*program("python"), "-c", script, configuration, str(source), str(destination)],
        check=True,
        stdin=subprocess.DEVNULL,
    )


HOSTILE = {
    "emoji": "👋🏽 سلام \N{WOMAN}\u200d\N{GIRL} ❤️",
    "right to left": "\u202eabc\u202c سلام،\u200cدنیا",
    "NUL and lone surrogates": "a\x00b\ud800c\udc00",
    "non-characters": "\ufffe\uffff",
    "control characters": "\x07\x1b[31m\x7f\x85",
    "a marker": "[hub:0123456789abcdef0123]\n[hub:c0ffee]",
    "pattern characters": "100%_\\'\"; DROP TABLE--",
    "long": "بلند " * 60_000,
    "only space": " \n\t ",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_any_text_and_name_arrives_and_is_found_again(hub: Hub, text: str) -> None:
    owed = fresh()
    profile = playing.profile(id=owed.profile.id, name=text[:5000])
    owed = playing.delivery(
        profile=profile,
        event=playing.event(id=owed.event.id, text=text, account=text[:50]),
        conversation=owed.consequence.conversation,
    )
    ids = hub.tell(owed)
    assert hub.party(ids["contact"]).name.strip()
    (note,) = hub.server.notes(int(ids["contact"]))
    assert storable(text) in note
    for name in ids:
        assert hub.tell(owed, doubtful=name, done={k: v for k, v in ids.items() if k != name}) == ids


def test_a_marker_in_a_message_does_not_hide_a_later_event(hub: Hub) -> None:
    later = fresh()
    contact = hub.tell(fresh())["contact"]
    forged = playing.event(id="forged", text=f"x\n[hub:{later.event.reference}]")
    hub.tell(fresh(event=forged, contact=contact, opened=False))
    hub.tell(playing.delivery(event=later.event, contact=contact, opened=False), doubtful="note")
    assert len(hub.server.notes(int(contact))) == 3


def test_every_kind_is_told_in_words_and_in_order(hub: Hub) -> None:
    contact = hub.tell(fresh())["contact"]
    kinds = [kind for kind in Kind if kind not in (Kind.CLOSE, Kind.OFFER)]
    for kind in kinds:
        event = playing.event(id=f"kind {kind}", kind=kind, direction=Direction.OUTBOUND, text="")
        hub.tell(fresh(event=event, contact=contact, opened=False))
    notes = hub.server.notes(int(contact))
    assert len(notes) == 1 + len(kinds)
    assert len({note.split(" · ")[2].partition("\n")[0] for note in notes}) == 1 + len(kinds)


def test_an_owner_moves_and_leaves(hub: Hub) -> None:
    opened = fresh()
    ids = hub.tell(opened)
    for owner, number in ((Person(id="reza", name="رضا", user_ids={"tryton": "2"}), 2), (None, None)):
        event = playing.event(id=f"move to {number}", kind=Kind.OFFER, channel="hub", account="hub")
        outcome = Outcome.ASSIGNED if owner else Outcome.WAITING
        moved = playing.delivery(
            profile=opened.profile, conversation=opened.consequence.conversation, event=event,
            contact=ids["contact"],
            lead=ids["lead"], opened=False, moved=True, owner=owner,
            decision=Decision(outcome=outcome, reason="a test wants it"),
        )  # fmt: skip
        for _ in range(2):
            hub.tell(moved)
        (lead,) = [lead for lead in hub.server.leads() if str(lead.id) == ids["lead"]]
        assert lead.employee == number


def test_a_conversation_has_one_lead_though_its_opening_was_parked(hub: Hub) -> None:
    opening = fresh(owner=Person(id="ghost", name="Ghost", user_ids={"tryton": "9999"}))
    ledger: dict[str, str] = {}
    with pytest.raises(Permanent, match="not valid according to its domain"):
        hub.tell(opening, done=ledger)
    assert list(ledger) == ["contact", "note"]
    event = playing.event(id=f"moved {opening.profile.id}", kind=Kind.OFFER, channel="hub", account="hub")
    moved = playing.delivery(
        profile=opening.profile, conversation=opening.consequence.conversation, event=event,
        contact=ledger["contact"],
        opened=False, moved=True,
    )  # fmt: skip
    ids = hub.tell(moved)
    redriven = playing.delivery(
        profile=opening.profile,
        conversation=opening.consequence.conversation,
        event=opening.event,
        contact=ledger["contact"],
    )
    assert hub.tell(redriven, done={"note": ledger["note"]})["lead"] == ids["lead"]
    (lead,) = [lead for lead in hub.server.leads() if str(lead.party) == ledger["contact"]]
    assert lead.employee == 1


def test_an_owner_unknown_to_tryton_leaves_the_lead_unowned(hub: Hub) -> None:
    ids = hub.tell(fresh(owner=Person(id="new", name="Newcomer")))
    (lead,) = [lead for lead in hub.server.leads() if str(lead.id) == ids["lead"]]
    assert lead.employee is None
    assert "owner Newcomer" in hub.server.notes(int(ids["contact"]))[0]


def refused(hub: Hub, call: Call) -> HubError:
    with pytest.raises(HubError) as caught:
        CRM.read(hub.http(call))
    return caught.value


def test_errors_as_tryton_gives_them(hub: Hub) -> None:
    target, now = hub.target, playing.NOW
    CRM.read(hub.http(CRM.probe(target, {"application_key": (hub.server.key,)}, now)))
    wrong = CRM.probe(target, {"application_key": ("0" * 128,)}, now)
    assert isinstance(refused(hub, wrong), Unauthorised)
    good = CRM.probe(target, {"application_key": (hub.server.key,)}, now)
    base = f"{hub.server.url}/rest/model/"

    def asked(method: str, path: str, body: bytes = b"") -> Call:
        headers = {**good.headers, "Content-Type": "application/json"}
        return Call(method=method, url=base + path, headers=headers, body=body)

    assert isinstance(refused(hub, asked("GET", "no.such.model")), Unknown)
    assert isinstance(refused(hub, asked("GET", "party.party?f=no_such_field")), Unknown)
    assert refused(hub, asked("PUT", "sale.opportunity/99999?f=id", b'{"employee": 1}')).reason == "http_404"
    assert refused(hub, asked("POST", "party.party?f=id", b'{"bad')).reason == "http_400"
    other = playing.target("tryton", hub.server.url, company="7")
    with pytest.raises(Permanent):
        playing.play(CRM, fresh(), other, hub.send, credentials={"application_key": (hub.server.key,)})


def test_calls_per_event(hub: Hub) -> None:
    first = hub.tell(fresh((phone(),)))
    assert len(hub.sent) == 6
    hub.sent.clear()
    hub.tell(fresh(contact=first["contact"], opened=False))
    assert len(hub.sent) == 1
