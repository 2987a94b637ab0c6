"""Countries that gave their subscribers longer or shorter numbers: one subscriber, two spellings.

WhatsApp keeps the number under which an account was registered, and CRMs keep what somebody once typed, while
networks send the number of today. `current` writes a number as today's plan does, `spellings` adds how it was
written before.

Kept are the changes since 2010, when WhatsApp began, that follow from the number itself. Left out are

- earlier changes (Algeria, Burkina Faso, Kuwait, Lebanon, Morocco, Nigeria, Senegal): no account is older;
- changes for which no table was found (Djibouti, French Polynesia, Guinea, Liberia, Mauritania, Somalia);
- changes that depend on the operator or the place: mobiles in Togo, fixed lines in Georgia, Iran, the
  Philippines and Vietnam;
- old numbers that others have today or may have: Egypt's in 015, Kosovo's of Monaco, Serbia and Slovenia.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Numbers of one country that got another beginning.

    code: the country's calling code, empty if that is what changed.
    old: the digits after `kept` that were taken away.
    new: the digits that stand there instead.
    rest: the digits behind, as a regular expression; they stayed as they were.
    kept: the digits before, likewise: an area code.
    since: the day of the change, ISO 8601.
    source: who says so.
    """

    code: str
    old: str
    new: str
    rest: str
    kept: str = ""
    since: str
    source: str


def current(number: str) -> str:
    """A number in E.164 as it is written today; itself if nothing about it has changed."""
    for change in _changes_of(number):
        if found := _form(change, change.old).fullmatch(number):
            return f"+{change.code}{found['kept']}{change.new}{found['rest']}"
    return number


def spellings(number: str) -> tuple[str, ...]:
    """The number as it is written today, then all the ways in which it was written before."""
    today = current(number)
    older = (
        f"+{change.code}{found['kept']}{change.old}{found['rest']}"
        for change in _changes_of(today)
        if (found := _form(change, change.new).fullmatch(today))
    )
    return tuple(dict.fromkeys((today, *older)))


def _changes_of(number: str) -> list[Change]:
    return [change for change in CHANGES if number.startswith(f"+{change.code}")]


@cache
def _form(change: Change, beginning: str) -> re.Pattern[str]:
    return re.compile(rf"\+{change.code}(?P<kept>{change.kept}){beginning}(?P<rest>{change.rest})")


def _swaps(code: str, swaps: str, rest: str, since: str, source: str) -> list[Change]:
    """One change for each `old>new` of several beginnings."""
    pairs = (swap.partition(">") for swap in swaps.split())
    return [
        Change(code=code, old=old, new=new, rest=rest, since=since, source=source) for old, _, new in pairs
    ]


_ARTCI = "ARTCI, announced on 2020-07-28: newsgeek.ci, Wikipédia"
_ARCEP_GABON = "ARCEP: agenceafrique.com 2019-07, final on 2024-04-06: news.alibreville.com"
_MIC = "Ministry of Information and Communications: sggpnews.org.vn 2018, mobifone.vn"
_CAMEROON = "Minister of Posts and Telecommunications, 2014-09-25: camerounweb.com"
_NTRA = "NTRA: mobiles; tra.gov.eg, press release of 2011-10-12"
_SPTC = "SPTC: ITU, communication of 2010-09-30; wikiwand.com/en/articles/+268"
_SEYCHELLES = "wtng.info/wtng-248-sc.html, updated on 2011-06-02"
_SUBTEL = "SUBTEL, by area from 2012-10-20 on: fixed lines; ITU, communication of 2014-07-02"
_ARN = "ARN: mobiles of Orange and MTN; progressonacional.blogspot.com/2015/11"
_BTP = "BTP: sxmregulator.sx/1-721-area-code-now-effect"

CHANGES: tuple[Change, ...] = (
    Change(
        code="52",
        old="1",
        new="",
        rest=r"\d{10}",
        since="2019-08-03",
        source="IFT: newsweekespanol.com; WhatsApp still sends 521: github.com/chatwoot/chatwoot/pull/14174",
    ),
    Change(
        code="55",
        kept=r"[1-9]{2}",
        old="",
        new="9",
        rest=r"[6-9]\d{7}",
        since="2016-11-06",
        source="ANATEL, resolution 553, by area from 2012-07-29 on: ITU Operational Bulletin 2013",
    ),
    # Within the country mobiles are dialled without the 9, and fixed lines too: nothing tells the two apart,
    # but no number is given out twice. With the 9 it is right for those who write.
    Change(
        code="54",
        old="",
        new="9",
        rest=r"(?:11|[23]\d)\d{8}",
        since="1997-01-01",
        source="WhatsApp sends 549, people write 54: github.com/chatwoot/chatwoot/pull/14264",
    ),
    Change(
        code="57",
        old="",
        new="60",
        rest=r"[124-8][2-9]\d{6}",
        since="2021-09-01",
        source="CRC, resolution 5826 of 2019: fixed lines; portafolio.co",
    ),
    Change(
        code="229",
        old="",
        new="01",
        rest=r"\d{8}",
        since="2024-11-30",
        source="ARCEP Bénin: fr.allafrica.com/stories/202411300249.html",
    ),
    # The second digit said whose it is: 0 to 3 Moov, 4 to 6 MTN, 7 to 9 Orange; of fixed lines the third.
    *_swaps("225", ">01", r"[04-9][0-3]\d{6}", "2021-01-31", _ARTCI),
    *_swaps("225", ">05", r"[04-9][4-6]\d{6}", "2021-01-31", _ARTCI),
    *_swaps("225", ">07", r"[04-9][7-9]\d{6}", "2021-01-31", _ARTCI),
    *_swaps("225", ">25", r"[23]\d0\d{5}", "2021-01-31", _ARTCI),
    *_swaps("225", ">21", r"[23]\d8\d{5}", "2021-01-31", _ARTCI),
    *_swaps("225", ">27", r"[23]\d[1-79]\d{5}", "2021-01-31", _ARTCI),
    # Written with and without the 0 before.
    *_swaps("241", "0>6 >6", r"[256]\d{6}", "2019-11-15", _ARCEP_GABON),
    *_swaps("241", "0>7 >7", r"[47]\d{6}", "2019-11-15", _ARCEP_GABON),
    *_swaps("241", "0>1 >1", r"1\d{6}", "2019-11-15", _ARCEP_GABON),
    Change(
        code="230",
        old="",
        new="5",
        rest=r"(?:25\d|4(?:2[1-389]|4\d|7[2-9]|9[1-9])|7\d\d|87[15-8]|9[0-8]\d)\d{4}",
        since="2013-09-01",
        source="ICTA: mobiles; commsupdate.com 2013-09-02, ranges as in libphonenumber",
    ),
    *_swaps("237", ">6", r"[5-79]\d{7}", "2014-11-21", _CAMEROON),
    *_swaps("237", ">2", r"(?:22|33)\d{6}", "2014-11-21", _CAMEROON),
    *_swaps(
        "84",
        "120>70 121>79 122>77 126>76 128>78"  # MobiFone
        " 123>83 124>84 125>85 127>81 129>82"  # VinaPhone
        " 162>32 163>33 164>34 165>35 166>36 167>37 168>38 169>39"  # Viettel
        " 186>56 188>58 199>59",  # Vietnamobile, Gmobile
        r"\d{7}",
        "2018-09-15",
        _MIC,
    ),
    # Not the ten digits in 15: another operator gives those numbers out today.
    *_swaps("20", "10>100 16>106 19>109 12>122 17>127 18>128 11>111 14>114", r"\d{7}", "2011-10-06", _NTRA),
    Change(code="56", kept="2", old="", new="2", rest=r"\d{7}", since="2012-11-24", source=_SUBTEL),
    Change(code="56", kept=r"[3-7]\d", old="", new="2", rest=r"\d{6}", since="2013-07-06", source=_SUBTEL),
    Change(
        code="593",
        old="",
        new="9",
        rest=r"[89]\d{7}",
        since="2012-09-30",
        source="mobiles: sangay.com/ecuadorguide, 2012-09-18",
    ),
    *_swaps("245", ">95", r"5\d{6}", "2015-11-01", _ARN),
    *_swaps("245", ">96", r"6\d{6}", "2015-11-01", _ARN),
    *_swaps("240", "2>2222 5>2225", r"\d{5}", "2010-04-09", "ORTEL: mobiles; wtng.info/wtng-240-gq.html"),
    *_swaps("268", "6>76", r"\d{6}", "2010-03-01", _SPTC),
    *_swaps("268", ">2", r"[2-5]\d{6}", "2011-02-01", _SPTC),
    *_swaps("248", "41>441 42>442 43>443 47>647", r"\d{4}", "2010-11-01", _SEYCHELLES),
    *_swaps("248", "2>42 3>43 5>25 6>46 7>27", r"\d{5}", "2011-05-04", _SEYCHELLES),
    *_swaps("670", "7>77", r"[1-9]\d{5}", "2012-07-31", "ITU, 2012-06-06: wtng.info/wtng-670-tl.html"),
    *_swaps("235", "6>66 9>99", r"\d{6}", "2010-03-15", "OTRT: mobiles of Zain and Tigo; itmag.sn"),
    # Sint Maarten got another calling code; numbers in 555 got others, one by one.
    *_swaps("", "5995>17215", r"(?!55)\d{6}", "2011-09-30", _BTP),
    *_swaps(
        "974",
        "3>33 4>44 5>55 6>66 7>77",
        r"\d{6}",
        "2010-07-28",
        "ictQATAR, 2010-03-28: cra.gov.qa/en/press-releases",
    ),
    Change(
        code="995",
        old="",
        new="5",
        rest=r"(?:5[1578]|68|7[01479]|9[1235-9])\d{6}",
        since="2011-06-20",
        source="GNCC, 2010-12-22: mobiles; ITU, wikiwand.com/en/articles/+995",
    ),
)
