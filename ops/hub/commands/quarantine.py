"""hub quarantine: what was genuine and could not be read."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from ops.hub import push
from ops.hub import quarantine as kept_back
from ops.hub.exits import Code, Stop
from ops.hub.quarantine import Kept
from ops.hub.screen import (
    JsonOption,
    StageOption,
    console,
    document,
    facts,
    moment,
    print_rows,
    typed,
    warn,
)
from ops.hub.site import open_site

group = typer.Typer(
    help="What was genuine and could not be read: list, show, replay, drop.", no_args_is_help=True
)

Key = Annotated[
    str, typer.Argument(help="A key as listed, or the beginning of its last part.", show_default=False)
]


@group.command("list")
def listed(*, stage: StageOption = "", as_json: JsonOption = False) -> None:
    """What is kept, newest first, where it came from and why. Exit code 4: there is something."""
    found = list(kept_back.everything(open_site(stage)))
    if as_json:
        document({"quarantined": [_plain(kept) for kept in found]})
    elif found:
        rows = [
            (kept.key.rpartition("/")[2], f"{kept.channel} {kept.account}", moment(kept.kept_at), _why(kept))
            for kept in found
        ]
        print_rows(("key", "account", "kept at", "where and why"), rows, whole="key")
    else:
        console().print("nothing is quarantined")
    raise typer.Exit(Code.PARKED if found else Code.GOOD)


@group.command()
def show(
    key: Key,
    *,
    reveal: Annotated[bool, typer.Option("--reveal", help="Do not ask: I may see personal data.")] = False,
    stage: StageOption = "",
    as_json: JsonOption = False,
) -> None:
    """The fragments themselves. They hold what customers wrote, so it asks first."""
    kept = kept_back.one(open_site(stage), key)
    if not reveal:
        if as_json:
            raise Stop(Code.USAGE, "it holds personal data: say --reveal with --json")
        typer.confirm("It holds what customers wrote. Show it?", abort=True, err=True)
    if as_json:
        contents = [each.content.decode("utf-8", "backslashreplace") for each in kept.fragments]
        document({**_plain(kept), "contents": contents})
        return
    out = console()
    out.print(
        facts(
            [
                ("key", kept.key),
                ("account", f"{kept.channel} {kept.account}"),
                ("kept at", moment(kept.kept_at)),
                ("content type", kept.content_type),
            ]
        )
    )
    for fragment in kept.fragments:
        out.print(f"\n{fragment.where}: {fragment.reason}", markup=False, style="bold")
        out.print(_readable(fragment.content), markup=False, soft_wrap=True)


@group.command()
def replay(key: Key, *, stage: StageOption = "", as_json: JsonOption = False) -> None:
    """Read it again with today's parser, and put what can be read on its way.

    It is dropped when all of it was read. Exit code 4: some of it still cannot be read, and stays.
    """
    site = open_site(stage)
    done = kept_back.replay(site, push.current(site), kept_back.one(site, key))
    if as_json:
        document(done)
    else:
        out = console()
        for event in done.events:
            follow = typed("proof", event, "--wait", "30", stage=stage)
            out.print(f"on its way: {follow}", markup=False, soft_wrap=True)
        for place in done.left:
            out.print(f"still cannot be read: {place}", markup=False, soft_wrap=True)
    raise typer.Exit(Code.PARKED if done.left else Code.GOOD)


@group.command()
def drop(
    key: Key,
    *,
    sure: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    stage: StageOption = "",
    as_json: JsonOption = False,
) -> None:
    """Delete it for good."""
    site = open_site(stage)
    kept = kept_back.one(site, key)
    if not sure:
        typer.confirm(f"Delete {kept.key} for good?", abort=True, err=True)
    kept_back.drop(site, kept.key)
    if as_json:
        document({"dropped": kept.key})
    else:
        warn(f"dropped {kept.key}")


def _plain(kept: Kept) -> dict[str, object]:
    fragments = [{"where": each.where, "reason": each.reason} for each in kept.fragments]
    return {
        "key": kept.key,
        "channel": kept.channel,
        "account": kept.account,
        "kept_at": kept.kept_at,
        "fragments": fragments,
    }


def _why(kept: Kept) -> str:
    return "\n".join(f"{each.where}: {each.reason}" for each in kept.fragments)


def _readable(content: bytes) -> str:
    """Indented if it is JSON; whatever else it is, with its odd bytes spelled out."""
    try:
        return json.dumps(json.loads(content), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return content.decode("utf-8", "backslashreplace")
