"""Texts as databases and JSON readers take them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.crms.http.texts import storable, to_json


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("\ud83d\udc4b", "👋"),
        ("a\ud800b", "a\ufffdb"),
        ("\udc00\ud800", "\ufffd\ufffd"),
        ("\ud800", "\ufffd"),
        ("nul\x00", "nul\ufffd"),
        ("\\u0000", "\\u0000"),
        ("\ufffe👋 سلام", "\ufffe👋 سلام"),
    ],
)
def test_storable(text, stored):
    assert storable(text) == stored
    assert json.loads(to_json({"t": (text,)})) == {"t": [stored]}


texts = st.text() | st.sampled_from(["\ud800", "half \ud83d", "\ude00\ud83d", "nul\x00", "\\u0000"])
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner) | st.dictionaries(texts, inner),
)


@given(json_values)
def test_any_value_becomes_json_that_everybody_can_read(value):
    written = to_json(value)
    json.loads(written.decode("utf-8"), parse_constant=pytest.fail)
    assert b"\\u0000" not in written.replace(b"\\\\", b"")
    assert to_json(value) == written
