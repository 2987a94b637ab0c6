"""hub close: ends a customer's conversation because a person says so."""

from __future__ import annotations

import getpass
from typing import Annotated

import typer

from chalicelib.aws.queues import send
from chalicelib.pipeline import hub_events
from chalicelib.pipeline.receive import outgoing
from chalicelib.vocabulary.errors import Transient
from chalicelib.vocabulary.event import Event
from chalicelib.vocabulary.messages import Intake
from ops.command_line import commands
from ops.hub.exits import Code, Stop
from ops.hub.profiles import FORMS, find
from ops.hub.screen import JsonOption, StageOption, console, document, typed
from ops.hub.site import Site, open_site

app = commands()


@app.command(no_args_is_help=True)
def close(
    profile: Annotated[str, typer.Argument(metavar="PROFILE", help=FORMS, show_default=False)],
    *,
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="Kept with the event and told to the CRMs.")
    ] = "settled",
    stage: StageOption = "",
    as_json: JsonOption = False,
) -> None:
    """End the open conversation of a customer.

    Its owner has room for another one then. The closing travels as every event does: follow it with
    hub proof. Exit code 5: there is no such customer, or no open conversation.
    """
    site = open_site(stage)
    customer = find(site, profile)
    if customer.conversation is None:
        raise Stop(Code.NOT_FOUND, f"{customer.id} has no open conversation")
    if reason == "idle":
        raise typer.BadParameter("idle is the hub's own reason: give another")
    event = hub_events.close(
        customer.id, customer.conversation, reason=reason, by=getpass.getuser(), now=site.now()
    )
    _emit(site, event)
    if as_json:
        document({"event": event.key, "profile": customer.id, "conversation": customer.conversation.id})
    else:
        follow = typed("proof", event.key, "--wait", "30", stage=stage)
        console().print(f"on its way: {follow}", markup=False, soft_wrap=True)


def _emit(site: Site, event: Event) -> None:
    message = outgoing(Intake(customer=event.customer, events=(event,)), site.store)
    if send(site.put, site.events_queue, [message], tries=3):
        raise Transient("queue_unavailable", "the events queue did not take the closing")
