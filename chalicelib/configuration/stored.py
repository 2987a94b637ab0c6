"""Reads and packs the configuration that `hub push` stores in one row, each section as deflated JSON.

It uses a plain client, because importing PynamoDB is too slow for the front door.
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

SECTIONS = ("accounts", "people", "routing", "crms")
"""The sections, each an attribute of the row, so that a function reads only those it uses."""

T = TypeVar("T")


def read(
    dynamodb: Any,  # noqa: ANN401 - botocore's clients have no types
    table: str,
    sections: Sequence[str] = SECTIONS,
) -> Mapping[str, bytes]:
    """The sections as they are stored. Raises `Transient`, or `Misconfigured` if nothing was pushed yet."""
    names = {f"#{index}": name for index, name in enumerate(sections)}
    pk, sk = CURRENT
    answer = aws(
        lambda: dynamodb.get_item(
            TableName=table,
            Key={"pk": {"S": pk}, "sk": {"S": sk}},
            ProjectionExpression=", ".join(names),
            ExpressionAttributeNames=names,
        )
    )
    if "Item" not in answer:
        raise Misconfigured("configuration_missing", "nothing was pushed to this stage yet")
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
