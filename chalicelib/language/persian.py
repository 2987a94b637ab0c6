"""Compares Persian texts, and recognises the language of a message.

Unicode's own NFKC does not unify the characters that matter here (ي and ی, ك and ک, ة, digits, half-spaces),
so the tables are ours.
"""

from __future__ import annotations

import re
import unicodedata

_CONTROLS = "\u200e\u200f\u202a-\u202e\u2066-\u2069\u061c\ufeff\u00ad"
_TATWEEL = "\u0640"
_ZWNJ = "\u200c"
_UNSEEN = re.compile(f"[{_CONTROLS}{_TATWEEL}]")
_PRESENTATION = re.compile("[\ufb50-\ufdff\ufe70-\ufeff]+")
_MARKS = re.compile("[\u064b-\u065f\u0670\u06d6-\u06ed]")
_EMOJI = "\u2190-\u2bff\ufe0f\U0001f000-\U0001faff"
# Inside an emoji (a family, a profession) the joiner is part of the character.
_LOOSE_JOINER = re.compile(f"(?<![{_EMOJI}])\u200d|\u200d(?![{_EMOJI}])")

_COMPARED = str.maketrans(
    {
        **dict.fromkeys("\u064a\u0649\u06d2\u0626", "\u06cc"),
        **dict.fromkeys("\u0643\u06aa", "\u06a9"),
        **dict.fromkeys("\u0629\u06c0", "\u0647"),
        **dict.fromkeys("\u0623\u0625\u0671", "\u0627"),
        "\u0624": "\u0648",
        _ZWNJ: " ",
        "،": ",",
        "؛": ";",
        "؟": "?",
        "٪": "%",
        "٫": ".",
        "٬": ",",
        "«": " ",
        "»": " ",
    }
)
_DIGITS = str.maketrans("۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩", "0123456789" * 2)

_ONLY_PERSIAN = re.compile("[پچژگ\u06cc\u06a9۰-۹]")
_ONLY_ARABIC = re.compile("[\u0629\u0625]")
# Many phones write Persian with the Arabic yeh and kaf.
_RATHER_ARABIC = re.compile("[\u064a\u0643\u0649\u0660-\u0669]")
_ARABIC_SCRIPT = re.compile("[\u0620-\u064a\u066e-\u06d3\u0750-\u077f]")
_LATIN_SCRIPT = re.compile("[A-Za-z\u00c0-\u024f]")
_WRITTEN_IN_ARABIC_SCRIPT = ("fa", "ar", "ur", "ps", "ckb", "ug")

# Words in the form of `match_key`; none is a word of Persian too.
_ARABIC = "انا هذا هذه هذی التی الذی ارید نرید مرحبا شکرا لماذا عندی لدی لدیکم الیوم اللیله"
_FINGLISH = """
    salam mamnoon mamnun merci lotfan otagh otaq gheymat gheimat qeymat chand chande mikham mikhastam
    mikhaham khoobi khubi khobi doostam dostam hast nist darid darin dari baraye bara farda emrooz emruz
    emshab shab rooz ruz hafte cheghad chetor chetori kojast koja kei chera bale nakheyr aghaye khanoom
    khanum dadash rezerv rezerve bilit belit parvaz hotele takhte dotakhte nafar nafare tooman toman
    rial pul moshkel shekayat laghv kardam konam konid shoma shomare befarmaid sepas tashakor
"""
_ENGLISH = """
    the and you your please hello hi hey is are am was were do does did have has can could would like
    want need book booking cancel room rooms price much how what when where why who for with from this that
    not yes thanks thank good morning evening night tomorrow today my me we our it in on at to of a
"""
_ARABIC_WORDS, _FINGLISH_WORDS, _ENGLISH_WORDS = (
    frozenset(listed.split()) for listed in (_ARABIC, _FINGLISH, _ENGLISH)
)


def match_key(text: str) -> str:
    """The text in the form in which it is compared: two ways to write the same words give the same key."""
    key = _composed(text).translate(_COMPARED).translate(_DIGITS)
    key = _LOOSE_JOINER.sub("", _MARKS.sub("", key)).casefold()
    return " ".join(unicodedata.normalize("NFC", key).split())


def words(text: str) -> tuple[str, ...]:
    """The words of the text, in the form in which they are compared."""
    return tuple(re.findall(r"\w+", match_key(text)))


def spellings(text: str) -> tuple[str, str]:
    """The words in one line, with half-spaces as spaces and with half-spaces left out.

    People write می‌خواهم, می خواهم and میخواهم for the same; comparing both lines finds all three.
    """
    return " ".join(words(text)), " ".join(words(text.replace(_ZWNJ, "")))


def folded_digits(text: str) -> str:
    """The text with Persian and Arabic digits as 0–9: for phones, ids and amounts."""
    return text.translate(_DIGITS)


def language(text: str, hint: str = "", default: str = "fa") -> str:
    """A BCP 47 tag: `fa`, `ar`, `en`, `fa-Latn` (Persian in Latin letters), the hint's, or `und`.

    It uses rules, because the libraries that exist take 2–1800 ms and 14–98 MB, and are wrong on «سلام».

    hint: the sender's language by the platform, believed only where the text itself says nothing.
    default: the language of a text in Arabic letters, if nothing tells Persian from Arabic.
    """
    text = _composed(text)
    if _ONLY_PERSIAN.search(text):
        return "fa"
    if _ARABIC_SCRIPT.search(text):
        return _in_arabic_script(text, hint, default)
    if _LATIN_SCRIPT.search(text):
        return _in_latin_script(text, hint)
    return hint or default or "und"


def base(tag: str) -> str:
    """The language of a tag, without script and country: `fa` of `fa-Latn`."""
    return tag.partition("-")[0].casefold()


def _in_arabic_script(text: str, hint: str, default: str) -> str:
    if _ONLY_ARABIC.search(text) or not _ARABIC_WORDS.isdisjoint(words(text)):
        return "ar"
    if base(hint) in _WRITTEN_IN_ARABIC_SCRIPT:
        return hint
    usual = default if base(default) in _WRITTEN_IN_ARABIC_SCRIPT else "fa"
    return "ar" if _RATHER_ARABIC.search(text) and base(usual) != "fa" else usual


def _in_latin_script(text: str, hint: str) -> str:
    spoken = words(text)
    finglish = sum(word in _FINGLISH_WORDS for word in spoken)
    english = sum(word in _ENGLISH_WORDS for word in spoken)
    if finglish > english:
        return "fa-Latn"
    if english:
        return "en"
    return hint if hint and base(hint) not in _WRITTEN_IN_ARABIC_SCRIPT else "und"


def _composed(text: str) -> str:
    text = _PRESENTATION.sub(lambda match: unicodedata.normalize("NFKC", match[0]), text)
    return unicodedata.normalize("NFC", _UNSEEN.sub("", text))
