"""The project's documents as the tests read them: fenced blocks, commands, tables and links."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
DOCUMENTS = [README, ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]

every_document = pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))

_FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")
_CODE = re.compile(r"`([^`\n]+)`")
_ASSIGNMENT = re.compile(r"[A-Z_]+=")


@dataclass(frozen=True)
class Fence:
    """A fenced block. words: the language and what follows it, such as `sh local`."""

    path: Path
    line: int
    words: tuple[str, ...]
    text: str

    @property
    def language(self):
        return self.words[0] if self.words else ""

    @property
    def commands(self):
        """Its shell commands, without comments, continued lines joined."""
        lines = self.text.replace("\\\n", " ").splitlines()
        return [words for line in lines if (words := shlex.split(line, comments=True))]

    def __str__(self):
        return f"{self.path.relative_to(ROOT)}:{self.line}"


def fences(path: Path, language: str = "") -> Iterator[Fence]:
    text = path.read_text()
    for found in _FENCE.finditer(text):
        words = tuple(found["info"].split())
        if not language or words[:1] == (language,):
            yield Fence(path, text.count("\n", 0, found.start()) + 1, words, found["text"])


def prose(path: Path) -> str:
    """The document without its fenced blocks."""
    return _FENCE.sub("", path.read_text())


def spoken_commands(path: Path) -> Iterator[list[str]]:
    """Commands named in a sentence: `make …`, `./hub …` and `hub …`."""
    for span in _CODE.findall(prose(path)):
        if re.match(r"(make|hub|\./hub) [a-z-]", span):
            yield span.split()


def links(path: Path) -> Iterator[Path]:
    """Files of this project that the document links to."""
    for target in _LINK.findall(prose(path)):
        if not re.match(r"[a-z]+:", target):
            yield (path.parent / target).resolve()


def table(path: Path, heading: str) -> list[list[str]]:
    """The rows of the table whose first heading is that word."""
    lines = prose(path).splitlines()
    start = next(index for index, line in enumerate(lines) if line.startswith(f"| {heading} |"))
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split(" | ")])
    return rows


def without_assignments(words: list[str]) -> list[str]:
    """A command without the `NAME=value` before it."""
    while words and _ASSIGNMENT.match(words[0]):
        words = words[1:]
    return words
