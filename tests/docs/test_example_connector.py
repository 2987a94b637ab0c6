"""The connector of `docs/adding-a-crm.md` stands what every connector stands."""

import json

import pytest

from chalicelib.crms import CRMS
from tests.crms import playing, test_contract
from tests.crms import test_fixtures as crm_fixtures
from tests.docs.examples import example, loaded

CABINET = loaded(example("adding-a-crm.md", "python"), "cabinet").CABINET


@pytest.fixture
def cabinet(tmp_path, monkeypatch):
    """The case of the page, where the tests of the connectors expect one of theirs."""
    monkeypatch.setitem(CRMS, "cabinet", CABINET)
    beside = json.loads(example("adding-a-crm.md", "json", 1))
    monkeypatch.setitem(playing.CREDENTIALS, "cabinet", playing.held(beside["credentials"]))
    path = tmp_path / "cabinet" / "first-message.json"
    path.parent.mkdir()
    path.write_text(example("adding-a-crm.md", "json"))
    return path


def test_the_example_connector_does_what_its_case_states(cabinet) -> None:
    case = json.loads(cabinet.read_text())
    requests, outcome = crm_fixtures.acted(case, "cabinet")
    assert outcome == case["outcome"]
    assert [(each["step"], each["method"]) for each in requests] == [("person", "POST"), ("note", "POST")]


@pytest.mark.parametrize("place", [0, 1])
def test_the_example_connector_stands_the_tests_of_connectors(cabinet, place) -> None:
    for fault in test_contract.FAULTS:
        test_contract.test_a_fault_is_told_by_its_class_and_tells_nothing_else(cabinet, place, fault)
    for lie in test_contract.LIES:
        test_contract.test_a_200_that_is_none_is_in_doubt_where_records_are_kept(cabinet, place, lie)
    test_contract.test_asking_again_is_asking_the_same(cabinet)
    test_contract.test_a_finished_step_is_not_run_again(cabinet)
    for test in (
        test_contract.test_the_probe_writes_nothing_and_shows_no_secret,
        test_contract.test_what_an_operator_fills_in_is_declared,
        test_contract.test_an_empty_secret_sends_nothing,
    ):
        test(CABINET)
