"""The pictures and tables of the documents show what the code declares."""

import inspect
import re

from chalicelib.crms.base import Step
from chalicelib.vocabulary import errors
from ops.hub.exits import Code
from tests.documents import README, ROOT, every_document, fences, prose, table


def test_the_picture_names_what_is_there() -> None:
    [picture] = fences(README, "mermaid")
    named = set(re.findall(r"(?:chalicelib|infra|ops)/[\w/.]+", picture.text))
    assert not [name for name in named if not (ROOT / name).exists()]
    handlers = {
        f"chalicelib/handlers/{name}.py" for name in ["webhooks", "process", "relay", "deliver", "tick"]
    }
    assert handlers <= named


@every_document
def test_paths_in_code_spans_exist(path) -> None:
    """`chalicelib/…` and the like in a sentence: the file, or the folder, is there."""
    named = set(re.findall(r"`((?:chalicelib|infra|ops|tests|docs|requirements)/[\w/.-]+)`", prose(path)))
    examples = {name for name in named if "pigeon" in name or "cabinet" in name}
    assert not [name for name in named - examples if not (ROOT / name).exists()]


def test_the_errors_in_the_page_are_the_errors() -> None:
    said = {row[0].strip("`") for row in table(ROOT / "docs" / "adding-a-crm.md", "raise")}
    raised = {name for name, kind in vars(errors).items() if inspect.isclass(kind)}
    assert said == raised - {"HubError", "Rejected"}


def test_the_fields_of_a_step_in_the_page_are_its_fields() -> None:
    rows = table(ROOT / "docs" / "adding-a-crm.md", "field")
    said = [name.strip("`") for row in rows for name in row[0].split(", ")]
    assert sorted(said) == sorted(Step.__dataclass_fields__)


def test_the_exit_codes_in_the_page_are_the_codes() -> None:
    assert [int(row[0]) for row in table(ROOT / "docs" / "operating.md", "code")] == list(Code)
