"""hub push: stores a stage's files as the configuration that its functions read.

A version is stored once under its name and once as `CURRENT`; going back makes an older one current.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer

from chalicelib.channels import CHANNELS
from chalicelib.configuration.stage import Configuration, decode, encode
from chalicelib.crms import CRMS
from chalicelib.store.rows import ConfigRow
from chalicelib.store.table import Conflict, Write
from chalicelib.vocabulary.errors import Misconfigured
from ops.command_line import commands
from ops.environments import ROOT
from ops.hub.configuration import CURRENT, PARTITION, sections, stored, versions
from ops.hub.exits import Code, Stop
from ops.hub.screen import JsonOption, StageOption, console, document, table, warn
from ops.hub.site import Site, open_site
from ops.stages.difference import difference, fingerprint
from ops.stages.faults import Faults
from ops.stages.load import load_stage

_AT_ONCE = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a push would do.

    version: the version that is current now.
    changes: a line for each difference.
    faults: why the push is refused.
    """

    version: str
    changes: tuple[str, ...]
    faults: tuple[str, ...]


def plan(site: Site, configuration: Configuration) -> Plan:
    """The difference that pushing this would make, and every reason to refuse it."""
    row = stored(site)
    return Plan(
        version=str(row.version) if row else "",
        changes=tuple(difference(_readable(row), configuration)),
        faults=(*_without_queue(site, configuration), *_without_secrets(site, configuration)),
    )


def make_current(site: Site, configuration: Configuration) -> str:
    """Make this the stage's configuration; its version.

    What is current already keeps its version. Raises `Stop` with every fault at once, and if somebody else
    pushed meanwhile.
    """
    planned = plan(site, configuration)
    if planned.faults:
        raise Stop(Code.USAGE, "\n".join(planned.faults))
    if planned.version and not planned.changes:
        return planned.version
    version = f"{site.now():%Y%m%dT%H%M%SZ}-{fingerprint(configuration)[:8]}"
    _store(site, encode(replace(configuration, version=version)), version, instead_of=planned.version)
    return version


def go_back(site: Site, version: str) -> Plan:
    """Make a stored version current; what that changed. Missing secrets are told and do not hinder it."""
    row = stored(site, version) if version != CURRENT else None
    if row is None:
        raise Stop(Code.NOT_FOUND, f"there is no version {version}: ./hub push --list shows all")
    planned = plan(site, decode(sections(row)))
    if unqueued := _without_queue(site, decode(sections(row))):
        raise Stop(Code.USAGE, "\n".join(unqueued))
    _store(site, sections(row), version, instead_of=planned.version)
    return planned


def _store(site: Site, sections: Mapping[str, bytes], version: str, *, instead_of: str) -> None:
    stored, now = (_row(name, version, sections) for name in (version, CURRENT))
    unchanged = ConfigRow.version == instead_of if instead_of else ConfigRow.version.does_not_exist()
    try:
        site.table.transact([Write(row=stored), Write(row=now, condition=unchanged)])
    except Conflict as error:
        line = "somebody else pushed meanwhile: look at the difference again with ./hub push --dry-run"
        raise Stop(Code.UNEXPECTED, line) from error


def _row(name: str, version: str, sections: Mapping[str, bytes]) -> ConfigRow:
    return ConfigRow(
        PARTITION,
        name,
        version=version,
        accounts=sections["accounts"],
        people=sections["people"],
        routing=sections["routing"],
        crms=sections["crms"],
    )


def _readable(row: ConfigRow | None) -> Configuration | None:
    """The current configuration; None too if other code wrote it in another form: then everything is new."""
    if row is None:
        return None
    try:
        return decode(sections(row))
    except Misconfigured:
        return None


def _without_queue(site: Site, configuration: Configuration) -> list[str]:
    return [
        f"crms.yaml: target {target.name} has no queue in {site.stage}; "
        f"deploy it first: make deploy STAGE={site.stage}"
        for target in configuration.targets
        if target.name not in site.target_queues
    ]


def _without_secrets(site: Site, configuration: Configuration) -> list[str]:
    """Accounts and targets whose secret is missing or incomplete.

    Of a channel's secrets one must be there, because some are alternatives; of a connector's, all that
    it requires.
    """
    parameters: dict[str, tuple[str, bool, set[str]]] = {}
    for account in configuration.accounts:
        name = f"{site.secrets}/accounts/{account.secret}"
        user = f"accounts.yaml: account {account.channel} {account.id}"
        parameters.setdefault(name, (user, False, set(CHANNELS[account.channel].secrets)))
    for target in configuration.targets:
        required = {field.name for field in CRMS[target.connector].fields if field.secret and field.required}
        if required:
            name = f"{site.secrets}/targets/{target.secret}"
            parameters.setdefault(name, (f"crms.yaml: target {target.name}", True, required))
    held = _held(site, list(parameters))
    faults = []
    for name, (user, every, fields) in parameters.items():
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
        answer = site.client("ssm").get_parameters(Names=batch, WithDecryption=True)
        for parameter in answer["Parameters"]:
            try:
                values = json.loads(parameter["Value"])
            except ValueError:
                continue
            if isinstance(values, dict):
                held[parameter["Name"]] = {name for name, value in values.items() if _some(value)}
    return held


def _some(value: object) -> bool:
    return any(value) if isinstance(value, list) else bool(value)


app = commands()


@app.command()
def push(
    *,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--stage-dir", metavar="FOLDER", help="Where the files are. Left out, infra/stages/<stage>."
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would change, and store nothing.")
    ] = False,
    to: Annotated[
        str, typer.Option("--to", metavar="VERSION", help="Make a stored version current again.")
    ] = "",
    listed: Annotated[bool, typer.Option("--list", help="List the stored versions.")] = False,
    given: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="NAME=VALUE", help="A value for ${NAME} in the files; may be repeated."
        ),
    ] = None,
    stage: StageOption = "",
    as_json: JsonOption = False,
) -> None:
    """Store a stage's files as its new configuration.

    It checks the four files together and tells all faults at once, each with file and line. Then it shows the
    difference and stores a new version, which the functions read within a minute.
    """
    site = open_site(stage)
    if listed:
        _list(site, as_json)
    elif to:
        planned = go_back(site, to)
        for fault in planned.faults:
            warn(f"warning: {fault}")
        _show(planned, f"{site.stage} is back at {to}", to, as_json)
    else:
        _push(site, folder or _folder(site.stage), given or [], dry_run, as_json)


def _push(site: Site, folder: Path, given: list[str], dry_run: bool, as_json: bool) -> None:
    try:
        configuration = load_stage(folder, {**site.variables, **_variables(given)})
    except Faults as faults:
        if as_json:
            document({"faults": [_fault(fault.file, fault.line, str(fault)) for fault in faults.faults]})
            raise typer.Exit(Code.USAGE) from faults
        raise
    planned = plan(site, configuration)
    if planned.faults and as_json:
        document({"faults": [_fault(None, 0, fault) for fault in planned.faults]})
        raise typer.Exit(Code.USAGE)
    if planned.faults:
        raise Stop(Code.USAGE, "\n".join(planned.faults))
    if dry_run:
        said = "nothing was pushed" if planned.changes else "nothing would change"
        _show(planned, said, planned.version, as_json)
        return
    version = make_current(site, configuration)
    done = (
        f"{site.stage} is at {version}"
        if planned.changes
        else f"nothing changed: {site.stage} is at {version}"
    )
    _show(planned, done, version, as_json)


def _show(planned: Plan, done: str, version: str, as_json: bool) -> None:
    if as_json:
        document({"before": planned.version, "changes": planned.changes, "version": version})
        return
    out = console()
    styles = {"+": "green", "-": "red", "~": "yellow"}
    for change in planned.changes:
        out.print(change, style=styles[change[0]], markup=False)
    out.print(done, markup=False)


def _list(site: Site, as_json: bool) -> None:
    names = versions(site)
    if as_json:
        document([{"version": name, "current": now} for name, now in names])
        return
    console().print(table(("version", ""), [(name, "current" if now else "") for name, now in names]))


def _fault(file: Path | None, line: int, text: str) -> dict[str, object]:
    return {"file": str(file) if file else None, "line": line or None, "fault": text}


def _folder(stage: str) -> Path:
    """Named from where the operator is, so that the faults' lines can be jumped to."""
    folder = ROOT / "infra" / "stages" / stage
    return folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder


def _variables(given: list[str]) -> dict[str, str]:
    pairs = [pair.partition("=") for pair in given]
    if any(not sign for _, sign, _ in pairs):
        raise typer.BadParameter("--set takes NAME=VALUE")
    return {name: value for name, _, value in pairs}
