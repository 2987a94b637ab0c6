"""What a target said about a delivery, without what the delivery says itself.

An error's detail goes into the ledger and the log, where no customer is named. A connector shows of a
vendor's words only those that are nobody's name; this takes out besides every word of the event and its
customer, because a word of any list can be somebody's.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from chalicelib.vocabulary.delivery import Delivery
from chalicelib.vocabulary.errors import HubError
from chalicelib.vocabulary.event import Event

_GAP = "…"
_WORD = re.compile(r"\w+")
_TOKEN = re.compile(r"(?<![\w@.+'-])[\w@.+'-]*\w")
_NUMBER = re.compile(r"\d(?:[ ()./-]{0,2}\d){3,}")
_STATUS = re.compile(r"HTTP [0-9]{3}(?![0-9])")
_REASON = re.compile(r"[a-z0-9_]{1,60}")

_UNSEEN = {"Mn", "Mc", "Me", "Cf"}
_PERSIAN = str.maketrans("يىكةۀ", "ییکهه")

_LONG_ENOUGH = 4
"""Letters of a word that is found inside a longer one as well."""

_GRAMMAR = """
    a an and are as at be by for from has have in is it must no not of on or that the this to was with
"""
_SAYS_NOTHING = frozenset(_GRAMMAR.split())
"""Words that a text may share with a sentence about it."""


@contextmanager
def nobody_quoted(delivery: Delivery) -> Iterator[None]:
    """What is raised within goes on as it is, but for what it says of the delivery's customer."""
    try:
        yield
    except HubError as error:
        hide_customer(error, delivery)
        raise


def hide_customer(error: HubError, delivery: Delivery) -> None:
    """Take out of an error all that the delivery says of its customer."""
    if not _REASON.fullmatch(error.reason):
        error.reason = "refused"
    if error.detail:
        error.detail = without(error.detail, names=_names(delivery), texts=_texts(delivery.event))
    error.args = (f"{error.reason}: {error.detail}" if error.detail else error.reason,)


def without(detail: str, *, names: Iterable[str], texts: Iterable[str]) -> str:
    """The sentence with `…` for addresses, long numbers, and words of names and of texts that say something.

    Letters are compared without case and accents, and shown without accents. The status at its
    beginning is ours and stays.
    """
    names, texts = [_folded(name) for name in names], [_folded(text) for text in texts]
    own = {word for name in names for word in _WORD.findall(name)}
    own |= {word for text in texts for word in _WORD.findall(text) if word not in _SAYS_NOTHING}
    inside = [word for word in own if len(word) >= _LONG_ENOUGH]
    status = _STATUS.match(detail)
    kept = status.group() if status else ""
    rest = _NUMBER.sub(_GAP, _bare(detail[len(kept) :]))
    for text in texts:
        rest = _whole(text).sub(_GAP, rest) if _WORD.search(text) else rest

    def judged(found: re.Match[str]) -> str:
        token = _folded(found[0])
        named = "@" in token or not own.isdisjoint(_WORD.findall(token)) or any(w in token for w in inside)
        return _GAP if named else found[0]

    return kept + re.sub(rf"{_GAP}(?:[\s{_GAP}]*{_GAP})+", _GAP, _TOKEN.sub(judged, rest))


def _whole(text: str) -> re.Pattern[str]:
    """A short text in its entirety, however it is spaced: its words alone may say nothing."""
    words = _WORD.findall(text)[:20]
    return re.compile(r"\b" + r"\W+".join(map(re.escape, words)) + r"\b", re.IGNORECASE)


def _folded(text: str) -> str:
    # What the folding of case has taken apart is bared once more.
    plain = _bare(_bare(text).casefold())
    return "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in plain)


def _bare(text: str) -> str:
    """Without marks and what is not seen, where words would fall apart; Arabic letters as Persian ones."""
    apart = _GAP.join(unicodedata.normalize("NFKD", part) for part in text.split(_GAP))
    return "".join(c for c in apart if unicodedata.category(c) not in _UNSEEN).translate(_PERSIAN)


def _names(delivery: Delivery) -> Iterator[str]:
    """What the customer and their owner are called, and their addresses."""
    event, profile = delivery.event, delivery.profile
    yield from (event.name, event.chat, profile.name)
    yield from (who.id for who in (event.customer, event.sender, event.previous) if who)
    yield from (key.value for key in event.contact_keys)
    # The last part of `channel#scope#id` and of `kind#value`; the others are ours.
    yield from (key.rpartition("#")[2] for key in (*profile.identities, *profile.keys))
    yield from (attachment.name for attachment in event.attachments)
    if delivery.owner is not None:
        yield delivery.owner.name


def _texts(event: Event) -> Iterator[str]:
    """What was said, and the small facts beside it."""
    yield event.excerpt
    yield from event.extra.values()
    yield from (attachment.ref for attachment in event.attachments)
