"""A stage's files: what they become, and every fault said at once with its line."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from chalicelib.channels.base import Channel
from chalicelib.channels.signatures.shared_token import SharedToken
from chalicelib.configuration.stage import decode, encode
from chalicelib.crms.base import Crm, Field
from chalicelib.routing.hours import ALWAYS
from chalicelib.vocabulary.people import Hours, Person, Rule
from ops.stages.difference import difference, fingerprint
from ops.stages.faults import Faults
from ops.stages.load import load_stage, schema

ROOT = Path(__file__).parents[3]
STAGES = ROOT / "infra" / "stages"
VARIABLES = {
    "PUBLIC_URL": "http://127.0.0.1:4566/local",
    "CRM_URL": "http://127.0.0.1:4567/events",
    "STANDIN_URL": "http://127.0.0.1:4568/",
    "TRYTON_URL": "http://127.0.0.1:8000/crm",
}


def unused(*_):
    raise AssertionError("loading a stage calls no connector")


CHANNELS = {
    name: Channel(
        name=name, verify=SharedToken(header="x", keys="k"), parse=lambda _r, _a: (), settings=settings
    )
    for name, settings in (("telegram", ()), ("bale", ("bot_name",)))
}
CONNECTORS = {
    "receiver": Crm(
        name="receiver",
        deliver=unused,
        read=unused,
        probe=unused,
        fields=(
            Field(name="signing_secret", about="", secret=True),
            Field(name="company", about=""),
            Field(name="note", about="", required=False),
        ),
        kinds=("message", "call"),
    )
}

GOOD = {
    "accounts": """\
public_url: https://hub.example.org/
accounts:
  - {channel: telegram, id: 0912, name: ربات, secret: bot, language: fa}
  - {channel: telegram, id: 104829183746, secret: bot, statuses: true, groups: chat, settings: {}}
""",
    "people": """\
hours:
  office:
    week:
      sat: [09:30-17:00]
      fri: []
    holidays: [2026-03-21]
people:
  - id: sara
    name: سارا
    languages: {fa: 5, no: 2}
    hours: office
    capacity: 3
    away: [{from: 2026-08-01, to: 2026-08-07}]
    user_ids: {crm: 0912}
    identities: [telegram:700000001]
teams:
  - {id: desk, name: Desk, members: [sara]}
""",
    "routing": """\
idle: 600
rules:
  - name: bookings
    when: {channel: [telegram], account: [0912], words: [رزرو, on]}
    person: sara
    sticky: false
  - {name: all, team: desk, respond_within: 5}
""",
    "crms": """\
targets:
  - {name: crm, connector: receiver, url: "https://crm.example.org", secret: crm, settings: {company: 1}}
""",
}


@pytest.fixture
def load(tmp_path):
    """Load the good stage with some of its files replaced; the files' folder is left out of the faults."""

    def loaded(variables=None, **files):
        for name, text in {**GOOD, **files}.items():
            content = text if isinstance(text, bytes) else text.encode()
            (tmp_path / f"{name}.yaml").write_bytes(content)
        return load_stage(tmp_path, variables or {}, version="1", channels=CHANNELS, connectors=CONNECTORS)

    return loaded


@pytest.fixture
def faults(load, tmp_path):
    def listed(**files):
        with pytest.raises(Faults) as raised:
            load(**files)
        return [str(fault).removeprefix(f"{tmp_path}/") for fault in raised.value.faults]

    return listed


def test_what_it_becomes(load):
    stage = load()
    assert stage.version == "1"
    assert stage.public_url == "https://hub.example.org"
    assert [account.id for account in stage.accounts] == ["0912", "104829183746"]
    assert stage.accounts[1].statuses
    assert [account.groups for account in stage.accounts[:2]] == ["people", "chat"]
    assert stage.directory.people == (
        Person(
            id="sara",
            name="سارا",
            languages={"fa": 5, "no": 2},
            hours="office",
            capacity=3,
            away=(("2026-08-01", "2026-08-07"),),
            user_ids={"crm": "0912"},
            identities=("telegram:700000001",),
        ),
    )
    assert stage.directory.hours == {
        "office": Hours(week={"sat": (("09:30", "17:00"),), "fri": ()}, holidays=("2026-03-21",))
    }
    assert stage.routing.idle == 600
    assert stage.routing.rules[0] == Rule(
        name="bookings",
        channel=("telegram",),
        account=("0912",),
        words=("رزرو", "on"),
        person="sara",
        sticky=False,
    )
    assert stage.targets[0].connector == "receiver"
    assert stage.targets[0].kinds == ("message", "call")
    assert stage.targets[0].settings == {"company": "1"}
    assert decode(encode(stage)) == stage


@pytest.mark.parametrize("name", ["local", "example"])
def test_the_stages_of_the_repository(name):
    stage = load_stage(STAGES / name, VARIABLES, version="1")
    assert decode(encode(stage)) == stage
    catch_all = stage.routing.rules[-1]
    assert replace(catch_all, name="", team="", person="", respond_within=60) == Rule(name="")
    without = load_stage(STAGES / name)
    assert [target.name for target in without.targets] == [target.name for target in stage.targets]


def test_the_local_stage_answers_around_the_clock():
    directory = load_stage(STAGES / "local", VARIABLES).directory
    always = [p for p in directory.people if directory.hours[p.hours].week == ALWAYS.week]
    assert len(always) >= 2


CASES = sorted(path for path in (ROOT / "tests" / "fixtures" / "stages").iterdir())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_fault_at_once(faults, case):
    """A case holds the files that differ from the good ones, and what is said of them."""
    files = {file.stem: file.read_bytes() for file in case.glob("*.yaml")}
    assert faults(**files) == (case / "faults.txt").read_text().splitlines()


def test_a_missing_file(tmp_path):
    with pytest.raises(Faults) as raised:
        load_stage(tmp_path, channels=CHANNELS, connectors=CONNECTORS)
    assert [fault.problem for fault in raised.value.faults] == ["the file is missing"] * 4


def test_variables_are_values_and_never_yaml(load):
    crms = GOOD["crms"].replace("https://crm.example.org", "${URL}")
    stage = load(variables={"URL": "https://crm.example.org/a?b=[c],{d}"}, crms=crms)
    assert stage.targets[0].url == "https://crm.example.org/a?b=[c],{d}"


def test_the_fingerprint_is_of_the_content(load):
    stage = load()
    assert fingerprint(stage) == fingerprint(replace(stage, version="2"))
    assert fingerprint(stage) != fingerprint(replace(stage, public_url="https://other.example.org"))


def test_the_difference_is_said(load):
    old = load()
    new = load(
        accounts=GOOD["accounts"].replace("104829183746", "two"),
        people=GOOD["people"]
        .replace("capacity: 3", "capacity: 5")
        .replace("hours: office\n    cap", "hours: office\n    cap"),
        routing="rules:\n  - {name: all, team: desk, respond_within: 5}\n",
    )
    assert difference(old, new) == [
        "- account telegram 104829183746",
        "- rule bookings",
        "~ person sara: capacity 3 → 5",
        "~ idle: 600 → 1440",
        "~ order of rules: all",
        "+ account telegram two",
    ]
    assert difference(old, old) == []
    assert "+ person sara" in difference(None, new)


def _described(part, where):
    if isinstance(part, dict):
        if "type" in part or "enum" in part:
            assert part.get("description"), where
        if part.get("type") == "object":
            assert "additionalProperties" in part, where
        for key, inner in part.items():
            _described(inner, f"{where}/{key}")


@pytest.mark.parametrize("name", ["accounts", "people", "routing", "crms"])
def test_schemas_describe_everything_and_allow_nothing_else(name):
    published = schema(name)
    _described(published, name)
    assert published["additionalProperties"] is False
    assert json.dumps(published)
