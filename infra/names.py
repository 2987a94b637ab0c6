"""Names the deployed resources, and builds the references that CloudFormation understands."""

import json
import re
from pathlib import Path
from typing import Any

Resource = dict[str, Any]
Resources = dict[str, Resource]

HERE = Path(__file__).parent

FUNCTIONS = {
    "webhooks": "APIHandler",
    "unrepeated": "Unrepeated",
    "process": "Process",
    "relay": "Relay",
    "deliver": "Deliver",
    "tick": "Tick",
}
"""The functions by name, each with its logical id: Chalice's choice for those that Chalice declares."""

FRONT_DOORS = ("webhooks", "unrepeated")
"""The functions that platforms post to."""

_LONGEST_QUEUE = 80


class Unnameable(ValueError):
    """A stage or target whose name AWS does not accept in the name of a resource."""


def check_stage(stage: str) -> str:
    """The stage's name. Raises `Unnameable` if functions, queues and parameters cannot be called after it."""
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,30}", stage):
        detail = "lower-case letters, digits and hyphens, a letter first, 31 at most"
        raise Unnameable(f"a stage cannot be called {stage!r}: {detail}")
    return stage


def named(what: str) -> dict[str, str]:
    """The physical name of something in this stage; its parameter is filled in at deployment."""
    return {"Fn::Sub": f"switchboard-${{Stage}}-{what}"}


def queue_name(stage: str, what: str) -> str:
    """The name of a FIFO queue in this stage. Raises `Unnameable` if AWS does not accept it."""
    name = f"switchboard-{stage}-{what}.fifo"
    if not re.fullmatch(r"[a-z0-9-]+\.fifo", name) or len(name) > _LONGEST_QUEUE:
        detail = f"lower-case letters, digits and hyphens, {_LONGEST_QUEUE} in all"
        raise Unnameable(f"a queue cannot be called {name!r}: {detail}")
    return name


def logical(what: str) -> str:
    """A logical id made of a name: `target-my-crm` gives `TargetMyCrm`."""
    return "".join(part.capitalize() for part in what.split("-"))


def attribute(logical_id: str, name: str = "Arn") -> dict[str, list[str]]:
    """A reference to an attribute that a resource has only once it exists."""
    return {"Fn::GetAtt": [logical_id, name]}


def chalice_config() -> dict[str, Any]:
    """Chalice's own settings, which hold memory, timeouts and reservations of the functions."""
    settings: dict[str, Any] = json.loads((HERE.parent / ".chalice" / "config.json").read_text())
    return settings


def timeout(function: str) -> int:
    """Seconds after which Lambda stops a function, from Chalice's settings."""
    seconds: int = chalice_config()["lambda_functions"][function]["lambda_timeout"]
    return seconds
