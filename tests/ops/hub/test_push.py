from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from chalicelib.configuration.accounts import decode_accounts
from chalicelib.configuration.stage import decode
from chalicelib.configuration.stored import ACCOUNTS as ACCOUNTS_KEY
from chalicelib.configuration.stored import COPY
from chalicelib.store.rows import AccountsRow, ConfigRow
from ops.hub import configuration, push
from ops.hub.exits import Code, Stop
from tests.ops.hub.conftest import Desk

ACCOUNTS = """\
public_url: ${PUBLIC_URL}
accounts:
  - {channel: telegram, id: bot, secret: telegram, region: IR, language: fa}
  - {channel: whatsapp, id: "100009", secret: meta, region: IR, language: fa}
"""
PEOPLE = """\
hours:
  always:
    timezone: Asia/Tehran
    week: {sat: ["00:00-24:00"], sun: ["00:00-24:00"]}
people:
  - {id: neda, name: ندا, languages: {fa: 5}, hours: always, capacity: 2}
teams:
  - {id: desk, name: پذیرش, members: [neda]}
"""
ROUTING = """\
opens: [message]
idle: 1440
rules:
  - {name: بقیه, team: desk, respond_within: 60}
"""
CRMS = """\
targets:
  - {name: crm, connector: receiver, url: "${CRM_URL}", secret: crm, concurrency: 2}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "stage"
    made.mkdir()
    for name, text in (("accounts", ACCOUNTS), ("people", PEOPLE), ("routing", ROUTING), ("crms", CRMS)):
        (made / f"{name}.yaml").write_text(text)
    return made


def test_files_become_what_the_functions_read(desk: Desk, folder: Path) -> None:
    ended = desk.run("push", "--stage-dir", str(folder))
    assert ended.code == 0, ended.err
    row = desk.site.table.get(ConfigRow, ("CONFIG", "CURRENT"))
    assert row is not None
    stored = decode(
        {"accounts": row.accounts, "people": row.people, "routing": row.routing, "crms": row.crms}
    )
    assert stored.version == row.version
    assert re.fullmatch(r"\d{8}T\d{6}Z-[0-9a-f]{8}", row.version)
    assert stored.public_url == "https://hub.example.org"
    assert stored.targets[0].url == "https://crm.example.org"
    assert stored.directory.people[0].name == "ندا"
    assert row.version in ended.out
    assert "- person reza" in ended.out
    assert "~ rule" not in ended.out
    assert "+ rule بقیه" in ended.out


def accounts_of(desk: Desk) -> tuple[bytes, bytes]:
    """What the front door reads: the row, and the copy for when the table is busy."""
    row = desk.site.table.get(AccountsRow, ACCOUNTS_KEY)
    assert row is not None
    return row.accounts, desk.site.fetch(COPY)


def test_the_front_door_s_row_and_copy_follow_each_push_and_each_way_back(desk: Desk, folder: Path) -> None:
    first = configuration.current(desk.site)
    assert desk.run("push", "--stage-dir", str(folder)).code == 0
    second = configuration.current(desk.site)
    assert second.accounts != first.accounts
    for version in (second, first, second):
        assert desk.run("push", "--to", version.version).code == 0
        for stored in accounts_of(desk):
            accounts = decode_accounts({"accounts": stored})
            assert (accounts.version, accounts.accounts) == (version.version, version.accounts)


def test_a_push_that_changes_nothing_brings_back_what_the_front_door_lacks(desk: Desk, folder: Path) -> None:
    """Code without the row may have pushed last, and a copy may not have been taken."""
    assert desk.run("push", "--stage-dir", str(folder)).code == 0
    before = accounts_of(desk)
    desk.hub.delete(ACCOUNTS_KEY)
    desk.site.store(COPY, b"old")
    assert desk.run("push", "--stage-dir", str(folder)).code == 0
    assert accounts_of(desk) == before


def test_a_copy_that_the_bucket_does_not_take_is_told(desk: Desk) -> None:
    site = replace(desk.site, bucket="no-such-bucket")
    changed = replace(desk.hub.configuration, public_url="https://second.example.org")
    with pytest.raises(Stop, match="push again") as stopped:
        push.make_current(site, changed)
    assert stopped.value.code is Code.UNEXPECTED
    assert configuration.current(desk.site).public_url == "https://second.example.org"


def test_a_second_push_of_the_same_changes_nothing(desk: Desk, folder: Path) -> None:
    first = desk.run("push", "--stage-dir", str(folder), "--json").json
    again = desk.run("push", "--stage-dir", str(folder), "--json").json
    assert again == {"before": first["version"], "changes": [], "version": first["version"]}
    assert len(configuration.versions(desk.site)) == 2


def test_a_dry_run_stores_nothing(desk: Desk, folder: Path) -> None:
    before = configuration.versions(desk.site)
    ended = desk.run("push", "--stage-dir", str(folder), "--dry-run")
    assert ended.code == 0
    assert "nothing was pushed" in ended.out
    assert configuration.versions(desk.site) == before


def test_every_fault_is_told_at_once_with_file_and_line(desk: Desk, folder: Path) -> None:
    (folder / "people.yaml").write_text(PEOPLE.replace("members: [neda]", "members: [nobody]"))
    (folder / "routing.yaml").write_text(ROUTING.replace("team: desk", "team: none"))
    ended = desk.run("push", "--stage-dir", str(folder))
    assert ended.code == 2
    assert re.search(r"people\.yaml:8: .*nobody", ended.err)
    assert re.search(r"routing\.yaml:4: .*none", ended.err)
    assert ended.out == ""
    as_json = desk.run("push", "--stage-dir", str(folder), "--json")
    assert as_json.code == 2
    assert {(Path(fault["file"]).name, fault["line"]) for fault in as_json.json["faults"]} == {
        ("people.yaml", 8),
        ("routing.yaml", 4),
    }


def test_a_file_that_is_no_yaml(desk: Desk, folder: Path) -> None:
    (folder / "crms.yaml").write_text("targets: [\n")
    ended = desk.run("push", "--stage-dir", str(folder))
    assert ended.code == 2
    assert "crms.yaml:" in ended.err
    assert "Traceback" not in ended.err


def test_a_folder_that_is_not_there(desk: Desk, tmp_path: Path) -> None:
    ended = desk.run("push", "--stage-dir", str(tmp_path / "nowhere"))
    assert ended.code == 2
    assert "accounts.yaml" in ended.err


def test_a_variable_can_be_given(desk: Desk, folder: Path) -> None:
    given = ("--set", "CRM_URL=https://other.example.org/in")
    assert desk.run("push", "--stage-dir", str(folder), *given).code == 0
    assert configuration.current(desk.site).targets[0].url == "https://other.example.org/in"
    ended = desk.run("push", "--stage-dir", str(folder), "--set", "CRM_URL")
    assert ended.code == 2
    assert "NAME=VALUE" in ended.err


def test_a_target_without_a_queue_is_refused(desk: Desk, folder: Path) -> None:
    (folder / "crms.yaml").write_text(CRMS.replace("name: crm", "name: other"))
    ended = desk.run("push", "--stage-dir", str(folder))
    assert ended.code == 2
    assert "target other has no queue in local" in ended.err
    assert "make deploy STAGE=local" in ended.err


@pytest.mark.parametrize(
    ("parameter", "value", "said"),
    [
        ("accounts/telegram", {"secret_token": [""]}, "has no secret_token"),
        ("accounts/telegram", {"other": "x"}, "has no secret_token"),
        ("accounts/telegram", "text", "is no JSON object"),
        ("accounts/meta", {"app_secret": "x"}, "has no verify_token"),
        ("accounts/meta", {"verify_token": "x", "app_secret": []}, "has no app_secret"),
        ("targets/crm", {"signing_secret": ""}, "has no signing_secret"),
    ],
)
def test_a_secret_that_is_missing_is_refused(
    desk: Desk, folder: Path, parameter: str, value: object, said: str
) -> None:
    desk.put_secret(parameter, value)
    ended = desk.run("push", "--stage-dir", str(folder))
    assert ended.code == 2
    assert said in ended.err
    assert f"--name /switchboard/local/{parameter}" in ended.err
    as_json = desk.run("push", "--stage-dir", str(folder), "--json")
    assert as_json.code == 2
    assert said in as_json.json["faults"][0]["fault"]


def test_a_parameter_that_is_not_there_is_refused(desk: Desk, folder: Path) -> None:
    (folder / "accounts.yaml").write_text(ACCOUNTS.replace("secret: telegram", "secret: unmade"))
    ended = desk.run("push", "--stage-dir", str(folder))
    assert ended.code == 2
    assert "parameter /switchboard/local/accounts/unmade is not there" in ended.err


def test_one_of_a_channels_alternative_secrets_is_enough(desk: Desk) -> None:
    desk.put_secret("accounts/twilio", {"auth_token": "", "shared_key": ["id=key"]})
    assert push.plan(desk.site, desk.hub.configuration).faults == ()


def test_going_back(desk: Desk, folder: Path) -> None:
    first = configuration.current(desk.site).version
    desk.run("push", "--stage-dir", str(folder))
    second = configuration.current(desk.site).version
    desk.put_secret("accounts/meta", {})
    ended = desk.run("push", "--to", first)
    assert ended.code == 0, ended.err
    assert "warning: accounts.yaml: account whatsapp 100001" in ended.err
    assert configuration.current(desk.site).version == first
    assert dict(configuration.versions(desk.site)) == {first: True, second: False}
    listed = desk.run("push", "--list")
    assert re.search(rf"{first}\s+current", listed.out)
    assert desk.run("push", "--list", "--json").json == [
        {"version": name, "current": now} for name, now in configuration.versions(desk.site)
    ]


def test_going_back_to_nothing(desk: Desk) -> None:
    for version in ("20200101T000000Z-00000000", "CURRENT"):
        ended = desk.run("push", "--to", version)
        assert ended.code == 5
        assert "hub push --list" in ended.err


def test_going_back_to_a_target_without_queue(desk: Desk, folder: Path) -> None:
    first = configuration.current(desk.site).version
    desk.run("push", "--stage-dir", str(folder))
    fields = json.loads(desk.file.read_text())
    desk.file.write_text(json.dumps({**fields, "target_queues": {}}))
    ended = desk.run("push", "--to", first)
    assert ended.code == 2
    assert "has no queue" in ended.err


def test_two_pushes_at_once(desk: Desk) -> None:
    """What the second was compared with is no longer current when it is stored."""

    def meanwhile() -> datetime:
        desk.push(public_url="https://first.example.org")
        return datetime.now(UTC)

    second = replace(desk.hub.configuration, public_url="https://second.example.org")
    with pytest.raises(Stop) as stopped:
        push.make_current(replace(desk.site, now=meanwhile), second)
    assert stopped.value.code is Code.UNEXPECTED
    assert "somebody else pushed" in stopped.value.line
    assert configuration.current(desk.site).public_url == "https://first.example.org"


def test_what_newer_code_stored_is_replaced_whole(desk: Desk) -> None:
    row = desk.site.table.get(ConfigRow, ("CONFIG", "CURRENT"))
    assert row is not None
    row.people = b"not ours"
    desk.site.table.put(row)
    planned = push.plan(desk.site, desk.hub.configuration)
    assert all(change.startswith("+") for change in planned.changes)


def test_nothing_was_pushed_yet(desk: Desk) -> None:
    desk.hub.delete(("CONFIG", "CURRENT"))
    ended = desk.run("status")
    assert ended.code == 2
    assert "nothing was pushed to local yet: ./hub push" in ended.err
