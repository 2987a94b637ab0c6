"""Compares Persian texts, and recognises the language of a message.

Unicode's own NFKC does not unify the characters that matter here (ي and ی, ك and ک, ة, digits, half-spaces),
so the tables are ours.
"""

from __future__ import annotations

import re
import unicodedata

from chalicelib.language.vocabularies import (
    ARABIC,
    ENGLISH,
    FINGLISH,
    LETTERS,
    NOT_ARABIC,
    PERSIAN,
    SHARED,
)

_CONTROLS = "\u200e\u200f\u202a-\u202e\u2066-\u2069\u061c\u2060\ufeff\u00ad"
_TATWEEL = "\u0640"
# Half-spaces as keyboards write them: ZWNJ, the zero-width space, and ¬ of old Persian ones.
_HALF_SPACES = "\u200c\u200b\u00ac"
# Underscores are the half-spaces of hashtags.
_JOINTS = re.compile(f"[{_HALF_SPACES}_]")
_UNSEEN = re.compile(f"[{_CONTROLS}{_TATWEEL}]")
_PRESENTATION = re.compile("[\ufb50-\ufdff\ufe70-\ufeff]+")
_MARKS = re.compile("[\u064b-\u065f\u0670\u06d6-\u06ed]")
_EMOJI = "\u2190-\u2bff\ufe0f\U0001f000-\U0001faff"
# Inside an emoji (a family, a profession) the joiner is part of the character.
_LOOSE_JOINER = re.compile(f"(?<![{_EMOJI}])\u200d|\u200d(?![{_EMOJI}])")

_COMPARED = str.maketrans(
    {
        # The last ones are Pashto's and Kurdish's, whose words people type with Persian letters too.
        **dict.fromkeys("\u064a\u0649\u06d2\u0626\u06d0\u06cd\u06ce", "\u06cc"),
        "\u0621": None,
        **dict.fromkeys("\u0643\u06aa", "\u06a9"),
        # Urdu's and Kurdish's heh among them.
        **dict.fromkeys("\u0629\u06c0\u06c1\u06c2\u06be\u06d5", "\u0647"),
        **dict.fromkeys("\u0622\u0623\u0625\u0671", "\u0627"),
        **dict.fromkeys("\u0624\u06c6", "\u0648"),
        "\u06ab": "\u06af",
        "\u0695": "\u0631",
        "\u06b5": "\u0644",
        **dict.fromkeys(_HALF_SPACES, " "),
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

# Who writes on in haste writes مسوول for مسئول, هیأت for هیئت, ویدیو for ویدئو, رییس or ریس for رئیس.
_HAMZA = (
    (re.compile("[\u064a\u06cc]\u0654"), "\u0626"),
    (re.compile("\u0626(?=ت|ل[هةت])"), "\u0627"),
    (re.compile("\u0626(?=و\\w)"), ""),
)
_DOUBLED = re.compile("([\u0627\u0648\u06cc])\\1+")
# Digits and Latin letters are written without a space too.
_WORD = re.compile(r"(?:(?=[\u0600-\u077f])[^\W\d_])+|(?:(?![\u0600-\u077f])[^\W\d_])+|\d+")

# Not پ, چ and گ: Iraq and the Gulf write them too.
_PERSIAN_KEYBOARD = re.compile("[ژ\u06cc\u06a9۰-۹]")
_ONLY_ARABIC = re.compile("[\u0629\u0625]")
# Many phones write Persian with the Arabic yeh and kaf.
_RATHER_ARABIC = re.compile("[\u064a\u0643\u0649\u0660-\u0669]")
_ARABIC_SCRIPT = re.compile("[\u0620-\u064a\u066e-\u06d3\u06d5\u06f0-\u06f9\u0750-\u077f]")
_LATIN_SCRIPT = re.compile("[A-Za-z\u00c0-\u024f]")
_ARABIC_ARTICLE = re.compile(r"(?:ال|لل)\w{3,}")
_WRITTEN_IN_ARABIC_SCRIPT = ("fa", "ar", "ur", "ps", "ckb", "ug")

# Addresses, names of users and a bot's commands are in no language.
_NO_WORDS = re.compile(
    r"(?:https?://|www\.)[!-~]+|(?<![!-~])[!-~]{1,128}@[!-~]+|(?<!\S)[@/]\w+"
    r"|(?<![\w.-])(?:[a-z0-9-]+\.)+(?:com|net|org|info|ir|io|me)(?![\w-])[!-~]*",
    re.IGNORECASE,
)


def match_key(text: str) -> str:
    """The text in the form in which it is compared: two ways to write the same words give the same key."""
    key = _composed(text)
    for hamza, letter in _HAMZA:
        key = hamza.sub(letter, key)
    key = key.translate(_COMPARED).translate(_DIGITS)
    key = _DOUBLED.sub(r"\1", _LOOSE_JOINER.sub("", _MARKS.sub("", key)).casefold())
    return " ".join(unicodedata.normalize("NFC", key).split())


def words(text: str) -> tuple[str, ...]:
    """The words of the text, in the form in which they are compared."""
    return tuple(_WORD.findall(match_key(text)))


def spellings(text: str) -> tuple[str, str]:
    """The words in one line, with half-spaces as spaces and with half-spaces left out.

    People write می‌خواهم, می خواهم, میخواهم and #می_خواهم for the same; comparing both lines finds all four.
    """
    return " ".join(words(text)), " ".join(words(_JOINTS.sub("", text)))


def folded_digits(text: str) -> str:
    """The text with Persian and Arabic digits as 0–9: for phones, ids and amounts."""
    return text.translate(_DIGITS)


def language(text: str, hint: str = "", default: str = "fa") -> str:
    """A BCP 47 tag: one of the languages of `vocabularies`, `fa-Latn` (Persian in Latin letters), or `und`.

    It uses rules, because the libraries that exist take 2–1800 ms and 14–98 MB, and are wrong on «سلام».

    hint: the sender's language by the platform. It counts before anything but words and letters that the
        hinted language does not have.
    default: the language of a text in Arabic letters, if nothing tells Persian from Arabic, and of one
        without letters.
    """
    text = _NO_WORDS.sub(" ", _composed(text))
    if _ARABIC_SCRIPT.search(text):
        return _in_arabic_script(text, "fa" if hint.casefold() == "fa-latn" else hint, default)
    if _LATIN_SCRIPT.search(text):
        return _in_latin_script(text, hint)
    if any(character.isalpha() for character in text):
        return next(filter(_is_other, (hint, default)), "und")
    return hint or default or "und"


def base(tag: str) -> str:
    """The language of a tag, without script and country: `fa` of `fa-Latn`."""
    return tag.replace("_", "-").partition("-")[0].casefold()


def _in_arabic_script(text: str, hint: str, default: str) -> str:
    spoken = words(text)
    persian = sum(word in PERSIAN for word in spoken)
    neighbour = _neighbour(text, hint, persian)
    if neighbour:
        return neighbour
    arabic = sum(map(_is_arabic, spoken)) + len(_ONLY_ARABIC.findall(text))
    if persian != arabic:
        return "fa" if persian > arabic else "ar"
    if persian:
        return hint if base(hint) in ("fa", "ar") else _by_letters(text, default)
    if base(hint) == "ar":
        return "fa" if _PERSIAN_KEYBOARD.search(text) else hint
    return hint if base(hint) in _WRITTEN_IN_ARABIC_SCRIPT else _by_letters(text, default)


def _neighbour(text: str, hint: str, persian: int) -> str:
    """The language whose own letters most words have, unless more words are Persian; or empty."""
    tokens = text.split()
    found = {tag: sum(bool(letters.search(token)) for token in tokens) for tag, letters in LETTERS.items()}
    most = max(found.values())
    if not most or persian > most:
        return ""
    likely = [tag for tag, count in found.items() if count == most]
    return base(hint) if base(hint) in likely else likely[0]


def _is_arabic(word: str) -> bool:
    if word in ARABIC:
        return True
    return bool(_ARABIC_ARTICLE.fullmatch(word)) and word not in PERSIAN and word not in NOT_ARABIC


def _by_letters(text: str, default: str) -> str:
    """The account's language, as far as the letters allow it."""
    usual = default if base(default) in _WRITTEN_IN_ARABIC_SCRIPT else "fa"
    if _PERSIAN_KEYBOARD.search(text):
        return "fa" if base(usual) == "ar" else usual
    return "ar" if _RATHER_ARABIC.search(text) and base(usual) != "fa" else usual


def _in_latin_script(text: str, hint: str) -> str:
    spoken = [word for word in words(text) if not word.isdecimal()]
    shared = SHARED.get(base(hint), frozenset())
    finglish = sum(word in FINGLISH for word in spoken if word not in shared)
    english = sum(word in ENGLISH for word in spoken if word not in shared)
    # Latin letters are the hinted language's own: a few words that look like another's are no proof.
    if _is_other(hint) and 2 * max(finglish, english) <= len(spoken):
        return hint
    if finglish > english:
        return "fa-Latn"
    if english:
        return "en"
    return hint if hint and base(hint) not in _WRITTEN_IN_ARABIC_SCRIPT else "und"


def _is_other(tag: str) -> bool:
    """Whether it is a language with other letters than Arabic's, and not English."""
    return bool(tag) and base(tag) not in ("en", *_WRITTEN_IN_ARABIC_SCRIPT)


def _composed(text: str) -> str:
    text = _PRESENTATION.sub(lambda match: unicodedata.normalize("NFKC", match[0]), text)
    return unicodedata.normalize("NFC", _UNSEEN.sub("", text))
