"""The table of characters, row by row; that it can be applied twice; and what language a message is in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.language.persian import folded_digits, language, match_key, spellings, words
from chalicelib.language.vocabularies import ARABIC, ENGLISH, FINGLISH, NOT_ARABIC, PERSIAN, SHARED

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
    ("أب إب ٱب آب", "اب اب اب اب"),
    ("مؤمن مسئول", "مومن مسول"),
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
    ("ا\u0653ب", "اب"),
    ("ABC Straße", "abc strasse"),
]


@pytest.mark.parametrize(("text", "key"), TABLE)
def test_the_table(text, key):
    assert match_key(text) == key


ALIKE = [
    ("آژانس", "اژانس"),
    ("رزرو آنلاین", "رزرو انلاین"),
    ("قرآن", "قران"),
    ("مسئول", "مسوول", "مسؤول", "مسول", "مسی\u0654ول"),
    ("مسئولیت", "مسوولیت"),
    ("رئوف", "رؤوف", "رووف"),
    ("سؤال", "سوال"),
    ("رئیس", "رییس"),
    ("تأیید", "تایید", "تائید"),
    ("جزء", "جز"),
    ("شیء", "شی"),
    ("انشاءالله", "انشاالله"),
    ("مسئله", "مسأله", "مساله"),
    ("هیئت", "هیأت", "هیات"),
    ("قرائت", "قراءت"),
    ("ویدئو", "ویدیو"),
    ("سوئیت", "سوییت", "سویت"),
    ("کمرہ", "کمره"),
    ("ھوٹل", "ہوٹل"),
    ("ژوورێکی", "ژووریکی"),
    ("ڕۆژ", "روژ"),
    ("سڵاو", "سلاو"),
    ("ګل", "گل"),
    ("رز\u2060رو", "رزرو"),
]
APART = [("دو", "دیو"), ("میوه", "موه"), ("شب", "شیب"), ("اب", "تاب"), ("پول", "پل"), ("مسائل", "مثل")]


@pytest.mark.parametrize("spelled", ALIKE, ids=lambda spelled: spelled[0])
def test_words_that_people_write_in_several_ways_are_one(spelled):
    assert len({match_key(word) for word in spelled}) == 1


@pytest.mark.parametrize(("one", "other"), APART)
def test_other_words_stay_others(one, other):
    assert match_key(one) != match_key(other)


@pytest.mark.parametrize(
    ("text", "separate"),
    [
        ("#رزرو_اتاق", "رزرو اتاق"),
        ("_رزرو_", "رزرو"),
        ("رزرو۲", "رزرو 2"),
        ("اتاق2نفره", "اتاق 2 نفره"),
        ("اتاق٣نفره", "اتاق 3 نفره"),
        ("رزروvip", "رزرو vip"),
        ("room12", "room 12"),
        ("۱۴۰۵", "1405"),
        ("@hotel_bot", "hotel bot"),
    ],
)
def test_where_words_end(text, separate):
    assert " ".join(words(text)) == separate


@pytest.mark.parametrize("listed", [PERSIAN, ARABIC, NOT_ARABIC, FINGLISH, ENGLISH])
def test_the_vocabularies_are_in_the_form_in_which_words_are_compared(listed):
    assert listed == {match_key(word) for word in listed}
    assert all(words(word) == (word,) for word in listed)


def test_no_word_is_of_two_languages():
    assert not PERSIAN & (ARABIC | NOT_ARABIC)
    assert not FINGLISH & ENGLISH
    assert all(shared <= FINGLISH | ENGLISH for shared in SHARED.values())


@given(texts)
def test_match_key_twice_is_match_key_once(text):
    assert match_key(match_key(text)) == match_key(text)


def test_half_spaces_do_not_hide_words():
    spaced, joined = spellings("می\u200cخواهم، ۲ شب!")
    assert spaced == "می خواهم 2 شب"
    assert joined == "میخواهم 2 شب"
    assert words("«سلام»؛ خوبي؟") == ("سلام", "خوبی")
    assert folded_digits("۱۲٣") == "123"


@pytest.mark.parametrize("half_space", ["\u200c", "\u200b", "\u00ac", "_"])
def test_every_keyboard_s_half_space_is_one(half_space):
    assert spellings(f"می{half_space}خواهم") == ("می خواهم", "میخواهم")


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
        # What Persian lacks, whatever the platform says.
        ("کیا کمرہ دستیاب ہے؟", "ur", "fa", "ur"),
        ("کیا کمرہ دستیاب ہے؟", "", "fa", "ur"),
        ("کیا کمرہ دستیاب ہے؟", "fa", "fa", "ur"),
        ("ڈبل روم کا کرایہ کتنا ہے", "ur-PK", "fa", "ur"),
        ("ژوورێکی دوو کەسیم دەوێت", "ckb", "fa", "ckb"),
        ("ژوورێکی دوو کەسیم دەوێت", "", "fa", "ckb"),
        ("سڵاو، نرخی شەوێک چەندە؟", "fa", "fa", "ckb"),
        ("زه یوه کوټه غواړم", "ps", "fa", "ps"),
        ("زه یوه کوټه غواړم", "", "fa", "ps"),
        ("د خونې بيه څومره ده؟", "fa", "fa", "ps"),
        ("ياتاق بارمۇ؟ باھاسى قانچە؟", "ug", "fa", "ug"),
        ("ياتاق بارمۇ؟ باھاسى قانچە؟", "", "fa", "ug"),
        # The hint, where the words could be of several languages.
        ("جی شکریہ", "ur", "fa", "ur"),
        ("جی", "ur", "fa", "ur"),
        ("کمرا خالی", "ur-PK", "fa", "ur-PK"),
        ("سوپاس", "ckb", "fa", "ckb"),
        ("مننه", "ps", "fa", "ps"),
        # Persian words hold against every hint.
        ("اتاق می\u200cخواهم", "ur", "fa", "fa"),
        ("اتاق می\u200cخواهم", "ar", "ar", "fa"),
        ("اتاق می\u200cخواهم", "ckb", "fa", "fa"),
        ("برای فردا هتل لاہور رو میخوام", "ur", "fa", "fa"),
        # Arabic of Iraq and the Gulf, and Arabic from a Persian keyboard.
        ("شگد سعر الغرفة؟", "ar", "fa", "ar"),
        ("شگد سعر الغرفة؟", "", "fa", "ar"),
        ("وين الفندق پليز", "ar", "fa", "ar"),
        ("چم سعر", "ar", "fa", "ar"),
        ("اريد چاي", "", "fa", "ar"),
        ("کم السعر", "ar", "fa", "ar"),
        ("کم السعر", "", "fa", "ar"),
        ("هل الغرفه متوفره للیوم", "fa", "fa", "ar"),
        # Persian has words in ال too, and names.
        ("الان", "", "fa", "fa"),
        ("البته", "ar", "fa", "fa"),
        ("الهه محمدی", "", "fa", "fa"),
        ("هتل الماس شرق کجاست", "", "fa", "fa"),
        ("السلام علیکم", "", "fa", "fa"),
        ("السلام عليكم", "ar", "fa", "ar"),
        ("دائرةالمعارف را از کجا بخرم", "", "fa", "fa"),
        ("۱۲", "", "", "fa"),
        # Persian from a phone that writes Arabic letters.
        ("سلام اتاق ميخواهم كي خالي دارد", "", "fa", "fa"),
        ("ميخواهم", "", "ar", "fa"),
        ("مي\u200cخواهم", "", "ar", "fa"),
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
        # Neither Persian nor English has these letters.
        ("Здравствуйте, есть номер?", "", "fa", "und"),
        ("Здравствуйте", "fa", "fa", "und"),
        ("Здравствуйте", "en", "fa", "und"),
        ("Здравствуйте", "", "ru", "ru"),
        ("Բարեւ", "", "fa", "und"),
        ("有房间吗", "zh-hans", "fa", "zh-hans"),
        # Languages of Latin letters share words with English, and with Persian in Latin letters.
        ("Was kostet ein Zimmer am Montag in Teheran?", "de", "fa", "de"),
        ("On iki kişi için oda var mı?", "tr", "fa", "tr"),
        ("Is er een kamer in het hotel? We zijn met twee", "nl", "fa", "nl"),
        ("Czy to jest do zapłaty? W hotelu, a nie on line", "pl", "fa", "pl"),
        ("Merci beaucoup", "fr", "fa", "fr"),
        ("Merci", "fr", "fa", "fr"),
        ("Merci", "fa", "fa", "fa-Latn"),
        ("Salam, otaq qiyməti neçədir?", "az", "fa", "az"),
        ("Salam", "az-Latn", "fa", "az-Latn"),
        ("salam otagh dotakhte mikham", "az", "fa", "fa-Latn"),
        ("Hello, do you have a room for 2 nights?", "de", "fa", "en"),
        ("Hi", "tr", "fa", "en"),
        # Addresses and commands are in no language.
        ("https://www.booking.com/hotel/for-you?my=room", "fa", "fa", "fa"),
        ("booking.com/the-hotel", "ar", "fa", "ar"),
        ("info@hotel-for-you.com", "", "fa", "fa"),
        ("/cancel", "fa", "fa", "fa"),
        ("@hotel_for_you", "fa", "fa", "fa"),
        ("https://example.org/in-the-room غرفة شاغرة", "", "fa", "ar"),
        ("please see https://example.org", "fa", "fa", "en"),
        # What is written in Persian letters is not in Latin ones.
        ("سلام", "fa-Latn", "fa", "fa"),
        ("سلام", "ar_EG", "fa", "ar_EG"),
        ("من فضلك", "", "fa", "ar"),
    ],
)
def test_language(text, hint, default, expected):
    assert language(text, hint, default) == expected


@given(texts, st.sampled_from(["", "fa", "en", "ar-EG"]), st.sampled_from(["", "fa", "ar", "en"]))
def test_every_text_has_a_language(text, hint, default):
    assert language(text, hint, default)
