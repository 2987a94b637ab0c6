"""hub push: stores a stage's files as the configuration that its functions read.

A version is stored once under its name and once as `CURRENT`; going back makes an older one current. The
front door has the accounts of the current one in a row of their own, and a copy of them in the bucket.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.configuration.stage import Configuration, decode, encode
from chalicelib.configuration.stored import ACCOUNTS, COPY
from chalicelib.store.rows import AccountsRow, ConfigRow
from chalicelib.store.table import Conflict, Write
from chalicelib.vocabulary.errors import Misconfigured
from ops.command_line import commands
from ops.environments import ROOT
from ops.hub.configuration import CURRENT, PARTITION, sections, stored, versions
from ops.hub.exits import Code, Stop
from ops.hub.parameters import without_secrets
from ops.hub.screen import JsonOption, StageOption, console, document, table, warn
from ops.hub.site import Site, open_site
from ops.stages.difference import difference, fingerprint
from ops.stages.faults import Faults
from ops.stages.load import load_stage


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
        faults=(*_without_queue(site, configuration), *without_secrets(site, configuration)),
    )


def make_current(site: Site, configuration: Configuration) -> str:
    """Make this the stage's configuration; its version.

    What is current already keeps its version. Raises `Stop` with every fault at once, and if somebody else
    pushed meanwhile.
    """
    planned = plan(site, configuration)
    if planned.faults:
        raise Stop(Code.USAGE, "\n".join(planned.faults))
    row = stored(site)
    if row is not None and not planned.changes:
        # Once more, because the rows and the copy that the front door reads may be missing or old.
        _store(site, sections(row), planned.version, instead_of=planned.version)
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
    accounts = AccountsRow(*ACCOUNTS, version=version, accounts=sections["accounts"])
    unchanged = ConfigRow.version == instead_of if instead_of else ConfigRow.version.does_not_exist()
    try:
        site.table.transact([Write(row=stored), Write(row=now, condition=unchanged), Write(row=accounts)])
    except Conflict as error:
        line = "somebody else pushed meanwhile: look at the difference again with ./hub push --dry-run"
        raise Stop(Code.UNEXPECTED, line) from error
    try:
        site.store(COPY, sections["accounts"])
    except (ClientError, BotoCoreError) as error:
        line = (
            f"{version} is in force, but the bucket took no copy of its accounts, which the front door reads "
            f"when the table is too busy: push again ({error})"
        )
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
