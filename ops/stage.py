"""A stage's configuration: from the four files an operator writes to the value that functions read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from chalicelib.channels.base import Channel
from chalicelib.configuration.stage import Stage
from chalicelib.crms.base import Crm
from chalicelib.vocabulary.account import Account
from chalicelib.vocabulary.delivery import Target
from chalicelib.vocabulary.people import Directory, Hours, Person, Routing, Team
from ops import stage_rules
from ops.documents import Document, read
from ops.faults import Faults

_SCHEMAS = Path(__file__).parent.parent / "infra" / "schema"


def load_stage(
    path: Path,
    variables: Mapping[str, str] | None = None,
    *,
    version: str = "",
    channels: Mapping[str, Channel] | None = None,
    connectors: Mapping[str, Crm] | None = None,
) -> Stage:
    """The stage in that folder; raises one `Faults` that lists everything wrong with it.

    variables: what `${NAME}` in its files stands for; without them, such places are left as they are, which
    is enough to deploy a stage and not to push it. channels, connectors: what the hub can speak to;
    all that it has, if left out.
    """
    names = ("accounts", "people", "routing", "crms")
    documents = {name: read(path / f"{name}.yaml", schema(name), variables) for name in names}
    files = stage_rules.Files(
        **documents,
        channels=_channels() if channels is None else channels,
        connectors=_connectors() if connectors is None else connectors,
    )
    stage_rules.check(files)
    found = [fault for document in files.documents for fault in document.faults]
    if found:
        raise Faults(found)
    return _built(files, version)


def schema(name: str) -> dict[str, Any]:
    """The published schema of one file."""
    loaded: dict[str, Any] = json.loads((_SCHEMAS / f"{name}.schema.json").read_bytes())
    return loaded


def fingerprint(stage: Stage) -> str:
    """12 hex digits of what is configured, whatever its version is called."""
    content = msgspec.json.encode(replace(stage, version=""), order="deterministic")
    return hashlib.sha256(content).hexdigest()[:12]


def difference(old: Stage | None, new: Stage) -> list[str]:
    """What pushing `new` over `old` changes: `+` added, `-` removed, `~` changed."""
    before, after = _things(old) if old else {}, _things(new)
    added = [f"+ {name}" for name in after if name not in before]
    removed = [f"- {name}" for name in before if name not in after]
    changed = [
        f"~ {name}: {', '.join(_changes(before[name], after[name]))}"
        for name in after
        if name in before and before[name] != after[name]
    ]
    if old and [rule.name for rule in old.routing.rules] != [rule.name for rule in new.routing.rules]:
        changed.append(f"~ order of rules: {', '.join(rule.name for rule in new.routing.rules)}")
    return [*removed, *changed, *added]


def _things(stage: Stage) -> dict[str, Any]:
    return {
        "public_url": stage.public_url,
        **{f"account {account.channel} {account.id}": account for account in stage.accounts},
        **{f"hours {name}": hours for name, hours in stage.directory.hours.items()},
        **{f"person {person.id}": person for person in stage.directory.people},
        **{f"team {team.id}": team for team in stage.directory.teams},
        "opens": stage.routing.opens,
        "idle": stage.routing.idle,
        **{f"rule {rule.name}": rule for rule in stage.routing.rules},
        **{f"target {target.name}": target for target in stage.targets},
    }


def _changes(before: object, after: object) -> Iterator[str]:
    if not is_dataclass(before):
        yield f"{_plain(before)} → {_plain(after)}"
        return
    for each in fields(before):
        was, now = getattr(before, each.name), getattr(after, each.name)
        if was != now:
            yield f"{each.name} {_plain(was)} → {_plain(now)}"


def _plain(value: object) -> str:
    if isinstance(value, str | int):
        return str(value) or "nothing"
    return msgspec.json.encode(value).decode()


def _built(files: stage_rules.Files, version: str) -> Stage:
    return Stage(
        version=version,
        public_url=files.accounts.value["public_url"].rstrip("/"),
        accounts=tuple(Account(**entry) for _, entry in files.accounts.entries("accounts")),
        directory=_directory(files.people),
        routing=_routing(files.routing),
        targets=tuple(_target(entry, files.connectors) for _, entry in files.crms.entries("targets")),
    )


def _directory(document: Document) -> Directory:
    return Directory(
        people=tuple(_person(entry) for _, entry in document.entries("people")),
        teams=tuple(msgspec.convert(entry, Team) for _, entry in document.entries("teams")),
        hours={name: _hours(entry) for name, entry in document.pairs("hours")},
    )


def _person(entry: dict[str, Any]) -> Person:
    away = [(absence["from"], absence["to"]) for absence in entry.get("away", ())]
    return msgspec.convert({**entry, "away": away}, Person)


def _hours(entry: dict[str, Any]) -> Hours:
    week = {day: [interval.split("-") for interval in intervals] for day, intervals in entry["week"].items()}
    return msgspec.convert({**entry, "week": week}, Hours)


def _routing(document: Document) -> Routing:
    rules = [{**rule, **rule.get("when", {})} for _, rule in document.entries("rules")]
    return msgspec.convert({**document.value, "rules": rules}, Routing)


def _target(entry: dict[str, Any], connectors: Mapping[str, Crm]) -> Target:
    connector = entry["connector"]
    kinds = entry.get("kinds") or connectors[connector].kinds
    given = {key: value for key, value in entry.items() if key != "connector"}
    return msgspec.convert({**given, "crm": connector, "kinds": list(kinds)}, Target)


def _channels() -> Mapping[str, Channel]:
    from chalicelib.channels import CHANNELS  # noqa: PLC0415

    return CHANNELS


def _connectors() -> Mapping[str, Crm]:
    from chalicelib.crms import CRMS  # noqa: PLC0415

    return CRMS
