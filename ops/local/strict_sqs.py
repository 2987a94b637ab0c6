"""Refuses what SQS refuses and the local AWS lets pass, so that a test or a local run finds it first.

    strict(client)          # this boto3 or botocore client
    strict_everywhere()     # every client that this process makes from now on

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

import botocore
import botocore.session

_CALL_BYTES = 256 * 1024
_ENTRIES = 10
_LONGEST_VISIBILITY = 43_200

_GROUP = re.compile(r"[A-Za-z0-9!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~]{1,128}")
_ENTRY_ID = re.compile(r"[A-Za-z0-9_-]{1,80}")
_BODY = re.compile("[\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]+")


class Refused(ValueError):
    """A request that SQS would answer with an error."""


def strict(client: Any) -> None:  # noqa: ANN401 - boto3 makes its clients' types at run time
    """Check this client's requests to SQS before they are sent."""
    _watch(client.meta.events)


def strict_everywhere() -> None:
    """Check the requests of every session that this process makes from now on."""
    botocore.register_initializer(lambda session: _watch(session.get_component("event_emitter")))


def _watch(events: Any) -> None:  # noqa: ANN401
    for operation, check in _CHECKS.items():
        events.register(f"provide-client-params.sqs.{operation}", _refusing(check), f"strict-{operation}")


def _refusing(check: Any) -> Any:  # noqa: ANN401
    def before(params: Mapping[str, Any], **_: object) -> None:
        check(params)

    return before


def _send(params: Mapping[str, Any]) -> None:
    _message(params, str(params.get("QueueUrl", "")).endswith(".fifo"))
    _size([params])


def _send_batch(params: Mapping[str, Any]) -> None:
    entries = _entries(params)
    for entry in entries:
        _message(entry, str(params.get("QueueUrl", "")).endswith(".fifo"))
    _size(entries)


def _message(message: Mapping[str, Any], fifo: bool) -> None:
    body = message.get("MessageBody", "")
    if not _BODY.fullmatch(body):
        raise Refused("MessageBody is empty or has a character that SQS does not take")
    for name in ("MessageGroupId", "MessageDeduplicationId"):
        value = message.get(name)
        if fifo and value is None:
            raise Refused(f"{name} is missing")
        if value is not None and not _GROUP.fullmatch(value):
            raise Refused(f"{name} is not 1 to 128 printable ASCII characters: {len(value)} were given")


def _size(messages: list[Mapping[str, Any]]) -> None:
    size = sum(len(message.get("MessageBody", "").encode("utf-8", "surrogatepass")) for message in messages)
    if size > _CALL_BYTES:
        raise Refused(f"a call of {size} bytes; SQS takes {_CALL_BYTES}")


def _entries(params: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    entries: list[Mapping[str, Any]] = list(params.get("Entries", ()))
    if not 1 <= len(entries) <= _ENTRIES:
        raise Refused(f"{len(entries)} entries in a call; SQS takes 1 to {_ENTRIES}")
    ids = Counter(str(entry.get("Id", "")) for entry in entries)
    for name, times in ids.items():
        if times > 1 or not _ENTRY_ID.fullmatch(name):
            raise Refused(f"entry id {name!r} is not distinct, or not 1 to 80 letters, digits, - and _")
    return entries


def _visibility(params: Mapping[str, Any]) -> None:
    seconds = params.get("VisibilityTimeout")
    if not isinstance(seconds, int) or not 0 <= seconds <= _LONGEST_VISIBILITY:
        raise Refused(f"a visibility timeout of {seconds!r}; SQS takes 0 to {_LONGEST_VISIBILITY}")


def _visibility_batch(params: Mapping[str, Any]) -> None:
    for entry in _entries(params):
        _visibility(entry)


def _delete_batch(params: Mapping[str, Any]) -> None:
    _entries(params)


def _receive(params: Mapping[str, Any]) -> None:
    if not 1 <= params.get("MaxNumberOfMessages", 1) <= _ENTRIES:
        raise Refused(f"{params['MaxNumberOfMessages']} messages in a call; SQS gives 1 to {_ENTRIES}")
    if "VisibilityTimeout" in params:
        _visibility(params)


_CHECKS = {
    "SendMessage": _send,
    "SendMessageBatch": _send_batch,
    "ChangeMessageVisibility": _visibility,
    "ChangeMessageVisibilityBatch": _visibility_batch,
    "DeleteMessageBatch": _delete_batch,
    "ReceiveMessage": _receive,
}
