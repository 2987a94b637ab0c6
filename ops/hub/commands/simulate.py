"""hub simulate: a platform's webhook, without the platform."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from chalicelib.configuration.stage import Stage
from chalicelib.vocabulary.account import Account
from ops import platforms
from ops.hub import push
from ops.hub.exits import Code
from ops.hub.screen import JsonOption, StageOption, console, document, print_rows, table, typed
from ops.hub.simulate import (
    Plot,
    Posted,
    account_of,
    builder,
    door,
    forged,
    number_at,
    person,
    play,
    post,
    read,
    secrets_of,
)
from ops.hub.site import Site, open_site


def simulate(
    channel: Annotated[str, typer.Argument(help=", ".join(platforms.KINDS), show_default=False)] = "",
    kind: Annotated[str, typer.Argument(help="What the customer does; --list shows all.")] = "message",
    *,
    account: Annotated[str, typer.Option("--account", help="Its id; the channel's first if left out.")] = "",
    text: Annotated[str, typer.Option("--text", help="What they say.")] = "",
    phone: Annotated[
        str, typer.Option("--from", "--phone", help="Who: a phone, the same on all channels.")
    ] = "",
    name: Annotated[str, typer.Option("--name", help="What they call themselves.")] = "",
    about: Annotated[int, typer.Option("--about", help="The number of the earlier one it is about.")] = 0,
    number: Annotated[
        int, typer.Option("--number", help="Makes its ids; the same one is the same again.")
    ] = 0,
    times: Annotated[int, typer.Option("--times", help="So many, one after the other.", min=1)] = 1,
    wrong_signature: Annotated[bool, typer.Option("--wrong-signature", help="See it refused.")] = False,
    listed: Annotated[bool, typer.Option("--list", help="List channels and kinds.")] = False,
    stage: StageOption = "",
    as_json: JsonOption = False,
) -> None:
    """Post a realistic webhook, signed as the platform signs, and name the events it becomes.

    Exit code 0: accepted (with --wrong-signature: refused). 1: not.
    """
    if listed:
        _list(as_json)
        return
    if not channel:
        raise typer.BadParameter("name a channel, or say --list")
    builder(channel, kind)
    plot = Plot(kind=kind, person=person(phone, name), text=text, target=about)
    site = open_site(stage)
    configured = push.current(site)
    chosen = account_of(configured, channel, account)
    started = site.now()
    numbers = range(number or number_at(started), (number or number_at(started)) + times)
    posted = _post_all(site, configured, chosen, plot, numbers=numbers, at=started, right=not wrong_signature)
    _show(posted, stage, as_json)
    wanted = all((200 <= each.status < 300) is not wrong_signature for each in posted)
    raise typer.Exit(Code.GOOD if wanted else Code.UNEXPECTED)


def _post_all(
    site: Site, stage: Stage, account: Account, plot: Plot, *, numbers: range, at: datetime, right: bool
) -> list[Posted]:
    secrets = secrets_of(site, account)
    if not right:
        secrets = forged(secrets)
    send = door()
    done = []
    for number in numbers:
        webhook = play(plot, account, public_url=stage.public_url, secrets=secrets, at=at, number=number)
        status = post(webhook, send)
        events, counted = read(webhook, account, at) if right else ((), ())
        done.append(Posted(number=number, status=status, events=events, counted=counted))
    return done


def _show(posted: list[Posted], stage: str, as_json: bool) -> None:
    if as_json:
        document({"posted": posted})
        return
    rows = [
        (str(each.number), str(each.status), "\n".join((*each.events, *(f"({c})" for c in each.counted))))
        for each in posted
    ]
    print_rows(("number", "answer", "becomes"), rows, whole="becomes")
    if keys := [key for each in posted for key in each.events]:
        follow = typed("proof", keys[-1], "--wait", "30", stage=stage)
        console().print(f"\n{follow}", markup=False, soft_wrap=True)


def _list(as_json: bool) -> None:
    if as_json:
        document({channel: list(kinds) for channel, kinds in platforms.KINDS.items()})
        return
    rows = [(channel, " ".join(kinds)) for channel, kinds in platforms.KINDS.items()]
    console().print(table(("channel", "kinds"), rows))
