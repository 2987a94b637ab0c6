"""Loads a stage: turns the four files that an operator writes into the value that functions read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from chalicelib.channels.base import Channel
from chalicelib.configuration.stage import Configuration
from chalicelib.crms.base import Crm
from chalicelib.vocabulary.account import Account
from chalicelib.vocabulary.delivery import Target
from chalicelib.vocabulary.people import Directory, Hours, Person, Routing, Team
from ops.environments import ROOT
from ops.stages import rules
from ops.stages.documents import Document, read
from ops.stages.faults import Faults

_SCHEMAS = ROOT / "infra" / "schema"


def load_stage(
    path: Path,
    variables: Mapping[str, str] | None = None,
    *,
    version: str = "",
    channels: Mapping[str, Channel] | None = None,
    connectors: Mapping[str, Crm] | None = None,
) -> Configuration:
    """The stage in that folder; raises one `Faults` that lists everything wrong with it.

    variables: values of `${NAME}` in its files; without them such places stay as they are, which is enough to
    deploy a stage and not to push it.
    channels, connectors: what the hub can speak to; left out, all that it has.
    """
    names = ("accounts", "people", "routing", "crms")
    documents = {name: read(path / f"{name}.yaml", schema(name), variables) for name in names}
    files = rules.Files(
        **documents,
        channels=_channels() if channels is None else channels,
        connectors=_connectors() if connectors is None else connectors,
    )
    rules.check(files)
    found = [fault for document in files.documents for fault in document.faults]
    if found:
        raise Faults(found)
    return _built(files, version)


def schema(name: str) -> dict[str, Any]:
    """The published schema of one file."""
    loaded: dict[str, Any] = json.loads((_SCHEMAS / f"{name}.schema.json").read_bytes())
    return loaded


def _built(files: rules.Files, version: str) -> Configuration:
    return Configuration(
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
    return msgspec.convert({**given, "connector": connector, "kinds": list(kinds)}, Target)


def _channels() -> Mapping[str, Channel]:
    from chalicelib.channels import CHANNELS  # noqa: PLC0415

    return CHANNELS


def _connectors() -> Mapping[str, Crm]:
    from chalicelib.crms import CRMS  # noqa: PLC0415

    return CRMS
