"""What the people who read a CRM's timeline see of a phone that is not the contact's, and of a group."""

from chalicelib.crms.wording.names import contact_name
from chalicelib.crms.wording.notes import note
from chalicelib.vocabulary.event import ContactKey, claimed, withheld
from tests.crms import playing

CALLER = "+989120000001"


def a_delivery(*, verified: bool, keys: tuple[str, ...] = ()):
    event = playing.event(
        customer=claimed("twilio", CALLER),
        contact_keys=(ContactKey(kind="phone", value=CALLER, verified=verified),),
        name="",
    )
    return playing.delivery(event=event, profile=playing.profile(name="", keys=keys))


def test_a_claimed_phone_stands_in_the_note_as_what_it_is():
    assert f"phone {CALLER}: claimed, not verified" in note(a_delivery(verified=False)).splitlines()
    assert "claimed" not in note(a_delivery(verified=True))


def test_a_verified_phone_that_is_not_the_contacts_stands_in_the_note_too():
    assert f"phone {CALLER}: cannot be read, or is another customer's" in note(a_delivery(verified=True))
    assert CALLER not in note(a_delivery(verified=True, keys=(f"phone#{CALLER}",)))


def test_a_contact_of_whom_nothing_else_is_known_is_called_by_the_claimed_number():
    assert contact_name(a_delivery(verified=False)) == f"twilio {CALLER}"


def test_in_a_group_the_note_says_who_spoke():
    event = playing.event(customer=withheld("telegram", "-1000000000001"), extra={"speaker": "سارا\nرستمی"})
    heading = note(playing.delivery(event=event)).splitlines()[0]
    assert heading.endswith("سارا رستمی, in the group, wrote")
