"""hub simulate: builds a realistic webhook, signs it with the account's secrets, and posts it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Annotated

import typer
from botocore.exceptions import ClientError

from chalicelib.aws.secrets import Parameters
from chalicelib.channels import CHANNELS
from chalicelib.configuration.stage import Configuration
from chalicelib.crms.http.send import sender
from chalicelib.profiles.phones import e164
from chalicelib.vocabulary.account import Account, Secrets
from chalicelib.vocabulary.delivery import Call, Reply
from chalicelib.vocabulary.errors import Rejected
from chalicelib.vocabulary.event import Event, Ignored, Kind
from chalicelib.vocabulary.request import Request
from ops import platforms
from ops.command_line import commands
from ops.hub.configuration import current
from ops.hub.exits import Code, Stop
from ops.hub.screen import JsonOption, StageOption, console, document, print_rows, table, typed
from ops.hub.site import Site, open_site
from ops.platforms import SARA, Person, Post, somebody

_WRONG = ("not-the-secret",)
_SIMULATED_IDS = 10**10
_UTC = ["%Y-%m-%dT%H:%M:%SZ"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """One webhook and its answer.

    number: the number in its ids.
    events: keys of the events it becomes.
    counted: names of what is only counted, not kept.
    """

    number: int
    status: int
    events: tuple[str, ...]
    counted: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """The fields of a scene that an operator chooses."""

    kind: str
    person: Person
    text: str = ""
    target: int = 0


def account_of(configuration: Configuration, channel: str, account: str) -> Account:
    """The channel's account with that id; without an id its first one. Raises `Stop`."""
    accounts = [one for one in configuration.accounts if one.channel == channel and account in ("", one.id)]
    if not accounts:
        names = ", ".join(f"{each.channel} {each.id}" for each in configuration.accounts) or "none"
        name = f"{channel} {account}".strip()
        raise Stop(Code.NOT_FOUND, f"there is no account {name}: there are {names}")
    return accounts[0]


def builder(channel: str, kind: str) -> platforms.Builder:
    """The function that builds that kind of webhook. Raises `Stop`."""
    kinds = platforms.KINDS.get(channel)
    if kinds is None:
        raise Stop(Code.USAGE, f"{channel} is not simulated: {', '.join(platforms.KINDS)} are")
    if kind not in kinds:
        raise Stop(Code.USAGE, f"{channel} has no {kind}: it has {', '.join(kinds)}")
    return kinds[kind]


def person(phone: str, name: str) -> Person:
    """A fictional person with that phone; the same phone is the same person on every channel.

    Raises `Stop` if it is no phone.
    """
    number = e164(phone)
    if phone and not number:
        raise Stop(Code.USAGE, f"{phone} is not a phone number: write it like +989120000003")
    someone = somebody(number) if number else SARA
    first, _, last = name.partition(" ")
    return replace(someone, first_name=first, last_name=last) if name else someone


def secrets_of(site: Site, account: Account) -> Secrets:
    """The account's secrets, as the front door knows them. Raises `Stop` if there are none."""

    def read(name: str) -> str:
        path = f"{site.secrets}/accounts/{name}"
        try:
            answer = site.client("ssm").get_parameter(Name=path, WithDecryption=True)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ParameterNotFound":
                raise
            line = f"account {account.channel} {account.id}: there is no parameter {path}"
            raise Stop(Code.USAGE, line) from error
        return str(answer["Parameter"]["Value"])

    held = Parameters(read=read, clock=time.monotonic).get(account.secret)
    return {name: values for name, values in held.items() if any(values)}


def forged(secrets: Secrets) -> Secrets:
    """Keys of the events that the channel reads in it, and names of what is only counted."""
    return dict.fromkeys(secrets, _WRONG)


def number_at(moment: datetime) -> int:
    """A number that no earlier simulation used, short enough for an id."""
    return int(moment.timestamp() * 1000) % _SIMULATED_IDS


def play(
    plot: Plot, account: Account, *, public_url: str, secrets: Secrets, at: datetime, number: int
) -> Post:
    """The signed webhook. Raises `Stop` if the account lacks a secret to sign it with."""
    build = builder(account.channel, plot.kind)
    url = f"{public_url}/webhooks/{account.channel}/{account.id}"
    try:
        return build(
            url=url,
            account=account.id,
            secrets=secrets,
            at=at,
            number=number,
            person=plot.person,
            text=plot.text,
            target=plot.target,
        )
    except KeyError as error:
        line = f"account {account.channel} {account.id} has no {error.args[0]} among its secrets"
        raise Stop(Code.USAGE, line) from error


def post(webhook: Post, send: Callable[[Call], Reply]) -> int:
    """Post it; the status of the answer. Raises `Transient`."""
    call = Call(method=webhook.method, url=webhook.url, headers=webhook.headers, body=webhook.body)
    return send(call).status


def door() -> Callable[[Call], Reply]:
    """A sender that reaches a front door on this machine or elsewhere."""
    return sender(private_network=True, connect_seconds=5, read_seconds=30)


def read(webhook: Post, account: Account, at: datetime) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Keys of the events that the channel reads in it, and names of what is only counted."""
    request = Request(
        method=webhook.method,
        url=webhook.url,
        headers=webhook.headers,
        body=webhook.body,
        received_at=at,
    )
    try:
        parsed = list(CHANNELS[account.channel].parse(request, account))
    except Rejected as error:
        return (), (f"unreadable: {error}",)
    events = [part for part in parsed if isinstance(part, Event)]
    dropped = [event for event in events if event.kind is Kind.STATUS and not account.statuses]
    counted = [part.name for part in parsed if isinstance(part, Ignored)] + ["status"] * len(dropped)
    return tuple(event.key for event in events if event not in dropped), tuple(counted)


app = commands()


@app.command()
def simulate(
    channel: Annotated[
        str,
        typer.Argument(metavar="CHANNEL", help=f"One of {', '.join(platforms.KINDS)}.", show_default=False),
    ] = "",
    kind: Annotated[
        str, typer.Argument(metavar="KIND", help="What the customer does; --list shows all kinds.")
    ] = "message",
    *,
    account: Annotated[
        str, typer.Option(metavar="ID", help="The account's id. Left out, the channel's first account.")
    ] = "",
    text: Annotated[str, typer.Option(metavar="TEXT", help="What the customer writes.")] = "",
    phone: Annotated[
        str,
        typer.Option(
            "--from",
            "--phone",
            metavar="PHONE",
            help="The customer's phone; the same phone is the same person on every channel.",
        ),
    ] = "",
    name: Annotated[str, typer.Option(metavar="NAME", help="The customer's name.")] = "",
    about: Annotated[
        int,
        typer.Option(
            metavar="NUMBER",
            help="The --number of the message that this edit, reply, reaction or receipt refers to.",
            show_default=False,
        ),
    ] = 0,
    number: Annotated[
        int,
        typer.Option(
            metavar="NUMBER",
            help="Number used in the ids. Repeat it, and --at for Telegram, to send the same event again.",
            show_default=False,
        ),
    ] = 0,
    at: Annotated[
        datetime | None, typer.Option(help="When it happens, such as 2026-11-25T08:00:00Z.", formats=_UTC)
    ] = None,
    times: Annotated[int, typer.Option(metavar="NUMBER", help="How many webhooks to post.", min=1)] = 1,
    wrong_signature: Annotated[
        bool, typer.Option("--wrong-signature", help="Sign with a wrong secret, to see it refused.")
    ] = False,
    listed: Annotated[bool, typer.Option("--list", help="List the channels and their kinds.")] = False,
    stage: StageOption = "",
    as_json: JsonOption = False,
) -> None:
    """Post a webhook as a platform would.

    It is signed with the account's own secrets. The hub's answer is shown, and the events that the webhook
    becomes. Exit code 0: the hub accepted it (with --wrong-signature: refused it). 1: it did not.
    """
    if listed:
        _list(as_json)
        return
    if not channel:
        raise typer.BadParameter("name a channel, or say --list")
    builder(channel, kind)
    plot = Plot(kind=kind, person=person(phone, name), text=text, target=about)
    site = open_site(stage)
    configured = current(site)
    chosen = account_of(configured, channel, account)
    started = at.replace(tzinfo=UTC) if at else site.now()
    numbers = range(number or number_at(started), (number or number_at(started)) + times)
    posted = _post_all(site, configured, chosen, plot, numbers=numbers, at=started, right=not wrong_signature)
    _show(posted, stage, as_json)
    good = all(_accepted(each.status) is not wrong_signature for each in posted)
    raise typer.Exit(Code.GOOD if good else Code.UNEXPECTED)


def _post_all(
    site: Site,
    configuration: Configuration,
    account: Account,
    plot: Plot,
    *,
    numbers: range,
    at: datetime,
    right: bool,
) -> list[Posted]:
    secrets = secrets_of(site, account)
    if not right:
        secrets = forged(secrets)
    send = door()
    done = []
    for number in numbers:
        webhook = play(
            plot, account, public_url=configuration.public_url, secrets=secrets, at=at, number=number
        )
        status = post(webhook, send)
        events, counted = read(webhook, account, at) if _accepted(status) else ((), ())
        done.append(Posted(number=number, status=status, events=events, counted=counted))
    return done


def _accepted(status: int) -> bool:
    return 200 <= status < 300


def _show(posted: list[Posted], stage: str, as_json: bool) -> None:
    if as_json:
        document({"posted": posted})
        return
    rows = [
        (str(each.number), str(each.status), "\n".join((*each.events, *(f"({c})" for c in each.counted))))
        for each in posted
    ]
    print_rows(("number", "answer", "becomes"), rows, key="becomes")
    if keys := [key for each in posted for key in each.events]:
        follow = typed("proof", keys[-1], "--wait", "30", stage=stage)
        console().print(f"\n{follow}", markup=False, soft_wrap=True)


def _list(as_json: bool) -> None:
    if as_json:
        document({channel: list(kinds) for channel, kinds in platforms.KINDS.items()})
        return
    rows = [(channel, " ".join(kinds)) for channel, kinds in platforms.KINDS.items()]
    console().print(table(("channel", "kinds"), rows))
