"""Which contact is taken, and what is written to it."""

from __future__ import annotations

import subprocess

import pytest

from chalicelib.crms.http.texts import storable
from chalicelib.vocabulary.event import Attachment, ContactKey
from ops.local.tryton.database import program
from ops.local.tryton.server import Tryton
from tests.crms import playing
from tests.crms.tryton.telling import Hub, fresh, numbers, phone

pytestmark = pytest.mark.slow


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
