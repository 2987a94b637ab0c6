"""What README and docs/ take from the code is what `make pages` makes of it today."""

import re
import sys
from pathlib import Path

import pytest

from chalicelib.channels import MODULES
from chalicelib.crms import CRMS
from ops import pages
from tests.docs.examples import example, loaded
from tests.documents import DOCUMENTS, README, ROOT

CONNECTING = ROOT / "docs" / "connecting.md"


@pytest.mark.parametrize("path", pages.PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_generated_parts_are_those_of_today(path: Path) -> None:
    page = path.read_text()
    assert pages.rewritten(page) == page, "run `make pages`, look at the difference, and commit it"


def test_every_document_is_a_page() -> None:
    assert {*DOCUMENTS} - {*pages.PAGES} == {ROOT / "CHANGELOG.md"}


def test_every_region_stands_in_a_page() -> None:
    used = re.findall(r"<!-- generated: ([a-z ]+) -->", "".join(path.read_text() for path in pages.PAGES))
    assert sorted(used) == sorted(pages.REGIONS)


@pytest.mark.parametrize(
    ("page", "registry", "name", "entered"),
    [
        ("adding-a-channel.md", MODULES, "pigeon", "In the loft's settings, enter {url} under Webhooks."),
        ("adding-a-crm.md", CRMS, "cabinet", "a key with the right to write people and notes"),
    ],
)
def test_a_new_one_appears_in_both_pages(page, registry, name, entered, monkeypatch) -> None:
    room = "channels" if registry is MODULES else "crms"
    module = loaded(example(page, "python"), name)
    monkeypatch.setitem(sys.modules, f"chalicelib.{room}.{name}", module)
    monkeypatch.setitem(registry, name, name if registry is MODULES else getattr(module, name.upper()))
    about = (module.__doc__ or "").partition(".")[0]
    assert f"| `{name}` | {about}" in pages.rewritten(README.read_text())
    connecting = pages.rewritten(CONNECTING.read_text())
    assert f"### `{name}`\n\n{about}" in connecting
    assert entered in connecting


def test_a_page_keeps_what_is_not_marked() -> None:
    page = "before\n<!-- generated: decisions -->\nOUTDATED\n<!-- end -->\nafter\n"
    made = pages.rewritten(page)
    assert made.startswith("before\n<!-- generated: decisions -->\n\n- [0001](")
    assert made.endswith("\n\n<!-- end -->\nafter\n")
    assert "OUTDATED" not in made
    assert pages.rewritten(made) == made


@pytest.mark.parametrize(
    "page",
    [
        "<!-- generated: decisions -->\n",
        "<!-- end -->\n",
        "<!-- generated: decisions -->\n<!-- generated: rooms -->\n<!-- end -->\n",
        "<!-- generated: nothing known -->\n<!-- end -->\n",
    ],
)
def test_markers_that_do_not_fit_are_refused(page: str) -> None:
    with pytest.raises(pages.Unmarked):
        pages.rewritten(page)


def test_the_command_names_the_page_that_it_rewrote(tmp_path, monkeypatch, capsys) -> None:
    page = tmp_path / "page.md"
    page.write_text("<!-- generated: decisions -->\n<!-- end -->\n")
    monkeypatch.setattr(pages, "ROOT", tmp_path)
    monkeypatch.setattr(pages, "PAGES", (page,))
    pages.main()
    assert capsys.readouterr().out == "page.md is rewritten\n"
    pages.main()
    assert capsys.readouterr().out == ""
