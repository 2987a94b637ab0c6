"""The job that puts the messages on the events queue which the front door had to put into the bucket."""

from __future__ import annotations

import msgspec

from chalicelib.aws.queues import Outgoing
from chalicelib.pipeline.clock.base import Clock
from chalicelib.pipeline.set_aside import set_aside_key, unpack_undelivered
from chalicelib.telemetry import log_bug
from chalicelib.vocabulary.errors import HubError, Transient

_FED_AT_ONCE = 200

_REFUSED_IN_A_ROW = 10
"""So many refusals mean that the queue, or the bucket, is what fails."""


def feed_queue(clock: Clock) -> int:
    """Feed messages in, the oldest first; return how many. Raises the first failure after all were tried.

    One that cannot be read is set aside. One that is refused stays, and so do the later ones of its group;
    the others go on.
    """
    fed, in_a_row = 0, 0
    stuck: set[str] = set()
    failures: list[Exception] = []
    for key in clock.undelivered():
        if fed == _FED_AT_ONCE or in_a_row == _REFUSED_IN_A_ROW or clock.time_left() <= 0:
            break
        try:
            message = _message(clock, key)
            if message is None or message.group in stuck:
                continue
            if _is_sent(clock, message, failures):
                clock.forget(key)
                fed, in_a_row = fed + 1, 0
                continue
            stuck.add(message.group)
        except Transient:
            raise
        except Exception as error:  # noqa: BLE001 - of one object: the others must not wait for it
            failures.append(_seen(error))
        in_a_row += 1
    if stuck:
        clock.count("feed_stopped", len(stuck))
    if failures:
        raise failures[0]
    return fed


def _message(clock: Clock, key: str) -> Outgoing | None:
    """The message under this key; None if it cannot be read, and then it lies in the quarantine."""
    packed = clock.fetch(key)
    try:
        return unpack_undelivered(packed)
    except (msgspec.MsgspecError, ValueError, TypeError, RecursionError) as error:
        log_bug("tick", error, job="fed")
        clock.store(set_aside_key(key), packed)
        clock.forget(key)
        clock.count("set_aside")
        return None


def _is_sent(clock: Clock, message: Outgoing, failures: list[Exception]) -> bool:
    try:
        return not clock.send([message])
    except Transient:
        raise
    except Exception as error:  # noqa: BLE001 - a message that no queue ever takes: others must not wait for it
        failures.append(_seen(error))
        return False


def _seen(error: Exception) -> Exception:
    if not isinstance(error, HubError):
        log_bug("tick", error, job="fed")
    return error
