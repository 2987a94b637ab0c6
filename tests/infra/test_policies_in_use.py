"""The policies on the table, held against what the functions really ask of it in simulated worlds."""

from collections import defaultdict

import pytest

from tests.infra.iam import allowed, asked_for, statements_of
from tests.simulation.aws import Aws
from tests.simulation.hub import simulation

FUNCTIONS = ("webhooks", "process", "relay", "deliver", "tick")
WRITES = ("dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem")
each_function = pytest.mark.parametrize("function", FUNCTIONS)

SEEDS = range(8_200_000, 8_200_012)


@pytest.fixture(scope="module")
def used():
    """Per function, the actions and the partitions they were about, of a dozen worlds."""
    seen: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
    call = Aws.call

    def watched(self, service, operation, asked):
        invocation = self.lambdas.invocation()
        if service == "dynamodb" and invocation is not None:
            seen[invocation.function] |= set(asked_for(operation, asked))
        return call(self, service, operation, asked)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Aws, "call", watched)
        for seed in SEEDS:
            world = simulation(seed)
            with world.installed():
                world.run()
    return seen


@each_function
@pytest.mark.parametrize("partition", ["CONFIG", "CONFIGURATION"])
@pytest.mark.parametrize("action", WRITES)
def test_no_function_may_write_configuration(function, partition, action):
    denials = [one for one in statements_of(function) if one["Effect"] == "Deny"]
    everything = {"Effect": "Allow", "Action": [action]}
    assert not allowed([everything, *denials], action, [partition])
    assert not allowed([everything, *denials], action, ["P#1", partition])
    assert not allowed(statements_of(function), action, [partition])


@each_function
@pytest.mark.parametrize("partition", ["", "Z#new", "X", "E", "config"])
@pytest.mark.parametrize("action", WRITES)
def test_no_function_may_write_what_it_does_not_know(function, partition, action):
    assert not allowed(statements_of(function), action, [partition])


def test_a_function_may_do_whatever_it_does(used):
    refused = {
        (function, action, partition)
        for function, calls in used.items()
        for action, partition in calls
        if not allowed(statements_of(function), action, [partition])
    }
    assert refused == set()


@pytest.mark.parametrize("function", ["process", "deliver"])
def test_a_function_may_write_no_rows_that_it_never_writes(used, function):
    written = {partition[:2] for action, partition in used[function] if action in WRITES}
    patterns = {
        pattern.removesuffix("*")
        for one in statements_of(function)
        if one["Effect"] == "Allow" and set(WRITES) & set(one["Action"])
        for pattern in one["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
    }
    assert patterns == written
