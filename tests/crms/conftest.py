"""A real CRM for the tests that ask for one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ops.local.tryton.server import Tryton


@pytest.fixture(scope="session")
def tryton(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tryton]:
    """One Tryton for all; its tests keep apart by using profiles of their own."""
    with Tryton(tmp_path_factory.mktemp("tryton")) as server:
        yield server
