"""Small changes of the code between the front door and the targets, each of which breaks a promise."""

from __future__ import annotations

import ast

from tests.simulation.edits import (
    a,
    attribute,
    backwards,
    call,
    calling,
    followed_by,
    gone,
    into,
    never,
    otherwise,
    the_last,
    the_left,
    without,
)
from tests.simulation.sabotage import Sabotage

PATH = (
    Sabotage(
        name="acknowledge what is not enqueued",
        module="chalicelib.pipeline.receive",
        function="receive",
        place=call("send"),
        becomes=into("IT[:0]"),
    ),
    Sabotage(
        name="no condition on the event put",
        module="chalicelib.pipeline.commit",
        function="Commit.writes",
        place=call("Write", "_event_row"),
        becomes=without("condition"),
    ),
    Sabotage(
        name="no condition on the profile put",
        module="chalicelib.pipeline.commit",
        function="Commit._unchanged",
        place=a(ast.Compare, "ProfileRow", "seq"),
        becomes=into("Row.pk.exists()"),
    ),
    Sabotage(
        name="no condition on the phone's put",
        module="chalicelib.pipeline.commit",
        function="Commit.writes",
        place=call("Write", "KeyRow"),
        becomes=without("condition"),
    ),
    Sabotage(
        name="capacity counted outside the transaction",
        module="chalicelib.pipeline.commit",
        function="Commit._load",
        place=a(ast.If, "LoadRow", "does_not_exist"),
        becomes=never,
    ),
    Sabotage(
        name="an ended conversation keeps its place",
        module="chalicelib.pipeline.commit",
        function="Commit.end",
        place=a(ast.Expr, "_move"),
        becomes=gone,
    ),
    Sabotage(
        name="the marker is not looked up",
        module="chalicelib.pipeline.deliver",
        function="Deliver._step",
        place=call("doubted"),
        becomes=into("False"),
    ),
    Sabotage(
        name="delivery writes the profile row",
        module="chalicelib.pipeline.deliver",
        function="Deliver._attempt",
        place=a(ast.Expr, "count", "delivered"),
        becomes=followed_by(
            "from chalicelib.store.keys import profile_key\n"
            "if row := context.rows.get(profile_key(absorbed.profile)):\n    self.table.put(row)\n"
        ),
    ),
    Sabotage(
        name="a sudden death puts one step in doubt",
        module="chalicelib.pipeline.delivery_ledger",
        function="Books.begin",
        place=a(ast.IfExp, "ANY_STEP", "SENDING"),
        becomes=otherwise,
    ),
    Sabotage(
        name="a lost answer settles in five seconds",
        module="chalicelib.pipeline.retry",
        function="settle",
        place=a(ast.Call, "max", "own"),
        becomes=into("5.0"),
    ),
    Sabotage(
        name="partial failures of a send are ignored",
        module="chalicelib.aws.queues",
        function="_once",
        place=a(ast.ListComp, "put"),
        becomes=into("IT[:0]"),
    ),
    Sabotage(
        name="two messages of one group in one call",
        module="chalicelib.aws.queues",
        function="_calls",
        place=a(ast.BinOp, 1),
        becomes=the_left,
    ),
    Sabotage(
        name="the sender's phone is the identity",
        module="chalicelib.channels.meta.whatsapp.scene",
        function="Scene.event",
        place=a(ast.Tuple, "user_id"),
        becomes=backwards,
    ),
    Sabotage(
        name="who shows a number is believed",
        module="chalicelib.channels.twilio.post",
        function="Post._customer",
        place=a(ast.BoolOp, "trusts_claims"),
        becomes=into("True"),
    ),
    Sabotage(
        name="the event's key leaves out its kind",
        module="chalicelib.vocabulary.event",
        function="Event.key",
        place=attribute("kind"),
        becomes=into("'message'"),
    ),
    Sabotage(
        name="a 4xx is tried for ever",
        module="chalicelib.crms.http.replies",
        function="classify",
        place=call("Permanent", "http_"),
        becomes=calling("Transient"),
    ),
    Sabotage(
        name="signatures are compared after re-serialising",
        module="chalicelib.channels.signatures.header_hmac",
        function="Hmac.verify",
        place=attribute("body"),
        becomes=into(
            '__import__("json").dumps(__import__("json").loads(IT), separators=(",", ":"))'
            '.replace("/", "\\\\/").encode()'
        ),
    ),
    Sabotage(
        name="a wait is taken for done",
        module="chalicelib.handlers.batch",
        function="_one",
        place=a(ast.Tuple, "wait", "retry_after"),
        becomes=into("(True, IT[1])"),
    ),
    Sabotage(
        name="followers do not wait for their head",
        module="chalicelib.handlers.batch",
        function="run",
        place=a(ast.BoolOp, "time_left"),
        becomes=the_last,
    ),
    Sabotage(
        name="the relay swallows what was not accepted",
        module="chalicelib.pipeline.relay",
        function="Relay.__call__",
        place=call("append", "error"),
        becomes=into("None"),
    ),
    Sabotage(
        name="a target that refuses the probe counts as down",
        module="chalicelib.pipeline.clock.probe",
        function="_answers",
        place=a(ast.ExceptHandler, "Permanent"),
        becomes=gone,
    ),
    Sabotage(
        name="an event is lost between two chunks",
        module="chalicelib.pipeline.process",
        function="_chunks",
        place=a(ast.Tuple, "index", 0),
        becomes=into("(index + 1, 0)"),
    ),
)
