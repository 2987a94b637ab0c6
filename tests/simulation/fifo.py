"""An SQS FIFO queue, as AWS documents it; each rule names its page under
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/ ("SQS:") or the API reference.
"""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.simulation.clock import Clock
from tests.simulation.dynamo import failure

# SQS: FIFO-queues-exactly-once-processing.html, "Any messages sent with the same deduplication ID are
# accepted successfully but are not delivered during the 5-minute deduplication interval"; the scope is the
# group where the queue says so (high-throughput-fifo.html, DeduplicationScope).
_DEDUPLICATED = 300.0

# SQS: sqs-visibility-timeout.html, "maximum ... of 12 hours from the time the message is first received".
LONGEST_INVISIBLE = 43_200

# SQS: quotas-messages.html.
RETENTION = 14 * 86_400.0
# FIFO queues "scan the first 120,000 messages to determine available message groups", and no more may be in
# flight (SQS: avoid-backlog-with-the-same-message-group-id.html, quotas-fifo.html, read 2026-11).
LOOKED_AT = 120_000

_CALL_BYTES = 256 * 1024
_CALL_ENTRIES = 10
_ENTRY_ID = re.compile(r"[A-Za-z0-9_-]{1,80}")
_TOKEN = re.compile(r"[A-Za-z0-9!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~]{1,128}")
_BODY = re.compile("[\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]+")


@dataclass(slots=True)
class Message:
    """One message. visible_at: from when it can be received; taken_at: its latest receipt."""

    id: str
    group: str
    dedup: str
    body: str
    sent_at: float
    number: int
    receives: int = 0
    receipt: str = ""
    taken_at: float = 0.0
    visible_at: float = 0.0


class Quiet(random.Random):
    """Chance that never cuts a batch short."""

    def random(self) -> float:
        return 0.99


class Fifo:
    """The queue. wake is called with the time at which something may be received again."""

    def __init__(
        self, name: str, *, visibility: float, receives: int, clock: Clock, rng: random.Random
    ) -> None:
        self.name = name
        self.arn = f"arn:aws:sqs:eu-central-1:123456789012:{name}"
        self.messages: list[Message] = []
        self.dead: list[Message] = []
        self.expired: list[Message] = []
        self.wake: Callable[[float], None] = lambda _: None
        self.visibility = visibility
        self._receives = receives
        self._clock = clock
        self._rng = rng
        self._seen: dict[tuple[str, str], float] = {}
        self._numbers = itertools.count(1)

    def check(self, entries: list[dict[str, Any]]) -> None:
        """Refuse a batch that SQS would refuse whole."""
        operation = "SendMessageBatch"
        ids = [entry["Id"] for entry in entries]
        if not 1 <= len(entries) <= _CALL_ENTRIES:
            raise failure("TooManyEntriesInBatchRequest", operation)
        if len(set(ids)) != len(ids) or not all(map(_ENTRY_ID.fullmatch, ids)):
            raise failure("BatchEntryIdsNotDistinct", operation)
        if sum(len(entry["MessageBody"].encode()) for entry in entries) > _CALL_BYTES:
            raise failure("BatchRequestTooLong", operation)
        for entry in entries:
            names = entry["MessageGroupId"], entry["MessageDeduplicationId"]
            if not all(map(_TOKEN.fullmatch, names)) or not _BODY.fullmatch(entry["MessageBody"]):
                raise failure("InvalidParameterValue", operation)

    def send(self, entry: dict[str, Any]) -> None:
        """One entry of a batch that was not refused."""
        now = self._clock.now
        known = entry["MessageGroupId"], entry["MessageDeduplicationId"]
        if now - self._seen.get(known, -1e12) < _DEDUPLICATED:
            return
        self._seen[known] = now
        number = next(self._numbers)
        self.messages.append(
            Message(f"{self.name}-{number}", *known, entry["MessageBody"], now, number, visible_at=now)
        )
        self.wake(now)

    def receive(self) -> list[Message]:
        """Up to ten messages, in order within each group, none of a group that has one in flight.

        SQS: FIFO-queues-understanding-logic.html, "no more messages for the same group are returned unless
        you delete the message or it becomes visible"; as many as possible are of the same group.
        """
        now = self._clock.now
        self._expire(now)
        hidden = [message.group for message in self.messages if message.visible_at > now]
        if len(hidden) >= LOOKED_AT:
            return []
        blocked = set(hidden)
        taken: list[Message] = []
        for message in self.messages[:LOOKED_AT]:
            if message.group in blocked:
                continue
            if message.receives >= self._receives:
                # SQS: sqs-dead-letter-queues.html, when the receive count exceeds maxReceiveCount.
                self.messages.remove(message)
                self.dead.append(message)
                continue
            if len(taken) == _CALL_ENTRIES or (taken and self._rng.random() < 0.1):
                blocked.add(message.group)
                continue
            message.receives += 1
            message.receipt = f"{message.id}-{message.receives}"
            message.taken_at, message.visible_at = now, now + self.visibility
            taken.append(message)
        if taken:
            self.wake(now + self.visibility)
        return taken

    def delete(self, receipt: str) -> None:
        """SQS API: DeleteMessage; a FIFO queue refuses a receipt whose visibility timeout has passed."""
        message = self._held(receipt, "DeleteMessage")
        self.messages.remove(message)
        self.wake(self._clock.now)

    def hide(self, receipt: str, seconds: int) -> None:
        """SQS API: ChangeMessageVisibility."""
        operation = "ChangeMessageVisibility"
        if not isinstance(seconds, int) or not 0 <= seconds <= LONGEST_INVISIBLE:
            raise failure("InvalidParameterValue", operation)
        message = self._held(receipt, operation)
        now = self._clock.now
        if now + seconds - message.taken_at > LONGEST_INVISIBLE:
            raise failure("InvalidParameterValue", operation)
        message.visible_at = now + seconds
        self.wake(message.visible_at)

    def next_visible(self) -> float | None:
        """When something that is hidden now can be received."""
        hidden = [message.visible_at for message in self.messages if message.visible_at > self._clock.now]
        return min(hidden, default=None)

    def _held(self, receipt: str, operation: str) -> Message:
        message = next((m for m in self.messages if m.receipt == receipt), None)
        if message is None:
            raise failure("ReceiptHandleIsInvalid", operation)
        if message.visible_at <= self._clock.now:
            raise failure("MessageNotInflight", operation)
        return message

    def _expire(self, now: float) -> None:
        old = [message for message in self.messages if now - message.sent_at > RETENTION]
        for message in old:
            self.messages.remove(message)
            self.expired.append(message)
