"""Which rule an event falls under, and what is said of the rules that did not hold."""

import pytest

from chalicelib.routing.facts import facts_of
from chalicelib.routing.rules import rule_for, trials
from chalicelib.vocabulary.event import Kind
from chalicelib.vocabulary.people import Routing, Rule
from tests.routing.worlds import question, routing


@pytest.mark.parametrize(
    ("condition", "given", "holds"),
    [
        ({}, {}, True),
        ({"channel": ("whatsapp", "telegram")}, {}, True),
        ({"channel": ("whatsapp",)}, {}, False),
        ({"account": ("bot",)}, {}, True),
        ({"account": ("other",)}, {}, False),
        ({"kind": ("call",)}, {"kind": Kind.CALL}, True),
        ({"kind": ("call",)}, {}, False),
        ({"language": ("fa",)}, {}, True),
        ({"language": ("fa",)}, {"text": "salam otagh mikham"}, True),
        ({"language": ("fa-Latn",)}, {"text": "salam otagh mikham"}, True),
        ({"language": ("fa-Latn",)}, {}, False),
        ({"language": ("ar", "en")}, {"text": "hello, a room please"}, True),
        ({"language": ("f",)}, {}, False),
        ({"profile": ("new",)}, {}, True),
        ({"profile": ("returning",)}, {}, False),
        ({"channel": ("telegram",), "language": ("ar",)}, {}, False),
    ],
)
def test_conditions(condition, given, holds):
    rule = Rule(name="r", team="desk", **condition)
    ruling = rule_for(question(**given), Routing(rules=(rule,)))
    assert (ruling.rule is rule) == holds
    assert ruling.because


@pytest.mark.parametrize(
    ("word", "text", "holds"),
    [
        ("رزرو", "سلام، رزرو می‌خواستم", True),
        ("رزرو", "رزروها", False),
        ("کنسل", "كنسل", True),
        ("می‌خواهم", "اتاق می خواهم", True),
        ("می‌خواهم", "اتاق میخواهم", True),
        ("میخواهم", "اتاق می‌خواهم", True),
        ("پول من", "پول منو بدید", False),
        ("پول من", "«پول» من کو؟", True),
        ("آژانس", "اژانس", True),
        ("رزرو آنلاین", "رزرو انلاین", True),
        ("مسئول", "مسوول", True),
        ("مسئول", "مسؤول", True),
        ("رزرو", "#رزرو_اتاق", True),
        ("رزرو", "اتاق_رزرو", True),
        ("رزرو", "رزرو۲", True),
        ("رزرو اتاق", "#رزرو_اتاق", True),
        ("می\u200cخواهم", "#می_خواهم", True),
        ("میخواهم", "#می_خواهم", True),
        ("رزرو", "رزروشن", False),
        ("Cancel", "please CANCEL it", True),
        ("۲۰۲", "اتاق ٢٠٢", True),
        ("لغو", "", False),
        ("!", "!", False),
    ],
)
def test_words(word, text, holds):
    ruling = rule_for(question(text), Routing(rules=(Rule(name="r", words=(word,)),)))
    assert (ruling.rule is not None) == holds


def test_the_first_that_holds_decides_and_each_before_it_says_why_not():
    rules = (
        Rule(name="whatsapp", channel=("whatsapp",)),
        Rule(name="complaint", words=("شکایت", "ناراضی")),
        Rule(name="telegram", channel=("telegram",), words=("رزرو", "اتاق")),
        Rule(name="all"),
    )
    told = [
        (t.rule.name, t.holds, t.because) for t in trials(facts_of(question("رزرو اتاق")), routing(*rules))
    ]
    assert told == [
        ("whatsapp", False, "channel should be whatsapp, it is telegram"),
        ("complaint", False, "words should be شکایت or ناراضی, it is not"),
        ("telegram", True, "channel telegram, words رزرو or اتاق"),
    ]


def test_no_rule_holds():
    assert rule_for(question(), Routing()).rule is None
