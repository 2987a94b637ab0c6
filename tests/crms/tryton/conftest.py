"""A hub at a real Tryton."""

from __future__ import annotations

import pytest

from ops.local.tryton.server import Tryton
from tests.crms.tryton.telling import Hub


@pytest.fixture
def hub(tryton: Tryton) -> Hub:
    return Hub(tryton)
