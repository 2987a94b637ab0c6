"""hub push: a stage's files become what its functions read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ops.environments import ROOT
from ops.hub import push as configuration
from ops.hub.exits import Code, Stop
from ops.hub.screen import JsonOption, StageOption, console, document, table, warn
from ops.hub.site import Site, open_site
from ops.stages.faults import Faults
from ops.stages.load import load_stage


def push(
    *,
    folder: Annotated[
        Path | None, typer.Option("--stage-dir", help="Its files; infra/stages/<stage> if left out.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, and stop.")] = False,
    to: Annotated[str, typer.Option("--to", help="Go back to this stored version.")] = "",
    listed: Annotated[bool, typer.Option("--list", help="List the stored versions.")] = False,
    given: Annotated[
        list[str] | None, typer.Option("--set", help="NAME=VALUE for ${NAME} in the files; repeatable.")
    ] = None,
    stage: StageOption = "",
    as_json: JsonOption = False,
) -> None:
    """Validate a stage's files together, show the difference, and store them as a new version.

    All faults are told at once, each with file and line. Functions read the new version within a minute.
    """
    site = open_site(stage)
    if listed:
        _list(site, as_json)
    elif to:
        planned = configuration.go_back(site, to)
        for fault in planned.faults:
            warn(f"warning: {fault}")
        _show(planned, f"{site.stage} is back at {to}", to, as_json)
    else:
        _push(site, folder or _folder(site.stage), given or [], dry_run, as_json)


def _push(site: Site, folder: Path, given: list[str], dry_run: bool, as_json: bool) -> None:
    try:
        stage = load_stage(folder, {**site.variables, **_variables(given)})
    except Faults as faults:
        if as_json:
            document({"faults": [_fault(fault.file, fault.line, str(fault)) for fault in faults.faults]})
            raise typer.Exit(Code.USAGE) from faults
        raise
    planned = configuration.plan(site, stage)
    if planned.faults and as_json:
        document({"faults": [_fault(None, 0, fault) for fault in planned.faults]})
        raise typer.Exit(Code.USAGE)
    if planned.faults:
        raise Stop(Code.USAGE, "\n".join(planned.faults))
    if dry_run:
        said = "nothing was pushed" if planned.changes else "nothing would change"
        _show(planned, said, planned.version, as_json)
        return
    version = configuration.push(site, stage)
    done = (
        f"{site.stage} is at {version}"
        if planned.changes
        else f"nothing changed: {site.stage} is at {version}"
    )
    _show(planned, done, version, as_json)


def _show(planned: configuration.Plan, done: str, version: str, as_json: bool) -> None:
    if as_json:
        document({"before": planned.version, "changes": planned.changes, "version": version})
        return
    out = console()
    styles = {"+": "green", "-": "red", "~": "yellow"}
    for change in planned.changes:
        out.print(change, style=styles[change[0]], markup=False)
    out.print(done, markup=False)


def _list(site: Site, as_json: bool) -> None:
    found = configuration.versions(site)
    if as_json:
        document([{"version": name, "current": now} for name, now in found])
        return
    console().print(table(("version", ""), [(name, "current" if now else "") for name, now in found]))


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
