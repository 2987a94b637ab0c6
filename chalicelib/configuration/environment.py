"""Reads the environment variables that a deployment gives its functions, and names all faults at once."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.vocabulary.errors import Misconfigured

_PATTERNS = {
    "HUB_STAGE": (r"[a-z][a-z0-9-]{0,30}", "a stage's name, such as local"),
    "HUB_TABLE": (r"[A-Za-z0-9_.-]{3,255}", "a DynamoDB table's name"),
    "HUB_BUCKET": (r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "a bucket's name"),
    "HUB_EVENTS_QUEUE": (r"https?://\S+\.fifo", "the URL of a FIFO queue"),
    "HUB_SECRETS": (r"(/[A-Za-z0-9_.-]+)+", "a parameter path, such as /switchboard/local"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """The names and places of one deployment's resources.

    stage: the deployment's name, such as `local`.
    table: the DynamoDB table's name.
    bucket: the S3 bucket's name.
    events_queue: the URL of the events queue.
    secrets: the parameter path under which secrets lie.
    target_queues: target name to queue URL; empty for a function that needs none.
    """

    stage: str
    table: str
    bucket: str
    events_queue: str
    secrets: str
    target_queues: Mapping[str, str]


def load(environ: Mapping[str, str]) -> Environment:
    """The environment; raises one `Misconfigured` that names everything missing or malformed."""
    faults = []
    for name, (pattern, meaning) in _PATTERNS.items():
        value = environ.get(name, "")
        if not value:
            faults.append(f"{name} is missing: it is {meaning}")
        elif not re.fullmatch(pattern, value):
            faults.append(f"{name} is malformed: it should be {meaning}")
    queues = _queues(environ.get("HUB_TARGET_QUEUES") or "{}")
    if queues is None:
        faults.append(
            "HUB_TARGET_QUEUES is malformed: it should be a JSON object of target to FIFO queue URL"
        )
    if faults or queues is None:
        raise Misconfigured("environment", "; ".join(faults))
    return Environment(
        stage=environ["HUB_STAGE"],
        table=environ["HUB_TABLE"],
        bucket=environ["HUB_BUCKET"],
        events_queue=environ["HUB_EVENTS_QUEUE"],
        secrets=environ["HUB_SECRETS"],
        target_queues=queues,
    )


def _queues(text: str) -> dict[str, str] | None:
    try:
        queues = json.loads(text)
    except ValueError:
        return None
    pattern = _PATTERNS["HUB_EVENTS_QUEUE"][0]
    if not isinstance(queues, dict):
        return None
    if not all(isinstance(url, str) and re.fullmatch(pattern, url) for url in queues.values()):
        return None
    return queues
