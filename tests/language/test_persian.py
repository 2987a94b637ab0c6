"""The table of characters, row by row; that it can be applied twice; and what language a message is in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.language.persian import folded_digits, language, match_key, spellings, words

LETTERS = "".join(
    map(
        chr,
        [
            *range(0x20, 0x7F),
            *range(0x600, 0x6FF),
            *range(0xFB50, 0xFBFF),
            *range(0xFDF0, 0xFE00),
            *range(0xFE70, 0xFF00),
            *(0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0x202A, 0x202E, 0x2066, 0x2069, 0xFEFF, 0xAD, 0xA0),
            *(0x1F468, 0x1F469, 0x2764, 0xFE0F, 0x1F3FD, 0x345, 0x130, 0x1E9E, 0x3B9, 0x308, 0x301),
        ],
    )
)
texts = st.one_of(st.text(), st.text(LETTERS), st.text(st.characters(exclude_categories=())))

FAMILY = "👨\u200d👩"

# Text, how it is shown, how it is compared.
TABLE = [
    ("كتابي", "کتابی"),
    ("ڪتاب", "کتاب"),
    ("علىٰ", "علی"),
    ("موسى", "موسی"),
    ("لىلا", "لیلا"),
    ("بڑے", "بڑی"),
    ("خانۀ", "خانه"),
    ("خانهٔ", "خانه"),
    ("دائرة", "دایره"),
    ("أإٱآ", "اااآ"),
    ("مؤمن مسئول", "مومن مسیول"),
    ("سـلـام", "سلام"),
    ("مُدَرِّس", "مدرس"),
    ("۰۹۱۲ ٠٩١٢", "0912 0912"),
    ("می\u200cخواهم", "می خواهم"),
    (FAMILY, FAMILY),
    ("ه\u200dه", "هه"),
    ("\ufefb \ufee1", "لا م"),
    ("سلام،؛؟٪٫٬«ها»", "سلام,;?%., ها"),
    ("الف\u00a0\u2009  ب", "الف ب"),
    ("\u202eسلام\u2069\ufeff\u00ad", "سلام"),
    ("ا\u0653ب", "آب"),
    ("ABC Straße", "abc strasse"),
]


@pytest.mark.parametrize(("text", "key"), TABLE)
def test_the_table(text, key):
    assert match_key(text) == key


@given(texts)
def test_match_key_twice_is_match_key_once(text):
    assert match_key(match_key(text)) == match_key(text)


def test_half_spaces_do_not_hide_words():
    spaced, joined = spellings("می\u200cخواهم، ۲ شب!")
    assert spaced == "می خواهم 2 شب"
    assert joined == "میخواهم 2 شب"
    assert words("«سلام»؛ خوبي؟") == ("سلام", "خوبی")
    assert folded_digits("۱۲٣") == "123"


@pytest.mark.parametrize(
    ("text", "hint", "default", "expected"),
    [
        ("سلام اتاق دو تخته برای فردا دارید؟", "", "fa", "fa"),
        ("سلام", "", "fa", "fa"),
        ("سلام", "", "ar", "ar"),
        ("سلام", "", "en", "fa"),
        ("سلام", "", "", "fa"),
        ("سلام", "ar", "fa", "ar"),
        ("سلام", "en", "fa", "fa"),
        ("گل", "ar", "ar", "fa"),
        ("۱۲", "", "", "fa"),
        # Persian from a phone that writes Arabic letters.
        ("سلام اتاق ميخواهم كي خالي دارد", "", "fa", "fa"),
        ("ميخواهم", "", "ar", "ar"),
        ("هل عندكم غرفة شاغرة غدا؟", "", "fa", "ar"),
        ("مرحبا", "", "fa", "ar"),
        ("إلى اللقاء", "", "fa", "ar"),
        ("salam otagh dotakhte mikham", "", "fa", "fa-Latn"),
        ("Salam, gheymat chand?", "en", "fa", "fa-Latn"),
        ("Hello, do you have a room for tomorrow?", "", "fa", "en"),
        ("Hello", "fa", "fa", "en"),
        ("Guten Tag", "de", "fa", "de"),
        ("Merhaba", "", "fa", "und"),
        ("Merhaba", "fa", "fa", "und"),
        ("👍", "", "fa", "fa"),
        ("👍", "en", "fa", "en"),
        ("👍", "", "", "und"),
        ("", "", "", "und"),
        ("Привет", "ru", "fa", "ru"),
    ],
)
def test_language(text, hint, default, expected):
    assert language(text, hint, default) == expected


@given(texts, st.sampled_from(["", "fa", "en", "ar-EG"]), st.sampled_from(["", "fa", "ar", "en"]))
def test_every_text_has_a_language(text, hint, default):
    assert language(text, hint, default)
