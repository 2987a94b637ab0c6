"""The environment, the stored configuration in sections, and the copy that outlives an outage."""

import subprocess
import sys
from collections.abc import Callable

import pytest

from chalicelib.configuration.accounts import Accounts, decode_accounts
from chalicelib.configuration.cached import Cached
from chalicelib.configuration.environment import load
from chalicelib.configuration.stage import Configuration, decode, encode
from chalicelib.vocabulary.account import Account
from chalicelib.vocabulary.delivery import Target
from chalicelib.vocabulary.errors import HubError, Misconfigured, Transient
from chalicelib.vocabulary.people import Directory, Hours, Person, Routing, Rule, Team

ENVIRON = {
    "HUB_STAGE": "local",
    "HUB_TABLE": "switchboard-local",
    "HUB_BUCKET": "switchboard-local-bucket",
    "HUB_EVENTS_QUEUE": "https://sqs.eu-central-1.amazonaws.com/000000000000/events.fifo",
    "HUB_SECRETS": "/switchboard/local",
    "HUB_TARGET_QUEUES": '{"crm": "http://127.0.0.1:4566/000000000000/crm.fifo"}',
}

STAGE = Configuration(
    version="7",
    public_url="https://hub.example.org",
    accounts=(
        Account(channel="telegram", id="bot", secret="telegram", settings={"a": "b"}),
        Account(channel="whatsapp", id="bot", secret="whatsapp"),
    ),
    directory=Directory(
        people=(Person(id="sara", name="سارا", languages={"fa": 5}, away=(("2026-01-01", "2026-01-02"),)),),
        teams=(Team(id="desk", name="پذیرش", members=("sara",)),),
        hours={"office": Hours(week={"sat": (("09:00", "17:00"),)}, holidays=("2026-03-21",))},
    ),
    routing=Routing(rules=(Rule(name="all", words=("رزرو",), team="desk"),)),
    targets=(Target(name="crm", connector="receiver", url="https://crm.example.org", kinds=("message",)),),
)


def test_environment_is_read():
    environment = load(ENVIRON)
    assert environment.stage == "local"
    assert environment.target_queues == {"crm": "http://127.0.0.1:4566/000000000000/crm.fifo"}


def test_a_function_without_targets_needs_no_queues():
    assert load({k: v for k, v in ENVIRON.items() if k != "HUB_TARGET_QUEUES"}).target_queues == {}


def test_everything_missing_is_said_at_once():
    with pytest.raises(Misconfigured) as raised:
        load({})
    assert [name for name in ENVIRON if f"{name} is missing" in raised.value.detail] == [
        "HUB_STAGE",
        "HUB_TABLE",
        "HUB_BUCKET",
        "HUB_EVENTS_QUEUE",
        "HUB_SECRETS",
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HUB_STAGE", "Local Stage"),
        ("HUB_TABLE", "a"),
        ("HUB_BUCKET", "Not_A_Bucket"),
        ("HUB_EVENTS_QUEUE", "https://sqs.example.org/1/events"),
        ("HUB_SECRETS", "switchboard/"),
        ("HUB_TARGET_QUEUES", "{"),
        ("HUB_TARGET_QUEUES", "[]"),
        ("HUB_TARGET_QUEUES", '{"crm": 1}'),
        ("HUB_TARGET_QUEUES", '{"crm": "https://sqs.example.org/1/crm"}'),
    ],
)
def test_what_is_malformed_is_named(name, value):
    with pytest.raises(Misconfigured) as raised:
        load({**ENVIRON, name: value})
    assert f"{name} is malformed" in raised.value.detail


def test_a_stage_survives_storage():
    sections = encode(STAGE)
    assert set(sections) == {"accounts", "people", "routing", "crms"}
    assert decode(sections) == STAGE


def test_the_front_door_reads_the_accounts_alone():
    register = decode_accounts({"accounts": encode(STAGE)["accounts"]})
    assert register == Accounts(version="7", public_url="https://hub.example.org", accounts=STAGE.accounts)
    assert register.account("whatsapp", "bot") == STAGE.accounts[1]
    assert register.account("telegram", "other") is None


def test_what_is_configured_is_found_by_name():
    assert STAGE.account("whatsapp", "bot") is STAGE.accounts[1]
    assert STAGE.account("twilio", "bot") is None
    assert STAGE.target("crm") is STAGE.targets[0]
    assert STAGE.target("other") is None


@pytest.mark.parametrize("section", ["accounts", "people", "routing", "crms"])
@pytest.mark.parametrize("damage", [lambda s, n: s.pop(n), lambda s, n: s.update({n: b"not compressed"})])
def test_a_damaged_section_is_misconfigured(section, damage):
    sections = encode(STAGE)
    damage(sections, section)
    with pytest.raises(Misconfigured, match=f"section {section}"):
        decode(sections)


def test_what_dynamodb_would_refuse_is_refused_before(monkeypatch):
    monkeypatch.setattr("chalicelib.configuration.stage.LARGEST", 100)
    with pytest.raises(Misconfigured, match="configuration_too_large"):
        encode(STAGE)


class Shelf:
    """Where configuration is stored, with a clock and a switch for outages."""

    def __init__(self, version: str = "1", copy: Callable[[], str] | None = None):
        self.version, self.now, self.reads = version, 1000.0, 0
        self.failure: Transient | None = None
        self.cached = Cached(read=self.read, copy=copy, clock=lambda: self.now, max_age=60)

    def read(self) -> str:
        self.reads += 1
        if self.failure:
            raise self.failure
        if not self.version:
            raise Misconfigured("configuration_missing")
        return self.version


def test_a_copy_is_kept_for_a_minute():
    shelf = Shelf()
    assert shelf.cached.current() == "1"
    shelf.version = "2"
    shelf.now += 59.9
    assert shelf.cached.current() == "1"
    assert shelf.reads == 1
    shelf.now += 0.1
    assert shelf.cached.current() == "2"


def test_an_outage_is_outlived_with_the_copy_and_tried_once_a_second():
    shelf = Shelf()
    shelf.cached.current()
    shelf.failure = Transient("table_down")
    shelf.now += 3600
    assert [shelf.cached.current() for _ in range(5)] == ["1"] * 5
    assert shelf.reads == 2
    shelf.now += 1
    assert shelf.cached.current() == "1"
    assert shelf.reads == 3
    shelf.failure, shelf.version = None, "2"
    shelf.now += 1
    assert shelf.cached.current() == "2"


def test_without_a_copy_an_outage_is_raised_and_the_next_request_tries_again():
    shelf = Shelf()
    shelf.failure = Transient("table_down")
    for _ in range(2):
        with pytest.raises(Transient, match="table_down"):
            shelf.cached.current()
    shelf.failure = None
    assert shelf.cached.current() == "1"


def test_nothing_pushed_yet_is_misconfigured():
    with pytest.raises(Misconfigured, match="configuration_missing"):
        Shelf(version="").cached.current()


def test_a_push_that_cannot_be_read_leaves_the_copy():
    shelf = Shelf()
    shelf.cached.current()
    shelf.version = ""
    shelf.now += 61
    assert shelf.cached.current() == "1"


def a_copy_of(version: str) -> Callable[[], str]:
    return lambda: version


def no_copy() -> str:
    raise Misconfigured("aws_refused", "NoSuchKey")


def test_what_was_never_read_is_served_from_a_copy_until_it_can_be():
    shelf = Shelf(copy=a_copy_of("copy"))
    shelf.failure = Transient("table_down")
    shelf.now = 1.0  # a machine that has just started
    assert [shelf.cached.current() for _ in range(5)] == ["copy"] * 5
    assert shelf.reads == 1
    with pytest.raises(Transient, match="table_down"):
        shelf.cached.refresh()
    shelf.failure = None
    shelf.now += 1
    assert shelf.cached.current() == "1"


def test_a_copy_is_not_asked_for_while_the_original_is_known():
    shelf = Shelf(copy=no_copy)
    assert shelf.cached.current() == "1"
    shelf.failure = Transient("table_down")
    shelf.now += 3600
    assert shelf.cached.current() == "1"


def test_without_either_the_fault_of_the_original_is_raised():
    shelf = Shelf(copy=no_copy)
    shelf.failure = Transient("table_down")
    with pytest.raises(Transient, match="table_down"):
        shelf.cached.current()


def test_refresh_reads_at_most_once_a_second():
    shelf = Shelf()
    shelf.cached.current()
    shelf.version = "2"
    assert shelf.cached.refresh() == "1"
    shelf.now += 1
    assert [shelf.cached.refresh() for _ in range(10)] == ["2"] * 10
    assert shelf.reads == 2


def test_a_failed_refresh_is_never_taken_for_an_unknown_account():
    shelf = Shelf()
    shelf.cached.current()
    shelf.now += 2
    shelf.failure = Transient("table_down")
    for _ in range(3):
        with pytest.raises(HubError, match="table_down"):
            shelf.cached.refresh()
    assert shelf.reads == 2
    assert shelf.cached.current() == "1"


def test_a_clock_set_back_does_not_keep_a_copy():
    shelf = Shelf()
    shelf.cached.current()
    shelf.version = "2"
    shelf.now -= 5000
    assert shelf.cached.current() == "2"


def test_importing_it_brings_in_nothing_slow():
    code = (
        "import sys, chalicelib.configuration.cached;"
        "print(sorted({'botocore', 'pynamodb', 'phonenumbers', 'chalice', 'zoneinfo'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
