"""Writes the parts of README.md and docs/ that repeat what the code declares, so that nobody copies them.

    make pages

A page marks such a region with `<!-- generated: NAME -->` and `<!-- end -->`. `REGIONS[NAME]` makes the text
between the two from the registries, the captured requests and the cases; the rest of the page stays as it is.
"""

from __future__ import annotations

import inspect
import json
import pkgutil
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from chalicelib.channels import CHANNELS
from chalicelib.channels.base import Channel
from chalicelib.crms import CRMS
from chalicelib.crms.base import Crm, Field
from chalicelib.vocabulary.event import Kind
from ops.command_line import run
from ops.environments import ROOT
from ops.stages.load import load_stage

PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))

_FIXTURES = ROOT / "tests" / "fixtures"
_EXAMPLE = ROOT / "infra" / "stages" / "example"

_OPEN = "<!-- generated: "
_REGION = re.compile(rf"{_OPEN}(?P<name>[a-z ]+) -->\n(?P<body>.*?)<!-- end -->", re.DOTALL)
_SENTENCE = re.compile(r"(.+?)\.(?=\s|$)", re.DOTALL)


class Unmarked(ValueError):
    """A page's markers do not fit together."""


def rewritten(page: str) -> str:
    """The text of the page with every region made anew. Raises `Unmarked`."""
    if len(_REGION.findall(page)) != page.count(_OPEN) or page.count("<!-- end -->") != page.count(_OPEN):
        raise Unmarked("each `<!-- generated: NAME -->` needs one `<!-- end -->` after it")
    return _REGION.sub(_region, page)


def _region(marked: re.Match[str]) -> str:
    name = marked["name"]
    if name not in REGIONS:
        raise Unmarked(f"nothing makes a region {name!r}; there are: {', '.join(REGIONS)}")
    return f"{_OPEN}{name} -->\n\n{REGIONS[name]().strip()}\n\n<!-- end -->"


def _channels() -> str:
    """README's table of channels."""
    return _table(
        ("channel", "what it is", "proved by", "kinds it reads"),
        (
            (f"`{channel.name}`", _about(channel), _first_sentence(channel.verify), _kinds(channel))
            for channel in CHANNELS.values()
        ),
    )


def _connectors() -> str:
    """README's table of connectors."""
    return _table(
        ("connector", "what it is", "steps"),
        ((f"`{crm.name}`", _about(crm), ", ".join(_steps(crm))) for crm in CRMS.values()),
    )


def _setup() -> str:
    """A section of docs/connecting.md for each channel."""
    return "\n\n".join(_section_of_channel(channel) for channel in CHANNELS.values())


def _section_of_channel(channel: Channel) -> str:
    paragraphs = [
        f"### `{channel.name}`",
        f"{_about(channel)}.",
        channel.setup,
        _named("Secrets, in the parameter `/switchboard/<stage>/accounts/<secret>`", channel.secrets),
        _named("Settings, under `settings` of the account in `accounts.yaml`", channel.settings),
    ]
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph)


def _named(where: str, names: Iterable[str]) -> str:
    spans = ", ".join(f"`{name}`" for name in names)
    return f"{where}: {spans}." if spans else ""


def _fields() -> str:
    """A section of docs/connecting.md for each connector."""
    return "\n\n".join(_section_of_connector(crm) for crm in CRMS.values())


def _section_of_connector(crm: Crm) -> str:
    heading = f"### `{crm.name}`\n\n{_about(crm)}."
    if not crm.fields:
        return heading
    rows = ((f"`{f.name}`", _place(f), "yes" if f.required else "no", f.about) for f in crm.fields)
    return f"{heading}\n\n{_table(('field', 'where', 'needed', 'about'), rows)}"


def _place(field: Field) -> str:
    if field.secret:
        return "the parameter `/switchboard/<stage>/targets/<secret>`"
    return "`settings` of the target in `crms.yaml`"


def _parameters() -> str:
    """The commands that put the secrets of the example stage."""
    example = load_stage(_EXAMPLE)
    secrets = {f"accounts/{one.secret}": CHANNELS[one.channel].secrets for one in example.accounts}
    for target in example.targets:
        fields = CRMS[target.connector].fields
        secrets[f"targets/{target.secret}"] = tuple(field.name for field in fields if field.secret)
    lines = "\n".join(_put(name, fields) for name, fields in secrets.items() if fields)
    return f"```sh\n{lines}\n```"


def _put(name: str, fields: Iterable[str]) -> str:
    values = json.dumps(dict.fromkeys(fields, "…"), ensure_ascii=False)
    return (
        "aws ssm put-parameter --type SecureString --overwrite"
        f" --name /switchboard/production/{name} --value '{values}'"
    )


def _rooms() -> str:
    """README's list of the folders of code."""
    packages = [
        f"{package}.{module.name}"
        for package in ("chalicelib", "ops")
        for module in pkgutil.iter_modules([str(ROOT / package)])
        if module.ispkg
    ]
    modules = [import_module(name) for name in [*packages, "infra"]]
    names = [f"`{module.__name__.replace('.', '/')}/`" for module in modules]
    return _table(("folder", "what is there"), zip(names, map(_first_sentence, modules), strict=True))


def _decisions() -> str:
    """README's list of the decisions."""
    lines = []
    for path in sorted((ROOT / "docs" / "decisions").glob("*.md")):
        number, _, title = path.read_text().splitlines()[0].removeprefix("# ").partition(" ")
        lines.append(f"- [{number}]({path.relative_to(ROOT)}) {title}")
    return "\n".join(lines)


REGIONS: dict[str, Callable[[], str]] = {
    "channels": _channels,
    "connectors": _connectors,
    "setup of channels": _setup,
    "fields of connectors": _fields,
    "parameters of the example": _parameters,
    "rooms": _rooms,
    "decisions": _decisions,
}
"""What a page may mark, and what makes it."""


def _table(headings: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [headings, tuple("---" for _ in headings), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def _about(declared: Channel | Crm) -> str:
    """The first sentence of the file that declares it."""
    for name in sorted(sys.modules):
        module = sys.modules[name]
        # The registry holds all of them and declares none.
        if name.startswith(("chalicelib.channels.", "chalicelib.crms.")) and any(
            value is declared for value in vars(module).values()
        ):
            return _first_sentence(module)
    raise LookupError(f"no module below chalicelib declares {declared.name}")


def _first_sentence(documented: object) -> str:
    text = inspect.getdoc(documented if inspect.ismodule(documented) else type(documented)) or ""
    sentence = _SENTENCE.match(text)
    if sentence is None:
        raise LookupError(f"the docstring of {documented!r} does not begin with a sentence")
    return " ".join(sentence[1].split())


def _kinds(channel: Channel) -> str:
    """The kinds of event that its captured requests become."""
    shown = {part.get("kind") for case in _cases("channels", channel.name) for part in case["expected"]}
    return ", ".join(kind for kind in Kind if kind in shown)


def _steps(crm: Crm) -> dict[str, None]:
    """The first words of the steps that its cases finish, in the order of the longest case."""
    receipts = [case["outcome"].get("receipt", {}) for case in _cases("crms", crm.name)]
    return {step.split()[0]: None for receipt in sorted(receipts, key=len, reverse=True) for step in receipt}


def _cases(room: str, name: str) -> Iterator[dict[str, Any]]:
    for path in sorted((_FIXTURES / room / name).glob("*.json")):
        yield json.loads(path.read_text())


def main() -> None:
    """Rewrite what README.md and docs/ take from the code, and name the pages that this changed."""
    for path in PAGES:
        _rewrite(path)


def _rewrite(path: Path) -> None:
    name = path.relative_to(ROOT)
    before = path.read_text()
    try:
        after = rewritten(before)
    except Unmarked as fault:
        sys.exit(f"{name}: {fault}")
    if after != before:
        path.write_text(after)
        print(f"{name} is rewritten")


if __name__ == "__main__":
    run("make pages", main)
