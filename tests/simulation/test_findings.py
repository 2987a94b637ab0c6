"""What the simulator found, each case by itself and without luck."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError
from pynamodb.connection import Connection

from chalicelib.pipeline import retry
from chalicelib.pipeline.delivery_ledger import Books
from chalicelib.store.rows import LedgerRow
from chalicelib.store.table import Table
from chalicelib.vocabulary.delivery import ANY_STEP
from chalicelib.vocabulary.errors import Transient, Unknown
from tests.pipeline.world import START, message, world


@pytest.mark.parametrize("error", [ConnectionClosedError, ReadTimeoutError])
def test_a_broken_connection_to_the_table_is_transient(monkeypatch, error):
    def broken(operation, asked):
        raise error(endpoint_url="https://dynamodb.example.org")

    monkeypatch.setattr(Connection, "client", property(lambda _: SimpleNamespace(_make_api_call=broken)))
    table = Table("hub", "eu-central-1")
    row = LedgerRow("E#1", "D#crm", state="sending", target="crm", profile="p1", version=1, body="{}")
    for call in (
        lambda: table.put(row),
        lambda: table.get(LedgerRow, row.key),
        lambda: table.read([row.key]),
    ):
        with pytest.raises(Transient):
            call()


def test_a_hundred_receives_outlast_an_outage_of_hours():
    most = retry.LONGEST_AT_THE_EVENTS
    seconds = [retry.again(received, 0, most=most) for received in range(1, 101)]
    assert seconds[0] < 5
    assert sum(seconds) > 1.5 * 3600


@pytest.fixture
def attempt() -> Iterator[Callable[[], Books]]:
    """Another worker at one delivery: each begins with what the one before it wrote."""
    with world() as hub:
        [absorbed] = hub.absorb(message())
        earlier: list[Books] = []

        def attempt() -> Books:
            hub.later(minutes=10)
            held = Books(table=hub.table, absorbed=absorbed, target="crm", now=lambda: hub.now)
            held.begin(earlier[-1].ledger if earlier else None, settle=0)
            earlier.append(held)
            return held

        yield attempt


def test_after_a_sudden_death_any_unfinished_step_stays_in_doubt(attempt):
    attempt()
    held = attempt()
    held.finished("mechanism", "7")
    held.flush()
    assert held.doubted("note")
    held.done()
    assert not held.ledger.doubtful


def test_the_doubt_of_one_step_outlives_the_steps_before_it(attempt):
    first = attempt()
    first.doubt("note")
    first.wait(Unknown("no_answer"), attempts=1, until=START)
    held = attempt()
    assert held.doubted("note")
    assert not held.doubted("mechanism")
    held.trust("mechanism")
    assert held.doubted("note")
    held.doubt("mechanism")
    assert held.ledger.doubtful == ANY_STEP
