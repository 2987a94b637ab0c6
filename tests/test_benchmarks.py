"""The benchmark counts what it says it counts, and the calls per event are within their budgets.

Times are never asserted; this counts.
"""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from benchmarks import costs, prices
from benchmarks.budgets import CALLS_FULL, CALLS_SINGLE
from benchmarks.counts import Counts
from benchmarks.units import Units, size

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def counted():
    """In a process of its own: the meter watches every client that a process makes."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.counts", "--tiny"],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def loads(counted):
    return {load["load"]: Counts(**load) for load in counted["loads"]}


@pytest.mark.slow
def test_a_single_event_takes_the_calls_that_were_promised(loads):
    for load in ("single, known customer", "single, new customer"):
        assert loads[load].calls_per_event <= CALLS_SINGLE
        assert loads[load].calls["webhooks"] == {"sqs.SendMessageBatch": 1}
        assert loads[load].calls["deliver"] == {"dynamodb.BatchGetItem": 1, "dynamodb.PutItem": 2}
        assert loads[load].polled == 4


@pytest.mark.slow
def test_full_batches_share_their_calls(loads):
    assert loads["full batches, five events each"].calls_per_event <= CALLS_FULL
    one_each = loads["full batches, one event each"]
    assert one_each.calls["webhooks"] == {"sqs.SendMessageBatch": 0.1}
    assert one_each.calls["relay"] == {"sqs.SendMessageBatch": 0.1}
    assert one_each.calls_per_event <= CALLS_FULL


@pytest.mark.slow
def test_a_cold_container_s_calls_are_listed(counted):
    assert Counter(counted["cold"]["webhooks"]) == Counter(
        {"dynamodb.GetItem": 1, "ssm.GetParameter": 1, "sqs.SendMessageBatch": 1}
    )


@pytest.mark.slow
def test_it_has_a_price_in_every_region(loads):
    for load in loads.values():
        for region in prices.REGIONS:
            parts = costs.per_million(load, region)
            assert all(part >= 0 for part in parts.values())
            assert parts["SQS requests"] > 0
    assert all(price.page.startswith("https://aws.amazon.com/") for price in prices.ALL)


def row(pk="P#1", sk="PROFILE", **attributes):
    return {"pk": {"S": pk}, "sk": {"S": sk}, **{name: {"S": value} for name, value in attributes.items()}}


def asked(units, operation, **params):
    before = units.read, units.written, units.indexed
    units.asked(operation, params, {})
    return units.read - before[0], units.written - before[1], units.indexed - before[2]


def test_units_of_writes():
    units = Units()
    assert asked(units, "PutItem", Item=row(body="b" * 900)) == (0, 1, 0)
    assert asked(units, "PutItem", Item=row(body="b" * 1500)) == (0, 2, 0)
    assert asked(units, "PutItem", Item=row()) == (0, 2, 0), "the larger of old and new"
    assert asked(units, "TransactWriteItems", TransactItems=[{"Put": {"Item": row()}}, {"Update": {}}]) == (
        0,
        4,
        0,
    )


def test_units_of_index_entries():
    units = Units()
    assert asked(units, "PutItem", Item=row(due_shard="1", due_at="1"))[2] == 1, "comes"
    assert asked(units, "PutItem", Item=row(due_shard="1", due_at="1", body="x"))[2] == 0, "stays"
    assert asked(units, "PutItem", Item=row(due_shard="1", due_at="2"))[2] == 2, "moves"
    assert asked(units, "PutItem", Item=row())[2] == 1, "goes"


def test_units_of_reads():
    units = Units()
    asked(units, "PutItem", Item=row(body="b" * 5000))
    keys = [row(), row(pk="nobody")]
    assert asked(units, "BatchGetItem", RequestItems={"t": {"Keys": keys, "ConsistentRead": True}})[0] == 3
    assert asked(units, "GetItem", Key=row())[0] == 1


def test_size_is_names_and_values():
    assert size({"pk": {"S": "سلام"}, "n": {"N": "-1234"}, "b": {"B": b"123"}, "t": {"BOOL": True}}) == (
        2 + 8 + 1 + 3 + 1 + 3 + 1 + 1
    )
