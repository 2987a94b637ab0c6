"""The pictures and tables of the documents show what the code declares."""

import inspect
import json
import re

from chalicelib.channels import CHANNELS
from chalicelib.crms import CRMS
from chalicelib.crms.base import Step
from chalicelib.vocabulary import errors
from chalicelib.vocabulary.event import Kind
from tests.channels import shelf
from tests.crms import test_fixtures as crm_fixtures
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


def test_the_channels_in_the_readme_are_the_registry() -> None:
    rows = {row[0].strip("`"): row for row in table(README, "channel")}
    assert list(rows) == list(CHANNELS)
    for name, row in rows.items():
        shown = {
            part["kind"]
            for path in (shelf.FOLDER / name).glob("*.json")
            for part in json.loads(path.read_text())["expected"]
            if "kind" in part
        }
        assert row[3] == ", ".join(kind for kind in Kind if kind in shown)


def test_the_targets_in_the_readme_are_the_registry() -> None:
    rows = {row[0].strip("`"): row for row in table(README, "target")}
    assert list(rows) == list(CRMS)
    for name, row in rows.items():
        shown = {
            step.split()[0]
            for path in (crm_fixtures.FIXTURES / name).glob("*.json")
            for step in json.loads(path.read_text())["outcome"].get("receipt", {})
        }
        assert set(row[2].split(", ")) == shown


def test_what_operators_enter_is_what_the_code_declares() -> None:
    said = " ".join((ROOT / "docs" / "connecting.md").read_text().split())
    for channel in CHANNELS.values():
        secrets = ", ".join(f"`{secret}`" for secret in channel.secrets)
        assert f"{' '.join(channel.setup.split())} Secrets, in" in said
        assert f"`/switchboard/<stage>/accounts/<secret>`: {secrets}." in said
    for field in (field for crm in CRMS.values() for field in crm.fields):
        needed = "yes" if field.required else "no"
        assert re.search(rf"\| `{field.name}` \| [^|]+ \| {needed} \| {re.escape(field.about)} \|", said)


def test_the_errors_in_the_page_are_the_errors() -> None:
    said = {row[0].strip("`") for row in table(ROOT / "docs" / "adding-a-crm.md", "raise")}
    raised = {name for name, kind in vars(errors).items() if inspect.isclass(kind)}
    assert said == raised - {"HubError", "Rejected"}


def test_the_fields_of_a_step_in_the_page_are_its_fields() -> None:
    rows = table(ROOT / "docs" / "adding-a-crm.md", "field")
    said = [name.strip("`") for row in rows for name in row[0].split(", ")]
    assert sorted(said) == sorted(Step.__dataclass_fields__)
