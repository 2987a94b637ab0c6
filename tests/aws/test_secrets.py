"""Secrets: read when needed, kept five minutes, served stale through an outage, and never quoted."""

import pytest

from chalicelib.aws.secrets import Parameters
from chalicelib.vocabulary.errors import Misconfigured, Transient


class Store:
    def __init__(self, text='{"token": "one"}'):
        self.text = text
        self.error = None
        self.reads = []
        self.now = 0.0

    def read(self, name):
        self.reads.append(name)
        if self.error:
            raise self.error
        return self.text

    @property
    def parameters(self):
        return Parameters(read=self.read, clock=lambda: self.now)


def test_one_value_and_several():
    store = Store('{"token": "one", "keys": ["new", "old"], "none": []}')
    assert store.parameters.get("meta") == {"token": ("one",), "keys": ("new", "old"), "none": ()}


def test_kept_for_five_minutes_and_then_read_again():
    store = Store()
    parameters = store.parameters
    for _ in range(3):
        parameters.get("meta")
        store.now += 99
    assert store.reads == ["meta"]
    store.now = 300
    store.text = '{"token": "two"}'
    assert parameters.get("meta") == {"token": ("two",)}
    assert store.reads == ["meta"] * 2


def test_each_by_its_name():
    store = Store()
    parameters = store.parameters
    parameters.get("meta")
    parameters.get("twilio")
    parameters.get("meta")
    assert store.reads == ["meta", "twilio"]


def test_an_account_without_a_secret_has_none_and_nothing_is_read():
    store = Store()
    assert store.parameters.get("") == {}
    assert store.reads == []


@pytest.mark.parametrize("error", [Transient("aws_busy"), Misconfigured("aws_refused", "ParameterNotFound")])
def test_served_stale_through_an_outage_and_asked_for_now_and_then(error):
    store = Store()
    parameters = store.parameters
    parameters.get("meta")
    store.error = error
    store.now = 10_000
    for _ in range(10):
        assert parameters.get("meta") == {"token": ("one",)}
        store.now += 1
    assert len(store.reads) == 1 + 2
    store.error = None
    store.now += 10
    store.text = '{"token": "two"}'
    assert parameters.get("meta") == {"token": ("two",)}


@pytest.mark.parametrize("error", [Transient("aws_busy"), Misconfigured("aws_refused")])
def test_never_read_is_the_error_itself(error):
    store = Store()
    store.error = error
    parameters = store.parameters
    for _ in range(2):
        with pytest.raises(type(error)):
            parameters.get("meta")
    assert len(store.reads) == 2


def test_fresh_reads_again_but_not_within_a_second():
    store = Store()
    parameters = store.parameters
    parameters.get("meta")
    store.now = 0.5
    parameters.fresh("meta")
    store.now = 1.0
    store.text = '{"token": "two"}'
    assert parameters.fresh("meta") == {"token": ("two",)}
    assert parameters.get("meta") == {"token": ("two",)}
    assert len(store.reads) == 2


def test_renewed_values_are_found_once():
    store = Store()
    parameters = store.parameters
    parameters.get("meta")
    assert parameters.renewed("meta") is None, "it was read this second"
    store.text = '{"token": "two"}'
    store.now = 1.0
    assert parameters.renewed("meta") == {"token": ("two",)}
    store.now = 2.0
    assert parameters.renewed("meta") is None
    assert parameters.get("meta") == {"token": ("two",)}
    assert parameters.renewed("") is None


def test_a_container_looks_for_renewed_values_once_a_second_whatever_their_names():
    store = Store()
    parameters = store.parameters
    for name in ("meta", "twilio"):
        parameters.get(name)
    store.now = 10
    for _ in range(9):
        parameters.renewed("meta")
        parameters.renewed("twilio")
    assert store.reads == ["meta", "twilio", "meta"]


def test_many_looks_in_vain_become_rare_and_one_that_was_not_ends_that():
    store = Store()
    parameters = store.parameters
    parameters.get("meta")
    for _ in range(65):
        store.now += 1
        parameters.renewed("meta")
    assert len(store.reads) == 1 + 5 + 4
    store.text = '{"token": "two"}'
    store.now += 15
    assert parameters.renewed("meta") == {"token": ("two",)}
    store.text = '{"token": "three"}'
    store.now += 1
    assert parameters.renewed("meta") == {"token": ("three",)}


def test_a_quiet_minute_forgives_looks_in_vain():
    store = Store()
    parameters = store.parameters
    parameters.get("meta")
    for _ in range(9):
        store.now += 1
        parameters.renewed("meta")
    store.now += 60
    for _ in range(3):
        store.now += 1
        parameters.renewed("meta")
    assert len(store.reads) == 1 + 5 + 3


def test_an_outage_renews_nothing():
    store = Store()
    parameters = store.parameters
    parameters.get("meta")
    store.error = Transient("aws_busy")
    store.now = 10
    assert parameters.renewed("meta") is None
    assert parameters.get("meta") == {"token": ("one",)}


def test_a_clock_that_was_set_back_keeps_nothing_for_ever():
    store = Store()
    store.now = 10_000
    parameters = store.parameters
    parameters.get("meta")
    store.now = 0
    parameters.get("meta")
    assert len(store.reads) == 2


MALFORMED = (
    *("", "hunter2", '"hunter2"', '["hunter2"]', "null", '{"token": "hunter2"', '{"token": "hunter2"}}'),
    *(
        '{"token": 5}',
        '{"token": null}',
        '{"token": ["hunter2", 1]}',
        '{"token": {"hunter2": 1}}',
        '{"t": "\\ud800"}',
    ),
)


@pytest.mark.parametrize("text", MALFORMED)
def test_what_is_malformed_is_named_and_not_quoted(text):
    with pytest.raises(Misconfigured, match="secret_unreadable") as caught:
        Store(text).parameters.get("meta")
    assert "meta" in caught.value.detail
    assert "hunter2" not in f"{caught.value}"
    assert caught.value.__suppress_context__


def test_a_malformed_change_does_not_push_out_what_works():
    store = Store()
    parameters = store.parameters
    parameters.get("meta")
    store.now = 400
    store.text = "{"
    assert parameters.get("meta") == {"token": ("one",)}
