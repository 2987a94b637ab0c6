"""hub journey: one customer, whatever the channel."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from chalicelib.configuration.stage import Stage
from chalicelib.store.keys import load_key
from chalicelib.store.rows import LoadRow
from chalicelib.vocabulary.people import Conversation, Profile
from ops.hub import push
from ops.hub.journey import Line
from ops.hub.journey import journey as lines_of
from ops.hub.profiles import FORMS, find
from ops.hub.screen import JsonOption, StageOption, console, cut, document, facts, moment, table
from ops.hub.site import Site, open_site

_ARROWS = {"inbound": "→", "outbound": "←", "internal": "·"}
_MARKS = {"done": ("✓", "green"), "parked": ("✗", "red")}
_UNDER_WAY = ("…", "yellow")


def journey(
    profile: Annotated[str, typer.Argument(help=FORMS, show_default=False)],
    *,
    limit: Annotated[int, typer.Option("--limit", help="So many of the newest events.", min=1)] = 50,
    stage: StageOption = "",
    as_json: JsonOption = False,
) -> None:
    """Everything one customer did on all channels, newest last.

    Edits, deletions, reactions and statuses stand at what they are about. Deliveries: ✓ done, … under way,
    ✗ parked. → is from the customer, ← from our side, · from staff or the hub.
    """
    site = open_site(stage)
    found, configured = find(site, profile), push.current(site)
    lines = lines_of(site, found, limit=limit)
    owner = found.conversation.owner if found.conversation else ""
    load = _load(site, owner)
    if as_json:
        document({"profile": found, "owner_load": load if owner else None, "events": lines})
        return
    _print_header(found, configured, load)
    _print_lines(lines, configured)


def _load(site: Site, person: str) -> int:
    row = site.table.get(LoadRow, load_key(person)) if person else None
    return int(row.open) if row else 0


def _print_header(profile: Profile, stage: Stage, load: int) -> None:
    out = console()
    out.print(
        facts(
            [
                ("customer", profile.name or "no name given"),
                ("profile", profile.id),
                ("language", profile.language),
                ("keys", "  ".join(key.replace("#", " ", 1) for key in profile.keys)),
                ("identities", "\n".join(profile.identities)),
                ("counted", "  ".join(f"{name} {number}" for name, number in profile.counters.items())),
                ("seen", f"{moment(profile.first_seen)} to {moment(profile.last_seen)}"),
                ("conversation", _conversation(profile.conversation, stage, load)),
                ("may also be", "  ".join(profile.collisions)),
            ]
        )
    )
    out.print()


def _conversation(conversation: Conversation | None, stage: Stage, load: int) -> str:
    if conversation is None:
        return "none open"
    person = next((p for p in stage.directory.people if p.id == conversation.owner), None)
    if person:
        owner = f"{person.name} ({person.id}), who has {load} of {person.capacity}"
    else:
        owner = conversation.owner or f"nobody yet, in the queue of {conversation.team or 'no team'}"
    promise = f"; answer by {moment(conversation.respond_by)}" if conversation.respond_by else "; answered"
    return f"since {moment(conversation.opened_at)}, with {owner}{promise}"


def _print_lines(lines: list[Line], stage: Stage) -> None:
    names = {person.id: person.name for person in stage.directory.people}
    rows = [
        (
            moment(line.at),
            line.channel,
            _ARROWS[line.direction],
            line.kind,
            _text(line),
            names.get(line.owner, line.owner),
            _marks(line),
        )
        for line in lines
    ]
    console().print(table(("at (UTC)", "channel", "", "kind", "text", "owner", "delivered"), rows))


def _text(line: Line) -> Text:
    sent = "".join(f"[{kind}] " for kind in line.attachments)
    said = Text(f"{sent}{cut(line.text)}", style="strike dim" if line.deleted else "")
    notes = [
        "deleted" if line.deleted else "",
        "edited" if line.edited else "",
        " ".join(line.reactions.values()),
        line.status,
        f"about {line.about}, which is not shown" if line.about else "",
        f"a short form: whole in the bucket as {line.whole}" if line.whole else "",
    ]
    if beside := ", ".join(note for note in notes if note):
        said.append(f" ({beside})", style="dim")
    return said


def _marks(line: Line) -> Text:
    marks = Text()
    for target, reached in line.deliveries.items():
        mark, style = _MARKS.get(reached, _UNDER_WAY)
        marks.append(f"{mark} {target} ", style=style)
    return marks
