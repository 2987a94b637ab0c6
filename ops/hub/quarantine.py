"""hub quarantine: shows requests that could not be read, and reads them again with today's code.

A request is kept whole and read again whole: its events keep their ids, so that none has a second effect.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import typer

from chalicelib.aws.queues import send
from chalicelib.channels import CHANNELS
from chalicelib.configuration.stage import Configuration
from chalicelib.pipeline.receive import by_customer, outgoing, read
from chalicelib.pipeline.set_aside import (
    QUARANTINE,
    SET_ASIDE,
    Quarantined,
    undelivered_again_key,
    unpack_quarantined,
)
from chalicelib.vocabulary.account import Account
from chalicelib.vocabulary.errors import Transient
from chalicelib.vocabulary.event import Unreadable
from ops.command_line import commands
from ops.hub.configuration import current
from ops.hub.exits import Code, Stop
from ops.hub.screen import (
    JsonOption,
    StageOption,
    clock,
    console,
    document,
    facts,
    moment,
    print_rows,
    typed,
    warn,
)
from ops.hub.site import Site, open_site


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What is in the quarantine: where it lies, since when, and its bytes.

    request: what they say; None if they are no request, such as a message that the clock could not read.
    """

    key: str
    kept_at: datetime
    content: bytes
    request: Quarantined | None

    @property
    def whose(self) -> str:
        """The account that it came to, if that is known."""
        return f"{self.request.channel} {self.request.account}" if self.request else "—"

    @property
    def fragments(self) -> tuple[Unreadable, ...]:
        """The parts that could not be read, and why."""
        return self.request.fragments if self.request else (_whole(self),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What a second reading gave: keys of events, and what still cannot be read, with why."""

    key: str
    events: tuple[str, ...]
    left: tuple[str, ...]


def everything(site: Site) -> Iterator[Kept]:
    """All requests in the quarantine, newest first."""
    pages = site.client("s3").get_paginator("list_objects_v2").paginate(Bucket=site.bucket, Prefix=QUARANTINE)
    entries = [entry for page in pages for entry in page.get("Contents", [])]
    for entry in sorted(entries, key=lambda entry: (entry["LastModified"], entry["Key"]), reverse=True):
        yield _kept(site, entry["Key"], entry["LastModified"])


def named(site: Site, name: str) -> Kept:
    """The request under this key, or the one whose key's last part begins so. Raises `Stop`."""
    matching = [kept for kept in everything(site) if _is_named(kept.key, name)]
    if not matching:
        raise Stop(Code.NOT_FOUND, f"nothing is quarantined as {name}: ./hub quarantine list shows all")
    if len(matching) > 1:
        raise Stop(Code.USAGE, "\n".join([f"{name} could be", *(f"  {kept.key}" for kept in matching)]))
    return matching[0]


def delete(site: Site, key: str) -> None:
    """Delete a request for good."""
    site.client("s3").delete_object(Bucket=site.bucket, Key=key)


def read_again(site: Site, configuration: Configuration, kept: Kept) -> Replayed:
    """Read a request again and put its events on the events queue; delete it if nothing unreadable is left.

    A message that the clock could not read is laid before it again. Raises `Stop` if its account is no longer
    ours, and `Transient` if the queue does not take the events.
    """
    was = kept.request
    if was is None:
        return _lay_before_the_clock(site, kept)
    account = configuration.account(was.channel, was.account)
    if account is None:
        gone = f"{was.channel} {was.account} is no account of {site.stage} any more"
        raise Stop(Code.USAGE, f"{gone}: add it again and push, or drop what is kept")
    request = was.request(configuration.public_url, kept.kept_at)

    def find(other: str) -> Account | None:
        return configuration.account(was.channel, other)

    events, unreadable = read(CHANNELS[was.channel], request, account, find, _uncounted)
    left = tuple(f"{part.where}: {part.reason}" for part in unreadable)
    messages = [outgoing(intake, site.store) for intake in by_customer(events)]
    if unsent := send(site.put, site.events_queue, messages, tries=3):
        raise Transient("queue_unavailable", f"{len(unsent)} messages not accepted; nothing was dropped")
    if not left:
        delete(site, kept.key)
    return Replayed(key=kept.key, events=tuple(event.key for event in events), left=left)


def _lay_before_the_clock(site: Site, kept: Kept) -> Replayed:
    if not kept.key.startswith(SET_ASIDE):
        raise Stop(Code.USAGE, f"{kept.key} is no request: look at it with show, then drop it")
    site.store(undelivered_again_key(kept.key), kept.content)
    delete(site, kept.key)
    return Replayed(key=kept.key, events=(), left=())


def _uncounted(name: str, value: int = 1, **about: str) -> None:
    """The front door counted the request when it came."""


def _kept(site: Site, key: str, kept_at: datetime) -> Kept:
    content = site.fetch(key)
    try:
        request = None if key.startswith(SET_ASIDE) else unpack_quarantined(content)
    except (ValueError, RecursionError):
        request = None  # the others are shown all the same
    return Kept(key=key, kept_at=kept_at, content=content, request=request)


def _whole(kept: Kept) -> Unreadable:
    what = "a message" if kept.key.startswith(SET_ASIDE) else "an object"
    return Unreadable(reason=f"{what} that cannot be read", where="$", fragment=kept.content)


def _is_named(key: str, name: str) -> bool:
    return key == name or key.rpartition("/")[2].startswith(name)


app = commands("quarantine", help="List, show, replay or drop unreadable requests.", no_args_is_help=True)

Key = Annotated[
    str, typer.Argument(metavar="KEY", help="A key as listed, or its beginning.", show_default=False)
]


@app.command("list")
def listed(*, stage: StageOption = "", as_json: JsonOption = False) -> None:
    """List what is kept, newest first, and why.

    Exit code 0: nothing is kept. 4: something is.
    """
    requests = list(everything(open_site(stage)))
    if as_json:
        document({"quarantined": [_plain(kept) for kept in requests]})
    elif requests:
        rows = [
            (
                kept.key.rpartition("/")[2],
                kept.whose,
                clock(kept.kept_at),
                _why(kept),
            )
            for kept in requests
        ]
        print_rows(("key", "account", "kept at (UTC)", "where and why"), rows, key="key")
    else:
        console().print("nothing is quarantined")
    raise typer.Exit(Code.PARKED if requests else Code.GOOD)


@app.command()
def show(
    key: Key,
    *,
    reveal: Annotated[bool, typer.Option("--reveal", help="Do not ask first.")] = False,
    stage: StageOption = "",
    as_json: JsonOption = False,
) -> None:
    """Show the parts that could not be read.

    They hold what customers wrote, so it asks first.
    """
    kept = named(open_site(stage), key)
    if not reveal:
        if as_json:
            raise Stop(Code.USAGE, "it holds what customers wrote: say --reveal with --json")
        typer.confirm("It holds what customers wrote. Show it?", abort=True, err=True)
    if as_json:
        contents = [each.fragment.decode("utf-8", "backslashreplace") for each in kept.fragments]
        document({**_plain(kept), "contents": contents})
        return
    out = console()
    out.print(
        facts(
            [
                ("key", kept.key),
                ("account", kept.whose),
                ("kept at", moment(kept.kept_at)),
                ("content type", kept.request.content_type if kept.request else ""),
            ]
        )
    )
    for fragment in kept.fragments:
        out.print(f"\n{fragment.where}: {fragment.reason}", markup=False, style="bold")
        out.print(_readable(fragment.fragment), markup=False, soft_wrap=True)


@app.command()
def replay(key: Key, *, stage: StageOption = "", as_json: JsonOption = False) -> None:
    """Read a request again with today's code.

    What can be read goes on its way. If nothing unreadable is left, the request is dropped. Exit code 4: a
    part still cannot be read, and the request stays.
    """
    site = open_site(stage)
    kept = named(site, key)
    done = read_again(site, current(site), kept)
    if as_json:
        document(done)
    else:
        out = console()
        for event in done.events:
            follow = typed("proof", event, "--wait", "30", stage=stage)
            out.print(f"on its way: {follow}", markup=False, soft_wrap=True)
        if kept.request is None:
            out.print("the clock reads it again within a minute")
        for place in done.left:
            out.print(f"still cannot be read: {place}", markup=False, soft_wrap=True)
    raise typer.Exit(Code.PARKED if done.left else Code.GOOD)


@app.command()
def drop(
    key: Key,
    *,
    sure: Annotated[bool, typer.Option("--yes", help="Do not ask first.")] = False,
    stage: StageOption = "",
    as_json: JsonOption = False,
) -> None:
    """Delete a request for good."""
    site = open_site(stage)
    kept = named(site, key)
    if not sure:
        typer.confirm(f"Delete {kept.key} for good?", abort=True, err=True)
    delete(site, kept.key)
    if as_json:
        document({"dropped": kept.key})
    else:
        warn(f"dropped {kept.key}")


def _plain(kept: Kept) -> dict[str, object]:
    fragments = [{"where": each.where, "reason": each.reason} for each in kept.fragments]
    return {
        "key": kept.key,
        **({"channel": kept.request.channel, "account": kept.request.account} if kept.request else {}),
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
