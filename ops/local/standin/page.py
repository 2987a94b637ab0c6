"""Renders the stand-in CRM's page: customers and what each did. Everything shown is escaped."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any

_MOST_CUSTOMERS = 200

_STYLE = """
:root { color-scheme: light dark; --line: light-dark(#d9dde3, #333a44); --soft: light-dark(#5b6572, #9aa5b3);
  --card: light-dark(#fff, #1b2027); --ours: light-dark(#eaf3ff, #16293f);
  --warn: light-dark(#a3320b, #ff9d73); }
body { margin: 0; background: light-dark(#f4f5f7, #12161b);
  font: 15px/1.55 system-ui, Vazirmatn, Tahoma, sans-serif; }
main { max-width: 52rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
h1 { font-size: 1.25rem; margin: 0; }
h2 { font-size: 1.05rem; margin: 0; }
header { margin-bottom: 1.25rem; }
.soft { color: var(--soft); font-size: .87rem; }
.warn { color: var(--warn); font-weight: 600; }
section { background: var(--card); border: 1px solid var(--line); border-radius: .6rem;
  margin: 0 0 1rem; overflow: hidden; }
.who { display: flex; flex-wrap: wrap; gap: .2rem 1rem; align-items: baseline; padding: .8rem 1rem;
  border-bottom: 1px solid var(--line); }
.owner { margin-inline-start: auto; }
ol { list-style: none; margin: 0; padding: .4rem 1rem .8rem; }
li { padding: .5rem 0; border-bottom: 1px solid var(--line); display: flex; flex-direction: column;
  align-items: flex-start; }
li:last-child { border-bottom: 0; }
/* The list's direction chooses the side, and each text's own only how it is set inside its bubble. */
.outbound { align-items: flex-end; }
.text { margin: .15rem 0 0; padding: .35rem .7rem; border-radius: .45rem; border: 1px solid var(--line);
  max-width: 85%; box-sizing: border-box; white-space: pre-wrap; overflow-wrap: anywhere;
  unicode-bidi: plaintext; text-align: start; }
.outbound .text { background: var(--ours); }
.outbound .soft { text-align: end; }
"""


def render(customers: list[dict[str, Any]], faults: int) -> str:
    """The page, which reloads itself every three seconds."""
    events = [event for customer in customers for event in customer["events"]]
    repeated = sum(event["posts"] - 1 for event in events)
    facts = [
        f"customers: {len(customers)}",
        f"events: {len(events)}",
        f"repeated posts, dropped: {repeated}",
    ]
    if faults:
        facts.append(f"requests that will fail, as asked for: {faults}")
    body = "".join(_customer(customer) for customer in customers[:_MOST_CUSTOMERS])
    nothing = '<p class="soft">Nothing has arrived yet.</p>'
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta http-equiv="refresh" content="3"><title>Stand-in CRM</title>'
        f"<style>{_STYLE}</style></head><body><main><header><h1>Stand-in CRM</h1>"
        f'<div class="soft">{_joined(facts)}</div></header>{body or nothing}</main></body></html>'
    )


def _customer(customer: dict[str, Any]) -> str:
    name = _isolated(customer["name"] or "a customer without a name")
    phones = "".join(
        f' <bdi class="soft" dir="ltr">{escape(str(phone))}</bdi>' for phone in customer["phones"]
    )
    owner = f"owner {_isolated(customer['owner'])}" if customer["owner"] else "no owner now"
    order = "" if customer["in_order"] else '<span class="warn">out of order</span>'
    journey = "".join(_event(event) for event in customer["events"])
    return (
        f'<section><div class="who"><h2>{name}</h2>{phones}{order}'
        f'<span class="owner soft">{owner}</span></div>'
        f"<ol>{journey}</ol></section>"
    )


def _event(arrival: dict[str, Any]) -> str:
    data = arrival["event"]["data"]
    event, conversation = data["event"], data.get("conversation") or {}
    who = {"inbound": "customer", "outbound": "our side"}.get(event.get("direction"), "hub")
    facts = [
        f"{escape(str(event.get('channel')))} {escape(str(event.get('kind')))} by {who}",
        f"<time>{escape(str(event.get('occurred_at'))[:19].replace('T', ' '))} UTC</time>",
    ]
    if conversation.get("opened") or conversation.get("moved"):
        owner = conversation.get("owner_name") or conversation.get("owner")
        facts.append(f"given to {_isolated(owner)}" if owner else "waits for an owner")
    if conversation.get("closed"):
        facts.append("conversation closed")
    if arrival["posts"] > 1:
        facts.append(f"came {arrival['posts']} times")
    if arrival["altered"]:
        facts.append('<span class="warn">came again with other contents</span>')
    said = [str(event.get("text") or ""), *(_attached(item) for item in event.get("attachments", []))]
    texts = "".join(f'<div class="text" dir="auto">{escape(text)}</div>' for text in said if text)
    side = "outbound" if event.get("direction") == "outbound" else "inbound"
    return f'<li class="{side}"><div class="soft">{_joined(facts)}</div>{texts}</li>'


def _attached(attachment: dict[str, Any]) -> str:
    return (
        f"📎 {attachment.get('kind', '')} {attachment.get('name') or attachment.get('mime') or ''}".rstrip()
    )


def _isolated(text: object) -> str:
    return f'<bdi dir="auto">{escape(str(text))}</bdi>'


def _joined(facts: Iterable[str]) -> str:
    """Facts that are already HTML, side by side."""
    return " · ".join(facts)
