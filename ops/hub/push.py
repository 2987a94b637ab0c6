"""A stage's configuration where its functions read it: what is stored, what a push would change, and the
push itself.

A version is stored once under its name and once as `CURRENT`; going back makes an older one current.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from chalicelib.channels import CHANNELS
from chalicelib.configuration.stage import Stage, decode, encode
from chalicelib.crms import CRMS
from chalicelib.store.rows import ConfigRow
from chalicelib.store.table import Conflict, Write
from chalicelib.vocabulary.errors import Misconfigured
from ops.hub.exits import Code, Stop
from ops.hub.site import Site
from ops.stages.difference import difference, fingerprint

_PARTITION = "CONFIG"
_CURRENT = "CURRENT"
_AT_ONCE = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a push would do. faults: why it must not. version: of what is current now."""

    version: str
    changes: tuple[str, ...]
    faults: tuple[str, ...]


def current(site: Site) -> Stage:
    """The configuration that the functions read now. Raises `Stop` if there is none."""
    row = site.table.get(ConfigRow, (_PARTITION, _CURRENT))
    if row is None:
        line = f"nothing was pushed to {site.stage} yet: ./hub push --stage {site.stage}"
        raise Stop(Code.USAGE, line)
    return decode(_sections(row))


def versions(site: Site) -> list[tuple[str, bool]]:
    """Names of all stored versions, newest first, and whether it is the current one."""
    rows = {str(row.sk): row for row in site.table.partition(_PARTITION) if isinstance(row, ConfigRow)}
    now = rows.pop(_CURRENT, None)
    return [(name, now is not None and name == now.version) for name in sorted(rows, reverse=True)]


def plan(site: Site, stage: Stage) -> Plan:
    """What pushing this would change, and everything that speaks against it."""
    row = site.table.get(ConfigRow, (_PARTITION, _CURRENT))
    return Plan(
        version=str(row.version) if row else "",
        changes=tuple(difference(_readable(row), stage)),
        faults=(*_without_queue(site, stage), *_without_secrets(site, stage)),
    )


def push(site: Site, stage: Stage) -> str:
    """Make this the stage's configuration; its version.

    Raises `Stop` with every fault at once, and when somebody else pushed meanwhile. What is current already
    keeps its version.
    """
    planned = plan(site, stage)
    if planned.faults:
        raise Stop(Code.USAGE, "\n".join(planned.faults))
    if planned.version and not planned.changes:
        return planned.version
    version = f"{site.now():%Y%m%dT%H%M%SZ}-{fingerprint(stage)[:8]}"
    _store(site, encode(replace(stage, version=version)), version, instead_of=planned.version)
    return version


def go_back(site: Site, version: str) -> Plan:
    """Make a stored version current; what that changed. Missing secrets are told and do not hinder."""
    row = site.table.get(ConfigRow, (_PARTITION, version)) if version != _CURRENT else None
    if row is None:
        raise Stop(Code.NOT_FOUND, f"there is no version {version}: ./hub push --list shows all")
    planned = plan(site, decode(_sections(row)))
    if unqueued := _without_queue(site, decode(_sections(row))):
        raise Stop(Code.USAGE, "\n".join(unqueued))
    _store(site, _sections(row), version, instead_of=planned.version)
    return planned


def _store(site: Site, sections: Mapping[str, bytes], version: str, *, instead_of: str) -> None:
    stored, now = (_row(name, version, sections) for name in (version, _CURRENT))
    unchanged = ConfigRow.version == instead_of if instead_of else ConfigRow.version.does_not_exist()
    try:
        site.table.transact([Write(row=stored), Write(row=now, condition=unchanged)])
    except Conflict as error:
        line = "somebody else pushed meanwhile: look at the difference again with ./hub push --dry-run"
        raise Stop(Code.UNEXPECTED, line) from error


def _row(name: str, version: str, sections: Mapping[str, bytes]) -> ConfigRow:
    return ConfigRow(
        _PARTITION,
        name,
        version=version,
        accounts=sections["accounts"],
        people=sections["people"],
        routing=sections["routing"],
        crms=sections["crms"],
    )


def _sections(row: ConfigRow) -> dict[str, bytes]:
    return {name: getattr(row, name) for name in ("accounts", "people", "routing", "crms")}


def _readable(row: ConfigRow | None) -> Stage | None:
    """What is current; None too if other code wrote it in a form that is not ours: all is new then."""
    if row is None:
        return None
    try:
        return decode(_sections(row))
    except Misconfigured:
        return None


def _without_queue(site: Site, stage: Stage) -> list[str]:
    return [
        f"crms.yaml: target {target.name} has no queue in {site.stage}; "
        f"deploy it first: make deploy STAGE={site.stage}"
        for target in stage.targets
        if target.name not in site.target_queues
    ]


def _without_secrets(site: Site, stage: Stage) -> list[str]:
    """What could not be verified or signed for want of a secret.

    Of a channel's secrets one must be there, because some are alternatives; of a connector's, all that
    it requires.
    """
    wanted: dict[str, tuple[str, bool, set[str]]] = {}
    for account in stage.accounts:
        name = f"{site.secrets}/accounts/{account.secret}"
        user = f"accounts.yaml: account {account.channel} {account.id}"
        wanted.setdefault(name, (user, False, set(CHANNELS[account.channel].secrets)))
    for target in stage.targets:
        required = {field.name for field in CRMS[target.crm].fields if field.secret and field.required}
        if required:
            name = f"{site.secrets}/targets/{target.secret}"
            wanted.setdefault(name, (f"crms.yaml: target {target.name}", True, required))
    held = _held(site, list(wanted))
    faults = []
    for name, (user, every, fields) in wanted.items():
        there = held.get(name)
        missing = fields - (there or set())
        if there is None:
            problem = f"parameter {name} is not there, or is no JSON object"
        elif missing and (every or missing == fields):
            problem = f"parameter {name} has no {' and no '.join(sorted(missing))}"
        else:
            continue
        example = json.dumps(dict.fromkeys(sorted(fields), "…"), ensure_ascii=False)
        put = f"aws ssm put-parameter --type SecureString --overwrite --name {name} --value '{example}'"
        faults.append(f"{user}: {problem}; {put}")
    return faults


def _held(site: Site, names: list[str]) -> dict[str, set[str]]:
    """For each parameter that can be read, the secrets in it that have a value."""
    held = {}
    for start in range(0, len(names), _AT_ONCE):
        batch = names[start : start + _AT_ONCE]
        found = site.client("ssm").get_parameters(Names=batch, WithDecryption=True)
        for parameter in found["Parameters"]:
            try:
                values = json.loads(parameter["Value"])
            except ValueError:
                continue
            if isinstance(values, dict):
                held[parameter["Name"]] = {name for name, value in values.items() if _some(value)}
    return held


def _some(value: object) -> bool:
    return any(value) if isinstance(value, list) else bool(value)
