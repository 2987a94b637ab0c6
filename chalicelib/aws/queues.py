"""Puts messages on a FIFO queue in order, within SQS's limits, and tells which of them failed.

A call takes ten messages and 256 KiB. Two messages of one group never share a call: a call may
accept the second and refuse the first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from chalicelib.aws.errors import aws
from chalicelib.vocabulary.errors import Transient
from chalicelib.vocabulary.event import Identity

LARGEST_MESSAGE = 200 * 1024
"""Bytes; the content of a larger message goes to the bucket."""

_CALL_BYTES = 256 * 1024
_CALL_ENTRIES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One message to be sent.

    group: the FIFO group, within which order is kept.
    dedup: the deduplication id.
    body: the text of the message.
    """

    group: str
    dedup: str
    body: str


SendBatch = Callable[[str, Sequence[dict[str, Any]]], Sequence[int]]
"""Sends entries to the queue of a URL; gives the indexes that failed. Raises `Transient` if all failed."""


def send(put: SendBatch, url: str, messages: Iterable[Outgoing], *, tries: int = 1) -> list[Outgoing]:
    """Send in order; return what could not be sent after `tries`, each group from its first failure on."""
    failed: list[Outgoing] = []
    stuck: set[str] = set()
    for call in _calls(messages):
        going = [message for message in call if message.group not in stuck]
        failed += [message for message in call if message.group in stuck]
        for _ in range(tries):
            going = _once(put, url, going)
            if not going:
                break
        failed += going
        stuck.update(message.group for message in going)
    return failed


def put_batch(sqs: Any, url: str, entries: Sequence[dict[str, Any]]) -> list[int]:  # noqa: ANN401 - no types
    """Send one call; return the indexes of refused entries. Raises `Transient` or `Misconfigured`."""
    answer = aws(lambda: sqs.send_message_batch(QueueUrl=url, Entries=list(entries)))
    return [int(failed["Id"]) for failed in answer.get("Failed", [])]


def hide(sqs: Any, url: str, receipt: str, seconds: int) -> None:  # noqa: ANN401 - no types
    """Make a received message visible again after so many seconds. Raises `Transient` or `Misconfigured`."""
    aws(lambda: sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=receipt, VisibilityTimeout=seconds))


def _once(put: SendBatch, url: str, call: list[Outgoing]) -> list[Outgoing]:
    entries = [
        {
            "Id": str(index),
            "MessageBody": message.body,
            "MessageGroupId": message.group,
            "MessageDeduplicationId": message.dedup,
        }
        for index, message in enumerate(call)
    ]
    if not entries:
        return []
    try:
        return [call[index] for index in put(url, entries)]
    except Transient:
        return call


def _calls(messages: Iterable[Outgoing]) -> list[list[Outgoing]]:
    """Pack messages into calls; two messages of one group never share a call, and keep their order."""
    calls: list[list[Outgoing]] = []
    sizes: list[int] = []
    after: dict[str, int] = {}
    first_open = 0
    for message in messages:
        size = len(message.body)
        at = max(first_open, after.get(message.group, 0))
        while at < len(calls) and (len(calls[at]) == _CALL_ENTRIES or sizes[at] + size > _CALL_BYTES):
            at += 1
        if at == len(calls):
            calls.append([])
            sizes.append(0)
        calls[at].append(message)
        sizes[at] += size
        after[message.group] = at + 1
        while first_open < len(calls) and len(calls[first_open]) == _CALL_ENTRIES:
            first_open += 1
    return calls


def group(customer: Identity) -> str:
    """The queue group of a customer: hex, because SQS allows 128 characters and few alphabets."""
    return hashlib.sha256(customer.key.encode("utf-8", "surrogatepass")).hexdigest()


def digest(*parts: str) -> str:
    """A deduplication id made of these parts."""
    return hashlib.sha256("\x00".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
