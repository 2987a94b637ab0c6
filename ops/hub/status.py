"""How a stage is: what lies in its queues, which targets are cut off, how much its people have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from rich.text import Text

from chalicelib.configuration.stage import Stage
from chalicelib.store.keys import breaker_key, load_key
from chalicelib.store.rows import BreakerRow, LoadRow
from ops.command_line import commands
from ops.hub.configuration import current
from ops.hub.screen import JsonOption, StageOption, console, document, facts, moment, state, table
from ops.hub.site import Site, open_site

_NUMBERS = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth:
    """A queue: messages that may be taken, that are being worked on or wait invisibly, and dead letters."""

    queue: str
    ready: int
    held: int
    dead: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """A target, and whether it is cut off. since: when that began; next_probe: when it is tried again."""

    target: str
    state: str
    failures: int = 0
    since: datetime | None = None
    next_probe: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """How many open conversations a person has, and may have."""

    person: str
    name: str
    open: int
    capacity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """A stage at this moment. bucket: objects under each prefix that somebody should look at."""

    stage: str
    hub_url: str
    version: str
    queues: tuple[Depth, ...]
    breakers: tuple[Breaker, ...]
    people: tuple[Load, ...]
    bucket: Mapping[str, int]


def health(site: Site, stage: Stage) -> Health:
    """How the stage is now."""
    live = {"events": site.events_queue, **site.target_queues}
    rows = site.table.read(
        [
            *(breaker_key(name) for name in site.target_queues),
            *(load_key(person.id) for person in stage.directory.people),
        ]
    )
    return Health(
        stage=site.stage,
        hub_url=site.hub_url,
        version=stage.version,
        queues=tuple(_depth(site, name, url) for name, url in live.items()),
        breakers=tuple(_breaker(name, rows.get(breaker_key(name))) for name in site.target_queues),
        people=tuple(
            Load(person=p.id, name=p.name, open=_open(rows.get(load_key(p.id))), capacity=p.capacity)
            for p in stage.directory.people
        ),
        bucket={prefix: _objects(site, prefix) for prefix in ("quarantine/", "undelivered/")},
    )


def _depth(site: Site, name: str, url: str) -> Depth:
    ready, held = _messages(site, url)
    dead = sum(_messages(site, site.dead_queues[name])) if name in site.dead_queues else 0
    return Depth(queue=name, ready=ready, held=held, dead=dead)


def _messages(site: Site, url: str) -> tuple[int, int]:
    answer = site.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=list(_NUMBERS))
    ready, held = (int(answer["Attributes"].get(name, 0)) for name in _NUMBERS)
    return ready, held


def _breaker(target: str, row: object) -> Breaker:
    if not isinstance(row, BreakerRow):
        return Breaker(target=target, state="closed")
    cut_off = row.state != "closed"
    return Breaker(
        target=target,
        state=str(row.state),
        failures=int(row.failures),
        since=_at(row.since) if cut_off else None,
        next_probe=_at(row.next_probe) if cut_off else None,
    )


def _at(seconds: float) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)


def _open(row: object) -> int:
    return int(row.open) if isinstance(row, LoadRow) else 0


def _objects(site: Site, prefix: str) -> int:
    pages = site.client("s3").get_paginator("list_objects_v2").paginate(Bucket=site.bucket, Prefix=prefix)
    return sum(len(page.get("Contents", [])) for page in pages)


_WANTED_EMPTY = "red"


app = commands()


@app.command()
def status(*, stage: StageOption = "", as_json: JsonOption = False) -> None:
    """Queues and dead letters, targets cut off, people's load, and the configuration that is current."""
    site = open_site(stage)
    found = health(site, current(site))
    if as_json:
        document(found)
    else:
        _print(found)


def _print(found: Health) -> None:
    out = console()
    out.print(facts([("stage", found.stage), ("hub", found.hub_url), ("configuration", found.version)]))
    out.print()
    queues = [(q.queue, str(q.ready), str(q.held), _alarming(q.dead)) for q in found.queues]
    out.print(table(("queue", "ready", "held", "dead letters"), queues))
    out.print()
    breakers = [
        (b.target, state(b.state), str(b.failures), moment(b.since), moment(b.next_probe))
        for b in found.breakers
    ]
    out.print(table(("target", "breaker", "failures", "since", "tried again"), breakers))
    out.print()
    people = [(p.name, p.person, f"{p.open} of {p.capacity}") for p in found.people]
    out.print(table(("person", "id", "conversations"), people))
    out.print()
    out.print(table(("in the bucket", "objects"), [(k, _alarming(n)) for k, n in found.bucket.items()]))


def _alarming(number: int) -> Text:
    return Text(str(number), style=_WANTED_EMPTY if number else "")
