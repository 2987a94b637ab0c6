from collections.abc import Iterator

import pytest

from tests.pipeline.world import World, world


@pytest.fixture
def hub() -> Iterator[World]:
    with world() as fresh:
        yield fresh
