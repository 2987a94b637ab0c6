"""What the pipeline is to the connector, and deliveries that no other test has."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from chalicelib.crms import CRMS
from chalicelib.crms.base import Step
from chalicelib.crms.http.send import sender
from chalicelib.vocabulary.delivery import Call, Delivery, Reply, Target
from ops.local.tryton.server import Party, Tryton
from tests.crms import playing

CRM = CRMS["tryton"]
numbers = itertools.count(1)


class Hub:
    """What the pipeline is to the connector: it sends, and remembers contact and leads."""

    def __init__(self, server: Tryton) -> None:
        self.server = server
        self.target: Target = playing.target("tryton", server.url)
        self.http = sender(private_network=True, connect_seconds=2, read_seconds=20)
        self.sent: list[Call] = []

    def send(self, _step: Step, call: Call) -> Reply:
        self.sent.append(call)
        return self.http(call)

    def tell(
        self, owed: Delivery, send: Callable[[Step, Call], Reply] | None = None, **how: Any
    ) -> dict[str, str]:
        credentials = {"application_key": (self.server.key,)}
        done: dict[str, str] = how.pop("done", {})
        playing.play(CRM, owed, self.target, send or self.send, credentials=credentials, done=done, **how)
        return done

    def party(self, number: str) -> Party:
        (party,) = [party for party in self.server.parties() if party.id == int(number)]
        return party


def fresh(keys: tuple[str, ...] = (), **changes: Any) -> Delivery:
    """A delivery about a customer and a conversation that no other test has."""
    number = next(numbers)
    facts: dict[str, Any] = {
        "profile": playing.profile(id=f"profile{number}", keys=keys),
        "event": playing.event(id=f"message{number}"),
        "conversation": playing.conversation(id=f"c0de{number:08x}"),
    }
    return playing.delivery(**(facts | changes))


def phone() -> str:
    return f"phone#+98912{next(numbers):07}"
