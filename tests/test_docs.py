"""What the documents say is so: commands, tables, pictures, links, examples."""

import inspect
import itertools
import json
import os
import re
import subprocess
import sys
import types
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import botocore.session
import pytest
import typer
from botocore.validate import ParamValidator

from chalicelib.aws.queues import Outgoing
from chalicelib.channels import CHANNELS
from chalicelib.crms import CRMS
from chalicelib.pipeline.receive import receive
from chalicelib.store.packing import from_text, unpack_intake
from chalicelib.vocabulary.event import Kind
from ops.hub.__main__ import app
from ops.stages.load import load_stage
from tests.channels import shelf, test_fixtures, test_security
from tests.crms import playing, test_contract
from tests.crms import test_fixtures as crm_fixtures
from tests.documents import (
    DOCUMENTS,
    README,
    ROOT,
    Fence,
    fences,
    links,
    prose,
    spoken_commands,
    table,
    without_assignments,
)

SHELL = [fence for path in DOCUMENTS for fence in fences(path, "sh")]
EXAMPLE_STAGE = ROOT / "infra" / "stages" / "example"
STAGES = {"production", *(path.name for path in (ROOT / "infra" / "stages").iterdir())}

every_document = pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))


# Commands


@pytest.mark.parametrize("fence", SHELL, ids=str)
def test_every_command_is_one_that_there_is(fence: Fence) -> None:
    assert fence.commands
    for words in fence.commands:
        check(without_assignments(words))


@every_document
def test_commands_in_sentences_are_ones_that_there_are(path) -> None:
    for words in spoken_commands(path):
        if words[0] == "make":
            check(words)
        elif words[1] != "--help":
            command(words[1:])


def check(words: list[str]) -> None:
    """Fail unless the command could be typed here."""
    match words:
        case ["make", *rest]:
            check_make(rest)
        case ["./hub", *rest]:
            check_hub(rest)
        case ["aws", "ssm", "put-parameter", *rest]:
            check_parameter(rest)
        case [".venv/bin/python", "-m", "pytest", *rest]:
            assert not [word for word in rest if word.startswith("tests") and not (ROOT / word).exists()]
        case [".venv/bin/python", "-m", module, *_]:
            assert (ROOT / module.replace(".", "/")).with_suffix(".py").exists()
        case ["cp", "-r", source, _]:
            assert (ROOT / source).exists()
        case _:
            pytest.fail(f"no test knows this command: {' '.join(words)}")


def check_make(words: list[str]) -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    assert {word for word in words if "=" not in word} <= targets
    given = dict(word.split("=") for word in words if "=" in word)
    assert given.keys() <= set(re.findall(r"\$\((?:if \$\()?([A-Z_]+)", makefile))
    assert given.get("STAGE", "local") in STAGES | {"…"}


def command(words: list[str]):
    """The command of the hub that these words name, and what is left of them."""
    found, context = typer.main.get_command(app), None
    while hasattr(found, "commands"):
        context = found.make_context("hub", [], parent=context, resilient_parsing=True)
        assert words, f"{found.name} needs a command"
        assert words[0] in found.commands, f"there is no hub {words[0]}"
        found, words = found.commands[words[0]], words[1:]
    return found, words, context


def check_hub(words: list[str]) -> None:
    if words == ["--help"]:
        return
    found, rest, context = command(words)
    if "--help" not in rest:
        # Parsed and not run: an option that is not there, or a value of another type, is refused here.
        found.make_context(found.name, list(rest), parent=context)


def check_parameter(words: list[str]) -> None:
    model = botocore.session.get_session().get_service_model("ssm").operation_model("PutParameter")
    given: dict[str, object] = {}
    options = iter(words)
    for option in options:
        assert option.startswith("--")
        name = "".join(part.capitalize() for part in option.removeprefix("--").split("-"))
        given[name] = True if name == "Overwrite" else next(options)
    assert model.input_shape is not None
    assert not ParamValidator().validate(given, model.input_shape).has_errors()
    assert given["Type"] == "SecureString"
    root, stage, kind, secret = str(given["Name"]).strip("/").split("/")
    example = load_stage(EXAMPLE_STAGE)
    held = set(json.loads(str(given["Value"])))
    assert (root, stage in STAGES) == ("switchboard", True)
    if kind == "accounts":
        assert secret in {account.secret for account in example.accounts}
        channel = next(account.channel for account in example.accounts if account.secret == secret)
        assert held == set(CHANNELS[channel].secrets)
    else:
        target = next(target for target in example.targets if target.secret == secret)
        assert (kind, held) == (
            "targets",
            {field.name for field in CRMS[target.connector].fields if field.secret},
        )


def test_the_readme_puts_every_secret_of_the_example() -> None:
    put = re.findall(r"--name /switchboard/production/(\S+)", README.read_text())
    example = load_stage(EXAMPLE_STAGE)
    accounts = {f"accounts/{account.secret}" for account in example.accounts}
    assert set(put) == accounts | {f"targets/{target.secret}" for target in example.targets}


@pytest.mark.parametrize("line", ["make nothing", "./hub proff x", "./hub proof x --wait soon", "rm -rf x"])
def test_a_wrong_command_is_seen(line: str) -> None:
    with pytest.raises(BaseException):  # noqa: B017, PT011 - whatever the checks raise
        check(line.split())


# Pictures, tables, links


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


def test_each_promise_of_the_readme_is_tried_where_it_says() -> None:
    for promise, tried in table(README, "promise"):
        assert promise
        assert re.findall(r"`(tests/\w+/?[\w/]*\.py)`", tried)


def test_what_operators_enter_is_what_the_code_declares() -> None:
    said = " ".join((ROOT / "docs" / "connecting.md").read_text().split())
    for channel in CHANNELS.values():
        secrets = ", ".join(f"`{secret}`" for secret in channel.secrets)
        assert f"{' '.join(channel.setup.split())} Secrets, in" in said
        assert f"`/switchboard/<stage>/accounts/<secret>`: {secrets}." in said
    for field in (field for crm in CRMS.values() for field in crm.fields):
        needed = "yes" if field.required else "no"
        assert re.search(rf"\| `{field.name}` \| [^|]+ \| {needed} \| {re.escape(field.about)} \|", said)


@every_document
def test_links_lead_somewhere(path) -> None:
    assert not [target for target in links(path) if not target.exists()]


def test_every_document_is_linked_from_another() -> None:
    linked = {target for path in DOCUMENTS for target in links(path) if target != path}
    alone = {path.resolve() for path in DOCUMENTS if path != README} - linked
    assert not alone, "link it from README.md, under `Read on`"


def test_decisions_are_numbered_dated_and_short() -> None:
    decisions = sorted((ROOT / "docs" / "decisions").glob("*"))
    for number, path in enumerate(decisions, start=1):
        lines = path.read_text().splitlines()
        assert re.fullmatch(rf"{number:04d}-[a-z0-9-]+\.md", path.name)
        assert re.fullmatch(rf"# {number:04d} [A-Z].+[^.]", lines[0])
        assert date.fromisoformat(lines[2])
        assert len(lines) <= 60


def test_the_changes_name_this_version_first() -> None:
    version = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    first = re.search(r"^## (\S+), (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert version is not None
    assert first is not None
    assert first[1] == version[1]
    assert date.fromisoformat(first[2])


# The example channel


def example(name: str, language: str) -> str:
    """The first block in that language of a page."""
    return next(fences(ROOT / "docs" / name, language)).text


def loaded(source: str, name: str) -> types.ModuleType:
    module = types.ModuleType(name)
    sys.modules[name] = module  # msgspec resolves the annotations of its types there
    exec(compile(source, f"{name}.py", "exec"), module.__dict__)  # noqa: S102 - our own document
    return module


PIGEON = loaded(example("adding-a-channel.md", "python"), "pigeon").PIGEON
CABINET = loaded(example("adding-a-crm.md", "python"), "cabinet").CABINET


@dataclass(frozen=True)
class Example(shelf.Fixture):
    """The request of the page, where the tests of the channels expect one of the shelf."""

    channel = PIGEON
    content, usual = (
        json.loads(fence.text) for fence in fences(ROOT / "docs" / "adding-a-channel.md", "json")
    )


FIXTURE = Example(ROOT / "docs" / "adding-a-channel.md")


def cases(module: types.ModuleType) -> Iterator[tuple[str, object, dict[str, object]]]:
    """Every test of the module that takes a fixture of the shelf, with each value of what else it takes."""
    for name, test in inspect.getmembers(module, inspect.isfunction):
        if not name.startswith("test_") or "fixture" not in inspect.signature(test).parameters:
            continue
        marks = [m.args for m in getattr(test, "pytestmark", []) if m.args[0] != "fixture"]
        for values in itertools.product(*(values for _, values in marks)):
            yield name, test, dict(zip((names for names, _ in marks), values, strict=True))


CHANNEL_CASES = [case for module in (test_security, test_fixtures) for case in cases(module)]


@pytest.mark.parametrize(
    ("name", "test", "arguments"), CHANNEL_CASES, ids=lambda value: value if isinstance(value, str) else ""
)
def test_the_example_channel_stands_the_tests_of_channels(name, test, arguments, monkeypatch) -> None:
    monkeypatch.delenv("UPDATE_GOLDEN", raising=False)
    test(fixture=FIXTURE, **arguments)


def test_the_example_channel_is_tried_by_all_of_them() -> None:
    assert {name for name, _, _ in CHANNEL_CASES} >= {
        "test_unsigned",
        "test_empty_secret",
        "test_it_becomes_the_events_it_states",
    }
    assert len(CHANNEL_CASES) > 20


def test_the_example_channel_is_served_by_the_front_door(monkeypatch) -> None:
    monkeypatch.setitem(CHANNELS, "pigeon", PIGEON)
    stored: dict[str, bytes] = {}
    counts = []

    class Register:
        public_url = "https://hub.example.org"
        account = staticmethod(lambda channel, name: FIXTURE.account if name == "loft" else None)
        current = refresh = lambda self: self

    sent: list[Outgoing] = []

    def send(messages):
        sent.extend(messages)
        return []

    answer = receive(
        FIXTURE.request,
        "pigeon",
        "loft",
        register=Register(),
        secrets=lambda name: FIXTURE.secrets,
        send=send,
        store=stored.__setitem__,
        count=lambda name, *_, **__: counts.append(name),
    )
    assert answer.status == 200
    assert [event.id for one in sent for event in unpack_intake(from_text(one.body)).events] == ["L-1"]
    assert len(stored) == 1
    assert {"ignored", "quarantined", "received"} <= set(counts)


# The example connector


@pytest.fixture
def cabinet(tmp_path, monkeypatch):
    """The case of the page, where the tests of the connectors expect one of theirs."""
    monkeypatch.setitem(CRMS, "cabinet", CABINET)
    monkeypatch.setitem(playing.CREDENTIALS, "cabinet", {"api_key": ("kEy0fThEcAbInEt",)})
    path = tmp_path / "cabinet" / "first-message.json"
    path.parent.mkdir()
    path.write_text(example("adding-a-crm.md", "json"))
    return path


def test_the_example_connector_does_what_its_case_states(cabinet) -> None:
    case = json.loads(cabinet.read_text())
    requests, outcome = crm_fixtures.acted(case, "cabinet")
    assert outcome == case["outcome"]
    assert [(each["step"], each["method"]) for each in requests] == [("person", "POST"), ("note", "POST")]


@pytest.mark.parametrize("place", [0, 1])
def test_the_example_connector_stands_the_tests_of_connectors(cabinet, place) -> None:
    for fault in test_contract.FAULTS:
        test_contract.test_a_fault_is_told_by_its_class_and_tells_nothing_else(cabinet, place, fault)
    for lie in test_contract.LIES:
        test_contract.test_a_200_that_is_none_is_in_doubt_where_records_are_kept(cabinet, place, lie)
    test_contract.test_asking_again_is_asking_the_same(cabinet)
    test_contract.test_a_finished_step_is_not_run_again(cabinet)
    for test in (
        test_contract.test_the_probe_writes_nothing_and_shows_no_secret,
        test_contract.test_what_an_operator_fills_in_is_declared,
        test_contract.test_an_empty_secret_sends_nothing,
    ):
        test(CABINET)


@pytest.mark.parametrize(("page", "name"), [("adding-a-channel.md", "channels"), ("adding-a-crm.md", "crms")])
def test_the_examples_are_in_the_one_format(page, name) -> None:
    ruff = [sys.executable, "-m", "ruff"]
    place = f"--stdin-filename=chalicelib/{name}/example.py"
    for arguments in (["format", "--check"], ["check", "--no-cache"]):
        done = subprocess.run(
            [*ruff, *arguments, place, "-"],
            input=example(page, "python"),
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("page", ["adding-a-channel.md", "adding-a-crm.md"])
def test_the_examples_are_typed(page, tmp_path) -> None:
    file = tmp_path / "example.py"
    file.write_text(example(page, "python"))
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--cache-dir",
        str(tmp_path / "cache"),
        "--config-file",
        "pyproject.toml",
        str(file),
    ]
    done = subprocess.run(command, cwd=ROOT, env=os.environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_errors_in_the_page_are_the_errors() -> None:
    from chalicelib.vocabulary import errors

    said = {row[0].strip("`") for row in table(ROOT / "docs" / "adding-a-crm.md", "raise")}
    raised = {name for name, kind in vars(errors).items() if inspect.isclass(kind)}
    assert said == raised - {"HubError", "Rejected"}


def test_the_fields_of_a_step_in_the_page_are_its_fields() -> None:
    from chalicelib.crms.base import Step

    rows = table(ROOT / "docs" / "adding-a-crm.md", "field")
    said = [name.strip("`") for row in rows for name in row[0].split(", ")]
    assert sorted(said) == sorted(Step.__dataclass_fields__)
