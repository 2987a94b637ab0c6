"""Imports point down: the ranks of the design, one case per file, and proof that a breach is seen."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = "chalicelib"

TOP, HANDLERS, RUNTIME, PIPELINE, FEATURES, SHELVES, VOCABULARY = 6, 5, 4, 3, 2, 1, 0

RANKS = {
    "handlers": HANDLERS,
    "runtime": RUNTIME,
    "pipeline": PIPELINE,
    "channels": FEATURES,
    "profiles": FEATURES,
    "routing": FEATURES,
    "crms": FEATURES,
    "channels.reading": SHELVES,
    "channels.signatures": SHELVES,
    "crms.http": SHELVES,
    "crms.wording": SHELVES,
    "aws": SHELVES,
    "configuration": SHELVES,
    "language": SHELVES,
    "store": SHELVES,
    "telemetry": SHELVES,
    "vocabulary": VOCABULARY,
}
"""Every room, and the two modules that need none. A room inside a room has a rank of its own."""

SHELVES_OF = ("channels.", "crms.")
NEVER_SHIPPED = {"app", "ops", "tests", "benchmarks", "infra"}
CLIENT_MAKERS = {"create_client", "client", "resource", "Session", "get_session"}
SDKS = {"boto3", "botocore"}

SOURCES = sorted((ROOT / PACKAGE).rglob("*.py"))


def room_of(dotted: tuple[str, ...]) -> str:
    """The innermost listed room that a module below `chalicelib` is in."""
    for depth in range(len(dotted), 0, -1):
        if ".".join(dotted[:depth]) in RANKS:
            return ".".join(dotted[:depth])
    return dotted[0]


def imported(tree: ast.AST, package: tuple[str, ...]) -> Iterator[str]:
    """Dotted names that the file imports, wherever in it the import stands, relative ones made absolute."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and called(node) in {"import_module", "__import__"}:
            yield from (
                argument.value
                for argument in node.args
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
            )


def called(node: ast.Call) -> str:
    return getattr(node.func, "attr", getattr(node.func, "id", ""))


def builds_client(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or called(node) not in CLIENT_MAKERS:
            continue
        owner = getattr(node.func, "value", None)
        if called(node) == "create_client" or (
            isinstance(owner, ast.Name) and owner.id in SDKS | {"session"}
        ):
            yield ast.unparse(node.func)


def faults(path: Path, source: str) -> list[str]:
    """Everything in one source that the layers forbid; `path` is relative to the project."""
    parts = path.with_suffix("").parts
    room = room_of(parts[1:]) if len(parts) > 1 else ""
    rank = RANKS.get(room, TOP)
    tree = ast.parse(source)
    found = []
    for name in imported(tree, parts[:-1]):
        top, *below = name.split(".")
        if top in NEVER_SHIPPED:
            found.append(f"imports {name}, which never ships")
        elif top == "chalice" and rank < HANDLERS:
            found.append(f"imports {name}: only handlers know Chalice")
        elif top == PACKAGE and below:
            other = room_of(tuple(below))
            if RANKS.get(other, SHELVES) > rank:
                found.append(f"imports {name}, which is above it")
            elif RANKS.get(other) == FEATURES and rank == FEATURES and other != room:
                found.append(f"imports {name}, its sibling")
            elif other.startswith(SHELVES_OF) and other.split(".")[0] != parts[1] and rank == FEATURES:
                found.append(f"imports {name}, its sibling's shelf")
        elif rank == VOCABULARY and top != PACKAGE and top not in sys.stdlib_module_names:
            found.append(f"imports {name}: the vocabulary is standard library only")
    if path.with_suffix("").parts[1:] != ("aws", "clients"):
        found += [f"calls {maker}: only aws/clients builds clients" for maker in builds_client(tree)]
    if rank < RUNTIME:
        made = [name for name in imported(tree, parts[:-1]) if name == "chalicelib.aws.clients.Clients"]
        found += [f"imports {name}: only runtime builds clients" for name in made]
    return found


def test_every_module_has_a_room():
    loose = {path.stem for path in (ROOT / PACKAGE).glob("*.py")} - {"__init__"}
    rooms = {path.parent.name for path in (ROOT / PACKAGE).glob("*/__init__.py")}
    assert loose | rooms == {room for room in RANKS if "." not in room}


@pytest.mark.parametrize("path", [path.relative_to(ROOT) for path in SOURCES], ids=str)
def test_imports_point_down(path):
    assert faults(path, (ROOT / path).read_text()) == []


@pytest.mark.parametrize(
    ("path", "source", "fault"),
    [
        ("channels/line.py", "from chalicelib.crms import tryton", "its sibling"),
        ("channels/line.py", "from ..crms.tryton import TRYTON", "its sibling"),
        ("channels/line.py", "def parse():\n    import chalicelib.crms.tryton.connector", "its sibling"),
        ("channels/line.py", "from chalicelib import pipeline", "above it"),
        ("channels/line.py", "import importlib\nimportlib.import_module('chalicelib.runtime')", "above it"),
        ("channels/reading/times.py", "from chalicelib.channels.base import Channel", "above it"),
        ("crms/http/send.py", "from chalicelib.crms.base import Crm", "above it"),
        ("crms/line.py", "from chalicelib.channels.reading import times", "its sibling's shelf"),
        ("store/table.py", "from chalicelib.profiles import facts", "above it"),
        ("vocabulary/event.py", "import msgspec", "standard library only"),
        ("vocabulary/event.py", "from chalicelib.language import persian", "above it"),
        ("pipeline/receive.py", "from chalice.app import Response", "only handlers know Chalice"),
        ("pipeline/receive.py", "from chalicelib.runtime.front import front", "above it"),
        ("profiles/store.py", "import boto3\nboto3.client('sqs')", "only aws/clients builds clients"),
        ("handlers/tick.py", "session.create_client('sqs')", "only aws/clients builds clients"),
        (
            "pipeline/clock/tick.py",
            "from chalicelib.aws.clients import Clients",
            "only runtime builds clients",
        ),
        ("runtime/front.py", "from ops import stage", "never ships"),
        ("runtime/front.py", "from chalicelib.handlers import tick", "above it"),
    ],
)
def test_a_breach_is_seen(path, source, fault):
    found = faults(Path(PACKAGE) / path, source)
    assert len(found) == 1, found
    assert fault in found[0]


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("channels/line.py", "from chalicelib.channels.base import Channel\nfrom .base import Channel"),
        (
            "channels/line.py",
            "from chalicelib.channels import signatures\nfrom chalicelib.vocabulary import event",
        ),
        ("crms/http/send.py", "from http import HTTPStatus\nimport urllib3"),
        ("aws/clients.py", "import botocore.session\nbotocore.session.get_session().create_client('sqs')"),
        ("handlers/tick.py", "from chalice.app import Blueprint\nfrom chalicelib.runtime.front import front"),
    ],
)
def test_what_is_allowed_passes(path, source):
    assert faults(Path(PACKAGE) / path, source) == []
