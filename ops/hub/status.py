"""hub status: shows a stage's queues, cut-off targets, people's load and current configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import typer
from rich.text import Text

from chalicelib.configuration.stage import Configuration
from chalicelib.store.keys import breaker_key, load_key
from chalicelib.store.rows import BreakerRow, LoadRow
from chalicelib.vocabulary.delivery import Circuit
from ops.command_line import commands
from ops.hub.configuration import current
from ops.hub.exits import Code
from ops.hub.screen import JsonOption, StageOption, clock, console, document, facts, state, table
from ops.hub.site import Site, open_site

QUARANTINE, UNDELIVERED = "quarantine/", "undelivered/"

_NUMBERS = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth:
    """How many messages a queue has.

    ready: may be taken now.
    held: are being worked on, or wait invisibly.
    dead: lie in its dead-letter queue.
    """

    queue: str
    ready: int
    held: int
    dead: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """A target, and whether it is cut off: since when, and when it is tried again."""

    target: str
    state: Circuit
    failures: int = 0
    since: datetime | None = None
    next_probe: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """How many open conversations a person has, and how many they may have."""

    person: str
    name: str
    open: int
    capacity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """A stage at this moment; `bucket` counts the objects under each prefix that somebody should look at."""

    stage: str
    hub_url: str
    version: str
    queues: tuple[Depth, ...]
    breakers: tuple[Breaker, ...]
    people: tuple[Load, ...]
    bucket: Mapping[str, int]

    @property
    def for_people(self) -> list[str]:
        """What wants a person, a line each."""
        lines = [
            f"{_counted(queue.dead, 'dead letter')} of {queue.queue}: ./hub redrive --dlq"
            for queue in self.queues
            if queue.dead
        ]
        if kept := self.bucket[QUARANTINE]:
            lines.append(f"{_counted(kept, 'quarantined request')}: ./hub quarantine list")
        return lines

    @property
    def by_itself(self) -> list[str]:
        """What waits and will be tried again by itself, a line each."""
        lines = [
            f"{each.target} is cut off: nothing is sent to it"
            for each in self.breakers
            if each.state is not Circuit.CLOSED
        ]
        if unsent := self.bucket[UNDELIVERED]:
            lines.append(f"{_counted(unsent, 'request')} not yet on the events queue")
        return lines

    @property
    def code(self) -> Code:
        """The exit code: what wants a person comes before what mends itself."""
        return Code.PARKED if self.for_people else Code.WAITING if self.by_itself else Code.GOOD


def health(site: Site, configuration: Configuration) -> Health:
    """The stage as it is now."""
    live = {"events": site.events_queue, **site.target_queues}
    rows = site.table.read(
        [
            *(breaker_key(name) for name in site.target_queues),
            *(load_key(person.id) for person in configuration.directory.people),
        ]
    )
    return Health(
        stage=site.stage,
        hub_url=site.hub_url,
        version=configuration.version,
        queues=tuple(_depth(site, name, url) for name, url in live.items()),
        breakers=tuple(_breaker(name, rows.get(breaker_key(name))) for name in site.target_queues),
        people=tuple(
            Load(person=p.id, name=p.name, open=_open(rows.get(load_key(p.id))), capacity=p.capacity)
            for p in configuration.directory.people
        ),
        bucket={prefix: _objects(site, prefix) for prefix in (QUARANTINE, UNDELIVERED)},
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
        return Breaker(target=target, state=Circuit.CLOSED)
    cut_off = row.state != Circuit.CLOSED
    return Breaker(
        target=target,
        state=Circuit(row.state),
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


app = commands()


@app.command()
def status(*, stage: StageOption = "", as_json: JsonOption = False) -> None:
    """Show queues, cut-off targets, people's load, configuration.

    Exit code 0: nothing wants attention. 3: a target is cut off, or requests wait for the events queue; both
    end by themselves. 4: there are dead letters or quarantined requests. Parked deliveries are not looked
    for, because that reads the whole table: hub parked does it.
    """
    site = open_site(stage)
    now = health(site, current(site))
    if as_json:
        document(
            {**{field: getattr(now, field) for field in Health.__dataclass_fields__}, "code": int(now.code)}
        )
    else:
        _print(now)
    raise typer.Exit(now.code)


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _print(now: Health) -> None:
    out = console()
    out.print(facts([("stage", now.stage), ("hub", now.hub_url), ("configuration", now.version)]))
    out.print()
    queues = [(q.queue, str(q.ready), str(q.held), _alarming(q.dead)) for q in now.queues]
    out.print(table(("queue", "ready", "held", "dead letters"), queues))
    out.print()
    breakers = [
        (b.target, state(b.state), str(b.failures), clock(b.since), clock(b.next_probe)) for b in now.breakers
    ]
    out.print(table(("target", "breaker", "failures", "since (UTC)", "tried again (UTC)"), breakers))
    out.print()
    people = [(p.name, p.person, f"{p.open} of {p.capacity}") for p in now.people]
    out.print(table(("person", "id", "conversations"), people))
    out.print()
    out.print(table(("in the bucket", "objects"), [(k, _alarming(n)) for k, n in now.bucket.items()]))
    for lines, style in ((now.for_people, "red"), (now.by_itself, "yellow")):
        for line in lines:
            out.print(f"\n{line}", style=style, markup=False)


def _alarming(number: int) -> Text:
    return Text(str(number), style="red" if number else "")
