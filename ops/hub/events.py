"""Finds the stored event that an operator names.

People hold a platform's id, a program holds a key, a CRM's note holds a reference: all are understood.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from chalicelib.channels import CHANNELS
from chalicelib.configuration.stage import Configuration
from chalicelib.store.keys import event_key
from chalicelib.store.rows import EventRow, Row
from chalicelib.vocabulary.event import HUB, Kind, reference
from ops.hub.configuration import current
from ops.hub.exits import Code, Stop
from ops.hub.screen import warn
from ops.hub.site import Site

FORMS = (
    "The platform's id of the event, its path channel/account/kind/id, its key channel#account#kind#id, "
    "or the 20 hex digits in a CRM's note."
)

_REFERENCE_DIGITS = 20


def find(site: Site, name: str) -> EventRow:
    """The event that this name means. Raises `Stop` if there is none, or more than one."""
    if not name.strip():
        raise Stop(Code.USAGE, f"name an event. {FORMS}")
    rows = _stored(site, [name_as_key]) if (name_as_key := key_of(name)) else _by_id(site, name)
    if not rows and _is_reference(name):
        warn("references are not indexed: reading the whole table to find this one")
        rows = [row for row in _all(site) if reference(key_in(row)) == name]
    if not rows:
        line = (
            f"no event {name}: it was never accepted, is still on the events queue, or was erased "
            "(./hub status shows the queues)"
        )
        raise Stop(Code.NOT_FOUND, line)
    if len(rows) > 1:
        keys = "\n".join(f"  {key_in(row)}" for row in rows)
        raise Stop(Code.USAGE, f"{len(rows)} events have the id {name}; name one of them:\n{keys}")
    return rows[0]


def key_of(name: str) -> str:
    """The event key that the name spells out; empty if it is only an id."""
    for separator in "#/":
        parts = name.split(separator, 3)
        if len(parts) == 4 and parts[0] in {*CHANNELS, HUB} and parts[2] in set(Kind):
            return "#".join(parts)
    return ""


def keys_with_id(name: str, configuration: Configuration) -> Iterator[str]:
    """Every key that an event with this id could have in the stage."""
    places = [(account.channel, account.id) for account in configuration.accounts]
    places += [(HUB, HUB), *((HUB, target.name) for target in configuration.targets)]
    for channel, account in places:
        yield from (f"{channel}#{account}#{kind}#{name}" for kind in Kind)


def key_in(row: Row) -> str:
    """The event's key in its own row, or in the row of one of its deliveries."""
    return str(row.pk).removeprefix("E#")


def _by_id(site: Site, name: str) -> list[EventRow]:
    return _stored(site, keys_with_id(name, current(site)))


def _stored(site: Site, keys: Iterable[str]) -> list[EventRow]:
    rows = site.table.read(event_key(key) for key in keys)
    return [row for row in rows.values() if isinstance(row, EventRow)]


def _all(site: Site) -> Iterator[EventRow]:
    return (row for row in site.table.scan(EventRow.sk == "EVENT") if isinstance(row, EventRow))


def _is_reference(name: str) -> bool:
    return len(name) == _REFERENCE_DIGITS and set(name) <= set("0123456789abcdef")
