"""A text of megabytes costs no more than one of a few pages."""

from typing import Any

import pytest

from chalicelib.language import persian
from chalicelib.vocabulary.event import LONGEST_TEXT
from tests.pipeline.world import World, message


def test_nothing_but_the_bucket_sees_a_text_whole(hub: World, monkeypatch: pytest.MonkeyPatch) -> None:
    lengths: list[int] = []

    def measured(real: Any) -> Any:
        def measure(text: str, *more: Any, **options: Any) -> Any:
            lengths.append(len(text))
            return real(text, *more, **options)

        return measure

    for name in ("words", "language", "match_key"):
        monkeypatch.setattr(persian, name, measured(getattr(persian, name)))
    for text in ("salam " * 700_000, "سلام " * 800_000):
        hub.absorb(message(text[0], text=text))
    assert lengths
    assert max(lengths) <= LONGEST_TEXT
