"""Finds the rule under which an event falls, and why each rule before it did not hold."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from chalicelib.language import persian
from chalicelib.routing.facts import Facts, Question, facts_of
from chalicelib.vocabulary.people import Routing, Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One rule, compared with the facts.

    rule: the rule.
    holds: True if all its conditions are met.
    because: the conditions that are met, or the one that is not.
    """

    rule: Rule
    holds: bool
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """The rule that a question falls under.

    question: the event and its customer.
    facts: what the rules were compared with.
    rule: the first that holds, None if none does.
    because: the conditions that are met.
    """

    question: Question
    facts: Facts
    rule: Rule | None
    because: str


def rule_for(question: Question, routing: Routing) -> Ruling:
    """The first rule that holds."""
    facts = facts_of(question)
    for trial in trials(facts, routing):
        if trial.holds:
            return Ruling(question=question, facts=facts, rule=trial.rule, because=trial.because)
    return Ruling(question=question, facts=facts, rule=None, because="no rule holds")


def marks(routing: Routing) -> dict[str, str]:
    """By the name of each rule 8 hex digits, which change if it, or one before it, asks for something else.

    As long as they stay, what fell under the rule falls under it still.
    """
    asked = hashlib.sha256()
    found = {}
    for rule in routing.rules:
        asked.update(json.dumps([rule.name, *(getattr(rule, name) for name in _CONDITIONS)]).encode())
        found[rule.name] = asked.hexdigest()[:8]
    return found


def trials(facts: Facts, routing: Routing) -> Iterator[Trial]:
    """Every rule in its order, up to the first that holds and including it."""
    for rule in routing.rules:
        trial = _tried(rule, facts)
        yield trial
        if trial.holds:
            return


def _tried(rule: Rule, facts: Facts) -> Trial:
    reasons = []
    for condition, values, matches in _conditions(rule, facts):
        if not values:
            continue
        if not matches:
            # The text is not quoted, because the explanation is shown and stored.
            actual = f"it is {getattr(facts, condition)}" if condition in _NAMEABLE else "it is not"
            return Trial(rule=rule, holds=False, because=f"{condition} should be {_or(values)}, {actual}")
        reasons.append(f"{condition} {_or(matches)}")
    return Trial(rule=rule, holds=True, because=", ".join(reasons) or "it holds for everything")


_NAMEABLE = ("channel", "account", "kind", "language")
_CONDITIONS = (*_NAMEABLE, "words", "profile")


def _conditions(rule: Rule, facts: Facts) -> Iterator[tuple[str, tuple[str, ...], list[str]]]:
    """Each condition of the rule: its name, its values, and those of them that the facts meet."""
    yield "channel", rule.channel, [c for c in rule.channel if c == facts.channel]
    yield "account", rule.account, [a for a in rule.account if a == facts.account]
    yield "kind", rule.kind, [k for k in rule.kind if k == facts.kind]
    yield "language", rule.language, [tag for tag in rule.language if _covers(tag, facts.language)]
    yield "words", rule.words, [w for w in rule.words if _contains(facts.text, w)]
    yield "profile", rule.profile, [p for p in rule.profile if p in facts.profile]


def _covers(condition: str, tag: str) -> bool:
    """Whether the tag is the condition's or narrower: `fa` covers `fa-Latn`, and not the other way round."""
    return f"{tag}-".casefold().startswith(f"{condition}-".casefold())


def _contains(lines: tuple[str, ...], phrase: str) -> bool:
    spellings = [spelling for spelling in persian.spellings(phrase) if spelling]
    return any(f" {spelling} " in f" {line} " for line in lines for spelling in spellings)


def _or(values: Iterable[str]) -> str:
    return " or ".join(values)
