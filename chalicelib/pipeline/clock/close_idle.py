"""The job that closes conversations in which nothing has happened for long."""

from __future__ import annotations

from chalicelib.configuration.stage import Configuration
from chalicelib.pipeline import hub_events
from chalicelib.pipeline.clock.base import Clock, open_conversations
from chalicelib.routing import conversations
from chalicelib.store.keys import DUE_SHARDS, sortable


def close_idle(clock: Clock, configuration: Configuration) -> int:
    """Emit a `close` for every conversation that is idle by now."""
    now = clock.now()
    until = sortable(now)
    due = (key for shard in range(DUE_SHARDS) for key in clock.table.due(f"due#{shard}", until))
    closed = 0
    for profile, conversation in open_conversations(clock, due):
        idle = conversations.idle_at(conversation, configuration.routing)
        if idle is not None and idle <= now:
            clock.emit(hub_events.close(profile.id, conversation, reason="idle", by="hub", now=now))
            closed += 1
    return closed
