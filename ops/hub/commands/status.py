"""hub status: how a stage is."""

from __future__ import annotations

from rich.text import Text

from ops.hub import push
from ops.hub.health import Health, health
from ops.hub.screen import JsonOption, StageOption, console, document, facts, moment, state, table
from ops.hub.site import open_site

_WANTED_EMPTY = "red"


def status(*, stage: StageOption = "", as_json: JsonOption = False) -> None:
    """Queues and dead letters, targets cut off, people's load, and the configuration that is current."""
    site = open_site(stage)
    found = health(site, push.current(site))
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
