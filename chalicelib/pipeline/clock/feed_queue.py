"""The job that puts the messages on the events queue which the front door had to put into the bucket."""

from __future__ import annotations

import itertools

from chalicelib.configuration.stage import Configuration
from chalicelib.pipeline.clock.base import Clock
from chalicelib.pipeline.set_aside import unpack_undelivered

_FED_AT_ONCE = 200


def feed_queue(clock: Clock, configuration: Configuration) -> int:
    """Feed the oldest messages in; stop at the first that the queue still refuses."""
    del configuration
    fed = 0
    for key, packed in itertools.islice(clock.undelivered(), _FED_AT_ONCE):
        if clock.send([unpack_undelivered(packed)]):
            clock.count("feed_stopped")
            break
        clock.forget(key)
        fed += 1
    return fed
