"""A redrive of what may have been written already."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.vocabulary.delivery import Call, Reply
from chalicelib.vocabulary.errors import Transient, Unknown
from tests.ops.hub.conftest import Desk
from tests.pipeline.world import message


def silent(call: Call) -> Reply:
    raise Unknown("no_answer")


@pytest.mark.promise("Once")
def test_what_an_attempt_may_still_be_writing_is_waited_for(desk: Desk) -> None:
    desk.hub.now = desk.site.now() - timedelta(hours=81)
    desk.hub.absorb(message(1))
    desk.hub.now = desk.site.now()
    desk.hub.crm = silent
    desk.hub.run()
    assert desk.hub.ledger(message(1)).state == "parked"
    assert desk.run("redrive", "wamid.1").code == 0
    (change,) = desk.changes()
    desk.hub.crm = lambda _: Reply(status=204)
    desk.hub.later(seconds=59)
    with pytest.raises(Transient, match="not_yet"):
        desk.hub.deliver(change, lambda: 60.0)
    desk.hub.later(minutes=5)
    assert desk.hub.deliver(change, lambda: 60.0) == [(message(1).key, "done")]
