"""Documents lead to one another, and keep the form of their kind."""

import re
from datetime import date

from tests.documents import DOCUMENTS, README, ROOT, every_document, links


@every_document
def test_links_lead_somewhere(path) -> None:
    assert not [target for target in links(path) if not target.exists()]


def test_every_document_is_linked_from_another() -> None:
    linked = {target for path in DOCUMENTS for target in links(path) if target != path}
    alone = {path.resolve() for path in DOCUMENTS if path != README} - linked
    assert not alone, "link it from README.md, under `Read on`"


def test_decisions_are_numbered_dated_and_short() -> None:
    decisions = sorted((ROOT / "docs" / "decisions").glob("*"))
    assert decisions
    numbers = [path.name[:4] for path in decisions]
    assert len(set(numbers)) == len(numbers), "two decisions have one number"
    for number, path in zip(numbers, decisions, strict=True):
        lines = path.read_text().splitlines()
        assert re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", path.name)
        assert re.fullmatch(rf"# {number} [A-Z].+[^.]", lines[0])
        assert date.fromisoformat(lines[2])
        assert len(lines) <= 60


def test_the_changes_name_this_version_first() -> None:
    version = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    first = re.search(r"^## (\S+), (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert version is not None
    assert first is not None
    assert first[1] == version[1]
    assert date.fromisoformat(first[2])
