"""A token is compared as it is written, in constant time."""

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.channels.signatures.base import same
from tests.channels.signatures.schemes import TOKEN, outcome, request


@given(st.text(st.characters(), max_size=20), st.lists(st.text(st.characters(), max_size=20), max_size=3))
def test_a_token_is_one_of_the_secrets_or_is_not(given_, held):
    got = outcome(TOKEN, request({"x-token": given_}), {"secret_token": tuple(held)})
    assert (got == "accepted") == (given_ != "" and given_ in held)


def test_tokens_are_compared_with_no_regard_to_their_form():
    assert same("é", ["é".encode()])
    assert not same("e\u0301", ["é".encode()])
    assert not same("", [])
