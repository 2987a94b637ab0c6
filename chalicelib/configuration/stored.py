"""Reads and packs the configuration that `hub push` stores, each section as deflated JSON.

Workers read the row of the whole version. The front door reads a small row with the accounts alone, because
each of its containers looks there for an account that it does not know. A copy of that row lies in the
bucket, for a container that starts while the table is too busy. All this uses plain clients, because
importing PynamoDB is too slow for the front door.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from chalicelib.aws.errors import aws
from chalicelib.vocabulary.errors import Misconfigured

CURRENT = ("CONFIG", "CURRENT")
"""The key of the row with the version in force; all versions lie beside it under their names."""

ACCOUNTS = ("CONFIG", "ACCOUNTS")
"""The key of the row with nothing but the accounts of the version in force."""

COPY = "configuration/accounts"
"""The key in the bucket under which the accounts of the version in force lie once more."""

SECTIONS = ("accounts", "people", "routing", "crms")
"""The sections, each an attribute of the row, so that a function reads only those it uses."""

T = TypeVar("T")


def read(
    dynamodb: Any,  # noqa: ANN401 - botocore's clients have no types
    table: str,
    sections: Sequence[str] = SECTIONS,
) -> Mapping[str, bytes]:
    """The sections as they are stored. Raises `Transient`, or `Misconfigured` if nothing was pushed yet."""
    item = _item(dynamodb, table, CURRENT, sections)
    if item is None:
        raise Misconfigured("configuration_missing", "nothing was pushed to this stage yet")
    return item


def read_accounts(dynamodb: Any, table: str) -> Mapping[str, bytes]:  # noqa: ANN401
    """The accounts as they are stored. Raises `Transient`, or `Misconfigured` if nothing was pushed yet.

    A stage that code without the row of accounts has pushed has them in the row of the version alone.
    """
    item = _item(dynamodb, table, ACCOUNTS, ("accounts",))
    return read(dynamodb, table, ("accounts",)) if item is None else item


def _item(
    dynamodb: Any,  # noqa: ANN401
    table: str,
    key: tuple[str, str],
    sections: Sequence[str],
) -> Mapping[str, bytes] | None:
    names = {f"#{index}": name for index, name in enumerate(sections)}
    pk, sk = key
    answer = aws(
        lambda: dynamodb.get_item(
            TableName=table,
            Key={"pk": {"S": pk}, "sk": {"S": sk}},
            ProjectionExpression=", ".join(names),
            ExpressionAttributeNames=names,
        )
    )
    if "Item" not in answer:
        return None
    return {name: value["B"] for name, value in answer["Item"].items()}


def unpacked(sections: Mapping[str, bytes], name: str, shape: type[T]) -> T:
    """One section. Raises `Misconfigured` if it is missing or cannot be read."""
    try:
        return msgspec.json.decode(zlib.decompress(sections[name]), type=shape)
    except (KeyError, zlib.error, msgspec.DecodeError) as error:
        detail = f"section {name} of the stored configuration cannot be read"
        raise Misconfigured("configuration_unreadable", detail) from error


def packed(value: object) -> bytes:
    """One section as it is stored."""
    return zlib.compress(msgspec.json.encode(value))
