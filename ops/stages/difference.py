"""Tells two configurations of a stage apart: what one adds, removes and changes of the other."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any

import msgspec

from chalicelib.configuration.stage import Configuration


def fingerprint(configuration: Configuration) -> str:
    """12 hex digits of what is configured, whatever its version is called."""
    content = msgspec.json.encode(replace(configuration, version=""), order="deterministic")
    return hashlib.sha256(content).hexdigest()[:12]


def difference(old: Configuration | None, new: Configuration) -> list[str]:
    """What pushing `new` over `old` changes: `+` added, `-` removed, `~` changed."""
    before, after = _things(old) if old else {}, _things(new)
    added = [f"+ {name}" for name in after if name not in before]
    removed = [f"- {name}" for name in before if name not in after]
    changed = [
        f"~ {name}: {', '.join(_changes(before[name], after[name]))}"
        for name in after
        if name in before and before[name] != after[name]
    ]
    if old and [rule.name for rule in old.routing.rules] != [rule.name for rule in new.routing.rules]:
        changed.append(f"~ order of rules: {', '.join(rule.name for rule in new.routing.rules)}")
    return [*removed, *changed, *added]


def _things(configuration: Configuration) -> dict[str, Any]:
    return {
        "public_url": configuration.public_url,
        **{f"account {account.channel} {account.id}": account for account in configuration.accounts},
        **{f"hours {name}": hours for name, hours in configuration.directory.hours.items()},
        **{f"person {person.id}": person for person in configuration.directory.people},
        **{f"team {team.id}": team for team in configuration.directory.teams},
        "opens": configuration.routing.opens,
        "idle": configuration.routing.idle,
        **{f"rule {rule.name}": rule for rule in configuration.routing.rules},
        **{f"target {target.name}": target for target in configuration.targets},
    }


def _changes(before: object, after: object) -> Iterator[str]:
    if not is_dataclass(before):
        yield f"{_plain(before)} → {_plain(after)}"
        return
    for each in fields(before):
        was, now = getattr(before, each.name), getattr(after, each.name)
        if was != now:
            yield f"{each.name} {_plain(was)} → {_plain(now)}"


def _plain(value: object) -> str:
    if isinstance(value, str | int):
        return str(value) or "nothing"
    return msgspec.json.encode(value).decode()
