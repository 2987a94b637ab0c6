"""hub explain: shows who was given an event, and why nobody else was."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from chalicelib.store.rows import unpack_absorbed
from chalicelib.vocabulary.delivery import Absorbed
from ops.command_line import commands
from ops.hub.configuration import current
from ops.hub.events import FORMS, find
from ops.hub.screen import JsonOption, StageOption, console, document, facts, moment, table
from ops.hub.site import Site, open_site

app = commands()


@app.command(no_args_is_help=True)
def explain(
    event: Annotated[str, typer.Argument(metavar="EVENT", help=FORMS, show_default=False)],
    *,
    stage: StageOption = "",
    as_json: JsonOption = False,
) -> None:
    """Show who was given an event, and why nobody else was.

    It is the decision as it was stored: the rule, each candidate with a reason, and by when an answer was
    promised.
    """
    site = open_site(stage)
    absorbed = unpack_absorbed(find(site, event).body)
    if as_json:
        document(
            {
                "event": absorbed.event.key,
                "profile": absorbed.profile,
                "decision": absorbed.consequence.decision,
                "conversation": absorbed.consequence.conversation,
                "opened": absorbed.consequence.opened,
                "moved": absorbed.consequence.moved,
                "closed": absorbed.consequence.closed,
            }
        )
        return
    _print(absorbed, _names(site))


def _print(absorbed: Absorbed, names: dict[str, str]) -> None:
    decision, conversation = absorbed.consequence.decision, absorbed.consequence.conversation
    owner = names.get(decision.owner, decision.owner) if decision.owner else ""
    out = console()
    out.print(
        facts(
            [
                ("event", absorbed.event.key),
                ("profile", absorbed.profile),
                ("outcome", f"{decision.outcome}: {decision.reason}"),
                ("rule", decision.rule),
                ("team", decision.team),
                ("owner", f"{owner} ({decision.owner})" if owner != decision.owner else owner),
                ("promise", _promise(absorbed)),
                ("conversation", f"{conversation.id}{_became(absorbed)}" if conversation else ""),
                ("configuration", decision.config_version),
            ]
        )
    )
    if decision.candidates:
        rows = [
            (
                Text("→" if candidate.chosen else "", style="green"),
                candidate.person,
                names.get(candidate.person, ""),
                candidate.reason,
            )
            for candidate in decision.candidates
        ]
        out.print()
        out.print(table(("", "candidate", "name", "reason"), rows))


def _promise(absorbed: Absorbed) -> str:
    decision = absorbed.consequence.decision
    if decision.respond_by is None:
        return ""
    return f"an answer by {moment(decision.respond_by)}, within {decision.respond_within} minutes"


def _became(absorbed: Absorbed) -> str:
    became = [word for word in ("opened", "moved", "closed") if getattr(absorbed.consequence, word)]
    return f", {' and '.join(became)} by this event" if became else ""


def _names(site: Site) -> dict[str, str]:
    return {person.id: person.name for person in current(site).directory.people}
