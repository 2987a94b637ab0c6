"""The words of a vendor's error message that can be repeated, because they are nobody's name.

A rule that looks for names misses some: lower case, a first name that is a word, another alphabet. So it is
the other way round: what is repeated is a word of the list, and everything else becomes an ellipsis.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_LONGEST = 160
_LOOKED_AT = 2000
_GAP = "…"

_SAID = """
    a above access according account accounts action actions active activity actual add added additional
    address addresses again all allowed already also an and any api app application archived are argument
    arguments array as assigned associated at attribute attributes auth authentication authorised
    authorization authorized available away bad badly be because been before being below between blank
    blocked body boolean both bulk but by call called calls can cannot card cell change changed channel
    character characters check city client collection column command comment comments company compatible
    condition conflict conflicting connection constraint contact contacts contain contained contains
    content context conversion convert converted correct could country create created creating creation
    credential credentials criteria currency currently custom customer customers data database date dates
    datetime deactivate deactivated deal deals decimal default defined delete deleted denied deprecated
    description detected did different digit digits disabled do document does domain done due duplicate
    duplicated duplicates duplication during each either element email emails empty enabled encoding
    encountered end ended ending endpoint enough entered entities entity entry error errors exceed
    exceeded exceeds exception exist existing exists expected expired external failed fails failure false
    few field fields file files filter first firstname for forbidden foreign format formatted found from
    full function gateway given greater group groups had has have header headers home identical identifier
    identifiers if illegal import in inactive inadequate incoming incomplete incorrect index inexistent
    input insert instance insufficient integer integrity internal into invalid invoice is issue it item
    items its json key keys label language larger last lastname later lead leads least length less level
    limit limits line linked list locale locked login longer lookup lower machine mail malformed mandatory
    mapping match matched matches matching maximum meaning mechanism mechanisms message messages method
    minimum missing mobile mode model models modified modify modifying module more most multiple must
    mutually name names negative new no non none not note notes notice null number numbers object objects
    occurred of old on one only open operation operator opportunities opportunity option optional options
    or order other out outside over overlap own owner owners parameter parameters parent parse parsed
    parsing part parties partner party password pattern payload per perform performed permission
    permissions permitted person phone phones picklist pipeline positive possible precondition present
    previous primary privileges problem process processed processing product prohibited properties
    property provided put query quota range rate reached read readonly reason received record records
    reference referenced references refused rejected related relation relationship remove removed replaced
    request requested requests require required requires reserved resource resources response restricted
    result results retry role row rows rule rules same save saved schema scope search second seconds
    section security selected selection semantic sent server service session set should size some
    specified stage standard start started state status still stopped store stored string subject
    submitted such supplied support supported syntax system tag tags task tasks tax team template
    temporarily temporary than that the their them then there these they this those ticket timeout title
    to token too transaction trigger true try twice type types unable unauthorised unauthorized
    unavailable undefined unexpected unique unit unknown unmet unprocessable unreachable unrecognised
    unrecognized unsupported until update updated updating upper url use used user username users uses
    using valid validate validation validator value values variable version via violate violated violates
    violation was were what when where which while whole whose with within without writable write written
    wrong you your zip can't couldn't didn't doesn't don't hasn't isn't must've wasn't won't
"""
_ALSO_CALLED = """
    an bad blank body call card channel check client dates deal do due fails few field fields file files
    given in key keys line list lower more new null numbers old parent person range read reason record row
    rule service session stage standard start still than to true via you
"""
_WORDS, _ALSO_NAMES = (frozenset(listed.split()) for listed in (_SAID, _ALSO_CALLED))
# The second are those of the first that people are called, of the US census' 20,000 commonest names: with a
# capital they are repeated only where a sentence starts.

_TOKEN = re.compile(r"(?<![\w@.+'/-])[\w@.+'/-]*\w")
_HUMP = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_QUOTED = re.compile(r'["“”„«»].*["“”„«»]', re.DOTALL)


def repeatable(words: str) -> str:
    """A vendor's message as one short line of words that can be repeated; what stood between is `…`.

    Gone is everything between the first and the last quotation mark, every word that is not in the list,
    every number, and a run of capitalised words unless each can stay: a name may end in a word of the list.
    """
    shown: list[str] = []
    for word in _kept(_QUOTED.sub(f" {_GAP} ", words[:_LOOKED_AT])):
        if word != _GAP or shown[-1:] != [_GAP]:
            shown.append(word)
    line = " ".join(shown)
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST].rpartition(' ')[0]} {_GAP}"


def _kept(words: str) -> Iterator[str]:
    """Word by word, what of it can stay; a gap for each that cannot."""
    run: list[str] = []
    run_starts = False
    end = 0
    for found in _TOKEN.finditer(words):
        token, between = found[0], words[end : found.start()]
        capital = not token[0].islower()
        if run and (between.strip() or not capital):
            yield from _judged(run, starts=run_starts)
            run = []
        if _GAP in between:
            yield _GAP
        if not capital:
            yield token if _listed(token) else _GAP
        else:
            run_starts = run_starts if run else end == 0 or bool(re.search("[.!?]", between))
            run.append(token)
        end = found.end()
    if run:
        yield from _judged(run, starts=run_starts)
    if any(character.isalnum() or character == _GAP for character in words[end:]):
        yield _GAP


def _judged(run: list[str], *, starts: bool) -> list[str]:
    """A run of capitalised words, if none of them can be a name; starts: a sentence starts with it."""
    doubtful = run[1:] if starts else run
    if all(map(_listed, run)) and not any(word.casefold() in _ALSO_NAMES for word in doubtful):
        return run
    return [_GAP]


def _listed(token: str) -> bool:
    """Whether a word, or each part of a code (`REQUIRED_FIELD_MISSING`, `lastName`), is in the list."""
    if token.casefold() in _WORDS:
        return token.isascii()
    parts = [part for part in re.split(r"[_./-]+", token) if part]
    return bool(parts) and all(
        part.isascii() and part.isalpha() and all(hump.lower() in _WORDS for hump in _HUMP.findall(part))
        for part in parts
    )
