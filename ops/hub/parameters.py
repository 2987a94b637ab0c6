"""Says which accounts and targets of a configuration lack a secret, before it is pushed."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial

from chalicelib.channels import CHANNELS
from chalicelib.configuration.stage import Configuration
from chalicelib.crms import CRMS
from ops.hub.site import Site

_AT_ONCE = 10
"""So many parameters are read in a call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Need:
    """A parameter that somebody needs.

    user: who, as the fault names them.
    names: the secrets that may be in it.
    missing: says which it still lacks if it has these.
    """

    parameter: str
    user: str
    names: tuple[str, ...]
    missing: Callable[[Collection[str]], tuple[str, ...]]


def without_secrets(site: Site, configuration: Configuration) -> list[str]:
    """Accounts and targets whose secret is missing or incomplete."""
    needs: dict[tuple[str, str], _Need] = {}
    for account in configuration.accounts:
        channel = CHANNELS[account.channel]
        need = _Need(
            parameter=f"{site.secrets}/accounts/{account.secret}",
            user=f"accounts.yaml: account {account.channel} {account.id}",
            names=channel.secrets,
            missing=channel.missing,
        )
        needs.setdefault((need.parameter, channel.name), need)
    for target in configuration.targets:
        names = tuple(
            field.name for field in CRMS[target.connector].fields if field.secret and field.required
        )
        need = _Need(
            parameter=f"{site.secrets}/targets/{target.secret}",
            user=f"crms.yaml: target {target.name}",
            names=names,
            missing=partial(_not_in, names),
        )
        if names:
            needs.setdefault((need.parameter, target.connector), need)
    held = _held(site, sorted({need.parameter for need in needs.values()}))
    faults = []
    for need in needs.values():
        there = held.get(need.parameter)
        missing = need.missing(there or set())
        name, user = need.parameter, need.user
        if there is None:
            problem = f"parameter {name} is not there, or is no JSON object"
        elif missing:
            problem = f"parameter {name} has no {' and no '.join(sorted(missing))}"
        else:
            continue
        example = json.dumps(dict.fromkeys(sorted(need.names), "…"), ensure_ascii=False)
        put = f"aws ssm put-parameter --type SecureString --overwrite --name {name} --value '{example}'"
        faults.append(f"{user}: {problem}; {put}")
    return faults


def _not_in(names: tuple[str, ...], held: Collection[str]) -> tuple[str, ...]:
    return tuple(name for name in names if name not in held)


def _held(site: Site, names: list[str]) -> dict[str, set[str]]:
    """For each parameter that can be read, the secrets in it that have a value."""
    held = {}
    for start in range(0, len(names), _AT_ONCE):
        batch = names[start : start + _AT_ONCE]
        answer = site.client("ssm").get_parameters(Names=batch, WithDecryption=True)
        for parameter in answer["Parameters"]:
            try:
                values = json.loads(parameter["Value"])
            except ValueError:
                continue
            if isinstance(values, dict):
                held[parameter["Name"]] = {name for name, value in values.items() if _some(value)}
    return held


def _some(value: object) -> bool:
    return any(value) if isinstance(value, list) else bool(value)
