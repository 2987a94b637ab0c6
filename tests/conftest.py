"""What every test stands on: no credentials but fictions, no sockets but loopback."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

os.environ.update(
    AWS_ACCESS_KEY_ID="testing",
    AWS_SECRET_ACCESS_KEY="testing",
    AWS_DEFAULT_REGION="eu-central-1",
    AWS_ACCOUNT_ID_ENDPOINT_MODE="disabled",
    POWERTOOLS_METRICS_NAMESPACE="Switchboard",
)

# How long an example takes is measured in `benchmarks/`, not here.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


@pytest.fixture(scope="module", autouse=True)
def _the_environment_is_left_as_it_was() -> Iterator[None]:
    """A local hub makes its AWS the whole process's, so that no client reaches for another."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)
