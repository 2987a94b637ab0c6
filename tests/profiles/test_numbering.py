"""Old and new spellings of one subscriber's number, country by country."""

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.crms.wording.names import typed_forms
from chalicelib.profiles.phones import e164
from chalicelib.vocabulary.numbering import CHANGES, current, spellings

# As WhatsApp or a CRM has it, and as networks send it.
TABLE = [
    ("+5215512345678", "+525512345678"),  # Mexico
    ("+5219991234567", "+529991234567"),
    ("+553188776655", "+5531988776655"),  # Brazil
    ("+551168776655", "+5511968776655"),
    ("+541123456789", "+5491123456789"),  # Argentina
    ("+543511234567", "+5493511234567"),
    ("+5712345678", "+576012345678"),  # Colombia, a fixed line
    ("+22997123456", "+2290197123456"),  # Benin
    ("+22921123456", "+2290121123456"),
    ("+22507123456", "+2250707123456"),  # Ivory Coast
    ("+22545123456", "+2250545123456"),
    ("+22501123456", "+2250101123456"),
    ("+22522500000", "+2252722500000"),
    ("+22521001234", "+2252521001234"),
    ("+22520812345", "+2252120812345"),
    ("+24106123456", "+24166123456"),  # Gabon
    ("+2416123456", "+24166123456"),
    ("+24102123456", "+24162123456"),
    ("+24107123456", "+24177123456"),
    ("+24101761234", "+24111761234"),
    ("+2307123456", "+23057123456"),  # Mauritius
    ("+23771234567", "+237671234567"),  # Cameroon
    ("+23722123456", "+237222123456"),
    ("+841201234567", "+84701234567"),  # Vietnam
    ("+841661234567", "+84361234567"),
    ("+841991234567", "+84591234567"),
    ("+9745312345", "+97455312345"),  # Qatar
    ("+99599123456", "+995599123456"),  # Georgia
    ("+20101234567", "+201001234567"),  # Egypt
    ("+20191234567", "+201091234567"),
    ("+20181234567", "+201281234567"),
    ("+20141234567", "+201141234567"),
    ("+5624234730", "+56224234730"),  # Chile, a fixed line; one in Santiago has a digit more
    ("+5665350009", "+56652350009"),
    ("+59397123456", "+593997123456"),  # Ecuador
    ("+59384123456", "+593984123456"),
    ("+2455123456", "+245955123456"),  # Guinea-Bissau
    ("+2456612345", "+245966612345"),
    ("+240212345", "+240222212345"),  # Equatorial Guinea
    ("+2686123456", "+26876123456"),  # Eswatini
    ("+2684123456", "+26824123456"),
    ("+248512345", "+2482512345"),  # Seychelles
    ("+248421234", "+2484421234"),
    ("+6707123456", "+67077123456"),  # Timor-Leste
    ("+2356123456", "+23566123456"),  # Chad
    ("+5995421234", "+17215421234"),  # Sint Maarten
]
every_pair = pytest.mark.parametrize(("old", "new"), TABLE)


@every_pair
def test_both_are_one_number(old, new):
    assert e164(old) == e164(new) == e164(f"00{old[1:]}") == new
    assert phonenumbers.is_possible_number(phonenumbers.parse(new))


@every_pair
def test_a_crm_is_asked_for_both(old, new):
    code = str(phonenumbers.parse(new).country_code)
    forms = typed_forms(new, code)
    assert forms[0] == new
    assert {old, old[1:], f"00{old[1:]}", old.removeprefix(f"+{code}")} <= set(forms)
    assert {old, new} <= set(typed_forms(old, code))
    assert len(forms) == len(set(forms))


@pytest.mark.parametrize(
    "number",
    [
        "+989120000001",
        "+982100000000",
        "+14155550123",
        "+447700900123",
        "+551133334444",  # a fixed line: they begin with 2 to 5
        "+5511988776655",
        "+525512345678",
        "+573001234567",
        "+2306123456",
        "+541181234567890",
        "+54800123456",
        "+201501234567",
        "+201551234567",
        "+56912345678",
        "+59322123456",
        "+37744123456",
        "+56223456789",
        "+5995551234",
        "+5997171234",
        "+59994341234",
    ],
)
def test_what_did_not_change_stays(number):
    assert current(number) == number


@pytest.mark.parametrize(
    ("typed", "region", "number"),
    [
        ("1 55 1234 5678", "MX", "+525512345678"),
        ("55 1234 5678", "MX", "+525512345678"),
        ("(31) 8877-6655", "BR", "+5531988776655"),
        ("011 15 2345-6789", "AR", "+5491123456789"),
        ("11 2345-6789", "AR", "+5491123456789"),
        ("97 12 34 56", "BJ", "+2290197123456"),
        ("07 12 34 56", "CI", "+2250707123456"),
    ],
)
def test_as_people_type_it_at_home(typed, region, number):
    assert e164(typed, region) == number


@pytest.mark.parametrize("change", CHANGES, ids=lambda c: f"{c.code} {c.old}>{c.new}")
def test_every_change_says_when_and_who_says_so(change):
    assert change.since
    assert change.source


@st.composite
def old_numbers(draw):
    change = draw(st.sampled_from(CHANGES))
    pattern = rf"\+{change.code}{change.kept}{change.old}{change.rest}"
    return draw(st.from_regex(pattern, fullmatch=True, alphabet="+0123456789"))


# By the library's metadata they are valid beside the new ones, or were not changed there.
STILL_VALID = {"54", "55", "230", "241"}


@given(old_numbers())
def test_no_old_number_is_somebody_elses_today(old):
    parsed = phonenumbers.parse(old)
    assert str(parsed.country_code) in STILL_VALID or not phonenumbers.is_valid_number(parsed)
    assert phonenumbers.is_possible_number(phonenumbers.parse(current(old)))


@given(old_numbers())
def test_every_old_number_has_one_new_and_is_found_by_it(old):
    new = current(old)
    assert new != old
    assert current(new) == new, "a new number is not an old one too"
    assert old in spellings(new)
    assert spellings(old) == spellings(new)


@given(st.from_regex(r"\+[1-9][0-9]{5,14}", fullmatch=True, alphabet="+0123456789"))
def test_any_number(number):
    assert current(current(number)) == current(number)
    assert spellings(number)[0] == current(number)
    assert all(current(spelling) == current(number) for spelling in spellings(number))
