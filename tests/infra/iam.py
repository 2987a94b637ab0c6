"""What IAM would say of a call to the table, from the policies as they stand in `infra/policies`.

Neither the local AWS nor moto looks at a policy's conditions, so this does, for the few operators in use.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from ops.environments import ROOT

LEADING = "dynamodb:LeadingKeys"

Statement = Mapping[str, Any]


def statements_of(function: str) -> list[Statement]:
    """The statements of a function's policy that are about DynamoDB."""
    policy = json.loads((ROOT / "infra" / "policies" / f"{function}.json").read_text())
    return [one for one in policy["Statement"] if any(a.startswith("dynamodb:") for a in one["Action"])]


def allowed(statements: Iterable[Statement], action: str, keys: Iterable[str]) -> bool:
    """Whether an action on the items of these partitions is allowed and not denied."""
    fitting = [s for s in statements if action in s["Action"] and _holds(s.get("Condition", {}), list(keys))]
    return {s["Effect"] for s in fitting} == {"Allow"}


def _holds(conditions: Mapping[str, Mapping[str, list[str]]], keys: list[str]) -> bool:
    for operator, wanted in conditions.items():
        quantifier, _, comparison = operator.partition(":")
        assert comparison in ("StringEquals", "StringLike"), operator
        assert quantifier in ("ForAllValues", "ForAnyValue"), operator
        assert set(wanted) == {LEADING}, wanted
        fit = [any(_fits(key, pattern, comparison) for pattern in wanted[LEADING]) for key in keys]
        # Over no keys at all the first holds and the second does not, at AWS as in Python.
        if not (all(fit) if quantifier == "ForAllValues" else any(fit)):
            return False
    return True


def _fits(key: str, pattern: str, comparison: str) -> bool:
    return key == pattern if comparison == "StringEquals" else fnmatchcase(key, pattern)


def asked_for(operation: str, asked: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The actions that one call is judged by, each with a partition it is about.

    A transaction is judged by its parts (DynamoDB's guide, “Using IAM with transactions”).
    """
    if operation == "TransactWriteItems":
        for part in asked["TransactItems"]:
            ((kind, one),) = part.items()
            yield f"dynamodb:{kind}Item", _partition(one)
    elif operation == "BatchGetItem":
        ((_, wanted),) = asked["RequestItems"].items()
        for key in wanted["Keys"]:
            yield "dynamodb:BatchGetItem", key["pk"]["S"]
    elif operation == "Query":
        yield "dynamodb:Query", ""
    else:
        yield f"dynamodb:{operation}", _partition(asked)


def _partition(asked: Mapping[str, Any]) -> str:
    held: str = (asked.get("Key") or asked["Item"])["pk"]["S"]
    return held
