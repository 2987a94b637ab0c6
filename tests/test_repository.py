"""What must hold of every file that is kept: nothing private, nothing unfinished, nothing too long."""

import ast
import re
import subprocess

import pytest

from tests.documents import ROOT

LONGEST = 300
BINARY = {".gz", ".zip", ".png", ".bin", ".sqlite"}
DRAWERS = {"utils", "util", "helpers", "helper", "common", "misc", "shared", "lib"}

# In pieces, so that this file does not hold what it looks for.
MACHINE = re.compile(r"(?<![\w.}])/(?:wo" + r"rk|ro" + r"ot|ho" + r"me/\w+|Us" + r"ers/\w+)/[\w.-]")
REGISTRY = re.compile(
    r"(?:files\.)?pytho"
    + r"nhosted\.org|\bpy"
    + r"pi\.org|index-"
    + r"url\s*=|--(?:extra-)?index-"
    + r"url[ =]h|registry\.np"
    + r"mjs|artifact"
    + r"ory"
)
UNFINISHED = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b")

PHONE = re.compile(r"(?<![\w.-])\+\d{8,15}(?!\d)|(?<![\d.])989\d{9}(?!\d)")
FICTIONS = [
    re.compile(form)
    for form in (
        r"\+?98912000\d{4}",  # a block we keep to, for people
        r"\+?9821\d{0,2}0{4,}\d{1,4}",  # lines of ours that do not exist
        r"\+1\d{3}555\d{4}",  # North America's exchange for fiction
        r"\+1555\d{7}",  # no such area
        r"\+971501234567",  # the example that phonenumbers gives for a mobile there
        r"\+447700900\d{3}",  # the United Kingdom's range for drama
        r"\+26669668"
        + r"7|\+737874283"
        + r"3|\+256253"
        + r"3|\+865669"
        + r"6|\+8628245225"
        + r"3",  # words on a keypad
    )
]
MAIL = re.compile(r"[\w.+-]+@([\w-]+(?:\.[\w-]+)+)")
NOBODYS_DOMAINS = re.compile(r"(?:.+\.)?example(?:\.(?:org|com|net|ir))?|(?:.+\.)?(?:test|invalid|localhost)")


def kept() -> list[str]:
    """The files under version control, and those that are about to be."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode:  # an exported tree
        skip = {
            ".venv",
            ".venv-ministack",
            ".venv-tryton",
            ".build",
            ".local",
            ".git",
            ".hypothesis",
            "__pycache__",
        }
        found = (path.relative_to(ROOT) for path in ROOT.rglob("*") if path.is_file())
        return sorted(str(path) for path in found if not skip & set(path.parts))
    return sorted(name for name in set(listed.stdout.splitlines()) if (ROOT / name).is_file())


FILES = kept()
TEXTS = [name for name in FILES if (ROOT / name).suffix not in BINARY]
SHIPPED = [name for name in FILES if name.endswith(".py") and name.split("/")[0] in {"app.py", "chalicelib"}]
MODULES = [name for name in FILES if name.endswith(".py")]
STILL_TOO_LONG = {"tests/ops/hub/test_redrive.py"}
FIXTURES = [name for name in TEXTS if name.startswith("tests/fixtures/")]
PINNED = [name for name in FILES if re.fullmatch(r"requirements/\w+\.txt", name)]


def text(name: str) -> str:
    return (ROOT / name).read_text(errors="replace")


def found(pattern: re.Pattern[str], names: list[str]) -> list[str]:
    """Where the pattern is: `file:line: the words`."""
    return [
        f"{name}:{number}: {match.group()}"
        for name in names
        for number, line in enumerate(text(name).splitlines(), start=1)
        for match in pattern.finditer(line)
    ]


@pytest.mark.parametrize("names", [TEXTS, SHIPPED, MODULES, FIXTURES, PINNED], ids=len)
def test_there_is_something_to_look_at(names: list[str]) -> None:
    assert names


def test_no_path_of_one_machine() -> None:
    assert found(MACHINE, TEXTS) == []


def test_no_host_that_packages_come_from() -> None:
    assert found(REGISTRY, TEXTS) == []


def test_nothing_is_left_to_do_in_a_comment() -> None:
    assert found(UNFINISHED, TEXTS) == []


def test_no_module_is_too_long() -> None:
    long = {name: text(name).count("\n") for name in MODULES}
    assert {name for name, lines in long.items() if lines > LONGEST} == STILL_TOO_LONG


def test_no_drawer_that_anything_fits_in() -> None:
    names = {part.removesuffix(".py") for name in FILES if name.endswith(".py") for part in name.split("/")}
    assert not names & DRAWERS


@pytest.mark.parametrize("name", SHIPPED)
def test_every_module_that_ships_says_what_it_knows(name: str) -> None:
    source = text(name)
    assert not source.strip() or ast.get_docstring(ast.parse(source)), "it has no docstring"


def test_phones_in_fixtures_are_nobodys() -> None:
    real = [
        hit
        for hit in found(PHONE, FIXTURES)
        if not any(form.fullmatch(hit.rpartition(" ")[2]) for form in FICTIONS)
    ]
    assert real == []


def test_mail_addresses_are_nobodys() -> None:
    hits = [
        f"{name}: {match.group()}"
        for name in FIXTURES
        for match in MAIL.finditer(text(name))
        if not NOBODYS_DOMAINS.fullmatch(match.group(1))
    ]
    assert hits == []


def test_requirements_are_pinned_exactly() -> None:
    for name in PINNED:
        for line in text(name).splitlines():
            requirement = line.partition("#")[0].strip()
            if requirement:
                assert re.fullmatch(r"[a-z0-9.-]+(\[[a-z0-9,-]+\])?==[\w.!+]+(\s*;.+)?", requirement), (
                    f"{name}: {line}"
                )


def test_every_environment_is_asked_for_and_pinned() -> None:
    folder = ROOT / "requirements"
    assert {path.stem for path in folder.glob("*.in")} == {path.stem for path in folder.glob("*.txt")}


@pytest.mark.parametrize(
    ("pattern", "line"),
    [
        (MACHINE, "see /ro" + "ot/x"),
        (MACHINE, "open('/wo" + "rk/main')"),
        (REGISTRY, "https://py" + "pi.org/simple"),
        (UNFINISHED, "# TO" + "DO: later"),
    ],
)
def test_a_breach_is_seen(pattern: re.Pattern[str], line: str) -> None:
    assert pattern.search(line)


@pytest.mark.parametrize("phone", ["+989120000001", "989120000044", "+15005550006", "+982100000001"])
def test_a_fiction_passes(phone: str) -> None:
    assert any(form.fullmatch(phone) for form in FICTIONS)


@pytest.mark.parametrize("phone", ["+98912" + "1234567", "+4915" + "112345678"])
def test_a_number_of_somebody_is_seen(phone: str) -> None:
    assert PHONE.fullmatch(phone)
    assert not any(form.fullmatch(phone) for form in FICTIONS)
