"""Phone numbers as people write them."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.profiles.phones import e164

MOBILE = "+989120000001"


@pytest.mark.parametrize(
    "raw",
    [
        "09120000001",
        "9120000001",
        "989120000001",
        "+989120000001",
        "00989120000001",
        "+9809120000001",
        "+98 (0)912 000-0001",
        "0912.000.00.01",
        "۰۹۱۲۰۰۰۰۰۰۱",
        "٠٩١٢٠٠٠٠٠٠١",
        "+۹۸ ۹۱۲ ۰۰۰ ۰۰۰۱",
        "\u200e+98 912\u00a0000\u20110001\u202c",
        "09120000001 داخلی ۱۲",
        "09120000001 ext. 12",
        "09120000001x12",
        "09120000001#3",
    ],
)
def test_an_iranian_mobile(raw):
    assert e164(raw) == MOBILE


@pytest.mark.parametrize(
    ("raw", "region", "expected"),
    [
        ("02100000000 داخلی 12", "IR", "+982100000000"),
        ("+1 415 555 0123", "IR", "+14155550123"),
        ("4155550123", "US", "+14155550123"),
        ("0098 912 000 0001", "DE", "+989120000001"),
        ("+989120000001", "US", "+989120000001"),
    ],
)
def test_other_numbers(raw, region, expected):
    assert e164(raw, region) == expected


def test_a_range_the_library_does_not_know_is_kept():
    assert e164("0941 000 0000") == "+989410000000"


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "12",
        "+",
        "+98",
        "hello",
        "رزرو",
        "1-800-FLOWERS",
        "1" * 65,
        "000000",
        "9" * 20,
        "09120000001, 09120000002",
    ],
)
def test_what_is_no_number(raw):
    assert e164(raw) == ""


@given(st.text(), st.sampled_from(["IR", "US", "ZZ", ""]))
def test_no_text_raises(raw, region):
    e164(raw, region)


@given(st.from_regex(r"\+?[0-9۰-۹()\- ]{0,25}", fullmatch=True), st.sampled_from(["IR", "DE", "US"]))
def test_a_number_is_read_as_itself_again(raw, region):
    found = e164(raw, region)
    if found:
        assert found.startswith("+")
        assert found[1:].isdecimal()
        assert e164(found, region) == found


def test_the_library_is_imported_only_for_a_number():
    code = (
        "import sys, chalicelib.profiles.phones as p; p.e164('hello'); print('phonenumbers' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
