"""Changes of who is chosen, and of when conversations begin, are handed on and end."""

from __future__ import annotations

import ast

from tests.simulation.edits import (
    a,
    call,
    into,
    never,
)
from tests.simulation.sabotage import Sabotage

PEOPLE = (
    Sabotage(
        name="a promise runs through the night",
        module="chalicelib.routing.choice",
        function="promise",
        place=call("after"),
        becomes=into("need.now + timedelta(minutes=minutes)"),
    ),
    Sabotage(
        name="a renewed promise runs through the night",
        module="chalicelib.pipeline.process",
        function="_kept",
        place=a(ast.If, "after"),
        becomes=never,
    ),
    Sabotage(
        name="a promise starts with whoever is on duty first",
        module="chalicelib.routing.choice",
        function="_answerers",
        place=a(ast.BoolOp, "able"),
        becomes=into("list(findings)"),
    ),
    Sabotage(
        name="languages are not looked at",
        module="chalicelib.routing.candidates",
        function="_hurdle",
        place=a(ast.If, "speaks"),
        becomes=never,
    ),
    Sabotage(
        name="skills are not looked at",
        module="chalicelib.routing.candidates",
        function="_lacking",
        place=a(ast.If, "least"),
        becomes=never,
    ),
    Sabotage(
        name="whoever is off duty takes it",
        module="chalicelib.routing.candidates",
        function="_hurdle",
        place=a(ast.If, "on_duty"),
        becomes=never,
    ),
    Sabotage(
        name="absences are not looked at",
        module="chalicelib.routing.candidates",
        function="_hurdle",
        place=a(ast.If, "is_away"),
        becomes=never,
    ),
    Sabotage(
        name="whoever is full takes it",
        module="chalicelib.routing.candidates",
        function="_hurdle",
        place=a(ast.If, "ROOM"),
        becomes=never,
    ),
    Sabotage(
        name="nobody stands in",
        module="chalicelib.routing.candidates",
        function="candidates",
        place=a(ast.IfExp, "stand_in"),
        becomes=into("None"),
    ),
    Sabotage(
        name="whoever is gone keeps what they had",
        module="chalicelib.pipeline.clock.offer",
        function="offer",
        place=a(ast.BoolOp, "HERE", "load"),
        becomes=into("IT and there[person] is Presence.OFF_DUTY"),
    ),
    Sabotage(
        name="whoever is off duty keeps what is owed",
        module="chalicelib.pipeline.clock.offer",
        function="offer",
        place=a(ast.BoolOp, "HERE", "load"),
        becomes=into("IT and there[person] is Presence.GONE"),
    ),
    Sabotage(
        name="who waits is never offered",
        module="chalicelib.pipeline.clock.offer",
        function="offer",
        place=a(ast.If, "WAITING"),
        becomes=never,
    ),
    Sabotage(
        name="an offer to one who is full stops the others",
        module="chalicelib.pipeline.clock.offer",
        function="_Needs._is_met",
        place=a(ast.Tuple, "language"),
        becomes=into("True"),
    ),
    Sabotage(
        name="what waits for us is idle",
        module="chalicelib.routing.conversations",
        function="idle_at",
        place=a(ast.If, "waits_for_us"),
        becomes=never,
    ),
    Sabotage(
        name="idle counts from the receipt",
        module="chalicelib.routing.conversations",
        function="_touched",
        place=call("max", "last_event_at"),
        becomes=into("max(conversation.last_event_at, event.received_at)"),
    ),
    Sabotage(
        name="our answer keeps no promise",
        module="chalicelib.routing.conversations",
        function="_touched",
        place=a(ast.BoolOp, "OUTBOUND"),
        becomes=into("False"),
    ),
    Sabotage(
        name="a button renews no promise",
        module="chalicelib.routing.conversations",
        function="renews",
        place=call("_opens"),
        becomes=into("event.kind is Kind.MESSAGE"),
    ),
    Sabotage(
        name="a withheld number opens a conversation",
        module="chalicelib.routing.conversations",
        function="_opens",
        place=a(ast.BoolOp, "linkable"),
        becomes=into("False"),
    ),
    Sabotage(
        name="a close of another conversation is taken",
        module="chalicelib.routing.conversations",
        function="_should_close",
        place=a(ast.If, "target_id"),
        becomes=never,
    ),
    Sabotage(
        name="a stale close ends a newer word",
        module="chalicelib.routing.conversations",
        function="_should_close",
        place=a(ast.BoolOp, "last_word_at"),
        becomes=into("True"),
    ),
    Sabotage(
        name="an idle close is not checked again",
        module="chalicelib.routing.conversations",
        function="_should_close",
        place=a(ast.BoolOp, "idle"),
        becomes=into("True"),
    ),
    Sabotage(
        name="an end by the next word is told to nobody",
        module="chalicelib.pipeline.process",
        function="Process._absorb",
        place=call("add", "closed"),
        becomes=into("commit.end(conversation)"),
    ),
    Sabotage(
        name="the opening word does not choose the rule",
        module="chalicelib.pipeline.process",
        function="Process._choose",
        place=call("_opening"),
        becomes=into("None"),
    ),
)
