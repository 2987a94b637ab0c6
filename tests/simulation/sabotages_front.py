"""Changes of the front door and of what reads the platforms' requests."""

from __future__ import annotations

import ast

from tests.simulation.edits import (
    a,
    argument,
    attribute,
    call,
    given,
    into,
    never,
    only_if,
    without,
)
from tests.simulation.sabotage import Sabotage

FRONT = (
    Sabotage(
        name="a large body with an unreadable part is not quarantined",
        module="chalicelib.pipeline.receive",
        function="receive",
        place=a(ast.If, "Quarantined"),
        becomes=only_if("len(request.body) < 100_000"),
    ),
    Sabotage(
        name="quarantine keeps no more than the fragment",
        module="chalicelib.pipeline.receive",
        function="receive",
        place=argument("body", "request"),
        becomes=given("unreadable[0].fragment"),
    ),
    Sabotage(
        name="unwanted statuses are kept",
        module="chalicelib.pipeline.receive",
        function="read",
        place=a(ast.BoolOp, "STATUS"),
        becomes=into("False"),
    ),
    Sabotage(
        name="whoever asks gets a handshake",
        module="chalicelib.channels.meta.handshake",
        function="handshake",
        place=a(ast.If, "same"),
        becomes=never,
    ),
    Sabotage(
        name="only one of two secrets counts",
        module="chalicelib.aws.secrets",
        function="Parameters._values",
        place=call("tuple"),
        becomes=into("IT[1:] or IT"),
    ),
    Sabotage(
        name="a long text is cut",
        module="chalicelib.channels.meta.whatsapp.contents",
        function="_text",
        place=attribute("body"),
        becomes=into("IT[:10]"),
    ),
    Sabotage(
        name="a caption is lost",
        module="chalicelib.channels.meta.whatsapp.contents",
        function="_media",
        place=attribute("caption"),
        becomes=into("''"),
    ),
    Sabotage(
        name="what Telegram sends along is lost",
        module="chalicelib.channels.telegram.messages",
        function="_filled",
        place=call("attachments"),
        becomes=into("()"),
    ),
    Sabotage(
        name="our own words on WhatsApp are the customer's",
        module="chalicelib.channels.meta.whatsapp.messages",
        function="_event",
        place=call("event"),
        becomes=without("direction"),
    ),
    Sabotage(
        name="our own words in a business chat are the customer's",
        module="chalicelib.channels.telegram.messages",
        function="read_business_message",
        place=a(ast.IfExp, "OUTBOUND"),
        becomes=into("Direction.INBOUND"),
    ),
    Sabotage(
        name="a group is a customer",
        module="chalicelib.channels.telegram.scene",
        function="speaker",
        place=a(ast.If, "sender_chat"),
        becomes=only_if("chat.type == 'private'"),
    ),
    Sabotage(
        name="the name is lost",
        module="chalicelib.channels.telegram.scene",
        function="with_speaker",
        place=argument("name"),
        becomes=given("''"),
    ),
    Sabotage(
        name="the location is on the equator",
        module="chalicelib.channels.telegram.contents",
        function="_place",
        place=argument("latitude"),
        becomes=given("0.0"),
    ),
    Sabotage(
        name="a new number is a new customer",
        module="chalicelib.profiles.identities",
        function="claim_of",
        place=argument("previous", "customer"),
        becomes=given("()"),
    ),
    Sabotage(
        name="the log quotes what was said",
        module="chalicelib.handlers.process",
        function="_work",
        place=attribute("reference"),
        becomes=into("one.event.text"),
    ),
    Sabotage(
        name="the log names the customer",
        module="chalicelib.handlers.process",
        function="_work",
        place=attribute("reference"),
        becomes=into("one.event.customer.id"),
    ),
)
